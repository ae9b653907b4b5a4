//! Clients that call a server without a network.

use std::collections::BTreeMap;

use axum::body::Body;
use http::header::{ACCEPT, CONTENT_TYPE, COOKIE, SET_COOKIE};
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt;
use ipse_http::Door;
use serde_json::Value;

use crate::{Flow, Person, Reply};

/// What a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A browser that navigates.
    Browser,
    /// A script in a page.
    Ajax,
    /// An app.
    Native,
    /// An administrator.
    Admin,
}

/// A client. Its cookies and token last from request to request.
#[derive(Clone)]
pub struct Client {
    kind: Kind,
    door: Door,
    /// Its cookies.
    pub cookies: BTreeMap<String, String>,
    /// Its session token, for apps.
    pub token: Option<String>,
}

impl Client {
    pub(crate) fn new(kind: Kind, door: Door) -> Self {
        Self {
            kind,
            door,
            cookies: BTreeMap::new(),
            token: None,
        }
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// GET.
    pub async fn get(&mut self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path, Body::empty()))
            .await
    }

    /// A request without a body.
    pub async fn call(&mut self, method: Method, path: &str) -> Reply {
        self.send(self.request(method, path, Body::empty())).await
    }

    /// A request with a JSON body.
    pub async fn json(&mut self, method: Method, path: &str, body: &Value) -> Reply {
        self.body(method, path, ("application/json", body.to_string()))
            .await
    }

    /// POST of a form.
    pub async fn form(&mut self, path: &str, fields: &[(String, String)]) -> Reply {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.body(
            Method::POST,
            path,
            ("application/x-www-form-urlencoded", body),
        )
        .await
    }

    /// A request with any body.
    pub async fn body(
        &mut self,
        method: Method,
        path: &str,
        (content_type, body): (&str, impl Into<Body>),
    ) -> Reply {
        let mut request = self.request(method, path, body.into());
        let value = content_type.parse().expect("the content type is a header");
        request.headers_mut().insert(CONTENT_TYPE, value);
        self.send(request).await
    }

    /// Starts a flow (`login`, …).
    ///
    /// # Panics
    /// When no flow comes of it.
    pub async fn start(&mut self, flow: &str) -> Flow {
        self.start_with(flow, "").await
    }

    /// Starts a flow with a query such as `refresh=true`.
    ///
    /// # Panics
    /// When no flow comes of it.
    pub async fn start_with(&mut self, flow: &str, query: &str) -> Flow {
        let client = if self.kind == Kind::Native {
            "api"
        } else {
            "browser"
        };
        let reply = self
            .get(&format!("/self-service/{flow}/{client}?{query}"))
            .await;
        if self.kind != Kind::Browser {
            return Flow::of(&reply);
        }
        let id = reply
            .location_query("flow")
            .expect("the browser is led to a flow");
        self.fetch(flow, &id).await
    }

    /// Fetches a flow, as its page does.
    ///
    /// # Panics
    /// When it can't be fetched.
    pub async fn fetch(&mut self, flow: &str, id: &str) -> Flow {
        Flow::of(
            &self
                .get_json(&format!("/self-service/{flow}/flows?id={id}"))
                .await,
        )
    }

    /// GET that wants JSON, whatever the client is.
    pub async fn get_json(&mut self, path: &str) -> Reply {
        let mut request = self.request(Method::GET, path, Body::empty());
        request
            .headers_mut()
            .insert(ACCEPT, "application/json".parse().expect("a header"));
        self.send(request).await
    }

    /// Submits a flow the way this kind of client does, with the anti-CSRF token of browsers.
    pub async fn submit(&mut self, flow: &Flow, mut fields: Value) -> Reply {
        if self.kind != Kind::Native && fields.get("csrf_token").is_none() {
            fields["csrf_token"] = flow.csrf_token().into();
        }
        match self.kind {
            Kind::Browser => self.form(flow.action(), &flat(&fields)).await,
            _ => self.json(Method::POST, flow.action(), &fields).await,
        }
    }

    /// Signs somebody in by password.
    ///
    /// # Panics
    /// When that fails.
    pub async fn sign_in(&mut self, person: &Person) -> Reply {
        let flow = self.start("login").await;
        let fields = serde_json::json!({
            "method": "password",
            "identifier": person.email,
            "password": person.password,
        });
        let reply = self.submit(&flow, fields).await;
        assert!(
            reply.status.is_success() || reply.status == 303,
            "{}",
            reply.text()
        );
        self.token = reply.json()["session_token"].as_str().map(str::to_owned);
        reply
    }

    /// A request of this client, to be changed and [sent](Self::send).
    ///
    /// # Panics
    /// When the path is none.
    #[must_use]
    pub fn request(&self, method: Method, path: &str, body: Body) -> Request<Body> {
        let path = path.strip_prefix("http://").map_or(path, |rest| {
            rest.find('/').map_or("/", |slash| &rest[slash..])
        });
        let accept = if self.kind == Kind::Browser {
            "text/html"
        } else {
            "application/json"
        };
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(ACCEPT, accept);
        let cookies = matches!(self.kind, Kind::Browser | Kind::Ajax) && !self.cookies.is_empty();
        if cookies {
            let pairs = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"));
            request = request.header(COOKIE, pairs.collect::<Vec<_>>().join("; "));
        }
        if let Some(token) = &self.token {
            request = request.header("x-session-token", token);
        }
        request
            .body(body)
            .expect("the test's request is well-formed")
    }

    /// Sends a request and keeps the cookies that are set.
    ///
    /// # Panics
    /// When the answer breaks off.
    pub async fn send(&mut self, request: Request<Body>) -> Reply {
        let response = self.door.clone().answer(request).await;
        let (parts, body) = response.into_parts();
        self.keep_cookies(&parts.headers);
        let body = body
            .collect()
            .await
            .expect("answers don't break off")
            .to_bytes()
            .to_vec();
        Reply {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    fn keep_cookies(&mut self, headers: &HeaderMap) {
        for cookie in headers.get_all(SET_COOKIE) {
            let cookie = cookie.to_str().expect("cookies are text");
            let pair = cookie.split(';').next().unwrap_or_default();
            let Some((name, value)) = pair.split_once('=') else {
                continue;
            };
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// JSON as the fields of a form.
fn flat(fields: &Value) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    flatten("", fields, &mut pairs);
    pairs
}

fn flatten(name: &str, value: &Value, pairs: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let name = if name.is_empty() {
                    key.clone()
                } else {
                    format!("{name}.{key}")
                };
                flatten(&name, value, pairs);
            }
        }
        Value::String(text) => pairs.push((name.to_owned(), text.clone())),
        Value::Null => pairs.push((name.to_owned(), String::new())),
        other => pairs.push((name.to_owned(), other.to_string())),
    }
}
