//! Errors of the interpreter in words, with their place in the snippet.

use std::fmt::Debug;

use rsjsonnet_lang::lexer::LexError;
use rsjsonnet_lang::parser::{ActualToken, ParseError};
use rsjsonnet_lang::program::{
    AnalyzeError, EvalError, EvalErrorKind, EvalStackTraceItem, LoadError,
};
use rsjsonnet_lang::span::{SpanContextId, SpanId, SpanManager};

use crate::{JsonnetError, Location};

/// The snippet that errors are about.
pub(crate) struct Source<'a> {
    pub(crate) text: &'a str,
    pub(crate) context: SpanContextId,
}

impl Source<'_> {
    /// Where `span` begins, unless it is in the standard library.
    fn locate(&self, spans: &SpanManager, span: SpanId) -> Option<Location> {
        let (context, start, _) = spans.get_span(span);
        if context != self.context {
            return None;
        }
        let before = self.text.get(..start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |position| position + 1);
        Some(Location {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        })
    }

    pub(crate) fn load_error(&self, spans: &SpanManager, error: &LoadError) -> JsonnetError {
        let (message, span) = match error {
            LoadError::Lex(error) => lex_error(error),
            LoadError::Parse(error) => parse_error(error),
            LoadError::Analyze(error) => analyze_error(error),
        };
        JsonnetError::Syntax {
            message,
            location: self
                .locate(spans, span)
                .unwrap_or(Location { line: 1, column: 1 }),
        }
    }

    pub(crate) fn evaluation_error(&self, spans: &SpanManager, error: &EvalError) -> JsonnetError {
        let innermost_first = error.stack_trace.iter().rev().filter_map(trace_span);
        let location = kind_span(&error.kind)
            .into_iter()
            .chain(innermost_first)
            .find_map(|span| self.locate(spans, span));
        JsonnetError::Runtime {
            message: evaluation_message(&error.kind),
            location,
        }
    }
}

fn lex_error(error: &LexError) -> (String, SpanId) {
    let span = match error {
        LexError::InvalidChar { span, .. }
        | LexError::InvalidUtf8 { span, .. }
        | LexError::UnfinishedMultilineComment { span }
        | LexError::LeadingZeroInNumber { span }
        | LexError::MissingFracDigits { span }
        | LexError::MissingExpDigits { span }
        | LexError::MissingDigitAfterUnderscore { span }
        | LexError::ExpOverflow { span }
        | LexError::InvalidEscapeInString { span, .. }
        | LexError::IncompleteUnicodeEscape { span }
        | LexError::InvalidUtf16EscapeSequence { span, .. }
        | LexError::UnfinishedString { span }
        | LexError::MissingLineBreakAfterTextBlockStart { span }
        | LexError::MissingWhitespaceTextBlockStart { span }
        | LexError::InvalidTextBlockTermination { span } => *span,
    };
    (variant_in_words(error), span)
}

fn parse_error(error: &ParseError) -> (String, SpanId) {
    let ParseError::Expected { span, instead, .. } = error;
    let found = match instead {
        ActualToken::EndOfFile => "the end of the snippet".to_owned(),
        ActualToken::OtherOp(text) | ActualToken::Ident(text) => format!("\"{text}\""),
        ActualToken::Simple(token) => variant_in_words(token),
        ActualToken::Number | ActualToken::String | ActualToken::TextBlock => {
            variant_in_words(instead)
        }
    };
    (format!("{found} was not expected here"), *span)
}

fn analyze_error(error: &AnalyzeError) -> (String, SpanId) {
    match error {
        AnalyzeError::UnknownVariable { span, name } => {
            (format!("there is no variable \"{name}\""), *span)
        }
        AnalyzeError::RepeatedLocalName {
            repeated_span: span,
            name,
            ..
        }
        | AnalyzeError::RepeatedFieldName {
            repeated_span: span,
            name,
            ..
        }
        | AnalyzeError::RepeatedParamName {
            repeated_span: span,
            name,
            ..
        } => (format!("\"{name}\" is defined twice"), *span),
        AnalyzeError::SelfOutsideObject { self_span: span }
        | AnalyzeError::SuperOutsideObject { super_span: span }
        | AnalyzeError::DollarOutsideObject { dollar_span: span }
        | AnalyzeError::PositionalArgAfterNamed { arg_span: span }
        | AnalyzeError::TextBlockAsImportPath { span }
        | AnalyzeError::ComputedImportPath { span } => (variant_in_words(error), *span),
    }
}

fn evaluation_message(kind: &EvalErrorKind) -> String {
    use EvalErrorKind as Kind;
    match kind {
        Kind::ExplicitError { message, .. }
        | Kind::AssertFailed {
            message: Some(message),
            ..
        }
        | Kind::Other { message, .. } => message.clone(),
        Kind::UnknownObjectField { field_name, .. } => {
            format!("the object has no field \"{field_name}\"")
        }
        Kind::UnknownExtVar { name } => format!("there is no external variable \"{name}\""),
        Kind::ImportFailed { path, .. } => {
            format!("\"{path}\" cannot be imported: snippets stand alone")
        }
        Kind::CallParamNotBound { param_name, .. } => {
            format!("the argument \"{param_name}\" is missing")
        }
        Kind::UnknownCallParam { param_name, .. } => {
            format!("the function takes no argument \"{param_name}\"")
        }
        Kind::RepeatedFieldName { name, .. } => format!("\"{name}\" is defined twice"),
        Kind::NumericIndexOutOfRange { index, length, .. } => {
            format!("the index {index} is beyond the length {length}")
        }
        Kind::InvalidStdFuncArgType {
            func_name,
            got_type,
            ..
        } => {
            let found = variant_in_words(got_type);
            format!("std.{func_name} does not take this {found}")
        }
        Kind::InvalidIndexedType { got_type, .. } => {
            let found = variant_in_words(got_type);
            format!("this {found} has no fields or items")
        }
        Kind::InvalidBinaryOpTypes {
            lhs_type, rhs_type, ..
        } => {
            let (left, right) = (variant_in_words(lhs_type), variant_in_words(rhs_type));
            format!("the operator does not take {left} and {right}")
        }
        other => variant_in_words(other),
    }
}

fn kind_span(kind: &EvalErrorKind) -> Option<SpanId> {
    use EvalErrorKind as Kind;
    match kind {
        Kind::InvalidIndexedType { span, .. }
        | Kind::InvalidSlicedType { span, .. }
        | Kind::NumericIndexOutOfRange { span, .. }
        | Kind::NumericIndexIsNotValid { span, .. }
        | Kind::UnknownObjectField { span, .. }
        | Kind::RepeatedFieldName { span, .. }
        | Kind::FieldNameIsNotString { span, .. }
        | Kind::CondIsNotBool { span, .. }
        | Kind::AssertFailed { span, .. }
        | Kind::ExplicitError { span, .. }
        | Kind::ImportFailed { span, .. } => Some(*span),
        Kind::CalleeIsNotFunction { span, .. }
        | Kind::TooManyCallArgs { span, .. }
        | Kind::UnknownCallParam { span, .. }
        | Kind::CallParamNotBound { span, .. }
        | Kind::InvalidBinaryOpTypes { span, .. }
        | Kind::DivByZero { span }
        | Kind::Other { span, .. } => *span,
        // The innermost place of the stack is near enough for the rest.
        _ => None,
    }
}

fn trace_span(item: &EvalStackTraceItem) -> Option<SpanId> {
    match item {
        EvalStackTraceItem::Expr { span }
        | EvalStackTraceItem::Variable { span, .. }
        | EvalStackTraceItem::Import { span } => Some(*span),
        EvalStackTraceItem::Call { span, .. }
        | EvalStackTraceItem::ArrayItem { span, .. }
        | EvalStackTraceItem::ObjectField { span, .. } => *span,
        EvalStackTraceItem::CompareArrayItem { .. }
        | EvalStackTraceItem::CompareObjectField { .. }
        | EvalStackTraceItem::ManifestArrayItem { .. }
        | EvalStackTraceItem::ManifestObjectField { .. } => None,
    }
}

/// `UnfinishedString { … }` as "unfinished string": the interpreter names its errors well, but has no texts for them.
fn variant_in_words(error: &impl Debug) -> String {
    let debug = format!("{error:?}");
    let name = debug
        .split(|character: char| !character.is_alphanumeric())
        .next()
        .unwrap_or_default();
    let mut words = String::with_capacity(name.len() + 8);
    for character in name.chars() {
        if character.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(character.to_lowercase());
    }
    words
}
