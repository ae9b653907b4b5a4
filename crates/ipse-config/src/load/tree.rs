//! Configuration before it is checked: a value that remembers where each part of it was set.

use serde_json::{Map, Value};

use super::key::{KeyPath, Segment};
use super::origin::Origin;

/// A value and where it was set.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    pub(crate) origin: Origin,
    pub(crate) node: Node,
}

/// A value whose parts know where they were set.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Leaf(Value),
    List(Vec<Tree>),
    Table(Vec<(String, Tree)>),
}

impl Tree {
    /// Nothing set at all.
    pub(crate) fn empty() -> Self {
        Self {
            origin: Origin::Nowhere,
            node: Node::Table(Vec::new()),
        }
    }

    /// A value that was set at one place.
    pub(crate) fn of(value: Value, origin: &Origin) -> Self {
        let node = match value {
            Value::Array(items) => Node::List(
                items
                    .into_iter()
                    .map(|item| Self::of(item, origin))
                    .collect(),
            ),
            Value::Object(entries) => Node::Table(
                entries
                    .into_iter()
                    .map(|(key, value)| (key, Self::of(value, origin)))
                    .collect(),
            ),
            leaf => Node::Leaf(leaf),
        };
        Self {
            origin: origin.clone(),
            node,
        }
    }

    /// Lays another value over this one: tables are merged, everything else is replaced.
    pub(crate) fn merge(&mut self, over: Self) {
        match (&mut self.node, over.node) {
            (Node::Table(entries), Node::Table(over)) => {
                for (key, value) in over {
                    match entries.iter_mut().find(|(known, _)| *known == key) {
                        Some((_, entry)) => entry.merge(value),
                        None => entries.push((key, value)),
                    }
                }
            }
            // A file with nothing in it sets nothing; a key with nothing in it unsets that key.
            (Node::Table(_), Node::Leaf(Value::Null)) if self.origin == Origin::Nowhere => {}
            (_, node) => {
                *self = Self {
                    origin: over.origin,
                    node,
                }
            }
        }
    }

    /// Sets one key. Items of a list can be replaced or appended, but no gaps left: the answer
    /// says whether there was a place for it.
    pub(crate) fn set(&mut self, path: &KeyPath, value: Self) -> bool {
        self.set_segments(path.segments(), value)
    }

    fn set_segments(&mut self, segments: &[Segment], value: Self) -> bool {
        let Some((first, rest)) = segments.split_first() else {
            self.merge(value);
            return true;
        };
        let origin = value.origin.clone();
        match first {
            Segment::Key(key) => {
                let entries = self.entries();
                let position = entries.iter().position(|(known, _)| known == key);
                let position = position.unwrap_or_else(|| {
                    entries.push((key.clone(), Self::of(Value::Null, &origin)));
                    entries.len() - 1
                });
                entries[position].1.set_segments(rest, value)
            }
            Segment::Index(index) => {
                let items = self.items();
                if *index > items.len() {
                    return false;
                }
                if *index == items.len() {
                    items.push(Self::of(Value::Null, &origin));
                }
                items[*index].set_segments(rest, value)
            }
        }
    }

    /// The entries of this table; what is no table becomes one.
    fn entries(&mut self) -> &mut Vec<(String, Self)> {
        if !matches!(self.node, Node::Table(_)) {
            self.node = Node::Table(Vec::new());
        }
        match &mut self.node {
            Node::Table(entries) => entries,
            Node::Leaf(_) | Node::List(_) => unreachable!("it has just become a table"),
        }
    }

    /// The items of this list; what is no list becomes one.
    fn items(&mut self) -> &mut Vec<Self> {
        if !matches!(self.node, Node::List(_)) {
            self.node = Node::List(Vec::new());
        }
        match &mut self.node {
            Node::List(items) => items,
            Node::Leaf(_) | Node::Table(_) => unreachable!("it has just become a list"),
        }
    }

    /// The plain value. A key with nothing in it counts as absent, because that is what is left
    /// when everything below a key is commented out; only a requested claim means something so.
    pub(crate) fn value(&self) -> Value {
        self.value_at(false)
    }

    fn value_at(&self, keep_null: bool) -> Value {
        match &self.node {
            Node::Leaf(value) => value.clone(),
            Node::List(items) => items.iter().map(|item| item.value_at(keep_null)).collect(),
            Node::Table(entries) => entries
                .iter()
                .filter_map(|(key, tree)| {
                    let value = tree.value_at(keep_null || key == "requested_claims");
                    (keep_null || !value.is_null()).then(|| (key.clone(), value))
                })
                .collect::<Map<_, _>>()
                .into(),
        }
    }

    /// Where the key at this path was set, or the nearest table around it.
    pub(crate) fn origin(&self, path: &KeyPath) -> Origin {
        let mut tree = self;
        for segment in path.segments() {
            let below = match (&tree.node, segment) {
                (Node::Table(entries), Segment::Key(key)) => entries
                    .iter()
                    .find(|(known, _)| known == key)
                    .map(|(_, tree)| tree),
                (Node::List(items), Segment::Index(index)) => items.get(*index),
                _ => None,
            };
            match below {
                Some(below) => tree = below,
                None => break,
            }
        }
        tree.origin.clone()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tree(value: Value) -> Tree {
        Tree::of(value, &Origin::Program)
    }

    #[test]
    fn tables_are_merged_and_lists_replaced() {
        let mut below = tree(json!({ "a": { "b": 1, "c": [1, 2] }, "d": 1 }));
        below.merge(tree(json!({ "a": { "c": [3], "e": 4 }, "d": null })));
        assert_eq!(below.value(), json!({ "a": { "b": 1, "c": [3], "e": 4 } }));
    }

    #[test]
    fn one_key_can_be_set() {
        let mut tree_ = tree(json!({ "list": ["x"], "leaf": 1 }));
        assert!(tree_.set(&KeyPath::parse("list.1"), tree(json!("y"))));
        assert!(tree_.set(&KeyPath::parse("leaf.below"), tree(json!(2))));
        assert!(tree_.set(&KeyPath::parse("new.0.name"), tree(json!("z"))));
        assert!(!tree_.set(&KeyPath::parse("list.5"), tree(json!("gap"))));
        assert_eq!(
            tree_.value(),
            json!({ "list": ["x", "y"], "leaf": { "below": 2 }, "new": [{ "name": "z" }] })
        );
    }

    #[test]
    fn null_is_absent_except_where_it_means_something() {
        let value = json!({ "a": null, "requested_claims": { "id_token": { "email": null } } });
        assert_eq!(
            tree(value).value(),
            json!({ "requested_claims": { "id_token": { "email": null } } })
        );
    }
}
