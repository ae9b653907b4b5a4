//! Commands that do one thing and end.

use ipse_config::{Sources, load};

use crate::cli::say;

/// Tells what is wrong with the configuration.
pub(crate) fn check(sources: &Sources) -> anyhow::Result<()> {
    let loaded = load(sources)?;
    for warning in loaded.warnings {
        say(&format!("{warning}"))?;
    }
    say("The configuration is fine.")
}

/// Prints the JSON Schema of the configuration.
pub(crate) fn print_schema() -> anyhow::Result<()> {
    say(&serde_json::to_string_pretty(&ipse_config::json_schema())?)
}
