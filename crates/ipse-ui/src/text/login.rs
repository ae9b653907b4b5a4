//! Messages of the login flow (1_010_xxx and 4_010_xxx).

crate::message::messages! {
    /// The button that signs in.
    1_010_001 Info login() = "Sign in";
    /// The button that signs in at a social provider.
    1_010_002 Info login_with(provider: &str, provider_id: &str) = "Sign in with {provider}";
    /// Somebody who is signed in already has to prove it once more.
    1_010_003 Info login_re_auth() = "Please confirm that it is you by signing in again.";
    /// The second factor is asked for.
    1_010_004 Info login_mfa() = "One more step: please confirm with your second factor.";
    /// The button that confirms a login.
    1_010_005 Info login_verify() = "Verify";
    /// The label of the field for a code of an authenticator app.
    1_010_006 Info login_totp_label() = "Code from your authenticator app";
    /// The label of the field for a backup code.
    1_010_007 Info login_lookup_label() = "Backup code";
    /// The button that asks for a security key as the second factor.
    1_010_008 Info login_webauthn() = "Use your security key";
    /// The button that submits a code of an authenticator app.
    1_010_009 Info login_totp() = "Confirm with the authenticator app";
    /// The button that submits a backup code.
    1_010_010 Info login_lookup() = "Confirm with a backup code";
    /// The button that goes on to the security key.
    1_010_011 Info login_continue_webauthn() = "Go on with your security key";
    /// A security key or another authenticator is about to be asked for.
    1_010_012 Info login_webauthn_passwordless() =
        "Have your security key or fingerprint reader at hand, then continue.";
    /// The button that goes on.
    1_010_013 Info login_continue() = "Continue";
    /// A code was sent, if the address is known.
    1_010_014 Info login_code_sent() =
        "We have sent you a code. If it does not arrive, please check the address for typing errors and try once more.";
    /// The button that asks for a code.
    1_010_015 Info login_code() = "Send me a code";
    /// A social account brings an address that another account has; signing in there connects the two.
    1_010_016 Info login_link(
        duplicate_identifier: &str,
        provider: &str,
        new_login_url: &str,
        available_credential_types: &[&str],
        available_providers: &[&str]
    ) also { duplicateIdentifier = duplicate_identifier, newLoginUrl = new_login_url } =
        "There is an account for \"{duplicate_identifier}\" already. Sign in to it below, and {provider} will be added as a way to sign in.";
    /// The button that signs in and connects a social account.
    1_010_017 Info login_and_link() = "Sign in and connect";
    /// The button that signs in at a social provider and connects another social account.
    1_010_018 Info login_with_and_link(provider: &str) = "Continue with {provider}";
    /// The button that asks for a code as the second factor.
    1_010_019 Info login_code_mfa() = "Send me a code to confirm";
    /// Where the code for the second factor will go.
    1_010_020 Info login_code_mfa_hint(masked_to: &str) =
        "The code will be sent to {masked_to}. Type the whole address to show that it is yours.";
    /// The button that signs in with a passkey.
    1_010_021 Info login_passkey() = "Sign in with a passkey";
    /// The button that signs in with a password.
    1_010_022 Info login_password() = "Sign in with your password";
    /// The button that sends a code for the second factor to one of several addresses.
    1_010_023 Info login_aal2_code_address(address: &str, channel: &str) = "Send a code to {address}";

    /// The form lay around too long.
    4_010_001 Error login_flow_expired(expired_at: &str, expired_at_unix: i64) =
        "This sign-in form has expired. Please try again with the fresh one.";
    /// The submission names no way to sign in that is available.
    4_010_002 Error login_no_strategy_found() =
        "We could not tell how you want to sign in. Please choose one of the ways below.";
    /// The flow was completed before.
    4_010_007 Error login_retry_success() = "You have completed this sign-in already.";
    /// The code is wrong, too old or used.
    4_010_008 Error login_code_invalid_or_already_used() =
        "This code is not right or was used before. Please check it, or ask for a new one.";
    /// Another account than the expected one signed in to connect a social account.
    4_010_009 Error login_linked_credentials_do_not_match() =
        "You signed in to a different account than the one to be connected. Please sign in to the account named above.";
    /// The address for the second factor isn't one of the account.
    4_010_010 Error login_address_unknown() =
        "This address does not belong to your account. Please type an address that does.";
}
