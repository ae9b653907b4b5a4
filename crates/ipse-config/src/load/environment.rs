//! Keys set by environment variables.
//!
//! A variable is named like the path of its key, in capitals, joined by underscores:
//! `SERVE_PUBLIC_PORT`. Because keys have underscores, too, names are matched against the keys
//! there are and never taken apart. Variables that match none belong to somebody else.

use std::sync::Arc;

use serde_json::Value;

use super::key::KeyPath;
use super::origin::Origin;
use super::tree::Tree;
use crate::schema::{KnownKeys, Part};

/// Keys that exist for the command line only.
const NOT_FROM_ENVIRONMENT: [&str; 2] = ["help", "config"];

/// A key that a variable sets.
pub(crate) struct Setting {
    pub(crate) path: KeyPath,
    pub(crate) value: Tree,
}

/// The keys that variables set, items of lists in order.
pub(crate) fn settings(known: &KnownKeys, variables: &[(String, String)]) -> Vec<Setting> {
    let mut settings: Vec<Setting> = variables
        .iter()
        .filter_map(|(name, text)| {
            let (path, part) = find(known, known.root(), name, &KeyPath::default())?;
            let value = value_of(part, text, path.segments().len())?;
            let origin = Origin::Environment {
                variable: Arc::from(name.as_str()),
            };
            Some(Setting {
                path,
                value: Tree::of(value, &origin),
            })
        })
        .collect();
    settings.sort_by(|one, other| one.path.cmp(&other.path));
    settings
}

/// The key below `schema` that the rest of a variable's name stands for.
fn find<'a>(
    known: &'a KnownKeys,
    schema: &'a Value,
    rest: &str,
    path: &KeyPath,
) -> Option<(KeyPath, &'a Part)> {
    let part = known.resolve(schema)?;
    if let Some(items) = part.get("items") {
        let (number, rest) = rest.split_once('_').unwrap_or((rest, ""));
        let path = path.index(number.parse().ok()?);
        return if rest.is_empty() {
            known.resolve(items).map(|part| (path, part))
        } else {
            find(known, items, rest, &path)
        };
    }
    known.properties(part)?.iter().find_map(|(key, below)| {
        if path.segments().is_empty() && NOT_FROM_ENVIRONMENT.contains(&key.as_str()) {
            return None;
        }
        let name = key.to_uppercase().replace('-', "_");
        let rest = rest.strip_prefix(&name)?;
        let path = path.key(key);
        if rest.is_empty() {
            return known.resolve(below).map(|part| (path, part));
        }
        find(known, below, rest.strip_prefix('_')?, &path)
    })
}

/// The value a text stands for, by the type of its key. What can't be read stays a text, so that
/// the check names it. `None` if the variable is not meant for us.
fn value_of(part: &Part, text: &str, depth: usize) -> Option<Value> {
    let parsed = || serde_json::from_str::<Value>(text).ok();
    let is = |name: &str| match part.get("type") {
        Some(Value::Array(names)) => names.iter().any(|known| known == name),
        Some(known) => known == name,
        None => false,
    };
    if is("object") || part.contains_key("properties") {
        return match parsed() {
            Some(value @ Value::Object(_)) => Some(value),
            // `SESSION=x11` and the like: too common a name to insist.
            _ if depth == 1 => None,
            _ => Some(text.into()),
        };
    }
    if is("array") {
        return Some(match parsed() {
            Some(value @ Value::Array(_)) => value,
            // Meant as JSON, but broken: the check says that this is no list.
            _ if text.trim_start().starts_with(['[', '{']) => text.into(),
            _ => text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .collect(),
        });
    }
    if is("boolean") {
        return Some(match text {
            "1" | "t" | "T" | "true" | "True" | "TRUE" => true.into(),
            "0" | "f" | "F" | "false" | "False" | "FALSE" => false.into(),
            _ => text.into(),
        });
    }
    if is("integer") || is("number") {
        return Some(match parsed() {
            Some(value @ Value::Number(_)) => value,
            _ => text.into(),
        });
    }
    Some(text.into())
}
