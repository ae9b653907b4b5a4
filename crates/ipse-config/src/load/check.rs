//! Checking a value against the schema, in words that say what to do.
//!
//! A general validator would find the same mistakes. This one knows the few shapes our own types
//! generate, and can therefore name the key that was meant and say what is allowed in one phrase.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::Value;
use url::Url;

use super::error::{Problem, ProblemKind};
use super::key::KeyPath;
use super::phrase::{allowed, found, kind};
use super::tree::Tree;
use crate::schema::{KnownKeys, Part};

/// How alike two keys have to be for one to be offered instead of the other.
const ALIKE: f64 = 0.75;

/// Everything in the value that the schema does not allow.
pub(crate) fn check(known: &KnownKeys, tree: &Tree, value: &Value) -> Vec<Problem> {
    let mut checker = Checker {
        known,
        tree,
        problems: Vec::new(),
    };
    checker.any(known.root(), value, &KeyPath::default());
    checker.problems
}

struct Checker<'a> {
    known: &'a KnownKeys,
    tree: &'a Tree,
    problems: Vec<Problem>,
}

impl Checker<'_> {
    fn any(&mut self, schema: &Value, value: &Value, path: &KeyPath) {
        let Some(part) = self.known.resolve(schema) else {
            return;
        };
        if value.is_null() && is_optional(schema) {
            return;
        }
        if let Some(choices) = part.get("oneOf").and_then(Value::as_array) {
            return self.choice(part, choices, value, path);
        }
        if let Some(constant) = part.get("const")
            && constant != value
        {
            return self.wrong(part, value, path);
        }
        if let Some(values) = part.get("enum").and_then(Value::as_array)
            && !values.contains(value)
        {
            return self.wrong(part, value, path);
        }
        if !has_type(part, value) {
            return self.wrong(part, value, path);
        }
        match value {
            Value::Object(_) => self.table(part, value, path),
            Value::Array(items) => self.list(part, items, value, path),
            Value::String(text) if !text_fits(part, text) => self.wrong(part, value, path),
            Value::Number(number) if !number_fits(part, number) => self.wrong(part, value, path),
            _ => {}
        }
    }

    /// One of several values, or one of several tables told apart by one of their keys.
    fn choice(&mut self, part: &Part, choices: &[Value], value: &Value, path: &KeyPath) {
        if choices.iter().all(|choice| choice.get("const").is_some()) {
            if !choices
                .iter()
                .any(|choice| choice.get("const") == Some(value))
            {
                self.wrong(part, value, path);
            }
            return;
        }
        let Some(tag) = choices
            .iter()
            .find_map(|choice| tag_of(choice).map(|(tag, _)| tag))
        else {
            return;
        };
        let chosen = choices
            .iter()
            .find(|choice| tag_of(choice).is_some_and(|(_, name)| value.get(tag) == Some(name)));
        if let Some(chosen) = chosen {
            return self.any(chosen, value, path);
        }
        let names = choices
            .iter()
            .filter_map(|choice| tag_of(choice)?.1.as_str());
        let names = format!("one of {}", names.collect::<Vec<_>>().join(", "));
        if value.is_object() {
            let found = value.get(tag).map_or("nothing".to_owned(), found);
            self.report(
                &path.key(tag),
                ProblemKind::Wrong {
                    found,
                    allowed: names,
                },
            );
        } else {
            let allowed = format!("a table with `{tag}`: {names}");
            self.report(
                path,
                ProblemKind::Wrong {
                    found: kind(value).to_owned(),
                    allowed,
                },
            );
        }
    }

    fn table(&mut self, part: &Part, value: &Value, path: &KeyPath) {
        let Some(entries) = value.as_object() else {
            return;
        };
        let properties = self.known.properties(part);
        for (key, below) in entries {
            let path = path.key(key);
            match (
                properties.and_then(|known| known.get(key)),
                part.get("additionalProperties"),
            ) {
                (Some(schema), _) => self.any(schema, below, &path),
                (None, Some(Value::Bool(false))) => {
                    let kind = self.unknown(key, properties);
                    self.report(&path, kind);
                }
                (None, Some(schema)) => self.any(schema, below, &path),
                (None, None) => {}
            }
        }
        let required = part
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        for key in required
            .filter_map(Value::as_str)
            .filter(|key| !entries.contains_key(*key))
        {
            let schema = properties.and_then(|known| known.get(key));
            let part = schema.and_then(|schema| self.known.resolve(schema));
            let advice = format!(
                "allowed is {}",
                part.map_or("any value".to_owned(), allowed)
            );
            self.report(&path.key(key), ProblemKind::Missing { advice });
        }
    }

    fn unknown(&self, key: &str, properties: Option<&Part>) -> ProblemKind {
        let known: Vec<String> = properties
            .into_iter()
            .flat_map(|known| known.keys().cloned())
            .collect();
        // A key that exists, but elsewhere, was more likely misplaced than misspelt.
        let elsewhere = match self.known.paths_ending_in(key).as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        };
        ProblemKind::Unknown {
            nearest: nearest(key, &known).or(elsewhere),
            known,
        }
    }

    fn list(&mut self, part: &Part, items: &[Value], value: &Value, path: &KeyPath) {
        let fewest = part.get("minItems").and_then(Value::as_u64).unwrap_or(0);
        if (items.len() as u64) < fewest {
            self.wrong(part, value, path);
        }
        if let Some(schema) = part.get("items") {
            for (index, item) in items.iter().enumerate() {
                self.any(schema, item, &path.index(index));
            }
        }
        if part.get("uniqueItems") == Some(&Value::Bool(true)) {
            let mut seen = BTreeSet::new();
            for (index, item) in items.iter().enumerate() {
                if !seen.insert(item.to_string()) {
                    let reason = "is in the list twice".to_owned();
                    self.report(&path.index(index), ProblemKind::Conflict { reason });
                }
            }
        }
    }

    fn wrong(&mut self, part: &Part, value: &Value, path: &KeyPath) {
        let found = if self.known.holds_secret(part) {
            format!("{} (not shown)", kind(value))
        } else {
            found(value)
        };
        self.report(
            path,
            ProblemKind::Wrong {
                found,
                allowed: allowed(part),
            },
        );
    }

    fn report(&mut self, path: &KeyPath, kind: ProblemKind) {
        let origin = self.tree.origin(path);
        self.problems.push(Problem {
            key: path.to_string(),
            origin,
            kind,
        });
    }
}

/// The key that was probably meant.
pub(crate) fn nearest(key: &str, known: &[String]) -> Option<String> {
    known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(key, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, candidate)| candidate.clone())
}

/// The key whose value tells a table apart from the others, and that value.
fn tag_of(choice: &Value) -> Option<(&str, &Value)> {
    choice
        .get("properties")?
        .as_object()?
        .iter()
        .find_map(|(key, schema)| Some((key.as_str(), schema.get("const")?)))
}

/// Whether the schema is a choice between something and nothing.
fn is_optional(schema: &Value) -> bool {
    let choices = schema.get("anyOf").and_then(Value::as_array);
    choices.is_some_and(|choices| choices.iter().any(|choice| choice["type"] == "null"))
}

fn has_type(part: &Part, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str() {
        Some("null") => value.is_null(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => true,
    };
    match part.get("type") {
        None => true,
        Some(Value::Array(names)) => names.iter().any(is),
        Some(name) => is(name),
    }
}

fn number_fits(part: &Part, number: &serde_json::Number) -> bool {
    let limit = |name: &str| part.get(name).and_then(Value::as_f64);
    let Some(number) = number.as_f64() else {
        return false;
    };
    limit("minimum").is_none_or(|least| number >= least)
        && limit("maximum").is_none_or(|most| number <= most)
}

fn text_fits(part: &Part, text: &str) -> bool {
    let limit = |name: &str| part.get(name).and_then(Value::as_u64);
    let length = text.chars().count() as u64;
    let format = part.get("format").and_then(Value::as_str);
    let pattern = part.get("pattern").and_then(Value::as_str);
    limit("minLength").is_none_or(|least| length >= least)
        && limit("maxLength").is_none_or(|most| length <= most)
        && format.is_none_or(|format| has_format(format, text))
        && pattern
            .is_none_or(|pattern| Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text)))
}

fn has_format(format: &str, text: &str) -> bool {
    match format {
        "uri" => Url::parse(text).is_ok(),
        // Whatever it is relative to, the syntax is the same.
        "uri-reference" => Url::options()
            .base_url(Url::parse("http://localhost/").ok().as_ref())
            .parse(text)
            .is_ok(),
        "uuid" => uuid::Uuid::parse_str(text).is_ok(),
        "email" => text.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !text.contains(char::is_whitespace)
        }),
        _ => true,
    }
}
