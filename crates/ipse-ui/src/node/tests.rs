//! Nodes as clients see them: every kind against its JSON, there and back.

use serde_json::json;

use super::*;
use crate::text::{node, settings, validation};

#[track_caller]
fn golden(node: &Node, expected: &serde_json::Value) {
    let shown = serde_json::to_value(node).unwrap();
    assert_eq!(shown, *expected);
    assert_eq!(serde_json::from_value::<Node>(shown).unwrap(), *node);
}

#[test]
fn a_plain_input_shows_no_more_than_it_has() {
    golden(
        &Node::input("traits.name.first", Group::Profile, InputType::Text).label(
            node::node_label_generated("First Name", "traits.name.first"),
        ),
        &json!({
            "type": "input",
            "group": "profile",
            "attributes": {
                "name": "traits.name.first", "type": "text", "disabled": false, "node_type": "input"
            },
            "messages": [],
            "meta": {"label": {
                "id": 1_070_002, "text": "First Name", "type": "info",
                "context": {"title": "First Name", "name": "traits.name.first"}
            }}
        }),
    );
}

#[test]
fn an_input_with_everything() {
    let mut code = Node::input("totp_code", Group::Totp, InputType::Text)
        .required()
        .disabled()
        .autocomplete("one-time-code")
        .value("12")
        .with(|input| {
            input.pattern = Some("[0-9]+".to_owned());
            input.maxlength = Some(6);
            input.onclick = Some("window.click()".to_owned());
            input.onclick_trigger = Some("click".to_owned());
            input.onload = Some("window.load()".to_owned());
            input.onload_trigger = Some("load".to_owned());
        });
    code.messages.push(validation::totp_verifier_wrong());
    golden(
        &code,
        &json!({
            "type": "input",
            "group": "totp",
            "attributes": {
                "name": "totp_code", "type": "text", "value": "12", "required": true, "disabled": true,
                "autocomplete": "one-time-code", "pattern": "[0-9]+", "maxlength": 6,
                "onclick": "window.click()", "onclickTrigger": "click",
                "onload": "window.load()", "onloadTrigger": "load", "node_type": "input"
            },
            "messages": [{
                "id": 4_000_008, "text": "This code is not right. Please try the next one.", "type": "error"
            }],
            "meta": {}
        }),
    );
}

#[test]
fn the_csrf_field_is_shown_even_when_empty() {
    golden(
        &Node::csrf(""),
        &json!({
            "type": "input",
            "group": "default",
            "attributes": {
                "name": "csrf_token", "type": "hidden", "value": "", "required": true, "disabled": false,
                "node_type": "input"
            },
            "messages": [],
            "meta": {}
        }),
    );
}

#[test]
fn an_image() {
    let image = Image {
        id: "totp_qr".to_owned(),
        src: "data:image/png;base64,AA==".to_owned(),
        width: 256,
        height: 256,
    };
    golden(
        &Node::new(Group::Totp, Attributes::Image(image)),
        &json!({
            "type": "img",
            "group": "totp",
            "attributes": {
                "id": "totp_qr", "src": "data:image/png;base64,AA==", "width": 256, "height": 256,
                "node_type": "img"
            },
            "messages": [],
            "meta": {}
        }),
    );
}

#[test]
fn a_text() {
    let text = Text {
        id: "totp_secret_key".to_owned(),
        text: settings::settings_totp_secret("ABC"),
    };
    golden(
        &Node::new(Group::Totp, Attributes::Text(text)),
        &json!({
            "type": "text",
            "group": "totp",
            "attributes": {
                "id": "totp_secret_key",
                "text": {"id": 1_050_006, "text": "ABC", "type": "info", "context": {"secret": "ABC"}},
                "node_type": "text"
            },
            "messages": [],
            "meta": {}
        }),
    );
}

#[test]
fn a_link() {
    let link = Link {
        id: "continue".to_owned(),
        href: "http://localhost/".to_owned(),
        title: node::node_label_continue(),
    };
    let title = json!({"id": 1_070_009, "text": "Continue", "type": "info"});
    golden(
        &Node::new(Group::Code, Attributes::Link(link)).label(node::node_label_continue()),
        &json!({
            "type": "a",
            "group": "code",
            "attributes": {
                "id": "continue", "href": "http://localhost/", "title": title, "node_type": "a"
            },
            "messages": [],
            "meta": {"label": title}
        }),
    );
}

#[test]
fn a_script() {
    let script = Script {
        id: "webauthn_script".to_owned(),
        src: "http://localhost/.well-known/ory/webauthn.js".to_owned(),
        asynchronous: true,
        referrerpolicy: "no-referrer".to_owned(),
        crossorigin: "anonymous".to_owned(),
        integrity: "sha512-AA==".to_owned(),
        script_type: "text/javascript".to_owned(),
        nonce: "n".to_owned(),
    };
    golden(
        &Node::new(Group::Webauthn, Attributes::Script(script)),
        &json!({
            "type": "script",
            "group": "webauthn",
            "attributes": {
                "id": "webauthn_script", "src": "http://localhost/.well-known/ory/webauthn.js",
                "async": true, "referrerpolicy": "no-referrer", "crossorigin": "anonymous",
                "integrity": "sha512-AA==", "type": "text/javascript", "nonce": "n", "node_type": "script"
            },
            "messages": [],
            "meta": {}
        }),
    );
}

#[test]
fn groups_and_input_types_have_their_wire_names() {
    assert_eq!(json!(Group::LookupSecret), "lookup_secret");
    assert_eq!(json!(Group::IdentifierFirst), "identifier_first");
    assert_eq!(json!(Group::Oauth2Consent), "oauth2_consent");
    assert_eq!(json!(InputType::DatetimeLocal), "datetime-local");
    assert_eq!(json!(InputType::Tel), "tel");
}

#[test]
fn builders_about_inputs_leave_other_nodes_alone() {
    let text = || {
        Node::new(
            Group::Totp,
            Attributes::Text(Text {
                id: "t".to_owned(),
                text: settings::settings_totp_secret("ABC"),
            }),
        )
    };
    assert_eq!(
        text().required().disabled().value("x").autocomplete("off"),
        text()
    );
    assert_eq!(text().name(), "t");
    assert!(text().as_input().is_none());
}
