//! Signing out: by a link with a token for browsers, by the session token for native clients.

use serde_json::json;

use super::{Form, FormProblem, Outcome, return_to, with_query};
use crate::cx::Cx;
use crate::error::ApiError;
use crate::session;

/// Makes the link that signs this browser out. Only a page of this site can get it, so it needs no CSRF token.
///
/// # Errors
/// 401 without a session; 400 when `return_to` isn't allowed.
pub async fn create_browser(cx: &Cx) -> Result<Outcome, ApiError> {
    let Some(authenticated) = session::authenticate(cx).await? else {
        return Err(session::inactive());
    };
    return_to::check(cx, return_to::asked(cx))?;
    let token = session::logout_token(cx, &authenticated.token);
    let mut address = with_query(&cx.public_url("self-service/logout"), "token", &token);
    if let Some(to) = cx.request.query("return_to").filter(|to| !to.is_empty()) {
        address = with_query(&address, "return_to", to);
    }
    Ok(Outcome::Json(
        json!({ "logout_url": address, "logout_token": token }),
    ))
}

/// Signs a browser out.
///
/// # Errors
/// 400 without a token, 403 when the token is not that of this browser's session.
pub async fn submit_browser(cx: &Cx) -> Result<Outcome, ApiError> {
    let token = cx
        .request
        .query("token")
        .filter(|token| !token.is_empty())
        .ok_or_else(|| {
            ApiError::bad_request("The address has to carry the logout token: ?token=…")
        })?;
    if let Some(authenticated) = session::authenticate(cx).await? {
        if !session::is_logout_token(cx, &authenticated.token, token) {
            return Err(ApiError::forbidden(
                "The token is not that of the session in the cookie. Please sign out again.",
            ));
        }
        cx.store().revoke_session(authenticated.session.id).await?;
    }
    cx.jar.clear_session();
    cx.jar.rotate_csrf(cx.random());
    let after = &cx.config().selfservice.flows.logout.after;
    let to = cx.request.query("return_to").filter(|to| !to.is_empty());
    let location = return_to::after(cx, to, &[after.default_browser_return_url.as_ref()])?;
    Ok(if cx.request.wants_json() {
        Outcome::Empty
    } else {
        Outcome::Redirect { location }
    })
}

/// Signs a native client out. A session that has ended already is fine.
///
/// # Errors
/// 400 without a body, 403 for a token that never was one.
pub async fn submit_api(cx: &Cx, form: Result<Form, FormProblem>) -> Result<Outcome, ApiError> {
    let form = form.map_err(|problem| ApiError::bad_request(problem.to_string()))?;
    let token = form.text("session_token").unwrap_or_default();
    match cx.store().authenticate(&session::hash(&token)).await? {
        Some(found) => {
            cx.store().revoke_session(found.session.id).await?;
            Ok(Outcome::Empty)
        }
        None => Err(ApiError::forbidden(
            "This is no session token of this server.",
        )),
    }
}
