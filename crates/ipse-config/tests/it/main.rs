//! What only shows with real files: a configuration with every key, and files that change.

mod everything;
mod reload;
