//! Messages of the registration flow (1_040_xxx and 4_040_xxx).

crate::message::messages! {
    /// The button that signs up.
    1_040_001 Info registration() = "Create account";
    /// The button that signs up by a social provider.
    1_040_002 Info registration_with(provider: &str, provider_id: &str) = "Sign up with {provider}";
    /// The button that goes on.
    1_040_003 Info registration_continue() = "Continue";
    /// The button that signs up with a security key.
    1_040_004 Info registration_register_webauthn() = "Sign up with a security key";
    /// A code was sent to the addresses that were typed.
    1_040_005 Info registration_email_with_code_sent() =
        "We have sent you a code. If it does not arrive, please check your address for typing errors and try once more.";
    /// The button that asks for a code.
    1_040_006 Info registration_register_code() = "Sign up with a code";
    /// The button that signs up with a passkey.
    1_040_007 Info registration_register_passkey() = "Sign up with a passkey";
    /// The button that returns to the first step.
    1_040_008 Info registration_back() = "Back";
    /// The second step begins: how to sign in from now on.
    1_040_009 Info registration_choose_credentials() =
        "Nearly done: choose how you want to sign in from now on.";

    /// The form lay around too long.
    4_040_001 Error registration_flow_expired(expired_at: &str, expired_at_unix: i64) =
        "This sign-up form has expired. Please try again with the fresh one.";
    /// The flow was completed before.
    4_040_002 Error registration_retry_success() = "You have completed this sign-up already.";
    /// The code is wrong, too old or used.
    4_040_003 Error registration_code_invalid_or_already_used() =
        "This code is not right or was used before. Please check it, or ask for a new one.";
    /// The submission names no way to sign up that is available.
    4_010_003 Error registration_no_strategy_found() =
        "We could not tell how you want to sign up. Please choose one of the ways below.";
}
