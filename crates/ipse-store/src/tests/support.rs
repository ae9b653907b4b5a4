//! Things that the tests put into a store.

use ipse_model::{
    Aal, AddressStatus, AuthenticationMethod, Channel, CourierMessage, Credential, Credentials,
    CredentialsType, Device, FlowName, FlowRecord, Identity, IdentityState, Json, MessageStatus,
    RecoveryAddress, Session, SignedDuration, Timestamp, Uuid, VerifiableAddress,
};
use serde_json::json;

use crate::{Store, TokenHash};

/// The time at which the tests begin.
pub(crate) fn start() -> Timestamp {
    "2026-01-02T03:04:05.678901Z".parse().unwrap()
}

/// So many seconds after the beginning.
pub(crate) fn at(seconds: i64) -> Timestamp {
    start() + SignedDuration::from_secs(seconds)
}

/// An id that is told by a number, and sorts like it.
pub(crate) fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// A token hash that is told by a number.
pub(crate) fn token(number: u8) -> TokenHash {
    TokenHash([number; 32])
}

/// An identity that can be reached at `name@example.org`.
pub(crate) fn identity(number: u128, name: &str) -> Identity {
    let email = format!("{name}@example.org");
    Identity {
        id: id(number),
        schema_id: "default".into(),
        state: IdentityState::Active,
        state_changed_at: None,
        traits: Json::from_text(format!(r#"{{ "email":"{email}" }}"#)).unwrap(),
        metadata_public: None,
        metadata_admin: Some(json!({"note": name}).into()),
        external_id: None,
        organization_id: None,
        verifiable_addresses: vec![VerifiableAddress {
            id: id(number + 1_000_000),
            value: email.clone(),
            verified: false,
            via: Channel::Email,
            status: AddressStatus::Pending,
            verified_at: None,
            created_at: start(),
            updated_at: start(),
        }],
        recovery_addresses: vec![RecoveryAddress {
            id: id(number + 2_000_000),
            value: email,
            via: Channel::Email,
            created_at: start(),
            updated_at: start(),
        }],
        created_at: start(),
        updated_at: start(),
        version: 1,
    }
}

/// A credential of that type for one identifier.
pub(crate) fn credential(kind: CredentialsType, identifier: &str) -> Credential {
    Credential {
        kind,
        identifiers: vec![identifier.to_owned()],
        config: json!({"secret": format!("of {identifier}")}).into(),
        version: 0,
        created_at: start(),
        updated_at: start(),
    }
}

/// A password that goes with `name@example.org`.
pub(crate) fn password(name: &str) -> Credentials {
    [credential(
        CredentialsType::Password,
        &format!("{name}@example.org"),
    )]
    .into_iter()
    .collect()
}

/// Puts an identity with a password into the store.
pub(crate) async fn add(store: &Store, number: u128, name: &str) -> Identity {
    let identity = identity(number, name);
    let mut batch = store.batch();
    batch.insert_identity(&identity, &password(name));
    batch.commit().await.unwrap();
    identity
}

/// A session that lasts for an hour.
pub(crate) fn session(number: u128, identity: &Identity) -> Session {
    Session {
        id: id(number),
        identity_id: identity.id,
        active: true,
        issued_at: start(),
        expires_at: at(3600),
        authenticated_at: start(),
        aal: Aal::Aal1,
        authentication_methods: vec![AuthenticationMethod::new("password", Aal::Aal1, start())],
        devices: vec![Device {
            id: id(number + 3_000_000),
            ip_address: "192.0.2.1".into(),
            user_agent: "Test/1.0".into(),
            location: String::new(),
        }],
    }
}

/// A flow that lasts for an hour.
pub(crate) fn flow(number: u128, name: FlowName, identity: Option<&Identity>) -> FlowRecord {
    FlowRecord {
        id: id(number),
        name,
        identity_id: identity.map(|identity| identity.id),
        issued_at: start(),
        expires_at: at(3600),
        public: json!({"type": "browser"}).into(),
        private: Json::empty_object(),
        version: 1,
    }
}

/// A message that is due at the beginning.
pub(crate) fn message(number: u128, recipient: &str) -> CourierMessage {
    CourierMessage {
        id: id(number),
        status: MessageStatus::Queued,
        channel: "email".into(),
        recipient: recipient.into(),
        subject: "Hello".into(),
        body: "Your code is 123456".into(),
        body_html: Some("<p>123456</p>".into()),
        template_type: "verification_code_valid".into(),
        template_data: json!({"Code": null}).into(),
        send_count: 0,
        next_attempt_at: start(),
        created_at: start(),
        updated_at: start(),
    }
}
