//! `hashers` and `ciphers`: how passwords are hashed and stored secrets encrypted.

use std::time::Duration;

use crate::{ByteSize, GoDuration};

section! {
    /// How passwords are hashed. Hashes of the other kind are still understood.
    pub struct Hashers {
        /// What new passwords are hashed with.
        pub algorithm: HasherAlgorithm = HasherAlgorithm::Bcrypt,
        /// The cost of Argon2id.
        pub argon2: Argon2,
        /// The cost of bcrypt.
        pub bcrypt: Bcrypt,
    }
}

choice! {
    /// A password hash function.
    pub enum HasherAlgorithm {
        /// Argon2id.
        Argon2 = "argon2",
        /// bcrypt.
        Bcrypt = "bcrypt",
    }
}

section! {
    /// The cost of Argon2id.
    pub struct Argon2 {
        /// Memory per hash.
        pub memory: ByteSize = ByteSize::mebibytes(128),
        /// Passes over the memory.
        #[schemars(range(min = 1))]
        pub iterations: u32 = 1,
        /// Lanes; without it, twice the number of processors.
        #[schemars(range(min = 1))]
        pub parallelism: Option<u8>,
        /// Bytes of salt.
        #[schemars(range(min = 16))]
        pub salt_length: u32 = 16,
        /// Bytes of hash.
        #[schemars(range(min = 16))]
        pub key_length: u32 = 32,
        /// How long a hash is meant to take.
        #[serde(with = "GoDuration")]
        pub expected_duration: Duration = Duration::from_millis(500),
        /// How much a hash may deviate from that.
        #[serde(with = "GoDuration")]
        pub expected_deviation: Duration = Duration::from_millis(500),
        /// Memory all hashes together may use.
        pub dedicated_memory: ByteSize = ByteSize::mebibytes(1024),
    }
}

section! {
    /// The cost of bcrypt.
    pub struct Bcrypt {
        /// The binary logarithm of the number of rounds.
        #[schemars(range(min = 4, max = 31))]
        pub cost: u32 = 12,
    }
}

section! {
    /// How secrets in the database are encrypted.
    pub struct Ciphers {
        /// What is encrypted with `secrets.cipher`.
        pub algorithm: CipherAlgorithm = CipherAlgorithm::Noop,
    }
}

choice! {
    /// A cipher.
    pub enum CipherAlgorithm {
        /// No encryption.
        Noop = "noop",
        /// AES-256-GCM.
        Aes = "aes",
        /// XChaCha20-Poly1305.
        XChaCha20Poly1305 = "xchacha20-poly1305",
    }
}
