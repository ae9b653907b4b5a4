//! Signing in by what the browser itself has from a provider (Federated Credential Management): a page asks here what to call
//! `navigator.credentials.get` with, and hands in the token that comes of it.
//!
//! The nonce is where both halves meet. It is sealed, names the provider and belongs to the browser, so that a token counts only
//! for the browser and the provider it was asked for, and only for a while.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ipse_config::selfservice::oidc::OidcProvider;
use ipse_model::{Aal, FlowClient, MethodId, SignedDuration, Timestamp};
use ipse_ui::Node;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::arrival::Arrival;
use super::{linking, native};
use crate::csrf::CsrfSecret;
use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::login::{LoginData, LoginExtra};
use crate::flow::{
    Flow, FlowError, Form, FormProblem, Login, Outcome, engine, origin, return_to, shared,
};
use crate::{hook, method, oauth2, session};

/// How long somebody may take to choose an account.
const LIFESPAN: SignedDuration = SignedDuration::from_mins(10);
/// What the seal is bound to.
const NONCE: &str = "nonce for the token of a browser";

/// What a nonce holds.
#[derive(Serialize, Deserialize)]
struct Nonce {
    provider: String,
    browser: String,
    made_at: Timestamp,
}

/// What pages call `navigator.credentials.get` with, as JSON.
///
/// # Errors
/// 404 when social sign-in is switched off.
pub fn parameters(cx: &Cx) -> Result<String, ApiError> {
    let secret = cx.jar.ensure_csrf(cx.random());
    let mut providers = Vec::new();
    for (provider, config_url) in configured(cx)? {
        let nonce = nonce(cx, provider, secret)?;
        let mut parameters = json!({ "nonce": nonce });
        if !provider.scope.is_empty() {
            parameters["scope"] = json!(provider.scope.join(" "));
        }
        providers.push(json!({
            "config_url": config_url,
            "client_id": provider.client_id,
            "nonce": nonce,
            "parameters": parameters,
        }));
    }
    let token = secret.mask(cx.random());
    Ok(json!({ "csrf_token": token, "providers": providers }).to_string())
}

/// Signs somebody in, or up, with the token that the browser has from a provider.
///
/// # Errors
/// 400 when the token wasn't asked for here, and everything that can go wrong with a login.
pub async fn token(cx: &Cx, form: Result<Form, FormProblem>) -> Result<Outcome, ApiError> {
    let form = form.map_err(|problem| ApiError::bad_request(problem.to_string()))?;
    origin::check(cx, FlowClient::Browser, &form).map_err(engine::cannot_be_shown)?;
    let text = |name| form.text(name).filter(|text: &String| !text.is_empty());
    let token = text("token").ok_or_else(|| ApiError::bad_request("The token is missing."))?;
    let nonce = text("nonce").or_else(|| claimed_nonce(&token));
    let nonce = nonce.ok_or_else(not_asked_for)?;
    let provider = asked_for(cx, &nonce)?;
    if form
        .transient_payload()
        .is_some_and(|payload| !payload.is_object())
    {
        let reason = "The transient_payload has to be a JSON object.";
        return Err(ApiError::bad_request(reason));
    }
    if session::authenticate(cx).await?.is_some() {
        let reason = "Somebody is signed in already; sign out before signing in as somebody else.";
        return Err(
            shared::session_already_available(reason).browser_to(return_to::default_address(cx))
        );
    }
    let verified = cx
        .app
        .providers
        .verify_fedcm(provider, (&token, &nonce), cx.now);
    let identified = verified
        .await
        .map_err(|error| native::refused(&provider.id, &error))?;
    let arrival = Arrival::brought(provider, identified, &form);
    let flow = begin(cx).await.map_err(engine::cannot_be_shown)?;
    engine::come_back::<Login>(cx, flow.id(), &arrival).await
}

/// The providers that browsers know how to ask, with the address of what browsers have to know.
fn configured(cx: &Cx) -> Result<Vec<(&OidcProvider, &Url)>, ApiError> {
    if !method::enabled(cx, MethodId::Oidc) {
        return Err(method::switched_off());
    }
    let known = super::offered(cx).into_iter();
    let known = known.filter(|provider| ipse_oidc::issues_id_tokens(provider));
    let known = known.filter_map(|provider| Some((provider, provider.fedcm_config_url.as_ref()?)));
    Ok(known.collect())
}

fn nonce(cx: &Cx, provider: &OidcProvider, browser: CsrfSecret) -> Result<String, ApiError> {
    let nonce = Nonce {
        provider: provider.id.clone(),
        browser: browser.mask(cx.random()),
        made_at: cx.now,
    };
    let nonce = serde_json::to_vec(&nonce).map_err(|error| ApiError::internal(&error))?;
    Ok(cx.snapshot.cookie_cipher.seal(cx.random(), NONCE, nonce))
}

/// The provider that this browser was to ask with this nonce.
fn asked_for<'a>(cx: &'a Cx, nonce: &str) -> Result<&'a OidcProvider, ApiError> {
    let configured = configured(cx)?;
    let opened = cx.snapshot.cookie_cipher.open(NONCE, nonce);
    let nonce = opened.and_then(|text| serde_json::from_slice::<Nonce>(&text).ok());
    let nonce = nonce.ok_or_else(not_asked_for)?;
    let same_browser = cx
        .jar
        .csrf()
        .is_some_and(|browser| browser.verifies(&nonce.browser));
    if !same_browser || nonce.made_at + LIFESPAN <= cx.now {
        return Err(not_asked_for());
    }
    let provider = configured
        .into_iter()
        .find(|(provider, _)| provider.id == nonce.provider);
    provider
        .map(|(provider, _)| provider)
        .ok_or_else(not_asked_for)
}

fn not_asked_for() -> ApiError {
    ApiError::bad_request(
        "This token was not asked for by this browser, or took too long. Please start again with GET /self-service/fed-cm/parameters.",
    )
}

/// The nonce that a token claims to be made for. Whether it is, turns out when the token is verified.
fn claimed_nonce(token: &str) -> Option<String> {
    let claims = token.split('.').nth(1)?;
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    claims.get("nonce")?.as_str().map(str::to_owned)
}

/// The login that the token is for.
async fn begin(cx: &Cx) -> Result<Flow<Login>, FlowError> {
    return_to::check(cx, return_to::asked(cx))?;
    let asked = oauth2::asked(cx, FlowClient::Browser).await?;
    let extra = LoginExtra {
        created_at: cx.now,
        updated_at: cx.now,
        refresh: false,
        requested_aal: Aal::Aal1,
        organization_id: None,
        identity_schema: shared::requested_schema(cx)?,
        oauth2_login_challenge: asked.challenge,
        session_token_exchange_code: None,
    };
    let mut flow = Flow::<Login>::new(cx, FlowClient::Browser, extra, LoginData::default());
    let csrf = Node::csrf(&linking::token(cx, flow.shown.client));
    flow.ui().push(csrf);
    engine::populate(cx, &mut flow, &None).await?;
    hook::before(cx, &flow, None).await?;
    let mut batch = cx.store().batch();
    batch.insert_flow(&flow.to_record());
    batch.commit().await?;
    Ok(flow)
}
