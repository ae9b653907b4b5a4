//! Randomness as something that is handed in: the operating system's in production, a seeded stream in tests.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use uuid::Uuid;

/// A source of unpredictable values, asked by what they are for. Clones share the same stream.
#[derive(Clone, Debug)]
pub struct Random(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Seeded(Arc<Mutex<ChaCha20Rng>>),
}

impl Random {
    /// The operating system's generator.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A reproducible stream, for tests only.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(Arc::new(Mutex::new(
            ChaCha20Rng::seed_from_u64(seed),
        ))))
    }

    /// Fills `buffer` with random bytes.
    ///
    /// # Panics
    /// When the operating system has no randomness to give; nothing secure can be done then.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that asks the operating system"
    )]
    pub fn fill(&self, buffer: &mut [u8]) {
        match &self.0 {
            Source::System => {
                getrandom::fill(buffer).expect("the operating system provides randomness");
            }
            Source::Seeded(rng) => {
                rng.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .fill_bytes(buffer);
            }
        }
    }

    /// `N` random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A random (version 4) identifier.
    #[must_use]
    pub fn uuid(&self) -> Uuid {
        uuid::Builder::from_random_bytes(self.bytes()).into_uuid()
    }

    /// An identifier whose beginning is the time (version 7, RFC 9562), for rows that come and go in large numbers: in an
    /// index they stand side by side. 74 of its bits are random.
    #[must_use]
    pub fn uuid_at(&self, now: Timestamp) -> Uuid {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid()
    }

    /// A decimal code of `digits` digits, each equally likely, leading zeros kept.
    #[must_use]
    pub fn code(&self, digits: usize) -> String {
        (0..digits)
            .map(|_| char::from(b'0' + self.below(10)))
            .collect()
    }

    /// A secret of `length` characters from `a-z A-Z 0-9` (5.95 bits each).
    #[must_use]
    pub fn alphanumeric(&self, length: usize) -> String {
        const ALPHABET: &[u8; 62] =
            b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        (0..length)
            .map(|_| char::from(ALPHABET[usize::from(self.below(62))]))
            .collect()
    }

    /// A number below `bound`, without the bias a plain remainder would have.
    fn below(&self, bound: u8) -> u8 {
        let limit = u8::MAX - (u8::MAX % bound);
        loop {
            let [byte] = self.bytes::<1>();
            if byte < limit {
                return byte % bound;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_values() {
        let (a, b) = (Random::seeded(7), Random::seeded(7));
        assert_eq!(a.uuid(), b.uuid());
        assert_eq!(a.code(6), b.code(6));
        assert_ne!(a.uuid(), Random::seeded(8).uuid());
    }

    #[test]
    fn clones_share_one_stream() {
        let a = Random::seeded(7);
        assert_ne!(a.clone().uuid(), a.uuid());
    }

    #[test]
    fn a_code_has_the_digits_asked_for_and_all_of_them_occur() {
        let random = Random::seeded(1);
        let code = random.code(1000);
        assert_eq!(code.len(), 1000);
        for digit in '0'..='9' {
            assert!(
                (60..140).contains(&code.matches(digit).count()),
                "{digit} is too rare or too frequent"
            );
        }
    }

    #[test]
    fn an_identifier_with_the_time_sorts_by_it_and_is_never_the_same() {
        let random = Random::seeded(3);
        let now: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let (a, b) = (random.uuid_at(now), random.uuid_at(now));
        assert_ne!(a, b);
        assert_eq!(a.get_version_num(), 7);
        assert!(random.uuid_at(now + jiff::SignedDuration::from_secs(1)) > a.max(b));
    }

    #[test]
    fn identifiers_are_version_4() {
        assert_eq!(Random::system().uuid().get_version_num(), 4);
    }
}
