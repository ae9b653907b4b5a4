//! `selfservice.flows.*.before` and `.after`: hooks and where to go, per flow and method.

use url::Url;

use super::hooks::{
    AfterLoginHooks, AfterOidcLoginHooks, AfterRecoveryHooks, AfterRegistrationHooks,
    AfterSettingsCredentialHooks, AfterSettingsProfileHooks, GeneralHooks, Hook, Hooks, Place,
};
use crate::config::UrlReference;

section! {
    /// What happens when a flow is created.
    pub struct Before {
        /// Hooks, run in order.
        pub hooks: Hooks<GeneralHooks>,
    }
}

/// What happens when a flow is completed with one method.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields, bound = "")]
#[schemars(rename = "After{P}", bound = "P: Place")]
pub struct AfterMethod<P: Place> {
    /// Where the browser goes; without it, where the flow as a whole says.
    #[schemars(with = "Option<UrlReference>")]
    pub default_browser_return_url: Option<Url>,
    /// Hooks, run in order. If there are any, those of the flow as a whole are not run.
    pub hooks: Hooks<P>,
}

impl<P: Place> Default for AfterMethod<P> {
    fn default() -> Self {
        Self {
            default_browser_return_url: None,
            hooks: Hooks::default(),
        }
    }
}

section! {
    /// What happens when somebody has signed in.
    pub struct AfterLogin {
        /// Where the browser goes.
        #[schemars(with = "Option<UrlReference>")]
        pub default_browser_return_url: Option<Url>,
        /// With a password.
        pub password: AfterMethod<AfterLoginHooks>,
        /// With a security key.
        pub webauthn: AfterMethod<AfterLoginHooks>,
        /// With a passkey.
        pub passkey: AfterMethod<AfterLoginHooks>,
        /// With a social account.
        pub oidc: AfterMethod<AfterOidcLoginHooks>,
        /// With a code that was sent.
        pub code: AfterMethod<AfterLoginHooks>,
        /// With an authenticator app.
        pub totp: AfterMethod<AfterLoginHooks>,
        /// With a backup code.
        pub lookup_secret: AfterMethod<AfterLoginHooks>,
        /// Hooks for methods that have none of their own.
        pub hooks: Hooks<AfterLoginHooks>,
    }
}

section! {
    /// What happens when somebody has signed up.
    pub struct AfterRegistration {
        /// Where the browser goes.
        #[schemars(with = "Option<UrlReference>")]
        pub default_browser_return_url: Option<Url>,
        /// With a password.
        pub password: AfterMethod<AfterRegistrationHooks>,
        /// With a security key.
        pub webauthn: AfterMethod<AfterRegistrationHooks>,
        /// With a passkey.
        pub passkey: AfterMethod<AfterRegistrationHooks>,
        /// With a social account.
        pub oidc: AfterMethod<AfterRegistrationHooks>,
        /// With a code that was sent.
        pub code: AfterMethod<AfterRegistrationHooks>,
        /// Hooks for methods that have none of their own.
        pub hooks: Hooks<GeneralHooks>,
    }
}

section! {
    /// What happens when somebody has changed their account.
    pub struct AfterSettings {
        /// Where the browser goes.
        #[schemars(with = "Option<UrlReference>")]
        pub default_browser_return_url: Option<Url>,
        /// The password.
        pub password: AfterMethod<AfterSettingsCredentialHooks>,
        /// The authenticator app.
        pub totp: AfterMethod<AfterSettingsCredentialHooks>,
        /// A social account.
        pub oidc: AfterMethod<AfterSettingsCredentialHooks>,
        /// A security key.
        pub webauthn: AfterMethod<AfterSettingsCredentialHooks>,
        /// A passkey.
        pub passkey: AfterMethod<AfterSettingsCredentialHooks>,
        /// The backup codes.
        pub lookup_secret: AfterMethod<AfterSettingsCredentialHooks>,
        /// The traits.
        pub profile: AfterMethod<AfterSettingsProfileHooks>,
        /// Hooks for methods that have none of their own.
        pub hooks: Hooks<GeneralHooks>,
    }
}

section! {
    /// What happens when an address has been verified.
    pub struct AfterVerification {
        /// Where the browser goes.
        #[schemars(with = "Option<UrlReference>")]
        pub default_browser_return_url: Option<Url>,
        /// Hooks, run in order.
        pub hooks: Hooks<GeneralHooks>,
    }
}

section! {
    /// What happens when an account has been recovered.
    pub struct AfterRecovery {
        /// Where the browser goes.
        #[schemars(with = "Option<UrlReference>")]
        pub default_browser_return_url: Option<Url>,
        /// Hooks, run in order.
        pub hooks: Hooks<AfterRecoveryHooks>,
    }
}

section! {
    /// What happens when somebody has signed out.
    pub struct AfterLogout {
        /// Where the browser goes.
        #[schemars(with = "Option<UrlReference>")]
        pub default_browser_return_url: Option<Url>,
    }
}

/// What applies to one method: its own settings, or else those of the flow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Completion<'a> {
    /// Where the browser goes, unless `return_to` says otherwise or nothing was configured.
    pub default_browser_return_url: Option<&'a Url>,
    /// The hooks to run, in order.
    pub hooks: &'a [Hook],
}

impl<'a> Completion<'a> {
    fn of<P: Place>(own: &'a AfterMethod<P>, flow: Self) -> Self {
        Self {
            default_browser_return_url: own
                .default_browser_return_url
                .as_ref()
                .or(flow.default_browser_return_url),
            hooks: if own.hooks.is_empty() {
                flow.hooks
            } else {
                &own.hooks
            },
        }
    }
}

impl AfterLogin {
    /// What applies after signing in with the method of this name.
    #[must_use]
    pub fn completion(&self, method: &str) -> Completion<'_> {
        let flow = Completion {
            default_browser_return_url: self.default_browser_return_url.as_ref(),
            hooks: &self.hooks,
        };
        match method {
            "password" => Completion::of(&self.password, flow),
            "webauthn" => Completion::of(&self.webauthn, flow),
            "passkey" => Completion::of(&self.passkey, flow),
            "oidc" => Completion::of(&self.oidc, flow),
            "code" => Completion::of(&self.code, flow),
            "totp" => Completion::of(&self.totp, flow),
            "lookup_secret" => Completion::of(&self.lookup_secret, flow),
            _ => flow,
        }
    }
}

impl AfterRegistration {
    /// What applies after signing up with the method of this name.
    #[must_use]
    pub fn completion(&self, method: &str) -> Completion<'_> {
        let flow = Completion {
            default_browser_return_url: self.default_browser_return_url.as_ref(),
            hooks: &self.hooks,
        };
        match method {
            "password" => Completion::of(&self.password, flow),
            "webauthn" => Completion::of(&self.webauthn, flow),
            "passkey" => Completion::of(&self.passkey, flow),
            "oidc" => Completion::of(&self.oidc, flow),
            "code" => Completion::of(&self.code, flow),
            _ => flow,
        }
    }
}

impl AfterSettings {
    /// What applies after a change made with the method of this name.
    #[must_use]
    pub fn completion(&self, method: &str) -> Completion<'_> {
        let flow = Completion {
            default_browser_return_url: self.default_browser_return_url.as_ref(),
            hooks: &self.hooks,
        };
        match method {
            "password" => Completion::of(&self.password, flow),
            "totp" => Completion::of(&self.totp, flow),
            "oidc" => Completion::of(&self.oidc, flow),
            "webauthn" => Completion::of(&self.webauthn, flow),
            "passkey" => Completion::of(&self.passkey, flow),
            "lookup_secret" => Completion::of(&self.lookup_secret, flow),
            "profile" => Completion::of(&self.profile, flow),
            _ => flow,
        }
    }
}
