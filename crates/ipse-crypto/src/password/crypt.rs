//! The hashes of Unix password files: MD5-crypt (`$1$`), SHA-256-crypt (`$5$`) and SHA-512-crypt (`$6$`).

use md5::{Digest as _, Md5};
use sha_crypt::PasswordVerifier as _;

use super::{MAX_ITERATIONS, VerifyError, encoding};
use crate::token::equal;

/// The digits of crypt's base 64, lowest value first.
const DIGITS: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// `$md5-crypt$<salt>$<hash>` or `$1$<salt>$<hash>`
pub(crate) struct Md5Crypt<'a> {
    salt: &'a str,
    hash: &'a str,
}

impl<'a> Md5Crypt<'a> {
    pub(super) fn parse(rest: &'a str) -> Result<Self, VerifyError> {
        let [salt, hash] = encoding::parts(rest)?;
        if hash.len() != 22 {
            return Err(VerifyError::Damaged);
        }
        // Only eight characters count, by definition.
        let salt = salt.get(..8).unwrap_or(salt);
        Ok(Self { salt, hash })
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        equal(md5_crypt(password, self.salt.as_bytes()), self.hash)
    }
}

/// Poul-Henning Kamp's construction of 1994, as every Unix has it.
fn md5_crypt(password: &[u8], salt: &[u8]) -> String {
    let inner: [u8; 16] = Md5::new()
        .chain_update(password)
        .chain_update(salt)
        .chain_update(password)
        .finalize()
        .into();
    let mut first = Md5::new()
        .chain_update(password)
        .chain_update(b"$1$")
        .chain_update(salt);
    for start in (0..password.len()).step_by(16) {
        first.update(&inner[..(password.len() - start).min(16)]);
    }
    // One byte for each bit of the length: a zero for a one, else the password's first.
    let mut length = password.len();
    while length > 0 {
        first.update(if length & 1 == 1 {
            &[0]
        } else {
            &password[..1]
        });
        length >>= 1;
    }
    let mut digest: [u8; 16] = first.finalize().into();
    for round in 0..1000 {
        digest = md5_crypt_round(round, password, salt, &digest);
    }
    md5_crypt_text(&digest)
}

fn md5_crypt_round(round: u32, password: &[u8], salt: &[u8], digest: &[u8; 16]) -> [u8; 16] {
    let odd = round % 2 == 1;
    let mut next = Md5::new();
    next.update(if odd { password } else { digest });
    if !round.is_multiple_of(3) {
        next.update(salt);
    }
    if !round.is_multiple_of(7) {
        next.update(password);
    }
    next.update(if odd { digest.as_slice() } else { password });
    next.finalize().into()
}

/// Three bytes at a time, picked crosswise, as four digits each; the last byte as two.
fn md5_crypt_text(digest: &[u8; 16]) -> String {
    const GROUPS: [[usize; 3]; 5] = [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]];
    let mut text = String::with_capacity(22);
    let mut write = |mut value: u32, digits: usize| {
        for _ in 0..digits {
            text.push(char::from(DIGITS[(value & 63) as usize]));
            value >>= 6;
        }
    };
    for [high, middle, low] in GROUPS {
        let value = [0, digest[high], digest[middle], digest[low]];
        write(u32::from_be_bytes(value), 4);
    }
    write(u32::from(digest[11]), 2);
    text
}

/// `$sha256-crypt$[rounds=<n>$]<salt>$<hash>`, also with `$5$`; the same with `512` and `$6$`
pub(crate) struct ShaCrypt {
    text: String,
}

impl ShaCrypt {
    pub(super) fn parse(id: &str, rest: &str) -> Result<Self, VerifyError> {
        let rounds = rest
            .strip_prefix("rounds=")
            .and_then(|rest| rest.split_once('$'));
        if let Some((rounds, _)) = rounds {
            let rounds: u32 = rounds.parse().map_err(|_| VerifyError::Damaged)?;
            if rounds > MAX_ITERATIONS {
                return Err(VerifyError::TooExpensive);
            }
        }
        // A hash of no length would match every password.
        let hash_length = rest.rsplit('$').next().map_or(0, str::len);
        let (id, expected_length) = match id {
            "sha256-crypt" | "5" => ("5", 43),
            _ => ("6", 86),
        };
        if hash_length != expected_length {
            return Err(VerifyError::Damaged);
        }
        let text = format!("${id}${rest}");
        Ok(Self { text })
    }

    pub(super) fn matches(&self, password: &[u8]) -> Result<bool, VerifyError> {
        use sha_crypt::password_hash::Error;
        match sha_crypt::ShaCrypt::default().verify_password(password, self.text.as_str()) {
            Ok(()) => Ok(true),
            Err(Error::PasswordInvalid) => Ok(false),
            Err(_) => Err(VerifyError::Damaged),
        }
    }
}
