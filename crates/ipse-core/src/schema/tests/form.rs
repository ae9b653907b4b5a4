//! Typing what was submitted.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{reader, with_traits};
use crate::schema::{Schema, TooDeep, nest};

fn fields(pairs: &[(&str, &str)]) -> Map<String, Value> {
    nest(
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value))),
    )
    .unwrap()
}

fn from_form(schema: &Schema, pairs: &[(&str, &str)]) -> Value {
    schema.traits_from_form(fields(pairs).get("traits"), true)
}

#[test]
fn dotted_names_nest() {
    let tree = fields(&[
        ("method", "profile"),
        ("traits.a.b", "1"),
        ("traits.a.c", "2"),
        ("traits.d\\.e", "3"),
        ("f\\", "4"),
        ("g\\h", "5"),
    ]);
    assert_eq!(
        Value::Object(tree),
        json!({
            "method": "profile", "traits": {"a": {"b": "1", "c": "2"}, "d.e": "3"}, "f\\": "4", "g\\h": "5"
        })
    );
}

#[test]
fn dotted_names_and_nested_objects_meet() {
    let tree = nest([
        ("traits".to_owned(), json!({"a": {"b": 1}})),
        ("traits.a.c".to_owned(), json!(2)),
        ("traits".to_owned(), json!({"d": 3})),
    ]);
    assert_eq!(
        tree.map(Value::Object),
        Ok(json!({"traits": {"a": {"b": 1, "c": 2}, "d": 3}}))
    );
    let deep = vec!["a"; 25].join(".");
    assert_eq!(nest([(deep, json!(1))]), Err(TooDeep));
}

#[test]
fn text_becomes_what_the_schema_says() {
    let traits = from_form(
        &reader(),
        &[
            ("traits.mail", "ada@example.org"),
            ("traits.loans", "3"),
            ("traits.fine", "0.5"),
            ("traits.letter", "true"),
            ("traits.card", "17"),
            ("traits.home.floor", "2.0"),
            ("traits.phones", "+49 1"),
        ],
    );
    assert_eq!(
        traits,
        json!({
            "mail": "ada@example.org", "loans": 3, "fine": 0.5, "letter": true, "card": "17",
            "home": {"floor": 2}, "phones": ["+49 1"]
        })
    );
}

#[test]
fn text_that_is_no_number_stays_to_be_complained_about() {
    let traits = from_form(
        &reader(),
        &[
            ("traits.loans", "many"),
            ("traits.letter", "perhaps"),
            ("traits.fine", "NaN"),
        ],
    );
    assert_eq!(
        traits,
        json!({"loans": "many", "letter": "perhaps", "fine": "NaN", "home": {}})
    );
}

#[test]
fn empty_fields_were_not_filled_in() {
    let traits = from_form(
        &reader(),
        &[
            ("traits.mail", ""),
            ("traits.loans", ""),
            ("traits.letter", ""),
            ("traits.phones", ""),
            ("traits.home.town", ""),
        ],
    );
    assert_eq!(traits, json!({"home": {}}));
    let kept =
        reader().traits_from_form(Some(&json!({"mail": "", "card": "", "phones": []})), false);
    assert_eq!(
        kept,
        json!({"mail": "", "card": "", "phones": [], "home": {}})
    );
}

#[test]
fn a_ticked_box_wins_over_its_hidden_companion() {
    let schema = reader();
    let ticked = from_form(
        &schema,
        &[("traits.letter", "false"), ("traits.letter", "true")],
    );
    assert_eq!(ticked["letter"], json!(true));
    assert_eq!(
        from_form(&schema, &[("traits.letter", "on")])["letter"],
        json!(true)
    );
    assert_eq!(
        from_form(&schema, &[("traits.letter", "false")])["letter"],
        json!(false)
    );
    let needed =
        with_traits(json!({"properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}));
    assert_eq!(
        from_form(&needed, &[("traits.ok", "")]),
        json!({"ok": false})
    );
}

#[test]
fn of_lists_where_one_value_belongs_the_last_counts() {
    let given = json!({ "loans": [[["1", "2"]], [[null]]] });
    let typed = reader().traits_from_form(Some(&given), true);
    assert_eq!(reader().traits_from_form(Some(&typed), true), typed);
}

#[test]
fn lists_come_repeated_or_numbered() {
    let schema = reader();
    for pairs in [
        [
            ("traits.phones", "+49 1"),
            ("traits.phones", "+49 2"),
            ("traits.phones", ""),
        ],
        [
            ("traits.phones.1", "+49 2"),
            ("traits.phones.0", "+49 1"),
            ("traits.phones", ""),
        ],
        [
            ("traits.phones", "+49 2"),
            ("traits.phones.0", "+49 1"),
            ("traits.phones.7", ""),
        ],
    ] {
        assert_eq!(
            from_form(&schema, &pairs)["phones"],
            json!(["+49 1", "+49 2"]),
            "{pairs:?}"
        );
    }
    let named = from_form(&schema, &[("traits.phones.x", "1")]);
    assert_eq!(named["phones"], json!({"x": "1"}));
    assert!(schema.validate(&named).is_err());
}

#[test]
fn missing_objects_come_back_empty_unless_that_would_be_refused() {
    let nested = json!({"type": "object", "properties": {"inner": {"type": "object", "properties": {"x": {"type": "string"}}}}});
    let schema = with_traits(json!({"properties": {
        "plain": nested,
        "picky": {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]},
        "needed": {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]}
    }, "required": ["needed"]}));
    assert_eq!(
        schema.traits_from_form(None, false),
        json!({"plain": {"inner": {}}, "needed": {}})
    );
    let errors = schema
        .validate(&schema.traits_from_form(None, true))
        .unwrap_err();
    assert_eq!(errors[0].node, "traits.needed.x");
}

#[test]
fn what_is_no_object_is_left_for_validation() {
    let schema = reader();
    for odd in [json!(null), json!([1]), json!(7)] {
        assert_eq!(schema.traits_from_form(Some(&odd), false), odd);
        assert!(schema.validate(&odd).is_err());
    }
    assert_eq!(
        schema.traits_from_form(Some(&json!(r#"{"loans": 3}"#)), true),
        json!({"loans": 3, "home": {}})
    );
}

#[test]
fn unknown_fields_count_in_json_and_not_in_a_closed_form() {
    let schema = reader();
    let traits = fields(&[("traits.shoe_size", "43")]);
    assert_eq!(
        schema.traits_from_form(traits.get("traits"), true),
        json!({"home": {}})
    );
    assert_eq!(
        schema.traits_from_form(traits.get("traits"), false)["shoe_size"],
        json!("43")
    );
}

/// A value as a form might have it, with the names of the schema among others.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ -~]{0,6}".prop_map(Value::from),
    ];
    let name = prop_oneof![
        Just("called"),
        Just("given"),
        Just("phones"),
        Just("loans"),
        Just("letter"),
        Just("0"),
        Just(""),
        Just("a.b"),
    ];
    leaf.prop_recursive(3, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(name.clone().prop_map(str::to_owned), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Traits that fit the schema, as far as types go.
fn typed_traits() -> impl Strategy<Value = Value> {
    let text = "[a-zA-Z@. ]{1,8}";
    (text, prop::option::of(text), any::<i32>(), any::<bool>(), prop::collection::vec("\\+[0-9]{3,9}", 1..4)).prop_map(
        |(mail, given, loans, letter, phones)| {
            let mut traits = json!({"mail": mail, "loans": loans, "letter": letter, "phones": phones, "home": {}});
            if let Some(given) = given {
                traits["called"] = json!({"given": given});
            }
            traits
        },
    )
}

/// The fields that a browser would send for `value`.
fn flatten(name: &str, value: &Value, into: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(object) => object
            .iter()
            .for_each(|(key, value)| flatten(&format!("{name}.{key}"), value, into)),
        Value::Array(list) => list.iter().for_each(|entry| flatten(name, entry, into)),
        Value::String(text) => into.push((name.to_owned(), json!(text))),
        other => into.push((name.to_owned(), json!(other.to_string()))),
    }
}

proptest! {
    #[test]
    fn nothing_that_is_submitted_upsets_it(
        pairs in prop::collection::vec(("(traits|\\.|called|phones|[0-9]|\\\\|[a-z]){0,5}", any_value()), 0..8),
        encoded_as_form in any::<bool>(),
    ) {
        let schema = reader();
        if let Ok(tree) = nest(pairs) {
            let traits = schema.traits_from_form(tree.get("traits"), encoded_as_form);
            let _ = (schema.validate(&traits), schema.extract(&traits), schema.nodes(ipse_ui::Group::Default, Some(&traits)));
        }
    }

    #[test]
    fn typing_twice_changes_nothing(value in any_value(), encoded_as_form in any::<bool>()) {
        let schema = reader();
        let once = schema.traits_from_form(Some(&value), encoded_as_form);
        prop_assert_eq!(schema.traits_from_form(Some(&once), encoded_as_form), once);
    }

    #[test]
    fn json_and_dotted_form_fields_agree(traits in typed_traits()) {
        let schema = reader();
        let mut pairs = Vec::new();
        flatten("traits", &traits, &mut pairs);
        let tree = nest(pairs).unwrap();
        prop_assert_eq!(schema.traits_from_form(tree.get("traits"), true), schema.traits_from_form(Some(&traits), false));
    }
}
