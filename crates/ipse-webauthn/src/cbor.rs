//! The part of CBOR (RFC 8949) that authenticators write: definite lengths only, nothing after the end, bounded depth.

use std::fmt;

/// How deep arrays and maps may be nested.
const DEPTH: usize = 8;

/// A value. Texts and byte strings are pieces of what was read.
#[derive(Clone, PartialEq)]
pub(crate) enum Value<'a> {
    Integer(i64),
    Bytes(&'a [u8]),
    Text(&'a str),
    Array(Vec<Value<'a>>),
    Map(Vec<(Value<'a>, Value<'a>)>),
    /// Anything that nothing here asks for: booleans, null, floats, integers beyond 63 bits.
    Other,
}

/// It is no CBOR, or none of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken;

impl<'a> Value<'a> {
    /// The value that `input` begins with, and what comes after it.
    pub(crate) fn read(input: &'a [u8]) -> Result<(Self, &'a [u8]), Broken> {
        let mut reader = Reader(input);
        let value = reader.value(DEPTH)?;
        Ok((value, reader.0))
    }

    /// The value under a text in a map.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.find(|candidate| matches!(candidate, Self::Text(text) if *text == key))
    }

    /// The value under a number in a map.
    pub(crate) fn at(&self, key: i64) -> Option<&Self> {
        self.find(|candidate| matches!(candidate, Self::Integer(number) if *number == key))
    }

    fn find(&self, is_key: impl Fn(&Self) -> bool) -> Option<&Self> {
        let Self::Map(entries) = self else {
            return None;
        };
        entries
            .iter()
            .find(|(key, _)| is_key(key))
            .map(|(_, value)| value)
    }

    pub(crate) fn bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(crate) fn text(&self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Value(…)")
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Broken> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Broken)?;
        self.0 = rest;
        Ok(taken)
    }

    /// The major type and its argument.
    fn head(&mut self) -> Result<(u8, u64), Broken> {
        let first = self.take(1)?[0];
        let argument = match first & 0x1f {
            small @ 0..=23 => u64::from(small),
            width @ 24..=27 => {
                let bytes = self.take(1 << (width - 24))?;
                bytes
                    .iter()
                    .fold(0, |number, byte| number << 8 | u64::from(*byte))
            }
            _ => return Err(Broken),
        };
        Ok((first >> 5, argument))
    }

    fn value(&mut self, depth: usize) -> Result<Value<'a>, Broken> {
        let (major, argument) = self.head()?;
        let length = || usize::try_from(argument).map_err(|_| Broken);
        Ok(match major {
            0 => i64::try_from(argument).map_or(Value::Other, Value::Integer),
            1 => i64::try_from(argument).map_or(Value::Other, |number| Value::Integer(-1 - number)),
            2 => Value::Bytes(self.take(length()?)?),
            3 => Value::Text(std::str::from_utf8(self.take(length()?)?).map_err(|_| Broken)?),
            4 => Value::Array(self.items(length()?, depth)?),
            5 => {
                let items = self.items(length()?.checked_mul(2).ok_or(Broken)?, depth)?;
                let mut items = items.into_iter();
                let pairs = std::iter::from_fn(|| Some((items.next()?, items.next()?)));
                Value::Map(pairs.collect())
            }
            6 => return Err(Broken),
            _ => Value::Other,
        })
    }

    fn items(&mut self, count: usize, depth: usize) -> Result<Vec<Value<'a>>, Broken> {
        let depth = depth.checked_sub(1).ok_or(Broken)?;
        // Each takes a byte at least, so that a length that promises more is a lie.
        if count > self.0.len() {
            return Err(Broken);
        }
        (0..count).map(|_| self.value(depth)).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_of_each_kind() {
        let input = [
            0xa5, 0x01, 0x26, 0x20, 0x42, 0xca, 0xfe, 0x63, b'f', b'm', b't', 0x64, b'n', b'o',
            b'n', b'e', 0x03, 0x39, 0x01, 0x00, 0x04, 0x82, 0xf5, 0x1a, 0x00, 0x01, 0x00, 0x00,
            0xff,
        ];
        let (map, rest) = Value::read(&input).unwrap();
        assert_eq!(map.at(1), Some(&Value::Integer(-7)));
        assert_eq!(map.at(-1).and_then(Value::bytes), Some(&[0xca, 0xfe][..]));
        assert_eq!(map.get("fmt"), Some(&Value::Text("none")));
        assert_eq!(map.at(3).and_then(Value::integer), Some(-257));
        assert_eq!(
            map.at(4),
            Some(&Value::Array(vec![Value::Other, Value::Integer(65536)]))
        );
        assert_eq!((map.at(9), map.get("x"), rest), (None, None, &[0xff][..]));
    }

    #[test]
    fn what_authenticators_do_not_write_is_refused() {
        for broken in [
            &[][..],
            &[0x5f],
            &[0x9f, 0xff],
            &[0x41],
            &[0x18],
            &[0x61, 0xff],
            &[0xc0, 0x00],
            &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0xba, 0xff, 0xff, 0xff, 0xff],
            &[0x81; 64],
        ] {
            assert_eq!(Value::read(broken), Err(Broken), "{broken:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_read(input: Vec<u8>) {
            let _ = Value::read(&input);
        }
    }
}
