//! What only shows with real files: a configuration with every key, and files that change.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod everything;
mod reload;
