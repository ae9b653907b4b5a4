//! The recovery flow: somebody who can't sign in gets back into the account by way of an address.

pub mod admin;
mod by_mail;
mod complete;

use ipse_model::{FlowClient, FlowName, FlowState, MethodId, Timestamp, Uuid};
use ipse_ui::{Message, text};
use serde::{Deserialize, Serialize};

use super::mailed::{self, ByMail, Decision};
use super::{Begin, Flow, FlowError, Form, Kind, NoExtra, Outcome, origin, return_to, shared};
use crate::cx::Cx;
use crate::error::{ApiError, Browser};
use crate::method::{self, Handles, link};
use crate::session;

/// The kind of flow.
#[derive(Clone, Copy, Debug)]
pub struct Recovery;

/// What the server remembers of a recovery.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryData {
    /// Whether an administrator has started it, so that no browser has an anti-CSRF token for it.
    #[serde(default)]
    pub by_admin: bool,
}

/// Who works on a recovery: somebody who is signed in has no use for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignedIn(pub bool);

impl Kind for Recovery {
    const NAME: FlowName = FlowName::Recovery;
    const FIRST_STATE: FlowState = FlowState::ChooseMethod;
    type Extra = NoExtra;
    type Data = RecoveryData;
    type Subject = SignedIn;
    type Decision = Decision;

    fn methods() -> &'static [&'static dyn Handles<Self>] {
        method::RECOVERY
    }

    fn enabled(cx: &Cx, method: MethodId) -> bool {
        method::enabled(cx, method)
    }

    fn lifespan(cx: &Cx) -> std::time::Duration {
        cx.config().selfservice.flows.recovery.lifespan
    }

    fn page(cx: &Cx) -> String {
        let configured = cx.config().selfservice.flows.recovery.ui_url.as_ref();
        configured.map_or_else(|| cx.public_url("ui/recovery"), ToString::to_string)
    }

    async fn begin(cx: &Cx, _: FlowClient) -> Result<Begin<Self>, ApiError> {
        check_enabled(cx)?;
        let method = Self::in_use(cx);
        if !method::enabled(cx, method) {
            return Err(ApiError::bad_request(format!(
                "Accounts are to be recovered by the method {}, which is switched off in the configuration.",
                method.as_str()
            )));
        }
        if session::authenticate(cx).await?.is_some() {
            return Err(signed_in_already(cx));
        }
        Ok(mailed::begin_as_anybody())
    }

    fn arrange(cx: &Cx, flow: &mut Flow<Self>, _: &SignedIn) {
        flow.data = RecoveryData::default();
        flow.shown.active = Some(Self::in_use(cx));
    }

    async fn fetch(cx: &Cx, id: Uuid) -> Result<String, ApiError> {
        check_enabled(cx)?;
        let flow = shared::load::<Self>(cx, id).await?;
        if !flow.data.by_admin {
            mailed::check_browser(cx, &flow)?;
        }
        mailed::check_age(cx, &flow)?;
        Ok(flow.to_record().public.into_string())
    }

    async fn open(cx: &Cx, id: Uuid) -> Result<(Flow<Self>, SignedIn), ApiError> {
        let flow = mailed::load_to_submit(cx, id).await?;
        Ok((flow, SignedIn(session::authenticate(cx).await?.is_some())))
    }

    fn guard(cx: &Cx, flow: &Flow<Self>, signed_in: &SignedIn) -> Result<(), FlowError> {
        check_enabled(cx)?;
        // Whoever has just recovered an account with this flow is told that, and not to sign out.
        if signed_in.0 && flow.shown.state != FlowState::PassedChallenge {
            return Err(signed_in_already(cx).into());
        }
        Ok(())
    }

    fn check_origin(cx: &Cx, flow: &Flow<Self>, form: &Form) -> Result<(), FlowError> {
        if flow.data.by_admin {
            return Ok(());
        }
        origin::check(cx, flow.shown.client, form).inspect_err(|_| cx.jar.renew_csrf(cx.random()))
    }

    async fn follow(cx: &Cx, flow: &Flow<Self>, _: &SignedIn) -> Result<Option<Outcome>, ApiError> {
        match cx.request.query("token").filter(|token| !token.is_empty()) {
            Some(token) => {
                check_enabled(cx)?;
                link::by_mail::open(cx, flow, token).await.map(Some)
            }
            None => Ok(None),
        }
    }

    async fn complete(
        cx: &Cx,
        flow: &mut Flow<Self>,
        _: &mut SignedIn,
        decision: Decision,
    ) -> Result<Outcome, FlowError> {
        complete::complete(cx, flow, decision).await
    }

    fn render(_: &Cx, flow: &Flow<Self>, _: &SignedIn) -> String {
        mailed::with_payload(flow)
    }

    fn replaced(cx: &Cx, _: Timestamp, replacement: &Flow<Self>) -> Result<Outcome, ApiError> {
        Ok(mailed::go_on_with(cx, replacement))
    }

    fn no_method() -> Message {
        text::recovery::recovery_no_strategy_found()
    }

    fn expired(expired_at: Timestamp) -> Message {
        text::recovery::recovery_flow_expired(&expired_at.to_string(), expired_at.as_second())
    }
}

pub(super) fn check_enabled(cx: &Cx) -> Result<(), ApiError> {
    if cx.config().selfservice.flows.recovery.enabled {
        return Ok(());
    }
    Err(ApiError::bad_request(
        "Recovery is switched off in the configuration.",
    ))
}

fn signed_in_already(cx: &Cx) -> ApiError {
    let mut error = shared::session_already_available(
        "You are signed in, so that there is nothing to recover. Sign out first if it is about another account.",
    );
    error.browser = Browser::Redirect {
        to: return_to::default_address(cx),
        status: 302,
    };
    error
}
