//! An identity: somebody (or something) that can sign in.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Json, RecoveryAddress, VerifiableAddress};

/// Whether an identity may sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IdentityState {
    /// It may.
    Active,
    /// It may not, and its sessions don't count.
    Inactive,
}

impl IdentityState {
    /// The name in JSON and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
        }
    }
}

/// An identity without its credentials. What a client sees of it is made by `ipse-core`.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// Its id for ever.
    pub id: Uuid,
    /// The identity schema that its traits follow.
    pub schema_id: String,
    /// Whether it may sign in.
    pub state: IdentityState,
    /// When `state` last changed.
    pub state_changed_at: Option<Timestamp>,
    /// What the person can see and change, shaped by the schema; always an object.
    pub traits: Json,
    /// What the person can see and an admin can change.
    pub metadata_public: Option<Json>,
    /// What only an admin can see.
    pub metadata_admin: Option<Json>,
    /// A name given by another system; unique when present.
    pub external_id: Option<String>,
    /// The organization it belongs to.
    pub organization_id: Option<Uuid>,
    /// Addresses that can be verified, oldest first.
    pub verifiable_addresses: Vec<VerifiableAddress>,
    /// Addresses that recovery may use, oldest first.
    pub recovery_addresses: Vec<RecoveryAddress>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When anything of it last changed.
    pub updated_at: Timestamp,
    /// Counts the changes; a write names the version it was made from and fails when another came first.
    pub version: i64,
}
