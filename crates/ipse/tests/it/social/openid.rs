//! An OpenID Connect provider in memory, whose codes are what its ID tokens say.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::{Request, Response};
use ipse_core::outgoing::{Outgoing, OutgoingError};
use ipse_model::Clock as _;
use ipse_testkit::{Client, Flow, Reply, TestServer, inline};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://id.test";

const MAPPER: &str = "local c = std.extVar('claims'); { identity: { \
     traits: { [if 'email' in c then 'email']: c.email, [if 'given_name' in c then 'name']: { first: c.given_name } }, \
     [if 'picture' in c then 'metadata_public']: { picture: c.picture }, \
     [if 'email_verified' in c then 'verified_addresses']: [{ via: 'email', value: c.email }] } }";

/// What comes before an Ed25519 key in PKCS #8.
const ED25519: [u8; 16] = [
    0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
];

/// The provider.
#[derive(Default)]
pub(crate) struct OpenId {
    /// What was posted to its token endpoint.
    pub(crate) redeemed: Mutex<Vec<String>>,
}

impl OpenId {
    fn key() -> EncodingKey {
        EncodingKey::from_ed_der(&[&ED25519[..], &[7; 32]].concat())
    }

    /// An ID token that says this, about now.
    pub(crate) fn id_token(now: i64, said: &Value) -> String {
        let mut claims =
            json!({ "iss": ISSUER, "aud": "client", "sub": "1", "iat": now, "exp": now + 300 });
        for (name, value) in said.as_object().unwrap() {
            claims[name] = value.clone();
        }
        jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims, &Self::key()).unwrap()
    }
}

#[async_trait]
impl Outgoing for OpenId {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, OutgoingError> {
        let body = match request.uri().path() {
            "/.well-known/openid-configuration" => json!({
                "issuer": ISSUER, "authorization_endpoint": format!("{ISSUER}/authorize"),
                "token_endpoint": format!("{ISSUER}/token"), "jwks_uri": format!("{ISSUER}/keys"),
            }),
            "/keys" | "/oauth2/v3/certs" => {
                json!({ "keys": [Jwk::from_encoding_key(&Self::key(), Algorithm::EdDSA).unwrap()] })
            }
            "/token" => {
                let form = String::from_utf8(request.into_body()).unwrap();
                let url = url::Url::parse(&format!("http://form.test/?{form}")).unwrap();
                let code = url
                    .query_pairs()
                    .find(|(name, _)| name == "code")
                    .unwrap()
                    .1;
                self.redeemed.lock().unwrap().push(form);
                json!({ "id_token": code, "access_token": "access" })
            }
            other => return Err(OutgoingError::Failed(format!("nobody is at {other}"))),
        };
        Ok(Response::new(body.to_string().into_bytes()))
    }
}

/// A server with the provider `one`, whose configuration has these members too.
pub(crate) async fn server(config: Value, keys: &[(&str, Value)]) -> (TestServer, Arc<OpenId>) {
    let openid = Arc::new(OpenId::default());
    let mut provider = json!({
        "id": "one", "provider": "generic", "issuer_url": ISSUER, "client_id": "client", "client_secret": "secret",
        "mapper_url": inline(MAPPER),
    });
    let members = provider.as_object_mut().unwrap();
    for (name, value) in config.as_object().unwrap() {
        members.insert(name.clone(), value.clone());
    }
    members.retain(|_, value| !value.is_null());
    let mut builder = TestServer::build()
        .outgoing(openid.clone())
        .jsonnet_program(env!("CARGO_BIN_EXE_ipse"))
        .set("selfservice.methods.oidc.enabled", true)
        .set(
            "selfservice.methods.oidc.config.providers",
            json!([provider]),
        )
        .set(
            "selfservice.flows.registration.after.oidc.hooks",
            json!([{ "hook": "session" }]),
        );
    for (key, value) in keys {
        builder = builder.set(key, value.clone());
    }
    (builder.start().await, openid)
}

/// Leaves for the provider; what was sent along.
pub(crate) async fn leave(client: &mut Client, flow: &Flow, fields: Value) -> url::Url {
    let reply = client.submit(flow, fields).await;
    let location = match reply.status.as_u16() {
        303 => reply.location().to_owned(),
        _ => reply.json()["redirect_browser_to"]
            .as_str()
            .unwrap_or_else(|| panic!("{}", reply.text()))
            .to_owned(),
    };
    url::Url::parse(&location).unwrap()
}

/// A parameter of an address.
pub(crate) fn parameter(url: &url::Url, name: &str) -> Option<String> {
    let mut pairs = url.query_pairs();
    let found = pairs.find(|(key, _)| key == name);
    found.map(|(_, value)| value.into_owned())
}

/// Comes back from the provider, which says this in an ID token.
pub(crate) async fn come_back(
    server: &TestServer,
    client: &mut Client,
    (left, said): (&url::Url, &Value),
) -> Reply {
    let code = OpenId::id_token(server.clock.now().as_second(), said);
    let query = [("code", code), ("state", parameter(left, "state").unwrap())];
    let address = url::Url::parse_with_params("http://x.test/", query).unwrap();
    let path = "/self-service/methods/oidc/callback/one";
    client
        .get(&format!("{path}?{}", address.query().unwrap()))
        .await
}

/// Signs up or in as whoever the provider says this about.
pub(crate) async fn through(
    server: &TestServer,
    client: &mut Client,
    (flow, said): (&str, Value),
) -> Reply {
    let flow = client.start(flow).await;
    let left = leave(
        client,
        &flow,
        json!({ "method": "oidc", "provider": "one" }),
    )
    .await;
    come_back(server, client, (&left, &said)).await
}
