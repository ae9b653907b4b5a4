//! Authenticator data: what an authenticator says and signs.

use ring::digest::{SHA256, digest};

use crate::cbor::Value;

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const ATTESTED: u8 = 0x40;
const EXTENSIONS: u8 = 0x80;

/// Longest id of a credential that the protocol allows.
const LONGEST_ID: usize = 1023;

/// What the authenticator says.
#[derive(Debug)]
pub(crate) struct Data<'a> {
    rp_id_hash: &'a [u8],
    flags: u8,
    /// How often it has signed; zero where it doesn't count.
    pub(crate) counter: u32,
    /// The new key, when it made one.
    pub(crate) attested: Option<Attested<'a>>,
}

/// A key that the authenticator has made.
#[derive(Debug)]
pub(crate) struct Attested<'a> {
    /// The model of the authenticator.
    pub(crate) aaguid: [u8; 16],
    /// The id of the key.
    pub(crate) id: &'a [u8],
    /// The public key as COSE.
    pub(crate) public_key: &'a [u8],
}

impl<'a> Data<'a> {
    /// Reads authenticator data; nothing may be left over.
    pub(crate) fn read(input: &'a [u8]) -> Option<Self> {
        let (rp_id_hash, rest) = input.split_at_checked(32)?;
        let (&flags, rest) = rest.split_first()?;
        let (counter, mut rest) = rest.split_first_chunk::<4>()?;
        let mut attested = None;
        if flags & ATTESTED != 0 {
            let (key, after) = Attested::read(rest)?;
            (attested, rest) = (Some(key), after);
        }
        if flags & EXTENSIONS != 0 {
            let (Value::Map(_), after) = Value::read(rest).ok()? else {
                return None;
            };
            rest = after;
        }
        let counter = u32::from_be_bytes(*counter);
        rest.is_empty().then_some(Self {
            rp_id_hash,
            flags,
            counter,
            attested,
        })
    }

    /// Whether it speaks to this relying party.
    pub(crate) fn is_for(&self, rp_id: &str) -> bool {
        digest(&SHA256, rp_id.as_bytes()).as_ref() == self.rp_id_hash
    }

    /// Whether somebody has touched it.
    pub(crate) fn user_present(&self) -> bool {
        self.flags & USER_PRESENT != 0
    }

    /// Whether it has made sure who that was.
    pub(crate) fn user_verified(&self) -> bool {
        self.flags & USER_VERIFIED != 0
    }
}

impl<'a> Attested<'a> {
    fn read(input: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (aaguid, rest) = input.split_first_chunk::<16>()?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        if length == 0 || length > LONGEST_ID {
            return None;
        }
        let (id, rest) = rest.split_at_checked(length)?;
        let (_, after) = Value::read(rest).ok()?;
        let public_key = &rest[..rest.len() - after.len()];
        Some((
            Self {
                aaguid: *aaguid,
                id,
                public_key,
            },
            after,
        ))
    }
}
