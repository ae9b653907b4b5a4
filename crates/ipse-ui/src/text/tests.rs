//! The catalogue keeps its promises: numbers are unique and in place, and what is documented word for word stands.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Number, json};

use super::*;
use crate::{Kind, Message};

const BLOCKS: &[(&[Entry], &[u32])] = &[
    (login::ENTRIES, &[1_010, 4_010]),
    (registration::ENTRIES, &[1_040, 4_040, 4_010]),
    (settings::ENTRIES, &[1_050, 4_050, 4_010]),
    (recovery::ENTRIES, &[1_060, 4_060, 4_010]),
    (node::ENTRIES, &[1_070]),
    (verification::ENTRIES, &[1_080, 4_070, 4_010]),
    (validation::ENTRIES, &[4_000]),
    (system::ENTRIES, &[5_000]),
];

fn placeholders(text: &str) -> Vec<&str> {
    let parts = text.split('{').skip(1);
    parts.map(|part| part.split('}').next().unwrap()).collect()
}

#[test]
fn numbers_are_unique() {
    let all = catalogue();
    let numbers: BTreeSet<u32> = all.iter().map(|entry| entry.id).collect();
    assert_eq!(numbers.len(), all.len());
    let names: BTreeSet<&str> = all.iter().map(|entry| entry.name).collect();
    assert_eq!(names.len(), all.len());
}

#[test]
fn numbers_are_in_the_block_of_their_module() {
    for (entries, blocks) in BLOCKS {
        for entry in *entries {
            assert!(blocks.contains(&(entry.id / 1000)), "{}", entry.id);
        }
    }
    let listed: usize = BLOCKS.iter().map(|(entries, _)| entries.len()).sum();
    assert_eq!(listed, catalogue().len());
}

#[test]
fn the_first_digit_tells_the_kind() {
    for entry in catalogue() {
        assert_eq!(
            entry.id >= 4_000_000,
            entry.kind == Kind::Error,
            "{}",
            entry.id
        );
    }
}

#[test]
fn placeholders_are_known() {
    for entry in catalogue() {
        for name in placeholders(entry.text) {
            let known = entry.context.contains(&name) || entry.text_only.contains(&name);
            assert!(known, "{}: {name}", entry.id);
        }
        for name in entry.text_only {
            assert!(
                placeholders(entry.text).contains(name),
                "{}: {name}",
                entry.id
            );
        }
    }
}

#[test]
fn texts_and_descriptions_are_there() {
    for entry in catalogue() {
        assert!(
            !entry.text.is_empty() && entry.about.ends_with('.'),
            "{}",
            entry.id
        );
        assert_eq!(entry.about, entry.about.trim());
    }
}

#[test]
fn documented_texts_stand() {
    assert_eq!(
        settings::settings_update_success().text,
        "Your changes have been saved!"
    );
    assert_eq!(
        settings::settings_update_link_oidc("github").text,
        "Link github"
    );
    assert_eq!(
        settings::settings_update_unlink_oidc("google").text,
        "Unlink google"
    );
    assert_eq!(node::node_label_input_password().text, "Password");
    assert_eq!(
        node::node_label_generated("E-Mail", "traits.email").text,
        "E-Mail"
    );
    assert_eq!(node::node_label_save().text, "Save");
    assert_eq!(
        validation::min_length(1, 0).text,
        "length must be >= 1, but got 0"
    );
    assert_eq!(
        validation::email("notanemail").text,
        "\"notanemail\" isn't valid \"email\""
    );
}

#[test]
fn context_keeps_its_json_types() {
    let shown = |message: &Message| serde_json::to_value(&message.context).unwrap();
    let expired = login::login_flow_expired("2026-01-01T00:00:00Z", 1_767_225_600);
    assert_eq!(
        shown(&expired),
        json!({"expired_at": "2026-01-01T00:00:00Z", "expired_at_unix": 1_767_225_600})
    );
    assert_eq!(
        shown(&validation::wrong_type(&["integer", "null"], "string")),
        json!({"allowed_types": ["integer", "null"], "actual_type": "string"})
    );
    let smallest = validation::minimum(&Number::from(16), &Number::from_f64(1.5).unwrap());
    assert_eq!(shown(&smallest), json!({"minimum": 16, "actual": 1.5}));
    assert_eq!(smallest.text, "Please use 16 or more instead of 1.5.");
    assert_eq!(shown(&node::node_label("b****@example.org")), json!({}));
}

#[test]
fn older_spellings_are_repeated() {
    let link = login::login_link(
        "a@example.org",
        "google",
        "http://ui/login",
        &["oidc"],
        &["x"],
    );
    assert_eq!(
        serde_json::to_value(&link.context).unwrap(),
        json!({
            "duplicate_identifier": "a@example.org", "duplicateIdentifier": "a@example.org",
            "provider": "google",
            "new_login_url": "http://ui/login", "newLoginUrl": "http://ui/login",
            "available_credential_types": ["oidc"], "available_providers": ["x"],
        })
    );
    let welcome = recovery::recovery_successful("2026-01-01T00:00:00Z", 1_767_225_600, 60);
    assert_eq!(
        welcome.context["privilegedSessionExpiresAt"],
        "2026-01-01T00:00:00Z"
    );
    assert!(welcome.context.get("minutes").is_none());
    assert!(welcome.text.contains("60 minutes"));
}

#[test]
fn lists_are_read_out() {
    let secrets = [
        settings::settings_lookup_secret("abcd1234"),
        settings::settings_lookup_secret_used("2026-01-01T00:00:00Z", 1_767_225_600),
    ];
    let list = settings::settings_lookup_secret_list(&secrets);
    assert_eq!(list.text, "abcd1234, used");
    assert_eq!(list.context["secrets"][0]["context"]["secret"], "abcd1234");
    assert_eq!(
        list.context["secrets"][1]["context"]["used_at_unix"],
        1_767_225_600
    );

    assert_eq!(either::<&str>(&[]), "");
    assert_eq!(either(&["a"]), "a");
    assert_eq!(either(&["a", "b", "c"]), "a, b or c");
}

#[test]
fn hints_name_the_ways_to_sign_in() {
    let hint = |types: &[&str], providers: &[&str]| {
        validation::duplicate_credentials_with_hints("a@example.org", types, providers).text
    };
    assert_eq!(
        hint(&["password", "oidc"], &["google", "github"]),
        "There is an account for a@example.org already. Please sign in to it with your password or your account at \
         google or github."
    );
    assert!(hint(&["oidc"], &[]).ends_with("with a social account."));
    assert!(hint(&[], &[]).ends_with("Please sign in to it instead."));
}

fn catalogue_file() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/messages.json")
}

#[test]
fn the_committed_catalogue_is_fresh() {
    let committed = std::fs::read_to_string(catalogue_file()).unwrap_or_default();
    assert!(
        committed == catalogue_json(),
        "docs/messages.json is stale: run `cargo test -p ipse-ui -- --ignored write_catalogue`"
    );
}

#[test]
#[ignore = "writes docs/messages.json"]
fn write_catalogue() {
    let file = catalogue_file();
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, catalogue_json()).unwrap();
}
