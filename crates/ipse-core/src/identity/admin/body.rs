//! What an administrator sends to create or replace an identity.

use ipse_model::{
    AddressStatus, Channel, IdentityState, Json, RecoveryAddress, Timestamp, Uuid,
    VerifiableAddress,
};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Error};
use serde_json::{Map, Value};

use crate::identity::Draft;
use crate::schema::normalise_address;
use crate::{ApiError, Cx};

/// An identity to be created. Unknown keys are refused: a misspelt one would be lost silently.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Create {
    schema_id: Option<String>,
    traits: Option<Value>,
    pub(super) credentials: Option<ImportedCredentials>,
    verifiable_addresses: Option<Vec<ImportedAddress>>,
    recovery_addresses: Option<Vec<ImportedAddress>>,
    metadata_public: Option<Json>,
    metadata_admin: Option<Json>,
    state: Option<String>,
    organization_id: Option<Uuid>,
    external_id: Option<String>,
}

/// An identity in place of what there is. Keys it doesn't know are passed over, so that what was read can be sent back.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Update {
    pub(super) schema_id: Option<String>,
    pub(super) traits: Option<Value>,
    pub(super) credentials: Option<ImportedCredentials>,
    pub(super) metadata_public: Option<Json>,
    pub(super) metadata_admin: Option<Json>,
    pub(super) state: Option<String>,
    pub(super) external_id: Option<String>,
}

/// Credentials that come from elsewhere.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ImportedCredentials {
    pub(super) password: Option<Imported<ImportedPassword>>,
    pub(super) oidc: Option<Imported<ImportedProviders>>,
    pub(super) saml: Option<Imported<ImportedProviders>>,
}

/// The wrapping that every kind of credential has.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Imported<T: Default> {
    pub(super) config: T,
}

/// A password as it is, as a hash, or known to the password migration hook only.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ImportedPassword {
    pub(super) hashed_password: String,
    pub(super) password: String,
    pub(super) use_password_migration_hook: bool,
}

impl ImportedPassword {
    /// Whether it has to be hashed. A hash that came along counts before the password itself.
    pub(super) fn is_plain(&self) -> bool {
        self.hashed_password.is_empty() && !self.password.is_empty()
    }
}

impl std::fmt::Debug for ImportedPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ImportedPassword(…)")
    }
}

/// Accounts at providers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ImportedProviders {
    pub(super) providers: Vec<ImportedProvider>,
}

/// An account at a provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ImportedProvider {
    pub(super) provider: String,
    pub(super) subject: String,
    #[serde(default)]
    pub(super) organization: Option<Uuid>,
    #[serde(default)]
    pub(super) use_auto_link: bool,
}

/// What is known already about an address.
#[derive(Clone, Debug, Deserialize)]
struct ImportedAddress {
    #[serde(default)]
    value: String,
    #[serde(default)]
    via: String,
    #[serde(default)]
    verified: bool,
    #[serde(default)]
    status: String,
    #[serde(default)]
    verified_at: Option<Timestamp>,
}

impl ImportedAddress {
    /// Its channel and the value as addresses are kept; none for a channel that isn't one, which no trait can name either.
    fn place(&self) -> Option<(Channel, String)> {
        let channel = [Channel::Email, Channel::Sms]
            .into_iter()
            .find(|via| via.as_str() == self.via)?;
        Some((channel, normalise_address(channel, &self.value)))
    }

    fn verifiable(&self, cx: &Cx) -> Option<VerifiableAddress> {
        let (via, value) = self.place()?;
        Some(VerifiableAddress {
            id: cx.random().uuid(),
            value,
            verified: self.verified,
            via,
            status: match self.status.as_str() {
                "completed" => AddressStatus::Completed,
                "sent" => AddressStatus::Sent,
                "" if self.verified => AddressStatus::Completed,
                _ => AddressStatus::Pending,
            },
            verified_at: self.verified.then(|| self.verified_at.unwrap_or(cx.now)),
            created_at: cx.now,
            updated_at: cx.now,
        })
    }

    fn recovery(&self, cx: &Cx) -> Option<RecoveryAddress> {
        let (via, value) = self.place()?;
        Some(RecoveryAddress {
            id: cx.random().uuid(),
            value,
            via,
            created_at: cx.now,
            updated_at: cx.now,
        })
    }
}

impl Create {
    /// The draft of the identity, without imported credentials.
    pub(super) fn draft(self, cx: &Cx) -> Result<Draft, ApiError> {
        let default = &cx.config().identity.default_schema_id;
        let schema_id = self
            .schema_id
            .filter(|id| !id.is_empty())
            .unwrap_or_else(|| default.clone());
        let verifiable = self.verifiable_addresses.unwrap_or_default();
        let recovery = self.recovery_addresses.unwrap_or_default();
        Ok(Draft {
            metadata_public: self.metadata_public,
            metadata_admin: self.metadata_admin,
            state: state(self.state.as_deref())?.unwrap_or(IdentityState::Active),
            external_id: self.external_id.filter(|id| !id.is_empty()),
            organization_id: self.organization_id,
            verifiable_addresses: verifiable.iter().filter_map(|a| a.verifiable(cx)).collect(),
            recovery_addresses: recovery.iter().filter_map(|a| a.recovery(cx)).collect(),
            ..Draft::new(schema_id, or_empty(self.traits))
        })
    }

    /// Whether a password has to be hashed for it.
    pub(super) fn has_plain_password(&self) -> bool {
        let password = self
            .credentials
            .as_ref()
            .and_then(|them| them.password.as_ref());
        password.is_some_and(|password| password.config.is_plain())
    }

    /// Takes out the password that has to be hashed.
    pub(super) fn take_plain_password(&mut self) -> Option<String> {
        let password = &mut self.credentials.as_mut()?.password.as_mut()?.config;
        password
            .is_plain()
            .then(|| std::mem::take(&mut password.password))
    }

    /// Puts the hash of the password in its place.
    pub(super) fn set_password_hash(&mut self, hash: String) {
        let credentials = self.credentials.get_or_insert_default();
        credentials
            .password
            .get_or_insert_default()
            .config
            .hashed_password = hash;
    }
}

/// Traits that weren't sent are empty.
pub(super) fn or_empty(traits: Option<Value>) -> Value {
    traits.unwrap_or_else(|| Value::Object(Map::new()))
}

/// The state of that name; none when nothing was sent.
pub(super) fn state(name: Option<&str>) -> Result<Option<IdentityState>, ApiError> {
    match name {
        None | Some("") => Ok(None),
        Some("active") => Ok(Some(IdentityState::Active)),
        Some("inactive") => Ok(Some(IdentityState::Inactive)),
        Some(other) => Err(ApiError::bad_request(format!(
            "The state of an identity is \"active\" or \"inactive\", not {other:?}."
        ))),
    }
}

/// Reads a body, which has to be an object. (A list would be taken for the members in their order.)
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, serde_json::Error> {
    if body.trim_ascii_start().starts_with(b"[") {
        return Err(serde_json::Error::custom(
            "expected an object and found a list",
        ));
    }
    serde_json::from_slice(body)
}

/// The refusal of a body that can't be read. What is wrong with it is a hint for developers.
pub(super) fn unreadable(error: &serde_json::Error) -> ApiError {
    ApiError::new(
        400,
        "The request body is not the JSON object that is expected here",
    )
    .detail("hint", error.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn create(body: &Value) -> Result<Create, serde_json::Error> {
        parse(body.to_string().as_bytes())
    }

    #[test]
    fn nulls_are_as_good_as_nothing() {
        let body = create(&json!({
            "schema_id": null, "traits": null, "credentials": null, "verifiable_addresses": null,
            "metadata_public": null, "state": null, "organization_id": null, "external_id": null,
        }))
        .unwrap();
        assert!(body.metadata_public.is_none() && body.credentials.is_none());
        assert!(!body.has_plain_password());
        assert_eq!(or_empty(body.traits), json!({}));
    }

    #[test]
    fn unknown_keys_and_credentials_that_cannot_be_imported_are_refused() {
        for odd in [
            json!({ "colour": "red" }),
            json!({ "credentials": { "totp": { "config": { "totp_url": "x" } } } }),
            json!({ "credentials": { "password": { "config": { "pasword": "x" } } } }),
            json!({ "schema_id": 1 }),
            json!({ "organization_id": "x" }),
            json!([]),
        ] {
            let error = create(&odd).unwrap_err();
            let error = unreadable(&error);
            assert_eq!((error.status, &error.reason), (400, &None), "{odd}");
        }
        assert!(parse::<Update>(br#"{"colour": "red"}"#).is_ok());
    }

    #[test]
    fn only_two_states_exist() {
        assert_eq!(state(None).unwrap(), None);
        assert_eq!(state(Some("")).unwrap(), None);
        assert_eq!(
            state(Some("inactive")).unwrap(),
            Some(IdentityState::Inactive)
        );
        assert!(
            state(Some("asleep"))
                .unwrap_err()
                .reason
                .unwrap()
                .contains("asleep")
        );
    }

    #[test]
    fn an_address_on_an_unknown_channel_is_nowhere() {
        let address = |via: &str| ImportedAddress {
            value: " ADA@example.org".to_owned(),
            via: via.to_owned(),
            verified: true,
            status: String::new(),
            verified_at: None,
        };
        assert_eq!(address("pigeon").place(), None);
        assert_eq!(
            address("email").place(),
            Some((Channel::Email, "ada@example.org".to_owned()))
        );
    }

    #[test]
    fn an_imported_password_is_not_printed() {
        let body = json!({ "credentials": { "password": { "config": { "password": "s3cret" } } } });
        let body = create(&body).unwrap();
        assert!(body.has_plain_password());
        assert!(!format!("{body:?}").contains("s3cret"));
    }
}
