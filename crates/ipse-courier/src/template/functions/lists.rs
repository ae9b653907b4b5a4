//! Lists: making, cutting, joining and searching them. Nothing is changed in place.

use gotmpl::Value;

use super::args::{Args, texts};
use super::{Function, Result};

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("list", |args| Ok(args.values.to_vec().into())),
    ("tuple", |args| Ok(args.values.to_vec().into())),
    ("first", |args| {
        Ok(args.list(0)?.first().cloned().unwrap_or(Value::Nil))
    }),
    ("last", |args| {
        Ok(args.list(0)?.last().cloned().unwrap_or(Value::Nil))
    }),
    ("rest", |args| {
        Ok(args.list(0)?.get(1..).unwrap_or_default().to_vec().into())
    }),
    ("initial", |args| {
        let items = args.list(0)?;
        Ok(items[..items.len().saturating_sub(1)].to_vec().into())
    }),
    ("append", |args| {
        Ok([args.list(0)?, std::slice::from_ref(args.at(1)?)]
            .concat()
            .into())
    }),
    ("push", |args| {
        Ok([args.list(0)?, std::slice::from_ref(args.at(1)?)]
            .concat()
            .into())
    }),
    ("prepend", |args| {
        Ok([std::slice::from_ref(args.at(1)?), args.list(0)?]
            .concat()
            .into())
    }),
    ("concat", concat),
    ("reverse", |args| {
        Ok(args
            .list(0)?
            .iter()
            .rev()
            .cloned()
            .collect::<Vec<_>>()
            .into())
    }),
    ("uniq", |args| {
        let mut kept: Vec<Value> = Vec::new();
        for item in args.list(0)? {
            if !kept.contains(item) {
                kept.push(item.clone());
            }
        }
        Ok(kept.into())
    }),
    ("without", |args| {
        let unwanted = args.values.get(1..).unwrap_or_default();
        let kept = args.list(0)?.iter().filter(|item| !unwanted.contains(item));
        Ok(kept.cloned().collect::<Vec<_>>().into())
    }),
    ("has", |args| {
        Ok(Value::Bool(args.list(1)?.contains(args.at(0)?)))
    }),
    ("compact", |args| {
        let kept = args.list(0)?.iter().filter(|item| item.is_truthy());
        Ok(kept.cloned().collect::<Vec<_>>().into())
    }),
    ("chunk", |args| {
        let size = args.length(0)?.max(1);
        let chunks = args.list(1)?.chunks(size);
        Ok(chunks
            .map(|chunk| chunk.to_vec().into())
            .collect::<Vec<Value>>()
            .into())
    }),
    ("sortAlpha", |args| {
        let mut sorted = texts(args.list(0)?);
        sorted.sort();
        Ok(values(sorted))
    }),
    ("toStrings", |args| Ok(values(texts(args.list(0)?)))),
    ("join", |args| match args.at(1)? {
        Value::List(items) => Ok(texts(items).join(args.text(0)?).into()),
        single => Ok(single.to_string().into()),
    }),
    ("splitList", |args| {
        let parts = args.text(1)?.split(args.text(0)?);
        Ok(values(parts.map(str::to_owned).collect()))
    }),
];

fn concat(args: &Args<'_>) -> Result {
    let mut all = Vec::new();
    for index in 0..args.values.len() {
        all.extend_from_slice(args.list(index)?);
        args.within_limit(all.len())?;
    }
    Ok(all.into())
}

fn values(texts: Vec<String>) -> Value {
    texts
        .into_iter()
        .map(Value::from)
        .collect::<Vec<_>>()
        .into()
}
