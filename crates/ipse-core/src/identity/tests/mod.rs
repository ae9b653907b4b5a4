//! What the tests of identities and sessions work with.

pub(crate) mod fixture;
pub(crate) mod sample;
