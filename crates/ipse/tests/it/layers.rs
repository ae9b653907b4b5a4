//! Who may depend on whom. The rules each crate exists for rest on this.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

/// The layers from the ground up. A crate may use those of layers below its own, and no other.
const LAYERS: [&[&str]; 8] = [
    &["ipse-ui", "ipse-config", "ipse-jsonnet"],
    &["ipse-model", "ipse-pages"],
    &["ipse-store", "ipse-crypto", "ipse-webauthn"],
    &["ipse-courier", "ipse-oidc"],
    &["ipse-core"],
    &["ipse-http"],
    &["ipse"],
    &["ipse-testkit", "ipse-bench"],
];

/// Libraries that only one crate may know, as that is what it is for.
const KEPT: [(&str, &[&str]); 9] = [
    ("axum", &["ipse-http", "ipse-testkit"]),
    ("hyper", &["ipse-http", "ipse-bench"]),
    ("rusqlite", &["ipse-store"]),
    ("tokio-postgres", &["ipse-store", "ipse-testkit"]),
    ("lettre", &["ipse-courier"]),
    ("rsjsonnet-lang", &["ipse-jsonnet"]),
    ("askama", &["ipse-pages"]),
    ("clap", &["ipse", "ipse-bench"]),
    ("anyhow", &["ipse", "ipse-bench"]),
];

/// The names of what each crate uses, tests aside.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let cargo = option_env!("CARGO").unwrap_or("cargo");
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--offline",
            "--no-deps",
            "--format-version",
            "1",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| {
            let used = package["dependencies"].as_array().unwrap().iter();
            let used = used.filter(|dependency| dependency["kind"].is_null());
            (
                text(&package["name"]),
                used.map(|dependency| text(&dependency["name"])).collect(),
            )
        })
        .collect()
}

fn layer(name: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&name))
}

#[test]
fn crates_use_only_what_is_below_them() {
    for (name, used) in dependencies() {
        let own = layer(&name).unwrap_or_else(|| panic!("{name} belongs to no layer"));
        for dependency in used {
            if let Some(below) = layer(&dependency) {
                assert!(below < own, "{name} must not use {dependency}");
            }
        }
    }
}

#[test]
fn libraries_stay_in_the_crates_they_are_for() {
    for (name, used) in dependencies() {
        for (library, owners) in KEPT {
            let uses = used.iter().any(|dependency| dependency == library);
            assert!(
                !uses || owners.contains(&name.as_str()),
                "{name} must not use {library}"
            );
        }
    }
}
