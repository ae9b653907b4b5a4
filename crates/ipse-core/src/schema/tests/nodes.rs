//! How fields look in a form.

use ipse_ui::{Group, InputType, Node};
use serde_json::{Value, json};

use super::{reader, with_traits};

fn brief(nodes: &[Node]) -> Vec<(&str, Option<&Value>)> {
    nodes
        .iter()
        .map(|node| (node.name(), node.as_input().unwrap().value.as_ref()))
        .collect()
}

#[test]
fn every_field_has_a_node_in_the_order_of_the_schema() {
    let nodes = reader().nodes(Group::Profile, None);
    let names: Vec<&str> = nodes.iter().map(Node::name).collect();
    assert_eq!(
        names,
        [
            "traits.card",
            "traits.mail",
            "traits.called.given",
            "traits.called.family",
            "traits.home.town",
            "traits.home.floor",
            "traits.born",
            "traits.site",
            "traits.loans",
            "traits.fine",
            "traits.letter",
            "traits.branch",
            "traits.phones"
        ]
    );
    assert!(
        nodes
            .iter()
            .all(|node| node.group == Group::Profile && node.messages.is_empty())
    );
    let types: Vec<InputType> = nodes
        .iter()
        .map(|node| node.as_input().unwrap().input_type)
        .collect();
    use InputType::{Checkbox, Date, Email, Number, Tel, Text, Url};
    assert_eq!(
        types,
        [
            Text, Email, Text, Text, Text, Number, Date, Url, Number, Number, Checkbox, Text, Tel
        ]
    );
}

#[test]
fn a_node_says_what_the_schema_says() {
    let nodes = reader().nodes(Group::Default, None);
    assert_eq!(
        serde_json::to_value(&nodes[1]).unwrap(),
        json!({
            "type": "input", "group": "default", "messages": [],
            "attributes": {
                "node_type": "input", "name": "traits.mail", "type": "email", "required": true, "disabled": false,
                "autocomplete": "email"
            },
            "meta": {"label": {
                "id": 1_070_002, "type": "info", "text": "E-mail", "context": {"title": "E-mail", "name": "traits.mail"}
            }}
        })
    );
    assert_eq!(
        nodes[0].as_input().unwrap().pattern.as_deref(),
        Some("^[A-Z]{2}[0-9]+$")
    );
    assert!(nodes[2].as_input().unwrap().required);
    assert!(nodes[4].meta.label.is_none());
}

#[test]
fn values_keep_their_types() {
    let traits = json!({"mail": "ada@example.org", "loans": 3, "letter": false, "fine": 0.5, "called": {"given": "Ada"}, "site": null});
    let nodes = reader().nodes(Group::Profile, Some(&traits));
    let filled: Vec<(&str, &Value)> = brief(&nodes)
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name, value)))
        .collect();
    assert_eq!(
        filled,
        [
            ("traits.mail", &json!("ada@example.org")),
            ("traits.called.given", &json!("Ada")),
            ("traits.loans", &json!(3)),
            ("traits.fine", &json!(0.5)),
            ("traits.letter", &json!(false))
        ]
    );
}

#[test]
fn a_list_shows_its_entries_and_room_for_another() {
    let traits = json!({"phones": ["+49 1", "+49 2"]});
    let nodes = reader().nodes(Group::Profile, Some(&traits));
    let phones = brief(&nodes[nodes.len() - 3..]);
    assert_eq!(
        phones,
        [
            ("traits.phones.0", Some(&json!("+49 1"))),
            ("traits.phones.1", Some(&json!("+49 2"))),
            ("traits.phones", None)
        ]
    );
    assert!(
        nodes
            .iter()
            .rev()
            .take(3)
            .all(|node| node.as_input().unwrap().input_type == InputType::Tel)
    );
    assert_eq!(
        nodes.last().unwrap().meta.label.as_ref().unwrap().text,
        "Phones"
    );
}

#[test]
fn a_list_of_objects_shows_what_there_is() {
    let schema = with_traits(json!({"properties": {"pets": {"type": "array", "items": {
        "type": "object", "properties": {"name": {"type": "string", "title": "Name"}, "legs": {"type": "integer"}}
    }}}}));
    assert!(schema.nodes(Group::Default, None).is_empty());
    let traits = json!({"pets": [{"name": "Rex"}, {"legs": 3}]});
    let nodes = schema.nodes(Group::Default, Some(&traits));
    assert_eq!(
        brief(&nodes),
        [
            ("traits.pets.0.name", Some(&json!("Rex"))),
            ("traits.pets.0.legs", None),
            ("traits.pets.1.name", None),
            ("traits.pets.1.legs", Some(&json!(3)))
        ]
    );
}

#[test]
fn what_the_schema_does_not_name_comes_last() {
    let schema = with_traits(json!({"properties": {"a": {"type": "string"}}}));
    let traits = json!({"z": {"y": 1, "x": [true]}, "a": "1", "n": null});
    let nodes = schema.nodes(Group::Default, Some(&traits));
    assert_eq!(
        brief(&nodes),
        [
            ("traits.a", Some(&json!("1"))),
            ("traits.z.y", Some(&json!(1))),
            ("traits.z.x.0", Some(&json!(true)))
        ]
    );
}

#[test]
fn alternatives_share_one_form() {
    let schema = with_traits(json!({
        "properties": {"kind": {"enum": [null, 1, 2]}, "locked": {"type": ["null", "boolean"], "disableFormField": true}},
        "if": {"properties": {"kind": {"const": 1}}},
        "then": {"properties": {"size": {"type": "number", "title": "Size"}}, "required": ["size"]},
        "else": {"properties": {"size": {"type": "number"}, "at": {"type": "string", "format": "date-time"}}}
    }));
    let nodes = schema.nodes(Group::Default, None);
    let inputs: Vec<(&str, InputType, bool, bool)> = nodes
        .iter()
        .map(|node| node.as_input().unwrap())
        .map(|input| {
            (
                input.name.as_str(),
                input.input_type,
                input.required,
                input.disabled,
            )
        })
        .collect();
    assert_eq!(
        inputs,
        [
            ("traits.kind", InputType::Number, false, false),
            ("traits.locked", InputType::Checkbox, false, true),
            ("traits.size", InputType::Number, false, false),
            ("traits.at", InputType::DatetimeLocal, false, false)
        ]
    );
}
