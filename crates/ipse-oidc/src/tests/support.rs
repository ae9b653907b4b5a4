//! A provider in memory: documents by address, and a key to sign with.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::{Request, Response};
use ipse_config::selfservice::oidc::OidcProvider;
use ipse_model::Timestamp;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Map, Value, json};

use crate::{Fetch, FetchError, Providers};

pub(crate) const ISSUER: &str = "https://id.example.org";

/// What comes before an Ed25519 key in PKCS #8.
const ED25519: [u8; 16] = [
    0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
];

pub(crate) fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

/// A key pair that is the same each time.
pub(crate) struct Pair {
    key: EncodingKey,
    pub(crate) public: Jwk,
}

impl Pair {
    pub(crate) fn new(seed: u8, kid: &str) -> Self {
        let key = EncodingKey::from_ed_der(&[&ED25519[..], &[seed; 32]].concat());
        let mut public = Jwk::from_encoding_key(&key, Algorithm::EdDSA).unwrap();
        public.common.key_id = Some(kid.to_owned());
        Self { key, public }
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid.clone_from(&self.public.common.key_id);
        self.sign_with(&header, claims)
    }

    pub(crate) fn sign_with(&self, header: &Header, claims: &Value) -> String {
        jsonwebtoken::encode(header, claims, &self.key).unwrap()
    }
}

fn members(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(members) => members,
        other => panic!("{other} is no object"),
    }
}

/// Claims that nothing is wrong with, with some of them replaced.
pub(crate) fn claims(changes: Value) -> Value {
    let mut claims = json!({
        "iss": ISSUER, "aud": "client", "sub": "1", "email": "ada@example.org",
        "iat": now().as_second(), "exp": now().as_second() + 300,
    });
    for (name, value) in members(changes) {
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(&name),
            value => claims.as_object_mut().unwrap().insert(name, value),
        };
    }
    claims
}

/// A provider as it is configured.
pub(crate) fn provider(changes: Value) -> OidcProvider {
    let mut config = json!({
        "id": "one", "provider": "generic", "client_id": "client", "client_secret": "secret",
        "issuer_url": ISSUER, "mapper_url": "base64://e30=",
    });
    for (name, value) in members(changes) {
        match value {
            Value::Null => config.as_object_mut().unwrap().remove(&name),
            value => config.as_object_mut().unwrap().insert(name, value),
        };
    }
    serde_json::from_value(config).unwrap()
}

/// Answers by address; what is asked is remembered.
#[derive(Default)]
pub(crate) struct Web {
    answers: Mutex<HashMap<String, (u16, Vec<u8>)>>,
    pub(crate) asked: Mutex<Vec<Request<Vec<u8>>>>,
}

impl Web {
    /// A provider that is found by discovery, with these keys.
    pub(crate) fn with_keys(keys: &[&Jwk]) -> Arc<Self> {
        let web = Self::default();
        web.put(
            &format!("{ISSUER}/.well-known/openid-configuration"),
            &json!({
                "issuer": ISSUER,
                "authorization_endpoint": format!("{ISSUER}/authorize"),
                "token_endpoint": format!("{ISSUER}/token"),
                "userinfo_endpoint": format!("{ISSUER}/userinfo"),
                "jwks_uri": format!("{ISSUER}/keys"),
                "code_challenge_methods_supported": ["S256"],
            }),
        );
        web.put(&format!("{ISSUER}/keys"), &json!({ "keys": keys }));
        Arc::new(web)
    }

    pub(crate) fn put(&self, url: &str, body: &Value) {
        self.put_raw(url, 200, body.to_string().as_bytes());
    }

    /// Has the document at this address say something else.
    pub(crate) fn change(&self, url: &str, member: &str, value: Value) {
        let (_, document) = self.answers.lock().unwrap()[url].clone();
        let mut document: Value = serde_json::from_slice(&document).unwrap();
        document[member] = value;
        self.put(url, &document);
    }

    pub(crate) fn put_raw(&self, url: &str, status: u16, body: &[u8]) {
        self.answers
            .lock()
            .unwrap()
            .insert(url.to_owned(), (status, body.to_vec()));
    }

    pub(crate) fn providers(self: &Arc<Self>) -> Providers {
        Providers::new(Arc::clone(self) as Arc<dyn Fetch>)
    }

    /// How often an address was asked for.
    pub(crate) fn count(&self, url: &str) -> usize {
        self.asked
            .lock()
            .unwrap()
            .iter()
            .filter(|request| *request.uri() == url)
            .count()
    }

    /// What was sent to an address last.
    pub(crate) fn sent(&self, url: &str) -> (http::HeaderMap, String) {
        let asked = self.asked.lock().unwrap();
        let request = asked.iter().rfind(|request| *request.uri() == url).unwrap();
        (
            request.headers().clone(),
            String::from_utf8(request.body().clone()).unwrap(),
        )
    }
}

#[async_trait]
impl Fetch for Web {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, FetchError> {
        let answer = self
            .answers
            .lock()
            .unwrap()
            .get(&request.uri().to_string())
            .cloned();
        self.asked.lock().unwrap().push(request);
        let (status, body) = answer.ok_or_else(|| FetchError("there is nobody".to_owned()))?;
        Ok(Response::builder().status(status).body(body).unwrap())
    }
}
