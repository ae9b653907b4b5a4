//! Messages of the settings flow (1_050_xxx and 4_050_xxx).

use crate::Message;

crate::message::messages! {
    /// Shown when a settings flow has been completed.
    1_050_001 Success settings_update_success() = "Your changes have been saved!";
    /// The button that connects a social account.
    1_050_002 Info settings_update_link_oidc(provider: &str) = "Link {provider}";
    /// The button that disconnects a social account.
    1_050_003 Info settings_update_unlink_oidc(provider: &str) = "Unlink {provider}";
    /// The button that removes the authenticator app.
    1_050_004 Info settings_update_unlink_totp() = "Remove the authenticator app";
    /// The label of the picture to scan with an authenticator app.
    1_050_005 Info settings_totp_qr_code() = "QR code for your authenticator app";
    /// The secret to type into an authenticator app.
    1_050_006 Info settings_totp_secret(secret: &str) = "{secret}";
    /// The button that shows the backup codes.
    1_050_007 Info settings_reveal_lookup() = "Show the backup codes";
    /// The button that makes new backup codes.
    1_050_008 Info settings_regenerate_lookup() = "Create new backup codes";
    /// One backup code.
    1_050_009 Info settings_lookup_secret(secret: &str) = "{secret}";
    /// The label of the list of backup codes.
    1_050_010 Info settings_lookup_secret_label() =
        "Your backup codes. Each works once: keep them somewhere safe.";
    /// The button that puts new backup codes into use.
    1_050_011 Info settings_lookup_confirm() = "I have kept them, use these codes";
    /// The button that adds a security key.
    1_050_012 Info settings_register_webauthn() = "Add a security key";
    /// The label of the field for the name of a security key.
    1_050_013 Info settings_register_webauthn_display_name() = "Name of the security key";
    /// Stands in the place of a backup code that was used.
    1_050_014 Info settings_lookup_secret_used(used_at: &str, used_at_unix: i64) = "Used on {used_at}";
    /// The list of backup codes; each is a message of its own.
    1_050_015 Info settings_lookup_secret_list(secrets: &[Message])
        where { codes = lookup_codes(secrets) } = "{codes}";
    /// The button that turns backup codes off.
    1_050_016 Info settings_disable_lookup() = "Turn backup codes off";
    /// The label of the secret to type into an authenticator app.
    1_050_017 Info settings_totp_secret_label() =
        "If you can't scan the picture, type this secret into your authenticator app.";
    /// The button that removes a security key.
    1_050_018 Info settings_remove_webauthn(display_name: &str, added_at: &str, added_at_unix: i64) =
        "Remove the security key \"{display_name}\"";
    /// The button that adds a passkey.
    1_050_019 Info settings_register_passkey() = "Add a passkey";
    /// The button that removes a passkey.
    1_050_020 Info settings_remove_passkey(display_name: &str, added_at: &str, added_at_unix: i64) =
        "Remove the passkey \"{display_name}\"";

    /// The form lay around too long.
    4_050_001 Error settings_flow_expired(expired_at: &str, expired_at_unix: i64) =
        "This form has expired. Please make your changes in the fresh one.";
    /// More than one address is another than before, but one at a time can be verified.
    4_050_002 Error settings_too_many_address_changes() =
        "Please change one address at a time, so that it can be verified.";
    /// The submission names nothing that could be changed.
    4_010_004 Error settings_no_strategy_found() =
        "We could not tell what you want to change. Please use one of the buttons below.";
}

/// The codes in a row, as a text for those who don't draw a list.
fn lookup_codes(secrets: &[Message]) -> String {
    let codes = secrets.iter().map(|secret| match secret.id {
        1_050_014 => "used",
        _ => secret.text.as_str(),
    });
    codes.collect::<Vec<_>>().join(", ")
}
