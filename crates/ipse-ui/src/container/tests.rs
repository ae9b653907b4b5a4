//! What a form promises: nodes have a place, an order and a voice.

use serde_json::json;

use super::*;
use crate::text::{node, settings, validation};

fn form() -> Container {
    let mut form = Container::new("http://localhost/self-service/settings?flow=1");
    form.push(Node::csrf("token"));
    form.push(Node::input("traits.email", Group::Profile, InputType::Email).required());
    form.push(Node::submit("method", Group::Profile, "profile").label(node::node_label_save()));
    form
}

fn names(form: &Container) -> Vec<&str> {
    form.nodes.iter().map(Node::name).collect()
}

#[test]
fn upsert_replaces_in_place() {
    let mut form = form();
    form.upsert(Node::input("traits.email", Group::Profile, InputType::Email).value("a@b.org"));
    assert_eq!(names(&form), ["csrf_token", "traits.email", "method"]);
    let email = form.find("traits.email").unwrap().as_input().unwrap();
    assert_eq!(email.value, Some(json!("a@b.org")));
    assert!(!email.required, "the whole node is replaced");
}

#[test]
fn upsert_tells_buttons_by_their_value() {
    let mut form = form();
    form.upsert(Node::submit("link", Group::Oidc, "github"));
    form.upsert(Node::submit("link", Group::Oidc, "google"));
    form.upsert(Node::submit("link", Group::Oidc, "google").disabled());
    assert_eq!(
        names(&form),
        ["csrf_token", "traits.email", "method", "link", "link"]
    );
    assert!(!form.nodes[3].as_input().unwrap().disabled);
    assert!(form.nodes[4].as_input().unwrap().disabled);
}

#[test]
fn upsert_keeps_groups_apart() {
    let mut form = form();
    form.upsert(Node::submit("method", Group::Password, "profile"));
    assert_eq!(form.nodes.len(), 4);
}

#[test]
fn set_value_reaches_inputs_only() {
    let mut form = form();
    form.push(Node::new(
        Group::Totp,
        crate::Attributes::Text(crate::Text {
            id: "totp_secret_key".to_owned(),
            text: settings::settings_totp_secret("SECRET"),
        }),
    ));
    let before = form.find("totp_secret_key").cloned();
    form.set_value("totp_secret_key", json!("other"));
    form.set_value("traits.email", json!("new@example.org"));
    form.set_value("nobody", json!(1));
    assert_eq!(form.find("totp_secret_key").cloned(), before);
    let email = form.find("traits.email").unwrap().as_input().unwrap();
    assert_eq!(email.value, Some(json!("new@example.org")));
}

#[test]
fn messages_are_said_once_and_can_be_taken_back() {
    let mut form = form();
    form.say(settings::settings_update_success());
    form.say(settings::settings_update_success());
    assert_eq!(form.messages.len(), 1);
    let email = form.find_mut("traits.email").unwrap();
    email.messages.push(validation::email("nonsense"));
    form.clear_messages();
    assert!(form.messages.is_empty());
    assert!(form.nodes.iter().all(|node| node.messages.is_empty()));
}

#[test]
fn nodes_can_be_removed_by_name_or_group() {
    let mut form = form();
    form.remove("traits.email");
    assert_eq!(names(&form), ["csrf_token", "method"]);
    form.remove_group(Group::Profile);
    assert_eq!(names(&form), ["csrf_token"]);
}

#[test]
fn a_form_without_messages_has_no_such_key() {
    let mut form = Container::new("http://localhost/x");
    assert_eq!(
        serde_json::to_value(&form).unwrap(),
        json!({"action": "http://localhost/x", "method": "POST", "nodes": null})
    );
    form.say(settings::settings_update_success());
    let shown = serde_json::to_value(&form).unwrap();
    assert_eq!(
        shown["messages"],
        json!([{"id": 1_050_001, "text": "Your changes have been saved!", "type": "success"}])
    );
    assert_eq!(serde_json::from_value::<Container>(shown).unwrap(), form);
}
