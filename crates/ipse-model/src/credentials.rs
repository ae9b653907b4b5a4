//! What an identity can sign in with.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Json;

/// The kind of a credential. An identity has at most one of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialsType {
    /// A password.
    Password,
    /// Accounts at social sign-in providers.
    Oidc,
    /// A TOTP secret.
    Totp,
    /// Recovery codes.
    LookupSecret,
    /// Security keys.
    Webauthn,
    /// One-time codes by mail or text message.
    Code,
    /// Passkeys.
    Passkey,
    /// Accounts at SAML providers (kept, not acted on).
    Saml,
}

impl CredentialsType {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Password,
        Self::Oidc,
        Self::Totp,
        Self::LookupSecret,
        Self::Webauthn,
        Self::Code,
        Self::Passkey,
        Self::Saml,
    ];

    /// The name in JSON and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Oidc => "oidc",
            Self::Totp => "totp",
            Self::LookupSecret => "lookup_secret",
            Self::Webauthn => "webauthn",
            Self::Code => "code",
            Self::Passkey => "passkey",
            Self::Saml => "saml",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// One credential. Its public JSON form leaves `config` out unless an admin asks for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Credential {
    /// The kind.
    #[serde(rename = "type")]
    pub kind: CredentialsType,
    /// What a person types to be found by this credential; unique per kind across identities.
    pub identifiers: Vec<String>,
    /// The secret part; its shape belongs to the method.
    pub config: Json,
    /// The version of the shape of `config`.
    pub version: i64,
    /// When the identity got it.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// All credentials of one identity, by kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Credentials(BTreeMap<CredentialsType, Credential>);

impl Credentials {
    /// The credential of that kind.
    #[must_use]
    pub fn get(&self, kind: CredentialsType) -> Option<&Credential> {
        self.0.get(&kind)
    }

    /// The credential of that kind, to be changed.
    pub fn get_mut(&mut self, kind: CredentialsType) -> Option<&mut Credential> {
        self.0.get_mut(&kind)
    }

    /// Adds a credential, or replaces the one of the same kind.
    pub fn set(&mut self, credential: Credential) {
        self.0.insert(credential.kind, credential);
    }

    /// Removes the credential of that kind.
    pub fn remove(&mut self, kind: CredentialsType) -> Option<Credential> {
        self.0.remove(&kind)
    }

    /// All of them, ordered by kind.
    pub fn iter(&self) -> impl Iterator<Item = &Credential> {
        self.0.values()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Credential> for Credentials {
    fn from_iter<I: IntoIterator<Item = Credential>>(credentials: I) -> Self {
        Self(
            credentials
                .into_iter()
                .map(|credential| (credential.kind, credential))
                .collect(),
        )
    }
}

/// The `config` of a password credential.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordConfig {
    /// The hash in one of the formats `ipse-crypto` knows; empty while no password is set.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hashed_password: String,
    /// Whether the next login may be decided by the password migration hook.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub use_password_migration_hook: bool,
}
