//! The whole API: which paths there are on which port, and who answers them.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::routing::{MethodRouter, any, delete, get, patch, post};
use http::{Response, StatusCode};
use ipse_core::App;
use ipse_core::flow::{Kind, Login, Recovery, Registration, Settings, Verification};

use crate::admin::{courier, identities, recovery, sessions as all_sessions, settings_flow};
use crate::door::{Door, Gate, Port};
use crate::public::{flows, logout, oidc, schemas, sessions};
use crate::redirects::{to_admin, to_public};
use crate::{health, metrics, pages, reply};

/// The API for everybody.
#[must_use]
pub fn public(app: Arc<App>) -> Door {
    let router = Router::new()
        .merge(flow::<Login>())
        .merge(flow::<Registration>())
        .merge(flow::<Settings>())
        .merge(flow::<Recovery>())
        .merge(flow::<Verification>())
        .route("/self-service/logout", get(logout::submit_browser))
        .route("/self-service/logout/browser", get(logout::create_browser))
        .route("/self-service/logout/api", delete(logout::submit_api))
        .route("/self-service/errors", get(flows::error))
        .route(
            "/self-service/methods/oidc/callback",
            get(oidc::callback).post(oidc::posted),
        )
        .route(
            "/self-service/methods/oidc/callback/{provider}",
            get(oidc::callback_of).post(oidc::posted),
        )
        .route(
            "/self-service/methods/oidc/organization/{organization}/callback/{provider}",
            get(oidc::callback_of_organization).post(oidc::posted),
        )
        .route(
            "/self-service/fed-cm/parameters",
            get(oidc::fedcm_parameters),
        )
        .route("/self-service/fed-cm/token", post(oidc::fedcm_token))
        .route(
            "/sessions",
            get(sessions::list).delete(sessions::revoke_others),
        )
        .route("/sessions/whoami", any(sessions::whoami))
        .route("/sessions/token-exchange", get(sessions::exchange))
        .route("/sessions/{id}", delete(sessions::revoke))
        .route("/schemas", get(schemas::list))
        .route("/schemas/{id}", get(schemas::get))
        .route("/admin/schemas", get(schemas::list))
        .route("/admin/schemas/{id}", get(schemas::get))
        .route("/health/alive", get(health::alive))
        .route("/health/ready", get(health::ready))
        .merge(pages::router())
        .merge(admin_redirects("/admin"))
        .merge(admin_redirects(""))
        .route("/admin/courier/messages", get(to_admin))
        .route("/admin/courier/messages/{id}", get(to_admin))
        .route("/recovery/code", post(to_admin))
        .route("/recovery/link", post(to_admin));
    finished(
        router,
        Gate {
            app,
            port: Port::Public,
        },
    )
}

/// The API for administrators. All its paths can have `/admin` in front; see [`crate::door`].
#[must_use]
pub fn admin(app: Arc<App>) -> Door {
    let router = Router::new()
        .route(
            "/identities",
            get(identities::list)
                .post(identities::create)
                .patch(identities::batch),
        )
        .route(
            "/identities/{id}",
            get(identities::get)
                .put(identities::update)
                .patch(identities::patch)
                .delete(identities::delete),
        )
        .route(
            "/identities/by/external/{id}",
            get(identities::get_by_external_id),
        )
        .route(
            "/identities/{id}/credentials/{type}",
            delete(identities::delete_credential),
        )
        .route(
            "/identities/{id}/sessions",
            get(all_sessions::list_of_identity).delete(all_sessions::revoke_of_identity),
        )
        .route("/sessions", get(all_sessions::list).delete(to_public))
        .route(
            "/sessions/{id}",
            get(all_sessions::get).delete(all_sessions::revoke),
        )
        .route("/sessions/{id}/extend", patch(all_sessions::extend))
        .route("/sessions/whoami", get(to_public))
        .route("/sessions/token-exchange", get(to_public))
        .route("/recovery/code", post(recovery::create_code))
        .route("/recovery/link", post(recovery::create_link))
        .route("/courier/messages", get(courier::list))
        .route("/courier/messages/{id}", get(courier::get))
        .route("/health/alive", get(health::alive))
        .route("/health/ready", get(health::ready))
        .route("/health/config", get(health::config))
        .route("/version", get(health::version))
        .route(metrics::PATH, get(metrics::show))
        .merge(flow_redirects())
        .route("/self-service/logout", get(to_public))
        .route("/self-service/logout/browser", get(to_public))
        .route("/self-service/logout/api", delete(to_public))
        .route("/self-service/errors", get(to_public))
        .route("/schemas", get(to_public))
        .route("/schemas/{id}", get(to_public));
    finished(
        router,
        Gate {
            app,
            port: Port::Admin,
        },
    )
}

/// The paths of one self-service flow.
fn flow<K: Kind>() -> Router<Gate> {
    let path = |rest: &str| format!("/self-service/{}{rest}", K::NAME.as_str());
    Router::new()
        .route(&path("/browser"), get(flows::create_browser::<K>))
        .route(&path("/api"), get(flows::create_native::<K>))
        .route(&path("/flows"), get(flows::fetch::<K>))
        .route(&path(""), get(flows::resume::<K>).post(flows::submit::<K>))
}

/// The admin API on the public port: whoever asks there is told where it is.
fn admin_redirects(prefix: &str) -> Router<Gate> {
    let path = |rest: &str| format!("{prefix}/identities{rest}");
    let one: MethodRouter<Gate> = get(to_admin).put(to_admin).patch(to_admin).delete(to_admin);
    Router::new()
        .route(&path(""), get(to_admin).post(to_admin))
        .route(&path("/{id}"), one)
        .route(&path("/by/external/{id}"), get(to_admin))
        .route(&path("/{id}/credentials/{type}"), delete(to_admin))
        .route(&path("/{id}/sessions"), get(to_admin).delete(to_admin))
}

/// The self-service flows on the admin port. Only settings flows can be read here, without credentials.
fn flow_redirects() -> Router<Gate> {
    [
        "login",
        "registration",
        "settings",
        "verification",
        "recovery",
    ]
    .iter()
    .fold(
        Router::new().route("/self-service/settings/flows", get(settings_flow)),
        |router, flow| {
            let path = |rest: &str| format!("/self-service/{flow}{rest}");
            let router = router
                .route(&path("/browser"), get(to_public))
                .route(&path("/api"), get(to_public))
                .route(&path(""), get(to_public).post(to_public));
            if *flow == "settings" {
                router
            } else {
                router.route(&path("/flows"), get(to_public))
            }
        },
    )
}

pub(crate) fn finished(router: Router<Gate>, gate: Gate) -> Door {
    let router = router
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(gate.clone());
    Door::new(router, gate)
}

async fn not_found() -> Response<Body> {
    reply::text(StatusCode::NOT_FOUND, "404 page not found\n")
}

async fn method_not_allowed() -> Response<Body> {
    reply::text(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed\n")
}
