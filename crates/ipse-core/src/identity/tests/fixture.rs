//! A whole server in memory, for tests that go through the database: one schema, a clock that stands still, a seeded stream of
//! randomness, and nobody outside to talk to.

use std::num::NonZeroUsize;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method};
use ipse_config::Config;
use ipse_courier::Templates;
use ipse_crypto::{Cipher, CipherAlgorithm, Hasher, HasherOptions};
use ipse_jsonnet::{Jsonnet, JsonnetOptions};
use ipse_model::{Aal, Clock, ManualClock, Random, Uuid};
use ipse_store::{OpenOptions, Store};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::sample;
use crate::app::Parts;
use crate::outgoing::{Outgoing, OutgoingError};
use crate::schema::{Fetch, FetchError, SchemaSource, Schemas, Sources};
use crate::session::tokenize::Tokenizers;
use crate::session::{self, Issued};
use crate::{Accept, ApiError, App, Client, Cx, Jar, Presented, Request, Snapshot};

/// The server.
pub(crate) struct Fixture {
    app: Arc<App>,
    pub(crate) clock: ManualClock,
}

struct Nobody;

#[async_trait]
impl Outgoing for Nobody {
    async fn send(
        &self,
        _: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, OutgoingError> {
        Err(OutgoingError::Failed("tests have no network".to_owned()))
    }
}

#[async_trait]
impl Fetch for Nobody {
    async fn get(&self, _: &str) -> Result<Vec<u8>, FetchError> {
        Err("tests have no network".into())
    }
}

/// A person with an e-mail address that identifies, can be verified and leads back in.
fn person() -> Value {
    json!({ "type": "object", "properties": { "traits": {
        "type": "object",
        "properties": {
            "email": { "type": "string", "format": "email", "ory.sh/kratos": {
                "credentials": { "password": { "identifier": true } },
                "verification": { "via": "email" },
                "recovery": { "via": "email" },
            } },
            "plan": { "type": "string", "enum": ["free", "pro"] },
        },
        "required": ["email"],
        "additionalProperties": false,
    } } })
}

/// Somebody who signs in with a name.
fn staff() -> Value {
    json!({ "type": "object", "properties": { "traits": {
        "type": "object",
        "properties": { "login": { "type": "string", "ory.sh/kratos": {
            "credentials": { "password": { "identifier": true } },
        } } },
        "required": ["login"],
    } } })
}

async fn schemas() -> Schemas {
    let source = |id: &str, schema: Value| SchemaSource {
        id: id.to_owned(),
        url: format!("base64://{}", STANDARD.encode(schema.to_string())),
        selfservice_selectable: false,
    };
    let sources = Sources {
        default_id: "default".to_owned(),
        schemas: vec![source("default", person()), source("staff", staff())],
        disallow_ref: false,
    };
    Schemas::load(&sources, &Nobody).await.unwrap()
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With a configuration that differs from the default.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        config.hashers.bcrypt.cost = 4;
        change(&mut config);
        let cipher = || Cipher::new(CipherAlgorithm::XChaCha20Poly1305, ["a secret"]).unwrap();
        let clock = ManualClock::new(sample::now());
        let random = Random::seeded(1);
        let options = HasherOptions {
            threads: NonZeroUsize::MIN,
            memory: 1 << 10,
        };
        let app = App::new(Parts {
            store: Store::open(&OpenOptions::memory()).await.unwrap(),
            clock: Arc::new(clock.clone()),
            hasher: Hasher::new(random.clone(), options).unwrap(),
            random,
            jsonnet: Jsonnet::new(JsonnetOptions::new("no-such-program")),
            outgoing: Arc::new(Nobody),
            snapshot: Snapshot {
                schemas: schemas().await,
                templates: Templates::builtin(),
                tokenizers: Tokenizers::new(&config.session.whoami.tokenizer),
                data_cipher: cipher(),
                cookie_cipher: cipher(),
                public_base_url: "https://id.example.org/".to_owned(),
                admin_base_url: "http://localhost/".to_owned(),
                config: Arc::new(config),
            },
        });
        Self {
            app: Arc::new(app),
            clock,
        }
    }

    /// A request with this query.
    pub(crate) fn asked(&self, query: &str) -> Cx {
        Cx {
            snapshot: self.app.snapshot(),
            app: Arc::clone(&self.app),
            now: self.clock.now(),
            client: Client {
                ip_address: "192.0.2.7:50000".to_owned(),
                user_agent: "browser/1".to_owned(),
                location: String::new(),
            },
            request: Request {
                method: Method::GET,
                url: "https://id.example.org/".to_owned(),
                query: form_urlencoded::parse(query.as_bytes())
                    .into_owned()
                    .collect(),
                headers: HeaderMap::new(),
                accept: Accept::Json,
                session_token: None,
                continuity: None,
            },
            jar: Jar::default(),
        }
    }

    /// A request without a query.
    pub(crate) fn cx(&self) -> Cx {
        self.asked("")
    }

    /// A request with this query by whoever has this session token.
    pub(crate) fn asked_by(&self, token: &str, query: &str) -> Cx {
        let mut cx = self.asked(query);
        cx.request.session_token = Some(Presented {
            secret: token.to_owned(),
            from_cookie: false,
        });
        cx
    }

    /// Creates an identity of what an administrator sends.
    pub(crate) async fn create(&self, body: &Value) -> Result<Value, ApiError> {
        let created =
            crate::identity::admin::create(&self.cx(), body.to_string().as_bytes()).await?;
        Ok(parsed(&created.body))
    }

    /// Creates an identity with this address and returns its id.
    pub(crate) async fn person(&self, address: &str) -> Uuid {
        let created = self
            .create(&json!({ "traits": { "email": address } }))
            .await
            .unwrap();
        created["id"].as_str().unwrap().parse().unwrap()
    }

    /// Signs an identity in.
    pub(crate) async fn sign_in(&self, id: Uuid) -> Issued {
        let cx = self.cx();
        let (identity, _) = self.stored(id).await;
        let issued = session::issue(&cx, &identity, sample::proof("password", Aal::Aal1));
        let mut batch = cx.store().batch();
        batch.insert_session(&issued.session, &issued.hash);
        batch.commit().await.unwrap();
        issued
    }

    /// What the store has of an identity.
    pub(crate) async fn stored(&self, id: Uuid) -> (ipse_model::Identity, ipse_model::Credentials) {
        self.app
            .store
            .identity_with_credentials(id)
            .await
            .unwrap()
            .unwrap()
    }
}

/// A body as a tree.
pub(crate) fn parsed(body: &str) -> Value {
    serde_json::from_str(body).unwrap()
}
