//! An OAuth 2.0 server that asks us who somebody is, such as Ory Hydra. It sends browsers here with a `login_challenge`;
//! when they have signed in, we tell it who they are, and it says where they go on.
//!
//! It is told before anything is saved. When it can't be told, nothing has happened; when nothing can be saved afterwards,
//! the browser never learns the address that would make something of what was told.

mod provider;

use ipse_model::{AuthenticationMethod, FlowClient, Session, Uuid};
use serde::{Deserialize, Serialize};
use serde_json::json;

pub(crate) use provider::Failure;
pub use provider::LoginRequest;

use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::{return_to, shared, with_query};
use crate::session;

/// The query parameter that names a login request.
const PARAMETER: &str = "login_challenge";

/// What a new flow is told of the login request that it answers.
#[derive(Default)]
pub(crate) struct Asked {
    /// Its name.
    pub(crate) challenge: Option<String>,
    /// The request itself, which only browsers bring.
    pub(crate) request: Option<LoginRequest>,
}

/// The login request that this request brings, if it does.
///
/// # Errors
/// 500 without an OAuth 2.0 server in the configuration, 400 for a challenge that this server doesn't know or has done with.
pub(crate) async fn asked(cx: &Cx, client: FlowClient) -> Result<Asked, ApiError> {
    let Some(challenge) = cx.request.query(PARAMETER) else {
        return Ok(Asked::default());
    };
    if cx.config().oauth2_provider.url.is_none() {
        return Err(not_configured());
    }
    if challenge.is_empty() {
        return Err(ApiError::bad_request(
            "The parameter login_challenge is there, but it is empty.",
        ));
    }
    let request = match client {
        FlowClient::Browser => Some(request(cx, challenge).await?),
        FlowClient::Api => None,
    };
    Ok(Asked {
        challenge: Some(challenge.to_owned()),
        request,
    })
}

/// The login request of that name.
async fn request(cx: &Cx, challenge: &str) -> Result<LoginRequest, ApiError> {
    provider::get(cx, challenge)
        .await
        .map_err(|failure| failure.told("The OAuth 2.0 login request can't be looked up."))
}

/// A flow as JSON, together with the login request that it answers.
pub(crate) async fn shown(
    cx: &Cx,
    challenge: Option<&str>,
    body: String,
) -> Result<String, ApiError> {
    match challenge {
        None => Ok(body),
        Some(challenge) => Ok(request(cx, challenge).await?.shown_in(&body)),
    }
}

impl LoginRequest {
    /// A flow as JSON, together with this login request.
    pub(crate) fn shown_in(&self, flow: &str) -> String {
        shared::with_member(flow, "oauth2_login_request", self.as_json())
    }

    /// Where the browser goes after the flow in place of where it asked to go: back to where it came from, so that the
    /// login request is answered even if something else, such as a recovery, comes between.
    pub(crate) fn return_to(&self, cx: &Cx) -> Option<&str> {
        let overrides = cx.config().oauth2_provider.override_return_to;
        Some(self.request_url()).filter(|url| overrides && !url.is_empty())
    }
}

/// Somebody who has signed in, and with what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SignedIn {
    identity_id: Uuid,
    /// None after a registration that doesn't sign in.
    session_id: Option<Uuid>,
    methods: Vec<String>,
}

impl SignedIn {
    /// By a session.
    pub(crate) fn by(session: &Session) -> Self {
        let methods = session.authentication_methods.iter();
        Self {
            identity_id: session.identity_id,
            session_id: Some(session.id),
            methods: methods.map(name).collect(),
        }
    }

    /// Without one.
    pub(crate) fn without_session(identity_id: Uuid, method: &AuthenticationMethod) -> Self {
        Self {
            identity_id,
            session_id: None,
            methods: vec![name(method)],
        }
    }
}

fn name(method: &AuthenticationMethod) -> String {
    method.method.clone()
}

/// A login request that is answered only when an address is verified.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Waiting {
    /// The login request.
    pub challenge: String,
    /// The answer.
    pub who: SignedIn,
}

/// Tells the OAuth 2.0 server who has signed in, and returns where the browser goes on.
///
/// # Errors
/// When it can't be told.
pub(crate) async fn accept(cx: &Cx, challenge: &str, who: &SignedIn) -> Result<String, ApiError> {
    try_accept(cx, challenge, who)
        .await
        .map_err(|failure| not_answered(&failure))
}

/// What clients are told of a login request that can't be answered.
pub(crate) fn not_answered(failure: &Failure) -> ApiError {
    failure.told_at_the_end("The OAuth 2.0 login request can't be answered.")
}

/// As [`accept`], for whoever is signed in already. Where sessions need a second factor that theirs lacks, the browser goes
/// and gets it first.
pub(crate) async fn accept_for_session(cx: &Cx, challenge: &str) -> Result<String, ApiError> {
    let Some(found) = session::authenticate_with_credentials(cx).await? else {
        return Err(session::inactive());
    };
    let session = &found.authenticated.session;
    let required = cx.config().session.whoami.required_aal;
    if session::aal::satisfies(cx.config(), session, required, &found.credentials) {
        return accept(cx, challenge, &SignedIn::by(session)).await;
    }
    let step_up = session::aal::step_up(cx, return_to::asked(cx));
    Ok(with_challenge(step_up, Some(challenge)))
}

/// As [`accept`], for those who can do something about a refusal.
pub(crate) async fn try_accept(
    cx: &Cx,
    challenge: &str,
    who: &SignedIn,
) -> Result<String, Failure> {
    let session = &cx.config().session;
    let mut body = json!({
        "subject": who.identity_id,
        "remember": session.cookie.persistent,
        "remember_for": session.lifespan.as_secs(),
        "amr": who.methods,
    });
    if let Some(id) = who.session_id {
        body["identity_provider_session_id"] = json!(id);
    }
    provider::accept(cx, challenge, &body).await
}

/// An address of ours, with the login request that goes on there.
pub(crate) fn with_challenge(address: String, challenge: Option<&str>) -> String {
    match challenge {
        Some(challenge) => with_query(&address, PARAMETER, challenge),
        None => address,
    }
}

fn not_configured() -> ApiError {
    ApiError::new(500, "The configuration doesn't allow this").reason(
        "There is a login_challenge, but oauth2_provider.url in the configuration doesn't name the server that made it.",
    )
}
