//! Regular expressions. They take linear time, whatever the template asks for.

use gotmpl::TemplateError;
use gotmpl::Value;
use regex::{NoExpand, Regex, RegexBuilder};

use super::Function;
use super::args::Args;

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("regexMatch", |args| {
        Ok(Value::Bool(pattern(args)?.is_match(args.text(1)?)))
    }),
    ("regexFind", |args| {
        let found = pattern(args)?
            .find(args.text(1)?)
            .map_or("", |found| found.as_str());
        Ok(found.into())
    }),
    ("regexFindAll", |args| {
        let count = usize::try_from(args.integer(2)?).unwrap_or(usize::MAX);
        let pattern = pattern(args)?;
        let found = pattern.find_iter(args.text(1)?).take(count);
        Ok(found
            .map(|found| found.as_str().into())
            .collect::<Vec<Value>>()
            .into())
    }),
    ("regexReplaceAll", |args| {
        let replaced = pattern(args)?
            .replace_all(args.text(1)?, args.text(2)?)
            .into_owned();
        args.within_limit(replaced.len())?;
        Ok(replaced.into())
    }),
    ("regexReplaceAllLiteral", |args| {
        let replacement = NoExpand(args.text(2)?);
        let replaced = pattern(args)?
            .replace_all(args.text(1)?, replacement)
            .into_owned();
        args.within_limit(replaced.len())?;
        Ok(replaced.into())
    }),
    ("regexQuoteMeta", |args| {
        Ok(regex::escape(args.text(0)?).into())
    }),
    ("regexSplit", |args| {
        let pattern = pattern(args)?;
        let text = args.text(1)?;
        let parts: Vec<Value> = match usize::try_from(args.integer(2)?) {
            Ok(limit) => pattern.splitn(text, limit).map(Value::from).collect(),
            Err(_) => pattern.split(text).map(Value::from).collect(),
        };
        Ok(parts.into())
    }),
];

fn pattern(args: &Args<'_>) -> Result<Regex, TemplateError> {
    let built = RegexBuilder::new(args.text(0)?).size_limit(1 << 20).build();
    built.or_else(|error| args.fail(error))
}
