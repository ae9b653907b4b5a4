//! JSON bodies.

use ipse_core::flow::form::FormProblem;
use serde_json::{Map, Value};

use super::tree;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Decodes the first JSON value of a body; what follows it doesn't matter. Of a key given twice the last one counts.
pub(super) fn decode(body: &[u8]) -> Result<Map<String, Value>, FormProblem> {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    let mut values = serde_json::Deserializer::from_slice(body).into_iter::<Value>();
    match values.next() {
        Some(Ok(Value::Object(fields))) => tree::from_json(fields),
        Some(Ok(other)) => Err(FormProblem::NotAnObject(kind(&other))),
        Some(Err(_)) | None => Err(FormProblem::NotJson),
    }
}

/// What the reference calls the kinds of JSON values.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "Null",
        Value::Bool(true) => "True",
        Value::Bool(false) => "False",
        Value::Number(_) => "Number",
        Value::String(_) => "String",
        Value::Array(_) | Value::Object(_) => "JSON",
    }
}
