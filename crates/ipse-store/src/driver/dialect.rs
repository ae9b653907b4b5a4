//! The few phrases in which the databases differ.

/// Which SQL a database speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// SQLite 3.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// Aurora DSQL, where transactions lock nothing and tables don't refer to each other.
    Dsql,
}

impl Dialect {
    /// The text for this database: the one that locks rows where several write at a time, and others should pass them by.
    pub(crate) fn pick(self, plain: &'static str, locking: &'static str) -> &'static str {
        match self {
            Self::Sqlite | Self::Dsql => plain,
            Self::Postgres => locking,
        }
    }

    /// Whether what belongs to an identity goes with it.
    pub(crate) fn cascades(self) -> bool {
        match self {
            Self::Sqlite | Self::Postgres => true,
            Self::Dsql => false,
        }
    }
}
