//! A template that has been read: where it came from, and how to run it.

use gotmpl::TemplateError;
use gotmpl::Value;

use super::functions;

/// The most rounds that the loops of one rendering may take together.
const LOOP_LIMIT: u64 = 100_000;

/// What is wrong with a template of an operator's own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{origin}{}: {reason}", .line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct TemplateProblem {
    /// Where the template is: a file, an address, or the key of the configuration that holds it.
    pub origin: String,
    /// The line, if it is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub reason: String,
}

impl TemplateProblem {
    pub(crate) fn new(origin: &str, error: &TemplateError) -> Self {
        let (line, reason) = match error {
            TemplateError::Parse { line, message, .. }
            | TemplateError::Lex { line, message, .. } => (Some(*line), message.clone()),
            other => (None, other.to_string()),
        };
        Self {
            origin: origin.to_owned(),
            line,
            reason,
        }
    }
}

/// A template's text before it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) origin: String,
    pub(crate) source: String,
    /// Other templates that it may refer to, by name.
    pub(crate) beside: Vec<(String, String)>,
}

/// A template that can be run.
pub(crate) struct Program {
    pub(crate) origin: String,
    code: Code,
}

enum Code {
    Plain(gotmpl::Template),
    Html(gotmpl::html::Template),
}

impl Program {
    /// Reads a template; with `html` everything it inserts is escaped for the place it is inserted at.
    pub(crate) fn read(text: &Text, html: bool) -> Result<Self, TemplateProblem> {
        let code = if html {
            read_html(text)
        } else {
            read_plain(text)
        };
        let code = code.map_err(|error| TemplateProblem::new(&text.origin, &error))?;
        Ok(Self {
            origin: text.origin.clone(),
            code,
        })
    }

    /// Runs it.
    pub(crate) fn run(&self, data: &Value) -> Result<String, TemplateProblem> {
        let done = match &self.code {
            Code::Plain(template) => template.execute_to_string(data),
            Code::Html(template) => template.execute_to_string(data),
        };
        done.map_err(|error| TemplateProblem::new(&self.origin, &error))
    }
}

fn read_plain(text: &Text) -> Result<Code, TemplateError> {
    let mut template = gotmpl::Template::new("main")
        .max_range_iters(LOOP_LIMIT)
        .funcs(functions::all());
    for (name, source) in &text.beside {
        template = template.parse(&defined(name, source))?;
    }
    Ok(Code::Plain(template.parse(&text.source)?))
}

fn read_html(text: &Text) -> Result<Code, TemplateError> {
    let mut template = gotmpl::html::Template::new("main")
        .max_range_iters(LOOP_LIMIT)
        .funcs(functions::all());
    for (name, source) in &text.beside {
        template = template.parse(&defined(name, source))?;
    }
    Ok(Code::Html(template.parse(&text.source)?))
}

/// A file beside a template: a named template itself, unless it does nothing but define some.
fn defined(name: &str, source: &str) -> String {
    if source.contains("{{define") || source.contains("{{ define") || source.contains("{{- define")
    {
        return source.to_owned();
    }
    format!("{{{{define {name:?}}}}}{source}{{{{end}}}}")
}
