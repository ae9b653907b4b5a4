//! Brings the tables of a PostgreSQL database up to date.

use super::connect::SETTINGS;
use super::connection::Connection;
use crate::StoreError;
use crate::migrate::pending;

/// What nodes that start at the same time lock, so that one of them migrates. ("ipse" in ASCII.)
const LOCK: &str = "SELECT pg_advisory_lock(1768977253)";
const UNLOCK: &str = "SELECT pg_advisory_unlock(1768977253)";

const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS schema_migrations (
        version bigint NOT NULL PRIMARY KEY,
        name text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    )";

/// Makes or changes the tables; without `migrate`, only checks that there is nothing to do.
pub(super) async fn run(connection: &mut Connection, migrate: bool) -> Result<(), StoreError> {
    let steps = pending(version(connection).await?)?;
    if steps.is_empty() {
        return Ok(());
    }
    if !migrate {
        return Err(StoreError::NotMigrated {
            pending: steps.len(),
        });
    }
    // Waiting for another node that migrates may take longer than a request.
    let patient = format!("SET lock_timeout = 0; SET statement_timeout = 0; {LOCK}");
    connection
        .client
        .batch_execute(&patient)
        .await
        .map_err(failed)?;
    let done = apply(connection).await;
    let back = format!("{UNLOCK}; {SETTINGS}");
    connection
        .client
        .batch_execute(&back)
        .await
        .map_err(failed)?;
    done
}

async fn apply(connection: &mut Connection) -> Result<(), StoreError> {
    connection
        .client
        .batch_execute(TABLE)
        .await
        .map_err(failed)?;
    // Read again under the lock: another node may have been faster.
    for step in pending(version(connection).await?)? {
        let transaction = connection.client.transaction().await.map_err(failed)?;
        transaction
            .batch_execute(step.postgres)
            .await
            .map_err(failed)?;
        let sql = "INSERT INTO schema_migrations (version, name) VALUES ($1, $2)";
        transaction
            .execute(sql, &[&step.version, &step.name])
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        tracing::info!(
            version = step.version,
            name = step.name,
            "migrated the database"
        );
    }
    Ok(())
}

/// The version that the tables are at; 0 when there are none.
async fn version(connection: &Connection) -> Result<i64, StoreError> {
    let exists = "SELECT to_regclass('schema_migrations') IS NOT NULL";
    let exists: bool = connection
        .client
        .query_one(exists, &[])
        .await
        .and_then(|row| row.try_get(0))
        .map_err(failed)?;
    if !exists {
        return Ok(0);
    }
    let sql = "SELECT coalesce(max(version), 0) FROM schema_migrations";
    connection
        .client
        .query_one(sql, &[])
        .await
        .and_then(|row| row.try_get(0))
        .map_err(failed)
}

fn failed(error: tokio_postgres::Error) -> StoreError {
    super::Failure::from(error).into_error()
}
