//! The landing page: who is signed in, and where.

use axum::body::Body;
use http::Response;
use ipse_core::flow::{Login, Outcome, logout};
use ipse_core::{ApiError, Cx, session};
use ipse_pages::{HomeView, SessionView};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{missing, page, problem, site};
use crate::extract::Visit;

/// Shows the session of this browser, or where to sign in.
pub(super) async fn show(Visit { cx, .. }: Visit) -> Response<Body> {
    if !site::own::<Login>(cx.config()) {
        return missing();
    }
    match view(&cx).await {
        Ok(view) => {
            let mut site = site::site(&cx);
            if view.session.is_some() {
                site.logout = logout_address(&cx).await;
            }
            page(
                &cx,
                200,
                ipse_pages::render_home(&view, &site),
                &site::policy(&cx),
            )
        }
        Err(error) => problem(&cx, &error),
    }
}

async fn view(cx: &Cx) -> Result<HomeView, ApiError> {
    let mails = cx.config().dev.then(|| cx.public_url("dev/mails"));
    let current = match session::whoami(cx).await {
        Ok(answer) => Some(parse::<SessionView>(&answer.body)?),
        // Nobody is signed in, or not far enough.
        Err(ApiError {
            status: 401 | 403, ..
        }) => None,
        Err(error) => return Err(error),
    };
    let others = match current {
        Some(_) => parse(&session::list_mine(cx).await?.body)?,
        None => Vec::new(),
    };
    Ok(HomeView {
        session: current,
        others,
        mails,
    })
}

/// Where somebody who is signed in signs out.
pub(super) async fn logout_address(cx: &Cx) -> Option<String> {
    match logout::create_browser(cx).await {
        Ok(Outcome::Json(answer)) => answer
            .get("logout_url")
            .and_then(Value::as_str)
            .map(str::to_owned),
        Ok(_) | Err(_) => None,
    }
}

fn parse<T: DeserializeOwned>(body: &str) -> Result<T, ApiError> {
    serde_json::from_str(body).map_err(|error| ApiError::internal(&error))
}
