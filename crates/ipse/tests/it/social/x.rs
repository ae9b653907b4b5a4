//! X, which signs people in by OAuth 1.0a.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::{Request, Response};
use ipse_core::outgoing::{Outgoing, OutgoingError};
use ipse_testkit::{Client, Reply, TestServer, inline};
use serde_json::{Value, json};

use super::provider::whoami;

/// X as far as this server talks to it.
#[derive(Default)]
struct X {
    /// Where it was told to send the browser back to.
    back: Mutex<String>,
}

/// A parameter of a signed request.
fn signed(request: &Request<Vec<u8>>, name: &str) -> Option<String> {
    let header = request.headers()["authorization"].to_str().unwrap();
    let mut pairs = header.strip_prefix("OAuth ").unwrap().split(", ");
    let pair = pairs.find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    let value = percent_encoding::percent_decode_str(pair.trim_matches('"'));
    Some(value.decode_utf8().unwrap().into_owned())
}

#[async_trait]
impl Outgoing for X {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, OutgoingError> {
        let token = signed(&request, "oauth_token");
        let body = match (request.uri().path(), token.as_deref()) {
            ("/oauth/request_token", None) => {
                *self.back.lock().unwrap() = signed(&request, "oauth_callback").unwrap();
                "oauth_token=asked&oauth_token_secret=secret&oauth_callback_confirmed=true"
                    .to_owned()
            }
            ("/oauth/access_token", Some("asked")) => {
                let consent = signed(&request, "oauth_verifier").unwrap();
                format!("oauth_token={consent}&oauth_token_secret=secret")
            }
            ("/1.1/account/verify_credentials.json", Some(who)) => {
                json!({ "id_str": who, "name": "Ada", "email": "ada@example.org" }).to_string()
            }
            other => return Err(OutgoingError::Failed(format!("nobody is at {other:?}"))),
        };
        Ok(Response::new(body.into_bytes()))
    }
}

async fn server() -> (TestServer, Arc<X>) {
    let x = Arc::new(X::default());
    let mapper = "local c = std.extVar('claims'); { identity: { traits: { email: c.email } } }";
    let provider = json!({
        "id": "x", "provider": "x", "client_id": "key", "client_secret": "secret", "scope": ["email"],
        "mapper_url": inline(mapper),
    });
    let hooks = json!([{ "hook": "session" }]);
    let server = TestServer::build()
        .outgoing(x.clone())
        .jsonnet_program(env!("CARGO_BIN_EXE_ipse"))
        .set("selfservice.methods.oidc.enabled", true)
        .set(
            "selfservice.methods.oidc.config.providers",
            json!([provider]),
        )
        .set("selfservice.flows.registration.after.oidc.hooks", hooks)
        .start()
        .await;
    (server, x)
}

/// Leaves for X and comes back with this.
async fn through(x: &X, client: &mut Client, answer: &str) -> Reply {
    let flow = client.start("login").await;
    let fields = json!({ "method": "oidc", "provider": "x" });
    let reply = client.submit(&flow, fields).await;
    let location = &reply.json()["redirect_browser_to"];
    let consent = "https://api.twitter.com/oauth/authenticate?oauth_token=asked";
    assert_eq!(location, &Value::from(consent), "{}", reply.text());
    let back = x.back.lock().unwrap().clone();
    let path = back.strip_prefix("http://public.test").unwrap().to_owned();
    client.get(&format!("{path}&{answer}")).await
}

#[tokio::test]
async fn somebody_signs_up_and_in_through_x() {
    let (server, x) = server().await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let mut browser = server.ajax();
        let reply = through(&x, &mut browser, "oauth_token=asked&oauth_verifier=7").await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let identity = whoami(&mut browser).await["identity"].clone();
        assert_eq!(identity["traits"]["email"], json!("ada@example.org"));
        ids.push(identity["id"].clone());
    }
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn who_declines_or_brings_a_foreign_token_is_told_on_the_form() {
    let (server, x) = server().await;
    for (answer, text) in [
        ("denied=asked", "you have declined"),
        ("oauth_token=foreign&oauth_verifier=7", "it sent no code"),
        ("oauth_token=asked", "it sent no code"),
        ("code=7", "it sent no code"),
    ] {
        let mut browser = server.ajax();
        let reply = through(&x, &mut browser, answer).await;
        assert_eq!(reply.message_ids(), [4_000_001], "{}", reply.text());
        assert!(reply.text().contains(text), "{answer}: {}", reply.text());
    }
}
