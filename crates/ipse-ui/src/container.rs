//! The form of a flow: where it is sent, its nodes and its messages.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Group, InputType, Message, Node};

/// A form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Container {
    /// Where it is submitted to.
    pub action: String,
    /// How: always `POST`.
    pub method: String,
    /// Its elements, in the order to draw them. None at all are `null`, as clients know it.
    #[serde(with = "none_is_null")]
    pub nodes: Vec<Node>,
    /// What concerns the whole form.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Message>,
}

impl Container {
    /// An empty form that is posted to `action`.
    #[must_use]
    pub fn new(action: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            method: "POST".to_owned(),
            nodes: Vec::new(),
            messages: Vec::new(),
        }
    }

    /// Adds a node at the end, even when one of that name exists.
    pub fn push(&mut self, node: Node) {
        self.nodes.push(node);
    }

    /// Replaces the node of the same group, name and (for buttons) value, or adds it.
    pub fn upsert(&mut self, node: Node) {
        match self.nodes.iter_mut().find(|other| same_place(other, &node)) {
            Some(place) => *place = node,
            None => self.nodes.push(node),
        }
    }

    /// The first node of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name() == name)
    }

    /// The first node of that name, to be changed.
    pub fn find_mut(&mut self, name: &str) -> Option<&mut Node> {
        self.nodes.iter_mut().find(|node| node.name() == name)
    }

    /// Removes the nodes of that name.
    pub fn remove(&mut self, name: &str) {
        self.nodes.retain(|node| node.name() != name);
    }

    /// Removes the nodes of that group.
    pub fn remove_group(&mut self, group: Group) {
        self.nodes.retain(|node| node.group != group);
    }

    /// Sets the value of the first input of that name, unless it is a button or a secret.
    pub fn set_value(&mut self, name: &str, value: Value) {
        if let Some(input) = self.find_mut(name).and_then(Node::as_input_mut) {
            input.value = Some(value);
        }
    }

    /// Takes every message off the form and its nodes.
    pub fn clear_messages(&mut self) {
        self.messages.clear();
        for node in &mut self.nodes {
            node.messages.clear();
        }
    }

    /// Says something about the whole form, once.
    pub fn say(&mut self, message: Message) {
        if !self.messages.contains(&message) {
            self.messages.push(message);
        }
    }
}

fn is_submit(node: &Node) -> bool {
    node.as_input()
        .is_some_and(|input| input.input_type == InputType::Submit)
}

fn same_place(a: &Node, b: &Node) -> bool {
    let value =
        |node: &Node| is_submit(node).then(|| node.as_input().and_then(|i| i.value.clone()));
    a.group == b.group && a.name() == b.name() && value(a) == value(b)
}

#[cfg(test)]
mod tests;

/// A list that is `null` when it is empty.
mod none_is_null {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::Node;

    pub(super) fn serialize<S: Serializer>(
        nodes: &[Node],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        (!nodes.is_empty()).then_some(nodes).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Node>, D::Error> {
        Option::<Vec<Node>>::deserialize(deserializer).map(Option::unwrap_or_default)
    }
}
