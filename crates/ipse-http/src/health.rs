//! Whether the server lives, can work, and what it is.

use axum::body::Body;
use axum::extract::State;
use http::{Response, StatusCode};
use serde_json::json;

use crate::door::Gate;
use crate::reply;

/// The process answers.
pub(crate) async fn alive() -> Response<Body> {
    reply::json(StatusCode::OK, r#"{"status":"ok"}"#)
}

/// The database answers, too.
pub(crate) async fn ready(State(gate): State<Gate>) -> Response<Body> {
    match gate.app.store.health().await {
        Ok(()) => reply::json(StatusCode::OK, r#"{"status":"ok"}"#),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            let body = json!({ "errors": { "database": "The database does not answer." } });
            reply::json(StatusCode::SERVICE_UNAVAILABLE, body.to_string())
        }
    }
}

/// Which state of the configuration is in force, for those who have just changed it and wait.
pub(crate) async fn config(State(gate): State<Gate>) -> Response<Body> {
    let snapshot = gate.app.snapshot();
    let body = json!({ "revision": snapshot.config.revision, "status": "ok" });
    reply::json(StatusCode::OK, body.to_string())
}

/// The version of this program.
pub(crate) async fn version() -> Response<Body> {
    let body = json!({ "version": concat!("v", env!("CARGO_PKG_VERSION")) });
    reply::json(StatusCode::OK, body.to_string())
}
