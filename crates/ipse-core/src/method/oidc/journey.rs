//! The way to a provider and back.
//!
//! What the person did before is kept here, sealed, and can be taken up once. The state that goes along names it and is sealed
//! too, so that nobody else can make one; and the browser has to be the one that left, which a cookie shows. A native client's
//! user goes through a browser that has no cookie: there the session is only given to whoever holds the code that the client
//! got in the beginning.

use ipse_config::selfservice::oidc::{OidcProvider, Pkce};
use ipse_model::{FlowName, MethodId, SignedDuration, Uuid};
use ipse_oidc::{RequestToken, Start};
use ipse_store::PausedSubmission;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::continuity::Waiting;
use crate::flow::form::Encoding;
use crate::flow::{Flow, FlowError, Form, Kind};
use crate::method::Step;

/// How long somebody may take.
const LIFESPAN: SignedDuration = SignedDuration::from_mins(30);
const STATE: &str = "state at a provider";
const LUGGAGE: &str = "way to a provider";

/// What the person did before leaving.
#[derive(Serialize, Deserialize)]
pub(super) struct Journey {
    pub(super) flow: FlowName,
    pub(super) flow_id: Uuid,
    pub(super) provider: String,
    pub(super) traits: Option<Value>,
    pub(super) from_form: bool,
    pub(super) transient_payload: Option<Value>,
    pub(super) redirect_uri: String,
    pub(super) verifier: Option<String>,
    /// What an ID token that is issued on this way repeats.
    #[serde(default)]
    pub(super) nonce: Option<String>,
    /// What X gave before.
    #[serde(default)]
    pub(super) request_token: Option<RequestToken>,
    /// Whether the session goes to a native client.
    pub(super) native: bool,
}

/// What goes along.
#[derive(Serialize, Deserialize)]
pub(super) struct State {
    pub(super) journey: Uuid,
    pub(super) flow: FlowName,
    pub(super) provider: String,
    pub(super) native: bool,
    /// Whether somebody who is signed in proves it again.
    pub(super) confirms: bool,
}

/// How somebody leaves.
pub(super) struct Departure<'a> {
    pub(super) provider: &'a OidcProvider,
    pub(super) form: &'a Form,
    /// Whether they prove again who they are.
    pub(super) confirms: bool,
    /// Whether the session goes to a native client, which gets it by an exchange of codes.
    pub(super) native: bool,
}

/// Leads somebody to a provider.
pub(super) async fn leave<K: Kind>(
    cx: &Cx,
    flow: &mut Flow<K>,
    departure: Departure<'_>,
) -> Result<Step<K::Decision>, FlowError> {
    let Departure {
        provider,
        form,
        confirms,
        native,
    } = departure;
    let id = cx.random().uuid();
    let state = State {
        journey: id,
        flow: K::NAME,
        provider: provider.id.clone(),
        native,
        confirms,
    };
    let state = serde_json::to_vec(&state).map_err(|error| ApiError::internal(&error))?;
    let state = cx.snapshot.cookie_cipher.seal(cx.random(), STATE, state);
    let verifier = cx.random().alphanumeric(64);
    let nonce = cx.random().alphanumeric(32);
    let redirect_uri = redirect_uri(cx, provider);
    let start = Start {
        redirect_uri: &redirect_uri,
        state: &state,
        verifier: &verifier,
        nonce: cx.config().ipse.provider_nonce.then_some(nonce.as_str()),
        confirm: confirms,
        upstream: &upstream(form),
    };
    let started = cx.app.providers.start(provider, &start, cx.now).await;
    let started = started.map_err(|error| super::failed(&provider.id, &error))?;
    let journey = Journey {
        flow: K::NAME,
        flow_id: flow.id(),
        provider: provider.id.clone(),
        traits: form.traits().cloned(),
        from_form: form.encoding == Encoding::Form,
        transient_payload: form.transient_payload().cloned(),
        redirect_uri,
        verifier: started.proof_key.then_some(verifier),
        nonce: Some(nonce),
        request_token: started.request_token,
        native,
    };
    let mut batch = cx.store().batch();
    batch.pause(&kept(cx, id, &journey)?);
    let mut waiting = Waiting {
        journey: Some(id),
        ..Waiting::of(cx)
    };
    match K::NAME {
        FlowName::Login => {
            flow.shown.active = Some(MethodId::Oidc);
            batch.update_flow(&flow.to_record());
        }
        // Whatever has waited for settings has been taken up by coming here.
        FlowName::Settings => waiting.submission = None,
        _ => {}
    }
    batch.commit().await?;
    waiting.remember(cx);
    Ok(Step::Leave(started.url))
}

fn kept(cx: &Cx, id: Uuid, journey: &Journey) -> Result<PausedSubmission, ApiError> {
    let text = serde_json::to_vec(journey).map_err(|error| ApiError::internal(&error))?;
    let sealed = cx.snapshot.data_cipher.seal(cx.random(), LUGGAGE, text);
    Ok(PausedSubmission {
        id,
        name: "oidc".to_owned(),
        identity_id: None,
        sealed: sealed.into_bytes(),
        expires_at: cx.now + LIFESPAN,
    })
}

/// The state that somebody has brought back, if it was made here.
pub(super) fn state(cx: &Cx) -> Result<State, ApiError> {
    let state = cx.request.query("state").filter(|state| !state.is_empty());
    let state = state.ok_or_else(|| refused("The provider has sent no state."))?;
    let opened = cx.snapshot.cookie_cipher.open(STATE, state);
    let state = opened.and_then(|text| serde_json::from_slice(&text).ok());
    state.ok_or_else(|| {
        refused("The state that the provider has sent is not one that was made here.")
    })
}

/// Takes up the journey with this state. It can't be taken up again.
pub(super) async fn arrive(cx: &Cx, state: &State) -> Result<Journey, ApiError> {
    if !state.native && Waiting::of(cx).journey != Some(state.journey) {
        return Err(refused(
            "This browser is not the one that left for the provider, has left for it once more since, or has lost its cookies.",
        ));
    }
    let over = || refused("This way back from the provider was taken already, or took too long.");
    let kept = cx
        .store()
        .take_paused(state.journey)
        .await?
        .ok_or_else(over)?;
    if kept.expires_at <= cx.now {
        return Err(over());
    }
    let sealed = String::from_utf8_lossy(&kept.sealed);
    let opened = cx.snapshot.data_cipher.open(LUGGAGE, &sealed);
    opened
        .and_then(|text| serde_json::from_slice(&text).ok())
        .ok_or_else(over)
}

/// 400: somebody has come back in a way that they can't have left.
pub(super) fn refused(reason: &str) -> ApiError {
    ApiError::bad_request(reason)
}

/// Where the provider sends browsers back to. Where proof keys are forced, it is the same for all providers.
fn redirect_uri(cx: &Cx, provider: &OidcProvider) -> String {
    let configured = cx
        .config()
        .selfservice
        .methods
        .oidc
        .config
        .base_redirect_uri
        .as_ref();
    let base = configured.map_or(cx.snapshot.public_base_url.as_str(), |url| url.as_str());
    let base = base.trim_end_matches('/');
    let id =
        percent_encoding::utf8_percent_encode(&provider.id, percent_encoding::NON_ALPHANUMERIC);
    let id = id
        .to_string()
        .replace("%2D", "-")
        .replace("%5F", "_")
        .replace("%2E", ".");
    match (&provider.organization_id, provider.pkce()) {
        (Some(organization), _) => {
            format!("{base}/self-service/methods/oidc/organization/{organization}/callback/{id}")
        }
        (None, Pkce::Force) => format!("{base}/self-service/methods/oidc/callback"),
        (None, _) => format!("{base}/self-service/methods/oidc/callback/{id}"),
    }
}

/// What the client wants the provider to be told.
fn upstream(form: &Form) -> Vec<(String, String)> {
    let parameters = form
        .fields
        .get("upstream_parameters")
        .and_then(Value::as_object);
    let text = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    parameters.into_iter().flatten().filter_map(text).collect()
}
