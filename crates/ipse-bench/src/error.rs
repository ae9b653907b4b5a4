//! Why a measurement could not be made.

use std::io;
use std::net::SocketAddr;

use ipse_store::StoreError;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A file or a process.
    #[error("{0}: {1}")]
    Io(String, #[source] io::Error),
    /// The connection to what is measured.
    #[error("{0} doesn't answer: {1}")]
    Connection(SocketAddr, #[source] io::Error),
    /// An answer that is not the expected one.
    #[error("{what} was answered with {status}: {body}")]
    Answer {
        /// What was asked for.
        what: String,
        /// The status.
        status: u16,
        /// The beginning of the body.
        body: String,
    },
    /// The server that was started.
    #[error("the server {0}")]
    Server(String),
    /// The database that is filled.
    #[error("can't fill the database: {0}")]
    Store(#[from] StoreError),
    /// What the command line asks for.
    #[error("{0}")]
    Usage(String),
}

impl Error {
    /// For `map_err`: an input or output error while doing `what`.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |error| Self::Io(what, error)
    }
}
