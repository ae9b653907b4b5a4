//! The verification flow: somebody proves to read what is sent to an address.

mod by_mail;
mod complete;
mod start;

use ipse_model::{FlowClient, FlowName, FlowState, MethodId, Timestamp, Uuid};
use ipse_ui::{Message, text};
use serde::{Deserialize, Serialize};

use super::mailed::{self, ByMail, Decision};
use super::{Begin, Flow, FlowError, Form, Kind, NoExtra, Outcome, origin, shared};
use crate::cx::Cx;
use crate::error::ApiError;
use crate::method::{self, Handles, code, link};
use crate::oauth2::Waiting;

pub(crate) use complete::mark_verified;
pub(crate) use start::start_for;
pub use start::{Origin, Pending, start_pending, start_unverified};

/// The kind of flow.
#[derive(Clone, Copy, Debug)]
pub struct Verification;

/// What the server remembers of a verification flow.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct VerificationData {
    /// The OAuth2 login request that is answered when the address is verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth2: Option<Waiting>,
}

impl Kind for Verification {
    const NAME: FlowName = FlowName::Verification;
    const FIRST_STATE: FlowState = FlowState::ChooseMethod;
    type Extra = NoExtra;
    type Data = VerificationData;
    type Subject = ();
    type Decision = Decision;

    fn methods() -> &'static [&'static dyn Handles<Self>] {
        method::VERIFICATION
    }

    fn enabled(cx: &Cx, method: MethodId) -> bool {
        method::enabled(cx, method)
    }

    fn lifespan(cx: &Cx) -> std::time::Duration {
        cx.config().selfservice.flows.verification.lifespan
    }

    fn page(cx: &Cx) -> String {
        let configured = cx.config().selfservice.flows.verification.ui_url.as_ref();
        configured.map_or_else(|| cx.public_url("ui/verification"), ToString::to_string)
    }

    async fn begin(cx: &Cx, _: FlowClient) -> Result<Begin<Self>, ApiError> {
        check_enabled(cx)?;
        let method = Self::in_use(cx);
        if !method::enabled(cx, method) {
            return Err(ApiError::bad_request(format!(
                "Addresses are to be verified by the method {}, which is switched off in the configuration.",
                method.as_str()
            )));
        }
        Ok(mailed::begin_as_anybody())
    }

    /// Native clients get no anti-CSRF field for codes, and browsers get it last; with links it always comes first.
    fn arrange(cx: &Cx, flow: &mut Flow<Self>, (): &()) {
        flow.shown.active = Some(Self::in_use(cx));
        if Self::in_use(cx) == MethodId::Code {
            let browser = flow.is_browser();
            let ui = flow.ui();
            let csrf = ui.nodes.iter().position(|node| node.name() == "csrf_token");
            if let Some(csrf) = csrf.map(|place| ui.nodes.remove(place))
                && browser
            {
                ui.push(csrf);
            }
        }
    }

    /// Anybody who knows the id may see the flow: the mail is often opened in another browser than the one that asked
    /// for it. That browser gets an anti-CSRF token of its own.
    async fn fetch(cx: &Cx, id: Uuid) -> Result<String, ApiError> {
        check_enabled(cx)?;
        let mut flow = shared::load::<Self>(cx, id).await?;
        mailed::check_age(cx, &flow)?;
        if flow.is_browser() {
            let token = mailed::csrf_token(cx, FlowClient::Browser);
            flow.ui().set_value("csrf_token", token.into());
        }
        Ok(flow.to_record().public.into_string())
    }

    async fn open(cx: &Cx, id: Uuid) -> Result<(Flow<Self>, ()), ApiError> {
        Ok((mailed::load_to_submit(cx, id).await?, ()))
    }

    fn guard(cx: &Cx, _: &Flow<Self>, (): &()) -> Result<(), FlowError> {
        Ok(check_enabled(cx)?)
    }

    /// A code proves more than an anti-CSRF token does, and it may come from another browser than the form.
    fn check_origin(cx: &Cx, flow: &Flow<Self>, form: &Form) -> Result<(), FlowError> {
        match form.text("code") {
            Some(code) if !code.is_empty() => Ok(()),
            _ => origin::check(cx, flow.shown.client, form),
        }
    }

    async fn follow(cx: &Cx, flow: &Flow<Self>, (): &()) -> Result<Option<Outcome>, ApiError> {
        let parameter = |name| cx.request.query(name).filter(|value| !value.is_empty());
        if let Some(token) = parameter("token") {
            check_enabled(cx)?;
            return link::by_mail::open(cx, flow, token).await.map(Some);
        }
        match parameter("code") {
            Some(code) if flow.shown.state == FlowState::SentEmail => {
                code::verification::fill_in(cx, flow, code).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    async fn complete(
        cx: &Cx,
        flow: &mut Flow<Self>,
        (): &mut (),
        decision: Decision,
    ) -> Result<Outcome, FlowError> {
        complete::complete(cx, flow, decision).await
    }

    fn render(_: &Cx, flow: &Flow<Self>, (): &()) -> String {
        mailed::with_payload(flow)
    }

    fn replaced(cx: &Cx, _: Timestamp, replacement: &Flow<Self>) -> Result<Outcome, ApiError> {
        Ok(mailed::go_on_with(cx, replacement))
    }

    fn no_method() -> Message {
        text::verification::verification_no_strategy_found()
    }

    fn expired(expired_at: Timestamp) -> Message {
        text::verification::verification_flow_expired(
            &expired_at.to_string(),
            expired_at.as_second(),
        )
    }
}

fn check_enabled(cx: &Cx) -> Result<(), ApiError> {
    if cx.config().selfservice.flows.verification.enabled {
        return Ok(());
    }
    Err(ApiError::bad_request(
        "Verification is switched off in the configuration.",
    ))
}
