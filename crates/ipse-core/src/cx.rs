//! One request: who asks, with what, and when. Everything that decides takes a `&Cx`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipse_config::Config;
use ipse_model::{Random, Timestamp};
use ipse_store::Store;

use crate::app::{App, Snapshot};
use crate::csrf::CsrfSecret;

/// What kind of answer the client asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    /// JSON: native apps and scripts in a page.
    Json,
    /// HTML: a browser that navigates.
    Html,
}

/// The client's device, as far as it shows itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// Its address, with the port unless a proxy told it.
    pub ip_address: String,
    /// Its `User-Agent`.
    pub user_agent: String,
    /// City and country when a proxy told them, else empty.
    pub location: String,
}

/// A session token as the client presented it.
#[derive(Clone, PartialEq, Eq)]
pub struct Presented {
    /// The token.
    pub secret: String,
    /// Whether it came in the session cookie rather than in a header.
    pub from_cookie: bool,
}

/// What the door read from the request.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: http::Method,
    /// The absolute address as the client sees it (behind proxies, below the base URL), with its query.
    pub url: String,
    /// The decoded query parameters, in order.
    pub query: Vec<(String, String)>,
    /// All headers.
    pub headers: http::HeaderMap,
    /// What kind of answer is wanted.
    pub accept: Accept,
    /// The session token, if one came; the header counts before the cookie.
    pub session_token: Option<Presented>,
    /// The value of the continuity cookie, opened.
    pub continuity: Option<String>,
}

impl Request {
    /// The first query parameter of that name.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether a query parameter says `true`.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        matches!(
            self.query(name),
            Some("true" | "1" | "t" | "T" | "TRUE" | "True")
        )
    }

    /// Whether the client wants JSON.
    #[must_use]
    pub fn wants_json(&self) -> bool {
        self.accept == Accept::Json
    }
}

/// What is to happen to the session cookie.
#[derive(Clone, PartialEq, Eq)]
pub enum SessionCookie {
    /// It is set.
    Set {
        /// The session token it carries, sealed.
        token: String,
        /// When the session ends.
        expires_at: Timestamp,
    },
    /// It is removed.
    Clear,
}

/// What is to happen when the response is sent, whether it is a success or a failure.
#[derive(Default)]
pub struct Changes {
    /// A new anti-CSRF secret.
    pub csrf: Option<CsrfSecret>,
    /// A change to the session cookie.
    pub session: Option<SessionCookie>,
    /// The id of a paused submission to put into the continuity cookie; empty when it has been taken up.
    pub continuity: Option<String>,
    /// Whether the answer is JSON, whatever the client accepts: native clients don't navigate.
    pub json: bool,
}

/// The cookies of this exchange: what came, and what will be sent back.
#[derive(Default)]
pub struct Jar {
    csrf: Option<CsrfSecret>,
    changes: Mutex<Changes>,
}

impl Jar {
    /// A jar for a request that brought this anti-CSRF secret.
    #[must_use]
    pub fn new(csrf: Option<CsrfSecret>) -> Self {
        Self {
            csrf,
            changes: Mutex::default(),
        }
    }

    /// Whether the request brought an anti-CSRF cookie.
    #[must_use]
    pub fn has_csrf(&self) -> bool {
        self.csrf.is_some()
    }

    /// The secret the request brought, if any.
    #[must_use]
    pub fn csrf(&self) -> Option<CsrfSecret> {
        self.csrf
    }

    /// The secret that forms of this response carry; a new one is set when there is none yet.
    pub fn ensure_csrf(&self, random: &Random) -> CsrfSecret {
        let mut changes = self.lock();
        match changes.csrf.or(self.csrf) {
            Some(secret) => secret,
            None => *changes.csrf.insert(CsrfSecret::generate(random)),
        }
    }

    /// Sends the secret again, so that a browser that has lost it half-way has it; a new one when there is none yet.
    pub fn renew_csrf(&self, random: &Random) {
        let secret = self.ensure_csrf(random);
        self.lock().csrf = Some(secret);
    }

    /// Replaces the secret, as is due whenever the person behind the browser changes.
    pub fn rotate_csrf(&self, random: &Random) {
        self.lock().csrf = Some(CsrfSecret::generate(random));
    }

    /// Sets the session cookie.
    pub fn set_session(&self, token: String, expires_at: Timestamp) {
        self.lock().session = Some(SessionCookie::Set { token, expires_at });
    }

    /// Removes the session cookie.
    pub fn clear_session(&self) {
        self.lock().session = Some(SessionCookie::Clear);
    }

    /// Sets the continuity cookie.
    pub fn set_continuity(&self, id: String) {
        self.lock().continuity = Some(id);
    }

    /// Has the answer be JSON, whatever the client accepts.
    pub fn answer_json(&self) {
        self.lock().json = true;
    }

    /// Takes out what is to be sent.
    pub fn take_changes(&self) -> Changes {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request.
pub struct Cx {
    /// The server.
    pub app: Arc<App>,
    /// What the configuration meant when the request came; it stays so until the answer is sent.
    pub snapshot: Arc<Snapshot>,
    /// When the request came.
    pub now: Timestamp,
    /// Who sent it.
    pub client: Client,
    /// What was sent.
    pub request: Request,
    /// Its cookies.
    pub jar: Jar,
}

impl Cx {
    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.snapshot.config
    }

    /// Whether the answer is JSON.
    #[must_use]
    pub fn wants_json(&self) -> bool {
        self.request.wants_json() || self.jar.lock().json
    }

    /// The database.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.app.store
    }

    /// Randomness.
    #[must_use]
    pub fn random(&self) -> &Random {
        &self.app.random
    }

    /// An absolute address on the public port. `path` has no leading slash.
    #[must_use]
    pub fn public_url(&self, path: &str) -> String {
        format!("{}{path}", self.snapshot.public_base_url)
    }
}
