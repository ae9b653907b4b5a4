//! `selfservice.flows`: one section per flow.

use std::time::Duration;

use url::Url;

use super::after::{
    AfterLogin, AfterLogout, AfterRecovery, AfterRegistration, AfterSettings, AfterVerification,
    Before,
};
use crate::GoDuration;
use crate::config::UrlReference;
use crate::session::RequiredAal;

/// How long a flow lives unless configured otherwise.
const LIFESPAN: Duration = Duration::from_secs(3600);

section! {
    /// The flows.
    pub struct Flows {
        /// Changing one's account.
        pub settings: Settings,
        /// Signing out.
        pub logout: Logout,
        /// Signing up.
        pub registration: Registration,
        /// Signing in.
        pub login: Login,
        /// Proving that an address is one's own.
        pub verification: Verification,
        /// Getting back into an account.
        pub recovery: Recovery,
        /// Showing errors that belong to no flow.
        pub error: ErrorPage,
    }
}

section! {
    /// Changing one's account.
    pub struct Settings {
        /// The page that shows this flow; without it, the built-in one.
        #[schemars(with = "Option<UrlReference>")]
        pub ui_url: Option<Url>,
        /// How long the flow can be used.
        #[serde(with = "GoDuration")]
        pub lifespan: Duration = LIFESPAN,
        /// How long after signing in credentials may be changed without signing in again.
        #[serde(with = "GoDuration")]
        pub privileged_session_max_age: Duration = Duration::from_secs(3600),
        /// The assurance a session needs to open this flow.
        pub required_aal: RequiredAal = RequiredAal::HighestAvailable,
        /// What happens when it is completed.
        pub after: AfterSettings,
        /// What happens when it is created.
        pub before: Before,
    }
}

section! {
    /// Signing out.
    pub struct Logout {
        /// Tell browsers to forget what they keep for this site.
        pub clear_browser_data: bool = false,
        /// What happens afterwards.
        pub after: AfterLogout,
    }
}

section! {
    /// Signing up.
    pub struct Registration {
        /// Whether anybody can sign up.
        pub enabled: bool = true,
        /// Say with which method an account that already exists can be signed in to.
        pub login_hints: bool = false,
        /// The page that shows this flow; without it, the built-in one.
        #[schemars(with = "Option<UrlReference>")]
        pub ui_url: Option<Url>,
        /// How long the flow can be used.
        #[serde(with = "GoDuration")]
        pub lifespan: Duration = LIFESPAN,
        /// What happens when it is created.
        pub before: Before,
        /// What happens when it is completed.
        pub after: AfterRegistration,
        /// Older name for `style: unified`; wins when true.
        pub enable_legacy_one_step: bool = false,
        /// On how many screens the form is shown.
        pub style: RegistrationStyle = RegistrationStyle::ProfileFirst,
    }
}

impl Registration {
    /// The style that applies, the older switch considered.
    #[must_use]
    pub fn effective_style(&self) -> RegistrationStyle {
        if self.enable_legacy_one_step {
            RegistrationStyle::Unified
        } else {
            self.style
        }
    }
}

choice! {
    /// On how many screens one signs up.
    pub enum RegistrationStyle {
        /// Profile and credentials together.
        Unified = "unified",
        /// The profile first, then the credentials.
        ProfileFirst = "profile_first",
    }
}

section! {
    /// Signing in.
    pub struct Login {
        /// The page that shows this flow; without it, the built-in one.
        #[schemars(with = "Option<UrlReference>")]
        pub ui_url: Option<Url>,
        /// How long the flow can be used.
        #[serde(with = "GoDuration")]
        pub lifespan: Duration = LIFESPAN,
        /// On how many screens the form is shown.
        pub style: LoginStyle = LoginStyle::Unified,
        /// What happens when it is created.
        pub before: Before,
        /// What happens when it is completed.
        pub after: AfterLogin,
    }
}

choice! {
    /// On how many screens one signs in.
    pub enum LoginStyle {
        /// Identifier and credentials together.
        Unified = "unified",
        /// The identifier first, then what it can sign in with.
        IdentifierFirst = "identifier_first",
    }
}

section! {
    /// Proving that an address is one's own.
    pub struct Verification {
        /// Whether addresses are verified at all.
        pub enabled: bool = false,
        /// The page that shows this flow; without it, the built-in one.
        #[schemars(with = "Option<UrlReference>")]
        pub ui_url: Option<Url>,
        /// What happens when it is completed.
        pub after: AfterVerification,
        /// How long the flow can be used.
        #[serde(with = "GoDuration")]
        pub lifespan: Duration = LIFESPAN,
        /// What happens when it is created.
        pub before: Before,
        /// Whether a link or a code is sent.
        #[serde(rename = "use")]
        pub use_: OneTimeMethod = OneTimeMethod::Code,
        /// Write to addresses nobody has, saying so.
        pub notify_unknown_recipients: bool = false,
    }
}

section! {
    /// Getting back into an account.
    pub struct Recovery {
        /// Whether accounts can be recovered at all.
        pub enabled: bool = false,
        /// The page that shows this flow; without it, the built-in one.
        #[schemars(with = "Option<UrlReference>")]
        pub ui_url: Option<Url>,
        /// What happens when it is completed.
        pub after: AfterRecovery,
        /// How long the flow can be used.
        #[serde(with = "GoDuration")]
        pub lifespan: Duration = LIFESPAN,
        /// What happens when it is created.
        pub before: Before,
        /// Whether a link or a code is sent.
        #[serde(rename = "use")]
        pub use_: OneTimeMethod = OneTimeMethod::Code,
        /// Write to addresses nobody has, saying so.
        pub notify_unknown_recipients: bool = false,
    }
}

choice! {
    /// How somebody shows that a message reached them.
    pub enum OneTimeMethod {
        /// By following a link.
        Link = "link",
        /// By typing a code.
        Code = "code",
    }
}

section! {
    /// Showing errors that belong to no flow.
    pub struct ErrorPage {
        /// The page that shows them; without it, the built-in one.
        #[schemars(with = "Option<UrlReference>")]
        pub ui_url: Option<Url>,
    }
}
