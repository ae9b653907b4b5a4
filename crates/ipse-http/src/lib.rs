#![doc = include_str!("../README.md")]

mod admin;
pub mod cookies;
mod cors;
mod csrf;
mod door;
mod extract;
mod health;
mod metrics;
mod pages;
mod public;
mod redirects;
mod reply;
mod router;
pub mod serve;

pub use door::{Door, Gate, Port};
pub use extract::Peer;
pub use metrics::metrics;
pub use router::{admin, public};
