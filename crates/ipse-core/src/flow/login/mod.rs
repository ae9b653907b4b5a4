//! The login flow: somebody proves who they are, or proves it again, or with a second factor.

mod complete;
pub(crate) mod second_factor;
mod start;

pub(crate) use complete::invalid_credentials;

use ipse_model::{
    Aal, AuthenticationMethod, Credentials, FlowClient, FlowName, FlowState, Identity, MethodId,
    Timestamp, Uuid,
};
use ipse_ui::{Group, Message, text};
use serde::{Deserialize, Serialize};

use super::mailed::{self, Letter};
use super::{Begin, Flow, FlowError, Kind, Outcome, arrange, shared};
use crate::cx::Cx;
use crate::error::ApiError;
use crate::method::{self, Handles};
use crate::oauth2;
use crate::session::Authenticated;

/// The kind of flow.
#[derive(Clone, Copy, Debug)]
pub struct Login;

/// What a login flow shows beyond what all flows show.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LoginExtra {
    /// When it was started.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Whether somebody who is signed in proves it again.
    pub refresh: bool,
    /// The level that is to be reached.
    pub requested_aal: Aal,
    /// The organization that the flow is bound to.
    pub organization_id: Option<Uuid>,
    /// The schema that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_schema: Option<String>,
    /// The OAuth2 login request that waits for this login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth2_login_challenge: Option<String>,
    /// The first half of the token exchange; shown once, when the flow is created.
    #[serde(default, skip_serializing)]
    pub session_token_exchange_code: Option<String>,
}

/// What the server remembers of a login flow.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct LoginData {
    /// The token exchange that waits for this login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<crate::session::exchange::Pending>,
    /// An account at a provider that this login is going to connect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linking: Option<crate::method::oidc::linking::Linking>,
    /// The question to those who have a security key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webauthn: Option<crate::method::webauthn::Ceremony>,
    /// The question to those who have a passkey.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passkey: Option<crate::method::webauthn::Ceremony>,
    /// What is on its way with the next form. It isn't kept.
    #[serde(skip)]
    pub letters: Vec<Letter>,
}

/// Who somebody has proved to be.
pub struct Proof {
    /// The identity.
    pub identity: Identity,
    /// Its credentials.
    pub credentials: Credentials,
    /// How it was proved.
    pub method: AuthenticationMethod,
    /// The method that decided.
    pub by: MethodId,
    /// What signing in has changed of them.
    pub update: Option<Box<Update>>,
    /// A credential to be saved on this occasion, such as a password hashed anew.
    pub upgrade: Option<ipse_model::Credential>,
    /// What the proof uses up.
    pub spent: super::spent::Spent,
}

/// What signing in has changed of an identity.
pub struct Update {
    /// The identity as it is stored.
    pub before: Identity,
    /// Credentials that are others now.
    pub credentials: Vec<ipse_model::Credential>,
}

/// Who works on a login flow: whoever is signed in already.
pub type Visitor = Option<Authenticated>;

/// The order of the groups on the page.
const ORDER: &[Group] = &[
    Group::Oidc,
    Group::IdentifierFirst,
    Group::Default,
    Group::Webauthn,
    Group::Passkey,
    Group::Code,
    Group::Password,
    Group::Totp,
    Group::LookupSecret,
];

impl Kind for Login {
    const NAME: FlowName = FlowName::Login;
    const FIRST_STATE: FlowState = FlowState::ChooseMethod;
    type Extra = LoginExtra;
    type Data = LoginData;
    type Subject = Visitor;
    type Decision = Proof;

    fn methods() -> &'static [&'static dyn Handles<Self>] {
        method::LOGIN
    }

    fn enabled(cx: &Cx, method: MethodId) -> bool {
        method::enabled(cx, method)
    }

    fn lifespan(cx: &Cx) -> std::time::Duration {
        cx.config().selfservice.flows.login.lifespan
    }

    fn page(cx: &Cx) -> String {
        let configured = cx.config().selfservice.flows.login.ui_url.as_ref();
        configured.map_or_else(|| cx.public_url("ui/login"), ToString::to_string)
    }

    async fn begin(cx: &Cx, client: FlowClient) -> Result<Begin<Self>, ApiError> {
        start::begin(cx, client).await
    }

    fn arrange(_: &Cx, flow: &mut Flow<Self>, visitor: &Visitor) {
        if flow.shown.state == FlowState::SentEmail {
            // The form asks for a code already.
            return;
        }
        arrange::by_group(&mut flow.shown.ui, ORDER);
        if flow.shown.extra.refresh {
            flow.ui().say(text::login::login_re_auth());
        }
        let reached = visitor
            .as_ref()
            .map_or(Aal::Aal0, |visitor| visitor.session.aal);
        if flow.shown.extra.requested_aal == Aal::Aal2 && reached < Aal::Aal2 {
            flow.ui().say(text::login::login_mfa());
        }
    }

    async fn fetch(cx: &Cx, id: Uuid) -> Result<String, ApiError> {
        let flow = shared::fetch::<Self>(cx, id).await?;
        oauth2::shown(cx, Self::login_challenge(&flow), render(&flow)).await
    }

    async fn open(cx: &Cx, id: Uuid) -> Result<(Flow<Self>, Visitor), ApiError> {
        let mut flow = shared::load::<Self>(cx, id).await?;
        if flow.shown.active == Some(MethodId::IdentifierFirst) {
            // The second screen shows its methods as they came; a form that has something to say is in order.
            arrange::by_group(&mut flow.shown.ui, ORDER);
            arrange::before(&mut flow.shown.ui, "passkey_login_trigger", "passkey_login");
        }
        Ok((flow, crate::session::authenticate(cx).await?))
    }

    fn guard(cx: &Cx, flow: &Flow<Self>, visitor: &Visitor) -> Result<(), FlowError> {
        match visitor {
            None if flow.shown.extra.requested_aal == Aal::Aal2 => {
                Err(start::first_factor_missing(cx).into())
            }
            Some(_) if !flow.shown.extra.refresh && flow.shown.extra.requested_aal == Aal::Aal1 => {
                Err(start::somebody_is_in(cx, flow)?)
            }
            _ => Ok(()),
        }
    }

    async fn complete(
        cx: &Cx,
        flow: &mut Flow<Self>,
        visitor: &mut Visitor,
        proof: Proof,
    ) -> Result<Outcome, FlowError> {
        complete::complete(cx, flow, visitor, proof).await
    }

    fn login_challenge(flow: &Flow<Self>) -> Option<&str> {
        flow.shown.extra.oauth2_login_challenge.as_deref()
    }

    fn render(_: &Cx, flow: &Flow<Self>, _: &Visitor) -> String {
        render(flow)
    }

    fn render_next(_: &Cx, flow: &Flow<Self>, _: &Visitor) -> String {
        match flow.shown.state {
            FlowState::SentEmail => mailed::with_any_payload(flow),
            _ if flow.shown.active == Some(MethodId::IdentifierFirst) => {
                mailed::with_any_payload(flow)
            }
            _ => render(flow),
        }
    }

    fn accompany(flow: &Flow<Self>, batch: &mut ipse_store::Batch) {
        mailed::send(flow.id(), &flow.data.letters, batch);
    }

    fn no_method() -> Message {
        text::login::login_no_strategy_found()
    }

    fn expired(expired_at: Timestamp) -> Message {
        text::login::login_flow_expired(&expired_at.to_string(), expired_at.as_second())
    }
}

fn render(flow: &Flow<Login>) -> String {
    shared::with_exchange_code(flow, flow.shown.extra.session_token_exchange_code.as_ref())
}

impl Flow<Login> {
    /// The token exchange that its completion in a browser completes.
    pub(crate) fn exchange_due(&self) -> Option<&crate::session::exchange::Pending> {
        self.data.exchange.as_ref().filter(|_| self.came_back)
    }
}
