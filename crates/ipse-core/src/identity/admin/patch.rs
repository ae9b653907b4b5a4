//! `PATCH /admin/identities/{id}`: an identity changed by JSON Patch.
//!
//! The changes are made to the JSON an administrator sees, with the configuration of credentials as it is stored. What comes
//! out is read back with its types, so that no change makes an identity that isn't one.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ipse_model::{
    Credential, Credentials, CredentialsType, Identity, IdentityState, Json, Timestamp, Uuid,
    VerifiableAddress,
};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::json_patch::{Operation, apply};
use super::update::set_state;
use super::{TRIES, find, overtaken, refused, save};
use crate::identity::sync;
use crate::identity::view::Admin;
use crate::{ApiError, Cx};

/// Changes an identity.
///
/// # Errors
/// 404 when there is none of that id, 400 when a change can't be made, 409 when another identity has an identifier.
pub async fn patch(cx: &Cx, id: &str, body: &[u8]) -> Result<String, ApiError> {
    let operations: Vec<Operation> =
        serde_json::from_slice(body).map_err(|error| failed(&error))?;
    if let Some(denied) = operations.iter().find(|operation| is_denied(operation)) {
        return Err(not_applied(format!("{:?} can't be changed.", denied.path)));
    }
    for _ in 0..TRIES {
        let (mut identity, mut credentials) = find(cx, id).await?;
        let before = credentials.clone();
        let mut document = document(cx, &identity, &credentials)?;
        apply(&mut document, &operations).map_err(|error| failed(&error))?;
        let patched: Patched = serde_json::from_value(document).map_err(|error| failed(&error))?;
        let traits = patched.write(&mut identity, &mut credentials, cx.now);
        sync(cx, &mut identity, &mut credentials, traits).map_err(refused)?;
        if let Some(shown) = save(cx, &identity, (&before, &credentials)).await? {
            return Ok(shown);
        }
    }
    Err(overtaken())
}

fn failed(error: &dyn std::error::Error) -> ApiError {
    not_applied(error.to_string())
}

fn not_applied(reason: String) -> ApiError {
    ApiError::new(400, "The JSON patch could not be applied").reason(reason)
}

/// Whether a change is of something that an administrator may not touch: who it is, all credentials at once, and accounts
/// at providers, which would make somebody else's account the way in.
fn is_denied(operation: &Operation) -> bool {
    let steps: Vec<String> = operation
        .steps()
        .unwrap_or_default()
        .iter()
        .map(|step| step.to_ascii_lowercase())
        .collect();
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    matches!(
        steps.as_slice(),
        ["id" | "statechangedat" | "credentials"] | ["credentials", "oidc" | "saml", ..]
    )
}

/// What the changes are made to.
fn document(cx: &Cx, identity: &Identity, credentials: &Credentials) -> Result<Value, ApiError> {
    let mut view = Admin::new(identity, credentials, &cx.snapshot);
    for credential in credentials.iter() {
        view.reveal(credential.kind, Cow::Borrowed(&credential.config));
    }
    serde_json::to_value(&view).map_err(|error| ApiError::internal(&error))
}

/// What came out. Members that can be written but have no effect are read all the same, for their types.
#[derive(Deserialize)]
struct Patched {
    schema_id: String,
    state: IdentityState,
    #[serde(default)]
    traits: Value,
    #[serde(default)]
    verifiable_addresses: Option<Vec<VerifiableAddress>>,
    #[serde(default)]
    metadata_public: Option<Json>,
    #[serde(default)]
    metadata_admin: Option<Json>,
    #[serde(default)]
    external_id: Option<String>,
    #[serde(default)]
    organization_id: Option<Uuid>,
    #[serde(default)]
    credentials: BTreeMap<CredentialsType, Credential>,
    #[serde(default, rename = "recovery_addresses")]
    _recovery_addresses: Option<Vec<IgnoredAny>>,
    #[serde(default, rename = "state_changed_at")]
    _state_changed_at: Option<Timestamp>,
    #[serde(default, rename = "created_at")]
    _created_at: Option<Timestamp>,
    #[serde(default, rename = "updated_at")]
    _updated_at: Option<Timestamp>,
}

impl Patched {
    /// Takes over everything but the traits, which are given back.
    fn write(
        self,
        identity: &mut Identity,
        credentials: &mut Credentials,
        now: Timestamp,
    ) -> Value {
        set_state(identity, self.state, now);
        identity.schema_id = self.schema_id;
        identity.metadata_public = self.metadata_public;
        identity.metadata_admin = self.metadata_admin;
        identity.external_id = self.external_id.filter(|id| !id.is_empty());
        identity.organization_id = self.organization_id;
        identity.verifiable_addresses = merged(
            &identity.verifiable_addresses,
            self.verifiable_addresses.unwrap_or_default(),
            now,
        );
        for kind in CredentialsType::ALL {
            match (self.credentials.get(&kind), credentials.get_mut(kind)) {
                (Some(patched), Some(credential)) if patched.config != credential.config => {
                    credential.config = patched.config.clone();
                    credential.updated_at = now;
                }
                (Some(_), Some(_)) | (None, None) => {}
                (Some(patched), None) => credentials.set(Credential {
                    kind,
                    ..patched.clone()
                }),
                (None, Some(_)) => drop(credentials.remove(kind)),
            }
        }
        self.traits
    }
}

/// The addresses as changed. Ids and times of creation stay; one that is declared verified was verified now.
fn merged(
    before: &[VerifiableAddress],
    patched: Vec<VerifiableAddress>,
    now: Timestamp,
) -> Vec<VerifiableAddress> {
    patched
        .into_iter()
        .map(|mut address| {
            address.verified_at = address.verified.then(|| address.verified_at.unwrap_or(now));
            if !before.contains(&address) {
                address.updated_at = now;
            }
            address
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::identity::tests::sample;

    fn later() -> Timestamp {
        "2026-02-03T00:00:00Z".parse().unwrap()
    }

    fn operation(path: &str) -> Operation {
        serde_json::from_value(json!({ "op": "replace", "path": path, "value": "x" })).unwrap()
    }

    /// What changes make of Ada.
    fn patched(operations: &Value) -> Result<(Identity, Credentials, Value), String> {
        let (mut identity, mut credentials) = (sample::identity(), sample::password("old"));
        let config = &credentials.get(CredentialsType::Password).unwrap().config;
        let mut document = json!({
            "id": identity.id, "schema_id": "default", "state": "active",
            "traits": identity.traits, "verifiable_addresses": identity.verifiable_addresses,
            "metadata_public": null, "metadata_admin": null, "created_at": sample::now(),
            "credentials": { "password": {
                "type": "password", "identifiers": ["ada@example.org"], "config": config, "version": 0,
                "created_at": sample::now(), "updated_at": sample::now(),
            } },
        });
        let operations: Vec<Operation> = serde_json::from_value(operations.clone()).unwrap();
        apply(&mut document, &operations).map_err(|error| error.to_string())?;
        let patched: Patched =
            serde_json::from_value(document).map_err(|error| error.to_string())?;
        let traits = patched.write(&mut identity, &mut credentials, later());
        Ok((identity, credentials, traits))
    }

    fn replaced(path: &str, value: &Value) -> Result<(Identity, Credentials, Value), String> {
        patched(&json!([{ "op": "replace", "path": path, "value": value }]))
    }

    #[test]
    fn who_it_is_and_accounts_at_providers_cannot_be_changed() {
        for path in [
            "/id",
            "/ID",
            "/stateChangedAt",
            "/credentials",
            "/credentials/oidc/config/x",
            "/credentials/SAML",
        ] {
            assert!(is_denied(&operation(path)), "{path}");
        }
        for path in [
            "/state",
            "/traits/id",
            "/credentials/password/config/hashed_password",
            "/idx",
            "",
        ] {
            assert!(!is_denied(&operation(path)), "{path}");
        }
    }

    #[test]
    fn nothing_changes_without_changes() {
        let (identity, credentials, traits) = patched(&json!([])).unwrap();
        assert_eq!(identity, sample::identity());
        assert_eq!(credentials, sample::password("old"));
        assert_eq!(traits, json!({ "email": "ada@example.org" }));
    }

    #[test]
    fn values_of_another_type_are_refused() {
        for (path, value) in [
            ("/state", json!("asleep")),
            ("/schema_id", json!(1)),
            ("/organization_id", json!("x")),
            ("/created_at", json!("x")),
            ("/state_changed_at", json!("x")),
            ("/credentials/password", json!("x")),
            ("/credentials/password/type", json!("x")),
            ("/verifiable_addresses/0/verified", json!("x")),
            ("/recovery_addresses", json!("x")),
        ] {
            assert!(replaced(path, &value).is_err(), "{path}");
        }
    }

    #[test]
    fn members_nobody_knows_are_passed_over() {
        let (identity, ..) = replaced("/nid", &json!("x")).unwrap();
        assert_eq!(identity, sample::identity());
    }

    #[test]
    fn metadata_state_and_names_are_taken_over() {
        let (identity, ..) = patched(&json!([
            { "op": "add", "path": "/metadata_public/list", "value": [1] },
            { "op": "replace", "path": "/state", "value": "inactive" },
            { "op": "add", "path": "/external_id", "value": "crm/7" },
        ]))
        .unwrap();
        assert_eq!(
            identity.metadata_public,
            Some(Json::from(json!({ "list": [1] })))
        );
        assert_eq!(
            (identity.state, identity.state_changed_at),
            (IdentityState::Inactive, Some(later()))
        );
        assert_eq!(identity.external_id.as_deref(), Some("crm/7"));
    }

    #[test]
    fn an_address_can_be_declared_verified() {
        let (identity, ..) = replaced("/verifiable_addresses/0/verified", &json!(true)).unwrap();
        let address = &identity.verifiable_addresses[0];
        assert_eq!(address.id, sample::identity().verifiable_addresses[0].id);
        assert_eq!(
            (address.verified_at, address.updated_at),
            (Some(later()), later())
        );
    }

    #[test]
    fn the_configuration_of_a_credential_can_be_changed_and_the_whole_removed() {
        let path = "/credentials/password/config/hashed_password";
        let (_, credentials, _) = replaced(path, &json!("new")).unwrap();
        let password = credentials.get(CredentialsType::Password).unwrap();
        assert_eq!(
            password.config,
            Json::from(json!({ "hashed_password": "new" }))
        );
        assert_eq!(
            (password.created_at, password.updated_at),
            (sample::now(), later())
        );
        let remove = json!([{ "op": "remove", "path": "/credentials/password" }]);
        assert!(patched(&remove).unwrap().1.is_empty());
    }
}
