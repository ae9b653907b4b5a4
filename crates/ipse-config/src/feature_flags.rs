//! `feature_flags`: behaviour that can be switched on early or kept from older versions.

use std::time::Duration;

use crate::OptionalGoDuration;

section! {
    /// Switches for behaviour that changes between versions.
    pub struct FeatureFlags {
        /// Let caches keep answers of `/sessions/whoami`.
        pub cacheable_sessions: bool = false,
        /// How long such an answer may be kept at most; without it, as long as the session lives.
        #[serde(with = "OptionalGoDuration")]
        pub cacheable_sessions_max_age: Option<Duration>,
        /// Tell clients about the next step with `continue_with` throughout.
        pub use_continue_with_transitions: bool = false,
        /// Let the user choose which address a recovery code is sent to.
        pub choose_recovery_address: bool = false,
        /// Name the verification flow in `continue_with` without the `show_verification_ui` hook.
        pub legacy_continue_with_verification_ui: bool = false,
        /// Answer a login with an unverified address the way older versions did.
        pub legacy_require_verified_login_error: bool = false,
        /// Extend sessions without loading the whole session first.
        pub faster_session_extend: bool = false,
        /// The node group of the profile fields in a registration by password.
        pub password_profile_registration_node_group: ProfileNodeGroup = ProfileNodeGroup::Default,
        /// Put the profile fields of a social registration into the group of that method.
        pub legacy_oidc_registration_node_group: bool = false,
        /// Accept wildcard origins and return addresses that are not bound to a domain. Insecure.
        pub legacy_allow_insecure_origins: bool = false,
        /// Offer the known addresses when a login is repeated by code.
        pub refresh_login_choose_address: bool = false,
    }
}

choice! {
    /// A node group for profile fields.
    pub enum ProfileNodeGroup {
        /// The group of the password method.
        Password = "password",
        /// The group of what belongs to no method.
        Default = "default",
    }
}
