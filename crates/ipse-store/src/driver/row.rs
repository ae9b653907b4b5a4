//! Values on their way out of the database.

use ipse_model::{Json, Timestamp, Uuid};
use serde::de::DeserializeOwned;

use crate::StoreError;

/// A value as the driver found it. SQLite doesn't tell a time from a number or a truth value; the reader knows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// No value.
    Null,
    /// A number; on SQLite also a truth value or a time.
    Int(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Sixteen bytes.
    Uuid(Uuid),
}

/// A row, read from the first column to the last.
#[derive(Debug)]
pub(crate) struct Row(std::vec::IntoIter<Value>);

impl Row {
    pub(crate) fn new(values: Vec<Value>) -> Self {
        Self(values.into_iter())
    }

    fn next(&mut self) -> Result<Value, StoreError> {
        self.0
            .next()
            .ok_or_else(|| StoreError::Corrupt("a row has fewer columns than expected".into()))
    }

    fn unexpected<T>(&self, expected: &str) -> Result<T, StoreError> {
        let left = self.0.len();
        Err(StoreError::Corrupt(format!(
            "expected {expected} with {left} columns to come"
        )))
    }

    pub(crate) fn int(&mut self) -> Result<i64, StoreError> {
        match self.next()? {
            Value::Int(number) => Ok(number),
            _ => self.unexpected("a number"),
        }
    }

    pub(crate) fn bool(&mut self) -> Result<bool, StoreError> {
        Ok(self.int()? != 0)
    }

    pub(crate) fn text(&mut self) -> Result<String, StoreError> {
        match self.next()? {
            Value::Text(text) => Ok(text),
            _ => self.unexpected("a text"),
        }
    }

    pub(crate) fn text_or_null(&mut self) -> Result<Option<String>, StoreError> {
        match self.next()? {
            Value::Text(text) => Ok(Some(text)),
            Value::Null => Ok(None),
            _ => self.unexpected("a text or null"),
        }
    }

    pub(crate) fn json(&mut self) -> Result<Json, StoreError> {
        let text = self.text()?;
        Json::from_text(text).or_else(|_| self.unexpected("a JSON text"))
    }

    pub(crate) fn json_or_null(&mut self) -> Result<Option<Json>, StoreError> {
        match self.text_or_null()? {
            Some(text) => Json::from_text(text)
                .map(Some)
                .or_else(|_| self.unexpected("a JSON text")),
            None => Ok(None),
        }
    }

    /// A JSON text of a known shape.
    pub(crate) fn parsed<T: DeserializeOwned>(&mut self) -> Result<T, StoreError> {
        let text = self.text()?;
        serde_json::from_str(&text).or_else(|_| self.unexpected("a JSON text of a certain shape"))
    }

    /// One of the names of an enumeration.
    pub(crate) fn variant<T: Copy>(
        &mut self,
        all: &[T],
        name: fn(T) -> &'static str,
    ) -> Result<T, StoreError> {
        let text = self.text()?;
        variant(&text, all, name)
    }

    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>, StoreError> {
        match self.next()? {
            Value::Bytes(bytes) => Ok(bytes),
            Value::Uuid(uuid) => Ok(uuid.into_bytes().to_vec()),
            Value::Text(digits) => hex::decode(digits).or_else(|_| self.unexpected("bytes")),
            _ => self.unexpected("bytes"),
        }
    }

    pub(crate) fn bytes_or_null(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(Value::Null) = self.0.as_slice().first() {
            self.next()?;
            return Ok(None);
        }
        self.bytes().map(Some)
    }

    pub(crate) fn hash(&mut self) -> Result<[u8; 32], StoreError> {
        let bytes = self.bytes()?;
        <[u8; 32]>::try_from(bytes).or_else(|_| self.unexpected("32 bytes"))
    }

    pub(crate) fn uuid(&mut self) -> Result<Uuid, StoreError> {
        match self.next()? {
            Value::Uuid(uuid) => Ok(uuid),
            _ => self.unexpected("an id"),
        }
    }

    pub(crate) fn uuid_or_null(&mut self) -> Result<Option<Uuid>, StoreError> {
        match self.next()? {
            Value::Uuid(uuid) => Ok(Some(uuid)),
            Value::Null => Ok(None),
            _ => self.unexpected("an id or null"),
        }
    }

    pub(crate) fn time(&mut self) -> Result<Timestamp, StoreError> {
        let micros = self.int()?;
        Timestamp::from_microsecond(micros).or_else(|_| self.unexpected("a time"))
    }

    pub(crate) fn time_or_null(&mut self) -> Result<Option<Timestamp>, StoreError> {
        match self.next()? {
            Value::Int(micros) => Timestamp::from_microsecond(micros)
                .map(Some)
                .or_else(|_| self.unexpected("a time")),
            Value::Null => Ok(None),
            _ => self.unexpected("a time or null"),
        }
    }
}

/// The member of `all` with that name.
fn variant<T: Copy>(text: &str, all: &[T], name: fn(T) -> &'static str) -> Result<T, StoreError> {
    all.iter()
        .copied()
        .find(|&member| name(member) == text)
        .ok_or_else(|| StoreError::Corrupt("a name isn't one of those known".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: impl Into<Vec<Value>>) -> Row {
        Row::new(values.into())
    }

    #[test]
    fn columns_are_read_in_their_order() {
        let mut row = row([
            Value::Uuid(Uuid::nil()),
            Value::Text("a".into()),
            Value::Null,
            Value::Int(1),
            Value::Int(1_000_000),
        ]);
        assert_eq!(row.uuid(), Ok(Uuid::nil()));
        assert_eq!(row.text().as_deref(), Ok("a"));
        assert_eq!(row.json_or_null(), Ok(None));
        assert_eq!(row.bool(), Ok(true));
        assert_eq!(row.time().unwrap().to_string(), "1970-01-01T00:00:01Z");
        assert!(matches!(row.int(), Err(StoreError::Corrupt(_))));
    }

    #[test]
    fn sixteen_bytes_are_bytes_too() {
        assert_eq!(row([Value::Uuid(Uuid::max())]).bytes(), Ok(vec![255; 16]));
        assert_eq!(row([Value::Null]).bytes_or_null(), Ok(None));
    }

    #[test]
    fn what_is_stored_never_appears_in_an_error() {
        let error = row([Value::Text("hunter2".into())]).json().unwrap_err();
        assert!(!error.to_string().contains("hunter2"));
    }

    #[test]
    fn an_unknown_name_is_corrupt() {
        let all = [true, false];
        let name = |member| if member { "yes" } else { "no" };
        assert_eq!(variant("no", &all, name), Ok(false));
        assert!(matches!(
            variant("maybe", &all, name),
            Err(StoreError::Corrupt(_))
        ));
    }
}
