//! The small notations that the hash formats share: base64 of several tastes and `name=number` lists.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::VerifyError;

/// Other systems write base64 with and without padding; either is taken.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A hash shorter than this many bytes would match too easily; an empty one always.
const MIN_HASH: usize = 8;

pub(super) fn base64(text: &str) -> Result<Vec<u8>, VerifyError> {
    LENIENT.decode(text).map_err(|_| VerifyError::Damaged)
}

/// [`base64`] of a hash, which must be long enough to tell passwords apart.
pub(super) fn hash(text: &str) -> Result<Vec<u8>, VerifyError> {
    let bytes = base64(text)?;
    if bytes.len() < MIN_HASH {
        return Err(VerifyError::Damaged);
    }
    Ok(bytes)
}

/// The numbers of a list such as `ln=14,r=8,p=1`, whose names must be `names` in this order.
pub(super) fn numbers<const N: usize>(
    list: &str,
    names: [&str; N],
) -> Result<[u32; N], VerifyError> {
    let mut numbers = [0; N];
    let mut items = list.split(',');
    for (number, name) in numbers.iter_mut().zip(names) {
        let value = items
            .next()
            .and_then(|item| item.strip_prefix(name)?.strip_prefix('='))
            .ok_or(VerifyError::Damaged)?;
        *number = value.parse().map_err(|_| VerifyError::Damaged)?;
    }
    match items.next() {
        None => Ok(numbers),
        Some(_) => Err(VerifyError::Damaged),
    }
}

/// The parts of a hash between dollar signs, of which there must be exactly `N`.
pub(super) fn parts<const N: usize>(rest: &str) -> Result<[&str; N], VerifyError> {
    let mut parts = [""; N];
    let mut split = rest.split('$');
    for part in &mut parts {
        *part = split.next().ok_or(VerifyError::Damaged)?;
    }
    match split.next() {
        None => Ok(parts),
        Some(_) => Err(VerifyError::Damaged),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_with_and_without_padding() {
        assert_eq!(base64("c2FsdA==").unwrap(), b"salt");
        assert_eq!(base64("c2FsdA").unwrap(), b"salt");
        assert!(base64("c2F_dA").is_err());
    }

    #[test]
    fn a_hash_must_have_some_length() {
        assert!(hash("").is_err());
        assert!(hash("c2FsdA==").is_err());
        assert_eq!(hash("c2FsdHNhbHQ").unwrap(), b"saltsalt");
    }

    #[test]
    fn numbers_must_be_named_ordered_complete_and_alone() {
        let read = |list| numbers(list, ["ln", "r"]);
        assert_eq!(read("ln=14,r=8").unwrap(), [14, 8]);
        for damaged in [
            "",
            "ln=14",
            "r=8,ln=14",
            "ln=14,r=8,p=1",
            "ln=x,r=8",
            "ln=-1,r=8",
            "ln14,r=8",
        ] {
            assert!(read(damaged).is_err(), "{damaged}");
        }
    }

    #[test]
    fn parts_are_counted() {
        assert_eq!(parts::<2>("a$b").unwrap(), ["a", "b"]);
        assert!(parts::<2>("a").is_err());
        assert!(parts::<2>("a$b$c").is_err());
    }
}
