//! Brings the tables of a PostgreSQL database up to date.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

use super::connect::settings;
use super::connection::Connection;
use super::{ATTEMPTS, dsql};
use crate::StoreError;
use crate::driver::Dialect;
use crate::migrate::{Migration, Standing, pending};
use crate::migration_plan::Inspection;

/// What nodes that start at the same time lock, so that one of them migrates. ("ipse" in ASCII.)
const LOCK: &str = "SELECT pg_advisory_lock(1768977253)";
const UNLOCK: &str = "SELECT pg_advisory_unlock(1768977253)";

pub(crate) const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS schema_migrations (
        version bigint NOT NULL PRIMARY KEY,
        name text NOT NULL,
        usable_from bigint,
        applied_at timestamptz NOT NULL DEFAULT now()
    )";

/// Makes or changes the tables; without `migrate`, only checks that there is nothing to do.
pub(super) async fn run(
    connection: &mut Connection,
    dialect: Dialect,
    migrate: bool,
) -> Result<(), StoreError> {
    let steps = pending(standing(connection).await?)?;
    if steps.is_empty() {
        return Ok(());
    }
    if !migrate {
        return Err(StoreError::NotMigrated {
            pending: steps.len(),
        });
    }
    if dialect == Dialect::Dsql {
        return apply_one_by_one(connection).await;
    }
    // Waiting for another node that migrates may take longer than a request.
    let patient = "SET lock_timeout = 0; SET statement_timeout = 0";
    connection
        .client
        .batch_execute(patient)
        .await
        .map_err(failed)?;
    let locked = lock(connection).await?;
    let done = apply(connection).await;
    if locked {
        connection
            .client
            .batch_execute(UNLOCK)
            .await
            .map_err(failed)?;
    }
    connection
        .client
        .batch_execute(settings(dialect))
        .await
        .map_err(failed)?;
    done
}

/// Waits for other nodes that migrate. A database that only speaks like PostgreSQL may know no such locks; then the row
/// that each step begins with decides who carries it out.
async fn lock(connection: &Connection) -> Result<bool, StoreError> {
    match connection.client.batch_execute(LOCK).await {
        Ok(()) => Ok(true),
        Err(error) if error.code() == Some(&SqlState::FEATURE_NOT_SUPPORTED) => Ok(false),
        Err(error) => Err(failed(error)),
    }
}

async fn apply(connection: &mut Connection) -> Result<(), StoreError> {
    connection
        .client
        .batch_execute(TABLE)
        .await
        .map_err(failed)?;
    // Read again under the lock: another node may have been faster.
    for step in pending(standing(connection).await?)? {
        if take(connection, step).await.map_err(failed)? {
            let (version, name) = (step.version, step.name);
            tracing::info!(version, name, "migrated the database");
        }
    }
    Ok(())
}

/// Carries steps out where a transaction holds one definition. What a node has begun another may take to its end: every
/// statement can be repeated, and the step counts as done after its last one.
async fn apply_one_by_one(connection: &Connection) -> Result<(), StoreError> {
    for text in dsql::rewritten(TABLE) {
        define(connection, &text).await?;
    }
    for step in pending(standing(connection).await?)? {
        for text in dsql::rewritten(step.postgres) {
            define(connection, &text).await?;
        }
        let sql = "INSERT INTO schema_migrations (version, name, usable_from) VALUES ($1, $2, $3) \
                   ON CONFLICT (version) DO NOTHING";
        let row: [&(dyn ToSql + Sync); 3] = [&step.version, &step.name, &step.usable_from];
        connection.client.execute(sql, &row).await.map_err(failed)?;
        let (version, name) = (step.version, step.name);
        tracing::info!(version, name, "migrated the database");
    }
    Ok(())
}

/// Carries out a definition. Another one that was made at the same time is no reason to give up.
async fn define(connection: &Connection, text: &str) -> Result<(), StoreError> {
    let mut attempt = 1;
    loop {
        match connection.client.batch_execute(text).await {
            Err(error)
                if error.code() == Some(&SqlState::T_R_SERIALIZATION_FAILURE)
                    && attempt < ATTEMPTS =>
            {
                attempt += 1;
            }
            result => return result.map_err(failed),
        }
    }
}

/// Carries a step out as a whole. False if another node was faster.
async fn take(
    connection: &mut Connection,
    step: &Migration,
) -> Result<bool, tokio_postgres::Error> {
    let transaction = connection.client.transaction().await?;
    let sql = "INSERT INTO schema_migrations (version, name, usable_from) VALUES ($1, $2, $3)";
    let row: [&(dyn ToSql + Sync); 3] = [&step.version, &step.name, &step.usable_from];
    match transaction.execute(sql, &row).await {
        Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => return Ok(false),
        inserted => inserted?,
    };
    transaction.batch_execute(step.postgres).await?;
    transaction.commit().await?;
    Ok(true)
}

/// Looks at a database without changing it.
pub(super) async fn inspect(
    connection: &Connection,
    tables: &BTreeSet<String>,
) -> Result<Inspection, StoreError> {
    // Counting a large table may take longer than a request.
    let patient = "SET statement_timeout = 0";
    connection
        .client
        .batch_execute(patient)
        .await
        .map_err(failed)?;
    let mut rows = BTreeMap::new();
    for table in tables {
        let exists = "SELECT to_regclass($1) IS NOT NULL";
        let exists = connection.client.query_one(exists, &[table]).await;
        if exists.and_then(|row| row.try_get(0)).map_err(failed)? {
            // The names come from the migrations.
            let count = format!("SELECT count(*) FROM {table}");
            let count = connection.client.query_one(&count, &[]).await;
            let count: i64 = count.and_then(|row| row.try_get(0)).map_err(failed)?;
            rows.insert(table.clone(), u64::try_from(count).unwrap_or(0));
        }
    }
    let standing = standing(connection).await?;
    Ok(Inspection { standing, rows })
}

async fn standing(connection: &Connection) -> Result<Standing, StoreError> {
    let exists = "SELECT to_regclass('schema_migrations') IS NOT NULL";
    let exists: bool = connection
        .client
        .query_one(exists, &[])
        .await
        .and_then(|row| row.try_get(0))
        .map_err(failed)?;
    if !exists {
        return Ok(Standing::default());
    }
    connection
        .client
        .query_one(Standing::SQL, &[])
        .await
        .and_then(|row| {
            Ok(Standing {
                version: row.try_get(0)?,
                usable_from: row.try_get(1)?,
            })
        })
        .map_err(failed)
}

fn failed(error: tokio_postgres::Error) -> StoreError {
    super::Failure::from(error).into_error()
}
