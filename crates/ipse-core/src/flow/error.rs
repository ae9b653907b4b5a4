//! Why a submission did not lead on, and what is done about each reason: the one place for all flows and methods.

use ipse_model::{FlowClient, Timestamp, Uuid};
use ipse_store::StoreError;
use ipse_ui::{Container, Message};
use serde_json::json;

use super::{Flow, Kind, Outcome, arrange, continuity};
use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::form::Form;
use crate::method::Handles;

/// A message, and the node it belongs to; without one it concerns the whole form.
#[derive(Clone, Debug, PartialEq)]
pub struct Complaint {
    /// The name of the node.
    pub node: Option<String>,
    /// What is wrong.
    pub message: Message,
}

/// Why a submission did not lead on.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// Something is wrong with what was filled in: the only way to a red field.
    #[error("the form is not filled in as it has to be")]
    Invalid(Vec<Complaint>),
    /// The session is too old for a change of this kind.
    #[error("the session is too old for this change")]
    PrivilegedSessionRequired,
    /// Something else has changed the same account or flow in the meantime: look at everything anew and try again.
    #[error("something else was faster")]
    Overtaken,
    /// What was sent to the person can't be used any more since then: another flow takes the place of this one.
    #[error("the code has expired")]
    Expired(Timestamp),
    /// Anything that can't be shown on the form.
    #[error(transparent)]
    Api(#[from] Box<ApiError>),
}

impl FlowError {
    /// Something is wrong with the whole form.
    #[must_use]
    pub fn form(message: Message) -> Self {
        Self::Invalid(vec![Complaint {
            node: None,
            message,
        }])
    }

    /// Something is wrong with one field.
    #[must_use]
    pub fn node(name: &str, message: Message) -> Self {
        Self::Invalid(vec![Complaint {
            node: Some(name.to_owned()),
            message,
        }])
    }
}

impl From<ApiError> for FlowError {
    fn from(error: ApiError) -> Self {
        Self::Api(Box::new(error))
    }
}

impl From<StoreError> for FlowError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(_) => Self::Overtaken,
            other => ApiError::from(other).into(),
        }
    }
}

/// The submission that failed.
pub(super) struct Failed<'a, K: Kind> {
    pub(super) method: Option<&'a dyn Handles<K>>,
    pub(super) form: Option<&'a Form>,
    pub(super) identity_id: Option<Uuid>,
}

/// Does what is due when a submission has not led on.
pub(super) async fn settle<K: Kind>(
    cx: &Cx,
    flow: &mut Flow<K>,
    subject: &K::Subject,
    failed: Failed<'_, K>,
    error: FlowError,
) -> Result<Outcome, ApiError> {
    match error {
        FlowError::Invalid(complaints) => {
            complain(flow.ui(), complaints);
            super::engine::show_again(cx, flow, subject).await
        }
        FlowError::PrivilegedSessionRequired => Err(ask_again(cx, flow, failed).await?),
        FlowError::Expired(expired_at) => {
            super::expired::replace_expired(cx, flow, subject, expired_at).await
        }
        FlowError::Api(error) => Err(*error),
        FlowError::Overtaken => Err(ApiError::conflict("Please try again.")),
    }
}

/// Puts messages on the form. What the form has no node for gets one, so that a client shows the message somewhere.
pub(super) fn complain(ui: &mut Container, complaints: Vec<Complaint>) {
    for Complaint { node, message } in complaints {
        match node {
            None => ui.say(message),
            Some(name) => match ui.find_mut(&name) {
                Some(node) => node.messages.push(message),
                None => arrange::add_unknown(ui, &name).messages.push(message),
            },
        }
    }
}

/// Sends the person to sign in again. A browser finds its submission where it left it; a native client keeps its own.
async fn ask_again<K: Kind>(
    cx: &Cx,
    flow: &Flow<K>,
    failed: Failed<'_, K>,
) -> Result<ApiError, ApiError> {
    if flow.shown.client == FlowClient::Browser
        && let (Some(method), Some(form), Some(identity_id)) =
            (failed.method, failed.form, failed.identity_id)
    {
        tracing::debug!(
            method = method.id().as_str(),
            "a submission waits for a new sign-in"
        );
        let paused = continuity::Paused {
            flow_id: flow.id(),
            identity_id,
            form: form.clone(),
        };
        continuity::pause(cx, &paused).await?;
    }
    let login = super::with_query(
        &cx.public_url("self-service/login/browser?refresh=true"),
        "return_to",
        &Flow::<K>::action(cx, flow.id()),
    );
    Ok(ApiError::forbidden(
        "The session is too old for this change. Please sign in again to confirm that it is you.",
    )
    .id("session_refresh_required")
    .beside("redirect_browser_to", json!(login))
    .browser_to(login))
}
