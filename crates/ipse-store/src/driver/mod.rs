//! The seam between what is stored and where: statements as values, and two verbs to run them.
//!
//! Nothing above this module holds a transaction open. [`Driver::read`] answers some queries in one hop;
//! [`Driver::write`] carries out some statements as one unit, or none of them. SQL is written once, in the subset that
//! SQLite and PostgreSQL share, with `$n` parameters; [`Dialect`] has the few phrases that differ. Every SQL text is
//! `'static`, so that a connection finds its prepared form by the address of the text.

mod dialect;
mod param;
pub(crate) mod postgres;
mod row;
pub(crate) mod sqlite;

use crate::{Entity, StoreError, Unique};

pub(crate) use dialect::Dialect;
pub(crate) use param::Param;
use postgres::Postgres;
pub(crate) use row::{Row, Value};
use sqlite::Sqlite;

/// A question.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    /// A single `SELECT`.
    pub(crate) sql: &'static str,
    /// The values of `$1`, `$2`, …
    pub(crate) params: Vec<Param>,
}

impl Query {
    pub(crate) fn new(sql: &'static str, params: impl Into<Vec<Param>>) -> Self {
        let params = params.into();
        Self { sql, params }
    }
}

/// How many rows a statement must touch.
///
/// An expectation names rows by key, so that one which isn't met has touched nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expect {
    /// Whatever is there.
    Any,
    /// Exactly so many; anything else is a conflict about that entity.
    Exactly(u64, Entity),
}

/// A change, together with what its failures mean.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    /// A single `INSERT`, `UPDATE` or `DELETE`, possibly with `RETURNING`.
    pub(crate) sql: &'static str,
    /// The values of `$1`, `$2`, …
    pub(crate) params: Vec<Param>,
    /// How many rows it must touch.
    pub(crate) expect: Expect,
    /// What a violated uniqueness means.
    pub(crate) unique: Unique,
}

impl Statement {
    pub(crate) fn new(sql: &'static str, params: impl Into<Vec<Param>>) -> Self {
        Self {
            sql,
            params: params.into(),
            expect: Expect::Any,
            unique: Unique::Id,
        }
    }

    /// The statement must touch exactly one row.
    pub(crate) fn one(self, entity: Entity) -> Self {
        let expect = Expect::Exactly(1, entity);
        Self { expect, ..self }
    }

    /// A violated uniqueness means that `unique` is taken.
    pub(crate) fn unique(self, unique: Unique) -> Self {
        Self { unique, ..self }
    }

    /// What it means that the statement touched `affected` rows.
    pub(crate) fn check(&self, affected: u64) -> Result<(), StoreError> {
        match self.expect {
            Expect::Exactly(expected, entity) if affected != expected => {
                Err(StoreError::Conflict(entity))
            }
            Expect::Any | Expect::Exactly(..) => Ok(()),
        }
    }

    /// What it means that a uniqueness was violated: that of the primary key or another one.
    pub(crate) fn duplicate(&self, primary_key: bool) -> StoreError {
        StoreError::Duplicate(match self.unique {
            // The only table with two uniquenesses that a caller tells apart.
            Unique::ExternalId if primary_key => Unique::Id,
            unique => unique,
        })
    }
}

/// What a statement did.
#[derive(Debug)]
pub(crate) struct Written {
    /// How many rows it touched itself (cascades don't count).
    pub(crate) affected: u64,
    /// What `RETURNING` gave.
    pub(crate) rows: Vec<Row>,
}

/// A database.
#[derive(Clone, Debug)]
pub(crate) enum Driver {
    /// SQLite, on threads of this process.
    Sqlite(Sqlite),
    /// PostgreSQL, over the network.
    Postgres(Postgres),
}

impl Driver {
    /// Answers all queries, in one hop and (on SQLite) from one snapshot.
    pub(crate) async fn read(&self, queries: Vec<Query>) -> Result<Vec<Vec<Row>>, StoreError> {
        if queries.iter().any(|query| unstorable(&query.params)) {
            return Err(StoreError::Unstorable);
        }
        match self {
            Self::Sqlite(sqlite) => sqlite.read(queries).await,
            Self::Postgres(postgres) => postgres.read(queries).await,
        }
    }

    /// Carries out all statements in their order, or none of them.
    ///
    /// The unit runs to its end even when the caller stops waiting for it.
    pub(crate) async fn write(
        &self,
        statements: Vec<Statement>,
    ) -> Result<Vec<Written>, StoreError> {
        if statements
            .iter()
            .any(|statement| unstorable(&statement.params))
        {
            return Err(StoreError::Unstorable);
        }
        match self {
            Self::Sqlite(sqlite) => sqlite.write(statements).await,
            Self::Postgres(postgres) => postgres.write(statements).await,
        }
    }

    /// Lets go of the database in good order. Later calls answer `Unavailable`.
    pub(crate) async fn close(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.close().await,
            Self::Postgres(postgres) => {
                postgres.close().await;
                Ok(())
            }
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(postgres) => postgres.dialect(),
        }
    }
}

/// Whether a value can't be kept by every database: PostgreSQL has no text with NUL.
fn unstorable(params: &[Param]) -> bool {
    params
        .iter()
        .any(|param| matches!(param, Param::Text(text) if text.contains('\0')))
}
