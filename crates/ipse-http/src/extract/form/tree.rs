//! Flat names such as `traits.name.first` become nested objects.

use ipse_core::flow::form::FormProblem;
use serde_json::{Map, Value};

/// More fields than any form has.
const MOST_FIELDS: usize = 2_000;

/// Deeper than any form is nested.
const DEEPEST: usize = 32;

/// From the pairs of a form.
///
/// Of a name given several times the first value counts, as with the reference, unless
/// all values are booleans: a checkbox with a hidden field before it sends `false` and, when ticked, `true`.
pub(super) fn from_form(pairs: Vec<(String, String)>) -> Result<Map<String, Value>, FormProblem> {
    if pairs.len() > MOST_FIELDS {
        return Err(FormProblem::TooComplex);
    }
    let mut flat: Map<String, Value> = Map::new();
    for (name, value) in pairs {
        match flat.get(&name).and_then(Value::as_str) {
            Some(before) if !(is_boolean(before) && is_boolean(&value)) => {}
            _ => {
                flat.insert(name, Value::String(value));
            }
        }
    }
    grow(flat)
}

/// From a JSON object, whose topmost keys may be dotted.
pub(super) fn from_json(fields: Map<String, Value>) -> Result<Map<String, Value>, FormProblem> {
    let mut left = MOST_FIELDS;
    for value in fields.values() {
        check(value, DEEPEST, &mut left)?;
    }
    if fields.keys().any(|name| name.contains(['.', '\0'])) {
        grow(fields)
    } else {
        Ok(fields)
    }
}

fn is_boolean(text: &str) -> bool {
    matches!(text, "true" | "false")
}

/// Refuses what is too deep, too much, or holds a NUL character, which no database text can.
fn check(value: &Value, depth: usize, left: &mut usize) -> Result<(), FormProblem> {
    let (Some(depth), Some(rest)) = (depth.checked_sub(1), left.checked_sub(1)) else {
        return Err(FormProblem::TooComplex);
    };
    *left = rest;
    match value {
        Value::String(text) => without_nul(text),
        Value::Array(items) => items.iter().try_for_each(|item| check(item, depth, left)),
        Value::Object(fields) => fields.iter().try_for_each(|(name, value)| {
            without_nul(name)?;
            check(value, depth, left)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn without_nul(text: &str) -> Result<(), FormProblem> {
    if text.contains('\0') {
        return Err(FormProblem::NotAForm("it has a NUL character in it"));
    }
    Ok(())
}

fn grow(flat: Map<String, Value>) -> Result<Map<String, Value>, FormProblem> {
    let mut tree = Map::new();
    for (name, value) in flat {
        without_nul(&name)?;
        if let Value::String(text) = &value {
            without_nul(text)?;
        }
        let path: Vec<&str> = name.split('.').collect();
        if path.len() > DEEPEST {
            return Err(FormProblem::TooComplex);
        }
        // A name with an empty part is no path; it stands for itself.
        if path.iter().any(|part| part.is_empty()) {
            tree.insert(name, value);
        } else {
            put(&mut tree, &path, value)?;
        }
    }
    Ok(tree)
}

fn put(tree: &mut Map<String, Value>, path: &[&str], value: Value) -> Result<(), FormProblem> {
    let (Some((last, groups)), mut at) = (path.split_last(), tree) else {
        return Ok(());
    };
    for group in groups {
        let below = at
            .entry(*group)
            .or_insert_with(|| Value::Object(Map::new()));
        let Value::Object(below) = below else {
            return Err(CONTRADICTION);
        };
        at = below;
    }
    match (at.get_mut(*last), value) {
        (Some(Value::Object(there)), Value::Object(more)) => there.extend(more),
        (Some(Value::Object(_)), _) => return Err(CONTRADICTION),
        (_, value) => {
            at.insert((*last).to_owned(), value);
        }
    }
    Ok(())
}

const CONTRADICTION: FormProblem =
    FormProblem::NotAForm("a field is a value and a group of fields");
