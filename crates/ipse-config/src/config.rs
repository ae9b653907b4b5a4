//! The whole configuration, and the addresses that follow from it.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;
use url::Url;

use crate::{
    Ciphers, Clients, Cookies, Courier, Database, Dsn, FeatureFlags, Hashers, Identity, Ipse, Log,
    OAuth2Provider, Secrets, Security, Selfservice, Serve, Session, Tracing,
};

section! {
    /// The configuration of Ipse.
    pub struct Config {
        /// The JSON Schema editors check this file with.
        #[serde(rename = "$schema")]
        pub schema: Option<String>,
        /// The version this file was written for.
        pub version: Option<String>,
        /// A name for this state of the configuration, shown by `/admin/health/config`.
        pub revision: Option<String>,
        /// Development mode: plain HTTP, cookies without `Secure`, and what is missing is made up.
        pub dev: bool = false,
        /// A command line flag; no effect here.
        pub help: bool = false,
        /// No effect: nothing is ever reported to anybody.
        #[serde(rename = "sqa-opt-out")]
        pub sqa_opt_out: bool = false,
        /// Send messages from the server process itself.
        #[serde(rename = "watch-courier")]
        pub watch_courier: bool = false,
        /// Serve metrics on this port, too, and nothing else there; 0 means not to.
        #[serde(rename = "expose-metrics-port")]
        pub expose_metrics_port: u16 = 0,
        /// A command line flag; no effect here.
        pub config: Vec<String>,
        /// The database.
        pub dsn: Dsn,
        /// Settings of the database that are not part of its address.
        pub database: Database,
        /// Identity schemas.
        pub identity: Identity,
        /// What users can do themselves.
        pub selfservice: Selfservice,
        /// Messages.
        pub courier: Courier,
        /// The two servers.
        pub serve: Serve,
        /// Sessions.
        pub session: Session,
        /// Cookies of all kinds.
        pub cookies: Cookies,
        /// Keys.
        pub secrets: Secrets,
        /// How passwords are hashed.
        pub hashers: Hashers,
        /// How secrets in the database are encrypted.
        pub ciphers: Ciphers,
        /// What is logged.
        pub log: Log,
        /// Distributed tracing.
        pub tracing: Tracing,
        /// Protections.
        pub security: Security,
        /// Outgoing connections.
        pub clients: Clients,
        /// Switches for behaviour that changes between versions.
        pub feature_flags: FeatureFlags,
        /// The OAuth 2.0 server whose login challenges are answered.
        pub oauth2_provider: OAuth2Provider,
        /// Previews of the reference's managed service.
        pub preview: Preview,
        /// Older form of `selfservice.methods.b2b`.
        pub organizations: Vec<Value>,
        /// Settings of the reference's paid edition.
        pub enterprise: Enterprise,
        /// What only this server has.
        pub ipse: Ipse,
    }
}

section! {
    /// Previews of the reference's managed service.
    pub struct Preview {
        /// How consistent reads are by default.
        pub default_read_consistency_level: ReadConsistency = ReadConsistency::Strong,
    }
}

choice! {
    /// How consistent reads are.
    pub enum ReadConsistency {
        /// They see every write before them.
        Strong = "strong",
        /// They may miss recent writes.
        Eventual = "eventual",
    }
}

section! {
    /// Settings of the reference's paid edition.
    pub struct Enterprise {
        /// Where identity schemas are looked for that are not configured.
        pub identity_schema_fallback_url_template: Option<String>,
    }
}

impl Config {
    /// The address of the public API, ending in a slash.
    #[must_use]
    pub fn public_base_url(&self) -> Url {
        let public = &self.serve.public;
        base_url(
            public.base_url.as_ref(),
            &public.host,
            public.port,
            self.dev,
        )
    }

    /// The address of the admin API, ending in a slash.
    #[must_use]
    pub fn admin_base_url(&self) -> Url {
        let admin = &self.serve.admin;
        base_url(admin.base_url.as_ref(), &admin.host, admin.port, self.dev)
    }

    /// The address of a path of the public API.
    #[must_use]
    pub fn public_url(&self, path: &str) -> Url {
        below(self.public_base_url(), path)
    }

    /// The address of a path of the admin API.
    #[must_use]
    pub fn admin_url(&self, path: &str) -> Url {
        below(self.admin_base_url(), path)
    }

    /// Where browsers go when nothing else was asked for: as configured, or the public address.
    #[must_use]
    pub fn default_return_url(&self) -> Url {
        self.selfservice
            .default_browser_return_url
            .clone()
            .unwrap_or_else(|| self.public_base_url())
    }

    /// Whether cookies other than the session's are only sent over HTTPS.
    #[must_use]
    pub fn cookies_secure(&self) -> bool {
        self.cookies.secure.map_or(!self.dev, |flag| flag.0)
    }

    /// Whether the session cookie is only sent over HTTPS.
    #[must_use]
    pub fn session_cookie_secure(&self) -> bool {
        self.session
            .cookie
            .secure
            .map_or_else(|| self.cookies_secure(), |flag| flag.0)
    }
}

/// The configured address, or one made from where the server listens.
pub(crate) fn base_url(configured: Option<&Url>, host: &str, port: u16, dev: bool) -> Url {
    let mut url = configured
        .cloned()
        .unwrap_or_else(|| guessed_base_url(host, port, dev));
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    url
}

/// An address under which the server can be reached from its own machine.
fn guessed_base_url(host: &str, port: u16, dev: bool) -> Url {
    let listens_everywhere = matches!(host, "" | "0.0.0.0" | "::" | "[::]") || host.contains('/');
    let host = if listens_everywhere {
        "127.0.0.1"
    } else {
        host
    };
    let host = if host.contains(':') && !host.starts_with('[') {
        Cow::Owned(format!("[{host}]"))
    } else {
        Cow::Borrowed(host)
    };
    // Outside development something in front of the server is expected to speak HTTPS.
    let scheme = if dev { "http" } else { "https" };
    Url::parse(&format!("{scheme}://{host}:{port}/"))
        .or_else(|_| Url::parse(&format!("{scheme}://127.0.0.1:{port}/")))
        .expect("scheme, loopback address and port make a URL")
}

/// Appends a path to an address that ends in a slash.
fn below(mut base: Url, path: &str) -> Url {
    let (path, query) = path
        .split_once('?')
        .map_or((path, None), |(path, query)| (path, Some(query)));
    let joined = format!("{}{}", base.path(), path.trim_start_matches('/'));
    base.set_path(&joined);
    base.set_query(query);
    base
}

/// Describes a URL that may be given relative to the public address.
pub(crate) struct UrlReference;

impl JsonSchema for UrlReference {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "UrlReference".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "uri-reference" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_follow_host_and_port() {
        let mut config = Config::default();
        assert_eq!(config.public_base_url().as_str(), "https://127.0.0.1:4433/");
        config.dev = true;
        assert_eq!(config.public_base_url().as_str(), "http://127.0.0.1:4433/");
        assert_eq!(
            config.admin_url("/admin/identities").as_str(),
            "http://127.0.0.1:4434/admin/identities"
        );
        config.serve.public.host = "::1".to_owned();
        assert_eq!(config.public_base_url().as_str(), "http://[::1]:4433/");
        config.serve.public.host = "unix:/run/ipse.sock".to_owned();
        assert_eq!(config.public_base_url().as_str(), "http://127.0.0.1:4433/");
        config.serve.public.host = "not a host".to_owned();
        assert_eq!(config.public_base_url().as_str(), "http://127.0.0.1:4433/");
    }

    #[test]
    fn paths_are_below_the_configured_address() {
        let mut config = Config::default();
        config.serve.public.base_url = Url::parse("https://example.org/auth").ok();
        assert_eq!(
            config.public_url("/self-service/login?flow=1").as_str(),
            "https://example.org/auth/self-service/login?flow=1"
        );
        assert_eq!(config.public_url("").as_str(), "https://example.org/auth/");
        assert_eq!(
            config.default_return_url().as_str(),
            "https://example.org/auth/"
        );
    }

    #[test]
    fn cookies_are_secure_outside_development() {
        let mut config = Config::default();
        assert!(config.cookies_secure() && config.session_cookie_secure());
        config.dev = true;
        assert!(!config.cookies_secure() && !config.session_cookie_secure());
        config.session.cookie.secure = Some(crate::CookieFlag(true));
        assert!(!config.cookies_secure() && config.session_cookie_secure());
    }
}
