//! `selfservice.methods`: what users can sign in with, and how strict each method is.

use std::collections::BTreeMap;
use std::time::Duration;

use url::Url;
use uuid::Uuid;

use super::oidc::Oidc;
use super::web_hook::RequestAuth;
use super::webauthn::{Passkey, Webauthn};
use crate::{GoDuration, OptionalGoDuration, Secret, Source};

section! {
    /// The methods.
    pub struct Methods {
        /// Single sign-on of organizations.
        pub b2b: B2b,
        /// Editing traits.
        pub profile: Profile,
        /// Links that are sent.
        pub link: Link,
        /// Codes that are sent.
        pub code: Code,
        /// Passwords.
        pub password: Password,
        /// Authenticator apps.
        pub totp: Totp,
        /// Backup codes.
        pub lookup_secret: LookupSecret,
        /// Security keys.
        pub webauthn: Webauthn,
        /// Passkeys.
        pub passkey: Passkey,
        /// Social accounts.
        pub oidc: Oidc,
    }
}

section! {
    /// Single sign-on of organizations.
    pub struct B2b {
        /// Its settings.
        pub config: B2bConfig,
    }
}

section! {
    /// Settings of single sign-on of organizations.
    pub struct B2bConfig {
        /// The organizations.
        pub organizations: Vec<Organization>,
    }
}

section! {
    /// One organization.
    pub struct Organization {
        /// Its id.
        pub id: Option<Uuid>,
        /// Its name.
        pub label: Option<String>,
        /// The domains of its members' addresses.
        pub domains: Vec<String>,
        /// How long its members' sessions live.
        #[serde(with = "OptionalGoDuration")]
        pub session_lifespan: Option<Duration>,
    }
}

section! {
    /// Editing traits.
    pub struct Profile {
        /// Whether the method can be used.
        pub enabled: bool = true,
    }
}

section! {
    /// Links that are sent.
    pub struct Link {
        /// Whether the method can be used.
        pub enabled: bool = false,
        /// Its settings.
        pub config: LinkConfig,
    }
}

section! {
    /// Settings of links that are sent.
    pub struct LinkConfig {
        /// No effect: links lead to the address of the public API.
        pub base_url: Option<String>,
        /// How long a link can be followed.
        #[serde(with = "GoDuration")]
        pub lifespan: Duration = Duration::from_secs(3600),
    }
}

section! {
    /// Codes that are sent.
    pub struct Code {
        /// Sign in and up with nothing but a code.
        pub passwordless_enabled: bool = false,
        /// Use a code as second factor.
        pub mfa_enabled: bool = false,
        /// Whether the method can be used for verification and recovery.
        pub enabled: bool = true,
        /// Its settings.
        pub config: CodeConfig,
    }
}

section! {
    /// Settings of codes that are sent.
    pub struct CodeConfig {
        /// How long a code can be used.
        #[serde(with = "GoDuration")]
        pub lifespan: Duration = Duration::from_secs(3600),
        /// How often a wrong code may be submitted.
        #[schemars(range(min = 1, max = 255))]
        pub max_submissions: u8 = 5,
        /// Let accounts without this credential sign in by code with a verified address.
        pub missing_credential_fallback_enabled: bool = false,
    }
}

section! {
    /// Passwords.
    pub struct Password {
        /// Whether the method can be used.
        pub enabled: bool = true,
        /// Its settings.
        pub config: PasswordConfig,
    }
}

section! {
    /// Settings of passwords.
    pub struct PasswordConfig {
        /// The server that knows breached passwords.
        pub haveibeenpwned_host: String = "api.pwnedpasswords.com".to_owned(),
        /// Refuse passwords that are known to be breached.
        pub haveibeenpwned_enabled: bool = true,
        /// How often a password may have been seen in breaches.
        #[schemars(range(max = 100))]
        pub max_breaches: u32 = 0,
        /// Accept a password when that server can't be reached.
        pub ignore_network_errors: bool = true,
        /// The fewest characters a password may have.
        #[schemars(range(min = 6))]
        pub min_password_length: usize = 8,
        /// Refuse passwords that resemble the identifier.
        pub identifier_similarity_check_enabled: bool = true,
        /// Asks an older system whether a password is right, and takes it over.
        pub migrate_hook: MigrateHook,
    }
}

section! {
    /// Takes passwords over from an older system as people sign in.
    pub struct MigrateHook {
        /// Whether the older system is asked.
        pub enabled: bool = false,
        /// How it is asked.
        pub config: MigrateHookConfig,
    }
}

section! {
    /// The request to an older system.
    pub struct MigrateHookConfig {
        /// The address of the request.
        pub url: Option<Url>,
        /// The HTTP method of the request.
        pub method: MigrateHookMethod = MigrateHookMethod::Post,
        /// Headers of the request.
        pub headers: BTreeMap<String, Secret>,
        /// Report the call.
        pub emit_analytics_event: bool = true,
        /// How the request authenticates itself.
        pub auth: Option<RequestAuth>,
        /// The Jsonnet that makes the body.
        pub body: Option<Source>,
    }
}

choice! {
    /// The HTTP method of a request to an older system.
    pub enum MigrateHookMethod {
        /// The only one that can carry a password.
        Post = "POST",
    }
}

section! {
    /// Authenticator apps.
    pub struct Totp {
        /// Whether the method can be used.
        pub enabled: bool = false,
        /// Its settings.
        pub config: TotpConfig,
    }
}

section! {
    /// Settings of authenticator apps.
    pub struct TotpConfig {
        /// The name apps show; without it, the host of the public API.
        pub issuer: Option<String>,
    }
}

section! {
    /// Backup codes.
    pub struct LookupSecret {
        /// Whether the method can be used.
        pub enabled: bool = false,
    }
}
