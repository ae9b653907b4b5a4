//! Labels of nodes (1_070_xxx).

crate::message::messages! {
    /// A label without a text of its own, such as the masked address on a button.
    1_070_000 Info node_label()[label: &str] = "{label}";
    /// The label of a password field.
    1_070_001 Info node_label_input_password() = "Password";
    /// The label of a field made from the identity schema.
    1_070_002 Info node_label_generated(title: &str, name: &str) = "{title}";
    /// The label of the button that saves a form.
    1_070_003 Info node_label_save() = "Save";
    /// The label of the field for whatever one signs in with.
    1_070_004 Info node_label_id() = "Email, phone number or username";
    /// The label of the button that sends a form.
    1_070_005 Info node_label_submit() = "Submit";
    /// The label of the field for the first code of a new authenticator app.
    1_070_006 Info node_label_verify_otp() = "Code from your authenticator app";
    /// The label of an e-mail field.
    1_070_007 Info node_label_email() = "Email";
    /// The label of the button that sends the code once more.
    1_070_008 Info node_label_resend_otp() = "Send a new code";
    /// The label of the button that goes on.
    1_070_009 Info node_label_continue() = "Continue";
    /// The label of the field for a recovery code.
    1_070_010 Info node_label_recovery_code() = "Recovery code";
    /// The label of the field for a verification code.
    1_070_011 Info node_label_verification_code() = "Verification code";
    /// The label of the field for a registration code.
    1_070_012 Info node_label_registration_code() = "Sign-up code";
    /// The label of the field for a login code.
    1_070_013 Info node_label_login_code() = "Sign-in code";
    /// The label of the button that signs in and connects a social account.
    1_070_014 Info node_label_login_and_link_credential() = "Sign in and connect";
    /// The label of a captcha.
    1_070_015 Info node_label_captcha() = "Please show that you are a person";
    /// The label of the field for the address to recover by.
    1_070_016 Info node_label_recovery_address() = "Email or phone number";
    /// The label of a phone number field.
    1_070_017 Info node_label_phone_number() = "Phone number";
}
