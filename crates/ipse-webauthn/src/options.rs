//! What a browser is told to ask of an authenticator.

use serde_json::{Value, json};

use crate::key::ALGORITHMS;
use crate::{Challenge, to_base64url};

/// The site, as authenticators know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// The domain that keys are bound to.
    pub id: String,
    /// The name people are shown.
    pub name: String,
    /// The origins of the pages that may use keys, as browsers write them.
    pub origins: Vec<String>,
}

/// Whether an authenticator has to make sure who uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// A touch will do.
    Touch,
    /// It has to check a fingerprint or PIN.
    Verified,
}

/// Whom a new key is for.
#[derive(Clone, Copy, Debug)]
pub struct User<'a> {
    /// What the key remembers of the account.
    pub handle: &'a [u8],
    /// The account's name, as the person is shown it when choosing among keys.
    pub name: &'a str,
}

/// What a new key should be like, in the protocol's own words.
#[derive(Clone, Copy, Debug)]
pub struct Creation<'a> {
    /// How the authenticator is connected: `platform` or `cross-platform`.
    pub attachment: Option<&'a str>,
    /// Whether it remembers the key by itself: `required`, `preferred` or `discouraged`.
    pub resident_key: Option<&'a str>,
    /// Whether it makes sure who uses it: `required`, `preferred` or `discouraged`.
    pub user_verification: &'a str,
    /// What it should say of itself: `none`, `indirect`, `direct` or `enterprise`.
    pub attestation: &'a str,
    /// How long the browser waits, in milliseconds.
    pub timeout: u64,
}

/// How a key is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The ids of the keys that will do; empty when any will.
    pub keys: &'a [Vec<u8>],
    /// Whether the authenticator makes sure who uses it.
    pub user_verification: &'a str,
    /// How long the browser waits, in milliseconds.
    pub timeout: u64,
}

impl Party {
    /// The options of `navigator.credentials.create`.
    #[must_use]
    pub fn creation(&self, challenge: &Challenge, user: &User<'_>, wanted: &Creation<'_>) -> Value {
        let algorithms = ALGORITHMS.map(|number| json!({ "type": "public-key", "alg": number }));
        let mut selection = json!({});
        if let Some(attachment) = wanted.attachment {
            selection["authenticatorAttachment"] = json!(attachment);
        }
        if let Some(resident_key) = wanted.resident_key {
            selection["requireResidentKey"] = json!(resident_key == "required");
            selection["residentKey"] = json!(resident_key);
        }
        selection["userVerification"] = json!(wanted.user_verification);
        let mut options = json!({
            "rp": { "name": self.name, "id": self.id },
            "user": { "name": user.name, "displayName": user.name, "id": to_base64url(user.handle) },
            "challenge": to_base64url(challenge),
            "pubKeyCredParams": algorithms,
            "timeout": wanted.timeout,
            "authenticatorSelection": selection,
        });
        if wanted.attestation != "none" {
            options["attestation"] = json!(wanted.attestation);
        }
        json!({ "publicKey": options })
    }

    /// The options of `navigator.credentials.get`.
    #[must_use]
    pub fn request(&self, challenge: &Challenge, wanted: &Request<'_>) -> Value {
        let mut options = json!({
            "challenge": to_base64url(challenge),
            "timeout": wanted.timeout,
            "rpId": self.id,
        });
        if !wanted.keys.is_empty() {
            let key = |id: &Vec<u8>| json!({ "type": "public-key", "id": to_base64url(id) });
            options["allowCredentials"] = wanted.keys.iter().map(key).collect();
        }
        options["userVerification"] = json!(wanted.user_verification);
        json!({ "publicKey": options })
    }
}
