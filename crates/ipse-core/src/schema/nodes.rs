//! The fields of a schema as nodes of a form.

use ipse_ui::{Group, InputType, Node};
use serde_json::{Map, Value};

use super::Schema;
use super::layout::{Layout, join};
use super::shape::FieldKind;

impl Schema {
    /// One node for each field, in the order of the schema, with what `traits` has for it. A list has a node for each of
    /// its entries and an empty one to add another; what the schema doesn't name, but `traits` has, comes last.
    #[must_use]
    pub fn nodes(&self, group: Group, traits: Option<&Value>) -> Vec<Node> {
        let mut nodes = Nodes {
            group,
            list: Vec::with_capacity(self.layout.properties.len() + 4),
        };
        nodes.add(&self.layout, None, traits);
        nodes.list
    }
}

struct Nodes {
    group: Group,
    list: Vec<Node>,
}

impl Nodes {
    /// Adds the nodes of a field; `name` is given where the layout doesn't know it.
    fn add(&mut self, layout: &Layout, name: Option<&str>, value: Option<&Value>) {
        match layout.kind {
            FieldKind::Object => self.add_object(layout, name, value),
            FieldKind::Array => self.add_list(layout, name, value),
            _ => self.push(layout, name, value.filter(|value| is_scalar(value))),
        }
    }

    fn add_object(&mut self, layout: &Layout, name: Option<&str>, value: Option<&Value>) {
        let object = value.and_then(Value::as_object);
        for (property, inner) in &layout.properties {
            let name = name.map(|name| join(name, property));
            let value = object.and_then(|object| object.get(property));
            self.add(inner, name.as_deref(), value);
        }
        if let Some(object) = object.filter(|object| !object.is_empty()) {
            self.add_unnamed(layout, name, object);
        }
    }

    /// What an open object has beside the properties of the schema.
    fn add_unnamed(&mut self, layout: &Layout, name: Option<&str>, object: &Map<String, Value>) {
        for (property, value) in object {
            if layout.property(property).is_none() {
                let name = join(name.unwrap_or(layout.name()), property);
                self.add_free(&name, value);
            }
        }
    }

    /// A value that no field describes, typed by what it is.
    fn add_free(&mut self, name: &str, value: &Value) {
        let input = match value {
            Value::Object(object) => {
                for (property, value) in object {
                    self.add_free(&join(name, property), value);
                }
                return;
            }
            Value::Array(entries) => {
                for (index, value) in entries.iter().enumerate() {
                    self.add_free(&format!("{name}.{index}"), value);
                }
                return;
            }
            Value::Null => return,
            Value::Bool(_) => InputType::Checkbox,
            Value::Number(_) => InputType::Number,
            Value::String(_) => InputType::Text,
        };
        self.list
            .push(Node::input(name, self.group, input).value(value.clone()));
    }

    fn add_list(&mut self, layout: &Layout, name: Option<&str>, value: Option<&Value>) {
        let base = name.unwrap_or(layout.name());
        let entries = value
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        for (index, entry) in entries.iter().enumerate() {
            let name = format!("{base}.{index}");
            match &layout.items {
                Some(items) if !is_scalar(entry) => self.add(items, Some(&name), Some(entry)),
                _ => self.push(layout, Some(&name), Some(entry)),
            }
        }
        if !layout.is_input() {
            return;
        }
        self.push(layout, name, None);
        if let Some(input) = self.list.last_mut().and_then(Node::as_input_mut) {
            input.required &= entries.is_empty();
        }
    }

    fn push(&mut self, layout: &Layout, name: Option<&str>, value: Option<&Value>) {
        let mut node = match (name, &layout.node) {
            (None, Some(node)) => node.clone(),
            _ => layout.node_named(name.unwrap_or(layout.name())),
        };
        node.group = self.group;
        if let (Some(value), Some(input)) = (value, node.as_input_mut()) {
            input.value = Some(value.clone());
        }
        self.list.push(node);
    }
}

fn is_scalar(value: &Value) -> bool {
    matches!(value, Value::Bool(_) | Value::Number(_) | Value::String(_))
}
