//! Tests against a provider in memory.

mod flow;
mod id_token;
mod support;
mod vendors;
