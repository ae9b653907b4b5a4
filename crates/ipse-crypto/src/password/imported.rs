//! Key derivation functions of other systems: PBKDF2, scrypt and Firebase's variant of scrypt. They are checked, never made.

use aes::Aes256;
use ctr::cipher::{KeyIvInit as _, StreamCipher as _};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};

use super::{MAX_ITERATIONS, MAX_MEMORY, VerifyError, encoding};
use crate::token::equal;

/// `$pbkdf2-<digest>$i=<iterations>,l=<bytes>$<salt>$<hash>`
pub(crate) struct Pbkdf2 {
    derive: fn(&[u8], &[u8], u32, &mut [u8]),
    iterations: u32,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Pbkdf2 {
    pub(super) fn parse(id: &str, rest: &str) -> Result<Self, VerifyError> {
        let derive = match id {
            "pbkdf2-sha1" => pbkdf2::pbkdf2_hmac::<Sha1>,
            "pbkdf2-sha224" => pbkdf2::pbkdf2_hmac::<Sha224>,
            "pbkdf2-sha256" => pbkdf2::pbkdf2_hmac::<Sha256>,
            "pbkdf2-sha384" => pbkdf2::pbkdf2_hmac::<Sha384>,
            "pbkdf2-sha512" => pbkdf2::pbkdf2_hmac::<Sha512>,
            _ => return Err(VerifyError::Damaged),
        };
        let [parameters, salt, hash] = encoding::parts(rest)?;
        let [iterations, length] = encoding::numbers(parameters, ["i", "l"])?;
        if iterations > MAX_ITERATIONS {
            return Err(VerifyError::TooExpensive);
        }
        let (salt, hash) = (encoding::base64(salt)?, encoding::hash(hash)?);
        if iterations == 0 || u32::try_from(hash.len()) != Ok(length) {
            return Err(VerifyError::Damaged);
        }
        Ok(Self {
            derive,
            iterations,
            salt,
            hash,
        })
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        let mut computed = vec![0; self.hash.len()];
        (self.derive)(password, &self.salt, self.iterations, &mut computed);
        equal(&computed, &self.hash)
    }
}

/// `$scrypt$ln=<N>,r=<r>,p=<p>$<salt>$<hash>`, where `ln` is the number of rounds itself, not its logarithm.
pub(crate) struct Scrypt {
    cost: ScryptCost,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Scrypt {
    pub(super) fn parse(rest: &str) -> Result<Self, VerifyError> {
        let [parameters, salt, hash] = encoding::parts(rest)?;
        let [rounds, block_size, parallelism] = encoding::numbers(parameters, ["ln", "r", "p"])?;
        if !rounds.is_power_of_two() {
            return Err(VerifyError::Damaged);
        }
        Ok(Self {
            cost: ScryptCost::new(rounds.ilog2(), block_size, parallelism)?,
            salt: encoding::base64(salt)?,
            hash: encoding::hash(hash)?,
        })
    }

    pub(super) fn memory(&self) -> u32 {
        self.cost.memory
    }

    pub(super) fn matches(&self, password: &[u8]) -> Result<bool, VerifyError> {
        let mut computed = vec![0; self.hash.len()];
        self.cost.derive(password, &self.salt, &mut computed)?;
        Ok(equal(&computed, &self.hash))
    }
}

/// `$firescrypt$ln=<log2 N>,r=<r>,p=<p>$<salt>$<hash>$<salt separator>$<signer key>`
///
/// scrypt gives a key, and that key encrypts the project's signer key.
pub(crate) struct FirebaseScrypt {
    cost: ScryptCost,
    salt: Vec<u8>,
    hash: Vec<u8>,
    signer_key: Vec<u8>,
}

impl FirebaseScrypt {
    pub(super) fn parse(rest: &str) -> Result<Self, VerifyError> {
        let [parameters, salt, hash, separator, signer_key] = encoding::parts(rest)?;
        let [log_rounds, block_size, parallelism] =
            encoding::numbers(parameters, ["ln", "r", "p"])?;
        let mut salt = encoding::base64(salt)?;
        salt.extend(encoding::base64(separator)?);
        Ok(Self {
            cost: ScryptCost::new(log_rounds, block_size, parallelism)?,
            salt,
            hash: encoding::hash(hash)?,
            signer_key: encoding::base64(signer_key)?,
        })
    }

    pub(super) fn memory(&self) -> u32 {
        self.cost.memory
    }

    pub(super) fn matches(&self, password: &[u8]) -> Result<bool, VerifyError> {
        let mut key = [0; 32];
        self.cost.derive(password, &self.salt, &mut key)?;
        let mut computed = self.signer_key.clone();
        // The key is used for this one message only, so the counter may start at zero.
        ctr::Ctr128BE::<Aes256>::new(&key.into(), &[0; 16].into()).apply_keystream(&mut computed);
        Ok(equal(&computed, &self.hash))
    }
}

/// Parameters of scrypt that this server is willing to pay for.
struct ScryptCost {
    params: scrypt::Params,
    memory: u32,
}

impl ScryptCost {
    fn new(log_rounds: u32, block_size: u32, parallelism: u32) -> Result<Self, VerifyError> {
        let bytes = 1u64
            .checked_shl(log_rounds)
            .and_then(|rounds| rounds.checked_mul(128 * u64::from(block_size)))
            .ok_or(VerifyError::TooExpensive)?;
        let memory = u32::try_from(bytes / 1024).map_err(|_| VerifyError::TooExpensive)?;
        let work = u64::from(memory) * u64::from(parallelism);
        if work > u64::from(MAX_MEMORY) || u64::from(block_size) * u64::from(parallelism) > 1 << 20
        {
            return Err(VerifyError::TooExpensive);
        }
        let log_rounds = u8::try_from(log_rounds).map_err(|_| VerifyError::TooExpensive)?;
        let params = scrypt::Params::new(log_rounds, block_size, parallelism)
            .map_err(|_| VerifyError::Damaged)?;
        Ok(Self { params, memory })
    }

    fn derive(&self, password: &[u8], salt: &[u8], output: &mut [u8]) -> Result<(), VerifyError> {
        scrypt::scrypt(password, salt, &self.params, output).map_err(|_| VerifyError::Damaged)
    }
}
