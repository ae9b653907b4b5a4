//! `selfservice.methods.webauthn` and `.passkey`: security keys and passkeys.

use std::time::Duration;

use url::Url;

use crate::OptionalGoDuration;

section! {
    /// Security keys.
    pub struct Webauthn {
        /// Whether the method can be used.
        pub enabled: bool = false,
        /// Its settings; required when the method is enabled.
        pub config: Option<WebauthnConfig>,
    }
}

section! {
    /// Settings of security keys.
    pub struct WebauthnConfig {
        /// Sign in with a key alone, instead of using it as second factor.
        pub passwordless: bool = false,
        /// This site, as keys know it.
        pub rp: Option<WebauthnRelyingParty>,
    }
}

/// A site, as security keys know it.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebauthnRelyingParty {
    /// The name people are shown.
    pub display_name: String,
    /// The domain keys are bound to.
    pub id: String,
    /// Older form of `origins` for a single origin.
    pub origin: Option<Url>,
    /// The origins keys may be used on; without any, the id over HTTPS.
    pub origins: Option<Vec<Url>>,
    /// No effect: browsers do not show icons.
    pub icon: Option<Url>,
}

section! {
    /// Passkeys.
    pub struct Passkey {
        /// Whether the method can be used.
        pub enabled: bool = false,
        /// Its settings; required when the method is enabled.
        pub config: Option<PasskeyConfig>,
    }
}

section! {
    /// Settings of passkeys.
    pub struct PasskeyConfig {
        /// This site, as passkeys know it.
        pub rp: Option<PasskeyRelyingParty>,
        /// Which authenticators may be used.
        pub authenticator_selection: AuthenticatorSelection,
        /// What is asked about the authenticator itself.
        pub attestation: Attestation,
        /// How long browsers wait.
        pub timeouts: Timeouts,
    }
}

/// A site, as passkeys know it.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyRelyingParty {
    /// The name people are shown.
    pub display_name: String,
    /// The domain passkeys are bound to.
    pub id: String,
    /// The origins passkeys may be used on; without any, the public API's.
    #[serde(default)]
    pub origins: Vec<String>,
}

section! {
    /// Which authenticators may be used.
    pub struct AuthenticatorSelection {
        /// Built in or separate; without it, built in.
        pub attachment: Option<Attachment>,
        /// Whether the passkey must be stored on the authenticator.
        pub resident_key: Requirement = Requirement::Required,
        /// Whether the authenticator must check who uses it.
        pub user_verification: Requirement = Requirement::Preferred,
    }
}

choice! {
    /// How an authenticator is connected.
    pub enum Attachment {
        /// Built in.
        Platform = "platform",
        /// Separate.
        CrossPlatform = "cross-platform",
    }
}

choice! {
    /// How much something is asked for.
    pub enum Requirement {
        /// Not without it.
        Required = "required",
        /// If possible.
        Preferred = "preferred",
        /// Rather not.
        Discouraged = "discouraged",
    }
}

section! {
    /// What is asked about the authenticator itself.
    pub struct Attestation {
        /// How it should identify itself.
        pub preference: AttestationPreference = AttestationPreference::None,
    }
}

choice! {
    /// How an authenticator should identify itself.
    pub enum AttestationPreference {
        /// Not at all.
        None = "none",
        /// In a way the browser may anonymise.
        Indirect = "indirect",
        /// By its model.
        Direct = "direct",
        /// Uniquely.
        Enterprise = "enterprise",
    }
}

section! {
    /// How long browsers wait; without a value, as long as the protocol recommends.
    pub struct Timeouts {
        /// For a new passkey.
        #[serde(with = "OptionalGoDuration")]
        pub registration: Option<Duration>,
        /// For signing in.
        #[serde(with = "OptionalGoDuration")]
        pub login: Option<Duration>,
    }
}
