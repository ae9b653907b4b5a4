//! The buttons that lead to providers.

use ipse_config::selfservice::oidc::OidcProvider;
use ipse_ui::{Group, Message, Node, text};

use super::label;

/// The button that goes to a provider.
pub(super) fn provider(provider: &OidcProvider, label: Message) -> Node {
    Node::submit("provider", Group::Oidc, provider.id.as_str()).label(label)
}

/// The button that connects a provider.
pub(super) fn link(provider: &OidcProvider) -> Node {
    let label = text::settings::settings_update_link_oidc(label(provider));
    Node::submit("link", Group::Oidc, provider.id.as_str()).label(label)
}

/// The button that disconnects a provider.
pub(super) fn unlink(provider: &OidcProvider) -> Node {
    let label = text::settings::settings_update_unlink_oidc(label(provider));
    Node::submit("unlink", Group::Oidc, provider.id.as_str()).label(label)
}
