//! Tokens that providers gave out when somebody signed in with them: sealed in the database, open for an administrator who asks.

use ipse_crypto::Cipher;
use ipse_model::{Json, Random};
use serde_json::Value;

/// The members of an account at a provider that hold one.
pub const MEMBERS: [&str; 3] = [
    "initial_id_token",
    "initial_access_token",
    "initial_refresh_token",
];
/// What the seal is bound to.
const PURPOSE: &str = "provider token";

/// A token as it is kept.
#[must_use]
pub fn seal(cipher: &Cipher, random: &Random, token: &str) -> String {
    cipher.seal(random, PURPOSE, token)
}

/// The configuration of a credential with the tokens of its accounts in the open. One that can't be opened any more, because its
/// key is gone, is left out.
#[must_use]
pub fn open(cipher: &Cipher, config: &Json) -> Json {
    let mut config = config.to_value();
    let accounts = config.get_mut("providers").and_then(Value::as_array_mut);
    for account in accounts
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
    {
        for member in MEMBERS {
            let Some(sealed) = account.get(member).and_then(Value::as_str) else {
                continue;
            };
            match cipher.open_text(PURPOSE, sealed) {
                Some(token) => account.insert(member.to_owned(), Value::String(token)),
                None => account.remove(member),
            };
        }
    }
    Json::from(config)
}

#[cfg(test)]
mod tests {
    use ipse_crypto::CipherAlgorithm;
    use serde_json::json;

    use super::*;

    fn cipher(key: &str) -> Cipher {
        Cipher::new(CipherAlgorithm::XChaCha20Poly1305, [key]).unwrap()
    }

    #[test]
    fn sealed_tokens_are_opened_with_the_right_key_only() {
        let sealed = seal(&cipher("one"), &Random::seeded(1), "the token");
        assert!(!sealed.contains("the token"));
        let config = Json::from(json!({ "providers": [
            { "subject": "1", "provider": "one", "initial_id_token": sealed, "initial_access_token": "" },
        ] }));
        assert_eq!(
            open(&cipher("one"), &config).to_value()["providers"][0],
            json!({ "subject": "1", "provider": "one", "initial_id_token": "the token" })
        );
        assert_eq!(
            open(&cipher("other"), &config).to_value()["providers"][0],
            json!({ "subject": "1", "provider": "one" })
        );
    }

    #[test]
    fn odd_configurations_are_left_alone() {
        for odd in [
            json!({}),
            json!([]),
            json!({ "providers": 1 }),
            json!({ "providers": [1] }),
        ] {
            assert_eq!(
                open(&cipher("one"), &Json::from(odd.clone())).to_value(),
                odd
            );
        }
    }
}
