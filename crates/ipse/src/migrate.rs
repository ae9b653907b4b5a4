//! `ipse migrate`: what the tables lack, what supplying it would do, and doing it.

use anyhow::{Context, bail};
use ipse_config::{Dsn, Sources, load};
use ipse_store::{Migrations, OpenOptions, PlannedChange, PlannedStep, Store};

use crate::cli::say;

const UP_TO_DATE: &str = "The database is up to date.";

/// Brings the tables up to date.
pub(crate) fn run(sources: &Sources) -> anyhow::Result<()> {
    let dsn = load(sources)?.config.dsn;
    let migrate = async {
        let lacked = Store::migrations(&dsn)
            .await
            .context("can't look at the database")?;
        let options = OpenOptions { dsn, migrate: true };
        let store = Store::open(&options)
            .await
            .context("can't update the database")?;
        store.close().await.context("can't close the database")?;
        Ok::<_, anyhow::Error>(lacked.pending)
    };
    for step in runtime()?.block_on(migrate)? {
        say(&format!("{} done", title(&step)))?;
    }
    say(UP_TO_DATE)
}

/// Shows what bringing the tables up to date would do.
pub(crate) fn plan(sources: &Sources) -> anyhow::Result<()> {
    let pending = look(sources)?.pending;
    if pending.is_empty() {
        return say(UP_TO_DATE);
    }
    say(
        "Each step is carried out as a whole or not at all; what it locks stays locked until its end.",
    )?;
    for step in pending {
        say(&format!("\n{}", title(&step)))?;
        for change in &step.changes {
            say(&format!("  {}\n    {}", change.what, effect(change)))?;
        }
    }
    Ok(())
}

/// Tells which steps the tables have taken and which they lack.
pub(crate) fn status(sources: &Sources) -> anyhow::Result<()> {
    let found = look(sources)?;
    for (version, name) in &found.applied {
        say(&format!("{version:04} {name}: done"))?;
    }
    for step in &found.pending {
        say(&format!("{} pending", title(step)))?;
    }
    match found.pending.len() {
        0 => say(UP_TO_DATE),
        lacking => bail!("the database lacks {lacking} migration(s); run `ipse migrate run`"),
    }
}

fn look(sources: &Sources) -> anyhow::Result<Migrations> {
    let dsn: Dsn = load(sources)?.config.dsn;
    let found = runtime()?.block_on(Store::migrations(&dsn));
    found.context("can't look at the database")
}

fn title(step: &PlannedStep) -> String {
    format!("{:04} {}:", step.version, step.name)
}

fn effect(change: &PlannedChange) -> String {
    let locks: Vec<_> = change
        .locks
        .iter()
        .map(|lock| format!("{} ({})", lock.table, lock.mode.meaning()))
        .collect();
    let locks = match locks.is_empty() {
        true => "nothing that others use".to_owned(),
        false => locks.join(", "),
    };
    format!("rows: {}; locks: {locks}", change.rows)
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("can't start")
}

#[cfg(test)]
mod tests {
    use ipse_store::{Lock, LockMode};

    use super::*;

    #[test]
    fn a_change_tells_its_rows_and_whom_it_keeps_waiting() {
        let mut change = PlannedChange {
            what: "CREATE INDEX a ON sessions (aal)".to_owned(),
            rows: 40,
            locks: Vec::new(),
        };
        assert_eq!(effect(&change), "rows: 40; locks: nothing that others use");
        let (table, mode) = ("sessions".to_owned(), LockMode::Writes);
        change.locks.push(Lock { table, mode });
        assert_eq!(
            effect(&change),
            "rows: 40; locks: sessions (others read, nobody else writes meanwhile)"
        );
    }
}
