//! Whether traits are what their schema asks for, and if not, which field to tell what.

use ipse_ui::{Message, text::validation as say};
use jsonschema::error::{TypeKind, ValidationErrorKind as Problem};
use jsonschema::paths::{Location, LocationSegment};
use jsonschema::{JsonType, ValidationError};
use serde_json::{Map, Number, Value};

use super::Schema;
use super::extension::{BadAddress, Step, walk};
use super::layout::{TRAITS, join};
use super::shape::escape;

/// Something wrong with a trait.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    /// The JSON pointer of the value, from the root of the identity (`/traits/name/first`).
    pub pointer: String,
    /// The name of the node to show it on (`traits.name.first`).
    pub node: String,
    /// What to tell.
    pub message: Message,
}

impl FieldError {
    /// All of them in one sentence, for whoever sees no form.
    #[must_use]
    pub fn sentence(errors: &[Self]) -> String {
        let each = errors
            .iter()
            .map(|error| format!("{}: {}", error.pointer, error.message.text));
        each.collect::<Vec<_>>().join("; ")
    }
}

impl Schema {
    /// Checks traits against the schema.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the fields.
    pub fn validate(&self, traits: &Value) -> Result<(), Vec<FieldError>> {
        let mut document = Map::with_capacity(1);
        document.insert(TRAITS.to_owned(), traits.clone());
        let document = Value::Object(document);
        let mut findings = Findings::default();
        if !self.validator.is_valid(&document) {
            for error in self.validator.iter_errors(&document) {
                findings.add(&error, &document);
            }
        }
        findings.add_bad_addresses(self, traits);
        findings.settle(self)
    }
}

/// A finding with what orders it within its field.
struct Finding {
    error: FieldError,
    rank: u8,
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, error: &ValidationError<'_>, document: &Value) {
        let place = Place::of(error.instance_path());
        match error.kind() {
            Problem::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                self.push(place.property(name), 3, say::required(name));
            }
            // The branches tell more than that none of them fits.
            Problem::AnyOf { context } | Problem::OneOfNotValid { context }
                if context.iter().any(|branch| !branch.is_empty()) =>
            {
                for error in context.iter().flatten() {
                    self.add(error, document);
                }
            }
            kind => {
                let value = document.pointer(&place.pointer).unwrap_or(&Value::Null);
                self.push(place, rank(kind), message(kind, value));
            }
        }
    }

    fn push(&mut self, place: Place, rank: u8, message: Message) {
        let error = FieldError {
            pointer: place.pointer,
            node: place.node,
            message,
        };
        if !self.0.iter().any(|finding| finding.error == error) {
            self.0.push(Finding { error, rank });
        }
    }

    fn add_bad_addresses(&mut self, schema: &Schema, traits: &Value) {
        walk(&schema.shape, traits, &mut Vec::new(), &mut |marked| {
            if let Some(bad) = marked.bad_address() {
                let value = marked.value.as_str().unwrap_or_default();
                let message = match bad {
                    BadAddress::Email => say::email(value),
                    BadAddress::Phone => say::phone(value),
                };
                self.push(Place::at(marked.path), 2, message);
            }
        });
    }

    fn settle(self, schema: &Schema) -> Result<(), Vec<FieldError>> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mistyped: Vec<String> = self
            .0
            .iter()
            .filter(|finding| finding.rank == 0)
            .map(|finding| finding.error.pointer.clone())
            .collect();
        let mut findings = self.0;
        // What is of the wrong type breaks other rules for that reason alone.
        findings.retain(|finding| finding.rank == 0 || !mistyped.contains(&finding.error.pointer));
        findings.sort_by_cached_key(|finding| (schema.position(&finding.error.node), finding.rank));
        Err(findings.into_iter().map(|finding| finding.error).collect())
    }
}

/// The place of a value under its two names.
struct Place {
    pointer: String,
    node: String,
}

impl Place {
    fn of(location: &Location) -> Self {
        let mut node = String::new();
        for segment in location.segments() {
            node = match segment {
                LocationSegment::Property(name) if node.is_empty() => name.into_owned(),
                LocationSegment::Property(name) => join(&node, &name),
                LocationSegment::Index(index) => format!("{node}.{index}"),
            };
        }
        Self {
            pointer: location.as_str().to_owned(),
            node,
        }
    }

    fn at(path: &[Step<'_>]) -> Self {
        let mut place = Self {
            pointer: format!("/{TRAITS}"),
            node: TRAITS.to_owned(),
        };
        for step in path {
            place = match step {
                Step::Name(name) => place.property(name),
                Step::Index(index) => Self {
                    pointer: format!("{}/{index}", place.pointer),
                    node: format!("{}.{index}", place.node),
                },
            };
        }
        place
    }

    fn property(self, name: &str) -> Self {
        let node = if self.node.is_empty() {
            name.to_owned()
        } else {
            join(&self.node, name)
        };
        Self {
            pointer: format!("{}/{}", self.pointer, escape(name)),
            node,
        }
    }
}

/// What is told first about one field: its type, then its form, then its size.
fn rank(kind: &Problem) -> u8 {
    match kind {
        Problem::Type { .. } => 0,
        Problem::Constant { .. } | Problem::Enum { .. } => 1,
        Problem::Format { .. } => 2,
        _ => 3,
    }
}

fn message(kind: &Problem, value: &Value) -> Message {
    let length = || value.as_str().map_or(0, |text| count(text.chars()));
    let items = || value.as_array().map_or(0, |list| count(list.iter()));
    let zero = Number::from(0);
    let actual = match value {
        Value::Number(number) => number,
        _ => &zero,
    };
    match kind {
        Problem::MinLength { limit } => say::min_length(*limit, length()),
        Problem::MaxLength { limit } => say::max_length(*limit, length()),
        Problem::Pattern { pattern } => say::invalid_format(pattern),
        Problem::MinItems { limit } => say::min_items(*limit, items()),
        Problem::MaxItems { limit } => say::max_items(*limit, items()),
        Problem::UniqueItems => {
            let (first, second) = twins(value);
            say::unique_items(first, second)
        }
        Problem::Type { kind } => wrong_type(kind, value),
        Problem::Constant { expected_value } => constant(expected_value),
        Problem::Format { format } => wrong_format(format, value),
        _ => size(kind, actual).unwrap_or_else(|| say::generic(&reason(kind, value))),
    }
}

/// The message about a number, if the problem is one of size.
fn size(kind: &Problem, actual: &Number) -> Option<Message> {
    let say_limit: fn(&Number, &Number) -> Message = match kind {
        Problem::Minimum { .. } => say::minimum,
        Problem::Maximum { .. } => say::maximum,
        Problem::ExclusiveMinimum { .. } => say::exclusive_minimum,
        Problem::ExclusiveMaximum { .. } => say::exclusive_maximum,
        Problem::MultipleOf { .. } => say::multiple_of,
        _ => return None,
    };
    let limit = match kind {
        Problem::Minimum { limit }
        | Problem::Maximum { limit }
        | Problem::ExclusiveMinimum { limit }
        | Problem::ExclusiveMaximum { limit } => limit.as_number().cloned()?,
        Problem::MultipleOf { multiple_of } => whole_or_float(*multiple_of)?,
        _ => return None,
    };
    Some(say_limit(&limit, actual))
}

fn whole_or_float(float: f64) -> Option<Number> {
    if float.fract() == 0.0 && float.abs() < 1e15 {
        return format!("{float:.0}").parse::<i64>().ok().map(Number::from);
    }
    Number::from_f64(float)
}

fn count<T>(things: impl Iterator<Item = T>) -> u64 {
    things.fold(0, |sum, _| sum + 1)
}

fn wrong_type(wanted: &TypeKind, value: &Value) -> Message {
    let wanted: Vec<JsonType> = match wanted {
        TypeKind::Single(kind) => vec![*kind],
        TypeKind::Multiple(kinds) => kinds.iter().collect(),
    };
    let names: Vec<&str> = wanted.into_iter().map(JsonType::as_str).collect();
    say::wrong_type(&names, type_name(value))
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn constant(expected: &Value) -> Message {
    match expected {
        Value::Object(_) | Value::Array(_) => say::const_generic(),
        plain => say::constant(plain),
    }
}

fn wrong_format(format: &str, value: &Value) -> Message {
    let text = value.as_str().unwrap_or_default();
    match format {
        "email" | "idn-email" => say::email(text),
        "tel" => say::phone(text),
        _ => say::generic(&format!(
            "\"{text}\" is not what is expected here: {}",
            described(format)
        )),
    }
}

fn described(format: &str) -> &str {
    match format {
        "uri" => "a full address such as https://example.org/",
        "date" => "a date such as 2031-12-24",
        "time" => "a time of day such as 18:30:00Z",
        "date-time" => "a date and time such as 2031-12-24T18:30:00Z",
        other => other,
    }
}

/// The first two entries of a list that are the same.
fn twins(value: &Value) -> (u64, u64) {
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    for (second, entry) in (0_u64..).zip(list) {
        if let Some((first, _)) = (0_u64..second).zip(list).find(|(_, other)| *other == entry) {
            return (first, second);
        }
    }
    (0, 0)
}

/// The sentence about a rule that has no number of its own.
fn reason(kind: &Problem, value: &Value) -> String {
    let found = value.as_object().map_or(0, Map::len);
    match kind {
        Problem::Enum { options } => format!("Please choose one of {}.", listed(options)),
        Problem::AdditionalProperties { unexpected }
        | Problem::UnevaluatedProperties { unexpected } => {
            format!("There is no field for {}.", unexpected.join(", "))
        }
        Problem::AdditionalItems { limit } => format!("There may be only {limit} of these."),
        Problem::UnevaluatedItems { .. } => "There are more of these than there may be.".to_owned(),
        Problem::MinProperties { limit } => {
            format!("Please fill in {limit} or more fields; these are {found}.")
        }
        Problem::MaxProperties { limit } => {
            format!("Please fill in no more than {limit} fields; these are {found}.")
        }
        Problem::Contains => "One entry of the list has to be of another kind.".to_owned(),
        Problem::OneOfMultipleValid { .. } => {
            "This fits more than one of the forms that exclude each other.".to_owned()
        }
        Problem::PropertyNames { .. } => "A field may not be called that.".to_owned(),
        Problem::ContentEncoding { content_encoding } => {
            format!("This is not encoded as {content_encoding}.")
        }
        Problem::ContentMediaType { content_media_type } => {
            format!("This is not of type {content_media_type}.")
        }
        Problem::FalseSchema | Problem::Not { .. } => "This value is not allowed here.".to_owned(),
        _ => "This value can't be used here.".to_owned(),
    }
}

fn listed(options: &Value) -> String {
    let each = options
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter();
    each.map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
