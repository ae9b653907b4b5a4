//! The nodes that ask for security keys, and the script that they need.

use ipse_ui::{Attributes, Container, Group, InputType, Message, Node, Script, text};
use serde_json::Value;

use super::keys::Key;
use crate::cx::Cx;

/// The script that knows the browser's functions, unless the form has it already.
pub(crate) fn push_script(cx: &Cx, ui: &mut Container) {
    const ID: &str = "webauthn_script";
    if ui.find(ID).is_some() {
        return;
    }
    let script = Script {
        id: ID.to_owned(),
        src: cx.public_url(".well-known/ory/webauthn.js"),
        asynchronous: true,
        referrerpolicy: "no-referrer".to_owned(),
        crossorigin: "anonymous".to_owned(),
        integrity: ipse_webauthn::integrity(),
        script_type: "text/javascript".to_owned(),
        nonce: cx.random().uuid().to_string(),
    };
    ui.push(Node::new(Group::Webauthn, Attributes::Script(script)));
}

/// The fields for a new key: its name, what the authenticator answers, and the button that asks it.
pub(super) fn register(cx: &Cx, ui: &mut Container, options: &Value, label: Message) {
    let name = Node::input(
        "webauthn_register_displayname",
        Group::Webauthn,
        InputType::Text,
    );
    ui.push(
        name.value("")
            .label(text::settings::settings_register_webauthn_display_name()),
    );
    ui.push(Node::hidden("webauthn_register", Group::Webauthn, ""));
    ui.push(
        trigger(
            "webauthn_register_trigger",
            "oryWebAuthnRegistration",
            options,
        )
        .label(label),
    );
    push_script(cx, ui);
}

/// The button that asks for a key.
pub(super) fn ask(options: &Value, label: Message) -> Node {
    trigger("webauthn_login_trigger", "oryWebAuthnLogin", options).label(label)
}

/// The field for what a key answers.
pub(super) fn answer() -> Node {
    Node::hidden("webauthn_login", Group::Webauthn, "")
}

fn trigger(name: &str, function: &str, options: &Value) -> Node {
    let options = options.to_string();
    Node::input(name, Group::Webauthn, InputType::Button).with(|input| {
        input.onclick = Some(format!("window.{function}({options})"));
        input.onclick_trigger = Some(function.to_owned());
        input.value = Some(Value::String(options));
    })
}

/// The button that removes a key.
pub(super) fn remove(key: &Key) -> Node {
    let added_at = key.added_at.to_string();
    let label = text::settings::settings_remove_webauthn(
        &key.display_name,
        &added_at,
        key.added_at.as_second(),
    );
    Node::submit("webauthn_remove", Group::Webauthn, key.name()).label(label)
}

/// The button that goes on to the security key.
pub(super) fn go_on() -> Node {
    Node::submit("method", Group::Webauthn, "webauthn").label(text::login::login_webauthn())
}
