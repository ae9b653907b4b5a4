//! The settings flow: somebody who is signed in changes the own account.

mod complete;
pub(crate) mod new_address;
mod read;

use complete::save_credentials;
pub(crate) use complete::taken;
pub use read::read;

use ipse_model::{
    AuthenticationMethod, Credentials, FlowClient, FlowName, FlowRecord, FlowState, Identity,
    MethodId, Timestamp, Uuid,
};
use ipse_ui::{Group, Message, text};
use serde::{Deserialize, Serialize};

use super::continue_with::ContinueWith;
use super::{
    Begin, Flow, FlowError, Kind, NoExtra, Outcome, arrange, return_to, shared::with_member,
    with_query,
};
use crate::cx::Cx;
use crate::error::{ApiError, Browser};
use crate::identity::view;
use crate::method::lookup_secret::{self, BackupCode};
use crate::method::webauthn::Ceremony;
use crate::method::{self, Handles};
use crate::session::{self, Authenticated};

/// The kind of flow.
#[derive(Clone, Copy, Debug)]
pub struct Settings;

/// Whose account is changed.
pub struct Owner {
    /// The session and its identity.
    pub authenticated: Authenticated,
    /// All credentials of the identity.
    pub credentials: Credentials,
}

/// What a method has decided: the account as it is to be from now on.
pub struct Change {
    /// The method that decided.
    pub method: MethodId,
    /// The identity as it is to be.
    pub identity: Identity,
    /// All of its credentials as they are to be.
    pub credentials: Credentials,
    /// What the person has proved by it, for the session to remember.
    pub proved: Option<AuthenticationMethod>,
}

/// What the server remembers of a settings flow: what was shown to the owner and comes back later.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SettingsData {
    /// The address that enrols an authenticator app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totp_url: Option<String>,
    /// Backup codes that wait to be confirmed, sealed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backup_codes: Vec<BackupCode>,
    /// Backup codes that the form shows, sealed: the form itself is kept without them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shown_codes: Vec<BackupCode>,
    /// The question to an authenticator that is to make a security key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webauthn: Option<Ceremony>,
    /// The question to an authenticator that is to make a passkey.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passkey: Option<Ceremony>,
}

impl Owner {
    /// The same person once the change is made.
    fn after(&self, change: &Change) -> Self {
        let mut authenticated = self.authenticated.clone();
        authenticated.identity = change.identity.clone();
        if let Some(proved) = &change.proved {
            session::add_proof(&mut authenticated.session, proved.clone());
        }
        Self {
            authenticated,
            credentials: change.credentials.clone(),
        }
    }

    /// Whether the person has proved recently enough who they are to change what leads into the account.
    ///
    /// # Errors
    /// [`FlowError::PrivilegedSessionRequired`] when not.
    pub fn require_privileged(&self, cx: &Cx) -> Result<(), FlowError> {
        let max_age = cx
            .config()
            .selfservice
            .flows
            .settings
            .privileged_session_max_age;
        if self.authenticated.session.authenticated_at + max_age > cx.now {
            Ok(())
        } else {
            Err(FlowError::PrivilegedSessionRequired)
        }
    }
}

/// The order of the groups on the page.
const ORDER: &[Group] = &[
    Group::Default,
    Group::Profile,
    Group::Password,
    Group::Oidc,
    Group::LookupSecret,
    Group::Webauthn,
    Group::Passkey,
    Group::Totp,
];

impl Kind for Settings {
    const NAME: FlowName = FlowName::Settings;
    const FIRST_STATE: FlowState = FlowState::ShowForm;
    const FORGETS: bool = false;
    type Extra = NoExtra;
    type Data = SettingsData;
    type Subject = Owner;
    type Decision = Change;

    fn methods() -> &'static [&'static dyn Handles<Self>] {
        method::SETTINGS
    }

    fn enabled(cx: &Cx, method: MethodId) -> bool {
        method::enabled(cx, method)
    }

    fn lifespan(cx: &Cx) -> std::time::Duration {
        cx.config().selfservice.flows.settings.lifespan
    }

    fn page(cx: &Cx) -> String {
        let configured = cx.config().selfservice.flows.settings.ui_url.as_ref();
        configured.map_or_else(|| cx.public_url("ui/settings"), ToString::to_string)
    }

    async fn begin(cx: &Cx, client: FlowClient) -> Result<Begin<Self>, ApiError> {
        let Some(found) = session::authenticate_with_credentials(cx).await? else {
            let mut error = session::inactive();
            if client == FlowClient::Browser {
                error = error.browser_to(login_address(cx));
            }
            return Err(error);
        };
        let owner = Owner {
            authenticated: found.authenticated,
            credentials: found.credentials,
        };
        let start = cx.public_url("self-service/settings/browser");
        let back = return_to::asked(cx).map(|to| with_query(&start, "return_to", to));
        require_aal(cx, &owner, back.as_deref())?;
        Ok(Begin::With {
            identity_id: Some(owner.authenticated.identity.id),
            subject: owner,
            extra: NoExtra {},
            data: SettingsData::default(),
            writes: None,
            request: None,
        })
    }

    fn arrange(_: &Cx, flow: &mut Flow<Self>, _: &Owner) {
        arrange::by_group(&mut flow.shown.ui, ORDER);
    }

    async fn fetch(cx: &Cx, id: Uuid) -> Result<String, ApiError> {
        let page = with_query(&Self::page(cx), "flow", &id.to_string());
        let (record, owner) = load(cx, id, &page).await?;
        let record = record.ok_or_else(ApiError::no_such_row)?;
        if record.identity_id != Some(owner.authenticated.identity.id) {
            return Err(identity_mismatch());
        }
        if record.expires_at <= cx.now {
            return Err(expired(cx));
        }
        let identity = view::Public::new(&owner.authenticated.identity, &cx.snapshot);
        if record.private.as_str().contains("\"shown_codes\"") {
            let flow = Flow::<Self>::from_record(&record)?;
            return Ok(render(cx, &flow, &owner.authenticated.identity, &[]));
        }
        Ok(with_member(record.public.as_str(), "identity", &identity))
    }

    async fn open(cx: &Cx, id: Uuid) -> Result<(Flow<Self>, Owner), ApiError> {
        let (record, owner) = load(cx, id, &Flow::<Self>::action(cx, id)).await?;
        let record = record.ok_or_else(|| {
            ApiError::not_found("There is no such settings flow. Please start a new one.")
        })?;
        if record.identity_id != Some(owner.authenticated.identity.id) {
            return Err(initiated_by_somebody_else());
        }
        Ok((Flow::from_record(&record)?, owner))
    }

    fn guard(_: &Cx, _: &Flow<Self>, _: &Owner) -> Result<(), FlowError> {
        Ok(())
    }

    fn visitor(owner: &Owner) -> Option<&Authenticated> {
        Some(&owner.authenticated)
    }

    async fn complete(
        cx: &Cx,
        flow: &mut Flow<Self>,
        owner: &mut Owner,
        change: Change,
    ) -> Result<Outcome, FlowError> {
        complete::complete(cx, flow, owner, change).await
    }

    fn render(cx: &Cx, flow: &Flow<Self>, owner: &Owner) -> String {
        render(cx, flow, &owner.authenticated.identity, &[])
    }

    const NEXT_SUCCEEDS: bool = true;

    fn render_next(cx: &Cx, flow: &Flow<Self>, owner: &Owner) -> String {
        let body = super::mailed::with_any_payload(&*lookup_secret::with_codes(cx, flow));
        let identity = view::Public::new(&owner.authenticated.identity, &cx.snapshot);
        with_member(&body, "identity", &identity)
    }

    fn no_method() -> Message {
        text::settings::settings_no_strategy_found()
    }

    fn expired(expired_at: Timestamp) -> Message {
        text::settings::settings_flow_expired(&expired_at.to_string(), expired_at.as_second())
    }
}

/// The flow and its owner in one read; the session is checked first, so that nobody else learns which flows exist.
async fn load(cx: &Cx, id: Uuid, here: &str) -> Result<(Option<FlowRecord>, Owner), ApiError> {
    let Some((owner, flow)) = authenticate_for_flow(cx, id).await? else {
        let login = cx.config().selfservice.flows.login.ui_url.as_ref();
        let login = login.map_or_else(|| cx.public_url("ui/login"), ToString::to_string);
        let mut error =
            ApiError::unauthorized("A valid session cookie or session token is missing.");
        error.browser = Browser::Redirect {
            to: login,
            status: 302,
        };
        return Err(error);
    };
    require_aal(cx, &owner, Some(here))?;
    Ok((flow.filter(|flow| flow.name == FlowName::Settings), owner))
}

async fn authenticate_for_flow(
    cx: &Cx,
    id: Uuid,
) -> Result<Option<(Owner, Option<FlowRecord>)>, ApiError> {
    let Some(presented) = &cx.request.session_token else {
        return Ok(None);
    };
    let hash = session::hash(&presented.secret);
    let found = cx.store().authenticate_for_flow(&hash, id).await?;
    let counting = |stored| session::counting(stored, &presented.secret, cx.now);
    Ok(found.authenticated.and_then(counting).map(|authenticated| {
        (
            Owner {
                authenticated,
                credentials: found.credentials,
            },
            found.flow,
        )
    }))
}

/// Refuses a session that lacks the factor that settings need.
fn require_aal(cx: &Cx, owner: &Owner, return_to: Option<&str>) -> Result<(), ApiError> {
    let config = cx.config();
    let required = config.selfservice.flows.settings.required_aal;
    let session = &owner.authenticated.session;
    if session::aal::satisfies(config, session, required, &owner.credentials) {
        return Ok(());
    }
    Err(session::aal::required(cx, return_to))
}

/// The flow with its identity, as a client sees it.
fn render(cx: &Cx, flow: &Flow<Settings>, identity: &Identity, next: &[ContinueWith]) -> String {
    let identity = view::Public::new(identity, &cx.snapshot);
    let body = with_member(
        lookup_secret::with_codes(cx, flow)
            .to_record()
            .public
            .as_str(),
        "identity",
        &identity,
    );
    if next.is_empty() {
        body
    } else {
        with_member(&body, "continue_with", &next)
    }
}

/// Where somebody who isn't signed in goes first.
fn login_address(cx: &Cx) -> String {
    let login = cx.public_url("self-service/login/browser");
    match cx.request.query("return_to").filter(|to| !to.is_empty()) {
        Some(to) => with_query(&login, "return_to", to),
        None => login,
    }
}

fn expired(cx: &Cx) -> ApiError {
    let start = cx.public_url("self-service/settings/browser");
    ApiError::new(410, "This flow has expired")
        .reason("The settings flow has expired. Start a new one.")
        .detail("redirect_to", start)
}

/// 403: the flow belongs to another identity than the one that is signed in now.
#[must_use]
pub fn identity_mismatch() -> ApiError {
    ApiError::forbidden("This flow belongs to another identity than the one that is signed in.")
        .id("security_identity_mismatch")
}

fn initiated_by_somebody_else() -> ApiError {
    ApiError::forbidden("Somebody else has started this flow. Start your own and try again.")
        .id("security_identity_mismatch")
}
