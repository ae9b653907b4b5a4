//! Messages of the verification flow (1_080_xxx and 4_070_xxx).

crate::message::messages! {
    /// A link was sent, if the address is known.
    1_080_001 Info verification_email_sent() =
        "If the address belongs to an account, a mail with a link is on its way. If none arrives, please check the address for typing errors.";
    /// The address is verified.
    1_080_002 Success verification_successful() = "Thank you! Your address is confirmed.";
    /// A code was sent, if the address is known.
    1_080_003 Info verification_email_with_code_sent() =
        "If the address belongs to an account, a message with a code is on its way. If none arrives, please check the address for typing errors.";

    /// The link is wrong, too old or used.
    4_070_001 Error verification_token_invalid_or_already_used() =
        "This link is too old or was used before. Please ask for a new one.";
    /// The flow was completed before.
    4_070_002 Error verification_retry_success() =
        "This address was confirmed before; there is nothing more to do.";
    /// The flow can't go on.
    4_070_003 Error verification_state_failure() =
        "Something went wrong with this confirmation. Please begin anew.";
    /// The link lacks its secret.
    4_070_004 Error verification_missing_verification_token() =
        "The link is not complete. Please open it just as it is in the mail.";
    /// The form lay around too long.
    4_070_005 Error verification_flow_expired(expired_at: &str, expired_at_unix: i64) =
        "This form has expired. Please try again with the fresh one.";
    /// The code is wrong, too old or used.
    4_070_006 Error verification_code_invalid_or_already_used() =
        "This code is not right or was used before. Please check it, or ask for a new one.";
    /// The submission names no way to verify that is available.
    4_010_006 Error verification_no_strategy_found() =
        "We could not tell how you want to confirm your address. Please fill in the form below.";
}
