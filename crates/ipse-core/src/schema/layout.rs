//! The fields of a schema as a form sees them: conditions merged, names worked out, nodes prepared.

use ipse_ui::{Group, InputType, Node, text};

use super::extension::Marks;
use super::shape::{FieldKind, Shape};

/// The name of the property that holds the traits, which every field name begins with.
pub(super) const TRAITS: &str = "traits";

/// One field of a form, or an object or list of them.
pub(super) struct Layout {
    pub(super) kind: FieldKind,
    /// Whether the object around it asks for it.
    pub(super) required: bool,
    /// Whether properties that aren't named are forbidden.
    pub(super) closed: bool,
    /// Whether an absent object is taken as an empty one.
    pub(super) fills: bool,
    /// The full name, unless it depends on a place in a list.
    name: Option<String>,
    look: Look,
    pub(super) marks: Marks,
    /// The node of a field whose name is known beforehand, without a value.
    pub(super) node: Option<Node>,
    pub(super) properties: Vec<(String, Layout)>,
    pub(super) items: Option<Box<Layout>>,
}

/// How a field looks, whatever it is called.
struct Look {
    input: InputType,
    autocomplete: Option<&'static str>,
    pattern: Option<String>,
    title: Option<String>,
    disabled: bool,
}

impl Layout {
    /// The layout of the traits.
    pub(super) fn of_traits(shape: &Shape) -> Self {
        Self::new(&[shape], Some(TRAITS), true)
    }

    /// The layout of a value that all of `shapes` describe, the first without conditions. `name` is missing inside lists,
    /// where it depends on the value.
    fn new(shapes: &[&Shape], name: Option<&str>, required: bool) -> Self {
        let all: Vec<&Shape> = shapes
            .iter()
            .flat_map(|shape| shape.alternatives())
            .collect();
        let kinds = all.iter().map(|shape| shape.kind);
        let kind = kinds
            .into_iter()
            .find(|kind| *kind != FieldKind::Any)
            .unwrap_or(FieldKind::Any);
        let look = Look::new(kind, &all);
        let mut marks = Marks::default();
        all.iter().for_each(|shape| marks.merge(shape.marks));
        let certain = all.first();
        let demanding = certain.is_some_and(|shape| shape.demanding);
        let mut layout = Self {
            kind,
            required,
            closed: certain.is_some_and(|shape| shape.closed),
            fills: kind == FieldKind::Object && (required || !demanding),
            name: name.map(str::to_owned),
            node: None,
            properties: properties(&all, name),
            items: items(&all).map(Box::new),
            look,
            marks,
        };
        layout.node = name
            .filter(|_| layout.is_input())
            .map(|name| layout.node_named(name));
        layout
    }

    /// Whether it is shown as an input of its own.
    pub(super) fn is_input(&self) -> bool {
        match self.kind {
            FieldKind::Object => false,
            FieldKind::Array => self.items.as_ref().is_none_or(|items| items.is_input()),
            _ => true,
        }
    }

    /// A node for this field under that name.
    pub(super) fn node_named(&self, name: &str) -> Node {
        let look = match (self.kind, &self.items) {
            (FieldKind::Array, Some(items)) => &items.look,
            _ => &self.look,
        };
        let mut node = Node::input(name, Group::Default, look.input).with(|input| {
            input.required = self.required;
            input.disabled = look.disabled || self.look.disabled;
            input.autocomplete = look.autocomplete.map(str::to_owned);
            input.pattern.clone_from(&look.pattern);
        });
        if let Some(title) = self.look.title.as_ref().or(look.title.as_ref()) {
            node = node.label(text::node::node_label_generated(title, name));
        }
        node
    }

    /// The full name; that of all traits where it depends on a place in a list.
    pub(super) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(TRAITS)
    }

    /// The title.
    pub(super) fn title(&self) -> Option<&str> {
        self.look.title.as_deref()
    }

    /// The property of that name.
    pub(super) fn property(&self, name: &str) -> Option<&Self> {
        self.properties
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, property)| property)
    }
}

/// The properties that any of the shapes knows, in the order they are first named.
fn properties(all: &[&Shape], name: Option<&str>) -> Vec<(String, Layout)> {
    let mut names: Vec<&str> = Vec::new();
    for (property, _) in all.iter().flat_map(|shape| &shape.properties) {
        if !names.contains(&property.as_str()) {
            names.push(property);
        }
    }
    let certain = all
        .first()
        .map(|shape| shape.required.as_slice())
        .unwrap_or_default();
    let layout = |property: &str| {
        let named = all.iter().flat_map(|shape| &shape.properties);
        let shapes: Vec<&Shape> = named
            .filter(|(own, _)| own == property)
            .map(|(_, shape)| shape)
            .collect();
        let full = name.map(|name| join(name, property));
        let required = certain.iter().any(|name| name == property);
        (
            property.to_owned(),
            Layout::new(&shapes, full.as_deref(), required),
        )
    };
    names.into_iter().map(layout).collect()
}

fn items(all: &[&Shape]) -> Option<Layout> {
    let shapes: Vec<&Shape> = all
        .iter()
        .filter_map(|shape| shape.items.as_deref())
        .collect();
    (!shapes.is_empty()).then(|| Layout::new(&shapes, None, false))
}

/// The name of a property inside the field `name`. A dot that belongs to the property is escaped.
pub(super) fn join(name: &str, property: &str) -> String {
    if property.contains(['.', '\\']) {
        let property = property.replace('\\', "\\\\").replace('.', "\\.");
        return format!("{name}.{property}");
    }
    format!("{name}.{property}")
}

impl Look {
    fn new(kind: FieldKind, all: &[&Shape]) -> Self {
        let first = |of: fn(&Shape) -> Option<&String>| all.iter().find_map(|shape| of(shape));
        let format = first(|shape| shape.format.as_ref()).map(String::as_str);
        let (input, autocomplete) = match (format, kind) {
            (Some("email"), _) => (InputType::Email, Some("email")),
            (Some("tel"), _) => (InputType::Tel, Some("tel")),
            (Some("uri"), _) => (InputType::Url, Some("url")),
            (Some("date"), _) => (InputType::Date, None),
            (Some("date-time"), _) => (InputType::DatetimeLocal, None),
            (_, FieldKind::Integer | FieldKind::Number) => (InputType::Number, None),
            (_, FieldKind::Boolean) => (InputType::Checkbox, None),
            _ => (InputType::Text, None),
        };
        Self {
            input,
            autocomplete,
            pattern: first(|shape| shape.pattern.as_ref()).cloned(),
            title: first(|shape| shape.title.as_ref()).cloned(),
            disabled: all.iter().any(|shape| shape.disabled),
        }
    }
}
