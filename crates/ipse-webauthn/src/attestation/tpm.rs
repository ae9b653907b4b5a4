//! Keys of a TPM, for which its own key vouches.

use ring::digest::{self, digest};

use super::Statement;
use crate::key::Public;

/// What TPMs put before all they sign.
const MAGIC: &[u8] = &[0xff, 0x54, 0x43, 0x47];
/// A statement about a key.
const CERTIFY: u16 = 0x8017;
/// No algorithm.
const NONE: u16 = 0x0010;
const RSA: u16 = 0x0001;
const CURVE: u16 = 0x0023;
/// The exponent of RSA keys that don't say.
const USUAL_EXPONENT: &[u8] = &[1, 0, 1];

impl Statement<'_> {
    /// The TPM's own key signs a description of the new key, together with the hash of what is attested.
    pub(super) fn tpm(&self) -> Option<()> {
        let field = |name| self.fields.get(name)?.bytes();
        (self.fields.get("ver")?.text()? == "2.0").then_some(())?;
        let (area, info) = (field("pubArea")?, field("certInfo")?);
        let (name_algorithm, public) = area_of(area)?;
        (public == self.key.public()).then_some(())?;
        let stated = Info::read(info)?;
        let algorithm = self.algorithm()?;
        let occasion = digest(hash_of(algorithm)?, &self.signed());
        let name = digest(hash(name_algorithm)?, area);
        let name = [&name_algorithm.to_be_bytes()[..], name.as_ref()].concat();
        (stated.occasion == occasion.as_ref() && stated.name == name).then_some(())?;
        let certificate = self.certificate()?;
        let key = certificate.key(algorithm)?;
        key.verify(info, self.signature()?).ok()?;
        certificate.is_of_a_tpm(&self.attested.aaguid)
    }
}

/// The hash of a COSE algorithm.
fn hash_of(algorithm: i64) -> Option<&'static digest::Algorithm> {
    match algorithm {
        -7 | -37 | -257 => Some(&digest::SHA256),
        -35 | -38 | -258 => Some(&digest::SHA384),
        -36 | -39 | -259 => Some(&digest::SHA512),
        crate::key::RS1 => Some(&digest::SHA1_FOR_LEGACY_USE_ONLY),
        _ => None,
    }
}

/// The hash of a TPM's algorithm.
fn hash(algorithm: u16) -> Option<&'static digest::Algorithm> {
    match algorithm {
        0x0004 => Some(&digest::SHA1_FOR_LEGACY_USE_ONLY),
        0x000b => Some(&digest::SHA256),
        0x000c => Some(&digest::SHA384),
        0x000d => Some(&digest::SHA512),
        _ => None,
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u16> {
        let bytes = self.take(2)?;
        Some(u16::from_be_bytes(bytes.try_into().ok()?))
    }

    /// Bytes with their length in front.
    fn sized(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(usize::from(length))
    }

    /// An algorithm; where there is one, so many bytes about it follow.
    fn skip_algorithm(&mut self, details: usize) -> Option<()> {
        if self.number()? != NONE {
            self.take(details)?;
        }
        Some(())
    }
}

/// What the TPM states of a key.
struct Info<'a> {
    /// The hash of what is attested.
    occasion: &'a [u8],
    /// The hash of the description, with the algorithm in front.
    name: &'a [u8],
}

impl<'a> Info<'a> {
    fn read(input: &'a [u8]) -> Option<Self> {
        let mut reader = Reader(input.strip_prefix(MAGIC)?);
        (reader.number()? == CERTIFY).then_some(())?;
        let _signer = reader.sized()?;
        let occasion = reader.sized()?;
        let _clock_and_firmware = reader.take(17 + 8)?;
        let name = reader.sized()?;
        let _qualified_name = reader.sized()?;
        reader.0.is_empty().then_some(Self { occasion, name })
    }
}

/// The algorithm that names the key of a description, and the key.
fn area_of(input: &[u8]) -> Option<(u16, Public<'_>)> {
    let mut reader = Reader(input);
    let (kind, name_algorithm) = (reader.number()?, reader.number()?);
    let _attributes = reader.take(4)?;
    let _policy = reader.sized()?;
    // A symmetric algorithm has a size and a mode, a scheme its hash.
    reader.skip_algorithm(4)?;
    reader.skip_algorithm(2)?;
    let key = match kind {
        RSA => {
            let _bits = reader.number()?;
            let exponent = match reader.take(4)? {
                [0, 0, 0, 0] => USUAL_EXPONENT,
                exponent => exponent,
            };
            Public::of_rsa(reader.sized()?, exponent)?
        }
        CURVE => {
            let size = match reader.number()? {
                3 => 32,
                4 => 48,
                5 => 66,
                _ => return None,
            };
            reader.skip_algorithm(2)?;
            Public::of_point(reader.sized()?, reader.sized()?, size)?
        }
        _ => return None,
    };
    reader.0.is_empty().then_some((name_algorithm, key))
}
