//! The JSON Schema of the configuration, generated from the types.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use crate::Config;

/// The JSON Schema of the configuration, for editors and for `docs/config.schema.json`.
#[must_use]
pub fn json_schema() -> Value {
    let mut schema = generated();
    if let Some(entries) = schema.as_object_mut() {
        entries.insert("title".to_owned(), "Configuration of Ipse".into());
    }
    schema
}

fn generated() -> Value {
    let generator = SchemaSettings::draft07().into_generator();
    let mut schema: Value = generator.into_root_schema_for::<Config>().into();
    drop_null_defaults(&mut schema);
    schema
}

/// An absent key is not a key that is null: takes away what generation says about the latter.
fn drop_null_defaults(value: &mut Value) {
    match value {
        Value::Object(entries) => {
            if entries.get("default") == Some(&Value::Null) {
                entries.remove("default");
            }
            entries.values_mut().for_each(drop_null_defaults);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_null_defaults),
        _ => {}
    }
}

/// The schema, prepared for looking keys up in it.
#[derive(Debug)]
pub(crate) struct KnownKeys {
    root: Value,
}

/// A part of the schema.
pub(crate) type Part = Map<String, Value>;

impl KnownKeys {
    pub(crate) fn new() -> Self {
        Self {
            root: json_schema(),
        }
    }

    /// What the configuration as a whole may contain.
    pub(crate) fn root(&self) -> &Value {
        &self.root
    }

    /// The part a schema stands for: follows references, and looks through the choice between
    /// something and nothing that an optional key is.
    pub(crate) fn resolve<'a>(&'a self, schema: &'a Value) -> Option<&'a Part> {
        let part = schema.as_object()?;
        if let Some(reference) = part.get("$ref").and_then(Value::as_str) {
            return self.resolve(self.root.pointer(reference.strip_prefix('#')?)?);
        }
        // A reference with a description beside it is wrapped, because draft 7 ignores siblings.
        if let Some([only]) = part
            .get("allOf")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
        {
            return self.resolve(only);
        }
        let choices = part.get("anyOf").and_then(Value::as_array);
        match choices.map(Vec::as_slice) {
            Some([something, nothing]) if is_null(nothing) => self.resolve(something),
            _ => Some(part),
        }
    }

    /// The keys of a table, if it has a fixed set of them.
    pub(crate) fn properties<'a>(&'a self, part: &'a Part) -> Option<&'a Part> {
        part.get("properties").and_then(Value::as_object)
    }

    /// Whether a secret can be in the value of a key, so that it must not be quoted.
    pub(crate) fn holds_secret(&self, part: &Part) -> bool {
        let below = |schema: &Value| {
            self.resolve(schema)
                .is_some_and(|part| self.holds_secret(part))
        };
        part.get("writeOnly") == Some(&Value::Bool(true))
            || self
                .properties(part)
                .is_some_and(|known| known.values().any(below))
            || ["items", "additionalProperties"]
                .iter()
                .any(|name| part.get(*name).is_some_and(below))
            || part
                .get("oneOf")
                .and_then(Value::as_array)
                .is_some_and(|all| all.iter().any(below))
    }

    /// Every path that ends in a key of this name, written with dots.
    pub(crate) fn paths_ending_in(&self, name: &str) -> Vec<String> {
        let mut found = Vec::new();
        self.collect(&self.root, "", name, &mut found);
        found
    }

    fn collect(&self, schema: &Value, path: &str, name: &str, found: &mut Vec<String>) {
        let Some(properties) = self.resolve(schema).and_then(|part| self.properties(part)) else {
            return;
        };
        for (key, below) in properties {
            let path = if path.is_empty() {
                key.clone()
            } else {
                format!("{path}.{key}")
            };
            if key == name {
                found.push(path.clone());
            }
            self.collect(below, &path, name, found);
        }
    }
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("null")
}
