//! Sessions, for those whose they are.

use axum::body::Body;
use axum::extract::Path;
use http::{HeaderValue, Response, StatusCode};
use ipse_core::session;

use crate::extract::Visit;
use crate::reply;

/// Who is asking.
pub(crate) async fn whoami(Visit { cx, .. }: Visit) -> Response<Body> {
    let response = match session::whoami(&cx).await {
        Ok(answer) => {
            let mut response = reply::json(StatusCode::OK, answer.body);
            let headers = response.headers_mut();
            let mut buffer = ipse_model::Uuid::encode_buffer();
            let id = &*answer.identity_id.hyphenated().encode_lower(&mut buffer);
            reply::header(headers, "x-kratos-authenticated-identity-id", id);
            if let Some(seconds) = answer.cache_for {
                headers.insert("ory-session-cache-for", HeaderValue::from(seconds));
            }
            response
        }
        Err(error) => reply::error(&error),
    };
    reply::finish(&cx, response)
}

/// The caller's other sessions.
pub(crate) async fn list(Visit { cx, .. }: Visit) -> Response<Body> {
    let page = session::list_mine(&cx).await;
    reply::list(&cx, page)
}

/// Ends all other sessions of the caller.
pub(crate) async fn revoke_others(Visit { cx, .. }: Visit) -> Response<Body> {
    let result = session::revoke_others(&cx).await;
    reply::document(&cx, result.map(|count| format!(r#"{{"count":{count}}}"#)))
}

/// Ends another session of the caller.
pub(crate) async fn revoke(Path(id): Path<String>, Visit { cx, .. }: Visit) -> Response<Body> {
    let result = session::revoke_mine(&cx, &id).await;
    reply::done(&cx, result)
}

/// The session that a native client started in a browser.
pub(crate) async fn exchange(Visit { cx, .. }: Visit) -> Response<Body> {
    let result = session::exchange::exchange(&cx).await;
    reply::document(&cx, result)
}
