//! What can go wrong between us and a provider.

use crate::{FetchError, IdTokenError};

/// Why a provider can't be used, or didn't say who somebody is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OidcError {
    /// The configuration of the provider lacks something that it needs.
    #[error("the provider's configuration lacks {0}")]
    Lacks(&'static str),
    /// A key in the configuration of the provider can't be used.
    #[error("the provider's private key can't be used: {0}")]
    Key(String),
    /// This provider works in a way that isn't supported.
    #[error("providers of the kind {0} are not supported")]
    Unsupported(&'static str),
    /// The provider's own description is that of somebody else.
    #[error("the discovery document is of the issuer {found:?}, but {expected:?} is configured")]
    ForeignIssuer {
        /// What is configured.
        expected: String,
        /// What the document says.
        found: String,
    },
    /// The provider's own description lacks something.
    #[error("the discovery document lacks {0}")]
    Incomplete(&'static str),
    /// There is no provider where the configuration says.
    #[error("discovery failed: {0}")]
    Discovery(Box<OidcError>),
    /// The provider publishes more keys than anybody would.
    #[error("the provider has {0} keys, more than anybody would have")]
    TooManyKeys(usize),
    /// An address is none.
    #[error("{0:?} is no usable address")]
    Address(String),
    /// There was no answer.
    #[error("there is no answer from the {what}: {cause}")]
    Unreachable {
        /// What was asked.
        what: &'static str,
        /// Why there is none.
        cause: FetchError,
    },
    /// The answer is a failure.
    #[error("the {what} answered with status {status}")]
    Status {
        /// What was asked.
        what: &'static str,
        /// The status.
        status: u16,
    },
    /// The answer isn't JSON.
    #[error("the answer of the {what} is not the JSON it should be")]
    NotJson {
        /// What was asked.
        what: &'static str,
    },
    /// The provider doesn't give anything for the code.
    #[error("the provider refused the code: {0}")]
    CodeRefused(String),
    /// An answer lacks something.
    #[error("the provider's answer lacks {0}")]
    Missing(&'static str),
    /// The ID token can't be trusted.
    #[error("the ID token can't be trusted: {0}")]
    IdToken(#[from] IdTokenError),
    /// Another provider has answered than the one that was asked.
    #[error("the answer is of {found:?}, which is not the provider that was asked")]
    ForeignAnswer {
        /// What the answer says.
        found: Option<String>,
    },
    /// The answer holds a token that can't be sent in a request.
    #[error("the provider's access token has characters that no token can have")]
    OddToken,
    /// Two sources disagree about who somebody is.
    #[error("the ID token and the user info endpoint are about different people")]
    SubjectMismatch,
}

impl OidcError {
    /// Whether the configuration is at fault rather than this one sign-in.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        matches!(
            self,
            Self::Lacks(_)
                | Self::Key(_)
                | Self::Unsupported(_)
                | Self::ForeignIssuer { .. }
                | Self::Incomplete(_)
                | Self::Discovery(_)
                | Self::Address(_)
        )
    }
}
