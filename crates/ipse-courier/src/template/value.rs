//! JSON as Go sees it, and back.

use std::sync::Arc;

use gotmpl::Value as GoValue;
use serde_json::{Map, Number, Value};

/// A JSON value for a template. Go decodes every number to a float, and templates compare with `18.0`; so do we.
pub(crate) fn from_json(value: &Value) -> GoValue {
    match value {
        Value::Null => GoValue::Nil,
        Value::Bool(truth) => GoValue::Bool(*truth),
        Value::Number(number) => GoValue::Float(number.as_f64().unwrap_or(f64::MAX)),
        Value::String(text) => GoValue::String(text.as_str().into()),
        Value::Array(items) => GoValue::List(items.iter().map(from_json).collect()),
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| (name.as_str().into(), from_json(value));
            GoValue::Map(Arc::new(fields.iter().map(field).collect()))
        }
    }
}

/// A template's value as JSON; whole numbers stay whole. Functions have no JSON.
pub(crate) fn to_json(value: &GoValue) -> Value {
    match value {
        GoValue::Nil | GoValue::Function(_) => Value::Null,
        GoValue::Bool(truth) => Value::Bool(*truth),
        GoValue::Int(number) => Value::from(*number),
        GoValue::Uint(number) => Value::from(*number),
        GoValue::Float(number) => float(*number),
        GoValue::String(text) | GoValue::Safe { s: text, .. } => Value::String(text.to_string()),
        GoValue::List(items) => Value::Array(items.iter().map(to_json).collect()),
        GoValue::Map(fields) => {
            let field = |(name, value): (&Arc<str>, &GoValue)| (name.to_string(), to_json(value));
            Value::Object(fields.iter().map(field).collect::<Map<_, _>>())
        }
    }
}

fn float(number: f64) -> Value {
    // Beyond 2^53 a float is no exact integer any more.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole and within the exact range"
        )]
        return Value::from(number as i64);
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn there_and_back() {
        let value = json!({"a": [1, 2.5, "x", null, true], "b": {"c": {}}, "n": -7});
        assert_eq!(to_json(&from_json(&value)), value);
    }

    #[test]
    fn whole_numbers_print_as_such() {
        assert_eq!(from_json(&json!(1_234_567)).to_string(), "1234567");
        assert_eq!(from_json(&json!(2.5)).to_string(), "2.5");
        assert_eq!(to_json(&GoValue::Float(1e300)), json!(1e300));
    }

    proptest! {
        #[test]
        fn integers_survive(number in -9_007_199_254_740_992_i64..9_007_199_254_740_992) {
            prop_assert_eq!(to_json(&from_json(&json!(number))), json!(number));
        }
    }
}
