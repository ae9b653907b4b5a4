//! The admin API of an OAuth 2.0 server that has others sign people in. It answers as Ory Hydra does, and is as strict.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use http::{Method, Request, Response};
use ipse_core::outgoing::{Outgoing, OutgoingError};
use serde_json::{Value, json};
use url::Url;

/// Where it is, for the configuration.
const ADDRESS: &str = "http://oauth2.test:4445/";
/// What accepting a login request may say.
const ACCEPTS: [&str; 9] = [
    "subject",
    "remember",
    "remember_for",
    "extend_session_lifespan",
    "acr",
    "amr",
    "force_subject_identifier",
    "identity_provider_session_id",
    "context",
];

/// An OAuth 2.0 server.
#[derive(Default)]
pub struct OAuth2Server(Mutex<State>);

#[derive(Default)]
struct State {
    requests: BTreeMap<String, LoginRequest>,
    trouble: Option<Trouble>,
    calls: Vec<Request<Vec<u8>>>,
}

/// What is wrong with it.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// Nobody is there.
    Down,
    /// It never answers.
    Hangs,
    /// It answers this to everything.
    Answers(u16, String),
}

#[derive(Clone, Default)]
struct LoginRequest {
    subject: String,
    accepted: Option<Value>,
    used: bool,
}

impl OAuth2Server {
    /// A server that nobody has asked anything yet.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Where its admin API is.
    #[must_use]
    pub fn address(&self) -> &'static str {
        ADDRESS
    }

    /// Somebody it doesn't know wants to sign in; the name of the login request.
    pub fn ask(&self) -> String {
        self.ask_for("")
    }

    /// Somebody it remembers is back; the name of the login request.
    pub fn ask_for(&self, subject: &str) -> String {
        let mut state = self.lock();
        let challenge = format!("challenge-{}", state.requests.len());
        let request = LoginRequest {
            subject: subject.to_owned(),
            ..LoginRequest::default()
        };
        state.requests.insert(challenge.clone(), request);
        challenge
    }

    /// What a login request was accepted with, if it was.
    #[must_use]
    pub fn accepted(&self, challenge: &str) -> Option<Value> {
        self.lock().requests.get(challenge)?.accepted.clone()
    }

    /// Where a browser goes whose login request was accepted.
    #[must_use]
    pub fn goes_on(&self, challenge: &str) -> String {
        goes_on(challenge)
    }

    /// The browser has come back with its login request accepted: it is over.
    pub fn finish(&self, challenge: &str) {
        if let Some(request) = self.lock().requests.get_mut(challenge) {
            request.used = true;
        }
    }

    /// Has it be of no use from now on, or of use again.
    pub fn trouble(&self, trouble: Option<Trouble>) {
        self.lock().trouble = trouble;
    }

    /// How often it was called, and the last call.
    #[must_use]
    pub fn calls(&self) -> (usize, Option<Request<Vec<u8>>>) {
        let state = self.lock();
        (state.calls.len(), state.calls.last().cloned())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn answer(&mut self, request: &Request<Vec<u8>>) -> (u16, Value) {
        let Ok(url) = Url::parse(&request.uri().to_string()) else {
            return not_found();
        };
        let parameter = url
            .query_pairs()
            .find(|(name, _)| name == "login_challenge");
        let challenge = parameter.map(|(_, value)| value.into_owned());
        let Some(known) = challenge
            .as_ref()
            .and_then(|name| self.requests.get_mut(name))
        else {
            return not_found();
        };
        let challenge = challenge.unwrap_or_default();
        match (request.method(), url.path()) {
            (&Method::GET, "/admin/oauth2/auth/requests/login") => known.shown(&challenge),
            (&Method::PUT, "/admin/oauth2/auth/requests/login/accept") => {
                known.accept(&challenge, request.body())
            }
            _ => not_found(),
        }
    }
}

impl LoginRequest {
    fn shown(&self, challenge: &str) -> (u16, Value) {
        if self.used {
            return (410, json!({ "redirect_to": request_url(challenge) }));
        }
        let request = json!({
            "challenge": challenge,
            "client": { "client_id": "app", "client_name": "An app", "metadata": {}, "logo_uri": "" },
            "oidc_context": {},
            "request_url": request_url(challenge),
            "requested_access_token_audience": [],
            "requested_scope": ["openid"],
            "session_id": "9016d03e-ac13-426e-b7a7-8269d5decb83",
            "skip": !self.subject.is_empty(),
            "subject": self.subject,
        });
        (200, request)
    }

    fn accept(&mut self, challenge: &str, body: &[u8]) -> (u16, Value) {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let members = body.as_object().cloned().unwrap_or_default();
        if let Some(unknown) = members
            .keys()
            .find(|name| !ACCEPTS.contains(&name.as_str()))
        {
            return invalid(&format!("Unable to decode body: unknown field '{unknown}'"));
        }
        let subject = members.get("subject").and_then(Value::as_str).unwrap_or("");
        if subject.is_empty() {
            return invalid("Field 'subject' must not be empty.");
        }
        if !self.subject.is_empty() && self.subject != subject {
            // Somebody else: the browser begins anew.
            let again = format!("{}&prompt=login", request_url(challenge));
            return (200, json!({ "redirect_to": again }));
        }
        self.accepted = Some(body);
        (200, json!({ "redirect_to": goes_on(challenge) }))
    }
}

fn request_url(challenge: &str) -> String {
    format!("http://oauth2.test:4444/oauth2/auth?client_id=app&state={challenge}")
}

fn goes_on(challenge: &str) -> String {
    format!(
        "{}&login_verifier=verifier-{challenge}",
        request_url(challenge)
    )
}

fn not_found() -> (u16, Value) {
    let body = json!({
        "error": "Not Found",
        "error_description": "Unable to locate the requested resource",
    });
    (404, body)
}

fn invalid(hint: &str) -> (u16, Value) {
    let body = json!({
        "error": "invalid_request",
        "error_description": format!("The request is malformed. {hint}"),
        "error_hint": hint,
    });
    (400, body)
}

#[async_trait]
impl Outgoing for OAuth2Server {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, OutgoingError> {
        self.lock().calls.push(request.clone());
        let trouble = self.lock().trouble.clone();
        let (status, body) = match trouble {
            None => {
                let (status, body) = self.lock().answer(&request);
                (status, body.to_string())
            }
            Some(Trouble::Answers(status, body)) => (status, body),
            Some(Trouble::Hangs) => return std::future::pending().await,
            Some(Trouble::Down) => {
                return Err(OutgoingError::Failed("nobody is there".to_owned()));
            }
        };
        let mut response = Response::new(body.into_bytes());
        *response.status_mut() = status.try_into().expect("a status");
        Ok(response)
    }
}
