//! The nodes that ask for passkeys.

use ipse_ui::{Container, Group, InputType, Message, Node, text};
use serde_json::Value;

use crate::method::webauthn::Key;

/// A button that calls a function of the script. Native clients have no script to call, but may look at the name.
fn trigger(name: &str, function: &str, (browser, label): (bool, Message)) -> Node {
    let button = Node::input(name, Group::Passkey, InputType::Button).label(label);
    button.with(|input| {
        input.onclick = browser.then(|| format!("window.{function}()"));
        input.onclick_trigger = Some(function.to_owned());
    })
}

/// A field for what the authenticator answers.
fn answer(name: &str) -> Node {
    Node::input(name, Group::Passkey, InputType::Hidden)
}

/// The nodes that ask for a passkey. In a form that could be filled in otherwise, browsers offer passkeys along with what else
/// they fill in.
pub(super) fn login(ui: &mut Container, options: &Value, browser: bool, offer: bool) {
    let label = text::login::login_passkey();
    ui.push(trigger("passkey_login_trigger", "oryPasskeyLogin", (browser, label)).value(""));
    let function = "oryPasskeyLoginAutocompleteInit";
    ui.push(answer("passkey_login").with(|input| {
        input.onload = (offer && browser).then(|| format!("window.{function}()"));
        input.onload_trigger = offer.then(|| function.to_owned());
    }));
    ui.push(Node::hidden(
        "passkey_challenge",
        Group::Passkey,
        options.to_string(),
    ));
}

/// The nodes of the settings form that make a passkey.
pub(super) fn add(ui: &mut Container, options: &Value, browser: bool) {
    let label = text::settings::settings_register_passkey();
    let function = "oryPasskeySettingsRegistration";
    ui.push(trigger("passkey_register_trigger", function, (browser, label)).value(""));
    ui.push(answer("passkey_settings_register"));
    ui.push(Node::hidden(
        "passkey_create_data",
        Group::Passkey,
        options.to_string(),
    ));
}

/// The nodes of the registration form that make a passkey.
///
/// The order follows what clients know: forms that offer codes, and those of native clients, have the button in front.
pub(super) fn register(ui: &mut Container, data: &Value, (browser, code): (bool, bool)) {
    let label = text::registration::registration_register_passkey();
    let button = trigger(
        "passkey_register_trigger",
        "oryPasskeyRegistration",
        (browser, label),
    );
    let mut nodes = [button, answer("passkey_register")];
    if browser && !code {
        nodes.reverse();
    }
    ui.nodes.extend(nodes);
    ui.push(Node::hidden(
        "passkey_create_data",
        Group::Passkey,
        data.to_string(),
    ));
}

/// The button that removes a passkey.
pub(super) fn remove(key: &Key) -> Node {
    let added_at = key.added_at.to_string();
    let label = text::settings::settings_remove_passkey(
        &key.display_name,
        &added_at,
        key.added_at.as_second(),
    );
    Node::submit("passkey_remove", Group::Passkey, key.name()).label(label)
}
