//! One connection to PostgreSQL, with its prepared statements.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use futures_util::future::{join, join_all, try_join_all};
use futures_util::{TryStreamExt, pin_mut};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::Failure;
use super::connect::Target;
use super::value::values;
use crate::StoreError;
use crate::driver::{Param, Query, Row, Statement, Written};

/// So many statements of a unit are sent before their answers are awaited. `join_all` starts as many in their order.
const AT_ONCE: usize = 30;

/// A connection. Requests may overlap; the server answers them in their order.
pub(super) struct Connection {
    pub(super) client: Client,
    /// Found by the address of their text.
    prepared: Mutex<HashMap<(usize, usize), tokio_postgres::Statement>>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("closed", &self.client.is_closed())
            .finish()
    }
}

impl Connection {
    pub(super) async fn open(target: &Target) -> Result<Self, StoreError> {
        let client = target.connect().await?;
        Ok(Self {
            client,
            prepared: Mutex::default(),
        })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Answers all queries; they are on their way together.
    pub(super) async fn read(&self, queries: &[Query]) -> Result<Vec<Vec<Row>>, Failure> {
        let answers = queries.iter().map(async |query| {
            let (_, rows) = self.run(query.sql, &query.params).await?;
            Ok::<_, tokio_postgres::Error>(rows)
        });
        Ok(try_join_all(answers).await?)
    }

    /// Carries out a statement that is a unit by itself.
    pub(super) async fn write_one(&self, statement: &Statement) -> Result<Written, Failure> {
        let result = self.run(statement.sql, &statement.params).await;
        let (affected, rows) = result.map_err(|error| Failure::of(statement, error))?;
        statement.check(affected)?;
        Ok(Written { affected, rows })
    }

    /// Carries out statements as one transaction. Nobody else may use the connection meanwhile.
    pub(super) async fn write_together(
        &self,
        statements: &[Statement],
    ) -> Result<Vec<Written>, Failure> {
        // Before the transaction, so that everything in it can be sent without waiting.
        try_join_all(
            statements
                .iter()
                .map(|statement| self.prepare(statement.sql)),
        )
        .await?;
        match self.in_transaction(statements).await {
            Ok(written) => {
                // When this fails, nobody knows whether it was carried out: it mustn't be tried again.
                self.client
                    .batch_execute("COMMIT")
                    .await
                    .map_err(|error| Failure::Broken(error.to_string()))?;
                Ok(written)
            }
            Err(failure @ (Failure::Refused(_) | Failure::Server(..))) => {
                self.client.batch_execute("ROLLBACK").await?;
                Err(failure)
            }
            Err(failure) => Err(failure),
        }
    }

    async fn in_transaction(&self, statements: &[Statement]) -> Result<Vec<Written>, Failure> {
        let mut written = Vec::with_capacity(statements.len());
        let mut chunks = statements.chunks(AT_ONCE);
        let first = chunks.next().unwrap_or_default();
        let (begun, first) = join(
            self.client.batch_execute("BEGIN"),
            join_all(first.iter().map(|statement| self.write_one(statement))),
        )
        .await;
        begun?;
        collect(first, &mut written)?;
        for chunk in chunks {
            let chunk = join_all(chunk.iter().map(|statement| self.write_one(statement))).await;
            collect(chunk, &mut written)?;
        }
        Ok(written)
    }

    async fn run(
        &self,
        sql: &'static str,
        params: &[Param],
    ) -> Result<(u64, Vec<Row>), tokio_postgres::Error> {
        let statement = self.prepare(sql).await?;
        let rows = self.client.query_raw(&statement, params).await?;
        pin_mut!(rows);
        let mut found = Vec::new();
        while let Some(row) = rows.try_next().await? {
            found.push(values(&row)?);
        }
        Ok((rows.rows_affected().unwrap_or(0), found))
    }

    async fn prepare(
        &self,
        sql: &'static str,
    ) -> Result<tokio_postgres::Statement, tokio_postgres::Error> {
        let key = (sql.as_ptr().addr(), sql.len());
        let known = self
            .prepared
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
            .cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = self.client.prepare(sql).await?;
        let mut prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(prepared.entry(key).or_insert(statement).clone())
    }
}

/// What the statements did, or the failure of the first that failed. Those behind it only say that the transaction is
/// lost, and a conflict doesn't count before a failure that came first.
fn collect(
    results: Vec<Result<Written, Failure>>,
    written: &mut Vec<Written>,
) -> Result<(), Failure> {
    for result in results {
        match result {
            Err(Failure::Server(code, _)) if code == SqlState::IN_FAILED_SQL_TRANSACTION => {
                return Err(Failure::Broken(
                    "a transaction failed without saying why".into(),
                ));
            }
            result => written.push(result?),
        }
    }
    Ok(())
}
