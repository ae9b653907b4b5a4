//! What takes the place of a flow that has expired.

use ipse_model::{FlowClient, Timestamp};
use serde_json::json;

use super::engine::{cannot_be_shown, populate};
use super::{Flow, Kind, Outcome};
use crate::cx::Cx;
use crate::error::ApiError;

/// Starts a new flow in place of an expired one and says so.
pub(super) async fn replace_expired<K: Kind>(
    cx: &Cx,
    expired: &Flow<K>,
    subject: &K::Subject,
    expired_at: Timestamp,
) -> Result<Outcome, ApiError> {
    let mut flow = Flow::<K>::new(
        cx,
        expired.shown.client,
        expired.shown.extra.clone(),
        expired.data.clone(),
    );
    flow.identity_id = expired.identity_id;
    flow.shown
        .request_url
        .clone_from(&expired.shown.request_url);
    flow.shown.return_to.clone_from(&expired.shown.return_to);
    let token = match expired.shown.client {
        FlowClient::Browser => cx.jar.ensure_csrf(cx.random()).mask(cx.random()),
        FlowClient::Api => String::new(),
    };
    flow.ui().push(ipse_ui::Node::csrf(&token));
    populate(cx, &mut flow, subject)
        .await
        .map_err(cannot_be_shown)?;
    flow.ui().say(K::expired(expired_at));
    let mut batch = cx.store().batch();
    batch.insert_flow(&flow.to_record());
    K::accompany(&flow, &mut batch);
    batch.commit().await?;
    K::replaced(cx, expired_at, &flow)
}

/// 410 `self_service_flow_expired`: there is another flow in its place.
pub(super) fn gone<K: Kind>(
    now: Timestamp,
    expired_at: Timestamp,
    replacement: &Flow<K>,
) -> ApiError {
    let since = now.duration_since(expired_at);
    ApiError::new(410, "This flow has expired")
        .id("self_service_flow_expired")
        .reason(format!(
            "This flow ended {} minutes ago. There is a new one in its place.",
            super::since(expired_at, now)
        ))
        .beside("expired_at", json!(expired_at))
        .beside(
            "since",
            json!(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)),
        )
        .beside("use_flow_id", json!(replacement.id()))
}
