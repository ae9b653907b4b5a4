//! Which field is told what.

use serde_json::{Value, json};

use super::{reader, with_traits};
use crate::schema::FieldError;

/// Node and number of each error.
fn errors(schema: &crate::schema::Schema, traits: &Value) -> Vec<(String, u32)> {
    let errors = schema.validate(traits).err().unwrap_or_default();
    errors
        .into_iter()
        .map(|error| (error.node, error.message.id))
        .collect()
}

fn context(schema: &crate::schema::Schema, traits: &Value) -> Value {
    let errors = schema.validate(traits).unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    Value::Object(errors[0].message.context.clone())
}

fn named(expected: &[(&str, u32)]) -> Vec<(String, u32)> {
    expected
        .iter()
        .map(|(node, id)| ((*node).to_owned(), *id))
        .collect()
}

#[test]
fn good_traits_pass() {
    let traits = json!({
        "card": "AB1", "mail": "ada@example.org", "called": {"given": "Ada"}, "born": "1815-12-10",
        "site": "https://example.org/", "loans": 3, "fine": 1.5, "letter": true, "branch": "north",
        "phones": ["+49 151 12345678"]
    });
    assert_eq!(reader().validate(&traits), Ok(()));
}

#[test]
fn each_rule_has_its_number_and_values() {
    let schema = reader();
    let with = |name: &str, value: Value| json!({"mail": "ada@example.org", name: value});
    for (traits, node, id, values) in [
        (
            json!({}),
            "traits.mail",
            4_000_002,
            json!({"property": "mail"}),
        ),
        (
            with("called", json!({})),
            "traits.called.given",
            4_000_002,
            json!({"property": "given"}),
        ),
        (
            with("called", json!({"given": "ß"})),
            "traits.called.given",
            4_000_003,
            json!({"min_length": 2, "actual_length": 1}),
        ),
        (
            with("called", json!({"given": "äöüäöü"})),
            "traits.called.given",
            4_000_017,
            json!({"max_length": 5, "actual_length": 6}),
        ),
        (
            with("card", json!("x")),
            "traits.card",
            4_000_004,
            json!({"pattern": "^[A-Z]{2}[0-9]+$"}),
        ),
        (
            with("loans", json!(-1)),
            "traits.loans",
            4_000_018,
            json!({"minimum": 0, "actual": -1}),
        ),
        (
            with("loans", json!(21)),
            "traits.loans",
            4_000_020,
            json!({"maximum": 20, "actual": 21}),
        ),
        (
            with("loans", json!("many")),
            "traits.loans",
            4_000_026,
            json!({"allowed_types": ["integer"], "actual_type": "string"}),
        ),
        (
            with("loans", json!(1.5)),
            "traits.loans",
            4_000_026,
            json!({"allowed_types": ["integer"], "actual_type": "number"}),
        ),
        (
            with("fine", json!(0.75)),
            "traits.fine",
            4_000_022,
            json!({"base": 0.5, "actual": 0.75}),
        ),
        (
            json!({"mail": "ada example.org"}),
            "traits.mail",
            4_000_040,
            json!({"value": "ada example.org"}),
        ),
        (
            with("phones", json!(["+49 151 12345678", "none"])),
            "traits.phones.1",
            4_000_041,
            json!({"value": "none"}),
        ),
    ] {
        let errors = schema.validate(&traits).unwrap_err();
        assert_eq!(
            (errors[0].node.as_str(), errors[0].message.id),
            (node, id),
            "{traits}"
        );
        assert_eq!(context(&schema, &traits), values, "{traits}");
    }
}

#[test]
fn rules_without_a_number_say_it_in_words() {
    let schema = reader();
    for (name, value) in [
        ("branch", json!("west")),
        ("site", json!("no uri")),
        ("born", json!("yesterday")),
        ("shoe_size", json!(43)),
    ] {
        let traits = json!({"mail": "ada@example.org", name: value});
        let errors = schema.validate(&traits).unwrap_err();
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert_eq!(errors[0].message.id, 4_000_001);
        assert_eq!(errors[0].message.context["reason"], errors[0].message.text);
        let node = if name == "shoe_size" {
            "traits".to_owned()
        } else {
            format!("traits.{name}")
        };
        assert_eq!(errors[0].node, node);
    }
}

#[test]
fn an_address_is_complained_about_once_and_before_its_length() {
    let expected = [("traits.mail", 4_000_040), ("traits.mail", 4_000_003)];
    assert_eq!(errors(&reader(), &json!({"mail": "a"})), named(&expected));
}

#[test]
fn errors_come_in_the_order_of_the_fields() {
    let traits = json!({"loans": 99, "called": {"given": "A"}, "mail": "nobody", "other": 1});
    let expected = [
        ("traits.mail", 4_000_040),
        ("traits.called.given", 4_000_003),
        ("traits.loans", 4_000_020),
        ("traits", 4_000_001),
    ];
    assert_eq!(errors(&reader(), &traits), named(&expected));
}

#[test]
fn traits_that_are_no_object_are_told_so() {
    for (traits, actual) in [
        (Value::Null, "null"),
        (json!("text"), "string"),
        (json!([1]), "array"),
    ] {
        let values = json!({"allowed_types": ["object"], "actual_type": actual});
        assert_eq!(context(&reader(), &traits), values);
        assert_eq!(errors(&reader(), &traits), named(&[("traits", 4_000_026)]));
    }
}

#[test]
fn lists_name_the_entries() {
    let schema = with_traits(json!({"properties": {
        "tags": {"type": "array", "minItems": 2, "maxItems": 3, "uniqueItems": true, "items": {"type": "string", "minLength": 2}},
        "pets": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}}
    }}));
    assert_eq!(
        context(&schema, &json!({"tags": ["aa"]})),
        json!({"min_items": 2, "actual_items": 1})
    );
    assert_eq!(
        context(&schema, &json!({"tags": ["aa", "bb", "cc", "dd"]})),
        json!({"max_items": 3, "actual_items": 4})
    );
    assert_eq!(
        context(&schema, &json!({"tags": ["aa", "bb", "aa"]})),
        json!({"index_a": 0, "index_b": 2})
    );
    let traits = json!({"tags": ["aa", "b"], "pets": [{"name": "Rex"}, {}]});
    assert_eq!(
        errors(&schema, &traits),
        named(&[
            ("traits.tags.1", 4_000_003),
            ("traits.pets.1.name", 4_000_002)
        ])
    );
}

#[test]
fn alternatives_tell_what_each_of_them_lacks() {
    let schema = with_traits(json!({
        "properties": {"mail": {"type": "string"}, "phone": {"type": "string"}},
        "anyOf": [{"required": ["mail"]}, {"required": ["phone"]}]
    }));
    assert_eq!(
        errors(&schema, &json!({})),
        named(&[("traits.mail", 4_000_002), ("traits.phone", 4_000_002)])
    );
    assert_eq!(schema.validate(&json!({"phone": "1"})), Ok(()));
    let either = with_traits(json!({
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "oneOf": [{"required": ["a"]}, {"required": ["b"]}]
    }));
    assert_eq!(
        errors(&either, &json!({"a": "1", "b": "2"})),
        named(&[("traits", 4_000_001)])
    );
}

#[test]
fn conditions_and_constants_are_told_on_their_fields() {
    let schema = with_traits(json!({
        "properties": {
            "terms": {"const": true}, "kind": {"const": ["x"]}, "country": {"type": "string"}, "zip": {"type": "string"}
        },
        "if": {"properties": {"country": {"const": "de"}}, "required": ["country"]},
        "then": {"required": ["zip"]}
    }));
    assert_eq!(
        errors(&schema, &json!({"country": "de"})),
        named(&[("traits.zip", 4_000_002)])
    );
    assert_eq!(
        errors(&schema, &json!({"terms": false})),
        named(&[("traits.terms", 4_000_029)])
    );
    assert_eq!(
        context(&schema, &json!({"terms": false})),
        json!({"expected": true})
    );
    assert_eq!(
        errors(&schema, &json!({"kind": 1})),
        named(&[("traits.kind", 4_000_030)])
    );
}

#[test]
fn exclusive_limits_have_numbers_of_their_own() {
    let schema = with_traits(
        json!({"properties": {"ratio": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}}}),
    );
    assert_eq!(
        errors(&schema, &json!({"ratio": 0})),
        named(&[("traits.ratio", 4_000_019)])
    );
    assert_eq!(
        errors(&schema, &json!({"ratio": 1})),
        named(&[("traits.ratio", 4_000_021)])
    );
}

#[test]
fn addresses_without_a_format_are_checked_by_their_channel() {
    let schema = with_traits(json!({"properties": {
        "mail": {"type": "string", "ory.sh/kratos": {"recovery": {"via": "email"}}},
        "phone": {"type": "string", "ory.sh/kratos": {"credentials": {"code": {"identifier": true, "via": "sms"}}}},
        "any": {"type": "string", "format": "no-validate", "ory.sh/kratos": {"verification": {"via": "email"}}}
    }}));
    let traits = json!({"mail": "x", "phone": "y", "any": "z"});
    assert_eq!(
        errors(&schema, &traits),
        named(&[("traits.mail", 4_000_040), ("traits.phone", 4_000_041)])
    );
}

#[test]
fn names_with_dots_and_slashes_are_escaped() {
    let schema = with_traits(json!({"properties": {"a.b/c": {"type": "string"}}}));
    let errors = schema.validate(&json!({"a.b/c": 1})).unwrap_err();
    assert_eq!(
        (errors[0].node.as_str(), errors[0].pointer.as_str()),
        ("traits.a\\.b/c", "/traits/a.b~1c")
    );
    assert_eq!(schema.fields[0].name, "traits.a\\.b/c");
}

#[test]
fn one_sentence_names_every_place() {
    let errors = reader()
        .validate(&json!({"mail": "x", "loans": 99}))
        .unwrap_err();
    let sentence = FieldError::sentence(&errors);
    assert!(
        sentence.contains("/traits/mail: ") && sentence.contains("; /traits/loans: "),
        "{sentence}"
    );
}
