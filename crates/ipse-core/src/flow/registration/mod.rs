//! The registration flow: somebody becomes an identity.

mod complete;

use ipse_config::selfservice::flows::RegistrationStyle;
use ipse_model::{
    AuthenticationMethod, Credentials, FlowClient, FlowName, FlowState, Identity, MethodId,
    Timestamp, Uuid,
};
use ipse_ui::{Group, Message, text};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::mailed::{self, Letter};
use super::{Begin, Flow, FlowError, Kind, Outcome, arrange, shared, with_query};
use crate::cx::Cx;
use crate::error::{ApiError, Browser};
use crate::method::{self, Handles};
use crate::oauth2;
use crate::session::{self, Authenticated};

/// The kind of flow.
#[derive(Clone, Copy, Debug)]
pub struct Registration;

/// What a registration flow shows beyond what all flows show.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RegistrationExtra {
    /// The organization that the flow is bound to.
    pub organization_id: Option<Uuid>,
    /// The schema that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_schema: Option<String>,
    /// The OAuth2 login request that waits for this registration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth2_login_challenge: Option<String>,
    /// The first half of the token exchange; shown once, when the flow is created.
    #[serde(default, skip_serializing)]
    pub session_token_exchange_code: Option<String>,
}

/// Which screen of the form is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Screen {
    /// Profile and credentials on one screen.
    #[default]
    Unified,
    /// The profile, before a credential is chosen.
    Profile,
    /// The credentials, the profile being filled in.
    Credentials,
}

/// What the server remembers of a registration flow.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RegistrationData {
    /// Which screen is shown.
    pub screen: Screen,
    /// The token exchange that waits for this registration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<session::exchange::Pending>,
    /// The question to an authenticator that is to make a security key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webauthn: Option<crate::method::webauthn::Ceremony>,
    /// The question to an authenticator that is to make a passkey.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passkey: Option<crate::method::webauthn::Ceremony>,
    /// The traits that a code was sent for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_sent_for: Option<Value>,
    /// What is on its way with the next form. It isn't kept.
    #[serde(skip)]
    pub letters: Vec<Letter>,
}

/// The account that somebody wants.
pub struct NewAccount {
    /// The identity.
    pub identity: Identity,
    /// Its credentials.
    pub credentials: Credentials,
    /// How the person has proved to be its holder.
    pub method: AuthenticationMethod,
    /// The method that decided.
    pub by: MethodId,
}

/// Who works on a registration flow: nobody, or somebody who is signed in and may not.
pub type Visitor = Option<Authenticated>;

/// The order of the groups on the page.
const ORDER: &[Group] = &[
    Group::Oidc,
    Group::Default,
    Group::Webauthn,
    Group::Passkey,
    Group::Code,
    Group::Password,
    Group::Profile,
];

const ALREADY: &str = "Somebody is signed in already; sign out before signing up.";

impl Kind for Registration {
    const NAME: FlowName = FlowName::Registration;
    const FIRST_STATE: FlowState = FlowState::ChooseMethod;
    const AGAIN_STATUS: u16 = 302;
    type Extra = RegistrationExtra;
    type Data = RegistrationData;
    type Subject = Visitor;
    type Decision = NewAccount;

    fn methods() -> &'static [&'static dyn Handles<Self>] {
        method::REGISTRATION
    }

    fn enabled(cx: &Cx, method: MethodId) -> bool {
        // The traits are asked for even where nobody may change them afterwards.
        method == MethodId::Profile || method::enabled(cx, method)
    }

    fn lifespan(cx: &Cx) -> std::time::Duration {
        cx.config().selfservice.flows.registration.lifespan
    }

    fn page(cx: &Cx) -> String {
        let configured = cx.config().selfservice.flows.registration.ui_url.as_ref();
        configured.map_or_else(|| cx.public_url("ui/registration"), ToString::to_string)
    }

    async fn begin(cx: &Cx, client: FlowClient) -> Result<Begin<Self>, ApiError> {
        let config = &cx.config().selfservice.flows.registration;
        if !config.enabled {
            return Err(switched_off());
        }
        let asked = oauth2::asked(cx, client).await?;
        if session::authenticate(cx).await?.is_some() {
            if asked
                .request
                .as_ref()
                .is_some_and(|request| !request.skip())
            {
                return Ok(Begin::Elsewhere(login_instead(cx)));
            }
            return shared::already_signed_in(cx, client, (&asked, ALREADY)).await;
        }
        let screen = match config.effective_style() {
            RegistrationStyle::Unified => Screen::Unified,
            RegistrationStyle::ProfileFirst => Screen::Profile,
        };
        let exchange = shared::begin_exchange(cx, client);
        Ok(Begin::With {
            subject: None,
            extra: RegistrationExtra {
                organization_id: None,
                identity_schema: shared::requested_schema(cx)?,
                oauth2_login_challenge: asked.challenge,
                session_token_exchange_code: exchange.code,
            },
            data: RegistrationData {
                screen,
                exchange: exchange.pending,
                ..RegistrationData::default()
            },
            writes: exchange.writes,
            request: asked.request,
            identity_id: None,
        })
    }

    fn arrange(_: &Cx, flow: &mut Flow<Self>, _: &Visitor) {
        arrange::by_group(&mut flow.shown.ui, ORDER);
        arrange::password_behind_identifier(&mut flow.shown.ui);
    }

    async fn fetch(cx: &Cx, id: Uuid) -> Result<String, ApiError> {
        let flow = shared::fetch::<Self>(cx, id).await?;
        oauth2::shown(cx, Self::login_challenge(&flow), render(&flow)).await
    }

    async fn open(cx: &Cx, id: Uuid) -> Result<(Flow<Self>, Visitor), ApiError> {
        let flow = shared::load::<Self>(cx, id).await?;
        Ok((flow, session::authenticate(cx).await?))
    }

    fn guard(cx: &Cx, flow: &Flow<Self>, visitor: &Visitor) -> Result<(), FlowError> {
        if !cx.config().selfservice.flows.registration.enabled {
            return Err(switched_off().into());
        }
        if visitor.is_none() {
            return Ok(());
        }
        let location = shared::where_to_instead(cx, flow)?;
        let mut error = shared::session_already_available(ALREADY);
        error.browser = Browser::Redirect {
            to: location,
            status: Self::AGAIN_STATUS,
        };
        Err(error.into())
    }

    async fn complete(
        cx: &Cx,
        flow: &mut Flow<Self>,
        _: &mut Visitor,
        account: NewAccount,
    ) -> Result<Outcome, FlowError> {
        complete::complete(cx, flow, account).await
    }

    fn login_challenge(flow: &Flow<Self>) -> Option<&str> {
        flow.shown.extra.oauth2_login_challenge.as_deref()
    }

    fn render(_: &Cx, flow: &Flow<Self>, _: &Visitor) -> String {
        render(flow)
    }

    fn render_next(_: &Cx, flow: &Flow<Self>, _: &Visitor) -> String {
        if flow.shown.state == FlowState::SentEmail {
            return mailed::with_any_payload(flow);
        }
        match (flow.data.screen, &flow.transient_payload) {
            (Screen::Credentials, None) => {
                shared::with_member(&render(flow), "transient_payload", &json!({}))
            }
            (Screen::Credentials, Some(payload)) => {
                shared::with_member(&render(flow), "transient_payload", payload)
            }
            _ => render(flow),
        }
    }

    fn accompany(flow: &Flow<Self>, batch: &mut ipse_store::Batch) {
        mailed::send(flow.id(), &flow.data.letters, batch);
    }

    fn no_method() -> Message {
        text::registration::registration_no_strategy_found()
    }

    fn expired(expired_at: Timestamp) -> Message {
        text::registration::registration_flow_expired(
            &expired_at.to_string(),
            expired_at.as_second(),
        )
    }
}

fn render(flow: &Flow<Registration>) -> String {
    shared::with_exchange_code(flow, flow.shown.extra.session_token_exchange_code.as_ref())
}

/// Where somebody who is signed in proves it again, for the same reason and with the same parameters.
fn login_instead(cx: &Cx) -> String {
    let login = cx.public_url("self-service/login/browser");
    let query = cx.request.query.iter();
    query.fold(login, |address, (name, value)| {
        with_query(&address, name, value)
    })
}

fn switched_off() -> ApiError {
    ApiError::new(400, "Nobody can sign up here")
        .id("self_service_flow_disabled")
        .reason("Signing up is switched off in the configuration.")
}

impl Flow<Registration> {
    /// The token exchange that its completion in a browser completes.
    pub(crate) fn exchange_due(&self) -> Option<&session::exchange::Pending> {
        self.data.exchange.as_ref().filter(|_| self.came_back)
    }

    /// The schema that the traits follow.
    ///
    /// # Errors
    /// When the configuration doesn't have it any more.
    pub fn schema(&self, cx: &Cx) -> Result<std::sync::Arc<crate::schema::Schema>, ApiError> {
        shared::schema(cx, self.shown.extra.identity_schema.as_deref())
    }
}
