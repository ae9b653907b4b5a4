//! A session: the proof, kept by the server, that somebody has signed in.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Aal, AuthenticationMethod};

/// Where a session was used from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Its id.
    pub id: Uuid,
    /// The client's address.
    #[serde(default)]
    pub ip_address: String,
    /// The client's `User-Agent`.
    #[serde(default)]
    pub user_agent: String,
    /// City and country when a proxy in front tells them, else empty.
    #[serde(default)]
    pub location: String,
}

/// A session without its identity. Its token exists only at the client; the store keeps a hash.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// Its id; not a secret.
    pub id: Uuid,
    /// Whose it is.
    pub identity_id: Uuid,
    /// False once revoked.
    pub active: bool,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it stops counting.
    pub expires_at: Timestamp,
    /// When the person last proved who they are.
    pub authenticated_at: Timestamp,
    /// The level reached.
    pub aal: Aal,
    /// Every proof given, oldest first.
    pub authentication_methods: Vec<AuthenticationMethod>,
    /// Every device seen, oldest first.
    pub devices: Vec<Device>,
}

impl Session {
    /// Whether it still counts at `now`.
    #[must_use]
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.active && now < self.expires_at
    }
}
