//! The page of a flow.

use axum::body::Body;
use http::Response;
use ipse_core::error::Browser;
use ipse_core::flow::{Kind, Outcome, engine};
use ipse_core::{ApiError, Cx};
use ipse_model::FlowName;
use ipse_pages::{FlowView, PageKind};

use super::{home, missing, page, problem, site};
use crate::extract::Visit;
use crate::reply;

/// Shows the flow that the query names. Without one, or when it is gone, a new flow is started.
pub(super) async fn show<K: Kind>(Visit { mut cx, .. }: Visit) -> Response<Body> {
    if !site::own::<K>(cx.config()) {
        return missing();
    }
    let Some(id) = cx.request.query("flow").map(str::to_owned) else {
        return begin::<K>(&cx);
    };
    cx.request.query.insert(0, ("id".to_owned(), id));
    match engine::fetch::<K>(&cx).await {
        Ok(Outcome::Fetched { body }) => match serde_json::from_str::<FlowView>(&body) {
            Ok(view) => {
                let kind = kind::<K>();
                let mut site = site::site(&cx);
                if view.signs_out(kind) {
                    site.logout = home::logout_address(&cx).await;
                }
                let html = ipse_pages::render_flow(kind, &view, &site);
                page(&cx, 200, html, &site::policy(&cx))
            }
            Err(error) => problem(&cx, &ApiError::internal(&error)),
        },
        Ok(_) => begin::<K>(&cx),
        Err(error) => failed::<K>(&cx, &error),
    }
}

/// Starts a flow with the same query, such as where to return to.
fn begin<K: Kind>(cx: &Cx) -> Response<Body> {
    let start = site::start::<K>(cx);
    match cx.request.url.split_once('?') {
        Some((_, query)) => reply::redirect(303, &format!("{start}?{query}")),
        None => reply::redirect(303, &start),
    }
}

/// A flow that is gone is replaced. One that belongs to another browser is not: where cookies are switched off, every new
/// one would fail the same way.
fn failed<K: Kind>(cx: &Cx, error: &ApiError) -> Response<Body> {
    match &error.browser {
        _ if matches!(error.status, 404 | 410) => {
            reply::finish(cx, reply::redirect(303, &site::start::<K>(cx)))
        }
        Browser::Redirect { to, .. } => reply::finish(cx, reply::redirect(303, to)),
        Browser::ErrorPage => problem(cx, error),
    }
}

fn kind<K: Kind>() -> PageKind {
    match K::NAME {
        FlowName::Login => PageKind::Login,
        FlowName::Registration => PageKind::Registration,
        FlowName::Settings => PageKind::Settings,
        FlowName::Verification => PageKind::Verification,
        FlowName::Recovery => PageKind::Recovery,
    }
}
