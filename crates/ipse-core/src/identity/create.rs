//! A new identity, before it is stored.

use ipse_model::{
    Credentials, Identity, IdentityState, Json, RecoveryAddress, Uuid, VerifiableAddress,
};
use serde_json::Value;

use super::sync::{TraitsError, sync};
use crate::Cx;

/// What a new identity is made from.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The schema its traits follow.
    pub schema_id: String,
    /// Its traits.
    pub traits: Value,
    /// What it can sign in with. Identifiers that follow from the traits are added.
    pub credentials: Credentials,
    /// What the person can see and an admin can change.
    pub metadata_public: Option<Json>,
    /// What only an admin can see.
    pub metadata_admin: Option<Json>,
    /// Whether it may sign in.
    pub state: IdentityState,
    /// A name given by another system.
    pub external_id: Option<String>,
    /// The organization it belongs to.
    pub organization_id: Option<Uuid>,
    /// What is known already about addresses among the traits.
    pub verifiable_addresses: Vec<VerifiableAddress>,
    /// Addresses among the traits that are known already.
    pub recovery_addresses: Vec<RecoveryAddress>,
}

impl Draft {
    /// An active identity with these traits and nothing else.
    #[must_use]
    pub fn new(schema_id: impl Into<String>, traits: Value) -> Self {
        Self {
            schema_id: schema_id.into(),
            traits,
            credentials: Credentials::default(),
            metadata_public: None,
            metadata_admin: None,
            state: IdentityState::Active,
            external_id: None,
            organization_id: None,
            verifiable_addresses: Vec::new(),
            recovery_addresses: Vec::new(),
        }
    }
}

/// Makes an identity and its credentials. Neither is stored.
///
/// # Errors
/// When the traits don't fit the schema.
pub fn create(cx: &Cx, draft: Draft) -> Result<(Identity, Credentials), TraitsError> {
    let mut credentials = draft.credentials;
    let mut identity = Identity {
        id: cx.random().uuid(),
        schema_id: draft.schema_id,
        state: draft.state,
        state_changed_at: Some(cx.now),
        traits: Json::empty_object(),
        metadata_public: draft.metadata_public,
        metadata_admin: draft.metadata_admin,
        external_id: draft.external_id,
        organization_id: draft.organization_id,
        verifiable_addresses: draft.verifiable_addresses,
        recovery_addresses: draft.recovery_addresses,
        created_at: cx.now,
        updated_at: cx.now,
        version: 1,
    };
    sync(cx, &mut identity, &mut credentials, draft.traits)?;
    Ok((identity, credentials))
}
