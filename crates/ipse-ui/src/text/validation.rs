//! Messages about what was typed (4_000_xxx).

use serde_json::{Number, Value};

use super::either;

crate::message::messages! {
    /// An error without a number of its own; `reason` is the whole text.
    4_000_001 Error generic(reason: &str) = "{reason}";
    /// A field that has to be filled in is empty.
    4_000_002 Error required(property: &str) = "Please fill this in: {property} is missing.";
    /// A text is too short.
    4_000_003 Error min_length(min_length: u64, actual_length: u64) =
        "length must be >= {min_length}, but got {actual_length}";
    /// A text doesn't match a pattern.
    4_000_004 Error invalid_format(pattern: &str) = "Please use the form {pattern}.";
    /// A password breaks a rule without a message of its own.
    4_000_005 Error password_policy_violation_generic(reason: &str) =
        "The password can't be used because {reason}.";
    /// Identifier or password are wrong; which one isn't said.
    4_000_006 Error invalid_credentials() =
        "That did not work. Please check what you sign in with and your password for typing errors.";
    /// The identifier belongs to an account.
    4_000_007 Error duplicate_credentials() =
        "There is an account with this email address, phone number or username already.";
    /// The code of the authenticator app or the answer of a security key is wrong.
    4_000_008 Error totp_verifier_wrong() = "This code is not right. Please try the next one.";
    /// None of the traits can be signed in with.
    4_000_009 Error identifier_missing() =
        "There is nothing to sign in with, such as an email address. Please fill it in, or tell whoever runs this site.";
    /// The address has to be verified before signing in.
    4_000_010 Error address_not_verified() =
        "Please confirm your address first: follow the message that we have sent to it.";
    /// The account has no authenticator app.
    4_000_011 Error no_totp_device() = "Your account has no authenticator app set up.";
    /// The backup code was used before.
    4_000_012 Error lookup_already_used() =
        "This backup code was used before. Please take another one from your list.";
    /// The account has no security key.
    4_000_013 Error no_webauthn_device() = "Your account has no security key set up.";
    /// The account has no backup codes.
    4_000_014 Error no_lookup() = "Your account has no backup codes set up.";
    /// There is no such account, or it has no security key.
    4_000_015 Error such_no_webauthn_user() =
        "We can't find an account with a security key by that name.";
    /// The backup code is wrong.
    4_000_016 Error lookup_invalid() =
        "This backup code is not right. Please compare it with your list.";
    /// A text is too long.
    4_000_017 Error max_length(max_length: u64, actual_length: u64) =
        "Please use at most {max_length} characters; these are {actual_length}.";
    /// A number is too small.
    4_000_018 Error minimum(minimum: &Number, actual: &Number) =
        "Please use {minimum} or more instead of {actual}.";
    /// A number is not above its limit.
    4_000_019 Error exclusive_minimum(exclusive_minimum: &Number, actual: &Number) =
        "Please use more than {exclusive_minimum} instead of {actual}.";
    /// A number is too large.
    4_000_020 Error maximum(maximum: &Number, actual: &Number) =
        "Please use {maximum} or less instead of {actual}.";
    /// A number is not below its limit.
    4_000_021 Error exclusive_maximum(exclusive_maximum: &Number, actual: &Number) =
        "Please use less than {exclusive_maximum} instead of {actual}.";
    /// A number is off its steps.
    4_000_022 Error multiple_of(base: &Number, actual: &Number) =
        "Please use a multiple of {base} instead of {actual}.";
    /// A list is too long.
    4_000_023 Error max_items(max_items: u64, actual_items: u64) =
        "Please give no more than {max_items}; these are {actual_items}.";
    /// A list is too short.
    4_000_024 Error min_items(min_items: u64, actual_items: u64) =
        "Please give {min_items} or more; these are {actual_items}.";
    /// A list says something twice.
    4_000_025 Error unique_items(index_a: u64, index_b: u64)
        where { first = index_a + 1, second = index_b + 1 } =
        "Numbers {first} and {second} of the list are the same. Please keep one of them.";
    /// A value is of the wrong JSON type.
    4_000_026 Error wrong_type(allowed_types: &[&str], actual_type: &str)
        where { expected = either(allowed_types) } =
        "This should be of type {expected}, but is of type {actual_type}.";
    /// The social account belongs to another account.
    4_000_027 Error duplicate_credentials_on_oidc_link() =
        "This social account is connected with another account. Please disconnect it there first.";
    /// The identifier belongs to an account that one could sign in to.
    4_000_028 Error duplicate_credentials_with_hints(
        credential_identifier_hint: &str,
        available_credential_types: &[&str],
        available_oidc_providers: &[&str]
    ) where { advice = ways_to_sign_in(available_credential_types, available_oidc_providers) } =
        "There is an account for {credential_identifier_hint} already. {advice}";
    /// A value has to be a certain one.
    4_000_029 Error constant(expected: &Value) = "This has to be {expected}.";
    /// A value has to be a certain one that isn't told.
    4_000_030 Error const_generic() = "This is not the value that is asked for.";
    /// The password resembles what one signs in with.
    4_000_031 Error password_identifier_too_similar() =
        "This password is too much like what you sign in with. Please choose a different one.";
    /// The password is shorter than the policy asks.
    4_000_032 Error password_min_length(min_length: u64, actual_length: u64) =
        "Please choose a password of {min_length} characters or more; this one has {actual_length}.";
    /// The password is longer than can be kept.
    4_000_033 Error password_max_length(max_length: u64, actual_length: u64) =
        "Please choose a password of {max_length} characters at most; this one has {actual_length}.";
    /// The password is known from data breaches.
    4_000_034 Error password_too_many_breaches(breaches: u64) =
        "The password can't be used because the password has been found in data breaches and must no longer be used.";
    /// There is no such account, or it can't sign in by code.
    4_000_035 Error no_code_user() =
        "We can't find an account with that address that signs in with codes.";
    /// The traits differ from those that the code was sent for.
    4_000_036 Error traits_mismatch() =
        "Some of your data has changed since the code was sent. Please ask for a new code.";
    /// There is no such account, or it has no way to sign in.
    4_000_037 Error account_not_found() =
        "We can't find an account by that name that could sign in.";
    /// The captcha wasn't solved.
    4_000_038 Error captcha_error() =
        "We could not make sure that you are a person. Please try again.";
    /// The new password is the old one.
    4_000_039 Error password_new_same_as_old() =
        "This is the password you have already. Please choose a new one.";
    /// A text isn't an e-mail address.
    4_000_040 Error email(value: &str) = "\"{value}\" isn't valid \"email\"";
    /// A text isn't a phone number.
    4_000_041 Error phone(value: &str) =
        "\"{value}\" is not a phone number. Please write it with the country code, such as +49 for Germany.";
}

/// What somebody can do whose identifier belongs to an account.
fn ways_to_sign_in(credentials: &[&str], providers: &[&str]) -> String {
    let mut ways: Vec<String> = Vec::new();
    for credential in credentials {
        match *credential {
            "password" => ways.push("your password".to_owned()),
            "code" | "code_recovery" | "link_recovery" => ways.push("a code".to_owned()),
            "webauthn" => ways.push("your security key".to_owned()),
            "passkey" => ways.push("your passkey".to_owned()),
            "oidc" if providers.is_empty() => ways.push("a social account".to_owned()),
            "oidc" => ways.push(format!("your account at {}", either(providers))),
            _ => {}
        }
    }
    if ways.is_empty() {
        return "Please sign in to it instead.".to_owned();
    }
    format!("Please sign in to it with {}.", either(&ways))
}
