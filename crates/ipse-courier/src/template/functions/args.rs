//! The arguments of a call, and reading them as what a function needs.

use std::collections::BTreeMap;
use std::sync::Arc;

use gotmpl::TemplateError;
use gotmpl::Value;

use super::{LENGTH_LIMIT, failed};

/// The arguments of one call.
pub(super) struct Args<'a> {
    name: &'static str,
    pub(super) values: &'a [Value],
}

type Read<T> = Result<T, TemplateError>;

impl<'a> Args<'a> {
    pub(super) fn new(name: &'static str, values: &'a [Value]) -> Self {
        Self { name, values }
    }

    pub(super) fn fail<T>(&self, reason: impl std::fmt::Display) -> Read<T> {
        Err(failed(self.name, reason))
    }

    /// The argument at that place.
    pub(super) fn at(&self, index: usize) -> Read<&'a Value> {
        self.values
            .get(index)
            .ok_or_else(|| TemplateError::ArgCount {
                name: self.name.to_owned(),
                expected: index + 1,
                got: self.values.len(),
            })
    }

    /// The last argument: that of the pipeline.
    pub(super) fn last(&self) -> Read<&'a Value> {
        self.at(self.values.len().saturating_sub(1))
    }

    /// All arguments but the last.
    pub(super) fn before_last(&self) -> &'a [Value] {
        self.values.split_last().map_or(&[], |(_, before)| before)
    }

    pub(super) fn text(&self, index: usize) -> Read<&'a str> {
        match self.at(index)? {
            Value::String(text) | Value::Safe { s: text, .. } => Ok(text),
            other => self.fail(format!("expected a string, got {}", other.type_name())),
        }
    }

    /// A number, read from whatever resembles one; anything else counts as zero, as templates are used to.
    pub(super) fn integer(&self, index: usize) -> Read<i64> {
        Ok(integer(self.at(index)?))
    }

    pub(super) fn float(&self, index: usize) -> Read<f64> {
        Ok(float(self.at(index)?))
    }

    /// A length; negative ones count as zero.
    pub(super) fn length(&self, index: usize) -> Read<usize> {
        let length = usize::try_from(self.integer(index)?).unwrap_or(0);
        self.within_limit(length)
    }

    pub(super) fn within_limit(&self, length: usize) -> Read<usize> {
        if length > LENGTH_LIMIT {
            return self.fail("the result would be too long");
        }
        Ok(length)
    }

    pub(super) fn list(&self, index: usize) -> Read<&'a [Value]> {
        match self.at(index)? {
            Value::List(items) => Ok(items),
            Value::Nil => Ok(&[]),
            other => self.fail(format!("expected a list, got {}", other.type_name())),
        }
    }

    pub(super) fn map(&self, index: usize) -> Read<&'a BTreeMap<Arc<str>, Value>> {
        match self.at(index)? {
            Value::Map(fields) => Ok(fields),
            other => self.fail(format!("expected a dictionary, got {}", other.type_name())),
        }
    }
}

/// The number that a value stands for.
pub(super) fn integer(value: &Value) -> i64 {
    match value {
        Value::Bool(true) => 1,
        Value::String(text) => text.trim().parse().unwrap_or(0),
        other => other.as_int().unwrap_or(0),
    }
}

pub(super) fn float(value: &Value) -> f64 {
    match value {
        Value::Bool(true) => 1.0,
        Value::String(text) => text.trim().parse().unwrap_or(0.0),
        other => other.as_float().unwrap_or(0.0),
    }
}

/// The texts of a list; what is nil is left out.
pub(super) fn texts(items: &[Value]) -> Vec<String> {
    let some = items.iter().filter(|item| !matches!(item, Value::Nil));
    some.map(ToString::to_string).collect()
}
