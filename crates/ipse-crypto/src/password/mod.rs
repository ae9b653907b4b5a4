//! Password hashes as text: made with bcrypt or Argon2id, checked in every format an identity can be imported with.
//!
//! These functions compute on the calling thread and take long on purpose; in the server, go through [`Hasher`](crate::Hasher).

mod crypt;
mod digest;
mod encoding;
mod imported;
mod native;
#[cfg(test)]
mod tests;

use ipse_model::Random;

/// What new passwords are hashed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// bcrypt, stored as `$2a$<cost>$…`. Takes passwords of at most 72 bytes.
    Bcrypt {
        /// The binary logarithm of the number of rounds, 4 to 20.
        cost: u32,
    },
    /// Argon2id, stored as `$argon2id$v=19$m=…,t=…,p=…$<salt>$<hash>`.
    Argon2 {
        /// Memory in KiB.
        memory: u32,
        /// Passes over the memory.
        iterations: u32,
        /// Lanes.
        parallelism: u32,
        /// Bytes of salt.
        salt_length: u32,
        /// Bytes of hash.
        key_length: u32,
    },
}

impl Algorithm {
    /// The longest password in bytes that can be hashed.
    #[must_use]
    pub fn max_password_length(&self) -> usize {
        match self {
            Self::Bcrypt { .. } => BCRYPT_MAX_PASSWORD,
            Self::Argon2 { .. } => MAX_PASSWORD,
        }
    }
}

/// What bcrypt can take in; it would ignore the bytes that follow.
pub const BCRYPT_MAX_PASSWORD: usize = 72;

/// No password is longer than this many bytes: some formats take quadratic time.
pub const MAX_PASSWORD: usize = 4096;

/// No hash may need more memory than this many KiB (2 GiB): running out would end the process.
const MAX_MEMORY: u32 = 2 << 20;

/// No hash may cost more; 2^20 rounds of bcrypt already keep a core busy for a minute.
const MAX_BCRYPT_COST: u32 = 20;

/// No hash may iterate more often.
const MAX_ITERATIONS: u32 = 10_000_000;

/// Why a password could not be hashed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// The algorithm would ignore the end of the password.
    #[error("the password has more than {limit} bytes")]
    TooLong {
        /// The most it may have.
        limit: usize,
    },
    /// The algorithm does not work with these parameters.
    #[error("these parameters cannot be used: {0}")]
    Parameters(String),
    /// The computation broke off.
    #[error("the computation broke off")]
    Interrupted,
}

/// Why a password could not be compared with a hash. To the person signing in all of these are a wrong password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The text is in no known format.
    #[error("the hash is in no known format")]
    UnknownFormat,
    /// The text begins like a known format and goes on otherwise.
    #[error("the hash is damaged")]
    Damaged,
    /// Checking it would take more memory or time than this server spends on a password.
    #[error("the hash costs too much to check")]
    TooExpensive,
    /// The computation broke off.
    #[error("the computation broke off")]
    Interrupted,
}

/// Hashes `password`.
///
/// # Errors
/// When the password is too long for the algorithm or its parameters cannot be used.
pub fn hash(random: &Random, password: &str, algorithm: &Algorithm) -> Result<String, HashError> {
    hash_with_salt(password, algorithm, &salt(random, algorithm))
}

/// A fresh salt for `algorithm`.
pub(crate) fn salt(random: &Random, algorithm: &Algorithm) -> Vec<u8> {
    let mut salt = vec![0; native::salt_length(algorithm)];
    random.fill(&mut salt);
    salt
}

/// [`hash`] with a salt that was drawn before.
pub(crate) fn hash_with_salt(
    password: &str,
    algorithm: &Algorithm,
    salt: &[u8],
) -> Result<String, HashError> {
    let limit = algorithm.max_password_length();
    if password.len() > limit {
        return Err(HashError::TooLong { limit });
    }
    native::hash(password.as_bytes(), algorithm, salt)
}

/// Whether `password` is the one `hash` was made from.
///
/// A password of more than 72 bytes matches no bcrypt hash.
///
/// # Errors
/// When the hash cannot be understood or costs too much.
pub fn verify(password: &str, hash: &str) -> Result<bool, VerifyError> {
    StoredHash::parse(hash)?.matches(password)
}

/// Spends as much time as [`verify`] on a hash made with `algorithm`, so that an unknown identifier takes as long as a wrong password.
pub fn dummy_verify(password: &str, algorithm: &Algorithm) {
    let bytes = password.as_bytes();
    let bytes = &bytes[..bytes.len().min(algorithm.max_password_length())];
    // What comes out is of no interest, nor is it when the parameters are unusable: a real check would not be slow then either.
    let _ = native::hash(bytes, algorithm, &vec![0; native::salt_length(algorithm)]);
}

/// Whether `hash` was made with another algorithm or other parameters than `algorithm`, and should be replaced at the next login.
///
/// A password that is too long for the new algorithm cannot be rehashed; [`hash`] says so, and the old hash remains.
#[must_use]
pub fn needs_rehash(hash: &str, algorithm: &Algorithm) -> bool {
    match (StoredHash::parse(hash), *algorithm) {
        (Ok(StoredHash::Bcrypt(stored)), Algorithm::Bcrypt { cost }) => stored.cost() != cost,
        (Ok(StoredHash::Argon2(stored)), Algorithm::Argon2 { .. }) => !stored.is_made_by(algorithm),
        _ => true,
    }
}

/// Whether `hash` begins like a format that can be imported. What follows is looked at when it is used.
#[must_use]
pub fn is_recognized(hash: &str) -> bool {
    if hash.starts_with('{') {
        return digest::LdapHash::split(hash).is_some();
    }
    hash.strip_prefix('$')
        .and_then(|rest| rest.split_once('$'))
        .is_some_and(|(id, _)| Format::of(id).is_some())
}

/// The formats that begin with `$<id>$`.
#[derive(Clone, Copy)]
enum Format {
    Bcrypt,
    Argon2,
    Pbkdf2,
    Scrypt,
    FirebaseScrypt,
    Digest,
    Hmac,
    Md5Crypt,
    ShaCrypt,
}

impl Format {
    fn of(id: &str) -> Option<Self> {
        Some(match id {
            "2a" | "2b" | "2y" => Self::Bcrypt,
            "argon2id" | "argon2i" => Self::Argon2,
            "scrypt" => Self::Scrypt,
            "firescrypt" => Self::FirebaseScrypt,
            "md5" | "sha1" | "sha256" | "sha512" => Self::Digest,
            "hmac-md4" | "hmac-md5" | "hmac-sha1" | "hmac-sha224" | "hmac-sha256"
            | "hmac-sha384" | "hmac-sha512" => Self::Hmac,
            "md5-crypt" | "1" => Self::Md5Crypt,
            "sha256-crypt" | "sha512-crypt" | "5" | "6" => Self::ShaCrypt,
            _ => {
                let digits = id.strip_prefix("pbkdf2-sha")?;
                let plausible = (1..=3).contains(&digits.len())
                    && digits.bytes().all(|byte| byte.is_ascii_digit());
                return plausible.then_some(Self::Pbkdf2);
            }
        })
    }
}

/// A hash taken apart: everything there is to know before the password is looked at.
pub(crate) enum StoredHash<'a> {
    Bcrypt(native::Bcrypt<'a>),
    Argon2(native::Argon2Hash),
    Pbkdf2(imported::Pbkdf2),
    Scrypt(imported::Scrypt),
    FirebaseScrypt(imported::FirebaseScrypt),
    Digest(digest::TemplateHash),
    Ldap(digest::LdapHash),
    Hmac(digest::HmacHash),
    Md5Crypt(crypt::Md5Crypt<'a>),
    ShaCrypt(crypt::ShaCrypt),
}

impl<'a> StoredHash<'a> {
    pub(crate) fn parse(hash: &'a str) -> Result<Self, VerifyError> {
        if hash.starts_with('{') {
            return digest::LdapHash::parse(hash).map(Self::Ldap);
        }
        let (id, rest) = hash
            .strip_prefix('$')
            .and_then(|rest| rest.split_once('$'))
            .ok_or(VerifyError::UnknownFormat)?;
        Ok(match Format::of(id).ok_or(VerifyError::UnknownFormat)? {
            Format::Bcrypt => Self::Bcrypt(native::Bcrypt::parse(hash)?),
            Format::Argon2 => Self::Argon2(native::Argon2Hash::parse(id, rest)?),
            Format::Pbkdf2 => Self::Pbkdf2(imported::Pbkdf2::parse(id, rest)?),
            Format::Scrypt => Self::Scrypt(imported::Scrypt::parse(rest)?),
            Format::FirebaseScrypt => Self::FirebaseScrypt(imported::FirebaseScrypt::parse(rest)?),
            Format::Digest => Self::Digest(digest::TemplateHash::parse(id, rest)?),
            Format::Hmac => Self::Hmac(digest::HmacHash::parse(id, rest)?),
            Format::Md5Crypt => Self::Md5Crypt(crypt::Md5Crypt::parse(rest)?),
            Format::ShaCrypt => Self::ShaCrypt(crypt::ShaCrypt::parse(id, rest)?),
        })
    }

    /// Memory in KiB that [`StoredHash::matches`] will take, beyond the odd buffer.
    pub(crate) fn memory(&self) -> u32 {
        match self {
            Self::Argon2(hash) => hash.memory(),
            Self::Scrypt(hash) => hash.memory(),
            Self::FirebaseScrypt(hash) => hash.memory(),
            Self::Bcrypt(_)
            | Self::Pbkdf2(_)
            | Self::Digest(_)
            | Self::Ldap(_)
            | Self::Hmac(_)
            | Self::Md5Crypt(_)
            | Self::ShaCrypt(_) => 0,
        }
    }

    pub(crate) fn matches(&self, password: &str) -> Result<bool, VerifyError> {
        if password.len() > MAX_PASSWORD {
            return Ok(false);
        }
        let password = password.as_bytes();
        match self {
            Self::Bcrypt(hash) => hash.matches(password),
            Self::Argon2(hash) => hash.matches(password),
            Self::Pbkdf2(hash) => Ok(hash.matches(password)),
            Self::Scrypt(hash) => hash.matches(password),
            Self::FirebaseScrypt(hash) => hash.matches(password),
            Self::Digest(hash) => Ok(hash.matches(password)),
            Self::Ldap(hash) => Ok(hash.matches(password)),
            Self::Hmac(hash) => Ok(hash.matches(password)),
            Self::Md5Crypt(hash) => Ok(hash.matches(password)),
            Self::ShaCrypt(hash) => hash.matches(password),
        }
    }
}
