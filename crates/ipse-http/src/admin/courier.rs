//! The courier's messages.

use axum::body::Body;
use axum::extract::Path;
use http::Response;
use ipse_core::courier;
use ipse_core::flow::Outcome;

use crate::extract::Visit;
use crate::reply;

/// Lists messages.
pub(crate) async fn list(Visit { cx, .. }: Visit) -> Response<Body> {
    let page = courier::list(&cx).await;
    reply::list(&cx, page)
}

/// Shows a message.
pub(crate) async fn get(Path(id): Path<String>, Visit { cx, .. }: Visit) -> Response<Body> {
    let result = courier::get(&cx, &id).await;
    reply::api(&cx, result.map(Outcome::Json))
}
