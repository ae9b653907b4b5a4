//! Where a submission comes from: browsers prove that one of our forms was filled in, native clients that they are none.

use ipse_model::FlowClient;
use ipse_ui::text;

use super::{FlowError, Form};
use crate::cx::Cx;
use crate::error::ApiError;

/// Checks the origin of a submission.
///
/// # Errors
/// 403 `security_csrf_violation` for browsers; a message on the form for native clients that look like a browser.
pub fn check(cx: &Cx, client: FlowClient, form: &Form) -> Result<(), FlowError> {
    match client {
        FlowClient::Browser => check_token(cx, form.csrf_token()),
        FlowClient::Api => check_native(cx),
    }
}

fn check_token(cx: &Cx, token: &str) -> Result<(), FlowError> {
    if cx.jar.csrf().is_some_and(|secret| secret.verifies(token)) {
        return Ok(());
    }
    let why = if !cx.request.headers.contains_key(http::header::COOKIE) {
        "The request brought no cookies at all."
    } else if !cx.jar.has_csrf() {
        "The request brought cookies, but not the anti-CSRF cookie."
    } else {
        "The anti-CSRF cookie and the csrf_token that was sent do not belong together."
    };
    Err(violation().detail("reject_reason", why).into())
}

/// 403 `security_csrf_violation`.
#[must_use]
pub fn violation() -> ApiError {
    ApiError::new(403, "This may be a request that somebody else has forged")
        .id("security_csrf_violation")
        .reason(
            "The request does not prove that it comes from a form of this site. Please start again; if that does not \
             help, delete the cookies of this site first.",
        )
        .detail("hint", "Send the cookies of this site, and the value of the node csrf_token in the body.")
}

/// A browser sends cookies and, from scripts, an origin; a native flow must not be driven by one, as it has no CSRF check.
fn check_native(cx: &Cx) -> Result<(), FlowError> {
    let headers = &cx.request.headers;
    let reason = if headers.contains_key(http::header::ORIGIN) {
        "The request has an Origin header, so that it comes from a browser. This flow was started by a native client and \
         is not protected against forged requests; browsers have to use the browser flows."
    } else if headers.contains_key(http::header::COOKIE) {
        "The request has a Cookie header, so that it comes from a browser. This flow was started by a native client and \
         is not protected against forged requests; browsers have to use the browser flows."
    } else {
        return Ok(());
    };
    Err(FlowError::form(text::validation::generic(reason)))
}
