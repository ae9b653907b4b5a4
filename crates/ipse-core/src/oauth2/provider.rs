//! The two requests to the admin API of an OAuth 2.0 server: looking a login request up, and accepting it.

use http::{Response, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::not_configured;
use crate::cx::Cx;
use crate::error::ApiError;
use crate::hook::web_hook::{HookError, Target, send};

/// Where login requests are, below the address of the admin API.
const LOGIN_REQUESTS: [&str; 5] = ["admin", "oauth2", "auth", "requests", "login"];

/// What clients see of a login request.
const SHOWN: [&str; 9] = [
    "challenge",
    "client",
    "oidc_context",
    "request_url",
    "requested_access_token_audience",
    "requested_scope",
    "session_id",
    "skip",
    "subject",
];

/// What nobody sees of the application that made it.
const SECRET: [&str; 2] = ["client_secret", "registration_access_token"];

/// A login request.
#[derive(Clone, Debug, PartialEq)]
pub struct LoginRequest {
    shown: Map<String, Value>,
}

impl LoginRequest {
    fn read(body: &[u8]) -> serde_json::Result<Self> {
        let mut shown: Map<String, Value> = serde_json::from_slice(body)?;
        shown.retain(|name, _| SHOWN.contains(&name.as_str()));
        if let Some(client) = shown.get_mut("client").and_then(Value::as_object_mut) {
            client.retain(|name, _| !SECRET.contains(&name.as_str()));
        }
        Ok(Self { shown })
    }

    /// Whether whoever has a session doesn't have to prove it again.
    pub(crate) fn skip(&self) -> bool {
        self.shown.get("skip") == Some(&Value::Bool(true))
    }

    /// Where the browser came from.
    pub(crate) fn request_url(&self) -> &str {
        let url = self.shown.get("request_url").and_then(Value::as_str);
        url.unwrap_or_default()
    }

    /// What clients see of it.
    pub(crate) fn as_json(&self) -> &Map<String, Value> {
        &self.shown
    }
}

/// Why the OAuth 2.0 server is of no use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// It isn't configured.
    #[error("oauth2_provider.url is not configured")]
    NotConfigured,
    /// It can't be reached, or it is out of order.
    #[error(transparent)]
    Unreachable(#[from] HookError),
    /// It refuses, as when it doesn't know the challenge or has done with it.
    #[error("the OAuth 2.0 server answers with status {status}")]
    Refused {
        /// Its status.
        status: StatusCode,
        /// What it says about it.
        hint: Option<String>,
    },
    /// Its answer makes no sense.
    #[error("the answer of the OAuth 2.0 server can't be understood: {0}")]
    Senseless(#[from] serde_json::Error),
    /// It sends browsers nowhere.
    #[error("the OAuth 2.0 server sends browsers to {0:?}, which is no address on the web")]
    Nowhere(String),
}

impl Failure {
    /// As an error of a request: what the server refuses is wrong with the request.
    pub(super) fn told(&self, reason: &str) -> ApiError {
        self.as_error(400, reason)
    }

    /// As an error of a request that was fine so far.
    pub(super) fn told_at_the_end(&self, reason: &str) -> ApiError {
        self.as_error(500, reason)
    }

    fn as_error(&self, when_refused: u16, reason: &str) -> ApiError {
        tracing::warn!(error = %self, "a login request of the OAuth 2.0 server is not dealt with");
        let error = |status| match status {
            400 => ApiError::bad_request(reason),
            _ => ApiError::new(
                500,
                "A server that this one depends on gave no usable answer",
            )
            .reason(format!("{reason} Please try again later.")),
        };
        match self {
            Self::NotConfigured => not_configured(),
            Self::Unreachable(HookError::GivenUp(status)) => {
                error(500).detail("status_code", status.as_u16())
            }
            Self::Unreachable(_) | Self::Senseless(_) | Self::Nowhere(_) => error(500),
            Self::Refused { status, hint } => {
                let error = error(when_refused).detail("status_code", status.as_u16());
                match hint {
                    Some(hint) => error.detail("oauth2_error_hint", hint.as_str()),
                    None => error,
                }
            }
        }
    }
}

/// Looks a login request up.
pub(super) async fn get(cx: &Cx, challenge: &str) -> Result<LoginRequest, Failure> {
    let answer = call(cx, "GET", (None, challenge), None).await?;
    Ok(LoginRequest::read(answer.body())?)
}

/// Accepts a login request, and returns where the browser goes on.
pub(super) async fn accept(cx: &Cx, challenge: &str, body: &Value) -> Result<String, Failure> {
    #[derive(Deserialize)]
    struct Accepted {
        redirect_to: String,
    }
    let answer = call(cx, "PUT", (Some("accept"), challenge), Some(body)).await?;
    let Accepted { redirect_to } = serde_json::from_slice(answer.body())?;
    match Url::parse(&redirect_to) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(redirect_to),
        _ => Err(Failure::Nowhere(redirect_to)),
    }
}

async fn call(
    cx: &Cx,
    method: &str,
    (action, challenge): (Option<&str>, &str),
    body: Option<&Value>,
) -> Result<Response<Vec<u8>>, Failure> {
    let config = &cx.config().oauth2_provider;
    let url = config
        .url
        .as_ref()
        .and_then(|base| address(base, action, challenge))
        .ok_or(Failure::NotConfigured)?;
    let target = Target::new(&url, method, &config.headers, None)?;
    let answer = send(&*cx.app.outgoing, &target.request(body)?).await?;
    if answer.status() == StatusCode::OK {
        return Ok(answer);
    }
    Err(Failure::Refused {
        status: answer.status(),
        hint: hint(answer.body()),
    })
}

/// The address of a login request, or of something that is done with it.
fn address(base: &Url, action: Option<&str>, challenge: &str) -> Option<Url> {
    let mut url = base.clone();
    url.path_segments_mut()
        .ok()?
        .pop_if_empty()
        .extend(LOGIN_REQUESTS)
        .extend(action);
    url.set_query(None);
    url.query_pairs_mut()
        .append_pair(super::PARAMETER, challenge);
    Some(url)
}

/// What an OAuth 2.0 error says for developers.
fn hint(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    body.get("error_hint")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_address_is_below_that_of_the_admin_api() {
        for (base, expected) in [
            ("http://hydra:4445", "http://hydra:4445/"),
            ("http://hydra:4445/", "http://hydra:4445/"),
            (
                "https://example.org/hydra?a=b",
                "https://example.org/hydra/",
            ),
        ] {
            let url = address(&base.parse().unwrap(), None, "a&b=c#d");
            let path = "admin/oauth2/auth/requests/login?login_challenge=a%26b%3Dc%23d";
            assert_eq!(url.unwrap().as_str(), format!("{expected}{path}"));
        }
        let url = address(&"http://hydra/".parse().unwrap(), Some("accept"), "c");
        assert_eq!(
            url.unwrap().path(),
            "/admin/oauth2/auth/requests/login/accept"
        );
    }

    #[test]
    fn secrets_of_the_application_are_shown_to_nobody() {
        let body = json!({
            "challenge": "c", "skip": true, "request_url": "http://hydra/auth", "unheard_of": 1,
            "client": { "client_id": "app", "client_secret": "s", "registration_access_token": "t" },
        });
        let request = LoginRequest::read(body.to_string().as_bytes()).unwrap();
        assert!(request.skip());
        assert_eq!(request.request_url(), "http://hydra/auth");
        let shown = json!({
            "challenge": "c", "skip": true, "request_url": "http://hydra/auth",
            "client": { "client_id": "app" },
        });
        assert_eq!(json!(request.as_json()), shown);
    }

    #[test]
    fn a_login_request_has_to_be_an_object() {
        assert!(LoginRequest::read(b"[]").is_err());
        assert!(LoginRequest::read(b"").is_err());
        assert!(!LoginRequest::read(b"{}").unwrap().skip());
    }

    #[test]
    fn whose_fault_it_is_depends_on_when_it_shows() {
        let refused = Failure::Refused {
            status: StatusCode::GONE,
            hint: hint(br#"{"error": "x", "error_hint": "too late"}"#),
        };
        let error = refused.told("No.");
        assert_eq!(error.http_status(), 400);
        assert_eq!(error.details["status_code"], 410);
        assert_eq!(error.details["oauth2_error_hint"], "too late");
        assert_eq!(refused.told_at_the_end("No.").http_status(), 500);
        let down = Failure::Unreachable(HookError::TimedOut);
        assert_eq!(down.told("No.").http_status(), 500);
    }
}
