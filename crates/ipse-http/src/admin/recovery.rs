//! Recovery on behalf of an administrator.

use axum::body::Body;
use http::Response;
use ipse_core::flow::recovery::admin;

use crate::extract::Visit;
use crate::reply;

/// Makes a recovery code.
pub(crate) async fn create_code(visit: Visit) -> Response<Body> {
    let (cx, body) = visit.bytes().await;
    let created = match body {
        Ok(body) => admin::create_code(&cx, &body).await,
        Err(error) => Err(error),
    };
    answer(&cx, created)
}

/// Makes a recovery link.
pub(crate) async fn create_link(visit: Visit) -> Response<Body> {
    let (cx, body) = visit.bytes().await;
    let created = match body {
        Ok(body) => admin::create_link(&cx, &body).await,
        Err(error) => Err(error),
    };
    answer(&cx, created)
}

fn answer(
    cx: &ipse_core::Cx,
    created: Result<admin::Created, ipse_core::ApiError>,
) -> Response<Body> {
    let response = match created {
        Ok(created) => reply::json(created.status, created.body),
        Err(error) => reply::error(&error),
    };
    reply::finish(cx, response)
}
