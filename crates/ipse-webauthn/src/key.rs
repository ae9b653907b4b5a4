//! Public keys as COSE (RFC 9053), and signatures made with them.

use ring::signature::{
    self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};

use crate::answer::Refused;
use crate::cbor::Value;

/// The algorithms a new key may have, best first, by their COSE numbers.
pub(crate) const ALGORITHMS: [i64; 10] = [-7, -35, -36, -257, -258, -259, -37, -38, -39, -8];

const KEY_TYPE: i64 = 1;
const ALGORITHM: i64 = 3;

/// A public key.
pub(crate) enum Key<'a> {
    /// A curve that ring knows, with the point as it wants it.
    Curve(&'static dyn VerificationAlgorithm, Vec<u8>),
    /// ECDSA on the largest of the NIST curves.
    P521(Box<p521::ecdsa::VerifyingKey>),
    /// RSA with modulus and exponent.
    Rsa(&'static RsaParameters, &'a [u8], &'a [u8]),
}

impl<'a> Key<'a> {
    /// The key that these bytes are.
    pub(crate) fn read(cose: &'a [u8]) -> Result<Self, Refused> {
        let (value, rest) = Value::read(cose).map_err(|_| Refused::Key)?;
        if !rest.is_empty() {
            return Err(Refused::Key);
        }
        Self::of(&value).ok_or(Refused::Key)
    }

    fn of(cose: &Value<'a>) -> Option<Self> {
        let kind = cose.at(KEY_TYPE)?.integer()?;
        let algorithm = cose.at(ALGORITHM)?.integer()?;
        let part = |label| cose.at(label).and_then(Value::bytes);
        let curve = || cose.at(-1)?.integer();
        let point = |size| point(part(-2)?, part(-3)?, size);
        match (kind, algorithm) {
            (2, -7) if curve()? == 1 => {
                Some(Self::Curve(&signature::ECDSA_P256_SHA256_ASN1, point(32)?))
            }
            (2, -35) if curve()? == 2 => {
                Some(Self::Curve(&signature::ECDSA_P384_SHA384_ASN1, point(48)?))
            }
            (2, -36) if curve()? == 3 => {
                let key = p521::ecdsa::VerifyingKey::from_sec1_bytes(&point(66)?).ok()?;
                Some(Self::P521(Box::new(key)))
            }
            (1, -8) if curve()? == 6 => Some(Self::Curve(&signature::ED25519, part(-2)?.to_vec())),
            (3, _) => Some(Self::Rsa(rsa(algorithm)?, modulus(part(-1)?)?, part(-2)?)),
            _ => None,
        }
    }

    /// Whether `signature` of `message` was made with this key's other half.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Refused> {
        match self {
            Self::Curve(algorithm, point) => {
                let key = UnparsedPublicKey::new(*algorithm, point);
                key.verify(message, signature)
                    .map_err(|_| Refused::Signature)
            }
            Self::P521(key) => {
                use p521::ecdsa::signature::Verifier as _;
                let signature = p521::ecdsa::Signature::from_der(signature);
                let signature = signature.map_err(|_| Refused::Signature)?;
                key.verify(message, &signature)
                    .map_err(|_| Refused::Signature)
            }
            Self::Rsa(parameters, n, e) => {
                let key = RsaPublicKeyComponents { n, e };
                key.verify(parameters, message, signature)
                    .map_err(|_| Refused::Signature)
            }
        }
    }
}

/// An uncompressed point.
fn point(x: &[u8], y: &[u8], size: usize) -> Option<Vec<u8>> {
    (x.len() == size && y.len() == size).then(|| [&[4], x, y].concat())
}

/// ring wants no zeros in front.
fn modulus(bytes: &[u8]) -> Option<&[u8]> {
    let first = bytes.iter().position(|byte| *byte != 0)?;
    Some(&bytes[first..])
}

fn rsa(algorithm: i64) -> Option<&'static RsaParameters> {
    match algorithm {
        -257 => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
        -258 => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
        -259 => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
        -37 => Some(&signature::RSA_PSS_2048_8192_SHA256),
        -38 => Some(&signature::RSA_PSS_2048_8192_SHA384),
        -39 => Some(&signature::RSA_PSS_2048_8192_SHA512),
        _ => None,
    }
}
