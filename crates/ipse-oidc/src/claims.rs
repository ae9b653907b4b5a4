//! What a provider says about somebody, in the words of OpenID Connect whoever said it.

use ipse_model::Timestamp;
use serde_json::{Map, Value};

/// What a provider says about somebody.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims(Map<String, Value>);

/// Claims that are booleans; some providers write them as text.
const FLAGS: [&str; 3] = ["email_verified", "phone_number_verified", "nonce_supported"];

impl Claims {
    /// Claims as a provider has sent them. What is empty counts as not said; all of it stays at hand as `raw_claims`.
    pub(crate) fn new(said: Map<String, Value>) -> Self {
        let mut claims = Map::new();
        for (name, value) in &said {
            let value = match name.as_str() {
                flagged if FLAGS.contains(&flagged) => flag(value),
                "updated_at" => seconds(value),
                _ => value.clone(),
            };
            if !is_empty(&value) {
                claims.insert(name.clone(), value);
            }
        }
        claims.insert("raw_claims".to_owned(), Value::Object(said));
        Self(claims)
    }

    /// Who somebody is there.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.text("sub").unwrap_or_default()
    }

    /// A claim that is text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// A claim.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Says something that wasn't said before.
    pub(crate) fn add(&mut self, name: &str, value: impl Into<Value>) {
        self.0.entry(name).or_insert_with(|| value.into());
    }

    /// Says something else than before.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// As JSON, for mappers.
    #[must_use]
    pub fn to_value(&self) -> Value {
        Value::Object(self.0.clone())
    }
}

fn flag(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::Bool(text == "true"),
        other => other.clone(),
    }
}

/// A time in seconds; some providers write it out.
fn seconds(value: &Value) -> Value {
    let written = value.as_str().and_then(|text| text.parse().ok());
    written.map_or_else(
        || value.clone(),
        |time: Timestamp| Value::from(time.as_second()),
    )
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn flags_become_flags_and_nothing_is_nothing() {
        let said = json!({ "sub": "1", "email_verified": "true", "phone_number_verified": "false", "name": "",
            "x": null, "updated_at": "2026-01-01T00:00:00Z" });
        let claims = Claims::new(said.as_object().unwrap().clone());
        assert_eq!(
            claims.to_value(),
            json!({ "sub": "1", "email_verified": true, "updated_at": 1_767_225_600, "raw_claims": said })
        );
        assert_eq!((claims.subject(), claims.text("name")), ("1", None));
    }
}
