//! Single digests of other systems: with a template for salt and password, LDAP's salted ones, and keyed ones.

use hmac::{Hmac, KeyInit, Mac};
use md4::Md4;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use super::{VerifyError, encoding};
use crate::token::equal;

type DigestFunction = fn(&[u8]) -> Vec<u8>;

fn digest<D: Digest>(data: &[u8]) -> Vec<u8> {
    D::digest(data).to_vec()
}

/// `$<digest>$<hash>` or `$<digest>$pf=<template>$<salt>$<hash>`, where the template has `{SALT}` and `{PASSWORD}`.
pub(crate) struct TemplateHash {
    digest: DigestFunction,
    template: Vec<u8>,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl TemplateHash {
    pub(super) fn parse(id: &str, rest: &str) -> Result<Self, VerifyError> {
        let digest = match id {
            "md5" => digest::<Md5>,
            "sha1" => digest::<Sha1>,
            "sha256" => digest::<Sha256>,
            _ => digest::<Sha512>,
        };
        let (template, salt, hash) = match rest.strip_prefix("pf=") {
            Some(rest) => {
                let [template, salt, hash] = encoding::parts(rest)?;
                (encoding::base64(template)?, encoding::base64(salt)?, hash)
            }
            None => (PASSWORD.to_vec(), Vec::new(), rest),
        };
        // Without the password in it, everybody's would do.
        if !template
            .windows(PASSWORD.len())
            .any(|part| part == PASSWORD)
        {
            return Err(VerifyError::Damaged);
        }
        let hash = encoding::hash(hash)?;
        Ok(Self {
            digest,
            template,
            salt,
            hash,
        })
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        let mut message =
            Vec::with_capacity(self.template.len() + self.salt.len() + password.len());
        let mut template = self.template.as_slice();
        while let Some((&first, rest)) = template.split_first() {
            if let Some(rest) = template.strip_prefix(PASSWORD) {
                message.extend_from_slice(password);
                template = rest;
            } else if let Some(rest) = template.strip_prefix(SALT) {
                message.extend_from_slice(&self.salt);
                template = rest;
            } else {
                message.push(first);
                template = rest;
            }
        }
        equal((self.digest)(&message), &self.hash)
    }
}

const PASSWORD: &[u8] = b"{PASSWORD}";
const SALT: &[u8] = b"{SALT}";

/// `{SSHA}`, `{SSHA256}` or `{SSHA512}` and the base64 of hash and salt: SHA of the password with the salt behind it.
pub(crate) struct LdapHash {
    digest: DigestFunction,
    hash: Vec<u8>,
    salt: Vec<u8>,
}

impl LdapHash {
    /// The digest, its length and what follows the name.
    pub(super) fn split(text: &str) -> Option<(DigestFunction, usize, &str)> {
        let (name, rest) = text.strip_prefix('{')?.split_once('}')?;
        match name {
            "SSHA" => Some((digest::<Sha1>, 20, rest)),
            "SSHA256" => Some((digest::<Sha256>, 32, rest)),
            "SSHA512" => Some((digest::<Sha512>, 64, rest)),
            _ => None,
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, VerifyError> {
        let (digest, length, rest) = Self::split(text).ok_or(VerifyError::UnknownFormat)?;
        let mut hash = encoding::base64(rest)?;
        if hash.len() < length {
            return Err(VerifyError::Damaged);
        }
        let salt = hash.split_off(length);
        Ok(Self { digest, hash, salt })
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        equal((self.digest)(&[password, &self.salt].concat()), &self.hash)
    }
}

/// `$hmac-<digest>$<base64 of the hash in hexadecimal>$<base64 of the key>`
pub(crate) struct HmacHash {
    mac: fn(&[u8], &[u8]) -> Vec<u8>,
    hash: Vec<u8>,
    key: Vec<u8>,
}

impl HmacHash {
    pub(super) fn parse(id: &str, rest: &str) -> Result<Self, VerifyError> {
        let mac = match id {
            "hmac-md4" => mac::<Hmac<Md4>>,
            "hmac-md5" => mac::<Hmac<Md5>>,
            "hmac-sha1" => mac::<Hmac<Sha1>>,
            "hmac-sha224" => mac::<Hmac<Sha224>>,
            "hmac-sha256" => mac::<Hmac<Sha256>>,
            "hmac-sha384" => mac::<Hmac<Sha384>>,
            _ => mac::<Hmac<Sha512>>,
        };
        let [hash, key] = encoding::parts(rest)?;
        Ok(Self {
            mac,
            hash: hex::decode(encoding::hash(hash)?).map_err(|_| VerifyError::Damaged)?,
            key: encoding::base64(key)?,
        })
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        equal((self.mac)(&self.key, password), &self.hash)
    }
}

fn mac<M: Mac + KeyInit>(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(data);
    mac.finalize().into_bytes().to_vec()
}
