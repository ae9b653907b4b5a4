//! A file that sets every key: it loads, it leaves nothing out, and nothing secret can be printed.

use std::fs;
use std::path::{Path, PathBuf};

use ipse_config::selfservice::hooks::Hook;
use ipse_config::{Dsn, Loaded, Sources, json_schema, load};
use serde_json::Value;

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/everything.yml")
}

fn loaded() -> Loaded {
    load(&Sources::new().file(fixture())).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_key_is_accepted() {
    let Loaded { config, warnings } = loaded();
    assert!(matches!(config.dsn, Dsn::Postgres(..)));
    assert_eq!(config.serve.admin.socket.mode, 0o700);
    assert_eq!(
        config.courier.templates.login_code.valid,
        config.courier.templates.recovery.valid
    );
    let login = &config.selfservice.flows.login.after;
    assert_eq!(login.hooks.len(), 8);
    assert_eq!(login.hooks[0], Hook::RevokeActiveSessions);
    let claims = config.selfservice.methods.oidc.config.providers[0]
        .requested_claims
        .clone();
    assert_eq!(
        serde_json::to_value(claims).unwrap(),
        serde_json::json!({
            "userinfo": { "email": { "essential": true, "value": "a", "values": ["a", "b"] } },
            "id_token": { "email_verified": null },
        })
    );
    assert!(
        warnings
            .iter()
            .all(|warning| warning.origin.line().is_some())
    );
    assert!(warnings.iter().any(|warning| warning.key == "enterprise"));
}

#[test]
fn no_key_is_left_out() {
    let text = fs::read_to_string(fixture()).unwrap();
    let value: Value = serde_saphyr::from_str(&text).unwrap();
    let schema = json_schema();
    let mut missing = Vec::new();
    compare(&schema, &schema, &[&value], "", &mut missing);
    // The older form of `origins`, which can't be given beside it.
    missing.retain(|key| key != "selfservice.methods.webauthn.config.rp.origin");
    assert_eq!(missing, Vec::<String>::new());
}

/// Collects the keys of the schema that none of the values has.
fn compare(root: &Value, schema: &Value, values: &[&Value], path: &str, missing: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        return compare(
            root,
            root.pointer(&reference[1..]).unwrap(),
            values,
            path,
            missing,
        );
    }
    for wrapper in ["allOf", "anyOf"] {
        if let Some(inner) = schema[wrapper].get(0) {
            return compare(root, inner, values, path, missing);
        }
    }
    for (key, below) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        let found: Vec<&Value> = values.iter().filter_map(|value| value.get(key)).collect();
        if found.is_empty() {
            missing.push(path);
        } else {
            compare(root, below, &found, &path, missing);
        }
    }
    if schema["items"].is_object() {
        let items: Vec<&Value> = values
            .iter()
            .filter_map(|value| value.as_array())
            .flatten()
            .collect();
        compare(
            root,
            &schema["items"],
            &items,
            &format!("{path}[]"),
            missing,
        );
    }
    for choice in schema["oneOf"].as_array().into_iter().flatten() {
        let Some(known) = choice["properties"].as_object() else {
            continue;
        };
        let (tag, name) = known
            .iter()
            .find_map(|(tag, schema)| Some((tag, schema.get("const")?)))
            .unwrap();
        let chosen: Vec<&Value> = values
            .iter()
            .copied()
            .filter(|value| value.get(tag) == Some(name))
            .collect();
        // Hooks are listed, so all kinds can be there; authentication is one thing or another.
        if chosen.is_empty() && tag == "type" {
            continue;
        }
        compare(root, choice, &chosen, &format!("{path}<{name}>"), missing);
    }
}

#[test]
fn debug_output_holds_no_secret() {
    let shown = format!("{:?}", loaded().config);
    assert!(!shown.contains("swordfish"));
    assert!(!shown.contains("c3dvcmRmaXNo"));
    assert!(
        shown.contains("smtp.example.org"),
        "what is not secret can be seen"
    );
}

#[test]
fn the_committed_schema_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/config.schema.json");
    let committed = fs::read_to_string(path).unwrap();
    let generated = serde_json::to_string_pretty(&json_schema()).unwrap() + "\n";
    assert!(
        committed == generated,
        "docs/config.schema.json is out of date: run `ipse config schema > docs/config.schema.json`"
    );
}
