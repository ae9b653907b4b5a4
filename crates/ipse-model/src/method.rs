//! The names of methods, and what having used one says about a session.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A way to prove or change who one is. The only name a method has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MethodId {
    /// The traits of an identity.
    Profile,
    /// Identifier and password.
    Password,
    /// Social sign-in by OpenID Connect or OAuth 2.
    Oidc,
    /// One-time codes by mail or text message.
    Code,
    /// One-time links by mail.
    Link,
    /// Time-based one-time passwords (RFC 6238).
    Totp,
    /// Recovery codes kept on paper.
    LookupSecret,
    /// Security keys (W3C Web Authentication).
    Webauthn,
    /// Discoverable WebAuthn credentials.
    Passkey,
    /// The first of two login screens, which only asks who it is.
    IdentifierFirst,
}

impl MethodId {
    /// Every method, in no particular order.
    pub const ALL: [Self; 10] = [
        Self::Profile,
        Self::Password,
        Self::Oidc,
        Self::Code,
        Self::Link,
        Self::Totp,
        Self::LookupSecret,
        Self::Webauthn,
        Self::Passkey,
        Self::IdentifierFirst,
    ];

    /// The name in configuration, forms and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Password => "password",
            Self::Oidc => "oidc",
            Self::Code => "code",
            Self::Link => "link",
            Self::Totp => "totp",
            Self::LookupSecret => "lookup_secret",
            Self::Webauthn => "webauthn",
            Self::Passkey => "passkey",
            Self::IdentifierFirst => "identifier_first",
        }
    }
}

/// Authenticator assurance level (NIST SP 800-63B): how many factors were proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Aal {
    /// No factor.
    Aal0,
    /// One factor.
    Aal1,
    /// Two factors of different kinds.
    Aal2,
}

impl Aal {
    /// The name in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aal0 => "aal0",
            Self::Aal1 => "aal1",
            Self::Aal2 => "aal2",
        }
    }
}

/// One proof that a session rests on (an entry of its AMR).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuthenticationMethod {
    /// `password`, `oidc`, `totp`, `lookup_secret`, `webauthn`, `passkey`, `code`, `code_recovery`, `link_recovery`.
    pub method: String,
    /// The level this proof counts for.
    pub aal: Aal,
    /// When it was given.
    pub completed_at: Timestamp,
    /// The provider, for social sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The organization, for sign-in bound to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
}

impl AuthenticationMethod {
    /// A proof given at a time, of no provider and for no organization.
    #[must_use]
    pub fn new(method: impl Into<String>, aal: Aal, completed_at: Timestamp) -> Self {
        Self {
            method: method.into(),
            aal,
            completed_at,
            provider: None,
            organization: None,
        }
    }
}
