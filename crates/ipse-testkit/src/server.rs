//! A server inside a test.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ipse::wiring::{self, Effects, Tables};
use ipse_config::{Sources, load};
use ipse_core::App;
use ipse_core::outgoing::Outgoing;
use ipse_http::Door;
use ipse_jsonnet::{Jsonnet, JsonnetOptions};
use ipse_model::{ManualClock, Random};
use serde_json::{Value, json};

use crate::nowhere::Nowhere;
use crate::{Client, Database, IdentityBuilder, Kind};

/// When every test begins.
const START: &str = "2026-01-02T03:04:05Z";

/// The identity schema of tests, unless they bring their own.
const PERSON: &str = r#"{
  "$id": "https://schemas.example.org/person.json",
  "$schema": "http://json-schema.org/draft-07/schema#",
  "title": "Person",
  "type": "object",
  "properties": {
    "traits": {
      "type": "object",
      "properties": {
        "email": {
          "type": "string",
          "format": "email",
          "title": "E-Mail",
          "ory.sh/kratos": {
            "credentials": { "password": { "identifier": true }, "code": { "identifier": true, "via": "email" } },
            "verification": { "via": "email" },
            "recovery": { "via": "email" }
          }
        },
        "name": {
          "type": "object",
          "properties": { "first": { "type": "string" }, "last": { "type": "string" } }
        }
      },
      "required": ["email"],
      "additionalProperties": false
    }
  }
}"#;

/// A server inside a test.
pub struct TestServer {
    /// The server itself.
    pub app: Arc<App>,
    /// Its time. It stands still until it is moved.
    pub clock: ManualClock,
    public: Door,
    admin: Door,
    sources: Sources,
    /// Where its data is, if not in memory. Goes with the server.
    _database: Option<Database>,
}

/// A server that is to be made.
pub struct Builder {
    sources: Sources,
    own_pages: bool,
    outgoing: Arc<dyn Outgoing>,
    program: PathBuf,
    seed: u64,
}

impl TestServer {
    /// A server with a simple configuration.
    pub async fn new() -> Self {
        Self::build().start().await
    }

    /// A server whose configuration differs from the simple one.
    #[must_use]
    pub fn build() -> Builder {
        let sources = Sources::new()
            .fallback("dev", true)
            .fallback("secrets.default", json!(["a secret that only tests know"]))
            .fallback("serve.public.base_url", "http://public.test/")
            .fallback("serve.admin.base_url", "http://admin.test/")
            .fallback(
                "identity.schemas",
                json!([{ "id": "default", "url": inline(PERSON) }]),
            )
            .fallback("hashers.algorithm", "bcrypt")
            .fallback("hashers.bcrypt.cost", 4)
            .fallback("selfservice.default_browser_return_url", "http://ui.test/")
            .fallback(
                "selfservice.allowed_return_urls",
                json!(["http://ui.test/"]),
            )
            .fallback(
                "selfservice.methods.password.config.haveibeenpwned_enabled",
                false,
            )
            .fallback(
                "selfservice.flows.registration.enable_legacy_one_step",
                true,
            )
            .fallback(
                "selfservice.flows.registration.after.password.hooks",
                json!([{ "hook": "session" }]),
            );
        Builder {
            sources,
            own_pages: false,
            outgoing: Arc::new(Nowhere),
            program: PathBuf::from("ipse"),
            seed: 1,
        }
    }

    /// A browser that navigates and posts forms.
    #[must_use]
    pub fn browser(&self) -> Client {
        self.client(Kind::Browser)
    }

    /// A script in a page.
    #[must_use]
    pub fn ajax(&self) -> Client {
        self.client(Kind::Ajax)
    }

    /// An app with a session token.
    #[must_use]
    pub fn native(&self) -> Client {
        self.client(Kind::Native)
    }

    /// An administrator.
    #[must_use]
    pub fn admin(&self) -> Client {
        self.client(Kind::Admin)
    }

    /// An identity that is to be made, with the address `name@example.org`.
    #[must_use]
    pub fn identity(&self, name: &str) -> IdentityBuilder<'_> {
        IdentityBuilder::new(self, name)
    }

    /// Puts the configuration it was started with in force again, with these keys changed.
    ///
    /// # Errors
    /// When the new configuration can't be used; the old one stays in force then.
    pub async fn reload(&self, changes: &[(&str, Value)]) -> Result<(), String> {
        let sources = changes
            .iter()
            .fold(self.sources.clone(), |sources, (key, value)| {
                sources.set(key, value.clone())
            });
        let config = load(&sources).map_err(|error| error.to_string())?.config;
        let snapshot = wiring::snapshot(config, self.app.outgoing.clone()).await;
        self.app
            .replace(snapshot.map_err(|error| format!("{error:#}"))?);
        Ok(())
    }

    /// Everything the courier has or had to send, newest first, as administrators see it.
    ///
    /// # Panics
    /// When it can't be listed.
    pub async fn mails(&self) -> Vec<Value> {
        let reply = self.admin().get("/admin/courier/messages").await;
        reply
            .json()
            .as_array()
            .expect("messages are listed")
            .clone()
    }

    fn client(&self, kind: Kind) -> Client {
        let door = if kind == Kind::Admin {
            &self.admin
        } else {
            &self.public
        };
        Client::new(kind, door.clone())
    }
}

impl Builder {
    /// Sets a key of the configuration, written with dots.
    #[must_use]
    pub fn set(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.sources = self.sources.set(key, value);
        self
    }

    /// Shows the built-in pages instead of those at `http://ui.test/`.
    #[must_use]
    pub fn own_pages(mut self) -> Self {
        self.own_pages = true;
        self
    }

    /// Sends requests to other servers there.
    #[must_use]
    pub fn outgoing(mut self, outgoing: Arc<dyn Outgoing>) -> Self {
        self.outgoing = outgoing;
        self
    }

    /// Evaluates Jsonnet by this program, which has to be `ipse`.
    #[must_use]
    pub fn jsonnet_program(mut self, program: impl Into<PathBuf>) -> Self {
        self.program = program.into();
        self
    }

    /// Where its randomness begins. Servers that share a database need different ones.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Makes the server.
    ///
    /// # Panics
    /// When the configuration can't be used.
    pub async fn start(self) -> TestServer {
        self.try_start()
            .await
            .expect("the server can be put together")
    }

    /// Makes the server, if that is possible.
    ///
    /// # Errors
    /// When the configuration can't be used.
    pub async fn try_start(self) -> Result<TestServer, String> {
        let flows = [
            "login",
            "registration",
            "settings",
            "verification",
            "recovery",
            "error",
        ];
        let sources =
            flows
                .iter()
                .filter(|_| !self.own_pages)
                .fold(self.sources, |sources, flow| {
                    sources.fallback(
                        &format!("selfservice.flows.{flow}.ui_url"),
                        format!("http://ui.test/{flow}"),
                    )
                });
        let database = Database::for_servers();
        let sources = database.iter().fold(sources, |sources, database| {
            sources.fallback("dsn", database.dsn())
        });
        let config = load(&sources).map_err(|error| error.to_string())?.config;
        let clock = ManualClock::new(START.parse().expect("the start is a time"));
        let effects = Effects {
            clock: Arc::new(clock.clone()),
            random: Random::seeded(self.seed),
            outgoing: self.outgoing,
            jsonnet: Jsonnet::new(JsonnetOptions {
                // Tests share their machine with many others.
                timeout: Duration::from_secs(3),
                ..JsonnetOptions::new(self.program)
            }),
        };
        let app = wiring::build(config, Tables::UpToDate, effects)
            .await
            .map_err(|error| format!("{error:#}"))?;
        Ok(TestServer {
            clock,
            public: ipse_http::public(app.clone()),
            admin: ipse_http::admin(app.clone()),
            app,
            sources,
            _database: database,
        })
    }
}

/// A document as an address with the document in it.
#[must_use]
pub fn inline(document: &str) -> String {
    format!("base64://{}", STANDARD.encode(document))
}
