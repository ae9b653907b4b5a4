//! Everybody's identities.

use axum::body::Body;
use axum::extract::Path;
use http::{Response, StatusCode};
use ipse_core::identity::admin;

use crate::extract::Visit;
use crate::reply;

/// Creates an identity.
pub(crate) async fn create(visit: Visit) -> Response<Body> {
    let (cx, body) = visit.bytes().await;
    let result = match body {
        Ok(body) => admin::create(&cx, &body).await,
        Err(error) => Err(error),
    };
    let response = match result {
        Ok(created) => {
            let mut response = reply::json(StatusCode::CREATED, created.body);
            let address = format!("{}identities/{}", cx.snapshot.admin_base_url, created.id);
            reply::header(response.headers_mut(), "location", &address);
            response
        }
        Err(error) => reply::error(&error),
    };
    reply::finish(&cx, response)
}

/// Creates or changes many identities.
pub(crate) async fn batch(visit: Visit) -> Response<Body> {
    let (cx, body) = visit.bytes().await;
    let result = match body {
        Ok(body) => admin::batch(&cx, &body).await,
        Err(error) => Err(error),
    };
    reply::document(&cx, result)
}

/// Lists identities.
pub(crate) async fn list(Visit { cx, .. }: Visit) -> Response<Body> {
    let page = admin::list(&cx).await;
    reply::list(&cx, page)
}

/// Shows an identity.
pub(crate) async fn get(Path(id): Path<String>, Visit { cx, .. }: Visit) -> Response<Body> {
    let result = admin::get(&cx, &id).await;
    reply::document(&cx, result)
}

/// Shows an identity by the name that another system has given it.
pub(crate) async fn get_by_external_id(
    Path(id): Path<String>,
    Visit { cx, .. }: Visit,
) -> Response<Body> {
    let result = admin::get_by_external_id(&cx, &id).await;
    reply::document(&cx, result)
}

/// Replaces an identity.
pub(crate) async fn update(Path(id): Path<String>, visit: Visit) -> Response<Body> {
    let (cx, body) = visit.bytes().await;
    let result = match body {
        Ok(body) => admin::update(&cx, &id, &body).await,
        Err(error) => Err(error),
    };
    reply::document(&cx, result)
}

/// Changes parts of an identity.
pub(crate) async fn patch(Path(id): Path<String>, visit: Visit) -> Response<Body> {
    let (cx, body) = visit.bytes().await;
    let result = match body {
        Ok(body) => admin::patch(&cx, &id, &body).await,
        Err(error) => Err(error),
    };
    reply::document(&cx, result)
}

/// Deletes an identity.
pub(crate) async fn delete(Path(id): Path<String>, Visit { cx, .. }: Visit) -> Response<Body> {
    let result = admin::delete(&cx, &id).await;
    reply::done(&cx, result)
}

/// Deletes a credential of an identity.
pub(crate) async fn delete_credential(
    Path((id, kind)): Path<(String, String)>,
    Visit { cx, .. }: Visit,
) -> Response<Body> {
    let result = admin::delete_credential(&cx, &id, &kind).await;
    reply::done(&cx, result)
}
