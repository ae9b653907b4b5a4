//! PostgreSQL: a few shared connections on which many requests are under way at once, and some that carry out
//! transactions, one at a time each.
//!
//! Reads and units of a single statement go to the shared ones: the answers of many requests come back in one packet,
//! which is what makes this cheap. A unit of several statements is sent whole, its end after its answers have been
//! checked.

mod connect;
mod connection;
pub(crate) mod dsql;
mod migrate;
mod pool;
mod tls;
mod value;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::RwLock;
use tokio_postgres::error::SqlState;
use url::Url;

use super::{Dialect, Query, Row, Statement, Written};
use crate::migration_plan::Inspection;
use crate::{Entity, StoreError};
use connect::Target;
use connection::Connection;
#[cfg(test)]
pub(crate) use migrate::TABLE as MIGRATIONS_TABLE;
use pool::{Pool, Shared};

/// How often something is tried that failed only because of another unit or of the connection.
const ATTEMPTS: usize = 8;

/// Before another attempt at a unit it waits so long times its turn, and each time twice as long: half a second in all at most.
const PAUSE: Duration = Duration::from_micros(250);

/// How many turns there are.
const TURNS: u32 = 8;

/// How long the client waits for an answer. The server gives up earlier, unless it can't be reached any more.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// Looks at a database without changing it.
pub(crate) async fn inspect(
    url: &Url,
    dialect: Dialect,
    tables: &BTreeSet<String>,
) -> Result<Inspection, StoreError> {
    let connection = Connection::open(&Target::new(url, dialect)?).await?;
    migrate::inspect(&connection, tables).await
}

/// Connections to a PostgreSQL database. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Postgres(Arc<Connections>);

#[derive(Debug)]
struct Connections {
    dialect: Dialect,
    shared: Shared,
    pool: Pool,
    /// Units that have to be tried again.
    turns: AtomicU32,
    /// Units that are under way hold it for reading; whoever closes waits for them.
    units: RwLock<()>,
}

impl Postgres {
    /// Connects once, to learn whether that works, and brings the tables up to date if `migrate` says so.
    pub(crate) async fn open(
        url: &Url,
        dialect: Dialect,
        limits: &ipse_config::Pool,
        migrate: bool,
    ) -> Result<Self, StoreError> {
        let target = Arc::new(Target::new(url, dialect)?);
        let mut first = Connection::open(&target).await?;
        migrate::run(&mut first, dialect, migrate).await?;
        let connections = Connections {
            dialect,
            shared: Shared::new(Arc::clone(&target), first),
            pool: Pool::new(target, limits),
            turns: AtomicU32::default(),
            units: RwLock::default(),
        };
        Ok(Self(Arc::new(connections)))
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.0.dialect
    }

    pub(crate) async fn read(&self, queries: Vec<Query>) -> Result<Vec<Vec<Row>>, StoreError> {
        let mut attempt = 1;
        loop {
            let connection = self.0.shared.get().await?;
            match in_time(connection.read(&queries)).await {
                // The connection broke, or its statements don't fit the tables any more: all of them may be like that
                // after a restart of the server. Reading again does no harm.
                Err(failure) if attempt < ATTEMPTS && failure.is_worth_another_read() => {
                    self.0.shared.discard(&connection);
                    attempt += 1;
                }
                Err(failure) => {
                    if !failure.is_orderly() {
                        self.0.shared.discard(&connection);
                    }
                    return Err(failure.into_error());
                }
                Ok(answers) => return Ok(answers),
            }
        }
    }

    pub(crate) async fn write(
        &self,
        statements: Vec<Statement>,
    ) -> Result<Vec<Written>, StoreError> {
        let connections = Arc::clone(&self.0);
        // In a task of its own, so that it comes to its end even if the caller is gone.
        let unit = tokio::spawn(async move {
            let _under_way = connections.units.read().await;
            let mut attempt = 1;
            loop {
                match connections.write(&statements).await {
                    Err(failure) if attempt < ATTEMPTS && failure.is_worth_another_write() => {
                        tracing::debug!(attempt, ?failure, "trying a unit again");
                        // Where the other one is not waited for, as with optimistic transactions, both would meet again
                        // if they waited equally long.
                        let turn = connections.turns.fetch_add(1, Ordering::Relaxed) % TURNS;
                        tokio::time::sleep(PAUSE * turn * (1 << attempt)).await;
                        attempt += 1;
                    }
                    result => return result.map_err(Failure::into_error),
                }
            }
        });
        unit.await
            .map_err(|_| StoreError::Unavailable("the unit was aborted".into()))?
    }

    /// Waits for the units that are under way, then refuses new ones.
    pub(crate) async fn close(&self) {
        let _nothing_under_way = self.0.units.write().await;
        self.0.shared.close();
        self.0.pool.close();
    }
}

impl Connections {
    async fn write(&self, statements: &[Statement]) -> Result<Vec<Written>, Failure> {
        if let [statement] = statements {
            let connection = self.shared.get().await?;
            let written = in_time(connection.write_one(statement)).await;
            if written.as_ref().is_err_and(|failure| !failure.is_orderly()) {
                self.shared.discard(&connection);
            }
            return written.map(|written| vec![written]);
        }
        let leased = self.pool.get().await?;
        let written = in_time(leased.connection().write_together(statements)).await;
        // After any failure but an orderly one, the state of the connection is anybody's guess.
        if matches!(
            written,
            Ok(_) | Err(Failure::Refused(_) | Failure::Server(..))
        ) {
            leased.give_back();
        }
        written
    }
}

async fn in_time<T>(answer: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::time::timeout(ANSWER_TIMEOUT, answer)
        .await
        .unwrap_or(Err(Failure::Silent))
}

/// Why a request to the server failed.
#[derive(Debug)]
enum Failure {
    /// An expectation wasn't met, or a uniqueness is violated; nothing was written.
    Refused(StoreError),
    /// The server said no, for another reason; nothing was written.
    Server(SqlState, String),
    /// The server ended the connection instead of doing what it was asked for, because it shuts down.
    Gone,
    /// The connection is broken. What was under way may have been written or not.
    Broken(String),
    /// A prepared statement doesn't fit the tables, or is unknown to the server.
    Stale,
    /// No answer came in time.
    Silent,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(answer) = error.as_db_error() else {
            return Self::Broken(error.to_string());
        };
        let code = answer.code();
        if [
            SqlState::FEATURE_NOT_SUPPORTED,
            SqlState::INVALID_SQL_STATEMENT_NAME,
        ]
        .contains(code)
        {
            return Self::Stale;
        }
        if [
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
        ]
        .contains(code)
        {
            return Self::Gone;
        }
        // Only the message: the detail quotes values.
        Self::Server(code.clone(), answer.message().to_owned())
    }
}

impl Failure {
    /// What a failed statement means.
    fn of(statement: &Statement, error: tokio_postgres::Error) -> Self {
        let Some(answer) = error.as_db_error() else {
            return error.into();
        };
        let code = answer.code();
        if *code == SqlState::UNIQUE_VIOLATION {
            let primary = answer
                .constraint()
                .is_some_and(|name| name.ends_with("_pkey"));
            return Self::Refused(statement.duplicate(primary));
        }
        if *code == SqlState::FOREIGN_KEY_VIOLATION {
            // Every reference that can dangle points to an identity.
            return Self::Refused(StoreError::Conflict(Entity::Identity));
        }
        error.into()
    }

    /// Whether the connection is as good as before.
    fn is_orderly(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Server(..))
    }

    fn is_worth_another_read(&self) -> bool {
        matches!(self, Self::Broken(_) | Self::Gone | Self::Stale)
    }

    /// Whether nothing was written, and only because another unit or a change of the tables was in the way.
    fn is_worth_another_write(&self) -> bool {
        match self {
            Self::Server(code, _) => [
                SqlState::T_R_SERIALIZATION_FAILURE,
                SqlState::T_R_DEADLOCK_DETECTED,
            ]
            .contains(code),
            Self::Gone | Self::Stale => true,
            Self::Refused(_) | Self::Broken(_) | Self::Silent => false,
        }
    }

    fn into_error(self) -> StoreError {
        match self {
            Self::Refused(error) => error,
            Self::Server(code, message) => {
                let text = format!("{message} ({})", code.code());
                if [SqlState::DATA_CORRUPTED, SqlState::INDEX_CORRUPTED].contains(&code) {
                    StoreError::Corrupt(text)
                } else {
                    StoreError::Unavailable(text)
                }
            }
            Self::Broken(message) => StoreError::Unavailable(message),
            Self::Gone => StoreError::Unavailable("it shuts down".into()),
            Self::Stale => StoreError::Unavailable("its tables have changed".into()),
            Self::Silent => StoreError::Unavailable("it doesn't answer".into()),
        }
    }
}
