//! The page for errors that belong to no form.

use axum::body::Body;
use http::Response;
use ipse_core::flow::{Outcome, errors};

use super::{missing, page, problem, site};
use crate::extract::Visit;

/// Shows the error that the query names.
pub(super) async fn show(Visit { cx, .. }: Visit) -> Response<Body> {
    if cx.config().selfservice.flows.error.ui_url.is_some() {
        return missing();
    }
    match errors::fetch(&cx).await {
        Ok(Outcome::Json(kept)) => {
            let html = ipse_pages::render_error(&kept, &site::site(&cx));
            page(&cx, 200, html, &site::policy(&cx))
        }
        Ok(_) => missing(),
        Err(error) => problem(&cx, &error),
    }
}
