#![doc = include_str!("../README.md")]

mod client;
mod flow;
mod identity;
mod nowhere;
mod reply;
mod server;

pub use client::{Client, Kind};
pub use flow::Flow;
pub use identity::{IdentityBuilder, Person};
pub use reply::Reply;
pub use server::{Builder, TestServer, inline};
