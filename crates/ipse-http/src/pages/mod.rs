//! The built-in account pages, for flows whose `ui_url` is not configured. They see what any other client would see of a
//! flow, and get it the same way, only without a detour over the network.

mod error;
mod flow;
mod home;
mod mails;
mod site;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::header::{REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use ipse_core::flow::{Login, Recovery, Registration, Settings, Verification};
use ipse_core::method::webauthn::SCRIPT;
use ipse_core::{ApiError, Cx};

use crate::door::Gate;
use crate::extract::Visit;
use crate::reply;

/// All pages.
pub(crate) fn router() -> Router<Gate> {
    Router::new()
        .route("/", get(home::show))
        .route("/ui/login", get(flow::show::<Login>))
        .route("/ui/registration", get(flow::show::<Registration>))
        .route("/ui/settings", get(flow::show::<Settings>))
        .route("/ui/verification", get(flow::show::<Verification>))
        .route("/ui/recovery", get(flow::show::<Recovery>))
        .route("/ui/error", get(error::show))
        .route("/ui/assets/{name}", get(asset))
        .route("/dev/mails", get(mails::list))
        .route("/dev/mails/{id}", get(mails::get))
        .route("/.well-known/change-password", get(change_password))
        .route("/.well-known/ory/webauthn.js", get(webauthn_script))
}

/// Where password managers look for the page that changes a password.
async fn change_password(Visit { cx, .. }: Visit) -> Response<Body> {
    if !site::own::<Settings>(cx.config()) {
        return missing();
    }
    reply::redirect(303, &cx.public_url("self-service/settings/browser"))
}

/// The script that joins forms with the browser's functions for security keys and passkeys. Nodes name it together with the
/// hash of its content.
async fn webauthn_script() -> Response<Body> {
    let mut response = Response::new(Body::from(SCRIPT));
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/javascript; charset=UTF-8"),
    );
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// A stylesheet, script or icon.
async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response<Body> {
    let Some(asset) = ipse_pages::asset(&name) else {
        return missing();
    };
    let known = headers
        .get(IF_NONE_MATCH)
        .is_some_and(|tag| tag.as_bytes() == asset.etag.as_bytes());
    let mut response = Response::new(match known {
        true => Body::empty(),
        false => Body::from(bytes::Bytes::from(asset.bytes.into_owned())),
    });
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    // A page and its files belong together, so that browsers ask whether a file is still the same.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, no-cache"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    reply::header(headers, ETAG.as_str(), &asset.etag);
    response
}

/// A page with the headers that keep it safe.
fn page(cx: &Cx, status: u16, html: String, policy: &str) -> Response<Body> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = reply::html(status, html);
    let headers = response.headers_mut();
    reply::header(headers, CONTENT_SECURITY_POLICY.as_str(), policy);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Addresses of pages have the ids of flows in them, which are nobody else's business.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    reply::finish(cx, response)
}

/// A page that says what went wrong.
fn problem(cx: &Cx, error: &ApiError) -> Response<Body> {
    let html = ipse_pages::render_error(&error.body(), &site::site(cx));
    page(cx, error.status, html, &site::policy(cx))
}

fn missing() -> Response<Body> {
    reply::text(StatusCode::NOT_FOUND, "404 page not found\n")
}
