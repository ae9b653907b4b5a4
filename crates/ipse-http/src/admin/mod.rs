//! What the admin port answers, one file per part of the API.

pub(crate) mod courier;
pub(crate) mod identities;
pub(crate) mod recovery;
pub(crate) mod sessions;

use axum::body::Body;
use http::Response;
use ipse_core::flow::settings;

use crate::extract::Visit;
use crate::reply;

/// Reads a settings flow.
pub(crate) async fn settings_flow(Visit { cx, .. }: Visit) -> Response<Body> {
    let result = settings::read(&cx).await;
    reply::api(&cx, result)
}
