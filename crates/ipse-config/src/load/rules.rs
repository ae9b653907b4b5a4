//! What keys demand of each other: rules that no type of a single key can express.

use std::collections::BTreeSet;
use std::ops::Deref;

use serde_json::Value;

use super::Purpose;
use super::error::{Problem, ProblemKind};
use super::key::KeyPath;
use super::tree::Tree;
use crate::selfservice::hooks::Hook;
use crate::selfservice::methods::Methods;
use crate::selfservice::oidc::{OidcProvider, ProviderKind};
use crate::{Config, DeliveryStrategy, Secret, Tls};

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
            ("public", &serve.public.base_url),
            ("admin", &serve.admin.base_url),
        ] {
            if url
                .as_ref()
                .is_some_and(|url| !matches!(url.scheme(), "http" | "https"))
            {
                self.conflict(
                    &format!("serve.{key}.base_url"),
                    "has to start with http:// or https://",
                );
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

    fn methods(&mut self, methods: &Methods) {
        let base = "selfservice.methods";
        if methods.code.passwordless_enabled && methods.code.mfa_enabled {
            self.conflict(
                &format!("{base}.code.mfa_enabled"),
                "a code can be the first factor (passwordless_enabled) or the second, not both",
            );
        }
        let migrate_hook = &methods.password.config.migrate_hook;
        if migrate_hook.enabled && migrate_hook.config.url.is_none() {
            self.missing(
                &format!("{base}.password.config.migrate_hook.config.url"),
                "the enabled hook needs an address",
            );
        }
        let webauthn = methods
            .webauthn
            .config
            .as_ref()
            .and_then(|config| config.rp.as_ref());
        if methods.webauthn.enabled && webauthn.is_none() {
            self.missing(
                &format!("{base}.webauthn.config.rp"),
                "keys are bound to a site: name it",
            );
        }
        if webauthn.is_some_and(|site| site.origin.is_some() && site.origins.is_some()) {
            self.conflict(
                &format!("{base}.webauthn.config.rp.origin"),
                "is the older form of `origins`; set only one of them",
            );
        }
        let passkey = methods
            .passkey
            .config
            .as_ref()
            .and_then(|config| config.rp.as_ref());
        if methods.passkey.enabled && passkey.is_none() {
            self.missing(
                &format!("{base}.passkey.config.rp"),
                "passkeys are bound to a site: name it",
            );
        }
    }

    fn providers(&mut self, providers: &[OidcProvider]) {
        let mut seen = BTreeSet::new();
        for (index, provider) in providers.iter().enumerate() {
            let key = format!("selfservice.methods.oidc.config.providers.{index}");
            if !seen.insert(&provider.id) {
                self.conflict(&format!("{key}.id"), "another provider has the same id");
            }
            self.microsoft(&key, provider);
            self.apple(&key, provider);
        }
    }

    fn microsoft(&mut self, key: &str, provider: &OidcProvider) {
        let key = format!("{key}.microsoft_tenant");
        match (
            provider.provider == ProviderKind::Microsoft,
            &provider.microsoft_tenant,
        ) {
            (true, None) => self.missing(&key, "`provider: microsoft` needs it"),
            (false, Some(_)) => self.conflict(&key, "is only for `provider: microsoft`"),
            (true, Some(_)) | (false, None) => {}
        }
    }

    /// Apple signs with a key where others have a secret.
    fn apple(&mut self, key: &str, provider: &OidcProvider) {
        let is_apple = provider.provider == ProviderKind::Apple;
        let given = |text: Option<&str>| text.is_some_and(|text| !text.is_empty());
        let private_key = provider.apple_private_key.as_ref().map(Secret::expose);
        for (name, is_given) in [
            ("apple_team_id", given(provider.apple_team_id.as_deref())),
            (
                "apple_private_key_id",
                given(provider.apple_private_key_id.as_deref()),
            ),
            ("apple_private_key", given(private_key)),
        ] {
            match (is_apple, is_given) {
                (true, false) => {
                    self.missing(&format!("{key}.{name}"), "`provider: apple` needs it");
                }
                (false, true) => {
                    self.conflict(&format!("{key}.{name}"), "is only for `provider: apple`");
                }
                (true, true) | (false, false) => {}
            }
        }
        let secret = provider.client_secret.as_ref().map(Secret::expose);
        let key = format!("{key}.client_secret");
        if is_apple && given(secret) {
            self.conflict(
                &key,
                "is not for `provider: apple`, which has a key instead",
            );
        } else if !is_apple && secret.is_none() {
            self.missing(&key, "the provider issues it together with the client id");
        }
    }

    fn hooks(&mut self, config: &Config) {
        for (key, hooks) in all_hooks(config) {
            for (index, hook) in hooks.iter().enumerate() {
                let Hook::WebHook(hook) = hook else { continue };
                let key = format!("{key}.hooks.{index}.config.response.ignore");
                if hook.response.ignore && hook.response.parse {
                    self.conflict(&key, "an answer that is ignored can't be parsed");
                } else if hook.response.ignore && hook.can_interrupt {
                    self.conflict(&key, "an answer that is ignored can't interrupt the flow");
                }
            }
        }
    }
}

/// Every list of hooks with the path of the table it is in.
fn all_hooks(config: &Config) -> Vec<(&'static str, &[Hook])> {
    macro_rules! lists {
        ($($($name:ident).+),* $(,)?) => {
            vec![$((
                concat!("selfservice.flows" $(, ".", stringify!($name))+),
                config.selfservice.flows.$($name).+.hooks.deref(),
            )),*]
        };
    }
    lists![
        login.before,
        login.after,
        login.after.password,
        login.after.webauthn,
        login.after.passkey,
        login.after.oidc,
        login.after.code,
        login.after.totp,
        login.after.lookup_secret,
        registration.before,
        registration.after,
        registration.after.password,
        registration.after.webauthn,
        registration.after.passkey,
        registration.after.oidc,
        registration.after.code,
        settings.before,
        settings.after,
        settings.after.password,
        settings.after.totp,
        settings.after.oidc,
        settings.after.webauthn,
        settings.after.passkey,
        settings.after.lookup_secret,
        settings.after.profile,
        verification.before,
        verification.after,
        recovery.before,
        recovery.after,
    ]
}
