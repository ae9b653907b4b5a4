//! What is allowed for a key, and what was found instead, in a few words.

use serde_json::Value;

use crate::schema::Part;

/// The longest text that is quoted whole.
const QUOTED: usize = 60;

/// What a part of the schema allows.
pub(crate) fn allowed(part: &Part) -> String {
    if let Some(names) = names(part) {
        return match names.as_slice() {
            [only] => only.clone(),
            _ => format!("one of {}", names.join(", ")),
        };
    }
    let kind = match part.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().find(|kind| *kind != "null"),
        kind => kind,
    };
    match kind.and_then(Value::as_str) {
        Some("boolean") => "true or false".to_owned(),
        Some("integer") => format!("a whole number{}", range(part)),
        Some("number") => format!("a number{}", range(part)),
        Some("string") => text(part),
        Some("array") => match part.get("minItems") {
            Some(fewest) => format!("a list with at least {fewest} item"),
            None => "a list".to_owned(),
        },
        Some("object") => "a table".to_owned(),
        _ => "another value".to_owned(),
    }
}

/// The values, where only certain ones are allowed.
fn names(part: &Part) -> Option<Vec<String>> {
    if let Some(values) = part.get("enum").and_then(Value::as_array) {
        return Some(values.iter().map(plain).collect());
    }
    if let Some(value) = part.get("const") {
        return Some(vec![plain(value)]);
    }
    let choices = part.get("oneOf")?.as_array()?;
    choices
        .iter()
        .map(|choice| choice.get("const").map(plain))
        .collect()
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn range(part: &Part) -> String {
    match (part.get("minimum"), part.get("maximum")) {
        (Some(least), Some(most)) => format!(" from {least} to {most}"),
        (Some(least), None) => format!(" from {least}"),
        (None, Some(most)) => format!(" up to {most}"),
        (None, None) => String::new(),
    }
}

fn text(part: &Part) -> String {
    let length = |name: &str| part.get(name).and_then(Value::as_u64);
    if let Some(example) = part.get("examples").and_then(|examples| examples.get(0)) {
        return format!("a text such as `{}`", plain(example));
    }
    if let Some(pattern) = part.get("pattern").and_then(Value::as_str) {
        return format!("a text that matches {pattern}");
    }
    match part.get("format").and_then(Value::as_str) {
        Some("uri") => return "a URL".to_owned(),
        Some("uri-reference") => return "a URL or a path".to_owned(),
        Some("email") => return "an e-mail address".to_owned(),
        Some("uuid") => return "a UUID".to_owned(),
        _ => {}
    }
    match (length("minLength"), length("maxLength")) {
        (Some(least), Some(most)) if least == most => format!("a text of {least} characters"),
        (Some(least), Some(most)) => format!("a text of {least} to {most} characters"),
        (Some(least), None) => format!("a text of at least {least} characters"),
        (None, Some(most)) => format!("a text of at most {most} characters"),
        (None, None) => "a text".to_owned(),
    }
}

/// What was found.
pub(crate) fn found(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) if text.chars().count() > QUOTED => {
            format!(
                "the text \"{}…\"",
                text.chars().take(QUOTED).collect::<String>()
            )
        }
        Value::String(text) => format!("the text {text:?}"),
        Value::Array(_) | Value::Object(_) => kind(value).to_owned(),
    }
}

/// What kind of value was found.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}
