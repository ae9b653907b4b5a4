//! Ready-made nouns for the unit tests of identities and sessions.

use ipse_model::{
    Aal, AddressStatus, AuthenticationMethod, Channel, Credential, Credentials, CredentialsType,
    Device, Identity, IdentityState, Json, RecoveryAddress, Session, Timestamp, Uuid,
    VerifiableAddress,
};
use serde_json::{Value, json};

/// The second all samples were made in.
pub(crate) fn now() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

/// Ada, who can be reached at one address.
pub(crate) fn identity() -> Identity {
    Identity {
        id: Uuid::from_u128(0xada),
        schema_id: "default".to_owned(),
        state: IdentityState::Active,
        state_changed_at: Some(now()),
        traits: Json::from(json!({ "email": "ada@example.org" })),
        metadata_public: None,
        metadata_admin: None,
        external_id: None,
        organization_id: None,
        verifiable_addresses: vec![verifiable("ada@example.org")],
        recovery_addresses: vec![recovery("ada@example.org")],
        created_at: now(),
        updated_at: now(),
        version: 1,
    }
}

/// An address that nobody has proved.
pub(crate) fn verifiable(value: &str) -> VerifiableAddress {
    VerifiableAddress {
        id: Uuid::from_u128(0xadd),
        value: value.to_owned(),
        verified: false,
        via: Channel::Email,
        status: AddressStatus::Pending,
        verified_at: None,
        created_at: now(),
        updated_at: now(),
    }
}

/// An address that recovery may use.
pub(crate) fn recovery(value: &str) -> RecoveryAddress {
    RecoveryAddress {
        id: Uuid::from_u128(0x4ec),
        value: value.to_owned(),
        via: Channel::Email,
        created_at: now(),
        updated_at: now(),
    }
}

/// A credential of Ada's.
pub(crate) fn credential(kind: CredentialsType, identifier: &str, config: Value) -> Credential {
    Credential {
        kind,
        identifiers: vec![identifier.to_owned()],
        config: Json::from(config),
        version: 0,
        created_at: now(),
        updated_at: now(),
    }
}

/// Credentials that are one password.
pub(crate) fn password(hash: &str) -> Credentials {
    let config = json!({ "hashed_password": hash });
    [credential(
        CredentialsType::Password,
        "ada@example.org",
        config,
    )]
    .into_iter()
    .collect()
}

/// The proof of one factor.
pub(crate) fn proof(method: &str, aal: Aal) -> AuthenticationMethod {
    AuthenticationMethod::new(method, aal, now())
}

/// Ada's session, a day long.
pub(crate) fn session() -> Session {
    Session {
        id: Uuid::from_u128(0x5e55),
        identity_id: identity().id,
        active: true,
        issued_at: now(),
        expires_at: "2026-01-03T03:04:05Z".parse().unwrap(),
        authenticated_at: now(),
        aal: Aal::Aal1,
        authentication_methods: vec![proof("password", Aal::Aal1)],
        devices: vec![Device {
            id: Uuid::from_u128(0xde),
            ip_address: "192.0.2.7:50000".to_owned(),
            user_agent: "browser/1".to_owned(),
            location: String::new(),
        }],
    }
}
