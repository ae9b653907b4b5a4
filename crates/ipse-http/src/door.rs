//! What happens to every request, whatever its path: CORS, protection against forgery, routing, caching headers, panics.
//!
//! One service does it all instead of a layer each, because `whoami` and health checks are asked so often that layers
//! would cost more than the answers.

use std::convert::Infallible;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use http::header::{ALLOW, CACHE_CONTROL, ORIGIN, SET_COOKIE, VARY};
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri};
use ipse_core::csrf::CsrfSecret;
use ipse_core::{ApiError, App};
use tower::Service;
use tracing::Instrument;

use crate::extract::{self, Original};
use crate::{cookies, cors, csrf, metrics, reply};

const NOT_CACHED: HeaderValue =
    HeaderValue::from_static("private, no-cache, no-store, must-revalidate");

/// Which of the two ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// For everybody.
    Public,
    /// For administrators.
    Admin,
}

/// What handlers know: the server, and the port they answer on.
#[derive(Clone)]
pub struct Gate {
    /// The server.
    pub app: Arc<App>,
    /// The port.
    pub port: Port,
}

/// The API of one port, as a service that can be called or listened with.
#[derive(Clone)]
pub struct Door {
    router: Router,
    gate: Gate,
}

type Answer = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

impl Service<Request<Body>> for Door {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let door = self.clone();
        Box::pin(async move { Ok(door.answer(request).await) })
    }
}

impl Door {
    pub(crate) fn new(router: Router, gate: Gate) -> Self {
        Self { router, gate }
    }

    /// Answers one request.
    pub async fn answer(self, request: Request<Body>) -> Response<Body> {
        let logged = self.is_logged(request.uri().path());
        let (app, port) = (Arc::clone(&self.gate.app), self.gate.port);
        let route = metrics::route(request.uri().path());
        let span = tracing::info_span!(
            "request",
            id = format_args!("{:016x}", u64::from_le_bytes(self.gate.app.random.bytes())),
            method = %request.method(),
            path = request.uri().path(),
        );
        let answer = guarded(self.checked(request))
            .instrument(span.clone())
            .await;
        let requests = match port {
            Port::Public => &app.metrics.public,
            Port::Admin => &app.metrics.admin,
        };
        requests.answered(route, answer.status().as_u16());
        if logged {
            let _entered = span.enter();
            tracing::info!(status = answer.status().as_u16(), "answered");
        }
        answer
    }

    /// Health checks come every few seconds, and can be left out of the log.
    fn is_logged(&self, path: &str) -> bool {
        let serve = &self.gate.app.snapshot().config.serve;
        let log = match self.gate.port {
            Port::Public => &serve.public.request_log,
            Port::Admin => &serve.admin.request_log,
        };
        !(log.disable_for_health && path.ends_with("/health/ready"))
    }

    async fn checked(self, request: Request<Body>) -> Response<Body> {
        let snapshot = self.gate.app.snapshot();
        let cors = &snapshot.config.serve.public.cors;
        if self.gate.port == Port::Admin || !cors.enabled {
            return self.unforged(request).await;
        }
        let preflight = cors::is_preflight(request.method(), request.headers());
        if preflight && !cors.options_passthrough {
            let mut response = reply::empty();
            *response.headers_mut() = cors::preflight(cors, request.headers());
            return response;
        }
        let (method, origin) = (
            request.method().clone(),
            request.headers().get(ORIGIN).cloned(),
        );
        let mut response = self.unforged(request).await;
        cors::grant(cors, (&method, origin.as_ref()), response.headers_mut());
        response
    }

    /// On the public port, requests of paths that don't look after themselves need the anti-CSRF token, and their answers
    /// set its cookie when there is none yet.
    async fn unforged(self, mut request: Request<Body>) -> Response<Body> {
        let method = request.method().clone();
        let lacks_cookie = extract::lacks_csrf(&self.gate, request.uri().path(), request.headers());
        let guarded = self.gate.port == Port::Public
            && csrf::changes_something(&method)
            && !csrf::is_exempt(request.uri().path());
        let mut response = if guarded {
            match self.check_token(request).await {
                Ok(checked) => {
                    request = checked;
                    self.route(request).await
                }
                Err(error) => reply::error(&error),
            }
        } else {
            self.route(request).await
        };
        self.dress(&method, &mut response);
        if lacks_cookie && !sets_csrf(response.headers()) {
            let secret = CsrfSecret::generate(&self.gate.app.random);
            let cookie = cookies::csrf_cookie(&self.gate.app.snapshot(), secret);
            cookies::append(response.headers_mut(), &cookie);
        }
        response
    }

    /// Reads the token from header or body. Nothing behind such paths takes a body, so that it needn't be kept.
    async fn check_token(&self, request: Request<Body>) -> Result<Request<Body>, ApiError> {
        let (parts, body) = request.into_parts();
        let secret = cookies::csrf(&self.gate.app.snapshot(), &parts.headers);
        let token = extract::csrf_token(&parts.method, &parts.headers, body).await;
        csrf::check(&parts.headers, secret, token.as_deref())?;
        Ok(Request::from_parts(parts, Body::empty()))
    }

    async fn route(&self, mut request: Request<Body>) -> Response<Body> {
        if self.gate.port == Port::Admin {
            drop_prefix(&mut request);
        }
        let mut response = match self.router.clone().call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        sort_allowed(response.headers_mut());
        response
    }

    /// The headers of every answer.
    fn dress(&self, method: &Method, response: &mut Response<Body>) {
        let headers = response.headers_mut();
        if *method == Method::GET && !headers.contains_key(CACHE_CONTROL) {
            headers.insert(CACHE_CONTROL, NOT_CACHED);
        }
        if self.gate.port == Port::Public {
            headers.append(VARY, HeaderValue::from_static("Cookie"));
        }
    }
}

/// The admin API answers with and without `/admin` in front.
fn drop_prefix(request: &mut Request<Body>) {
    let Some(rest) = request
        .uri()
        .path_and_query()
        .and_then(|path| path.as_str().strip_prefix("/admin"))
        .filter(|rest| rest.starts_with('/'))
    else {
        return;
    };
    if let Ok(uri) = rest.parse::<Uri>() {
        let original = std::mem::replace(request.uri_mut(), uri);
        request.extensions_mut().insert(Original(original));
    }
}

/// `Allow` in the order of the alphabet.
fn sort_allowed(headers: &mut HeaderMap) {
    let Some(allowed) = headers.get(ALLOW).and_then(|value| value.to_str().ok()) else {
        return;
    };
    let mut methods: Vec<&str> = allowed.split(',').map(str::trim).collect();
    methods.sort_unstable();
    if let Ok(sorted) = HeaderValue::from_str(&methods.join(", ")) {
        headers.insert(ALLOW, sorted);
    }
}

fn sets_csrf(headers: &HeaderMap) -> bool {
    headers
        .get_all(SET_COOKIE)
        .iter()
        .any(|cookie| cookie.as_bytes().starts_with(b"csrf_token_"))
}

/// Turns a panic into an answer, so that one broken request doesn't take others of its connection along.
async fn guarded(work: impl Future<Output = Response<Body>>) -> Response<Body> {
    let mut work = pin!(work);
    poll_fn(|cx| {
        catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))).unwrap_or_else(|panic| {
            let said = panic.downcast_ref::<&str>().copied();
            let said = said.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
            tracing::error!(
                panic = said.unwrap_or("no text"),
                "a request made the server panic"
            );
            Poll::Ready(reply::error(&ApiError::new(
                500,
                "An unexpected error occurred",
            )))
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_an_answer() {
        async fn panics() -> Response<Body> {
            panic!("out of order")
        }
        assert_eq!(
            guarded(panics()).await.status(),
            StatusCode::INTERNAL_SERVER_ERROR
        );
    }

    #[test]
    fn the_admin_prefix_is_dropped_and_remembered() {
        let mut request = Request::builder()
            .uri("/admin/identities/x?a=b")
            .body(Body::empty())
            .unwrap();
        drop_prefix(&mut request);
        assert_eq!(request.uri(), "/identities/x?a=b");
        assert_eq!(
            request.extensions().get::<Original>().unwrap().0,
            "/admin/identities/x?a=b"
        );
        for other in ["/administrator", "/admin", "/sessions"] {
            let mut request = Request::builder().uri(other).body(Body::empty()).unwrap();
            drop_prefix(&mut request);
            assert_eq!(request.uri(), other);
        }
    }

    #[test]
    fn allowed_methods_are_sorted() {
        let mut headers = HeaderMap::from_iter([(ALLOW, "POST,GET,HEAD".parse().unwrap())]);
        sort_allowed(&mut headers);
        assert_eq!(headers[ALLOW], "GET, HEAD, POST");
    }
}
