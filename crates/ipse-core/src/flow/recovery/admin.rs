//! Recovery on behalf of an administrator, who hands the code or link over in some other way.

use http::StatusCode;
use ipse_config::GoDuration;
use ipse_model::{Channel, FlowClient, FlowState, Identity, MethodId, Timestamp, Uuid};
use ipse_store::CodePurpose;
use serde::Deserialize;
use serde_json::json;

use super::{Recovery, RecoveryData};
use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::{Flow, Kind, NoExtra, return_to};
use crate::method;
use crate::method::code::{one_time, recovery as by_code};
use crate::method::link::{self, by_mail as by_link};

/// What an administrator asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wish {
    identity_id: Uuid,
    expires_in: String,
    flow_type: String,
}

/// What an administrator gets.
#[derive(Debug)]
pub struct Created {
    /// The status of the answer.
    pub status: StatusCode,
    /// Its body.
    pub body: String,
}

/// Makes a code that leads back into an account.
///
/// # Errors
/// 400 and 404; 404 as well when recovery by code is switched off.
pub async fn create_code(cx: &Cx, body: &[u8]) -> Result<Created, ApiError> {
    let wish = read(cx, body, MethodId::Code)?;
    let client = match wish.flow_type.as_str() {
        "" | "browser" => FlowClient::Browser,
        "api" => FlowClient::Api,
        other => {
            return Err(ApiError::bad_request(format!(
                "The flow_type has to be browser or api, but is {other:?}."
            )));
        }
    };
    let lifespan = lifespan(&wish)?;
    let identity = cx.store().identity(wish.identity_id).await?;
    let identity =
        identity.ok_or_else(|| ApiError::no_such_row().reason("There is no such identity."))?;
    let mut flow = flow(cx, client, &identity, lifespan);
    flow.ui().push(by_code::code_field());
    flow.ui().push(method::code::nodes::submit());
    flow.shown.active = Some(MethodId::Code);
    let expires_at = lifespan.map_or_else(|| one_time::expiry(cx), |lifespan| cx.now + lifespan);
    let recipient = one_time::Recipient {
        via: Channel::Email,
        address: "",
        identity_id: Some(identity.id),
    };
    let (code, row) = one_time::issue(
        cx,
        (CodePurpose::Recovery, flow.id()),
        recipient,
        expires_at,
    )?;
    let mut batch = cx.store().batch();
    batch.insert_flow(&flow.to_record()).insert_code(&row);
    batch.commit().await?;
    let body = json!({
        "recovery_link": flow.page(cx),
        "recovery_code": code,
        "expires_at": expires_at.min(flow.shown.expires_at),
    });
    Ok(Created {
        status: StatusCode::CREATED,
        body: body.to_string(),
    })
}

/// Makes a link that leads back into an account.
///
/// # Errors
/// 400; 404 when recovery by link is switched off.
pub async fn create_link(cx: &Cx, body: &[u8]) -> Result<Created, ApiError> {
    let wish = read(cx, body, MethodId::Link)?;
    return_to::check(cx, return_to::asked(cx))?;
    let lifespan = lifespan(&wish)?;
    let identity = cx.store().identity(wish.identity_id).await?;
    let identity = identity.ok_or_else(|| ApiError::bad_request("There is no such identity."))?;
    let mut flow = flow(cx, FlowClient::Browser, &identity, lifespan);
    flow.shown.active = Some(MethodId::Link);
    let expires_at = lifespan.map_or_else(|| link::expiry(cx), |lifespan| cx.now + lifespan);
    let (url, row) = by_link::issue(cx, &flow, ("", Some(identity.id)), expires_at);
    let mut batch = cx.store().batch();
    batch.insert_flow(&flow.to_record()).insert_code(&row);
    batch.commit().await?;
    let expires_at = expires_at.min(flow.shown.expires_at);
    let body = json!({ "recovery_link": url, "expires_at": expires_at });
    Ok(Created {
        status: StatusCode::OK,
        body: body.to_string(),
    })
}

fn read(cx: &Cx, body: &[u8], method: MethodId) -> Result<Wish, ApiError> {
    if !cx.config().selfservice.flows.recovery.enabled || !method::enabled(cx, method) {
        return Err(method::switched_off());
    }
    serde_json::from_slice(body)
        .map_err(|error| ApiError::bad_request(format!("The body can't be used: {error}.")))
}

/// How long it is to last, if the administrator says so.
fn lifespan(wish: &Wish) -> Result<Option<std::time::Duration>, ApiError> {
    if wish.expires_in.is_empty() {
        return Ok(None);
    }
    match GoDuration::parse(&wish.expires_in) {
        Ok(lifespan) if !lifespan.is_zero() => Ok(Some(lifespan)),
        _ => Err(ApiError::bad_request(format!(
            "The value of expires_in has to be a length of time such as 15m or 12h, but is {:?}.",
            wish.expires_in
        ))),
    }
}

/// A flow that waits for what the administrator hands over.
fn flow(
    cx: &Cx,
    client: FlowClient,
    identity: &Identity,
    lifespan: Option<std::time::Duration>,
) -> Flow<Recovery> {
    let data = RecoveryData { by_admin: true };
    let mut flow = Flow::<Recovery>::new(cx, client, NoExtra {}, data);
    flow.identity_id = Some(identity.id);
    flow.shown.state = FlowState::SentEmail;
    let expires_at: Timestamp = cx.now + lifespan.unwrap_or_else(|| Recovery::lifespan(cx));
    flow.shown.expires_at = expires_at;
    flow
}
