//! The steps that made the tables what they are. They only go forward and are part of the program; each driver runs its own.

use crate::StoreError;
use crate::driver::Dialect;

/// One step: the same number and name in every dialect.
pub(crate) struct Migration {
    pub(crate) version: i64,
    /// The oldest version whose programs work on the tables as this step leaves them. A step that only adds something names
    /// the version that it found, or what that one names; one that takes something away names the first that does without.
    pub(crate) usable_from: i64,
    pub(crate) name: &'static str,
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

impl Migration {
    /// What it does to a database of this dialect.
    pub(crate) fn text(&self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Sqlite => self.sqlite,
            Dialect::Postgres | Dialect::Dsql => self.postgres,
        }
    }
}

/// Every step, in the order of their versions.
pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    usable_from: 1,
    name: "initial",
    sqlite: include_str!("../migrations/sqlite/0001_initial.sql"),
    postgres: include_str!("../migrations/postgres/0001_initial.sql"),
}];

/// Where the tables of a database stand. All is 0 where there are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The version of the tables.
    pub(crate) version: i64,
    /// The oldest version whose programs work on them.
    pub(crate) usable_from: i64,
}

impl Standing {
    /// Reads it, the same in every dialect. A step that doesn't say what it leaves usable is for programs that know it.
    pub(crate) const SQL: &str = "SELECT coalesce(max(version), 0), coalesce(max(coalesce(usable_from, version)), 0) \
         FROM schema_migrations";
}

/// The steps that a database lacks. None where a newer program has migrated it and left it usable for this one.
pub(crate) fn pending(found: Standing) -> Result<&'static [Migration], StoreError> {
    let supported = MIGRATIONS.last().map_or(0, |migration| migration.version);
    if found.usable_from > supported {
        return Err(StoreError::TooNew {
            found: found.version,
            supported,
        });
    }
    let first = MIGRATIONS.partition_point(|migration| migration.version <= found.version);
    Ok(&MIGRATIONS[first..])
}

/// The statements of a migration. None of its texts has a semicolon or two dashes in it.
pub(crate) fn statements(sql: &str) -> Vec<String> {
    let code = sql
        .lines()
        .map(|line| line.split("--").next().unwrap_or_default());
    let code = code.collect::<Vec<_>>().join("\n");
    let statements = code.split(';').map(str::trim);
    statements
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
        .collect()
}
