//! What came of a request becomes a response. This is the one place that decides about statuses, redirects and cookies.

use axum::body::Body;
use http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use ipse_core::error::Browser;
use ipse_core::flow::{Outcome, errors};
use ipse_core::identity::ListPage;
use ipse_core::{ApiError, Cx};
use serde_json::json;

use crate::cookies;

const ERROR_ID: HeaderName = HeaderName::from_static("ory-error-id");
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// When to try again while the database is away.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("5");

/// The answer of a self-service flow: JSON for programs; browsers that navigate are led on, even when it failed.
pub(crate) async fn flow(cx: &Cx, result: Result<Outcome, ApiError>) -> Response<Body> {
    if cx.wants_json() {
        return api(cx, result);
    }
    let response = match result {
        Ok(outcome) => page(outcome),
        Err(error) => browser_error(cx, &error).await,
    };
    finish(cx, response)
}

/// The answer to somebody who fetches something: JSON whoever asks, unless the error knows a better place for browsers.
pub(crate) fn fetched(cx: &Cx, result: Result<Outcome, ApiError>) -> Response<Body> {
    match result {
        Err(ApiError {
            browser: Browser::Redirect { to, status },
            ..
        }) if !cx.wants_json() => finish(cx, redirect(status, &to)),
        result => api(cx, result),
    }
}

/// The answer of an endpoint that speaks JSON only.
pub(crate) fn api(cx: &Cx, result: Result<Outcome, ApiError>) -> Response<Body> {
    finish(cx, result.map_or_else(|error| self::error(&error), body))
}

/// A JSON document that core has written.
pub(crate) fn document(cx: &Cx, result: Result<String, ApiError>) -> Response<Body> {
    finish(
        cx,
        result.map_or_else(
            |error| self::error(&error),
            |body| json(StatusCode::OK, body),
        ),
    )
}

/// 204 when something was done that leaves nothing to say.
pub(crate) fn done(cx: &Cx, result: Result<(), ApiError>) -> Response<Body> {
    finish(
        cx,
        result.map_or_else(|error| self::error(&error), |()| empty()),
    )
}

/// A page of a list, with links to its neighbours.
pub(crate) fn list(cx: &Cx, result: Result<ListPage, ApiError>) -> Response<Body> {
    let response = match result {
        Ok(page) => {
            let mut response = json(StatusCode::OK, page.body);
            header(response.headers_mut(), "link", &page.link);
            if let Some(total) = page.total {
                response
                    .headers_mut()
                    .insert("x-total-count", HeaderValue::from(total));
            }
            response
        }
        Err(error) => self::error(&error),
    };
    finish(cx, response)
}

/// Any answer, with the cookies that the request has changed.
pub(crate) fn finish(cx: &Cx, mut response: Response<Body>) -> Response<Body> {
    let changes = cx.jar.take_changes();
    cookies::write(
        response.headers_mut(),
        &changes,
        &cx.snapshot,
        (cx.random(), cx.now),
    );
    response
}

/// An error as JSON.
pub(crate) fn error(error: &ApiError) -> Response<Body> {
    let status =
        StatusCode::from_u16(error.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json(status, error.body().to_string());
    let id = error.id.and_then(|id| HeaderValue::from_str(id).ok());
    response
        .headers_mut()
        .insert(ERROR_ID, id.unwrap_or(HeaderValue::from_static("")));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, RETRY_SECONDS);
    }
    response
}

async fn browser_error(cx: &Cx, error: &ApiError) -> Response<Body> {
    if let Browser::Redirect { to, status } = &error.browser {
        return redirect(*status, to);
    }
    match errors::record(cx, error).await {
        Ok(page) => redirect(303, &page),
        // Not even the error can be kept. It is shown as it is.
        Err(_) => self::error(error),
    }
}

/// The outcome for programs.
fn body(outcome: Outcome) -> Response<Body> {
    match outcome {
        Outcome::Ready { body, .. } | Outcome::Fetched { body } | Outcome::Done { body, .. } => {
            json(StatusCode::OK, body)
        }
        Outcome::Again { body, .. } => json(StatusCode::BAD_REQUEST, body),
        Outcome::Leave { location } => error(&location_change(&location)),
        Outcome::Redirect { location } => redirect(303, &location),
        Outcome::Json(value) => json(StatusCode::OK, value.to_string()),
        Outcome::Empty => empty(),
    }
}

/// The outcome for browsers that navigate.
fn page(outcome: Outcome) -> Response<Body> {
    match outcome {
        Outcome::Ready { page, .. } => redirect(303, &page),
        Outcome::Again { page, status, .. } => redirect(status, &page),
        Outcome::Done { location, .. } | Outcome::Leave { location } => redirect(303, &location),
        outcome => body(outcome),
    }
}

fn location_change(location: &str) -> ApiError {
    ApiError::new(422, "browser location change required")
        .id("browser_location_change_required")
        .reason(format!("The flow goes on in the browser at: {location}"))
        .beside("redirect_browser_to", json!(location))
}

/// A JSON document.
pub(crate) fn json(status: StatusCode, body: impl Into<Body>) -> Response<Body> {
    with_type(status, JSON, body)
}

/// A page.
pub(crate) fn html(status: StatusCode, body: impl Into<Body>) -> Response<Body> {
    with_type(status, HTML, body)
}

/// Plain text.
pub(crate) fn text(status: StatusCode, body: &'static str) -> Response<Body> {
    let mut response = with_type(status, TEXT, body);
    let nosniff = HeaderValue::from_static("nosniff");
    response
        .headers_mut()
        .insert(http::header::X_CONTENT_TYPE_OPTIONS, nosniff);
    response
}

/// 204.
pub(crate) fn empty() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// A redirect. An address that no header can carry is our own mistake, and nothing the client could follow.
pub(crate) fn redirect(status: u16, location: &str) -> Response<Body> {
    let Ok(location) = HeaderValue::from_str(location) else {
        tracing::error!("an address to redirect to has characters that no header can carry");
        return error(&ApiError::new(500, "The address to go to is not usable"));
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::SEE_OTHER);
    response.headers_mut().insert(LOCATION, location);
    response
}

pub(crate) fn with_type(
    status: StatusCode,
    content_type: HeaderValue,
    body: impl Into<Body>,
) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// Adds a header whose value was made here and is known to be fine; others are left out.
pub(crate) fn header(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}
