//! The script that joins forms with the browser's functions.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA512, digest};

/// The script.
pub const SCRIPT: &str = include_str!("webauthn.js");

/// What the `integrity` attribute of an element that loads [`SCRIPT`] says.
#[must_use]
pub fn integrity() -> String {
    format!(
        "sha512-{}",
        STANDARD.encode(digest(&SHA512, SCRIPT.as_bytes()))
    )
}
