//! Where a key was set, so that messages can point there.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a key was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// In a file.
    File {
        /// The file.
        path: Arc<Path>,
        /// The line, counted from 1.
        line: u64,
        /// The column, counted from 1.
        column: u64,
    },
    /// In an environment variable.
    Environment {
        /// Its name.
        variable: Arc<str>,
    },
    /// By the program itself, for instance from the command line.
    Program,
    /// Nowhere: it is missing.
    Nowhere,
}

impl Origin {
    /// The file, if it was set in one.
    #[must_use]
    pub fn file(&self) -> Option<PathBuf> {
        match self {
            Self::File { path, .. } => Some(path.to_path_buf()),
            Self::Environment { .. } | Self::Program | Self::Nowhere => None,
        }
    }

    /// The line in that file.
    #[must_use]
    pub fn line(&self) -> Option<u64> {
        match self {
            Self::File { line, .. } => Some(*line),
            Self::Environment { .. } | Self::Program | Self::Nowhere => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line, column } => {
                write!(formatter, "{}:{line}:{column}", path.display())
            }
            Self::Environment { variable } => write!(formatter, "environment variable {variable}"),
            Self::Program => formatter.write_str("command line"),
            Self::Nowhere => formatter.write_str("configuration"),
        }
    }
}
