//! The two formats new hashes are made in: bcrypt and Argon2id (and Argon2i, which is only checked).

use argon2::{Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::{
    Algorithm, BCRYPT_MAX_PASSWORD, HashError, MAX_BCRYPT_COST, MAX_ITERATIONS, MAX_MEMORY,
    VerifyError, encoding,
};
use crate::token::equal;

/// `$2a$<cost>$<22 characters of salt><31 characters of hash>`
pub(crate) struct Bcrypt<'a> {
    text: &'a str,
    cost: u32,
}

impl<'a> Bcrypt<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, VerifyError> {
        let cost = text
            .get(4..6)
            .and_then(|cost| cost.parse().ok())
            .ok_or(VerifyError::Damaged)?;
        if cost > MAX_BCRYPT_COST {
            return Err(VerifyError::TooExpensive);
        }
        Ok(Self { text, cost })
    }

    pub(super) fn cost(&self) -> u32 {
        self.cost
    }

    pub(super) fn matches(&self, password: &[u8]) -> Result<bool, VerifyError> {
        // A password that is too long costs as much as any other and matches nothing.
        let first = &password[..password.len().min(BCRYPT_MAX_PASSWORD)];
        let matches = bcrypt::verify(first, self.text).map_err(|_| VerifyError::Damaged)?;
        Ok(matches && first.len() == password.len())
    }
}

fn bcrypt_hash(password: &[u8], cost: u32, salt: &[u8]) -> Result<String, HashError> {
    if cost > MAX_BCRYPT_COST {
        return Err(HashError::Parameters(format!(
            "bcrypt's cost {cost} is above {MAX_BCRYPT_COST}"
        )));
    }
    let unusable = |error: &dyn std::fmt::Display| HashError::Parameters(error.to_string());
    let salt = <[u8; BCRYPT_SALT]>::try_from(salt).map_err(|error| unusable(&error))?;
    bcrypt::hash_with_salt(password, cost, salt)
        .map(|parts| parts.format_for_version(bcrypt::Version::TwoA))
        .map_err(|error| unusable(&error))
}

/// `$argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt>$<hash>`
pub(crate) struct Argon2Hash {
    variant: argon2::Algorithm,
    memory: u32,
    iterations: u32,
    parallelism: u32,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Argon2Hash {
    pub(super) fn parse(id: &str, rest: &str) -> Result<Self, VerifyError> {
        let [version, parameters, salt, hash] = encoding::parts(rest)?;
        // Version 16 (1.0) lets lanes be attacked apart; no system that hashes passwords is known to write it.
        if version != "v=19" {
            return Err(VerifyError::Damaged);
        }
        let [memory, iterations, parallelism] = encoding::numbers(parameters, ["m", "t", "p"])?;
        if memory > MAX_MEMORY || iterations > MAX_ITERATIONS {
            return Err(VerifyError::TooExpensive);
        }
        Ok(Self {
            variant: match id {
                "argon2i" => argon2::Algorithm::Argon2i,
                _ => argon2::Algorithm::Argon2id,
            },
            memory,
            iterations,
            parallelism,
            salt: encoding::base64(salt)?,
            hash: encoding::hash(hash)?,
        })
    }

    pub(super) fn memory(&self) -> u32 {
        self.memory
    }

    pub(super) fn is_made_by(&self, algorithm: &Algorithm) -> bool {
        self.variant == argon2::Algorithm::Argon2id
            && *algorithm
                == Algorithm::Argon2 {
                    memory: self.memory,
                    iterations: self.iterations,
                    parallelism: self.parallelism,
                    salt_length: length(&self.salt),
                    key_length: length(&self.hash),
                }
    }

    pub(super) fn matches(&self, password: &[u8]) -> Result<bool, VerifyError> {
        let params = Params::new(
            self.memory,
            self.iterations,
            self.parallelism,
            Some(self.hash.len()),
        )
        .map_err(|_| VerifyError::Damaged)?;
        let mut computed = vec![0; self.hash.len()];
        Argon2::new(self.variant, Version::V0x13, params)
            .hash_password_into(password, &self.salt, &mut computed)
            .map_err(|_| VerifyError::Damaged)?;
        Ok(equal(&computed, &self.hash))
    }
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

/// Bytes of salt in a bcrypt hash.
const BCRYPT_SALT: usize = 16;

/// Bytes of salt that `algorithm` wants.
pub(super) fn salt_length(algorithm: &Algorithm) -> usize {
    match algorithm {
        Algorithm::Bcrypt { .. } => BCRYPT_SALT,
        Algorithm::Argon2 { salt_length, .. } => *salt_length as usize,
    }
}

/// Hashes a password whose length has been looked at.
pub(super) fn hash(
    password: &[u8],
    algorithm: &Algorithm,
    salt: &[u8],
) -> Result<String, HashError> {
    let (memory, iterations, parallelism, key_length) = match *algorithm {
        Algorithm::Bcrypt { cost } => return bcrypt_hash(password, cost, salt),
        Algorithm::Argon2 {
            memory,
            iterations,
            parallelism,
            key_length,
            ..
        } => (memory, iterations, parallelism, key_length as usize),
    };
    if memory > MAX_MEMORY {
        return Err(HashError::Parameters(format!(
            "{memory} KiB of memory is more than {MAX_MEMORY}"
        )));
    }
    let unusable = |error: argon2::Error| HashError::Parameters(error.to_string());
    let params =
        Params::new(memory, iterations, parallelism, Some(key_length)).map_err(unusable)?;
    let mut hash = vec![0; key_length];
    Argon2::new(argon2::Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password, salt, &mut hash)
        .map_err(unusable)?;
    let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(&hash));
    Ok(format!(
        "$argon2id$v=19$m={memory},t={iterations},p={parallelism}${salt}${hash}"
    ))
}
