//! `session` and `cookies`: how long sessions live and what their cookies look like.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::{GoDuration, OptionalGoDuration, Source};

section! {
    /// Sessions.
    pub struct Session {
        /// What `/sessions/whoami` asks for and can issue.
        pub whoami: Whoami,
        /// How long a session lives.
        #[serde(with = "GoDuration")]
        pub lifespan: Duration = Duration::from_secs(24 * 3600),
        /// The session cookie, where it differs from other cookies.
        pub cookie: SessionCookie,
        /// How long before its end a session can be extended; without it, at any time.
        #[serde(with = "OptionalGoDuration")]
        pub earliest_possible_extend: Option<Duration>,
    }
}

section! {
    /// What `/sessions/whoami` asks for and can issue.
    pub struct Whoami {
        /// The assurance a session needs to be shown.
        pub required_aal: RequiredAal = RequiredAal::HighestAvailable,
        /// JSON Web Tokens made from sessions.
        pub tokenizer: Tokenizer,
    }
}

choice! {
    /// The assurance a session needs.
    pub enum RequiredAal {
        /// One factor.
        Aal1 = "aal1",
        /// As many factors as the identity has.
        HighestAvailable = "highest_available",
    }
}

section! {
    /// JSON Web Tokens made from sessions.
    pub struct Tokenizer {
        /// Templates by name.
        pub templates: BTreeMap<String, TokenizerTemplate>,
    }
}

/// How a token is made.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenizerTemplate {
    /// How long the token is valid.
    #[serde(default = "one_minute", with = "GoDuration")]
    pub ttl: Duration,
    /// The Jsonnet that makes the claims.
    pub claims_mapper_url: Option<Source>,
    /// The key set that signs.
    pub jwks_url: Source,
    /// What becomes the subject.
    #[serde(default)]
    pub subject_source: SubjectSource,
}

fn one_minute() -> Duration {
    Duration::from_secs(60)
}

choice! {
    /// What becomes the subject of a token.
    #[derive(Default)]
    pub enum SubjectSource {
        /// The identity's id.
        #[default]
        Id = "id",
        /// The identity's external id.
        ExternalId = "external_id",
    }
}

section! {
    /// The session cookie, where it differs from other cookies.
    pub struct SessionCookie {
        /// The domain it is sent to.
        pub domain: Option<String>,
        /// Its name.
        pub name: String = "ory_kratos_session".to_owned(),
        /// Whether it outlives the browser.
        pub persistent: bool = true,
        /// The path it is sent to.
        pub path: Option<String>,
        /// Whether it is only sent over HTTPS; without it, yes unless in development mode.
        #[schemars(with = "Option<CookieFlag>")]
        pub secure: Option<CookieFlag>,
        /// Whether other sites' requests carry it.
        pub same_site: Option<SameSite>,
    }
}

section! {
    /// Cookies of all kinds.
    pub struct Cookies {
        /// The domain they are sent to; without it, the host that set them.
        pub domain: Option<String>,
        /// The path they are sent to.
        pub path: String = "/".to_owned(),
        /// Whether they are only sent over HTTPS; without it, yes unless in development mode.
        #[schemars(with = "Option<CookieFlag>")]
        pub secure: Option<CookieFlag>,
        /// Whether other sites' requests carry them.
        pub same_site: SameSite = SameSite::Lax,
    }
}

choice! {
    /// Whether other sites' requests carry a cookie.
    pub enum SameSite {
        /// Never.
        Strict = "Strict",
        /// When a link is followed.
        Lax = "Lax",
        /// Always.
        None = "None",
    }
}

/// A switch that the reference wants as a text, and people write as `true` or `false`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct CookieFlag(pub bool);

impl<'de> Deserialize<'de> for CookieFlag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::Bool(value) => Ok(Self(value)),
            serde_json::Value::String(text) if text == "true" => Ok(Self(true)),
            serde_json::Value::String(text) if text == "false" => Ok(Self(false)),
            _ => Err(de::Error::custom("expected true or false")),
        }
    }
}

impl JsonSchema for CookieFlag {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "CookieFlag".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": ["true", "false", true, false] })
    }
}
