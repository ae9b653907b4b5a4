//! The part of JSON Patch (RFC 6902) that identities can be changed with: `add`, `remove` and `replace`.
//!
//! Two things are more lenient than the standard, because clients rely on it: `replace` also sets what isn't there yet, and
//! objects on the way to it are made.

use serde::Deserialize;
use serde_json::{Map, Value};

/// One change.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Operation {
    #[serde(default)]
    op: String,
    #[serde(default)]
    pub(super) path: String,
    #[serde(default)]
    value: Value,
}

/// Why a change can't be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PatchError {
    /// There is no such operation here.
    #[error("the operation {0:?} is none of add, remove and replace")]
    Unsupported(String),
    /// The path is no JSON pointer below the root.
    #[error("{0:?} is not a JSON pointer to a member")]
    BadPath(String),
    /// The path leads nowhere.
    #[error("{0:?} leads to nothing that could be changed")]
    NoPlace(String),
}

/// Makes all changes in their order.
pub(super) fn apply(document: &mut Value, operations: &[Operation]) -> Result<(), PatchError> {
    operations
        .iter()
        .try_for_each(|operation| operation.apply(document))
}

impl Operation {
    fn apply(&self, document: &mut Value) -> Result<(), PatchError> {
        if !matches!(self.op.as_str(), "add" | "remove" | "replace") {
            return Err(PatchError::Unsupported(self.op.clone()));
        }
        let steps = self
            .steps()
            .ok_or_else(|| PatchError::BadPath(self.path.clone()))?;
        let (last, way) = steps
            .split_last()
            .ok_or_else(|| PatchError::BadPath(self.path.clone()))?;
        let done = match self.op.as_str() {
            "remove" => walk(document, way, false).and_then(|place| remove(place, last)),
            "add" => walk(document, way, true).and_then(|place| add(place, last, &self.value)),
            _ => walk(document, way, true).and_then(|place| replace(place, last, &self.value)),
        };
        done.ok_or_else(|| PatchError::NoPlace(self.path.clone()))
    }

    /// The members on the path, unescaped.
    pub(super) fn steps(&self) -> Option<Vec<String>> {
        let path = self.path.strip_prefix('/')?;
        Some(
            path.split('/')
                .map(|step| step.replace("~1", "/").replace("~0", "~"))
                .collect(),
        )
    }
}

/// The value that `way` leads to.
fn walk<'a>(document: &'a mut Value, way: &[String], make: bool) -> Option<&'a mut Value> {
    way.iter().try_fold(document, |place, step| {
        if make && place.is_null() {
            *place = Value::Object(Map::new());
        }
        match place {
            Value::Object(members) => {
                if make && !members.contains_key(step) {
                    members.insert(step.clone(), Value::Object(Map::new()));
                }
                members.get_mut(step)
            }
            Value::Array(entries) => entries.get_mut(index(step)?),
            _ => None,
        }
    })
}

fn remove(place: &mut Value, member: &str) -> Option<()> {
    match place {
        Value::Object(members) => members.shift_remove(member).map(drop),
        Value::Array(entries) => {
            let index = index(member).filter(|index| *index < entries.len())?;
            entries.remove(index);
            Some(())
        }
        _ => None,
    }
}

fn add(place: &mut Value, member: &str, value: &Value) -> Option<()> {
    match place {
        Value::Array(entries) if member == "-" => entries.push(value.clone()),
        Value::Array(entries) => {
            let index = index(member).filter(|index| *index <= entries.len())?;
            entries.insert(index, value.clone());
        }
        _ => return replace(place, member, value),
    }
    Some(())
}

fn replace(place: &mut Value, member: &str, value: &Value) -> Option<()> {
    if place.is_null() {
        *place = Value::Object(Map::new());
    }
    match place {
        Value::Object(members) => {
            members.insert(member.to_owned(), value.clone());
        }
        Value::Array(entries) => *entries.get_mut(index(member)?)? = value.clone(),
        _ => return None,
    }
    Some(())
}

/// A place in a list: digits without a zero in front.
fn index(step: &str) -> Option<usize> {
    let plain = step == "0" || (step.bytes().all(|b| b.is_ascii_digit()) && !step.starts_with('0'));
    if plain { step.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn patched(mut document: Value, operations: Value) -> Result<Value, PatchError> {
        let operations: Vec<Operation> = serde_json::from_value(operations).unwrap();
        apply(&mut document, &operations).map(|()| document)
    }

    #[test]
    fn members_and_entries_are_added_replaced_and_removed() {
        assert_eq!(
            patched(
                json!({ "a": { "b": 1 }, "list": [1, 3] }),
                json!([
                    { "op": "replace", "path": "/a/b", "value": 2 },
                    { "op": "add", "path": "/a/c", "value": {} },
                    { "op": "add", "path": "/list/1", "value": 2 },
                    { "op": "add", "path": "/list/-", "value": 4 },
                    { "op": "remove", "path": "/list/0" },
                    { "op": "replace", "path": "/list/0", "value": "two" },
                ])
            ),
            Ok(json!({ "a": { "b": 2, "c": {} }, "list": ["two", 3, 4] }))
        );
    }

    #[test]
    fn objects_on_the_way_are_made() {
        let change = json!([{ "op": "replace", "path": "/a/b/c", "value": 1 }]);
        let expected = Ok(json!({ "a": { "b": { "c": 1 } } }));
        assert_eq!(patched(json!({}), change.clone()), expected);
        assert_eq!(patched(json!({ "a": null }), change.clone()), expected);
        assert_eq!(
            patched(json!({ "a": 1 }), change),
            Err(PatchError::NoPlace("/a/b/c".into()))
        );
    }

    #[test]
    fn what_is_not_there_cannot_be_removed() {
        for path in ["/b", "/a/b", "/list/1", "/list/x", "/list/00", "/list/-"] {
            let change = json!([{ "op": "remove", "path": path }]);
            let document = json!({ "a": 1, "list": [0] });
            assert_eq!(
                patched(document, change),
                Err(PatchError::NoPlace(path.into())),
                "{path}"
            );
        }
    }

    #[test]
    fn other_operations_and_paths_are_refused() {
        for op in ["test", "copy", "move", "frobnicate", ""] {
            let change = json!([{ "op": op, "path": "/a", "from": "/a", "value": 1 }]);
            let refused = Err(PatchError::Unsupported(op.into()));
            assert_eq!(patched(json!({ "a": 1 }), change), refused);
        }
        for path in ["", "a"] {
            let change = json!([{ "op": "add", "path": path, "value": 1 }]);
            assert_eq!(
                patched(json!({}), change),
                Err(PatchError::BadPath(path.into()))
            );
        }
    }

    #[test]
    fn slashes_and_tildes_in_names_are_escaped() {
        let change = json!([{ "op": "add", "path": "/a~1b~0c~01", "value": 1 }]);
        assert_eq!(patched(json!({}), change), Ok(json!({ "a/b~c~1": 1 })));
    }

    proptest! {
        #[test]
        fn no_path_panics(op in "add|remove|replace", path in "(/[a-c0-2~-]{0,2}){0,4}") {
            let change = json!([{ "op": op, "path": path, "value": [1] }]);
            let _ = patched(json!({ "a": [{ "b": null }, 1], "c": "text" }), change);
        }

        #[test]
        fn what_is_added_can_be_removed_again(name in "[a-z/~]{1,8}", value in any::<i64>()) {
            let path = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
            let added = patched(json!({}), json!([{ "op": "add", "path": path, "value": value }])).unwrap();
            prop_assert_eq!(&added[&name], &json!(value));
            prop_assert_eq!(patched(added, json!([{ "op": "remove", "path": path }])), Ok(json!({})));
        }
    }
}
