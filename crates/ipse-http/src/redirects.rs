//! Requests that came to the wrong port are told the right one, and are sent there unchanged (307).

use axum::body::Body;
use http::Response;

use crate::extract::Visit;
use crate::reply;

/// To the admin API.
pub(crate) async fn to_admin(visit: Visit) -> Response<Body> {
    let cx = visit.cx;
    let path = below(&cx.request.url, &cx.snapshot.public_base_url);
    let path = path.strip_prefix("admin/").unwrap_or(path);
    reply::redirect(307, &format!("{}admin/{path}", cx.snapshot.admin_base_url))
}

/// To the public API.
pub(crate) async fn to_public(visit: Visit) -> Response<Body> {
    let cx = visit.cx;
    let path = below(&cx.request.url, &cx.snapshot.admin_base_url);
    let path = path.strip_prefix("admin/").unwrap_or(path);
    reply::redirect(307, &cx.public_url(path))
}

/// What follows the base URL in an address.
pub(crate) fn below<'a>(url: &'a str, base: &str) -> &'a str {
    url.strip_prefix(base).unwrap_or(url)
}
