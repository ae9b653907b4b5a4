//! Tests against a provider in memory.

mod answers;
mod flow;
mod id_token;
mod kinds;
mod peculiar;
pub(crate) mod support;
mod vendors;
