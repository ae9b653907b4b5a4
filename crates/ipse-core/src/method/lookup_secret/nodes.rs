//! The nodes about backup codes.

use ipse_crypto::Cipher;
use ipse_ui::{Attributes, Group, InputType, Message, Node, Text, text};

use super::codes::BackupCode;

/// A button of the settings form.
pub(super) fn action(name: &str, label: Message) -> Node {
    Node::submit(name, Group::LookupSecret, "true").label(label)
}

/// The button that makes new codes.
pub(super) fn regenerate() -> Node {
    action(
        "lookup_secret_regenerate",
        text::settings::settings_regenerate_lookup(),
    )
}

/// The button that turns codes off.
pub(super) fn disable() -> Node {
    action(
        "lookup_secret_disable",
        text::settings::settings_disable_lookup(),
    )
}

/// The codes, to be read. Codes whose key is gone can't be used and aren't shown.
pub(super) fn list(cipher: &Cipher, codes: &[BackupCode]) -> Node {
    let shown: Vec<Message> = codes.iter().filter_map(|code| line(cipher, code)).collect();
    let text = text::settings::settings_lookup_secret_list(&shown);
    let node = Attributes::Text(Text {
        id: "lookup_secret_codes".to_owned(),
        text,
    });
    Node::new(Group::LookupSecret, node).label(text::settings::settings_lookup_secret_label())
}

fn line(cipher: &Cipher, code: &BackupCode) -> Option<Message> {
    if let Some(used_at) = code.used_at {
        let at = used_at.to_string();
        return Some(text::settings::settings_lookup_secret_used(
            &at,
            used_at.as_second(),
        ));
    }
    Some(text::settings::settings_lookup_secret(&code.open(cipher)?))
}

/// The field for a code.
pub(super) fn code() -> Node {
    Node::input("lookup_secret", Group::LookupSecret, InputType::Text)
        .required()
        .value("")
        .label(text::login::login_lookup_label())
}

/// The button that submits a code.
pub(super) fn submit() -> Node {
    Node::submit("method", Group::LookupSecret, "lookup_secret").label(text::login::login_lookup())
}
