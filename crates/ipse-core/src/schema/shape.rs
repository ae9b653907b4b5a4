//! What a JSON Schema says of the shape of a value: the tree that extraction, nodes and form typing walk, so that none of
//! them has to understand JSON Schema.

use jsonschema::{ValidationOptions, Validator};
use serde_json::Value;

use super::extension::{EXTENSION, Marks};

/// How deep a schema may be nested. References are inlined before, so this also bounds what they may build.
const DEEPEST: usize = 48;

/// The JSON type a value should have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// An object.
    Object,
    /// A list.
    Array,
    /// Anything, or the schema doesn't say.
    Any,
}

/// A part of a schema that counts only under a condition.
pub(super) struct Choice {
    /// The condition; none where it can't be told apart from the others.
    condition: Option<Validator>,
    /// Whether the condition has to fail.
    negated: bool,
    pub(super) shape: Shape,
}

impl Choice {
    /// Whether this part speaks of `value`.
    pub(super) fn applies(&self, value: &Value) -> bool {
        self.condition
            .as_ref()
            .is_none_or(|condition| condition.is_valid(value) != self.negated)
    }
}

/// What a schema says of one value.
pub(super) struct Shape {
    pub(super) kind: FieldKind,
    pub(super) title: Option<String>,
    pub(super) format: Option<String>,
    pub(super) pattern: Option<String>,
    /// Whether forms show it without letting it be changed.
    pub(super) disabled: bool,
    /// Whether properties it doesn't name are forbidden.
    pub(super) closed: bool,
    /// Whether an empty object would be refused.
    pub(super) demanding: bool,
    pub(super) required: Vec<String>,
    pub(super) marks: Marks,
    pub(super) properties: Vec<(String, Shape)>,
    pub(super) items: Option<Box<Shape>>,
    pub(super) choices: Vec<Choice>,
}

/// Where a schema is not what an identity schema has to be, and why.
#[derive(Debug)]
pub(super) struct Misfit {
    pub(super) pointer: String,
    pub(super) reason: String,
}

/// Reads shapes; knows how the conditions in them are compiled.
pub(super) struct ShapeReader<'a> {
    pub(super) options: &'a ValidationOptions<'static>,
    /// The `$schema` of the document, which its parts inherit.
    pub(super) dialect: Option<&'a Value>,
}

impl ShapeReader<'_> {
    /// The shape of the value that `schema`, found at `pointer`, describes.
    pub(super) fn read(&self, schema: &Value, pointer: &str) -> Result<Shape, Misfit> {
        self.read_at(schema, pointer, DEEPEST)
    }

    fn read_at(&self, schema: &Value, pointer: &str, depth: usize) -> Result<Shape, Misfit> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(misfit(pointer, "this is nested too deeply"));
        };
        let mut shape = Shape::plain(schema);
        shape.marks = Marks::read(schema).map_err(|reason| Misfit {
            pointer: format!("{pointer}/{}", escape(EXTENSION)),
            reason,
        })?;
        shape.check_format(pointer)?;
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            for (name, property) in properties {
                let place = format!("{pointer}/properties/{}", escape(name));
                let property = self.read_at(property, &place, depth)?;
                shape.properties.push((name.clone(), property));
            }
        }
        if let Some(items) = schema.get("items").filter(|items| items.is_object()) {
            let items = self.read_at(items, &format!("{pointer}/items"), depth)?;
            shape.items = Some(Box::new(items));
        }
        for (index, part) in parts(schema, "allOf").enumerate() {
            let place = format!("{pointer}/allOf/{index}");
            shape.merge(self.read_at(part, &place, depth)?);
        }
        self.read_choices(schema, pointer, depth, &mut shape)?;
        Ok(shape)
    }

    fn read_choices(
        &self,
        schema: &Value,
        pointer: &str,
        depth: usize,
        into: &mut Shape,
    ) -> Result<(), Misfit> {
        for keyword in ["anyOf", "oneOf"] {
            for (index, part) in parts(schema, keyword).enumerate() {
                let place = format!("{pointer}/{keyword}/{index}");
                let shape = self.read_at(part, &place, depth)?;
                into.choices.push(self.choice(part, false, shape));
            }
        }
        let Some(condition) = schema.get("if") else {
            return Ok(());
        };
        for (keyword, negated) in [("then", false), ("else", true)] {
            if let Some(part) = schema.get(keyword) {
                let shape = self.read_at(part, &format!("{pointer}/{keyword}"), depth)?;
                into.choices.push(self.choice(condition, negated, shape));
            }
        }
        Ok(())
    }

    /// Conditions are compiled only where something depends on them.
    fn choice(&self, condition: &Value, negated: bool, shape: Shape) -> Choice {
        let condition = shape.is_marked().then(|| {
            let mut condition = condition.clone();
            if let (Some(part), Some(dialect)) = (condition.as_object_mut(), self.dialect) {
                part.insert("$schema".to_owned(), dialect.clone());
            }
            // A part that refers to itself can't stand alone; it is taken to apply.
            self.options.build(&condition).ok()
        });
        Choice {
            condition: condition.flatten(),
            negated,
            shape,
        }
    }
}

impl Shape {
    /// What the schema says itself, without its parts.
    fn plain(schema: &Value) -> Self {
        let text = |key: &str| schema.get(key).and_then(Value::as_str).map(str::to_owned);
        let required: Vec<String> = parts(schema, "required")
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect();
        let least = schema.get("minProperties").and_then(Value::as_u64);
        Self {
            kind: kind_of(schema),
            title: text("title").filter(|title| !title.is_empty()),
            format: text("format"),
            pattern: text("pattern"),
            disabled: schema.get("disableFormField") == Some(&Value::Bool(true)),
            closed: schema.get("additionalProperties") == Some(&Value::Bool(false)),
            demanding: !required.is_empty() || least.is_some_and(|least| least > 0),
            required,
            marks: Marks::default(),
            properties: Vec::new(),
            items: None,
            choices: Vec::new(),
        }
    }

    /// Takes in what another part of the same schema says of the same value.
    fn merge(&mut self, other: Self) {
        if self.kind == FieldKind::Any {
            self.kind = other.kind;
        }
        self.title = self.title.take().or(other.title);
        self.format = self.format.take().or(other.format);
        self.pattern = self.pattern.take().or(other.pattern);
        self.disabled |= other.disabled;
        self.closed |= other.closed;
        self.demanding |= other.demanding;
        self.marks.merge(other.marks);
        self.required.extend(other.required);
        for (name, property) in other.properties {
            match self.properties.iter_mut().find(|(own, _)| *own == name) {
                Some((_, own)) => own.merge(property),
                None => self.properties.push((name, property)),
            }
        }
        match (&mut self.items, other.items) {
            (Some(own), Some(items)) => own.merge(*items),
            (own @ None, items) => *own = items,
            (Some(_), None) => {}
        }
        self.choices.extend(other.choices);
    }

    /// Whether the identity extension speaks of this value or a part of it.
    pub(super) fn is_marked(&self) -> bool {
        self.marks != Marks::default()
            || self
                .properties
                .iter()
                .any(|(_, property)| property.is_marked())
            || self.items.as_ref().is_some_and(|items| items.is_marked())
            || self.choices.iter().any(|choice| choice.shape.is_marked())
    }

    /// This shape and all that may stand in for it under a condition.
    pub(super) fn alternatives(&self) -> Vec<&Self> {
        let others = self.choices.iter().map(|choice| &choice.shape);
        std::iter::once(self)
            .chain(others.flat_map(Self::alternatives))
            .collect()
    }

    fn check_format(&self, pointer: &str) -> Result<(), Misfit> {
        const ADDRESSES: [&str; 7] = [
            "email",
            "tel",
            "date",
            "time",
            "date-time",
            "no-validate",
            "noformat",
        ];
        match &self.format {
            Some(format) if self.marks.verification.is_some() => {
                if ADDRESSES.contains(&format.as_str()) {
                    Ok(())
                } else {
                    let reason =
                        "a trait that is verified needs another format, such as email or tel";
                    Err(misfit(&format!("{pointer}/format"), reason))
                }
            }
            _ => Ok(()),
        }
    }
}

fn misfit(pointer: &str, reason: &str) -> Misfit {
    Misfit {
        pointer: pointer.to_owned(),
        reason: reason.to_owned(),
    }
}

fn parts<'a>(schema: &'a Value, keyword: &str) -> impl Iterator<Item = &'a Value> {
    schema
        .get(keyword)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// A name as a segment of a JSON pointer.
pub(super) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn kind_of(schema: &Value) -> FieldKind {
    let named = match schema.get("type") {
        Some(Value::String(name)) => Some(name.as_str()),
        Some(Value::Array(names)) => names
            .iter()
            .filter_map(Value::as_str)
            .find(|name| *name != "null"),
        _ => None,
    };
    match named {
        Some("string") => FieldKind::Text,
        Some("integer") => FieldKind::Integer,
        Some("number") => FieldKind::Number,
        Some("boolean") => FieldKind::Boolean,
        Some("object") => FieldKind::Object,
        Some("array") => FieldKind::Array,
        _ => kind_by_content(schema),
    }
}

/// The kind of a schema without a usable `type`.
fn kind_by_content(schema: &Value) -> FieldKind {
    let example = schema
        .get("const")
        .or_else(|| parts(schema, "enum").find(|value| !value.is_null()));
    match example {
        Some(Value::String(_)) => FieldKind::Text,
        Some(Value::Number(_)) => FieldKind::Number,
        Some(Value::Bool(_)) => FieldKind::Boolean,
        Some(Value::Object(_)) => FieldKind::Object,
        Some(Value::Array(_)) => FieldKind::Array,
        _ if schema.get("properties").is_some() => FieldKind::Object,
        _ if schema.get("items").is_some() => FieldKind::Array,
        _ => FieldKind::Any,
    }
}
