#![doc = include_str!("../README.md")]

mod answer;
mod attestation;
mod authenticator;
mod cbor;
mod client;
mod key;
mod options;
mod script;
#[cfg(test)]
mod tests;

pub use answer::{Assertion, Confirmed, Malformed, NewKey, Refused, Registration};
pub use options::{Creation, Party, Presence, Request, User};
pub use script::{SCRIPT, integrity};

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// The random part of a ceremony. Each counts once; its keeper sees to that.
pub type Challenge = [u8; 32];

/// Base64 as the protocol has it; some clients pad it.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// As base64url without padding.
#[must_use]
pub fn to_base64url(bytes: &[u8]) -> String {
    BASE64URL.encode(bytes)
}

/// From base64url, padded or not.
#[must_use]
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    BASE64URL.decode(text).ok()
}
