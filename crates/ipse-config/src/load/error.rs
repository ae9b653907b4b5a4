//! What can be wrong with a configuration, said so that it can be put right.

use std::fmt;
use std::path::PathBuf;

use super::origin::Origin;

/// Why a configuration can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file can't be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file's name says nothing about its format.
    #[error("{}: the name has to end in .yaml, .yml, .json or .toml", path.display())]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// A file is not well-formed.
    #[error("{origin}: {message}")]
    Syntax {
        /// Where.
        origin: Origin,
        /// What was expected there.
        message: String,
    },
    /// Keys are unknown, wrong or missing: everything that was found.
    #[error("{}", list(.0))]
    Invalid(Vec<Problem>),
}

impl ConfigError {
    /// The problems with single keys, if the files could be read at all.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Invalid(problems) => problems,
            Self::Read { .. } | Self::Format { .. } | Self::Syntax { .. } => &[],
        }
    }
}

fn list(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(Problem::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

/// What is wrong with one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key, written with dots.
    pub key: String,
    /// Where it was set.
    pub origin: Origin,
    /// What is wrong.
    pub kind: ProblemKind,
}

/// What is wrong with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProblemKind {
    /// There is no such key.
    Unknown {
        /// The key that was probably meant.
        nearest: Option<String>,
        /// The keys there are.
        known: Vec<String>,
    },
    /// It has a wrong value.
    Wrong {
        /// The value, shortened; only its kind if it may hold a secret.
        found: String,
        /// What is allowed.
        allowed: String,
    },
    /// It is needed.
    Missing {
        /// What to do about it.
        advice: String,
    },
    /// It does not go together with another key.
    Conflict {
        /// With which, and why.
        reason: String,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}: {}", self.origin, self.key, self.kind)
    }
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { nearest, known } => {
                formatter.write_str("there is no such key")?;
                if let Some(nearest) = nearest {
                    write!(formatter, "; did you mean `{nearest}`?")?;
                }
                if !known.is_empty() {
                    write!(formatter, " (known here: {})", known.join(", "))?;
                }
                Ok(())
            }
            Self::Wrong { found, allowed } => {
                write!(formatter, "found {found}, allowed is {allowed}")
            }
            Self::Missing { advice } => write!(formatter, "is missing; {advice}"),
            Self::Conflict { reason } => formatter.write_str(reason),
        }
    }
}

/// Something that does not stop the start but should be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The key, written with dots.
    pub key: String,
    /// Where it was set.
    pub origin: Origin,
    /// What is to be known about it.
    pub why: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}: {}", self.origin, self.key, self.why)
    }
}
