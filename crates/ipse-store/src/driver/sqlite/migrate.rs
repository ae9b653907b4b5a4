//! Brings the tables of a SQLite database up to date.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, TransactionBehavior};

use super::connection::unavailable;
use crate::StoreError;
use crate::migrate::{Standing, pending};
use crate::migration_plan::Inspection;

const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS schema_migrations (
        version INTEGER NOT NULL PRIMARY KEY,
        name TEXT NOT NULL,
        usable_from INTEGER,
        applied_at INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000000 AS INTEGER))
    ) STRICT";

/// Makes or changes the tables; without `migrate`, only checks that there is nothing to do.
pub(super) fn run(connection: &mut Connection, migrate: bool) -> Result<(), StoreError> {
    let failed = |error: rusqlite::Error| unavailable(&error);
    let steps = pending(standing(connection).map_err(failed)?)?;
    if steps.is_empty() {
        return Ok(());
    }
    if !migrate {
        return Err(StoreError::NotMigrated {
            pending: steps.len(),
        });
    }
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    transaction.execute_batch(TABLE).map_err(failed)?;
    // Read again under the lock: another process may have been faster.
    for step in pending(standing(&transaction).map_err(failed)?)? {
        transaction.execute_batch(step.sqlite).map_err(failed)?;
        let sql = "INSERT INTO schema_migrations (version, name, usable_from) VALUES (?1, ?2, ?3)";
        transaction
            .execute(sql, (step.version, step.name, step.usable_from))
            .map_err(failed)?;
        tracing::info!(
            version = step.version,
            name = step.name,
            "migrated the database"
        );
    }
    transaction.commit().map_err(failed)?;
    // Making tables takes memory that nothing needs afterwards.
    connection
        .execute_batch("PRAGMA shrink_memory")
        .map_err(failed)
}

/// Looks at a database without changing it.
pub(super) fn inspect(
    connection: &Connection,
    tables: &BTreeSet<String>,
) -> rusqlite::Result<Inspection> {
    let mut rows = BTreeMap::new();
    for table in tables {
        if connection.table_exists(None, table.as_str())? {
            // The names come from the migrations.
            let count = format!("SELECT count(*) FROM {table}");
            let count: i64 = connection.query_row(&count, (), |row| row.get(0))?;
            rows.insert(table.clone(), u64::try_from(count).unwrap_or(0));
        }
    }
    let standing = standing(connection)?;
    Ok(Inspection { standing, rows })
}

fn standing(connection: &Connection) -> rusqlite::Result<Standing> {
    if !connection.table_exists(None, "schema_migrations")? {
        return Ok(Standing::default());
    }
    connection.query_row(Standing::SQL, (), |row| {
        Ok(Standing {
            version: row.get(0)?,
            usable_from: row.get(1)?,
        })
    })
}
