//! Signing out.

use axum::body::Body;
use http::Response;
use ipse_core::flow::logout;

use crate::extract::Visit;
use crate::reply;

/// Makes the link that signs a browser out.
pub(crate) async fn create_browser(Visit { cx, .. }: Visit) -> Response<Body> {
    let result = logout::create_browser(&cx).await;
    reply::flow(&cx, result).await
}

/// Signs a browser out by that link.
pub(crate) async fn submit_browser(Visit { cx, .. }: Visit) -> Response<Body> {
    let result = logout::submit_browser(&cx).await;
    reply::flow(&cx, result).await
}

/// Signs a native client out by its token.
pub(crate) async fn submit_api(visit: Visit) -> Response<Body> {
    let (cx, form) = visit.form().await;
    let result = logout::submit_api(&cx, form).await;
    reply::api(&cx, result)
}
