#![doc = include_str!("../README.md")]

mod chromium;
mod client;
mod environment;
mod flow;
mod identity;
mod nowhere;
mod oauth2_server;
mod postgres;
mod reply;
mod round_robin;
mod server;
mod site;

pub use chromium::{Authenticator, Authenticators, Chromium, Page};
pub use client::{Client, Kind};
pub use flow::Flow;
pub use identity::{IdentityBuilder, Person};
pub use oauth2_server::{OAuth2Server, Trouble};
pub use postgres::{Cluster, Database, Session};
pub use reply::Reply;
pub use round_robin::round_robin;
pub use server::{Builder, TestServer, inline};
pub use site::Site;
