//! Where schemas come from and which are refused.

use serde_json::{Value, json};

use super::{Network, inline, load, load_from, wait};
use crate::schema::{SchemaError, SchemaSource, Schemas, Sources};

fn minimal() -> Value {
    json!({"type": "object", "properties": {"traits": {"type": "object", "properties": {"nick": {"type": "string"}}}}})
}

fn sources(schemas: &[(&str, &str)]) -> Sources {
    let schemas = schemas.iter().map(|(id, url)| SchemaSource {
        id: (*id).to_owned(),
        url: (*url).to_owned(),
        selfservice_selectable: *id == "b",
    });
    Sources {
        default_id: "a".to_owned(),
        schemas: schemas.collect(),
        disallow_ref: false,
    }
}

fn refusal(document: &Value) -> (String, String) {
    match load(document).unwrap_err() {
        SchemaError::Invalid {
            pointer, reason, ..
        } => (pointer, reason),
        other => panic!("{other}"),
    }
}

#[test]
fn several_schemas_keep_their_order() {
    let (first, second) = (
        inline(&minimal()),
        inline(
            &json!({"$schema": "https://json-schema.org/draft/2020-12/schema",
        "properties": {"traits": {"properties": {"x": {"type": "string"}}}}}),
        ),
    );
    let schemas = wait(Schemas::load(
        &sources(&[("b", &second), ("a", &first)]),
        &Network(Vec::new()),
    ))
    .unwrap();
    let ids: Vec<&str> = schemas.iter().map(|schema| schema.id.as_str()).collect();
    assert_eq!(ids, ["b", "a"]);
    assert_eq!(schemas.default_id(), "a");
    assert!(
        schemas.get("b").unwrap().selfservice_selectable
            && !schemas.get("a").unwrap().selfservice_selectable
    );
    assert!(schemas.get("c").is_none());
    assert_eq!(
        schemas.get("a").unwrap().raw.as_str(),
        minimal().to_string()
    );
}

#[test]
fn ids_have_to_be_unique_and_the_default_has_to_exist() {
    let url = inline(&minimal());
    let twice = wait(Schemas::load(
        &sources(&[("a", &url), ("a", &url)]),
        &Network(Vec::new()),
    ));
    assert!(matches!(twice, Err(SchemaError::Duplicate(id)) if id == "a"));
    let missing = wait(Schemas::load(
        &sources(&[("b", &url)]),
        &Network(Vec::new()),
    ));
    assert!(matches!(missing, Err(SchemaError::NoDefault(id)) if id == "a"));
}

#[test]
fn files_are_read_with_what_they_refer_to() {
    let folder = std::env::temp_dir().join(format!("ipse schemas {}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let document = json!({"properties": {"traits": {"type": "object", "properties": {
        "mail": {"$ref": "parts.json#/definitions/mail"}
    }}}});
    let parts = json!({"definitions": {"mail": {"type": "string", "format": "email", "title": "Mail",
        "ory.sh/kratos": {"credentials": {"password": {"identifier": true}}}}}});
    std::fs::write(folder.join("main.json"), document.to_string()).unwrap();
    std::fs::write(folder.join("parts.json"), parts.to_string()).unwrap();
    let url = format!("file://{}", folder.join("main.json").display());
    let schema = load_from(&url, &Network(Vec::new()));
    let escaped = load_from(&url.replace(' ', "%20"), &Network(Vec::new()));
    std::fs::remove_dir_all(&folder).unwrap();
    let schema = schema.unwrap();
    assert_eq!(escaped.unwrap().raw, schema.raw);
    assert_eq!(schema.fields[0].title.as_deref(), Some("Mail"));
    assert_eq!(
        schema.extract(&json!({"mail": "A@b.c"})).identifiers.len(),
        1
    );
    assert_eq!(
        schema.validate(&json!({"mail": "x"})).unwrap_err()[0].node,
        "traits.mail"
    );
}

#[test]
fn the_network_is_asked_through_the_fetcher() {
    let network = Network(vec![
        (
            "https://example.org/person.json",
            json!({"$id": "https://schemas.example.org/p/person.json", "properties": {"traits": {
            "properties": {"a": {"$ref": "name.json"}, "b": {"$ref": "#/definitions/b"}}}}, "definitions": {"b": {"type": "boolean"}}}),
        ),
        (
            "https://schemas.example.org/p/name.json",
            json!({"type": "string", "minLength": 3}),
        ),
    ]);
    let schema = load_from("https://example.org/person.json", &network).unwrap();
    assert!(schema.validate(&json!({"a": "abc", "b": true})).is_ok());
    assert_eq!(
        schema
            .validate(&json!({"a": "ab", "b": 1}))
            .unwrap_err()
            .len(),
        2
    );
    let gone = load_from("https://example.org/nothing.json", &network).unwrap_err();
    assert!(matches!(gone, SchemaError::Unreadable { .. }), "{gone}");
}

#[test]
fn references_that_lead_nowhere_stop_the_start() {
    let outside = |reference: &str| json!({"properties": {"traits": {"properties": {"a": {"$ref": reference}}}}});
    for reference in [
        "https://example.org/missing.json",
        "#/definitions/missing",
        "ftp://example.org/x.json",
    ] {
        assert!(load(&outside(reference)).is_err(), "{reference}");
    }
    let network = Network(vec![(
        "https://example.org/s.json",
        outside("file:///etc/hostname"),
    )]);
    let error = load_from("https://example.org/s.json", &network).unwrap_err();
    assert!(error.to_string().contains("may not refer to"), "{error}");
}

#[test]
fn references_can_be_forbidden() {
    let document = json!({"properties": {"traits": {"properties": {"a": {"$ref": "#/definitions/a"}}}}, "definitions": {"a": {}}});
    let mut listed = sources(&[("a", &inline(&document))]);
    assert!(wait(Schemas::load(&listed, &Network(Vec::new()))).is_ok());
    listed.disallow_ref = true;
    let error = wait(Schemas::load(&listed, &Network(Vec::new()))).unwrap_err();
    assert!(
        matches!(&error, SchemaError::Invalid { pointer, .. } if pointer == "/properties/traits/properties/a/$ref"),
        "{error}"
    );
}

#[test]
fn what_is_no_identity_schema_is_refused_with_its_place() {
    let traits = |traits: Value| json!({"properties": {"traits": traits}});
    for (document, place) in [
        (json!({}), ""),
        (json!({"properties": {}}), "/properties"),
        (traits(json!({"type": "string"})), "/properties/traits/type"),
        (traits(json!({"type": "object"})), "/properties/traits"),
        (
            traits(json!({"properties": {}})),
            "/properties/traits/properties",
        ),
        (
            traits(json!({"properties": {"a": {"type": "text"}}})),
            "/properties/traits/properties/a/type",
        ),
        (
            traits(
                json!({"properties": {"a": {"ory.sh/kratos": {"credentials": {"pasword": {}}}}}}),
            ),
            "/properties/traits/properties/a/ory.sh~1kratos",
        ),
        (
            traits(
                json!({"properties": {"a": {"ory.sh/kratos": {"verification": {"via": "pigeon"}}}}}),
            ),
            "/properties/traits/properties/a/ory.sh~1kratos",
        ),
        (
            traits(json!({"properties": {"a": {"items": {"ory.sh/kratos": 1}}}})),
            "/properties/traits/properties/a/items/ory.sh~1kratos",
        ),
        (
            traits(
                json!({"properties": {"a": {"format": "uri", "ory.sh/kratos": {"verification": {"via": "email"}}}}}),
            ),
            "/properties/traits/properties/a/format",
        ),
    ] {
        assert_eq!(refusal(&document).0, place, "{document}");
    }
}

#[test]
fn the_error_names_schema_and_address() {
    let error = load(&json!({"properties": {"long": "x".repeat(900)}}))
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("identity schema default (base64://") && error.len() < 450,
        "{error}"
    );
    for (url, part) in [
        ("base64://%%%", "not Base64"),
        ("base64://e30x", "is not JSON"),
        ("file:///no/such/file.json", "/no/such/file.json"),
        ("person.json", "has to begin with"),
    ] {
        let error = load_from(url, &Network(Vec::new()))
            .unwrap_err()
            .to_string();
        assert!(error.contains(part) && error.contains("default"), "{error}");
    }
}

#[test]
fn both_dialects_and_recursion_work() {
    let tuple = |dialect: &str, keyword: &str| {
        json!({"$schema": dialect, "properties": {"traits": {"properties": {
        "pair": {"type": "array", keyword: [{"type": "string"}, {"type": "integer"}]}}}}})
    };
    let old = load(&tuple("http://json-schema.org/draft-07/schema#", "items")).unwrap();
    let new = load(&tuple(
        "https://json-schema.org/draft/2020-12/schema",
        "prefixItems",
    ))
    .unwrap();
    for schema in [old, new] {
        assert!(schema.validate(&json!({"pair": ["a", 1]})).is_ok());
        assert_eq!(
            schema.validate(&json!({"pair": [1, 1]})).unwrap_err()[0].node,
            "traits.pair.0"
        );
    }
    let tree = load(&json!({"properties": {"traits": {"properties": {"tree": {"$ref": "#/definitions/tree"}}}},
        "definitions": {"tree": {"type": "object", "properties": {"name": {"type": "string"}, "next": {"$ref": "#/definitions/tree"}}}}})).unwrap();
    assert_eq!(tree.fields[0].name, "traits.tree.name");
    assert!(
        tree.validate(&json!({"tree": {"next": {"next": {"name": 1}}}}))
            .is_err()
    );
    assert!(load(&json!({"$schema": "https://example.org/unknown", "properties": {}})).is_err());
}

#[test]
fn patterns_may_look_around() {
    let schema = super::with_traits(
        json!({"properties": {"a": {"type": "string", "pattern": "^(?!admin).+$"}}}),
    );
    assert!(
        schema.validate(&json!({"a": "ada"})).is_ok()
            && schema.validate(&json!({"a": "admin"})).is_err()
    );
    assert!(
        load(&json!({"properties": {"traits": {"properties": {"a": {"pattern": "("}}}}})).is_err()
    );
}
