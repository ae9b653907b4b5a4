//! What recovery and verification have in common: something is sent to an address, and the flow waits for it to come back.

mod by_mail;
mod letter;

use ipse_model::{FlowClient, Identity, MethodId, Timestamp, Uuid};
use ipse_store::OneTimeCode;
use ipse_ui::{Message, Node};
use serde_json::json;

use super::error::complain;
use super::settings::new_address::Due;
use super::{
    Begin, Complaint, Flow, FlowError, Kind, NoExtra, Outcome, engine, origin, shared, with_query,
};
use crate::cx::Cx;
use crate::error::ApiError;

pub(crate) use by_mail::{ByMail, Secret, Told, letter, owner_of, proved, too_late, typed_email};
pub use letter::Letter;
pub(crate) use letter::{Addressee, allowance_key, send, stand_in};

/// Something is on its way. The form says so already.
#[derive(Debug)]
pub struct Sent {
    /// What is on its way.
    pub letter: Letter,
    /// The identity, if anything of it has changed on this occasion.
    pub identity: Option<Identity>,
}

/// The right secret has come back.
#[derive(Debug)]
pub struct Proved {
    /// The secret.
    pub code: OneTimeCode,
    /// Whose it is.
    pub identity: Identity,
    /// How it came back.
    pub by: MethodId,
    /// What waited for it.
    pub change: Option<Box<Due>>,
}

/// Why a flow can't go on and another one takes its place.
#[derive(Debug)]
pub struct Restart {
    /// What is said on the new flow.
    pub message: Message,
    /// When the secret had expired, if that is the reason.
    pub expired_at: Option<Timestamp>,
}

impl Restart {
    /// For a reason that is said on the new flow.
    pub(crate) fn because(message: Message) -> Self {
        Self {
            message,
            expired_at: None,
        }
    }
}

/// What a method decides about a submission.
#[derive(Debug)]
pub enum Decision {
    /// Something is on its way to the address.
    Sent(Box<Sent>),
    /// The code was wrong; the form says so already.
    Wrong,
    /// Nothing is decided yet; the form shows its next screen already.
    Next,
    /// The right secret has come back.
    Proved(Box<Proved>),
    /// The flow can't go on.
    Restart(Restart),
}

/// Writes what is on its way and shows the form that waits for it.
pub(super) async fn sent<K: Kind>(
    cx: &Cx,
    flow: &Flow<K>,
    sent: &Sent,
    body: String,
) -> Result<Outcome, FlowError> {
    let mut batch = cx.store().batch();
    if let Some(identity) = &sent.identity {
        batch.update_identity(identity);
    }
    send(flow.id(), std::slice::from_ref(&sent.letter), &mut batch);
    batch.update_flow(&flow.to_record());
    batch.commit().await?;
    Ok(Outcome::Ready {
        body,
        page: flow.page(cx),
    })
}

/// Writes that a code was wrong and shows the form again.
pub(super) async fn wrong<K: Kind>(
    cx: &Cx,
    flow: &Flow<K>,
    body: String,
) -> Result<Outcome, FlowError> {
    let mut batch = cx.store().batch();
    batch.update_flow(&flow.to_record());
    batch.commit().await?;
    Ok(Outcome::Ready {
        body,
        page: flow.page(cx),
    })
}

/// A flow as JSON, with the payload of the submission that it answers.
pub(super) fn with_payload<K: Kind>(flow: &Flow<K>) -> String {
    let shown = flow.to_record().public;
    match &flow.transient_payload {
        Some(payload) => shared::with_member(shown.as_str(), "transient_payload", payload),
        None => shown.into_string(),
    }
}

/// As [`with_payload`], with an empty payload when there was none.
pub(crate) fn with_any_payload<K: Kind>(flow: &Flow<K>) -> String {
    let payload = flow
        .transient_payload
        .clone()
        .unwrap_or_else(ipse_model::Json::empty_object);
    shared::with_member(
        flow.to_record().public.as_str(),
        "transient_payload",
        &payload,
    )
}

/// Starts a new flow in place of one that can't go on.
pub(crate) async fn restart<K: Kind<Extra = NoExtra>>(
    cx: &Cx,
    old: &Flow<K>,
    (client, complaints): (FlowClient, Vec<Complaint>),
    data: K::Data,
    subject: &K::Subject,
) -> Result<Flow<K>, ApiError> {
    let mut flow = Flow::<K>::new(cx, client, NoExtra {}, data);
    flow.shown.return_to.clone_from(&old.shown.return_to);
    cx.jar.renew_csrf(cx.random());
    flow.ui()
        .push(Node::csrf(&csrf_token(cx, FlowClient::Browser)));
    engine::populate(cx, &mut flow, subject)
        .await
        .map_err(engine::cannot_be_shown)?;
    complain(flow.ui(), complaints);
    let mut batch = cx.store().batch();
    batch.insert_flow(&flow.to_record());
    batch.commit().await?;
    Ok(flow)
}

/// A token for a form; native clients have none.
pub(crate) fn csrf_token(cx: &Cx, client: FlowClient) -> String {
    match client {
        FlowClient::Browser => cx.jar.ensure_csrf(cx.random()).mask(cx.random()),
        FlowClient::Api => String::new(),
    }
}

/// Sends a client on to another flow: browsers to its page, all others to its JSON.
pub(crate) fn go_on_with<K: Kind>(cx: &Cx, flow: &Flow<K>) -> Outcome {
    let location = if cx.wants_json() {
        let flows = cx.public_url(&format!("self-service/{}/flows", K::NAME.as_str()));
        with_query(&flows, "id", &flow.id().to_string())
    } else {
        flow.page(cx)
    };
    Outcome::Redirect { location }
}

/// 410 `self_service_flow_replaced`: there is another flow in its place.
pub(crate) fn replaced<K: Kind>(cx: &Cx, replacement: &Flow<K>) -> ApiError {
    ApiError::new(410, "self-service flow replaced")
        .id("self_service_flow_replaced")
        .reason("This flow can't go on. Please use the new one.")
        .beside("use_flow_id", json!(replacement.id()))
        .browser_to(replacement.page(cx))
}

/// Refuses to show a flow that has expired.
///
/// # Errors
/// 410.
pub(super) fn check_age<K: Kind>(cx: &Cx, flow: &Flow<K>) -> Result<(), ApiError> {
    if flow.is_expired(cx.now) {
        Err(expired(cx, flow))
    } else {
        Ok(())
    }
}

/// Refuses to show a browser's flow to anybody else.
///
/// # Errors
/// 403 `security_csrf_violation`.
pub(super) fn check_browser<K: Kind>(cx: &Cx, flow: &Flow<K>) -> Result<(), ApiError> {
    if shared::is_shown_to(cx, flow) {
        return Ok(());
    }
    Err(origin::violation())
}

/// The anti-CSRF field for a new form in place of the present one.
pub(crate) fn csrf_node<K: Kind>(cx: &Cx, flow: &Flow<K>) -> Node {
    match flow.shown.ui.find("csrf_token") {
        Some(node) => node.clone(),
        None => Node::csrf(&csrf_token(cx, flow.shown.client)),
    }
}

/// How often opening a link is tried while others change the same account.
pub(crate) const TRIES: usize = 4;

/// What went wrong when a link was opened. There is no form that could say it.
pub(crate) fn told(error: FlowError) -> ApiError {
    match error {
        FlowError::Overtaken => ApiError::conflict(
            "The account was changed from elsewhere at the same time. Please try again.",
        ),
        other => engine::cannot_be_shown(other),
    }
}

/// The flow of that id, to be worked on.
///
/// # Errors
/// 404.
pub(super) async fn load_to_submit<K: Kind>(cx: &Cx, id: Uuid) -> Result<Flow<K>, ApiError> {
    shared::load::<K>(cx, id)
        .await
        .map_err(|error| match error.status {
            404 => ApiError::not_found(format!(
                "There is no such {} flow. Please start a new one.",
                K::NAME.as_str()
            )),
            _ => error,
        })
}

/// 410 for a flow that is fetched.
fn expired<K: Kind>(cx: &Cx, flow: &Flow<K>) -> ApiError {
    let name = K::NAME.as_str();
    if !flow.is_browser() {
        let start = cx.public_url(&format!("self-service/{name}/api"));
        let minutes = super::since(flow.shown.expires_at, cx.now);
        return ApiError::new(410, "self-service flow expired")
            .id("self_service_flow_expired")
            .reason(format!(
                "The {name} flow expired {minutes} minutes ago. Please start a new one."
            ))
            .detail("api", start);
    }
    let mut start = cx.public_url(&format!("self-service/{name}/browser"));
    let return_to = flow.shown.return_to.clone().unwrap_or_default();
    if !return_to.is_empty() {
        start = with_query(&start, "return_to", &return_to);
    }
    ApiError::new(410, "This flow has expired")
        .reason(format!(
            "The {name} flow has expired. Send the browser to the address that starts a new one."
        ))
        .detail("redirect_to", start)
        .detail("return_to", return_to)
}

/// A flow of somebody who doesn't have to be known.
pub(super) fn begin_as_anybody<K>() -> Begin<K>
where
    K: Kind<Extra = NoExtra, Subject: Default>,
{
    Begin::With {
        subject: K::Subject::default(),
        extra: NoExtra {},
        data: K::Data::default(),
        identity_id: None,
        writes: None,
        request: None,
    }
}
