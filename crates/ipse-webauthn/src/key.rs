//! Public keys as COSE (RFC 9053) and in certificates, and signatures made with them.

use std::borrow::Cow;

use ring::signature::{
    self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};
use x509_cert::der::asn1::{ObjectIdentifier, UintRef};
use x509_cert::der::{Decode as _, Reader as _, SliceReader};

use crate::answer::Refused;
use crate::cbor::Value;

/// ECDSA on P-256.
pub(crate) const ES256: i64 = -7;
/// RSA with SHA-1. No key may have it; old TPMs vouch for new keys with it.
pub(crate) const RS1: i64 = -65535;

/// The algorithms a new key may have, best first, by their COSE numbers.
pub(crate) const ALGORITHMS: [i64; 10] = [ES256, -35, -36, -257, -258, -259, -37, -38, -39, -8];

const KEY_TYPE: i64 = 1;
const ALGORITHM: i64 = 3;

const ON_A_CURVE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// A public key, whatever it signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Public<'a> {
    /// The point of a curve, uncompressed.
    Point(Cow<'a, [u8]>),
    /// Modulus and exponent, without zeros in front.
    Rsa(&'a [u8], &'a [u8]),
}

impl<'a> Public<'a> {
    /// From the coordinates of a point, which may lack zeros in front.
    pub(crate) fn of_point(x: &[u8], y: &[u8], size: usize) -> Option<Self> {
        let mut point = vec![4; 1];
        for coordinate in [x, y] {
            let missing = size.checked_sub(coordinate.len())?;
            point.extend(std::iter::repeat_n(0, missing).chain(coordinate.iter().copied()));
        }
        Some(Self::Point(point.into()))
    }

    /// From modulus and exponent.
    pub(crate) fn of_rsa(modulus: &'a [u8], exponent: &'a [u8]) -> Option<Self> {
        Some(Self::Rsa(without_zeros(modulus)?, without_zeros(exponent)?))
    }

    /// From what a certificate holds for a kind of key.
    pub(crate) fn of_certificate(kind: ObjectIdentifier, key: &'a [u8]) -> Option<Self> {
        if kind != RSA {
            return Some(Self::Point(key.into()));
        }
        let numbers = SliceReader::new(key).ok()?.sequence(|reader| {
            let modulus = UintRef::decode(reader)?;
            let exponent = UintRef::decode(reader)?;
            Ok((modulus, exponent))
        });
        let (modulus, exponent) = numbers.ok()?;
        Self::of_rsa(modulus.as_bytes(), exponent.as_bytes())
    }

    /// The point, if it is one.
    pub(crate) fn point(&self) -> Option<&[u8]> {
        match self {
            Self::Point(point) => Some(point),
            Self::Rsa(..) => None,
        }
    }
}

/// A public key that verifies signatures of one algorithm.
pub(crate) struct Key<'a> {
    algorithm: i64,
    public: Public<'a>,
    means: Means,
}

/// What verifies signatures.
enum Means {
    /// A curve that ring knows.
    Curve(&'static dyn VerificationAlgorithm),
    /// ECDSA on the largest of the NIST curves.
    P521(Box<p521::ecdsa::VerifyingKey>),
    /// RSA.
    Rsa(&'static RsaParameters),
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
        let point = |size| {
            let (x, y) = (part(-2)?, part(-3)?);
            let whole = x.len() == size && y.len() == size;
            Public::of_point(x, y, size).filter(|_| whole)
        };
        let public = match (kind, algorithm) {
            (2, ES256) if curve()? == 1 => point(32)?,
            (2, -35) if curve()? == 2 => point(48)?,
            (2, -36) if curve()? == 3 => point(66)?,
            (1, -8) if curve()? == 6 => Public::Point(part(-2)?.into()),
            (3, _) if algorithm != RS1 => Public::of_rsa(part(-1)?, part(-2)?)?,
            _ => return None,
        };
        Self::new(algorithm, public)
    }

    /// The key of a certificate, by the kind of key and its curve, for signatures of a COSE algorithm.
    pub(crate) fn of_certificate(
        kind: (ObjectIdentifier, Option<ObjectIdentifier>),
        key: &'a [u8],
        algorithm: i64,
    ) -> Option<Self> {
        let fits = match kind {
            (ON_A_CURVE, Some(P256)) => algorithm == ES256,
            (ON_A_CURVE, Some(P384)) => algorithm == -35,
            (ON_A_CURVE, Some(P521)) => algorithm == -36,
            (ED25519, _) => algorithm == -8,
            (RSA, _) => rsa(algorithm).is_some(),
            _ => false,
        };
        fits.then_some(())?;
        Self::new(algorithm, Public::of_certificate(kind.0, key)?)
    }

    fn new(algorithm: i64, public: Public<'a>) -> Option<Self> {
        let means = match (algorithm, &public) {
            (ES256, Public::Point(_)) => Means::Curve(&signature::ECDSA_P256_SHA256_ASN1),
            (-35, Public::Point(_)) => Means::Curve(&signature::ECDSA_P384_SHA384_ASN1),
            (-36, Public::Point(point)) => {
                let key = p521::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?;
                Means::P521(Box::new(key))
            }
            (-8, Public::Point(_)) => Means::Curve(&signature::ED25519),
            (_, Public::Rsa(..)) => Means::Rsa(rsa(algorithm)?),
            _ => return None,
        };
        Some(Self {
            algorithm,
            public,
            means,
        })
    }

    /// The COSE number of its algorithm.
    pub(crate) fn algorithm(&self) -> i64 {
        self.algorithm
    }

    /// The key, whatever it signs.
    pub(crate) fn public(&self) -> Public<'a> {
        self.public.clone()
    }

    /// Whether `signature` of `message` was made with this key's other half.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Refused> {
        let right = match (&self.means, &self.public) {
            (Means::Curve(algorithm), Public::Point(point)) => {
                let key = UnparsedPublicKey::new(*algorithm, point);
                key.verify(message, signature).is_ok()
            }
            (Means::P521(key), _) => {
                use p521::ecdsa::signature::Verifier as _;
                let signature = p521::ecdsa::Signature::from_der(signature);
                signature.is_ok_and(|signature| key.verify(message, &signature).is_ok())
            }
            (Means::Rsa(parameters), Public::Rsa(n, e)) => {
                let key = RsaPublicKeyComponents { n, e };
                key.verify(parameters, message, signature).is_ok()
            }
            _ => false,
        };
        right.then_some(()).ok_or(Refused::Signature)
    }
}

/// A number without zeros in front, as ring wants it.
fn without_zeros(bytes: &[u8]) -> Option<&[u8]> {
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
        RS1 => Some(&signature::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY),
        _ => None,
    }
}
