//! Identity schemas, as they were configured.

use axum::body::Body;
use axum::extract::Path;
use http::{Response, StatusCode};
use ipse_core::schema;

use crate::extract::Visit;
use crate::redirects::below;
use crate::reply;

/// Lists the schemas.
pub(crate) async fn list(Visit { cx, .. }: Visit) -> Response<Body> {
    let path = below(&cx.request.url, &cx.snapshot.public_base_url);
    let path = path.split('?').next().unwrap_or_default();
    let page = schema::list::list(&cx, &format!("/{path}"));
    reply::list(&cx, Ok(page))
}

/// Shows a schema.
pub(crate) async fn get(Path(id): Path<String>, Visit { cx, .. }: Visit) -> Response<Body> {
    let response = match schema::list::find(&cx.snapshot.schemas, &id) {
        Ok(schema) => reply::json(StatusCode::OK, schema.raw.as_str().to_owned()),
        Err(error) => reply::error(&error),
    };
    reply::finish(&cx, response)
}
