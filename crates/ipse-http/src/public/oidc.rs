//! Where social sign-in providers send browsers back to.

use axum::body::Body;
use axum::extract::Path;
use http::Response;
use ipse_core::method::oidc;

use crate::extract::Visit;
use crate::reply;

/// The way back that all providers share.
pub(crate) async fn callback(Visit { cx, .. }: Visit) -> Response<Body> {
    let result = oidc::callback(&cx, None).await;
    reply::flow(&cx, result).await
}

/// The way back of one provider.
pub(crate) async fn callback_of(
    Path(provider): Path<String>,
    Visit { cx, .. }: Visit,
) -> Response<Body> {
    let result = oidc::callback(&cx, Some(&provider)).await;
    reply::flow(&cx, result).await
}

/// The way back of one provider that belongs to an organization.
pub(crate) async fn callback_of_organization(
    Path((_, provider)): Path<(String, String)>,
    Visit { cx, .. }: Visit,
) -> Response<Body> {
    let result = oidc::callback(&cx, Some(&provider)).await;
    reply::flow(&cx, result).await
}

/// What pages ask a browser for tokens with.
pub(crate) async fn fedcm_parameters(Visit { cx, .. }: Visit) -> Response<Body> {
    let result = oidc::fedcm_parameters(&cx);
    reply::document(&cx, result)
}

/// A token that a browser has from a provider.
pub(crate) async fn fedcm_token(visit: Visit) -> Response<Body> {
    let (cx, form) = visit.form().await;
    let result = oidc::fedcm_token(&cx, form).await;
    reply::flow(&cx, result).await
}

/// Some providers have the browser send a form. Coming from another site it lacks our cookies, so that it has to come again.
pub(crate) async fn posted(visit: Visit) -> Response<Body> {
    let (cx, form) = visit.form().await;
    let here = cx
        .request
        .url
        .split(['?', '#'])
        .next()
        .unwrap_or_default()
        .to_owned();
    let fields = form.map(|form| form.fields).unwrap_or_default();
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in &fields {
        if let Some(value) = value.as_str() {
            query.append_pair(name, value);
        }
    }
    reply::finish(
        &cx,
        reply::redirect(302, &format!("{here}?{}", query.finish())),
    )
}
