//! Amounts of memory as the configuration writes them, such as `128MB`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Units, each 1024 times the one before, smallest first.
const UNITS: [&str; 7] = ["B", "KB", "MB", "GB", "TB", "PB", "EB"];

/// A number of bytes. `1KB` is 1024 bytes, as in the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(u64);

/// A text is no amount of memory.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("an amount of memory is a whole number with a unit (B, KB, MB, GB, TB, PB, EB): `128MB`")]
pub struct ByteSizeError;

impl ByteSize {
    /// So many mebibytes.
    #[must_use]
    pub const fn mebibytes(count: u32) -> Self {
        Self((count as u64) << 20)
    }

    /// The number of bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// The number of whole kibibytes, the unit Argon2 counts in.
    #[must_use]
    pub const fn kibibytes(self) -> u64 {
        self.0 >> 10
    }
}

impl FromStr for ByteSize {
    type Err = ByteSizeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().map_err(|_| ByteSizeError)?;
        let power = UNITS
            .iter()
            .position(|name| *name == unit)
            .ok_or(ByteSizeError)?;
        (0..power)
            .try_fold(number, |bytes, _| bytes.checked_mul(1024))
            .map(Self)
            .ok_or(ByteSizeError)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut count = self.0;
        let mut power = 0;
        while count >= 1024 && count.is_multiple_of(1024) && power + 1 < UNITS.len() {
            count /= 1024;
            power += 1;
        }
        write!(formatter, "{count}{}", UNITS[power])
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

impl JsonSchema for ByteSize {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ByteSize".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[0-9]+(B|KB|MB|GB|TB|PB|EB)$",
            "examples": ["128MB"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_in_powers_of_1024() {
        assert_eq!("128MB".parse(), Ok(ByteSize::mebibytes(128)));
        assert_eq!(
            "128MB".parse::<ByteSize>().map(ByteSize::kibibytes),
            Ok(131_072)
        );
        assert_eq!("7B".parse::<ByteSize>().map(ByteSize::bytes), Ok(7));
        assert_eq!(ByteSize::mebibytes(1024).to_string(), "1GB");
        assert_eq!(ByteSize(1025).to_string(), "1025B");
    }

    #[test]
    fn refuses_other_forms() {
        for text in [
            "",
            "MB",
            "1",
            "1 MB",
            "1.5MB",
            "-1B",
            "1mb",
            "99999999999EB",
        ] {
            assert_eq!(text.parse::<ByteSize>(), Err(ByteSizeError), "{text:?}");
        }
    }
}
