//! What can go wrong when reading or writing, told apart by what a caller can do about it.

use ipse_model::CredentialsType;

use crate::AddressPurpose;

/// A failure of the store. None of its messages holds a stored value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Somebody else has it already. Nothing of the batch was written.
    #[error("{0} is taken")]
    Duplicate(Unique),
    /// A row was changed, used or removed by somebody else in the meantime. Nothing of the batch was written.
    #[error("{0} was changed or removed in the meantime")]
    Conflict(Entity),
    /// The database can't be reached or can't write (read-only, too busy). Trying again later may help.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The disk is full or broken. What was asked for wasn't written, and trying again doesn't help by itself.
    #[error("the database can't be written to: {0}")]
    Unwritable(String),
    /// A value that no database row can hold, such as a text with a NUL character.
    #[error("a text with a NUL character can't be stored")]
    Unstorable,
    /// A stored row or the database itself isn't what it should be.
    #[error("the database holds something unexpected: {0}")]
    Corrupt(String),
    /// The tables are older than this program; `migrate` brings them up to date.
    #[error(
        "the database lacks {pending} migration(s); run `ipse migrate run` first, or start with `ipse serve --migrate`"
    )]
    NotMigrated {
        /// How many migrations are missing.
        pending: usize,
    },
    /// The tables were made by a newer version of this program.
    #[error(
        "the database is at version {found}, with which programs that know version {supported} at most can't work; start a newer ipse"
    )]
    TooNew {
        /// The version found.
        found: i64,
        /// The newest one this program knows.
        supported: i64,
    },
    /// The data source name can't be used.
    #[error("the data source name is not usable: {0}")]
    Location(String),
}

/// What must be unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unique {
    /// The id of a row.
    Id,
    /// An identifier, among the credentials of that type.
    Identifier(CredentialsType),
    /// An address, among those of that purpose.
    Address(AddressPurpose),
    /// The external id of an identity.
    ExternalId,
    /// A token hash.
    Token,
    /// Something that counts only once.
    SingleUse,
}

impl std::fmt::Display for Unique {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id => f.write_str("the id"),
            Self::Identifier(kind) => write!(f, "an identifier for {}", kind.as_str()),
            Self::Address(purpose) => write!(f, "a {} address", purpose.as_str()),
            Self::ExternalId => f.write_str("the external id"),
            Self::Token => f.write_str("the token"),
            Self::SingleUse => f.write_str("something for a single use"),
        }
    }
}

/// What a write expected to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entity {
    /// An identity, at the version named.
    Identity,
    /// A credential, with the configuration named.
    Credential,
    /// A session that is active.
    Session,
    /// A flow, at the version named.
    Flow,
    /// A code that isn't used.
    Code,
    /// A paused submission.
    Continuity,
    /// A token exchange that waits for its session.
    Exchange,
    /// A courier message under the lease named.
    Message,
}

impl std::fmt::Display for Entity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Identity => "the identity",
            Self::Credential => "the credential",
            Self::Session => "the session",
            Self::Flow => "the flow",
            Self::Code => "the code",
            Self::Continuity => "the paused submission",
            Self::Exchange => "the token exchange",
            Self::Message => "the message",
        })
    }
}
