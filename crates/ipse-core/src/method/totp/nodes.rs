//! The nodes that enrol an authenticator app and ask for its codes.

use ipse_crypto::qr;
use ipse_crypto::totp::Totp as Shared;
use ipse_ui::{Attributes, Container, Group, Image, InputType, Message, Node, Text, text};

/// The field for a code.
pub(super) fn code(label: Message) -> Node {
    Node::input("totp_code", Group::Totp, InputType::Text)
        .required()
        .label(label)
}

/// The button that submits a code.
pub(super) fn submit(label: Message) -> Node {
    Node::submit("method", Group::Totp, "totp").label(label)
}

/// The button that removes the app.
pub(super) fn unlink() -> Node {
    Node::submit("totp_unlink", Group::Totp, "true")
        .required()
        .label(text::settings::settings_update_unlink_totp())
}

/// What enrols an app: a picture to scan, the secret to type, and the field for the first code.
pub(super) fn enrol(ui: &mut Container, shared: &Shared, url: &str) {
    let size = u32::try_from(qr::SIZE).unwrap_or(u32::MAX);
    // A name too long for a picture leaves the secret to be typed.
    if let Ok(src) = qr::data_uri(url) {
        let image = Image {
            id: "totp_qr".to_owned(),
            src,
            width: size,
            height: size,
        };
        let picture = Node::new(Group::Totp, Attributes::Image(image));
        ui.push(picture.label(text::settings::settings_totp_qr_code()));
    }
    let secret = Text {
        id: "totp_secret_key".to_owned(),
        text: text::settings::settings_totp_secret(&shared.secret_base32()),
    };
    let secret = Node::new(Group::Totp, Attributes::Text(secret));
    ui.push(secret.label(text::settings::settings_totp_secret_label()));
    ui.push(code(text::node::node_label_verify_otp()));
    ui.push(submit(text::node::node_label_save()));
}
