//! The anti-CSRF double submit: a secret in a cookie, and a masked copy of it in every form.
//!
//! The mask changes with every form, so that a compressed page doesn't give the secret away (the BREACH attack).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ipse_model::Random;

/// The length of the secret in bytes.
const LENGTH: usize = 32;

/// What the cookie holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CsrfSecret([u8; LENGTH]);

impl CsrfSecret {
    /// A new secret.
    #[must_use]
    pub fn generate(random: &Random) -> Self {
        Self(random.bytes())
    }

    /// Reads the value of a cookie.
    #[must_use]
    pub fn from_cookie(value: &str) -> Option<Self> {
        STANDARD.decode(value).ok()?.try_into().ok().map(Self)
    }

    /// The value for the cookie.
    #[must_use]
    pub fn to_cookie(self) -> String {
        STANDARD.encode(self.0)
    }

    /// A token for a form: a random pad followed by the padded secret.
    #[must_use]
    pub fn mask(self, random: &Random) -> String {
        let pad: [u8; LENGTH] = random.bytes();
        let mut token = [0; 2 * LENGTH];
        token[..LENGTH].copy_from_slice(&pad);
        for (index, byte) in self.0.iter().enumerate() {
            token[LENGTH + index] = byte ^ pad[index];
        }
        STANDARD.encode(token)
    }

    /// Whether `token` was made from this secret, in constant time.
    #[must_use]
    pub fn verifies(self, token: &str) -> bool {
        let Ok(token) = STANDARD.decode(token) else {
            return false;
        };
        let Ok(token) = <[u8; 2 * LENGTH]>::try_from(token) else {
            return false;
        };
        let (pad, masked) = token.split_at(LENGTH);
        let difference = self
            .0
            .iter()
            .zip(pad.iter().zip(masked))
            .fold(0, |difference, (byte, (pad, masked))| {
                difference | (byte ^ pad ^ masked)
            });
        difference == 0
    }
}

impl std::fmt::Debug for CsrfSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CsrfSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mask_differs_and_all_verify() {
        let random = Random::seeded(1);
        let secret = CsrfSecret::generate(&random);
        let (a, b) = (secret.mask(&random), secret.mask(&random));
        assert_ne!(a, b);
        assert_eq!(a.len(), 88);
        assert!(secret.verifies(&a) && secret.verifies(&b));
    }

    #[test]
    fn a_token_of_another_secret_or_none_at_all_is_refused() {
        let random = Random::seeded(1);
        let (mine, other) = (CsrfSecret::generate(&random), CsrfSecret::generate(&random));
        assert!(!mine.verifies(&other.mask(&random)));
        for broken in ["", "wrong", "AAAA", &mine.to_cookie()] {
            assert!(!mine.verifies(broken), "{broken}");
        }
    }

    #[test]
    fn the_cookie_can_be_read_back() {
        let secret = CsrfSecret::generate(&Random::seeded(2));
        assert_eq!(CsrfSecret::from_cookie(&secret.to_cookie()), Some(secret));
        assert_eq!(CsrfSecret::from_cookie("short"), None);
    }
}
