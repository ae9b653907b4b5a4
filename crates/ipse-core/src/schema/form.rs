//! Submitted traits: dotted names become objects, and the text of a form becomes what the schema says it is.

use serde_json::{Map, Number, Value};

use super::Schema;
use super::layout::Layout;
use super::shape::FieldKind;

/// How many names one dotted key may have.
const DEEPEST: usize = 24;

/// Under what name a plain value is kept beside an object of the same name, as in `emails=a&emails.0=b`.
const BESIDE: &str = "";

/// A dotted key with more names than anything sensible has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a field name is nested too deeply")]
pub struct TooDeep;

/// Turns fields with dotted names (`traits.name.first`) into nested objects, as a client that sends JSON would have
/// nested them. `\.` is a dot within a name. A field that is given more than once becomes a list of its values, which
/// [`Schema::traits_from_form`] reduces to the last where the schema wants no list.
///
/// # Errors
/// When a name is nested too deeply.
pub fn nest(
    fields: impl IntoIterator<Item = (String, Value)>,
) -> Result<Map<String, Value>, TooDeep> {
    let mut tree = Map::new();
    for (name, value) in fields {
        let names = split(&name);
        if names.len() > DEEPEST {
            return Err(TooDeep);
        }
        put(&mut tree, &names, value);
    }
    Ok(tree)
}

/// The names in a dotted key.
fn split(key: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut escaped = false;
    for c in key.chars() {
        match c {
            '\\' if !escaped => {
                escaped = true;
                continue;
            }
            '.' if !escaped => names.push(String::new()),
            _ => {
                if let Some(name) = names.last_mut() {
                    if escaped && c != '.' && c != '\\' {
                        name.push('\\');
                    }
                    name.push(c);
                }
            }
        }
        escaped = false;
    }
    if let Some(name) = names.last_mut().filter(|_| escaped) {
        name.push('\\');
    }
    names
}

fn put(tree: &mut Map<String, Value>, names: &[String], value: Value) {
    let Some((name, inner)) = names.split_first() else {
        return;
    };
    let Some(place) = tree.get_mut(name) else {
        let value = if inner.is_empty() {
            value
        } else {
            nested(inner, value)
        };
        tree.insert(name.clone(), value);
        return;
    };
    if !inner.is_empty() {
        put_inside(place, inner, value);
        return;
    }
    match (place, value) {
        (Value::Object(object), Value::Object(more)) => {
            for (name, value) in more {
                put(object, &[name], value);
            }
        }
        (Value::Object(object), value) => put(object, &[BESIDE.to_owned()], value),
        (Value::Array(list), Value::Array(more)) => list.extend(more),
        (Value::Array(list), value) => list.push(value),
        (place, Value::Array(mut more)) => {
            more.insert(0, place.take());
            *place = Value::Array(more);
        }
        (place, value) => *place = Value::Array(vec![place.take(), value]),
    }
}

fn nested(names: &[String], value: Value) -> Value {
    names.iter().rev().fold(value, |value, name| {
        Value::Object(std::iter::once((name.clone(), value)).collect())
    })
}

/// Puts `value` inside `place`, which becomes an object; a plain value or list there is kept beside it.
fn put_inside(place: &mut Value, names: &[String], value: Value) {
    let mut object = match place.take() {
        Value::Object(object) => object,
        Value::Null => Map::new(),
        Value::Array(list) => {
            let entries = list.into_iter().enumerate();
            entries
                .map(|(index, entry)| (index.to_string(), entry))
                .collect()
        }
        plain => std::iter::once((BESIDE.to_owned(), plain)).collect(),
    };
    put(&mut object, names, value);
    *place = Value::Object(object);
}

impl Schema {
    /// The traits of a submission, typed by the schema. Text is read as the number or boolean a field wants wherever it
    /// can be; in a form, where nothing can be left out, empty text is taken as not given. Objects that are missing come
    /// back empty unless the schema would refuse that.
    #[must_use]
    pub fn traits_from_form(&self, traits: Option<&Value>, encoded_as_form: bool) -> Value {
        let typing = Typing { encoded_as_form };
        let given = traits.cloned().unwrap_or_else(|| Value::Object(Map::new()));
        typing
            .read(&self.layout, given)
            .unwrap_or_else(|| Value::Object(Map::new()))
    }
}

#[derive(Clone, Copy)]
struct Typing {
    encoded_as_form: bool,
}

impl Typing {
    /// The value as the field wants it; none if nothing was given.
    fn read(self, layout: &Layout, value: Value) -> Option<Value> {
        match layout.kind {
            FieldKind::Object => Some(self.read_object(layout, value)),
            FieldKind::Array => self.read_list(layout, value),
            _ => self.read_scalar(layout, value),
        }
    }

    fn read_object(self, layout: &Layout, value: Value) -> Value {
        let given = match value {
            Value::Object(object) => object,
            // A form may carry a whole object as JSON text.
            Value::String(text) if self.encoded_as_form => match serde_json::from_str(&text) {
                Ok(Value::Object(object)) => object,
                _ if text.is_empty() => Map::new(),
                _ => return Value::String(text),
            },
            other => return other,
        };
        let mut object = Map::with_capacity(given.len());
        for (name, value) in given {
            match layout.property(&name) {
                Some(property) => {
                    if let Some(value) = self.read(property, value) {
                        object.insert(name, value);
                    }
                }
                // Whatever else an HTML form has is no matter of the schema.
                None if self.encoded_as_form && (layout.closed || name == BESIDE) => {}
                None => {
                    object.insert(name, value);
                }
            }
        }
        for (name, property) in &layout.properties {
            if property.fills && !object.contains_key(name) {
                object.insert(
                    name.clone(),
                    self.read_object(property, Value::Object(Map::new())),
                );
            }
        }
        Value::Object(object)
    }

    fn read_list(self, layout: &Layout, value: Value) -> Option<Value> {
        let entries = match value {
            Value::Array(entries) => entries,
            Value::Object(object) => match entries_of(object) {
                Ok(entries) => entries,
                Err(object) => return Some(Value::Object(object)),
            },
            plain if self.encoded_as_form => vec![plain],
            other => return Some(other),
        };
        let entries: Vec<Value> = match &layout.items {
            Some(items) => entries
                .into_iter()
                .filter_map(|entry| self.read(items, entry))
                .collect(),
            None => entries
                .into_iter()
                .filter(|entry| !self.is_blank(entry))
                .collect(),
        };
        let left_empty = entries.is_empty() && self.encoded_as_form && !layout.required;
        (!left_empty).then_some(Value::Array(entries))
    }

    fn read_scalar(self, layout: &Layout, mut value: Value) -> Option<Value> {
        // Of a field that is there several times, the last one counts.
        while self.encoded_as_form
            && let Value::Array(list) = &mut value
            && let Some(last) = list.pop()
        {
            value = last;
        }
        if layout.kind == FieldKind::Boolean && layout.required && self.is_blank(&value) {
            // An unticked box.
            return Some(Value::Bool(false));
        }
        if self.is_blank(&value) {
            return None;
        }
        let Value::String(text) = &value else {
            return Some(value);
        };
        let read = match layout.kind {
            FieldKind::Boolean => boolean(text).map(Value::Bool),
            FieldKind::Integer => integer(text),
            FieldKind::Number => number(text),
            _ => None,
        };
        Some(read.unwrap_or(value))
    }

    fn is_blank(self, value: &Value) -> bool {
        self.encoded_as_form && value.as_str().is_some_and(str::is_empty)
    }
}

/// The entries of a list that was given as `emails.0`, `emails.1` and perhaps a plain `emails`, in order.
fn entries_of(object: Map<String, Value>) -> Result<Vec<Value>, Map<String, Value>> {
    let is_index = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
    if !object.keys().all(|name| name == BESIDE || is_index(name)) {
        return Err(object);
    }
    let mut entries: Vec<(u64, Value)> = object
        .into_iter()
        .map(|(name, value)| (name.parse().unwrap_or(u64::MAX), value))
        .collect();
    entries.sort_by_key(|(index, _)| *index);
    let entries = entries.into_iter().flat_map(|(index, value)| match value {
        Value::Array(list) if index == u64::MAX => list,
        value => vec![value],
    });
    Ok(entries.collect())
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "TRUE" | "True" | "t" | "T" | "1" | "on" => Some(true),
        "false" | "FALSE" | "False" | "f" | "F" | "0" | "off" => Some(false),
        _ => None,
    }
}

/// A number, if it has to be whole; `41.0` is.
fn integer(text: &str) -> Option<Value> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if let Ok(whole) = text.trim().parse::<i64>() {
        return Some(Value::from(whole));
    }
    let float: f64 = text.trim().parse().ok()?;
    if float.fract() == 0.0 && float.abs() <= EXACT {
        return format!("{float:.0}").parse::<i64>().ok().map(Value::from);
    }
    number(text)
}

fn number(text: &str) -> Option<Value> {
    let text = text.trim();
    if let Ok(whole) = text.parse::<i64>() {
        return Some(Value::from(whole));
    }
    text.parse()
        .ok()
        .and_then(Number::from_f64)
        .map(Value::Number)
}
