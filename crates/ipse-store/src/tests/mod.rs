//! Tests of the store as its callers see it. Each runs on every database at hand: see [`on_every_database`].

mod databases;
mod support;

mod courier;
mod durability;
mod flows;
mod identities;
mod migrations;
mod postgres;
mod sessions;

pub(crate) use databases::*;
pub(crate) use support::*;
