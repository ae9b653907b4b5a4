//! What was submitted, decoded: the same tree whether it came as JSON or as a form.

use serde_json::{Map, Value};

use ipse_ui::{Container, InputType, Message, Node, text};

/// How a submission was encoded. Text from a form is typed by the schema later; JSON has types of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// `application/json`.
    Json,
    /// `application/x-www-form-urlencoded` or `multipart/form-data`.
    Form,
}

/// A decoded submission. Dotted keys (`traits.name.first`) are nested objects already.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// The fields.
    pub fields: Map<String, Value>,
    /// How it came.
    pub encoding: Encoding,
}

/// Why a body could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormProblem {
    /// It claims to be JSON and is not.
    #[error("The body says it is JSON and is not well formed.")]
    NotJson,
    /// It is JSON, but no object.
    #[error("The body has to be a JSON object, but is: {0}")]
    NotAnObject(&'static str),
    /// Its content type is not one of the three.
    #[error(
        "A {method} with the content type \"{content_type}\" can't be read; send application/json, application/x-www-form-urlencoded or multipart/form-data."
    )]
    UnknownContentType {
        /// The method of the request.
        method: String,
        /// What was sent.
        content_type: String,
    },
    /// The request is of a method that has no body.
    #[error("A {0} carries no form; send it by POST.")]
    NoPost(String),
    /// There is no body where one is needed.
    #[error("There is no body, but one is needed.")]
    Empty,
    /// It is a form and broken.
    #[error("Unable to decode the form: {0}.")]
    NotAForm(&'static str),
    /// It has more fields or is nested deeper than anything sensible.
    #[error("The form has too many fields or is nested too deeply.")]
    TooComplex,
}

impl FormProblem {
    /// As a message on the flow.
    #[must_use]
    pub fn message(&self) -> Message {
        text::validation::generic(&self.to_string())
    }
}

impl Form {
    /// A field that is text (or a number or boolean, printed).
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        match self.fields.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            _ => None,
        }
    }

    /// Whether a field says yes.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        match self.fields.get(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => matches!(text.as_str(), "true" | "1" | "on"),
            _ => false,
        }
    }

    /// The method that the form names.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        self.fields.get("method").and_then(Value::as_str)
    }

    /// The anti-CSRF token.
    #[must_use]
    pub fn csrf_token(&self) -> &str {
        self.fields
            .get("csrf_token")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The traits, untyped when they came from a form.
    #[must_use]
    pub fn traits(&self) -> Option<&Value> {
        self.fields.get("traits")
    }

    /// What the client wants hooks and mails to see.
    #[must_use]
    pub fn transient_payload(&self) -> Option<&Value> {
        self.fields.get("transient_payload")
    }

    /// Puts what was filled in into the fields of a form, so that nobody has to type it again. Secrets stay out.
    pub fn fill(&self, ui: &mut Container) {
        for (name, value) in &self.fields {
            fill(ui, name, value);
        }
    }
}

/// Puts a value into the field of that name; what is nested goes into the fields with dotted names.
pub(crate) fn fill(ui: &mut Container, name: &str, value: &Value) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                fill(ui, &format!("{name}.{key}"), value);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                fill(ui, &format!("{name}.{index}"), value);
            }
        }
        plain => {
            let input = ui.find_mut(name).and_then(Node::as_input_mut);
            if let Some(input) = input.filter(|input| keeps_value(input.input_type)) {
                input.value = Some(plain.clone());
            }
        }
    }
}

fn keeps_value(input_type: InputType) -> bool {
    !matches!(
        input_type,
        InputType::Password | InputType::Submit | InputType::Button
    )
}
