//! The steps that made the tables what they are. They only go forward and are part of the program; each driver runs its own.

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
