//! Brings the tables of a database up to date. Migrations only go forward and are part of the program.

use rusqlite::{Connection, TransactionBehavior};

use crate::StoreError;

/// One step: the same number and name in every dialect.
pub(crate) struct Migration {
    pub(crate) version: i64,
    pub(crate) name: &'static str,
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

/// Every step, in the order of their versions.
pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    name: "initial",
    sqlite: include_str!("../migrations/sqlite/0001_initial.sql"),
    postgres: include_str!("../migrations/postgres/0001_initial.sql"),
}];

/// The steps that a database at `version` lacks.
pub(crate) fn pending(version: i64) -> Result<&'static [Migration], StoreError> {
    let supported = MIGRATIONS.last().map_or(0, |migration| migration.version);
    if version > supported {
        return Err(StoreError::TooNew {
            found: version,
            supported,
        });
    }
    let first = MIGRATIONS.partition_point(|migration| migration.version <= version);
    Ok(&MIGRATIONS[first..])
}

/// Brings a SQLite database up to date, or only checks that it is.
pub(crate) fn sqlite(connection: &mut Connection, migrate: bool) -> Result<(), StoreError> {
    let failed = |error: rusqlite::Error| StoreError::Unavailable(format!("migration: {error}"));
    let in_memory = connection.path().is_none_or(str::is_empty);
    let steps = pending(sqlite_version(connection).map_err(failed)?)?;
    if steps.is_empty() {
        return Ok(());
    }
    if !migrate && !in_memory {
        return Err(StoreError::NotMigrated {
            pending: steps.len(),
        });
    }
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    transaction.execute_batch(SQLITE_TABLE).map_err(failed)?;
    // Read again under the lock: another process may have been faster.
    for step in pending(sqlite_version(&transaction).map_err(failed)?)? {
        transaction.execute_batch(step.sqlite).map_err(failed)?;
        transaction
            .execute(
                "INSERT INTO schema_migrations (version, name) VALUES (?1, ?2)",
                (step.version, step.name),
            )
            .map_err(failed)?;
        tracing::info!(
            version = step.version,
            name = step.name,
            "migrated the database"
        );
    }
    transaction.commit().map_err(failed)
}

const SQLITE_TABLE: &str = "
    CREATE TABLE IF NOT EXISTS schema_migrations (
        version INTEGER NOT NULL PRIMARY KEY,
        name TEXT NOT NULL,
        applied_at INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000000 AS INTEGER))
    ) STRICT";

/// The version that the tables are at; 0 when there are none.
fn sqlite_version(connection: &Connection) -> rusqlite::Result<i64> {
    if !connection.table_exists(None, "schema_migrations")? {
        return Ok(0);
    }
    connection.query_row(
        "SELECT coalesce(max(version), 0) FROM schema_migrations",
        (),
        |row| row.get(0),
    )
}
