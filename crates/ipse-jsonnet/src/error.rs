//! Why an evaluation gave no value.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A place in a snippet, counted from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}, column {}", self.line, self.column)
    }
}

/// Why an evaluation gave no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JsonnetError {
    /// The snippet is not Jsonnet.
    #[error("the snippet is malformed at {location}: {message}")]
    Syntax {
        /// What is wrong.
        message: String,
        /// Where.
        location: Location,
    },
    /// The snippet failed while it was evaluated.
    #[error("the snippet failed{}: {message}", At(.location.as_ref()))]
    Runtime {
        /// What went wrong; for `error '…'`, exactly that text.
        message: String,
        /// Where, if it was in the snippet and not in the standard library.
        location: Option<Location>,
    },
    /// The evaluation took too long and was ended.
    #[error("the snippet took too long")]
    TimedOut,
    /// The evaluation took too much memory, or ended the worker in another way.
    #[error("the snippet took too much memory or crashed the interpreter")]
    Crashed,
    /// No worker could be started.
    #[error("the Jsonnet interpreter cannot be started: {0}")]
    Unavailable(String),
}

struct At<'a>(Option<&'a Location>);

impl fmt::Display for At<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(location) => write!(formatter, " at {location}"),
            None => Ok(()),
        }
    }
}
