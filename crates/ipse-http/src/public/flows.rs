//! The self-service flows. All of them take the same five requests.

use axum::body::Body;
use http::Response;
use ipse_core::flow::{Kind, engine, errors};
use ipse_model::FlowClient;

use crate::extract::Visit;
use crate::reply;

/// Starts a flow in a browser.
pub(crate) async fn create_browser<K: Kind>(Visit { cx, .. }: Visit) -> Response<Body> {
    let result = engine::create::<K>(&cx, FlowClient::Browser).await;
    reply::flow(&cx, result).await
}

/// Starts a flow in a native client. There is no page to show, so that all answers are JSON.
pub(crate) async fn create_native<K: Kind>(Visit { cx, .. }: Visit) -> Response<Body> {
    let result = engine::create::<K>(&cx, FlowClient::Api).await;
    reply::api(&cx, result)
}

/// Shows a flow.
pub(crate) async fn fetch<K: Kind>(Visit { cx, .. }: Visit) -> Response<Body> {
    let result = engine::fetch::<K>(&cx).await;
    reply::fetched(&cx, result)
}

/// Takes what was filled in.
pub(crate) async fn submit<K: Kind>(visit: Visit) -> Response<Body> {
    let (cx, form) = visit.form().await;
    let result = engine::submit::<K>(&cx, form).await;
    reply::flow(&cx, result).await
}

/// Goes on with what was filled in before signing in again.
pub(crate) async fn resume<K: Kind>(Visit { cx, .. }: Visit) -> Response<Body> {
    let result = engine::resume::<K>(&cx).await;
    reply::flow(&cx, result).await
}

/// Shows an error that sent a browser to the error page.
pub(crate) async fn error(Visit { cx, .. }: Visit) -> Response<Body> {
    let result = errors::fetch(&cx).await;
    reply::api(&cx, result)
}
