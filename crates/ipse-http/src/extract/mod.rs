//! The door: HTTP requests become typed values here, and nothing behind it sees anything else.

mod body;
mod client;
mod form;
mod negotiate;
mod token;

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::FromRequest;
use bytes::Bytes;
use http::request::Parts;
use ipse_core::flow::form::{Form, FormProblem};
use ipse_core::{ApiError, Cx, Jar, Request, Snapshot};

pub use client::Peer;

use crate::door::{Gate, Port};
use crate::{cookies, csrf};

/// The largest form. Nothing people fill in comes near.
const LARGEST_FORM: usize = 5 * 1024 * 1024;

/// The largest body of the admin API, where thousands of identities come at once.
const LARGEST_IMPORT: usize = 64 * 1024 * 1024;

/// The address and path as they came, where the door has changed them for routing.
#[derive(Clone)]
pub(crate) struct Original(pub(crate) http::Uri);

/// One request, understood but for its body.
pub(crate) struct Visit {
    /// Who asks, with what, and when.
    pub(crate) cx: Cx,
    body: Body,
}

impl FromRequest<Gate> for Visit {
    type Rejection = Infallible;

    async fn from_request(
        request: axum::extract::Request,
        gate: &Gate,
    ) -> Result<Self, Self::Rejection> {
        let (parts, body) = request.into_parts();
        Ok(Self {
            cx: understand(parts, gate),
            body,
        })
    }
}

impl Visit {
    /// The body as a form. One that is too large is a problem the form can show.
    pub(crate) async fn form(self) -> (Cx, Result<Form, FormProblem>) {
        let form = match body::read(self.body, LARGEST_FORM).await {
            Ok(bytes) => form::decode(&self.cx.request.method, &self.cx.request.headers, &bytes),
            Err(body::Unreadable::TooLarge) => {
                Err(FormProblem::NotAForm("it has more than 5 megabytes"))
            }
            Err(body::Unreadable::Broken) => Err(FormProblem::NotAForm("it breaks off")),
        };
        (self.cx, form)
    }

    /// The body as it is.
    pub(crate) async fn bytes(self) -> (Cx, Result<Bytes, ApiError>) {
        let bytes = body::read(self.body, LARGEST_IMPORT)
            .await
            .map_err(|problem| match problem {
                body::Unreadable::TooLarge => ApiError::new(413, "The request body is too large"),
                body::Unreadable::Broken => ApiError::bad_request("The request body breaks off."),
            });
        (self.cx, bytes)
    }
}

/// What a form says about where it comes from, for requests that no flow checks.
pub(crate) async fn csrf_token(
    method: &http::Method,
    headers: &http::HeaderMap,
    body: Body,
) -> Option<String> {
    let bytes = body::read(body, LARGEST_FORM).await.ok()?;
    form::decode(method, headers, &bytes)
        .ok()?
        .text("csrf_token")
}

fn understand(parts: Parts, gate: &Gate) -> Cx {
    let Parts {
        method,
        uri,
        headers,
        extensions,
        ..
    } = parts;
    let snapshot = gate.app.snapshot();
    let uri = extensions
        .get::<Original>()
        .map_or(&uri, |original| &original.0);
    let query = uri.query().map(|query| {
        form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect::<Vec<_>>()
    });
    let client = client::client(&headers, extensions.get::<Peer>().copied());
    // The admin port has no use for cookies, and a cookie for the public port must not count there.
    let public = gate.port == Port::Public;
    let jar = Jar::new(if public {
        cookies::csrf(&snapshot, &headers)
    } else {
        None
    });
    Cx {
        now: gate.app.clock.now(),
        client,
        request: Request {
            url: absolute(&snapshot, gate.port, uri),
            query: query.unwrap_or_default(),
            accept: negotiate::accept(&headers),
            session_token: token::session(&snapshot, &headers),
            continuity: public
                .then(|| cookies::continuity(&snapshot, &headers))
                .flatten(),
            method,
            headers,
        },
        jar,
        snapshot,
        app: gate.app.clone(),
    }
}

/// The address as the client sees it: below the base URL, which may be another host and path than the proxy in front
/// asks for. What the client claims about hosts is not believed.
fn absolute(snapshot: &Snapshot, port: Port, uri: &http::Uri) -> String {
    let base = match port {
        Port::Public => &snapshot.public_base_url,
        Port::Admin => &snapshot.admin_base_url,
    };
    let path = uri
        .path_and_query()
        .map_or("", http::uri::PathAndQuery::as_str);
    let path = path.strip_prefix('/').unwrap_or(path);
    let mut url = String::with_capacity(base.len() + path.len());
    url.push_str(base);
    url.push_str(path);
    url
}

/// Whether a request of the public port needs the anti-CSRF cookie that its answer doesn't set.
pub(crate) fn lacks_csrf(gate: &Gate, path: &str, headers: &http::HeaderMap) -> bool {
    gate.port == Port::Public
        && !csrf::is_exempt(path)
        && cookies::csrf(&gate.app.snapshot(), headers).is_none()
}
