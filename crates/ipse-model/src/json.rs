//! JSON that is stored and printed again as it is, without being taken apart.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// A JSON text known to be well formed. Cheap to print, parsed only where somebody looks inside.
#[derive(Clone)]
pub struct Json(Box<RawValue>);

impl Json {
    /// Takes a text that claims to be JSON.
    ///
    /// # Errors
    /// When `text` is not one well-formed JSON value.
    pub fn from_text(text: String) -> Result<Self, serde_json::Error> {
        RawValue::from_string(text).map(Self)
    }

    /// The JSON form of any value.
    ///
    /// # Errors
    /// When `value` can't be expressed in JSON (a map with keys that are no strings).
    pub fn from_serialize(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        serde_json::value::to_raw_value(value).map(Self)
    }

    /// `{}`.
    #[must_use]
    pub fn empty_object() -> Self {
        Self::from(&Value::Object(serde_json::Map::new()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// The text, without a copy.
    #[must_use]
    pub fn into_string(self) -> String {
        String::from(Box::<str>::from(self.0))
    }

    /// The value as a tree.
    #[must_use]
    pub fn to_value(&self) -> Value {
        serde_json::from_str(self.as_str()).expect("a Json is well formed")
    }

    /// The value as a type of the caller's.
    ///
    /// # Errors
    /// When the text has another shape than `T`.
    pub fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.as_str())
    }
}

impl From<&Value> for Json {
    fn from(value: &Value) -> Self {
        Self(serde_json::value::to_raw_value(value).expect("a Value is JSON"))
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        Self::from(&value)
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Two texts are equal when they mean the same value.
impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str() || self.to_value() == other.to_value()
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_kept_and_equality_is_by_meaning() {
        let a = Json::from_text(r#"{ "a":1,  "b": [true] }"#.into()).unwrap();
        assert_eq!(a.as_str(), r#"{ "a":1,  "b": [true] }"#);
        assert_eq!(a, Json::from_text(r#"{"b":[true],"a":1}"#.into()).unwrap());
        assert_ne!(a, Json::empty_object());
    }

    #[test]
    fn a_broken_text_is_refused() {
        assert!(Json::from_text("{".into()).is_err());
        assert!(Json::from_text("1 2".into()).is_err());
    }
}
