//! The configuration of credentials, for an administrator who asks for it.

use std::borrow::Cow;

use ipse_crypto::Cipher;
use ipse_model::{Credential, Credentials, CredentialsType, Json};
use serde_json::Value;

use crate::identity::view::Admin;
use crate::{ApiError, Cx, Request};

/// Tokens of providers, which are sealed in the database.
const SEALED: [&str; 3] = [
    "initial_id_token",
    "initial_access_token",
    "initial_refresh_token",
];
/// What their seal is bound to.
pub(super) const TOKEN_PURPOSE: &str = "provider token";

/// The kinds of credentials whose configuration is asked for.
pub(super) fn included(request: &Request) -> Result<Vec<CredentialsType>, ApiError> {
    request
        .query
        .iter()
        .filter(|(key, _)| key == "include_credential")
        .map(|(_, name)| {
            CredentialsType::from_name(name).ok_or_else(|| {
                ApiError::bad_request(format!("There are no credentials of the kind {name:?}."))
            })
        })
        .collect()
}

/// Adds the configuration of these kinds to a view.
pub(super) fn reveal<'a>(
    cx: &Cx,
    view: &mut Admin<'a>,
    credentials: &'a Credentials,
    kinds: &[CredentialsType],
) {
    for credential in kinds.iter().filter_map(|kind| credentials.get(*kind)) {
        view.reveal(
            credential.kind,
            config(&cx.snapshot.data_cipher, credential),
        );
    }
}

fn config<'a>(cipher: &Cipher, credential: &'a Credential) -> Cow<'a, Json> {
    match credential.kind {
        CredentialsType::Oidc | CredentialsType::Saml => {
            let mut config = credential.config.to_value();
            let providers = config.get_mut("providers").and_then(Value::as_array_mut);
            for provider in providers.into_iter().flatten() {
                open_tokens(cipher, provider);
            }
            Cow::Owned(Json::from(config))
        }
        _ => Cow::Borrowed(&credential.config),
    }
}

/// Puts tokens in place of sealed ones. What can't be opened any more, because its key is gone, is left out.
fn open_tokens(cipher: &Cipher, provider: &mut Value) {
    let Some(provider) = provider.as_object_mut() else {
        return;
    };
    for name in SEALED {
        let Some(sealed) = provider.get(name).and_then(Value::as_str) else {
            continue;
        };
        match cipher.open_text(TOKEN_PURPOSE, sealed) {
            Some(token) => provider.insert(name.to_owned(), Value::String(token)),
            None => provider.remove(name),
        };
    }
}

#[cfg(test)]
mod tests {
    use ipse_crypto::CipherAlgorithm;
    use ipse_model::Random;
    use serde_json::json;

    use super::*;
    use crate::identity::sample;

    fn cipher(key: &str) -> Cipher {
        Cipher::new(CipherAlgorithm::XChaCha20Poly1305, [key]).unwrap()
    }

    #[test]
    fn tokens_of_providers_are_opened() {
        let cipher = cipher("one");
        let sealed = cipher.seal(&Random::seeded(1), TOKEN_PURPOSE, "the token");
        let credential = sample::credential(
            CredentialsType::Oidc,
            "one:1",
            json!({ "providers": [{ "subject": "1", "provider": "one", "initial_id_token": sealed }] }),
        );
        assert_eq!(
            config(&cipher, &credential).to_value()["providers"][0],
            json!({ "subject": "1", "provider": "one", "initial_id_token": "the token" })
        );
        assert_eq!(
            config(&self::cipher("other"), &credential).to_value()["providers"][0],
            json!({ "subject": "1", "provider": "one" })
        );
    }

    #[test]
    fn other_configurations_are_shown_as_they_are() {
        let credential = sample::credential(
            CredentialsType::Totp,
            "id",
            json!({ "totp_url": "otpauth://…" }),
        );
        assert!(matches!(
            config(&cipher("one"), &credential),
            Cow::Borrowed(_)
        ));
    }
}
