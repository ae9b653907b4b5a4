//! Codes of authenticator apps: a second factor.

mod login;
mod nodes;
mod settings;

use ipse_crypto::Cipher;
use ipse_crypto::totp::Totp as Shared;
use ipse_model::{Credentials, CredentialsType, Json, MethodId, Random};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Method;

/// The method.
#[derive(Debug)]
pub struct Totp;

impl Method for Totp {
    fn id(&self) -> MethodId {
        MethodId::Totp
    }
}

/// What the seal of a stored secret is bound to.
const PURPOSE: &str = "totp";

/// The configuration of the credential.
#[derive(Default, Serialize, Deserialize)]
struct Config {
    /// The address that enrols an app, with the secret in it, sealed.
    #[serde(default)]
    totp_url: String,
}

/// The configuration of a credential with this address.
fn seal(cipher: &Cipher, random: &Random, url: &str) -> Json {
    let config = Config {
        totp_url: cipher.seal(random, PURPOSE, url),
    };
    Json::from_serialize(&config).expect("a text has a JSON form")
}

/// The secret that the owner of these credentials shares with an app.
fn secret(cipher: &Cipher, credentials: &Credentials) -> Option<Shared> {
    let credential = credentials.get(CredentialsType::Totp)?;
    let config: Config = credential.config.parse().ok()?;
    let opened = Shared::from_url(&cipher.open_text(PURPOSE, &config.totp_url)?);
    opened
        .inspect_err(|error| tracing::warn!(%error, "a stored TOTP secret can't be used"))
        .ok()
}

/// The configuration of a credential as an administrator sees it: with the address in the open, if its key is still there.
pub(crate) fn reveal(cipher: &Cipher, config: &Json) -> Json {
    let mut config = config.to_value();
    let sealed = config.get("totp_url").and_then(Value::as_str);
    if let Some(url) = sealed.and_then(|sealed| cipher.open_text(PURPOSE, sealed)) {
        config["totp_url"] = Value::String(url);
    }
    Json::from(config)
}

#[cfg(test)]
mod tests;
