//! Messages of the recovery flow (1_060_xxx and 4_060_xxx).

crate::message::messages! {
    /// The account is recovered; for some minutes its sign-in methods can be changed.
    1_060_001 Success recovery_successful(
        privileged_session_expires_at: &str,
        privileged_session_expires_at_unix: i64
    ) [minutes: i64]
        also { privilegedSessionExpiresAt = privileged_session_expires_at } =
        "Welcome back! Please set a new password or another way to sign in now; you have {minutes} minutes for it.";
    /// A link was sent, if the address is known.
    1_060_002 Info recovery_email_sent() =
        "If the address belongs to an account, a mail with a link is on its way. If none arrives, please check the address: it has to be the one you signed up with.";
    /// A code was sent, if the address is known.
    1_060_003 Info recovery_email_with_code_sent() =
        "If the address belongs to an account, a mail with a code is on its way. If none arrives, please check the address: it has to be the one you signed up with.";
    /// A code was sent to the address that was chosen or typed.
    1_060_004 Info recovery_message_masked_with_code_sent(masked_address: &str) =
        "A code is on its way to {masked_address}, if that address belongs to an account. If none arrives, please check it: it has to be the one you signed up with.";
    /// The address has to be typed in full to show that one knows it.
    1_060_005 Info recovery_ask_for_full_address() =
        "Please type the whole address, to show that it is yours.";
    /// There are several addresses to choose from.
    1_060_006 Info recovery_ask_to_choose_address() = "Where shall we send the code?";
    /// The button that returns to the step before.
    1_060_007 Info recovery_back() = "Back";

    /// The flow was completed before.
    4_060_001 Error recovery_retry_success() =
        "You have recovered your account with this form already. Please begin anew if you need to do it again.";
    /// The flow can't go on.
    4_060_002 Error recovery_state_failure() =
        "Something went wrong with this recovery. Please begin anew.";
    /// The link lacks its secret.
    4_060_003 Error recovery_missing_recovery_token() =
        "The link is not complete. Please open it just as it is in the mail.";
    /// The link is wrong, too old or used.
    4_060_004 Error recovery_token_invalid_or_already_used() =
        "This link is too old or was used before. Please ask for a new one.";
    /// The form lay around too long.
    4_060_005 Error recovery_flow_expired(expired_at: &str, expired_at_unix: i64) =
        "This recovery form has expired. Please try again with the fresh one.";
    /// The code is wrong, too old or used.
    4_060_006 Error recovery_code_invalid_or_already_used() =
        "This code is not right or was used before. Please check it, or ask for a new one.";
    /// The submission names no way to recover that is available.
    4_010_005 Error recovery_no_strategy_found() =
        "We could not tell how you want to recover your account. Please fill in the form below.";
}
