//! Commands that do one thing and end.

use anyhow::{Context, bail};
use ipse_config::{Sources, load};
use ipse_store::{OpenOptions, Store, StoreError};

use crate::cli::say;

/// Makes the tables, or brings them up to date.
pub(crate) fn migrate(sources: &Sources) -> anyhow::Result<()> {
    let dsn = load(sources)?.config.dsn;
    runtime()?.block_on(async {
        let store = Store::open(&OpenOptions { dsn, migrate: true }).await;
        store
            .context("can't update the database")?
            .close()
            .await
            .context("can't close the database")
    })?;
    say("The database is up to date.")
}

/// Tells whether the tables are up to date.
pub(crate) fn migration_status(sources: &Sources) -> anyhow::Result<()> {
    let dsn = load(sources)?.config.dsn;
    let opened = runtime()?.block_on(Store::open(&OpenOptions {
        dsn,
        migrate: false,
    }));
    match opened {
        Ok(_) => say("The database is up to date."),
        Err(error @ StoreError::NotMigrated { .. }) => bail!("{error}"),
        Err(error) => Err(error).context("can't open the database"),
    }
}

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

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("can't start")
}
