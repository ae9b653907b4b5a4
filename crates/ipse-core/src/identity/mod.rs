//! Identities: making them, keeping everything about them in line with their traits, showing them, and administering them.

pub mod admin;
mod create;
pub(crate) mod page;
pub mod provider_tokens;
mod sync;
#[cfg(test)]
pub(crate) mod tests;
pub mod view;

pub use create::{Draft, create};
pub use page::ListPage;
pub use sync::{Synced, TraitsError, sync};
