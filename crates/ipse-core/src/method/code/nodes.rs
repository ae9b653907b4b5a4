//! The nodes of forms that send a code or ask for one.

use ipse_ui::{Group, InputType, Node, text};

/// The field for an e-mail address.
pub(super) fn email() -> Node {
    Node::input("email", Group::Code, InputType::Email)
        .required()
        .label(text::node::node_label_email())
}

/// The hidden field that says that a code is meant.
pub(super) fn method() -> Node {
    Node::hidden("method", Group::Code, "code")
}

/// The button that sends the form.
pub(crate) fn submit() -> Node {
    Node::submit("method", Group::Code, "code").label(text::node::node_label_continue())
}

/// The button that sends a new code to the same address.
pub(super) fn resend(name: &str, address: &str) -> Node {
    Node::submit(name, Group::Code, address).label(text::node::node_label_resend_otp())
}
