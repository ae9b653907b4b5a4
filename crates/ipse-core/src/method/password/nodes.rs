//! The nodes that ask for a password.

use ipse_ui::{Group, InputType, Message, Node, text};

/// The field for a password. `autocomplete` tells a password manager whether it is a new one.
pub(super) fn password(autocomplete: &str) -> Node {
    Node::input("password", Group::Password, InputType::Password)
        .required()
        .autocomplete(autocomplete)
        .label(text::node::node_label_input_password())
}

/// The button that submits the password.
pub(super) fn submit(label: Message) -> Node {
    Node::submit("method", Group::Password, "password").label(label)
}
