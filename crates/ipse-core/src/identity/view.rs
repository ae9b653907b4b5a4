//! An identity as JSON: what its owner sees, and what an administrator sees.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ipse_model::{
    Credential, Credentials, CredentialsType, Identity, IdentityState, Json, RecoveryAddress,
    Timestamp, Uuid, VerifiableAddress,
};
use serde::Serialize;

use crate::Snapshot;

/// What the person behind an identity may see of it. Traits and metadata are printed as they are stored.
#[derive(Serialize)]
pub struct Public<'a> {
    id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<&'a str>,
    schema_id: &'a str,
    schema_url: String,
    state: IdentityState,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_changed_at: Option<Timestamp>,
    traits: &'a Json,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    verifiable_addresses: &'a [VerifiableAddress],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    recovery_addresses: &'a [RecoveryAddress],
    metadata_public: Option<&'a Json>,
    created_at: Timestamp,
    updated_at: Timestamp,
    organization_id: Option<Uuid>,
}

impl<'a> Public<'a> {
    /// The view of `identity` under the configuration of `snapshot`.
    #[must_use]
    pub fn new(identity: &'a Identity, snapshot: &Snapshot) -> Self {
        Self::at(identity, &snapshot.public_base_url)
    }

    /// Leaves out the addresses, as lists of sessions do.
    #[must_use]
    pub fn without_addresses(self) -> Self {
        Self {
            verifiable_addresses: &[],
            recovery_addresses: &[],
            ..self
        }
    }

    /// The view of `identity` for a public port at `base_url`, which ends in a slash.
    fn at(identity: &'a Identity, base_url: &str) -> Self {
        Self {
            id: identity.id,
            external_id: identity.external_id.as_deref(),
            schema_id: &identity.schema_id,
            schema_url: schema_url(base_url, &identity.schema_id),
            state: identity.state,
            state_changed_at: identity.state_changed_at,
            traits: &identity.traits,
            verifiable_addresses: &identity.verifiable_addresses,
            recovery_addresses: &identity.recovery_addresses,
            metadata_public: identity.metadata_public.as_ref(),
            created_at: identity.created_at,
            updated_at: identity.updated_at,
            organization_id: identity.organization_id,
        }
    }
}

/// Where clients find the schema with this id. Ids may hold any character, hence the encoding.
#[must_use]
pub fn schema_url(base_url: &str, schema_id: &str) -> String {
    format!("{base_url}schemas/{}", URL_SAFE_NO_PAD.encode(schema_id))
}

/// What an administrator may see of an identity.
#[derive(Serialize)]
pub struct Admin<'a> {
    #[serde(flatten)]
    public: Public<'a>,
    metadata_admin: Option<&'a Json>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    credentials: BTreeMap<&'static str, CredentialView<'a>>,
}

/// A credential. Its configuration is secret and left out unless asked for.
#[derive(Serialize)]
struct CredentialView<'a> {
    #[serde(rename = "type")]
    kind: CredentialsType,
    identifiers: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<Cow<'a, Json>>,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl<'a> Admin<'a> {
    /// The view of `identity` and its credentials, without any configuration of them.
    #[must_use]
    pub fn new(identity: &'a Identity, credentials: &'a Credentials, snapshot: &Snapshot) -> Self {
        Self::at(identity, credentials, &snapshot.public_base_url)
    }

    fn at(identity: &'a Identity, credentials: &'a Credentials, base_url: &str) -> Self {
        Self {
            public: Public::at(identity, base_url),
            metadata_admin: identity.metadata_admin.as_ref(),
            credentials: credentials
                .iter()
                .map(|credential| (credential.kind.as_str(), CredentialView::new(credential)))
                .collect(),
        }
    }

    /// Adds the configuration of one credential, if there is one of that kind.
    pub fn reveal(&mut self, kind: CredentialsType, config: Cow<'a, Json>) {
        if let Some(credential) = self.credentials.get_mut(kind.as_str()) {
            credential.config = Some(config);
        }
    }
}

impl<'a> CredentialView<'a> {
    fn new(credential: &'a Credential) -> Self {
        Self {
            kind: credential.kind,
            identifiers: &credential.identifiers,
            config: None,
            version: credential.version,
            created_at: credential.created_at,
            updated_at: credential.updated_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::identity::tests::sample;

    fn public(identity: &Identity) -> Value {
        serde_json::to_value(Public::at(identity, "https://id.example.org/")).unwrap()
    }

    #[test]
    fn an_identity_without_extras_shows_null_for_what_clients_expect_to_be_there() {
        let mut identity = sample::identity();
        identity.verifiable_addresses.clear();
        identity.recovery_addresses.clear();
        identity.state_changed_at = None;
        assert_eq!(
            public(&identity),
            json!({
                "id": identity.id,
                "schema_id": "default",
                "schema_url": "https://id.example.org/schemas/ZGVmYXVsdA",
                "state": "active",
                "traits": { "email": "ada@example.org" },
                "metadata_public": null,
                "created_at": "2026-01-02T03:04:05Z",
                "updated_at": "2026-01-02T03:04:05Z",
                "organization_id": null,
            })
        );
    }

    #[test]
    fn traits_keep_the_text_they_were_stored_with() {
        let mut identity = sample::identity();
        identity.traits = Json::from_text(r#"{"z": 1.0,  "a": 2}"#.into()).unwrap();
        let text = serde_json::to_string(&Public::at(&identity, "/")).unwrap();
        assert!(text.contains(r#""traits":{"z": 1.0,  "a": 2}"#), "{text}");
    }

    #[test]
    fn addresses_and_the_external_id_are_shown_when_there_are_any() {
        let mut identity = sample::identity();
        identity.external_id = Some("crm/7".to_owned());
        let view = public(&identity);
        assert_eq!(view["external_id"], "crm/7");
        assert_eq!(view["verifiable_addresses"][0]["status"], "pending");
        assert_eq!(view["verifiable_addresses"][0].get("verified_at"), None);
        assert_eq!(view["recovery_addresses"][0]["via"], "email");
    }

    #[test]
    fn addresses_can_be_left_out() {
        let identity = sample::identity();
        let brief = Public::at(&identity, "/").without_addresses();
        let brief = serde_json::to_value(brief).unwrap();
        assert_eq!(brief.get("verifiable_addresses"), None);
        assert_eq!(brief.get("recovery_addresses"), None);
        assert_eq!(brief["traits"]["email"], "ada@example.org");
    }

    #[test]
    fn only_an_administrator_sees_admin_metadata_and_credentials() {
        let mut identity = sample::identity();
        identity.metadata_admin = Some(Json::from(json!({ "risk": 3 })));
        let credentials = sample::password("$2a$04$hash");
        assert_eq!(public(&identity).get("metadata_admin"), None);
        let view = serde_json::to_value(Admin::at(&identity, &credentials, "/")).unwrap();
        assert_eq!(view["metadata_admin"], json!({ "risk": 3 }));
        assert_eq!(
            view["credentials"]["password"]["identifiers"],
            json!(["ada@example.org"])
        );
        assert_eq!(view["traits"]["email"], "ada@example.org");
    }

    #[test]
    fn a_configuration_is_shown_only_once_revealed() {
        let identity = sample::identity();
        let credentials = sample::password("$2a$04$hash");
        let mut view = Admin::at(&identity, &credentials, "/");
        let text = serde_json::to_string(&view).unwrap();
        assert!(!text.contains("hash\""), "{text}");
        let config = &credentials.get(CredentialsType::Password).unwrap().config;
        view.reveal(CredentialsType::Password, Cow::Borrowed(config));
        view.reveal(CredentialsType::Totp, Cow::Borrowed(config));
        let value = serde_json::to_value(&view).unwrap();
        assert_eq!(
            value["credentials"]["password"]["config"],
            json!({ "hashed_password": "$2a$04$hash" })
        );
        assert_eq!(value["credentials"].get("totp"), None);
    }

    #[test]
    fn a_schema_id_becomes_one_path_segment() {
        assert_eq!(
            schema_url("https://x/", "a/b ü?"),
            "https://x/schemas/YS9iIMO8Pw"
        );
    }
}
