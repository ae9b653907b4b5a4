//! The store as a whole: opening it, asking whether it works, closing it.

use std::sync::Arc;

use ipse_config::{Dsn, SqliteDsn, SqliteLocation};
use tokio::sync::Notify;

use crate::driver::postgres::Postgres;
use crate::driver::sqlite::Sqlite;
use crate::driver::{Dialect, Driver, Query, Row};
use crate::{Batch, StoreError};

/// How to open a store.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// Where the data is.
    pub dsn: Dsn,
    /// Whether to make the tables, or bring them up to date, when needed. (Those in memory always are made.)
    pub migrate: bool,
}

impl OpenOptions {
    /// A store in memory, for tests and first steps.
    #[must_use]
    pub fn memory() -> Self {
        Self {
            dsn: Dsn::Memory,
            migrate: true,
        }
    }
}

/// Everything that is remembered. Clones share the same database.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) driver: Driver,
    pub(crate) message_waits: Arc<Notify>,
}

/// Some rows of many.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The rows, in the order of the list.
    pub items: Vec<T>,
    /// Whether there are more behind them.
    pub more: bool,
    /// How many there are on all pages; only counted where pages have numbers.
    pub total: Option<u64>,
}

impl<T> Page<T> {
    /// From rows of which one more than wanted was asked for, to see whether there are more.
    pub(crate) fn cut(mut items: Vec<T>, size: u32) -> Self {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let more = items.len() > size;
        items.truncate(size);
        Self {
            items,
            more,
            total: None,
        }
    }
}

impl Store {
    /// Opens a store.
    ///
    /// # Errors
    /// When the database can't be reached or its tables don't fit this program.
    pub async fn open(options: &OpenOptions) -> Result<Self, StoreError> {
        let migrate = options.migrate;
        let driver = match &options.dsn {
            Dsn::Memory => Driver::Sqlite(Sqlite::open(None, true).await?),
            Dsn::Sqlite(SqliteDsn { location, .. }) => {
                let path = match location {
                    SqliteLocation::Memory => None,
                    SqliteLocation::File(path) => Some(path.clone()),
                };
                Driver::Sqlite(Sqlite::open(path, migrate).await?)
            }
            Dsn::Postgres(url, pool) | Dsn::Cockroach(url, pool) => {
                Driver::Postgres(Postgres::open(url, Dialect::Postgres, pool, migrate).await?)
            }
            Dsn::Dsql(url, pool) => {
                Driver::Postgres(Postgres::open(url, Dialect::Dsql, pool, migrate).await?)
            }
        };
        Ok(Self {
            driver,
            message_waits: Arc::default(),
        })
    }

    /// An empty batch of changes.
    pub fn batch(&self) -> Batch {
        Batch::new(self.clone())
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it doesn't.
    pub async fn health(&self) -> Result<(), StoreError> {
        self.rows(Query::new("SELECT 1", [])).await.map(drop)
    }

    /// Carries out what has been accepted and lets go of the database. Later calls answer `Unavailable`.
    ///
    /// # Errors
    /// When the database can't be left in good order; nothing committed is lost even then.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.driver.close().await
    }

    /// The rows that answer one query.
    pub(crate) async fn rows(&self, query: Query) -> Result<Vec<Row>, StoreError> {
        let mut answers = self.driver.read(vec![query]).await?;
        answers.pop().ok_or_else(answer_missing)
    }

    /// The first row that answers a query, as `decode` reads it.
    pub(crate) async fn first<T>(
        &self,
        query: Query,
        decode: impl FnOnce(&mut Row) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        first(self.rows(query).await?, decode)
    }

    /// Every row that answers a query, as `decode` reads it.
    pub(crate) async fn all<T>(
        &self,
        query: Query,
        decode: impl FnMut(&mut Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        all(self.rows(query).await?, decode)
    }

    /// The answers to `N` queries, in their order, in one hop.
    pub(crate) async fn together<const N: usize>(
        &self,
        queries: [Query; N],
    ) -> Result<[Vec<Row>; N], StoreError> {
        let answers = self.driver.read(queries.into()).await?;
        <[Vec<Row>; N]>::try_from(answers).map_err(|_| answer_missing())
    }
}

/// The first row, as `decode` reads it.
pub(crate) fn first<T>(
    rows: Vec<Row>,
    decode: impl FnOnce(&mut Row) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    rows.into_iter()
        .next()
        .map(|mut row| decode(&mut row))
        .transpose()
}

/// Every row, as `decode` reads it.
pub(crate) fn all<T>(
    rows: Vec<Row>,
    mut decode: impl FnMut(&mut Row) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    rows.into_iter().map(|mut row| decode(&mut row)).collect()
}

/// The count in the only row of a `SELECT count(*)`.
pub(crate) fn count(rows: Vec<Row>) -> Result<u64, StoreError> {
    let count = first(rows, Row::int)?.unwrap_or(0);
    Ok(u64::try_from(count).unwrap_or(0))
}

fn answer_missing() -> StoreError {
    StoreError::Corrupt("a query has no answer".into())
}
