//! The functions that templates may call beyond those of Go itself: the commonly used ones of the sprig library, as far
//! as they depend on nothing but their arguments (no clock, no randomness, no environment).

mod args;
mod case;
mod encoding;
mod lists;
mod maps;
mod numbers;
mod patterns;
mod text;
mod values;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use gotmpl::TemplateError;
use gotmpl::{FuncMap, Value};

use args::Args;

type Result = std::result::Result<Value, TemplateError>;
type Function = fn(&Args<'_>) -> Result;

/// The longest text or list that a function makes; a template can't be used to fill the memory.
const LENGTH_LIMIT: usize = 1 << 20;

/// Functions that go by a second name: one that promises to fail rather than to give nothing, which all of ours do.
const ALSO_MUST: [&str; 21] = [
    "append",
    "chunk",
    "compact",
    "deepCopy",
    "first",
    "fromJson",
    "has",
    "initial",
    "last",
    "merge",
    "mergeOverwrite",
    "prepend",
    "push",
    "regexFind",
    "regexFindAll",
    "regexMatch",
    "regexReplaceAll",
    "rest",
    "reverse",
    "toJson",
    "uniq",
];

/// All of them, by name.
pub(crate) fn all() -> FuncMap {
    let tables = [
        case::FUNCTIONS,
        encoding::FUNCTIONS,
        lists::FUNCTIONS,
        maps::FUNCTIONS,
        numbers::FUNCTIONS,
        patterns::FUNCTIONS,
        text::FUNCTIONS,
        values::FUNCTIONS,
    ];
    let mut functions = FuncMap::new();
    for (name, function) in tables.into_iter().flatten().copied() {
        functions.insert(
            name.to_owned(),
            Arc::new(move |values: &[Value]| function(&Args::new(name, values))),
        );
    }
    for name in ALSO_MUST {
        if let Some(function) = functions.get(name).cloned() {
            functions.insert(must(name), function);
        }
    }
    functions
}

/// `mustAppend` for `append`.
fn must(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    format!("must{}{rest}", first.to_uppercase())
}

fn failed(name: &str, reason: impl std::fmt::Display) -> TemplateError {
    TemplateError::Exec(format!("{name}: {reason}"))
}
