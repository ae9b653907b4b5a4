//! Dictionaries: making and searching them. Nothing is changed in place: `set` and `unset` give a new one.

use std::collections::BTreeMap;
use std::sync::Arc;

use gotmpl::Value;

use super::args::Args;
use super::{Function, Result};

type Fields = BTreeMap<Arc<str>, Value>;

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("dict", dict),
    ("get", |args| {
        Ok(args
            .map(0)?
            .get(args.text(1)?)
            .cloned()
            .unwrap_or_else(|| "".into()))
    }),
    ("hasKey", |args| {
        Ok(Value::Bool(args.map(0)?.contains_key(args.text(1)?)))
    }),
    ("set", |args| {
        let mut fields = args.map(0)?.clone();
        fields.insert(args.text(1)?.into(), args.at(2)?.clone());
        Ok(fields.into())
    }),
    ("unset", |args| {
        let mut fields = args.map(0)?.clone();
        fields.remove(args.text(1)?);
        Ok(fields.into())
    }),
    ("keys", |args| {
        let mut keys = Vec::new();
        for index in 0..args.values.len() {
            keys.extend(
                args.map(index)?
                    .keys()
                    .map(|key| Value::String(key.clone())),
            );
        }
        Ok(keys.into())
    }),
    ("values", |args| {
        Ok(args.map(0)?.values().cloned().collect::<Vec<_>>().into())
    }),
    ("pick", |args| kept(args, true)),
    ("omit", |args| kept(args, false)),
    ("merge", |args| {
        let mut merged = Fields::new();
        for index in (0..args.values.len()).rev() {
            merged.extend(args.map(index)?.clone());
        }
        Ok(merged.into())
    }),
    ("mergeOverwrite", |args| {
        let mut merged = Fields::new();
        for index in 0..args.values.len() {
            merged.extend(args.map(index)?.clone());
        }
        Ok(merged.into())
    }),
    ("deepCopy", |args| Ok(args.at(0)?.clone())),
    ("pluck", |args| {
        let name = args.text(0)?;
        let mut found = Vec::new();
        for index in 1..args.values.len() {
            found.extend(args.map(index)?.get(name).cloned());
        }
        Ok(found.into())
    }),
    ("dig", dig),
    ("split", |args| {
        let parts = args.text(1)?.split(args.text(0)?).enumerate();
        let field = |(index, part): (usize, &str)| (format!("_{index}").into(), part.into());
        Ok(parts.map(field).collect::<Fields>().into())
    }),
];

fn dict(args: &Args<'_>) -> Result {
    let mut fields = Fields::new();
    for pair in args.values.chunks(2) {
        let name = pair[0].to_string();
        fields.insert(
            name.into(),
            pair.get(1).cloned().unwrap_or_else(|| "".into()),
        );
    }
    Ok(fields.into())
}

fn kept(args: &Args<'_>, named: bool) -> Result {
    let names: Vec<String> = args
        .values
        .iter()
        .skip(1)
        .map(ToString::to_string)
        .collect();
    let fields = args.map(0)?.iter();
    let chosen = fields.filter(|(name, _)| names.iter().any(|wanted| **wanted == ***name) == named);
    let chosen: Fields = chosen
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    Ok(chosen.into())
}

/// `dig "a" "b" default dictionary`: what stands at `.a.b`, else the default.
fn dig(args: &Args<'_>) -> Result {
    let Some((default, path)) = args.before_last().split_last() else {
        return args.fail("a key, a default and a dictionary are needed");
    };
    let mut place = args.last()?;
    for key in path {
        match place {
            Value::Map(fields) => match fields.get(key.to_string().as_str()) {
                Some(value) => place = value,
                None => return Ok(default.clone()),
            },
            _ => return Ok(default.clone()),
        }
    }
    Ok(place.clone())
}
