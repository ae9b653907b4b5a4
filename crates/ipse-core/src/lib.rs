#![doc = include_str!("../README.md")]

pub mod app;
pub mod courier;
pub mod csrf;
pub mod cx;
pub mod error;
pub mod flow;
pub mod hook;
pub mod identity;
pub(crate) mod message;
pub mod method;
pub mod metrics;
pub mod oauth2;
pub mod outgoing;
pub mod schema;
pub mod session;

pub use app::{App, Snapshot};
pub use cx::{Accept, Client, Cx, Jar, Presented, Request};
pub use error::{ApiError, Browser};
