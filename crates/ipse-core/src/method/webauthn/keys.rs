//! The keys of an account, as they are stored.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ipse_model::{Credential, Json, Timestamp};
use ipse_webauthn::NewKey;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The configuration of a credential of security keys or passkeys.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Keys {
    #[serde(default)]
    pub(crate) credentials: Vec<Key>,
    /// What the keys remember of the account.
    #[serde(default)]
    pub(crate) user_handle: Bytes,
}

/// A key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) id: Bytes,
    pub(crate) public_key: Bytes,
    #[serde(default)]
    pub(crate) attestation_type: String,
    pub(crate) authenticator: Authenticator,
    #[serde(default)]
    pub(crate) display_name: String,
    pub(crate) added_at: Timestamp,
    #[serde(default)]
    pub(crate) is_passwordless: bool,
    /// What this key remembers of the account, where each has something of its own.
    #[serde(default, skip_serializing_if = "Bytes::is_empty")]
    pub(crate) user_handle: Bytes,
}

/// What is known of the authenticator that has a key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Authenticator {
    #[serde(default)]
    pub(crate) aaguid: Bytes,
    #[serde(default)]
    pub(crate) sign_count: u32,
    #[serde(default)]
    pub(crate) clone_warning: bool,
}

/// Bytes, in base64 with padding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Bytes {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?.unwrap_or_default();
        STANDARD.decode(text).map(Self).map_err(de::Error::custom)
    }
}

impl Key {
    /// A key that was made just now.
    pub(crate) fn new(made: NewKey, now: Timestamp) -> Self {
        Self {
            id: Bytes(made.id),
            public_key: Bytes(made.public_key),
            attestation_type: made.attestation,
            authenticator: Authenticator {
                aaguid: Bytes(made.aaguid.to_vec()),
                sign_count: made.counter,
                clone_warning: false,
            },
            display_name: String::new(),
            added_at: now,
            is_passwordless: false,
            user_handle: Bytes::default(),
        }
    }

    /// Its id as forms name it.
    pub(crate) fn name(&self) -> String {
        self.id.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Keys {
    /// The keys of a credential; none when there is no credential.
    pub(crate) fn of(credential: Option<&Credential>) -> Self {
        let parsed = credential.map(|credential| credential.config.parse::<Self>());
        parsed.and_then(Result::ok).unwrap_or_default()
    }

    /// As the configuration of a credential.
    pub(crate) fn to_json(&self) -> Json {
        Json::from_serialize(self).expect("keys have a JSON form")
    }

    /// The keys in the order in which forms list them, which stays the same.
    pub(crate) fn sorted(&self) -> Vec<&Key> {
        let mut keys: Vec<&Key> = self.credentials.iter().collect();
        keys.sort_by(|a, b| a.id.0.cmp(&b.id.0));
        keys
    }

    /// The key of that id.
    pub(crate) fn find(&self, id: &[u8]) -> Option<&Key> {
        self.credentials.iter().find(|key| key.id.0 == id)
    }

    /// The ids of the keys that are `passwordless`, or that aren't.
    pub(crate) fn ids(&self, passwordless: bool) -> Vec<Vec<u8>> {
        let keys = self
            .credentials
            .iter()
            .filter(|key| key.is_passwordless == passwordless);
        keys.map(|key| key.id.0.clone()).collect()
    }

    /// Takes out the key that a form names.
    pub(crate) fn take(&mut self, name: &str) -> Option<Key> {
        let place = self.credentials.iter().position(|key| key.name() == name)?;
        Some(self.credentials.remove(place))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::identity::tests::sample;

    fn key(id: &[u8]) -> Key {
        let made = NewKey {
            id: id.to_vec(),
            public_key: vec![1],
            aaguid: [0; 16],
            counter: 3,
            attestation: "none".to_owned(),
        };
        Key::new(made, sample::now())
    }

    #[test]
    fn keys_are_stored_in_base64_and_named_in_hexadecimal() {
        let keys = Keys {
            credentials: vec![key(&[0, 255])],
            user_handle: Bytes(vec![7]),
        };
        let stored = keys.to_json().to_value();
        assert_eq!(stored["credentials"][0]["id"], "AP8=");
        assert_eq!(stored["credentials"][0]["authenticator"]["sign_count"], 3);
        assert_eq!(stored["user_handle"], "Bw==");
        assert_eq!(keys.credentials[0].name(), "00ff");
        let kind = ipse_model::CredentialsType::Webauthn;
        assert_eq!(
            Keys::of(Some(&sample::credential(kind, "ada", stored))),
            keys
        );
    }

    #[test]
    fn a_credential_without_keys_has_none() {
        let kind = ipse_model::CredentialsType::Webauthn;
        for odd in [
            json!({}),
            json!([]),
            json!({ "credentials": [{ "id": "?" }] }),
        ] {
            assert_eq!(
                Keys::of(Some(&sample::credential(kind, "ada", odd))),
                Keys::default()
            );
        }
        assert_eq!(Keys::of(None), Keys::default());
    }

    #[test]
    fn keys_are_listed_found_and_taken_out() {
        let mut second = key(&[1]);
        second.is_passwordless = true;
        let mut keys = Keys {
            credentials: vec![key(&[2]), second],
            ..Keys::default()
        };
        assert_eq!(keys.sorted()[0].id.0, [1]);
        assert_eq!(
            (keys.ids(true), keys.ids(false)),
            (vec![vec![1]], vec![vec![2]])
        );
        assert!(keys.find(&[2]).is_some() && keys.find(&[3]).is_none());
        assert_eq!(keys.take("03"), None);
        assert_eq!(keys.take("02").map(|key| key.id.0), Some(vec![2]));
        assert_eq!(keys.credentials.len(), 1);
    }
}
