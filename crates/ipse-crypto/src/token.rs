//! Secrets that are handed out once and recognised later: how they are made, hashed and compared.
//!
//! The store keeps [`hash`] of a token, never the token. A token has at least 190 bits, so a plain hash is enough; a short code
//! that people type has too few, so it is kept under [`keyed_hash`].

use hmac::{Hmac, KeyInit as _, Mac as _};
use ipse_model::Random;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Characters of a token's random part; each is worth 5.95 bits.
const LENGTH: usize = 32;

/// A token that names a session, for clients without cookies and for the session cookie's content.
#[must_use]
pub fn session_token(random: &Random) -> String {
    with_prefix("ory_st_", random)
}

/// A token that ends a session.
#[must_use]
pub fn logout_token(random: &Random) -> String {
    with_prefix("ory_lo_", random)
}

/// One half of the pair of codes that a native client exchanges for a session token.
#[must_use]
pub fn exchange_code(random: &Random) -> String {
    random.alphanumeric(2 * LENGTH)
}

/// The secret in a recovery or verification link.
#[must_use]
pub fn link_token(random: &Random) -> String {
    random.alphanumeric(LENGTH)
}

fn with_prefix(prefix: &str, random: &Random) -> String {
    let mut token = String::with_capacity(prefix.len() + LENGTH);
    token.push_str(prefix);
    token.push_str(&random.alphanumeric(LENGTH));
    token
}

/// What a token is stored and looked up under (SHA-256).
#[must_use]
pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// What a short code is stored under: HMAC-SHA-256 with a server secret. `context` tells what the code is for (and whose it is),
/// so that the same code has another hash elsewhere.
#[must_use]
pub fn keyed_hash(key: &[u8], context: &str, data: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    // The length in front keeps "ab" + "c" and "a" + "bc" apart.
    mac.update(&(context.len() as u64).to_be_bytes());
    mac.update(context.as_bytes());
    mac.update(data);
    mac.finalize().into_bytes().into()
}

/// Whether two secrets are the same, in a time that depends on their lengths only.
#[must_use]
pub fn equal(a: impl AsRef<[u8]>, b: impl AsRef<[u8]>) -> bool {
    a.as_ref().ct_eq(b.as_ref()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random_part<'a>(token: &'a str, prefix: &str) -> &'a str {
        token.strip_prefix(prefix).unwrap()
    }

    #[test]
    fn tokens_have_their_prefix_and_190_bits_of_letters_and_digits() {
        let random = Random::seeded(1);
        let session = session_token(&random);
        let logout = logout_token(&random);
        let exchange = exchange_code(&random);
        let link = link_token(&random);
        for part in [
            random_part(&session, "ory_st_"),
            random_part(&logout, "ory_lo_"),
            &exchange,
            &link,
        ] {
            assert!(part.len() >= 32, "{part}");
            assert!(part.chars().all(|c| c.is_ascii_alphanumeric()), "{part}");
            assert!(62f64.log2() * part.len() as f64 >= 190.0);
        }
    }

    #[test]
    fn no_two_tokens_are_the_same() {
        let random = Random::system();
        let tokens: std::collections::HashSet<_> =
            (0..1000).map(|_| session_token(&random)).collect();
        assert_eq!(tokens.len(), 1000);
    }

    #[test]
    fn the_hash_is_sha_256() {
        assert_eq!(
            hex::encode(hash("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn a_keyed_hash_depends_on_key_context_and_data_and_where_they_part() {
        let reference = keyed_hash(b"key", "recovery", b"123456");
        assert_eq!(reference, keyed_hash(b"key", "recovery", b"123456"));
        assert_ne!(reference, keyed_hash(b"other", "recovery", b"123456"));
        assert_ne!(reference, keyed_hash(b"key", "login", b"123456"));
        assert_ne!(reference, keyed_hash(b"key", "recovery", b"123457"));
        assert_ne!(reference, keyed_hash(b"key", "recovery1", b"23456"));
    }

    #[test]
    fn comparison_tells_equal_from_different() {
        assert!(equal("token", "token"));
        assert!(equal("", ""));
        assert!(!equal("token", "tokem"));
        assert!(!equal("token", "token2"));
        assert!(!equal("token", ""));
    }
}
