//! Errors that a browser can't be shown directly: they are kept for a while, and the error page fetches them by id.

use ipse_model::{Json, Uuid};
use ipse_store::FlowErrorRecord;
use serde_json::{Value, json};

use super::{Outcome, with_query};
use crate::cx::Cx;
use crate::error::ApiError;

/// Keeps an error and tells where the browser is sent to see it.
///
/// # Errors
/// When the database is away.
pub async fn record(cx: &Cx, error: &ApiError) -> Result<String, ApiError> {
    let id = cx.random().uuid();
    let body = Json::from(Value::Object(error.error_object()));
    let mut batch = cx.store().batch();
    batch.insert_flow_error(&FlowErrorRecord {
        id,
        body,
        created_at: cx.now,
    });
    batch.commit().await?;
    Ok(with_query(&page(cx), "id", &id.to_string()))
}

/// The page that shows errors.
#[must_use]
pub fn page(cx: &Cx) -> String {
    let configured = cx.config().selfservice.flows.error.ui_url.as_ref();
    configured.map_or_else(|| cx.public_url("ui/error"), ToString::to_string)
}

/// An error that was kept.
///
/// # Errors
/// 404 when it is unknown or gone.
pub async fn fetch(cx: &Cx) -> Result<Outcome, ApiError> {
    if [cx.request.query("id"), cx.request.query("error")].contains(&Some(SAMPLE)) {
        return Ok(sample(cx));
    }
    let id: Uuid = cx
        .request
        .query("id")
        .and_then(|id| id.parse().ok())
        .ok_or_else(ApiError::no_such_row)?;
    let kept = cx
        .store()
        .flow_error(id)
        .await?
        .ok_or_else(ApiError::no_such_row)?;
    Ok(Outcome::Json(json!({
        "id": id,
        "error": kept.body,
        "created_at": kept.created_at,
        "updated_at": kept.created_at,
    })))
}

/// Who builds an error page asks for this id to have something to show.
const SAMPLE: &str = "stub:500";

fn sample(cx: &Cx) -> Outcome {
    Outcome::Json(json!({
        "id": cx.random().uuid(),
        "error": {
            "code": 500,
            "status": crate::error::status_text(500),
            "reason": "This is a sample, made for whoever builds an error page.",
            "message": "Something went wrong.",
        },
        "created_at": cx.now,
        "updated_at": cx.now,
    }))
}
