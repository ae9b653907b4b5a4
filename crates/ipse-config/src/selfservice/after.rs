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

/// Declares what happens after a flow that is completed with a method: each method can have settings of its own.
macro_rules! after_methods {
    (
        $(#[$meta:meta])*
        pub struct $name:ident: $rest:ident {
            $( $(#[$method_meta:meta])* $method:ident: $place:ident, )*
        }
    ) => {
        section! {
            $(#[$meta])*
            pub struct $name {
                /// Where the browser goes.
                #[schemars(with = "Option<UrlReference>")]
                pub default_browser_return_url: Option<Url>,
                $( $(#[$method_meta])* pub $method: AfterMethod<$place>, )*
                /// Hooks for methods that have none of their own.
                pub hooks: Hooks<$rest>,
            }
        }

        impl $name {
            /// What applies after completing the flow with the method of this name.
            #[must_use]
            pub fn completion(&self, method: &str) -> Completion<'_> {
                let flow = Completion {
                    default_browser_return_url: self.default_browser_return_url.as_ref(),
                    hooks: &self.hooks,
                };
                match method {
                    $( stringify!($method) => Completion::of(&self.$method, flow), )*
                    _ => flow,
                }
            }

            /// Every list of hooks, with the name of its method; that of the flow as a whole has none.
            pub fn lists(&self) -> impl Iterator<Item = (Option<&'static str>, &[Hook])> {
                let flow: (_, &[Hook]) = (None, &self.hooks);
                [flow $(, (Some(stringify!($method)), &*self.$method.hooks))*].into_iter()
            }
        }
    };
}

after_methods! {
    /// What happens when somebody has signed in.
    pub struct AfterLogin: AfterLoginHooks {
        /// With a password.
        password: AfterLoginHooks,
        /// With a security key.
        webauthn: AfterLoginHooks,
        /// With a passkey.
        passkey: AfterLoginHooks,
        /// With a social account.
        oidc: AfterOidcLoginHooks,
        /// With a code that was sent.
        code: AfterLoginHooks,
        /// With an authenticator app.
        totp: AfterLoginHooks,
        /// With a backup code.
        lookup_secret: AfterLoginHooks,
    }
}

after_methods! {
    /// What happens when somebody has signed up.
    pub struct AfterRegistration: GeneralHooks {
        /// With a password.
        password: AfterRegistrationHooks,
        /// With a security key.
        webauthn: AfterRegistrationHooks,
        /// With a passkey.
        passkey: AfterRegistrationHooks,
        /// With a social account.
        oidc: AfterRegistrationHooks,
        /// With a code that was sent.
        code: AfterRegistrationHooks,
    }
}

after_methods! {
    /// What happens when somebody has changed their account.
    pub struct AfterSettings: GeneralHooks {
        /// The password.
        password: AfterSettingsCredentialHooks,
        /// The authenticator app.
        totp: AfterSettingsCredentialHooks,
        /// A social account.
        oidc: AfterSettingsCredentialHooks,
        /// A security key.
        webauthn: AfterSettingsCredentialHooks,
        /// A passkey.
        passkey: AfterSettingsCredentialHooks,
        /// The backup codes.
        lookup_secret: AfterSettingsCredentialHooks,
        /// The traits.
        profile: AfterSettingsProfileHooks,
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
