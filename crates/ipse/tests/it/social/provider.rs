//! A social sign-in provider: whoever brings a code is who the code says.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use http::{Request, Response};
use ipse_core::outgoing::{Outgoing, OutgoingError};
use ipse_testkit::{Client, Flow, Reply, TestServer, inline};
use serde_json::{Value, json};

use super::openid::{self, parameter};

/// The mapper of most tests.
pub(crate) const MAPPER: &str = "local c = std.extVar('claims'); { identity: { \
     traits: { [if 'email' in c then 'email']: c.email }, metadata_public: { subject: c.sub }, \
     [if 'email_verified' in c then 'verified_addresses']: [{ via: 'email', value: c.email }] } }";

/// What answers at the provider's addresses.
#[derive(Default)]
pub(crate) struct Provider {
    redeemed: AtomicUsize,
}

impl Provider {
    pub(crate) fn redeemed(&self) -> usize {
        self.redeemed.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Outgoing for Provider {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, OutgoingError> {
        let body = match request.uri().path() {
            "/api/v9/oauth2/token" => {
                self.redeemed.fetch_add(1, Ordering::SeqCst);
                let form = String::from_utf8(request.into_body()).unwrap();
                let url = url::Url::parse(&format!("http://form.test/?{form}")).unwrap();
                let code = url
                    .query_pairs()
                    .find(|(name, _)| name == "code")
                    .unwrap()
                    .1;
                json!({ "access_token": code, "refresh_token": format!("refresh {code}") })
            }
            "/api/v9/users/@me" => {
                let token = request.headers()["authorization"].to_str().unwrap();
                let mut parts = token.trim_start_matches("Bearer ").split('|');
                let (id, email) = (parts.next(), parts.next());
                json!({ "id": id, "email": email, "verified": parts.next().is_some() })
            }
            "/mapper.jsonnet" => return Ok(Response::new(MAPPER.as_bytes().to_vec())),
            other => return Err(OutgoingError::Failed(format!("nobody is at {other}"))),
        };
        Ok(Response::new(body.to_string().into_bytes()))
    }
}

/// A server with the providers `one` and `two`, and what else these keys say.
pub(crate) async fn server(keys: &[(&str, Value)]) -> (TestServer, Arc<Provider>) {
    let provider = Arc::new(Provider::default());
    let config = |id: &str, mapper: &str| {
        json!({
            "id": id, "provider": "discord", "client_id": "client", "client_secret": "secret",
            "mapper_url": inline(mapper), "scope": ["identify"],
        })
    };
    let providers = json!([config("one", MAPPER), config("two", MAPPER)]);
    let mut builder = TestServer::build()
        .outgoing(provider.clone())
        .jsonnet_program(env!("CARGO_BIN_EXE_ipse"))
        .set("selfservice.methods.oidc.enabled", true)
        .set("selfservice.methods.oidc.config.providers", providers)
        .set(
            "selfservice.flows.registration.after.oidc.hooks",
            json!([{ "hook": "session" }]),
        );
    for (key, value) in keys {
        builder = builder.set(key, value.clone());
    }
    (builder.start().await, provider)
}

/// Leaves for a provider; the state that went along.
pub(crate) async fn leave(client: &mut Client, flow: &Flow, fields: Value) -> String {
    let url = openid::leave(client, flow, fields).await;
    assert_eq!(url.host_str(), Some("discord.com"), "{url}");
    parameter(&url, "state").unwrap()
}

/// A script that has left a login for the provider `one`; the state that went along.
pub(crate) async fn on_the_way(server: &TestServer) -> (Client, String) {
    let mut browser = server.ajax();
    let flow = browser.start("login").await;
    let fields = json!({ "method": "oidc", "provider": "one" });
    let state = leave(&mut browser, &flow, fields).await;
    (browser, state)
}

/// Comes back from a provider as this person.
pub(crate) async fn come_back(
    client: &mut Client,
    provider: &str,
    state: &str,
    who: &str,
) -> Reply {
    let query =
        url::Url::parse_with_params("http://x.test/", [("code", who), ("state", state)]).unwrap();
    let query = query.query().unwrap().to_owned();
    client
        .get(&format!(
            "/self-service/methods/oidc/callback/{provider}?{query}"
        ))
        .await
}

/// Signs up or in with a provider as this person.
pub(crate) async fn through(client: &mut Client, flow: &str, provider: &str, who: &str) -> Reply {
    let flow = client.start(flow).await;
    let state = leave(
        client,
        &flow,
        json!({ "method": "oidc", "provider": provider }),
    )
    .await;
    come_back(client, provider, &state, who).await
}

/// Who is signed in.
pub(crate) async fn whoami(client: &mut Client) -> Value {
    client.get_json("/sessions/whoami").await.json()
}
