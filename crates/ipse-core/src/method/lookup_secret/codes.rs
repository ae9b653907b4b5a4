//! The codes of an account: made, sealed, shown again and used up.
//!
//! They are sealed and not hashed, because their owner may look at them again.

use ipse_crypto::{Cipher, token};
use ipse_model::{Credential, CredentialsType, Json, Random, Timestamp, Uuid};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How many codes somebody gets.
const COUNT: usize = 12;
/// Characters of a code.
const LENGTH: usize = 8;
/// What the seal of a code is bound to.
const PURPOSE: &str = "lookup secret";

/// One code, as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BackupCode {
    /// The code, sealed.
    pub code: String,
    /// When it was used.
    #[serde(default)]
    pub used_at: Option<Timestamp>,
}

impl BackupCode {
    /// The code, unless its key is gone.
    pub(super) fn open(&self, cipher: &Cipher) -> Option<String> {
        cipher.open_text(PURPOSE, &self.code)
    }
}

/// The configuration of the credential.
#[derive(Default, Serialize, Deserialize)]
struct Config {
    #[serde(default)]
    recovery_codes: Vec<BackupCode>,
}

/// A fresh set.
pub(super) fn generate(cipher: &Cipher, random: &Random) -> Vec<BackupCode> {
    let sealed = || cipher.seal(random, PURPOSE, random.alphanumeric(LENGTH));
    (0..COUNT)
        .map(|_| BackupCode {
            code: sealed(),
            used_at: None,
        })
        .collect()
}

/// A credential with these codes.
pub(super) fn credential(identity_id: Uuid, codes: Vec<BackupCode>, now: Timestamp) -> Credential {
    Credential {
        kind: CredentialsType::LookupSecret,
        identifiers: vec![identity_id.to_string()],
        config: config(codes),
        version: 0,
        created_at: now,
        updated_at: now,
    }
}

fn config(recovery_codes: Vec<BackupCode>) -> Json {
    Json::from_serialize(&Config { recovery_codes }).expect("codes have a JSON form")
}

/// The codes of a credential.
pub(super) fn of(credential: &Credential) -> Vec<BackupCode> {
    credential
        .config
        .parse::<Config>()
        .unwrap_or_default()
        .recovery_codes
}

/// What comes of a code that somebody types.
#[derive(Debug, PartialEq)]
pub(super) enum Used {
    /// It is right, and used up in this credential.
    Now(Credential),
    /// It was used before.
    Before,
    /// There is no such code.
    Never,
}

/// Uses up a code. All are compared, so that the time taken doesn't tell which one it was.
pub(super) fn use_up(
    cipher: &Cipher,
    credential: &Credential,
    typed: &str,
    now: Timestamp,
) -> Used {
    let mut codes = of(credential);
    let found = codes.iter().enumerate().fold(None, |found, (index, code)| {
        let same = code
            .open(cipher)
            .is_some_and(|code| token::equal(code, typed));
        same.then_some(index).or(found)
    });
    match found.and_then(|index| codes.get_mut(index)) {
        None => Used::Never,
        Some(BackupCode {
            used_at: Some(_), ..
        }) => Used::Before,
        Some(code) => {
            code.used_at = Some(now);
            let changed = Credential {
                config: config(codes),
                updated_at: now,
                ..credential.clone()
            };
            Used::Now(changed)
        }
    }
}

/// The configuration of a credential as an administrator sees it: with the codes in the open, as far as their key is still there.
pub(crate) fn reveal(cipher: &Cipher, config: &Json) -> Json {
    let mut config = config.to_value();
    let codes = config
        .get_mut("recovery_codes")
        .and_then(Value::as_array_mut);
    for entry in codes.into_iter().flatten() {
        let sealed = entry.get("code").and_then(Value::as_str);
        if let Some(code) = sealed.and_then(|sealed| cipher.open_text(PURPOSE, sealed)) {
            entry["code"] = Value::String(code);
        }
    }
    Json::from(config)
}

#[cfg(test)]
mod tests {
    use ipse_crypto::CipherAlgorithm;
    use serde_json::json;

    use super::*;
    use crate::identity::tests::sample;

    fn cipher(key: &str) -> Cipher {
        Cipher::new(CipherAlgorithm::XChaCha20Poly1305, [key]).unwrap()
    }

    fn given() -> (Credential, Vec<String>) {
        let codes = generate(&cipher("one"), &Random::seeded(1));
        let open = codes
            .iter()
            .map(|code| code.open(&cipher("one")).unwrap())
            .collect();
        (credential(Uuid::nil(), codes, sample::now()), open)
    }

    #[test]
    fn a_set_has_twelve_codes_of_eight_characters_that_the_database_does_not_show() {
        let (credential, codes) = given();
        assert_eq!(codes.len(), 12);
        for code in &codes {
            assert_eq!(code.len(), 8);
            assert_eq!(codes.iter().filter(|other| *other == code).count(), 1);
            assert!(!credential.config.as_str().contains(code));
        }
        assert!(
            of(&credential)
                .iter()
                .all(|code| code.open(&cipher("other")).is_none())
        );
    }

    #[test]
    fn a_code_works_once() {
        let (credential, codes) = given();
        let use_up = |credential: &Credential, code: &str| {
            use_up(&cipher("one"), credential, code, sample::now())
        };
        let Used::Now(after) = use_up(&credential, &codes[3]) else {
            panic!("it is right")
        };
        assert_eq!(of(&after)[3].used_at, Some(sample::now()));
        assert_eq!(
            of(&after)
                .iter()
                .filter(|code| code.used_at.is_some())
                .count(),
            1
        );
        assert_eq!(use_up(&after, &codes[3]), Used::Before);
        assert!(matches!(use_up(&after, &codes[4]), Used::Now(_)));
    }

    #[test]
    fn other_texts_are_no_codes() {
        let (credential, codes) = given();
        let sealed = of(&credential)[0].code.clone();
        for wrong in [
            "",
            "00000000",
            &codes[0][..7],
            &codes[0].to_uppercase().to_lowercase(),
            &sealed,
        ] {
            if !codes.iter().any(|code| code == wrong) {
                assert_eq!(
                    use_up(&cipher("one"), &credential, wrong, sample::now()),
                    Used::Never,
                    "{wrong}"
                );
            }
        }
        assert_eq!(
            use_up(&cipher("other"), &credential, &codes[0], sample::now()),
            Used::Never
        );
    }

    #[test]
    fn an_administrator_sees_the_codes() {
        let (credential, codes) = given();
        let seen = reveal(&cipher("one"), &credential.config).to_value();
        assert_eq!(
            seen["recovery_codes"][5],
            json!({ "code": codes[5], "used_at": null })
        );
        assert_eq!(
            reveal(&cipher("other"), &credential.config).to_value(),
            credential.config.to_value()
        );
        for odd in [json!({}), json!([]), json!({ "recovery_codes": [1, {}] })] {
            assert_eq!(
                reveal(&cipher("one"), &Json::from(odd.clone())).to_value(),
                odd
            );
        }
    }
}
