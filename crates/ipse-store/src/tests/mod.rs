//! Tests of the store as its callers see it. Each runs on every database at hand: see [`on_every_database`].

mod support;

mod courier;
mod durability;
mod flows;
mod identities;
mod migrations;
mod sessions;

pub(crate) use support::*;
