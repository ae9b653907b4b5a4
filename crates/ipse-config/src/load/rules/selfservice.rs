//! Rules about methods, providers and hooks.

use std::collections::BTreeSet;

use super::Rules;
use crate::selfservice::flows::OneTimeMethod;
use crate::selfservice::hooks::Hook;
use crate::selfservice::methods::Methods;
use crate::selfservice::oidc::{OidcProvider, ProviderKind};
use crate::{Config, Secret};

impl Rules<'_> {
    pub(super) fn methods(&mut self, methods: &Methods) {
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
        self.sites(methods);
    }

    /// Keys are bound to the site they were made for.
    fn sites(&mut self, methods: &Methods) {
        let base = "selfservice.methods";
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

    pub(super) fn providers(&mut self, providers: &[OidcProvider]) {
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

    pub(super) fn hooks(&mut self, config: &Config) {
        for (key, hooks) in all_hooks(config) {
            for (index, hook) in hooks.iter().enumerate() {
                let key = format!("{key}.hooks.{index}");
                if *hook == Hook::VerifyNewAddress {
                    self.verifies(&format!("{key}.hook"), config);
                }
                let Hook::WebHook(hook) = hook else { continue };
                let key = format!("{key}.config.response.ignore");
                if hook.response.ignore && hook.response.parse {
                    self.conflict(&key, "an answer that is ignored can't be parsed");
                } else if hook.response.ignore && hook.can_interrupt {
                    self.conflict(&key, "an answer that is ignored can't interrupt the flow");
                }
            }
        }
    }
}

impl Rules<'_> {
    /// What waits for a verification needs one.
    fn verifies(&mut self, key: &str, config: &Config) {
        let methods = &config.selfservice.methods;
        let verification = &config.selfservice.flows.verification;
        let sends = match verification.use_ {
            OneTimeMethod::Code => methods.code.enabled,
            OneTimeMethod::Link => methods.link.enabled,
        };
        if !verification.enabled {
            let reason =
                "needs `selfservice.flows.verification.enabled`: changes would wait for ever";
            self.conflict(key, reason);
        } else if !sends {
            let method = verification.use_.as_str();
            let reason = format!(
                "needs `selfservice.methods.{method}.enabled`: verification uses that method"
            );
            self.conflict(key, &reason);
        }
    }
}

/// Every list of hooks with the path of the table it is in.
fn all_hooks(config: &Config) -> Vec<(String, &[Hook])> {
    let flows = &config.selfservice.flows;
    let plain: [(&str, &[Hook]); 7] = [
        ("login.before", &flows.login.before.hooks),
        ("registration.before", &flows.registration.before.hooks),
        ("settings.before", &flows.settings.before.hooks),
        ("verification.before", &flows.verification.before.hooks),
        ("verification.after", &flows.verification.after.hooks),
        ("recovery.before", &flows.recovery.before.hooks),
        ("recovery.after", &flows.recovery.after.hooks),
    ];
    let plain = plain.map(|(place, hooks)| (place.to_owned(), hooks));
    let per_method = |flow, (method, hooks): (Option<&str>, _)| match method {
        None => (format!("{flow}.after"), hooks),
        Some(method) => (format!("{flow}.after.{method}"), hooks),
    };
    let login = flows.login.after.lists();
    let registration = flows.registration.after.lists();
    let settings = flows.settings.after.lists();
    let lists = (plain.into_iter())
        .chain(login.map(|list| per_method("login", list)))
        .chain(registration.map(|list| per_method("registration", list)))
        .chain(settings.map(|list| per_method("settings", list)));
    lists
        .map(|(place, hooks)| (format!("selfservice.flows.{place}"), hooks))
        .collect()
}
