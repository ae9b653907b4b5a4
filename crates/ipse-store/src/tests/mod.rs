//! Tests of the store as its callers see it. Each runs on every database at hand: see [`on_every_database`].

mod support;

mod identities;

pub(crate) use support::*;
