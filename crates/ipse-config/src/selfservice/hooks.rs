//! Hooks, and which of them can be used where.
//!
//! There is one [`Hook`], but a list of hooks is typed by its [`Place`]: reading a list refuses a
//! hook that could not do anything there, so that a mistake shows at start and not when somebody
//! signs in.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use super::web_hook::WebHook;

/// Something that happens before or after a flow.
#[derive(Debug, Clone, PartialEq)]
pub enum Hook {
    /// Calls a server.
    WebHook(Box<WebHook>),
    /// Signs the user in after registration.
    Session,
    /// Ends the user's other sessions.
    RevokeActiveSessions,
    /// Refuses to sign in to an account without a verified address.
    RequireVerifiedAddress,
    /// Sends the user on to the verification flow.
    ShowVerificationUi,
    /// Starts the verification of addresses not verified yet.
    Verification,
    /// Applies a changed address only once it is verified.
    VerifyNewAddress,
    /// Writes to the addresses an account had before a change.
    NotifyPreviousAddresses(NotifyPreviousAddresses),
    /// Single sign-on of organizations; accepted without effect.
    B2bSso,
}

section! {
    /// Who hears about a changed address.
    pub struct NotifyPreviousAddresses {
        /// Which of the previous addresses are written to.
        pub recipients: PreviousAddresses = PreviousAddresses::Removed,
    }
}

choice! {
    /// Addresses an account had before a change.
    pub enum PreviousAddresses {
        /// Those it does not have any more.
        Removed = "removed",
        /// Those that were verified.
        AllVerified = "all_verified",
        /// All of them.
        All = "all",
    }
}

choice! {
    /// The name a hook is configured by.
    pub enum HookKind {
        /// [`Hook::WebHook`].
        WebHook = "web_hook",
        /// [`Hook::Session`].
        Session = "session",
        /// [`Hook::RevokeActiveSessions`].
        RevokeActiveSessions = "revoke_active_sessions",
        /// [`Hook::RequireVerifiedAddress`].
        RequireVerifiedAddress = "require_verified_address",
        /// [`Hook::ShowVerificationUi`].
        ShowVerificationUi = "show_verification_ui",
        /// [`Hook::Verification`].
        Verification = "verification",
        /// [`Hook::VerifyNewAddress`].
        VerifyNewAddress = "verify_new_address",
        /// [`Hook::NotifyPreviousAddresses`].
        NotifyPreviousAddresses = "notify_previous_addresses",
        /// [`Hook::B2bSso`].
        B2bSso = "b2b_sso",
        /// Another name for [`HookKind::B2bSso`].
        Organization = "organization",
    }
}

/// A place in the configuration where hooks are listed.
pub trait Place: JsonSchema + std::fmt::Debug + Clone + PartialEq + 'static {
    /// The name of such a list in the JSON Schema.
    const NAME: &'static str;
    /// The hooks that can be used there.
    const ALLOWED: &'static [HookKind];
}

/// Declares places with the hooks each allows.
macro_rules! places {
    ($( $(#[$meta:meta])* $name:ident: [$($kind:ident),*]; )*) => {
        $(
            $(#[$meta])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            pub struct $name;

            impl Place for $name {
                const NAME: &'static str = stringify!($name);
                const ALLOWED: &'static [HookKind] = &[$(HookKind::$kind),*];
            }

            impl JsonSchema for $name {
                fn schema_name() -> Cow<'static, str> {
                    stringify!($name).into()
                }

                fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                    Hooks::<$name>::json_schema(generator)
                }
            }
        )*
    };
}

places! {
    /// Before any flow; after verification; after registration and settings with methods that have
    /// no hooks of their own.
    GeneralHooks: [WebHook, B2bSso, Organization];
    /// After signing in.
    AfterLoginHooks: [
        RevokeActiveSessions, RequireVerifiedAddress, WebHook, Verification, ShowVerificationUi,
        B2bSso, Organization
    ];
    /// After signing in with a social account.
    AfterOidcLoginHooks: [RevokeActiveSessions, WebHook, RequireVerifiedAddress, B2bSso, Organization];
    /// After signing up.
    AfterRegistrationHooks: [Session, WebHook, ShowVerificationUi, B2bSso, Organization];
    /// After changing a credential.
    AfterSettingsCredentialHooks: [WebHook, RevokeActiveSessions];
    /// After changing traits.
    AfterSettingsProfileHooks: [
        WebHook, ShowVerificationUi, B2bSso, Organization, VerifyNewAddress, NotifyPreviousAddresses
    ];
    /// After recovering an account.
    AfterRecoveryHooks: [WebHook, RevokeActiveSessions];
}

/// The hooks of one place, in the order they run. Reads like a slice of [`Hook`].
#[derive(Debug, Clone, PartialEq)]
pub struct Hooks<P: Place> {
    hooks: Vec<Hook>,
    place: PhantomData<P>,
}

impl<P: Place> Default for Hooks<P> {
    fn default() -> Self {
        Self {
            hooks: Vec::new(),
            place: PhantomData,
        }
    }
}

impl<P: Place> Deref for Hooks<P> {
    type Target = [Hook];

    fn deref(&self) -> &[Hook] {
        &self.hooks
    }
}

/// A hook as it is written.
#[derive(Deserialize)]
struct Entry {
    hook: HookKind,
    config: Option<Value>,
}

impl Entry {
    fn into_hook(self) -> Result<Hook, serde_json::Error> {
        Ok(match self.hook {
            HookKind::WebHook => Hook::WebHook(serde_json::from_value(
                self.config
                    .ok_or_else(|| de::Error::missing_field("config"))?,
            )?),
            HookKind::NotifyPreviousAddresses => Hook::NotifyPreviousAddresses(
                self.config
                    .map(serde_json::from_value)
                    .transpose()?
                    .unwrap_or_default(),
            ),
            HookKind::Session => Hook::Session,
            HookKind::RevokeActiveSessions => Hook::RevokeActiveSessions,
            HookKind::RequireVerifiedAddress => Hook::RequireVerifiedAddress,
            HookKind::ShowVerificationUi => Hook::ShowVerificationUi,
            HookKind::Verification => Hook::Verification,
            HookKind::VerifyNewAddress => Hook::VerifyNewAddress,
            HookKind::B2bSso | HookKind::Organization => Hook::B2bSso,
        })
    }
}

impl<'de, P: Place> Deserialize<'de> for Hooks<P> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = Vec::<Entry>::deserialize(deserializer)?;
        let mut hooks = Vec::with_capacity(entries.len());
        for entry in entries {
            if !P::ALLOWED.contains(&entry.hook) {
                return Err(de::Error::custom(format_args!(
                    "the hook `{}` can't be used here",
                    entry.hook.as_str()
                )));
            }
            hooks.push(entry.into_hook().map_err(de::Error::custom)?);
        }
        Ok(Self {
            hooks,
            place: PhantomData,
        })
    }
}

impl<P: Place> JsonSchema for Hooks<P> {
    fn schema_name() -> Cow<'static, str> {
        P::NAME.into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let kinds: Vec<Schema> = P::ALLOWED
            .iter()
            .map(|kind| entry_schema(*kind, generator))
            .collect();
        json_schema!({ "type": "array", "uniqueItems": true, "items": { "oneOf": kinds } })
    }
}

/// What an entry for this kind of hook looks like.
fn entry_schema(kind: HookKind, generator: &mut SchemaGenerator) -> Schema {
    let name = kind.as_str();
    let (config, required, open) = match kind {
        HookKind::WebHook => (Some(generator.subschema_for::<WebHook>()), true, false),
        HookKind::NotifyPreviousAddresses => (
            Some(generator.subschema_for::<NotifyPreviousAddresses>()),
            false,
            false,
        ),
        HookKind::B2bSso | HookKind::Organization => (None, false, true),
        _ => (None, false, false),
    };
    let mut schema = json_schema!({
        "type": "object",
        "properties": { "hook": { "type": "string", "const": name } },
        "required": if required { vec!["hook", "config"] } else { vec!["hook"] },
    });
    if let (Some(config), Some(properties)) = (
        config,
        schema.get_mut("properties").and_then(Value::as_object_mut),
    ) {
        properties.insert("config".to_owned(), config.into());
    }
    if !open {
        schema.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
    schema
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read<P: Place>(value: Value) -> Result<Hooks<P>, serde_json::Error> {
        serde_json::from_value(value)
    }

    #[test]
    fn a_place_refuses_hooks_that_have_no_effect_there() {
        assert_eq!(
            *read::<AfterRegistrationHooks>(json!([{ "hook": "session" }])).unwrap(),
            [Hook::Session]
        );
        let error = read::<GeneralHooks>(json!([{ "hook": "session" }])).unwrap_err();
        assert_eq!(error.to_string(), "the hook `session` can't be used here");
        assert!(read::<AfterSettingsCredentialHooks>(json!([{ "hook": "verification" }])).is_err());
    }

    #[test]
    fn configuration_is_required_only_where_nothing_can_be_assumed() {
        assert!(read::<AfterRecoveryHooks>(json!([{ "hook": "web_hook" }])).is_err());
        assert_eq!(
            *read::<AfterSettingsProfileHooks>(json!([{ "hook": "notify_previous_addresses" }]))
                .unwrap(),
            [Hook::NotifyPreviousAddresses(
                NotifyPreviousAddresses::default()
            )]
        );
        assert_eq!(
            *read::<AfterLoginHooks>(json!([{ "hook": "organization", "config": {}, "more": 1 }]))
                .unwrap(),
            [Hook::B2bSso]
        );
    }
}
