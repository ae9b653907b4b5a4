//! Durations as the configuration writes them: whole numbers with units, such as `72h30m`.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// What a duration has to look like.
const PATTERN: &str = "^([0-9]+(ns|us|ms|s|m|h))+$";

/// Units with their length in nanoseconds, longest first.
const UNITS: [(&str, u64); 6] = [
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// Why a text is no duration.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum DurationError {
    /// There is no number, or no unit, where one belongs.
    #[error("a duration is whole numbers with units (ns, us, ms, s, m, h), such as `1h30m`")]
    Syntax,
    /// The sum does not fit.
    #[error("the duration is too long")]
    TooLong,
}

/// Reads and writes a [`Duration`] field: `#[serde(with = "GoDuration")]`.
#[derive(Debug, Clone, Copy)]
pub struct GoDuration;

impl GoDuration {
    /// Parses `1h`, `72h30m`, `200ms` and the like.
    ///
    /// # Errors
    /// If the text has another form or the duration does not fit.
    pub fn parse(text: &str) -> Result<Duration, DurationError> {
        let mut rest = text;
        let mut nanoseconds: u64 = 0;
        if rest.is_empty() {
            return Err(DurationError::Syntax);
        }
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (number, after) = rest.split_at(digits);
            let letters = after.bytes().take_while(u8::is_ascii_alphabetic).count();
            let (unit, remaining) = after.split_at(letters);
            let (_, length) = UNITS
                .iter()
                .find(|(name, _)| *name == unit)
                .ok_or(DurationError::Syntax)?;
            if number.is_empty() {
                return Err(DurationError::Syntax);
            }
            let number: u64 = number.parse().map_err(|_| DurationError::TooLong)?;
            nanoseconds = number
                .checked_mul(*length)
                .and_then(|part| nanoseconds.checked_add(part))
                .ok_or(DurationError::TooLong)?;
            rest = remaining;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// Writes a duration the way [`GoDuration::parse`] reads it.
    #[must_use]
    pub fn format(duration: Duration) -> String {
        let mut rest = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let mut text = String::new();
        for (unit, length) in UNITS {
            if rest >= length {
                text.push_str(&(rest / length).to_string());
                text.push_str(unit);
                rest %= length;
            }
        }
        if text.is_empty() {
            "0s".to_owned()
        } else {
            text
        }
    }

    /// For serde.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Self::format(*duration))
    }

    /// For serde.
    ///
    /// # Errors
    /// If the value is no text of the right form.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

impl JsonSchema for GoDuration {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": PATTERN, "examples": ["1h30m"] })
    }
}

/// Reads and writes an `Option<Duration>` field.
#[derive(Debug, Clone, Copy)]
pub struct OptionalGoDuration;

impl OptionalGoDuration {
    /// For serde.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(
        duration: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        duration.map(GoDuration::format).serialize(serializer)
    }

    /// For serde.
    ///
    /// # Errors
    /// If the value is no text of the right form.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        GoDuration::deserialize(deserializer).map(Some)
    }
}

impl JsonSchema for OptionalGoDuration {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        GoDuration::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sums_its_parts() {
        assert_eq!(
            GoDuration::parse("72h30m"),
            Ok(Duration::from_secs(72 * 3600 + 30 * 60))
        );
        assert_eq!(GoDuration::parse("200ms"), Ok(Duration::from_millis(200)));
        assert_eq!(GoDuration::parse("1m1m"), Ok(Duration::from_secs(120)));
        assert_eq!(GoDuration::parse("0s"), Ok(Duration::ZERO));
    }

    #[test]
    fn refuses_what_the_format_does_not_allow() {
        for text in [
            "", "1", "h", "1.5h", "-1h", "1d", "1h ", "1h30", "µs", "1hm",
        ] {
            assert_eq!(
                GoDuration::parse(text),
                Err(DurationError::Syntax),
                "{text:?}"
            );
        }
        assert_eq!(
            GoDuration::parse("99999999999999h"),
            Err(DurationError::TooLong)
        );
        assert_eq!(
            GoDuration::parse("99999999999999999999999s"),
            Err(DurationError::TooLong)
        );
    }

    proptest! {
        #[test]
        fn reads_what_it_writes(nanoseconds in any::<u64>()) {
            let duration = Duration::from_nanos(nanoseconds);
            prop_assert_eq!(GoDuration::parse(&GoDuration::format(duration)), Ok(duration));
        }

        #[test]
        fn never_panics(text in "\\PC*") {
            let _ = GoDuration::parse(&text);
        }
    }
}
