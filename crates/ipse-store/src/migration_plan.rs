//! What migrations will do to a database, told before they do it: which rows they touch, and whom they keep waiting.

use std::collections::{BTreeMap, BTreeSet};

use ipse_config::{Dsn, SqliteDsn, SqliteLocation};
use url::Url;

use crate::driver::{Dialect, postgres, sqlite};
use crate::migrate::{MIGRATIONS, Migration, Standing, pending, statements};
use crate::{Store, StoreError};

/// Where a database stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrations {
    /// The steps it has taken.
    pub applied: Vec<(i64, &'static str)>,
    /// The steps it lacks, in their order. Each is carried out as a whole or not at all.
    pub pending: Vec<PlannedStep>,
}

/// A step that a database lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedStep {
    /// Its number.
    pub version: i64,
    /// Its name.
    pub name: &'static str,
    /// What it does, in its order.
    pub changes: Vec<PlannedChange>,
}

/// One change of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedChange {
    /// The beginning of the statement.
    pub what: String,
    /// How many rows it reads or writes at most.
    pub rows: u64,
    /// What it locks until the step is done. Tables that the same run makes don't count: nobody else knows them.
    pub locks: Vec<Lock>,
}

/// A lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// The table; the whole database if it is SQLite.
    pub table: String,
    /// What others can't do meanwhile.
    pub mode: LockMode,
}

/// What a lock means for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockMode {
    /// `ACCESS EXCLUSIVE`: nobody else reads or writes.
    AccessExclusive,
    /// `SHARE` or `SHARE ROW EXCLUSIVE`: nobody else writes.
    Writes,
    /// `SHARE UPDATE EXCLUSIVE`: nobody else changes the table itself.
    Definition,
    /// `ROW EXCLUSIVE`: nobody else writes the same rows.
    Rows,
}

impl LockMode {
    /// What others can't do meanwhile, as a sentence without its end.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::AccessExclusive => "nobody else reads or writes meanwhile",
            Self::Writes => "others read, nobody else writes meanwhile",
            Self::Definition => "others read and write meanwhile",
            Self::Rows => "others read, and write other rows meanwhile",
        }
    }
}

/// What is known of a database without changing it.
#[derive(Debug, Default)]
pub(crate) struct Inspection {
    /// Where its tables stand.
    pub(crate) standing: Standing,
    /// How many rows its tables have, of those that were asked for and are there.
    pub(crate) rows: BTreeMap<String, u64>,
}

impl Store {
    /// Where the database at `dsn` stands, and what bringing it up to date would do. Changes nothing.
    ///
    /// # Errors
    /// When the database can't be reached, or its tables are newer than this program.
    pub async fn migrations(dsn: &Dsn) -> Result<Migrations, StoreError> {
        let tables = named_tables();
        let (dialect, inspection) = match dsn {
            Dsn::Memory => (Dialect::Sqlite, Inspection::default()),
            Dsn::Sqlite(SqliteDsn { location, .. }) => {
                let inspection = match location {
                    SqliteLocation::File(path) if path.exists() => {
                        sqlite::inspect(path.clone(), tables).await?
                    }
                    SqliteLocation::Memory | SqliteLocation::File(_) => Inspection::default(),
                };
                (Dialect::Sqlite, inspection)
            }
            Dsn::Postgres(url, _) | Dsn::Cockroach(url, _) => {
                inspected(url, Dialect::Postgres, &tables).await?
            }
            Dsn::Dsql(url, _) => inspected(url, Dialect::Dsql, &tables).await?,
        };
        Ok(Migrations {
            pending: plan(pending(inspection.standing)?, dialect, &inspection.rows),
            applied: MIGRATIONS
                .iter()
                .filter(|step| step.version <= inspection.standing.version)
                .map(|step| (step.version, step.name))
                .collect(),
        })
    }
}

async fn inspected(
    url: &Url,
    dialect: Dialect,
    tables: &BTreeSet<String>,
) -> Result<(Dialect, Inspection), StoreError> {
    let inspection = postgres::inspect(url, dialect, tables).await?;
    Ok((dialect, inspection))
}

/// Every table that a migration names.
fn named_tables() -> BTreeSet<String> {
    let statements = MIGRATIONS.iter().flat_map(|step| statements(step.postgres));
    statements
        .flat_map(|statement| {
            let change = Change::of(&statement);
            change.table.into_iter().chain(change.references)
        })
        .collect()
}

/// What these steps do to a database whose tables have so many rows.
fn plan(steps: &[Migration], dialect: Dialect, rows: &BTreeMap<String, u64>) -> Vec<PlannedStep> {
    steps
        .iter()
        .map(|step| PlannedStep {
            version: step.version,
            name: step.name,
            changes: statements(step.text(dialect))
                .iter()
                .map(|statement| planned(statement, dialect, rows))
                .collect(),
        })
        .collect()
}

fn planned(statement: &str, dialect: Dialect, rows: &BTreeMap<String, u64>) -> PlannedChange {
    let change = Change::of(statement);
    let known = |table: &String| rows.contains_key(table);
    let touched = change.table.iter().filter(|_| change.touches_rows);
    let own = change.table.iter().map(|table| (table, change.mode));
    let others = change
        .references
        .iter()
        .map(|table| (table, LockMode::Writes));
    let locks = own.chain(others).filter(|(table, _)| known(table));
    let locks = match dialect {
        Dialect::Postgres => locks
            .map(|(table, mode)| Lock {
                table: table.clone(),
                mode,
            })
            .collect(),
        Dialect::Sqlite if rows.is_empty() => Vec::new(),
        Dialect::Dsql => Vec::new(),
        Dialect::Sqlite => vec![Lock {
            table: "the whole database".to_owned(),
            mode: LockMode::Writes,
        }],
    };
    PlannedChange {
        what: opening(statement),
        rows: touched.filter_map(|table| rows.get(table)).sum(),
        locks,
    }
}

/// What a statement does to which table.
#[derive(Debug, PartialEq, Eq)]
struct Change {
    table: Option<String>,
    mode: LockMode,
    touches_rows: bool,
    /// Tables it refers to.
    references: Vec<String>,
}

impl Change {
    /// Reads a statement. One that isn't understood counts as the worst that it could be.
    fn of(statement: &str) -> Self {
        let upper = statement.to_ascii_uppercase();
        let has = |word: &str| upper.split_whitespace().any(|other| other == word);
        let (before_table, mode, touches_rows): (&[&str], _, _) = match first_two(&upper) {
            ("CREATE", "TABLE") | ("DROP", "TABLE") => (
                &["TABLE"],
                LockMode::AccessExclusive,
                upper.starts_with("DROP"),
            ),
            ("CREATE", _) if has("INDEX") && has("CONCURRENTLY") => {
                (&["ON"], LockMode::Definition, true)
            }
            ("CREATE", _) if has("INDEX") => (&["ON"], LockMode::Writes, true),
            ("DROP", "INDEX") => (&["INDEX"], LockMode::AccessExclusive, false),
            ("ALTER", "TABLE") => {
                let looks = ["TYPE", "CONSTRAINT", "SET", "CHECK"].into_iter().any(has);
                (&["TABLE"], LockMode::AccessExclusive, looks)
            }
            ("UPDATE", _) => (&["UPDATE"], LockMode::Rows, true),
            ("DELETE", _) => (&["FROM"], LockMode::Rows, true),
            ("INSERT", _) => (&["INTO"], LockMode::Rows, false),
            _ => (&[], LockMode::AccessExclusive, true),
        };
        Self {
            table: before_table
                .iter()
                .find_map(|keyword| words_after(statement, keyword).into_iter().next()),
            mode,
            touches_rows,
            references: words_after(statement, "REFERENCES"),
        }
    }
}

fn first_two(statement: &str) -> (&str, &str) {
    let mut words = statement.split_whitespace();
    (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    )
}

/// The names that follow a keyword, each once.
fn words_after(statement: &str, keyword: &str) -> Vec<String> {
    let noise = ["IF", "NOT", "EXISTS", "ONLY"];
    let mut found = Vec::new();
    let mut words = statement.split_whitespace();
    while let Some(word) = words.next() {
        if !word.eq_ignore_ascii_case(keyword) {
            continue;
        }
        let mut rest = words.clone();
        let name = rest.find(|word| !noise.iter().any(|noise| word.eq_ignore_ascii_case(noise)));
        let name = name
            .and_then(|name| name.split('(').next())
            .unwrap_or_default();
        if !name.is_empty() && !found.iter().any(|other| other == name) {
            found.push(name.to_owned());
        }
    }
    found
}

/// Enough of a statement to know it by.
fn opening(statement: &str) -> String {
    let line = statement.lines().next().unwrap_or_default();
    line.trim_end_matches([' ', '(']).to_owned()
}

#[cfg(test)]
mod tests;
