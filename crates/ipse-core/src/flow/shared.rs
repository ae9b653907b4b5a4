//! What login and registration (and later recovery and verification) have in common beside the engine.

use std::sync::Arc;

use ipse_model::{FlowClient, SignedDuration, Uuid};
use ipse_store::Batch;
use ipse_ui::Node;
use serde::Serialize;

use super::{Begin, Flow, Kind, origin, return_to};
use crate::cx::Cx;
use crate::error::ApiError;
use crate::oauth2::{self, Asked};
use crate::schema::Schema;
use crate::session::exchange::{self, Pending};

/// How long a client can wait for the second half of a token exchange.
const EXCHANGE_LIFESPAN: SignedDuration = SignedDuration::from_hours(1);

/// A flow of this kind by its id.
///
/// # Errors
/// 404 when there is none.
pub(crate) async fn load<K: Kind>(cx: &Cx, id: Uuid) -> Result<Flow<K>, ApiError> {
    let record = cx
        .store()
        .flow(id)
        .await?
        .filter(|record| record.name == K::NAME);
    Flow::from_record(&record.ok_or_else(ApiError::no_such_row)?)
}

/// A flow that is fetched: only the browser that started it may see a browser's flow.
///
/// # Errors
/// 404, 403 `security_csrf_violation`, 410 `self_service_flow_expired`.
pub(crate) async fn fetch<K: Kind>(cx: &Cx, id: Uuid) -> Result<Flow<K>, ApiError> {
    let flow = load::<K>(cx, id).await?;
    if !is_shown_to(cx, &flow) {
        return Err(origin::violation());
    }
    if flow.is_expired(cx.now) {
        return Err(expired(cx, &flow));
    }
    Ok(flow)
}

/// Whether a flow may be seen by whoever asks: a browser's only by the browser whose form it is.
pub(super) fn is_shown_to<K: Kind>(cx: &Cx, flow: &Flow<K>) -> bool {
    if !flow.is_browser() {
        return true;
    }
    let field = flow.shown.ui.find("csrf_token").and_then(Node::as_input);
    let token = field
        .and_then(|input| input.value.as_ref())
        .and_then(|value| value.as_str());
    let secret = cx.jar.csrf();
    secret
        .zip(token)
        .is_some_and(|(secret, token)| secret.verifies(token))
}

fn expired<K: Kind>(cx: &Cx, flow: &Flow<K>) -> ApiError {
    let name = K::NAME.as_str();
    let error = ApiError::new(410, "This flow has expired").id("self_service_flow_expired");
    if flow.is_browser() {
        error
            .reason(format!("The {name} flow has expired. Send the browser to the address that starts a new one."))
            .detail("redirect_to", cx.public_url(&format!("self-service/{name}/browser")))
            .detail("return_to", flow.shown.return_to.clone().unwrap_or_default())
    } else {
        error
            .reason(format!(
                "The {name} flow has expired. Call the address that starts a new one."
            ))
            .detail("api", cx.public_url(&format!("self-service/{name}/api")))
    }
}

/// A flow with the first half of its token exchange, if it has one to show.
pub(crate) fn with_exchange_code<K: Kind>(flow: &Flow<K>, code: Option<&String>) -> String {
    let shown = flow.to_record().public;
    match code {
        Some(code) => with_member(shown.as_str(), "session_token_exchange_code", code),
        None => shown.into_string(),
    }
}

/// Sends a browser on that is signed in already; anybody else is told. An OAuth2 login request is answered on this occasion.
///
/// # Errors
/// 400 `session_already_available`.
pub(crate) async fn already_signed_in<K: Kind>(
    cx: &Cx,
    client: FlowClient,
    (asked, reason): (&Asked, &str),
) -> Result<Begin<K>, ApiError> {
    if let (Some(_), Some(challenge)) = (&asked.request, &asked.challenge) {
        let location = oauth2::accept_for_session(cx, challenge).await?;
        if !cx.request.wants_json() {
            return Ok(Begin::Elsewhere(location));
        }
        return Err(session_already_available(reason).beside("redirect_browser_to", location));
    }
    if client == FlowClient::Browser && !cx.request.wants_json() {
        let to = return_to::after(cx, return_to::asked(cx), &[])?;
        return Ok(Begin::Elsewhere(to));
    }
    Err(session_already_available(reason))
}

/// Where a browser goes whose form somebody has submitted who has signed in meanwhile.
///
/// # Errors
/// When the flow's `return_to` isn't allowed any more.
pub(crate) fn where_to_instead<K: Kind>(cx: &Cx, flow: &Flow<K>) -> Result<String, ApiError> {
    let Some(challenge) = K::login_challenge(flow) else {
        return return_to::after(cx, flow.shown.return_to.as_deref(), &[]);
    };
    let login = cx.public_url("self-service/login/browser");
    Ok(oauth2::with_challenge(login, Some(challenge)))
}

/// 400 `session_already_available`.
pub(crate) fn session_already_available(reason: &str) -> ApiError {
    ApiError::new(400, "Somebody is signed in already")
        .id("session_already_available")
        .reason(reason)
}

/// The token exchange of a new flow, if it has one.
#[derive(Default)]
pub(crate) struct Exchange {
    /// For the client.
    pub(crate) code: Option<String>,
    /// For the flow.
    pub(crate) pending: Option<Pending>,
    /// For the store.
    pub(crate) writes: Option<Batch>,
}

/// Begins a token exchange for native flows that ask for it.
pub(crate) fn begin_exchange(cx: &Cx, client: FlowClient) -> Exchange {
    if client != FlowClient::Api || !cx.request.flag("return_session_token_exchange_code") {
        return Exchange::default();
    }
    let begun = exchange::begin(cx, cx.now + EXCHANGE_LIFESPAN);
    let mut writes = cx.store().batch();
    writes.insert_exchange(&begun.exchange);
    Exchange {
        code: Some(begun.init_code),
        pending: Some(begun.pending),
        writes: Some(writes),
    }
}

/// Where a browser goes in which a native client had its user sign in: back to the client, with the code for its session.
///
/// # Errors
/// When the flow's `return_to` isn't allowed any more.
pub(crate) fn back_to_app<K: Kind>(
    cx: &Cx,
    flow: &Flow<K>,
    code: Option<&str>,
) -> Result<String, ApiError> {
    let address = super::return_to::after(cx, flow.shown.return_to.as_deref(), &[])?;
    Ok(code.map_or_else(
        || address.clone(),
        |code| super::with_query(&address, "code", code),
    ))
}

/// The schema that a registration asks for by `identity_schema`.
///
/// # Errors
/// 400 when there is none of that id.
pub(crate) fn requested_schema(cx: &Cx) -> Result<Option<String>, ApiError> {
    let Some(id) = cx
        .request
        .query("identity_schema")
        .filter(|id| !id.is_empty())
    else {
        return Ok(None);
    };
    if schema(cx, Some(id))?.selfservice_selectable || id == cx.snapshot.schemas.default_id() {
        return Ok(Some(id.to_owned()));
    }
    Err(ApiError::bad_request(format!(
        "The identity schema \"{id}\" can't be chosen by whoever signs up."
    )))
}

/// The schema of that id, or the default one.
///
/// # Errors
/// 400 when there is none of that id.
pub(crate) fn schema(cx: &Cx, id: Option<&str>) -> Result<Arc<Schema>, ApiError> {
    let schemas = &cx.snapshot.schemas;
    let id = id.unwrap_or_else(|| schemas.default_id());
    schemas.get(id).cloned().ok_or_else(|| {
        ApiError::bad_request(format!("The identity schema \"{id}\" is not configured."))
    })
}

/// A JSON object (never an empty one) with one more member at its end, without taking it apart.
pub(crate) fn with_member(object: &str, name: &str, value: &impl Serialize) -> String {
    let value = serde_json::to_string(value).expect("views have a JSON form");
    let open = object.trim_end().strip_suffix('}').unwrap_or(object);
    format!("{open},\"{name}\":{value}}}")
}
