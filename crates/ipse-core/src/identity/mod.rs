//! Identities: making them, keeping everything about them in line with their traits, showing them, and administering them.

pub mod admin;
mod create;
#[cfg(test)]
pub(crate) mod fixture;
pub(crate) mod page;
#[cfg(test)]
pub(crate) mod sample;
mod sync;
pub mod view;

pub use create::{Draft, create};
pub use page::ListPage;
pub use sync::{Synced, TraitsError, sync};
