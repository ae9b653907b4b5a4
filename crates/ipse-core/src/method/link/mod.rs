//! One-time links: sent to an address, opened from there.

pub(crate) mod by_mail;

use ipse_model::{MethodId, Timestamp, Uuid};
use ipse_store::{CodePurpose, OneTimeCode};
use ipse_ui::{Group, InputType, Node, text};

use super::Method;
use crate::cx::Cx;
use crate::error::ApiError;

/// The method.
#[derive(Debug)]
pub struct Link;

impl Method for Link {
    fn id(&self) -> MethodId {
        MethodId::Link
    }
}

/// When a link that is made now stops being good.
pub(crate) fn expiry(cx: &Cx) -> Timestamp {
    cx.now + cx.config().selfservice.methods.link.config.lifespan
}

/// A new token for a link to a flow, and the row that recognises it.
fn issue(
    cx: &Cx,
    (purpose, flow_id): (CodePurpose, Uuid),
    (address, identity_id): (&str, Option<Uuid>),
    expires_at: Timestamp,
) -> (String, OneTimeCode) {
    let token = ipse_crypto::token::link_token(cx.random());
    let row = OneTimeCode {
        id: cx.random().uuid(),
        flow_id,
        purpose,
        code_hash: ipse_crypto::token::hash(&token),
        via: ipse_model::Channel::Email,
        address: address.to_owned(),
        identity_id,
        used_at: None,
        issued_at: cx.now,
        expires_at,
    };
    (token, row)
}

/// The row of a link to this flow that wasn't used yet.
async fn recognise(
    cx: &Cx,
    (purpose, flow_id): (CodePurpose, Uuid),
    token: &str,
) -> Result<Option<OneTimeCode>, ApiError> {
    let sent = cx
        .store()
        .code_by_hash(purpose, ipse_crypto::token::hash(token))
        .await?;
    Ok(sent.filter(|sent| sent.flow_id == flow_id && sent.used_at.is_none()))
}

/// The field for an e-mail address.
fn email() -> Node {
    Node::input("email", Group::Link, InputType::Email)
        .required()
        .label(text::node::node_label_email())
}

/// The button that sends the form.
fn submit() -> Node {
    Node::submit("method", Group::Link, "link").label(text::node::node_label_continue())
}
