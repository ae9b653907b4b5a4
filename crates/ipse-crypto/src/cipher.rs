//! Sealing what leaves the server's hands (cookies) or must not be readable in the database (data at rest).
//!
//! A sealed value is one tag byte for the algorithm, the nonce and the ciphertext, in URL-safe base64, so it fits into cookies,
//! columns and addresses. It opens only for the purpose it was sealed for.

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::XChaCha20Poly1305;
use ipse_model::Random;

use crate::token::keyed_hash;

/// What new values are sealed with. Changing it leaves values sealed with the other cipher readable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CipherAlgorithm {
    /// Nothing is hidden and nothing is protected against change.
    Noop,
    /// AES-256-GCM with a random 96-bit nonce.
    Aes256Gcm,
    /// XChaCha20-Poly1305 with a random 192-bit nonce.
    XChaCha20Poly1305,
}

/// A cipher other than [`CipherAlgorithm::Noop`] was asked for without a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no secret to encrypt with")]
pub struct MissingKey;

/// Seals and opens values. The first key seals, all keys open.
#[derive(Clone)]
pub struct Cipher {
    algorithm: CipherAlgorithm,
    keys: Vec<Key>,
}

#[derive(Clone)]
struct Key {
    aes: Aes256Gcm,
    chacha: XChaCha20Poly1305,
}

const PLAIN: u8 = 0;
const AES: u8 = 1;
const CHACHA: u8 = 2;
const AES_NONCE: usize = 12;
const CHACHA_NONCE: usize = 24;

impl Cipher {
    /// A cipher with `secrets` of any length, the one to seal with first.
    ///
    /// # Errors
    /// When there is no secret, unless nothing is to be encrypted.
    pub fn new(
        algorithm: CipherAlgorithm,
        secrets: impl IntoIterator<Item = impl AsRef<[u8]>>,
    ) -> Result<Self, MissingKey> {
        let keys: Vec<Key> = secrets
            .into_iter()
            .map(|secret| Key::derive(secret.as_ref()))
            .collect();
        if keys.is_empty() && algorithm != CipherAlgorithm::Noop {
            return Err(MissingKey);
        }
        Ok(Self { algorithm, keys })
    }

    /// What new values are sealed with.
    #[must_use]
    pub fn algorithm(&self) -> CipherAlgorithm {
        self.algorithm
    }

    /// Seals `plaintext`. The same `purpose` must be given to open it; it is not secret.
    #[must_use]
    pub fn seal(&self, random: &Random, purpose: &str, plaintext: impl AsRef<[u8]>) -> String {
        let message = Payload {
            msg: plaintext.as_ref(),
            aad: purpose.as_bytes(),
        };
        let sealed = match (self.algorithm, self.keys.first()) {
            (CipherAlgorithm::Aes256Gcm, Some(key)) => {
                let nonce: [u8; AES_NONCE] = random.bytes();
                let sealed = key.aes.encrypt(&nonce.into(), message);
                frame(AES, &nonce, &sealed.expect("a message is below 64 GiB"))
            }
            (CipherAlgorithm::XChaCha20Poly1305, Some(key)) => {
                let nonce: [u8; CHACHA_NONCE] = random.bytes();
                let sealed = key.chacha.encrypt(&nonce.into(), message);
                frame(CHACHA, &nonce, &sealed.expect("a message is below 256 GiB"))
            }
            // `new` lets no cipher through that has no key.
            (CipherAlgorithm::Noop, _) | (_, None) => frame(PLAIN, &[], message.msg),
        };
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// The plaintext, if `sealed` was sealed with one of the keys for this `purpose` and has not been changed.
    ///
    /// What was stored without encryption opens only as long as encryption is off: otherwise anybody could make such a value.
    #[must_use]
    pub fn open(&self, purpose: &str, sealed: &str) -> Option<Vec<u8>> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (&tag, body) = sealed.split_first()?;
        let aad = purpose.as_bytes();
        match tag {
            PLAIN if self.algorithm == CipherAlgorithm::Noop => Some(body.to_vec()),
            AES => {
                let (nonce, msg) = body.split_first_chunk::<AES_NONCE>()?;
                let open = |key: &Key| key.aes.decrypt(&(*nonce).into(), Payload { msg, aad }).ok();
                self.keys.iter().find_map(open)
            }
            CHACHA => {
                let (nonce, msg) = body.split_first_chunk::<CHACHA_NONCE>()?;
                let open = |key: &Key| {
                    key.chacha
                        .decrypt(&(*nonce).into(), Payload { msg, aad })
                        .ok()
                };
                self.keys.iter().find_map(open)
            }
            _ => None,
        }
    }

    /// [`Cipher::open`] for values that are text.
    #[must_use]
    pub fn open_text(&self, purpose: &str, sealed: &str) -> Option<String> {
        String::from_utf8(self.open(purpose, sealed)?).ok()
    }
}

impl std::fmt::Debug for Cipher {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Cipher")
            .field("algorithm", &self.algorithm)
            .field("keys", &self.keys.len())
            .finish()
    }
}

impl Key {
    /// Keys for both ciphers from one secret; neither tells anything about the other.
    fn derive(secret: &[u8]) -> Self {
        let aes = keyed_hash(secret, "ipse cipher", b"aes-256-gcm");
        let chacha = keyed_hash(secret, "ipse cipher", b"xchacha20-poly1305");
        Self {
            aes: Aes256Gcm::new(&aes.into()),
            chacha: XChaCha20Poly1305::new(&chacha.into()),
        }
    }
}

fn frame(tag: u8, nonce: &[u8], body: &[u8]) -> Vec<u8> {
    let mut framed = Vec::with_capacity(1 + nonce.len() + body.len());
    framed.push(tag);
    framed.extend_from_slice(nonce);
    framed.extend_from_slice(body);
    framed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOTH: [CipherAlgorithm; 2] = [
        CipherAlgorithm::Aes256Gcm,
        CipherAlgorithm::XChaCha20Poly1305,
    ];

    fn cipher(algorithm: CipherAlgorithm, secrets: &[&str]) -> Cipher {
        Cipher::new(algorithm, secrets).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_for_its_purpose_only() {
        for algorithm in BOTH {
            let cipher = cipher(algorithm, &["a secret"]);
            let sealed = cipher.seal(&Random::seeded(1), "cookie", "hello");
            assert_eq!(
                cipher.open_text("cookie", &sealed).as_deref(),
                Some("hello")
            );
            assert_eq!(cipher.open("column", &sealed), None);
        }
    }

    #[test]
    fn sealing_twice_gives_different_values_that_tell_nothing() {
        for algorithm in BOTH {
            let cipher = cipher(algorithm, &["a secret"]);
            let random = Random::seeded(1);
            let sealed = cipher.seal(&random, "cookie", "hello");
            assert_ne!(sealed, cipher.seal(&random, "cookie", "hello"));
            let bytes = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
            assert!(!bytes.windows(5).any(|window| window == b"hello"));
        }
    }

    #[test]
    fn no_changed_bit_goes_unnoticed() {
        for algorithm in BOTH {
            let cipher = cipher(algorithm, &["a secret"]);
            let sealed = cipher.seal(&Random::seeded(1), "cookie", "hello");
            let bytes = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
            for bit in 0..bytes.len() * 8 {
                let mut changed = bytes.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                let changed = URL_SAFE_NO_PAD.encode(changed);
                assert_eq!(cipher.open("cookie", &changed), None, "bit {bit}");
            }
            let shortened = URL_SAFE_NO_PAD.encode(&bytes[..bytes.len() - 1]);
            assert_eq!(cipher.open("cookie", &shortened), None);
        }
    }

    #[test]
    fn old_keys_open_until_they_are_dropped() {
        let random = Random::seeded(1);
        for algorithm in BOTH {
            let before = cipher(algorithm, &["old"]);
            let rotated = cipher(algorithm, &["new", "old"]);
            let after = cipher(algorithm, &["new"]);
            let old = before.seal(&random, "p", "value");
            let new = rotated.seal(&random, "p", "value");
            assert!(rotated.open("p", &old).is_some());
            assert!(rotated.open("p", &new).is_some());
            assert!(after.open("p", &new).is_some());
            assert!(after.open("p", &old).is_none());
            assert!(before.open("p", &new).is_none());
        }
    }

    #[test]
    fn a_change_of_algorithm_leaves_old_values_readable() {
        let random = Random::seeded(1);
        let aes = cipher(CipherAlgorithm::Aes256Gcm, &["secret"]);
        let chacha = cipher(CipherAlgorithm::XChaCha20Poly1305, &["secret"]);
        let off = cipher(CipherAlgorithm::Noop, &["secret"]);
        let sealed = aes.seal(&random, "p", "value");
        assert_eq!(chacha.open_text("p", &sealed).as_deref(), Some("value"));
        assert_eq!(off.open_text("p", &sealed).as_deref(), Some("value"));
    }

    #[test]
    fn a_value_without_encryption_cannot_be_smuggled_in() {
        let random = Random::seeded(1);
        let off = Cipher::new(CipherAlgorithm::Noop, [""; 0]).unwrap();
        let plain = off.seal(&random, "p", "value");
        assert_eq!(off.open_text("p", &plain).as_deref(), Some("value"));
        for algorithm in BOTH {
            assert_eq!(cipher(algorithm, &["secret"]).open("p", &plain), None);
        }
    }

    #[test]
    fn encryption_needs_a_secret() {
        for algorithm in BOTH {
            assert_eq!(Cipher::new(algorithm, [""; 0]).unwrap_err(), MissingKey);
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let shown = format!("{:?}", cipher(CipherAlgorithm::Aes256Gcm, &["swordfish"]));
        assert_eq!(shown, "Cipher { algorithm: Aes256Gcm, keys: 1 }");
    }

    proptest! {
        #[test]
        fn every_value_comes_back(value: Vec<u8>, purpose: String, secret: Vec<u8>) {
            for algorithm in BOTH {
                let cipher = Cipher::new(algorithm, [&secret]).unwrap();
                let sealed = cipher.seal(&Random::seeded(1), &purpose, &value);
                prop_assert_eq!(cipher.open(&purpose, &sealed), Some(value.clone()));
            }
        }

        #[test]
        fn opening_anything_at_all_is_safe(sealed: String, bytes: Vec<u8>) {
            for algorithm in BOTH {
                let cipher = cipher(algorithm, &["secret"]);
                prop_assert_eq!(cipher.open("p", &sealed), None);
                prop_assert_eq!(cipher.open("p", &URL_SAFE_NO_PAD.encode(&bytes)), None);
            }
        }
    }
}
