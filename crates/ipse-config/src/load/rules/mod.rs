//! What keys demand of each other: rules that no type of a single key can express.

mod selfservice;

use std::collections::BTreeSet;

use serde_json::Value;

use super::Purpose;
use super::error::{Problem, ProblemKind};
use super::key::KeyPath;
use super::tree::Tree;
use crate::{Config, DeliveryStrategy, Tls};

/// Every rule the configuration breaks.
pub(crate) fn check(config: &Config, tree: &Tree, value: &Value, purpose: Purpose) -> Vec<Problem> {
    let mut rules = Rules {
        tree,
        value,
        problems: Vec::new(),
    };
    if !config.dev {
        rules.required(config, purpose);
    }
    rules.identity(config);
    rules.serve(config);
    rules.courier(config);
    rules.methods(&config.selfservice.methods);
    rules.providers(&config.selfservice.methods.oidc.config.providers);
    rules.hooks(config);
    rules.problems
}

struct Rules<'a> {
    tree: &'a Tree,
    value: &'a Value,
    problems: Vec<Problem>,
}

impl Rules<'_> {
    fn report(&mut self, key: &str, kind: ProblemKind) {
        let origin = self.tree.origin(&KeyPath::parse(key));
        self.problems.push(Problem {
            key: key.to_owned(),
            origin,
            kind,
        });
    }

    fn conflict(&mut self, key: &str, reason: &str) {
        self.report(
            key,
            ProblemKind::Conflict {
                reason: reason.to_owned(),
            },
        );
    }

    fn missing(&mut self, key: &str, advice: &str) {
        self.report(
            key,
            ProblemKind::Missing {
                advice: advice.to_owned(),
            },
        );
    }

    fn is_set(&self, key: &str) -> bool {
        KeyPath::parse(key).of(self.value).is_some()
    }

    /// What has no default that would be safe outside development.
    fn required(&mut self, config: &Config, purpose: Purpose) {
        if purpose == Purpose::Inspect {
            return;
        }
        if !self.is_set("dsn") {
            self.missing(
                "dsn",
                "name the database, such as `sqlite:///var/lib/ipse/db.sqlite`",
            );
        }
        if purpose == Purpose::Database {
            return;
        }
        if config.identity.schemas.is_empty() {
            self.missing(
                "identity.schemas",
                "name at least one schema with `id` and `url`",
            );
        }
        if config.selfservice.default_browser_return_url.is_none() {
            self.missing(
                "selfservice.default_browser_return_url",
                "name the address browsers go to when a flow is finished",
            );
        }
        if !config.secrets.is_complete() {
            self.missing(
                "secrets.default",
                "set it to a list with a random text of at least 16 characters and keep that text: \
                 sessions and cookies depend on it",
            );
        }
        let flows = &config.selfservice.flows;
        if (flows.verification.enabled || flows.recovery.enabled) && !self.is_set("courier") {
            self.missing("courier", "verification and recovery have to send messages");
        }
    }

    fn identity(&mut self, config: &Config) {
        let schemas = &config.identity.schemas;
        let mut seen = BTreeSet::new();
        for (index, schema) in schemas.iter().enumerate() {
            if !seen.insert(&schema.id) {
                self.conflict(
                    &format!("identity.schemas.{index}.id"),
                    "another schema has the same id",
                );
            }
        }
        if !schemas.is_empty()
            && config
                .identity
                .schema(&config.identity.default_schema_id)
                .is_none()
        {
            self.conflict(
                "identity.default_schema_id",
                "no schema in identity.schemas has this id",
            );
        }
    }

    fn serve(&mut self, config: &Config) {
        let serve = &config.serve;
        for (key, url) in [
            ("serve.public.base_url", &serve.public.base_url),
            ("serve.admin.base_url", &serve.admin.base_url),
            ("oauth2_provider.url", &config.oauth2_provider.url),
        ] {
            if url
                .as_ref()
                .is_some_and(|url| !matches!(url.scheme(), "http" | "https"))
            {
                self.conflict(key, "has to start with http:// or https://");
            }
        }
        self.tls("serve.public.tls", &serve.public.tls);
        self.tls("serve.admin.tls", &serve.admin.tls);
        for (index, origin) in serve.public.cors.allowed_origins.iter().enumerate() {
            let key = format!("serve.public.cors.allowed_origins.{index}");
            if origin.matches('*').count() > 1 {
                self.conflict(&key, "can contain only one `*`");
            } else if origin != "*" && !origin.contains("://") {
                self.conflict(
                    &key,
                    "has to be `*` or an origin such as `https://app.example.org`",
                );
            }
        }
    }

    fn tls(&mut self, key: &str, tls: &Tls) {
        match (tls.key.is_configured(), tls.cert.is_configured()) {
            (true, false) => self.missing(&format!("{key}.cert"), "the key needs a certificate"),
            (false, true) => self.missing(&format!("{key}.key"), "the certificate needs its key"),
            (true, true) | (false, false) => {}
        }
    }

    fn courier(&mut self, config: &Config) {
        let courier = &config.courier;
        let address = |request: &Option<crate::RequestConfig>| {
            request
                .as_ref()
                .is_some_and(|request| request.url.is_some())
        };
        if courier.delivery_strategy == DeliveryStrategy::Http
            && !address(&courier.http.request_config)
        {
            self.missing(
                "courier.http.request_config.url",
                "`delivery_strategy: http` needs it",
            );
        }
        for (index, channel) in courier.channels.iter().enumerate() {
            if channel.request_config.url.is_none() {
                self.missing(
                    &format!("courier.channels.{index}.request_config.url"),
                    "the channel needs an address",
                );
            }
        }
    }
}
