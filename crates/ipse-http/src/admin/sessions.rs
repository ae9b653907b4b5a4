//! Everybody's sessions.

use axum::body::Body;
use axum::extract::Path;
use http::Response;
use http::header::CONTENT_TYPE;
use ipse_core::session::admin;

use crate::extract::Visit;
use crate::reply;

/// All sessions.
pub(crate) async fn list(Visit { cx, .. }: Visit) -> Response<Body> {
    let page = admin::list(&cx).await;
    reply::list(&cx, page)
}

/// One session.
pub(crate) async fn get(Path(id): Path<String>, Visit { cx, .. }: Visit) -> Response<Body> {
    let result = admin::get(&cx, &id).await;
    reply::document(&cx, result)
}

/// Ends a session. The answer names a content type although it has no content, as clients are used to.
pub(crate) async fn revoke(Path(id): Path<String>, Visit { cx, .. }: Visit) -> Response<Body> {
    let result = admin::revoke(&cx, &id).await;
    let mut response = reply::done(&cx, result);
    reply::header(
        response.headers_mut(),
        CONTENT_TYPE.as_str(),
        "application/json; charset=utf-8",
    );
    response
}

/// Makes a session last longer. What is answered is up to a feature flag: the session, or nothing.
pub(crate) async fn extend(Path(id): Path<String>, Visit { cx, .. }: Visit) -> Response<Body> {
    match admin::extend(&cx, &id).await {
        Ok(None) => reply::done(&cx, Ok(())),
        Ok(Some(session)) => reply::document(&cx, Ok(session)),
        Err(error) => reply::document(&cx, Err(error)),
    }
}

/// The sessions of one identity.
pub(crate) async fn list_of_identity(
    Path(id): Path<String>,
    Visit { cx, .. }: Visit,
) -> Response<Body> {
    let page = admin::list_of_identity(&cx, &id).await;
    reply::list(&cx, page)
}

/// Deletes the sessions of one identity.
pub(crate) async fn revoke_of_identity(
    Path(id): Path<String>,
    Visit { cx, .. }: Visit,
) -> Response<Body> {
    let result = admin::revoke_of_identity(&cx, &id).await;
    reply::done(&cx, result)
}
