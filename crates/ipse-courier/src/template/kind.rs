//! The messages there are, and the parts that each has.

/// A message by its stable name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TemplateType {
    /// Somebody asked to recover an account that doesn't exist.
    RecoveryInvalid,
    /// A link to recover an account.
    RecoveryValid,
    /// Somebody asked for a code to recover an account that doesn't exist.
    RecoveryCodeInvalid,
    /// A code to recover an account.
    RecoveryCodeValid,
    /// Somebody asked to verify an address that no account has.
    VerificationInvalid,
    /// A link to verify an address.
    VerificationValid,
    /// Somebody asked for a code to verify an address that no account has.
    VerificationCodeInvalid,
    /// A code to verify an address.
    VerificationCodeValid,
    /// A code to sign in.
    LoginCodeValid,
    /// A code to sign up.
    RegistrationCodeValid,
    /// News for the previous address of an account that has a new one.
    VerifiableAddressChanged,
    /// News that an account has one more way to sign in.
    AuthenticatorKeyAdded,
}

/// How a message travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TemplateChannel {
    /// With a subject, a plain text and HTML.
    Email,
    /// With a short plain text.
    Sms,
}

/// A part of a message that has a template of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Part {
    Subject,
    Text,
    Html,
    Sms,
}

impl Part {
    pub(crate) const ALL: [Self; 4] = [Self::Subject, Self::Text, Self::Html, Self::Sms];

    /// The name of its file in a directory of overrides.
    pub(crate) fn file_name(self) -> &'static str {
        match self {
            Self::Subject => "email.subject.gotmpl",
            Self::Text => "email.body.plaintext.gotmpl",
            Self::Html => "email.body.gotmpl",
            Self::Sms => "sms.body.gotmpl",
        }
    }

    /// How the names of files begin that such a file may refer to.
    pub(crate) fn file_stem(self) -> &'static str {
        self.file_name().trim_end_matches("gotmpl")
    }
}

impl TemplateType {
    /// All messages.
    pub const ALL: [Self; 12] = [
        Self::RecoveryInvalid,
        Self::RecoveryValid,
        Self::RecoveryCodeInvalid,
        Self::RecoveryCodeValid,
        Self::VerificationInvalid,
        Self::VerificationValid,
        Self::VerificationCodeInvalid,
        Self::VerificationCodeValid,
        Self::LoginCodeValid,
        Self::RegistrationCodeValid,
        Self::VerifiableAddressChanged,
        Self::AuthenticatorKeyAdded,
    ];

    /// The stable name, as it is stored with each message.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RecoveryInvalid => "recovery_invalid",
            Self::RecoveryValid => "recovery_valid",
            Self::RecoveryCodeInvalid => "recovery_code_invalid",
            Self::RecoveryCodeValid => "recovery_code_valid",
            Self::VerificationInvalid => "verification_invalid",
            Self::VerificationValid => "verification_valid",
            Self::VerificationCodeInvalid => "verification_code_invalid",
            Self::VerificationCodeValid => "verification_code_valid",
            Self::LoginCodeValid => "login_code_valid",
            Self::RegistrationCodeValid => "registration_code_valid",
            Self::VerifiableAddressChanged => "verifiable_address_changed",
            Self::AuthenticatorKeyAdded => "authenticator_key_added",
        }
    }

    /// The folder of its files in a directory of overrides, such as `recovery_code/valid`.
    pub(crate) fn folder(self) -> String {
        let name = self.as_str();
        for outcome in ["invalid", "valid"] {
            if let Some(stem) = name
                .strip_suffix(outcome)
                .and_then(|stem| stem.strip_suffix('_'))
            {
                return format!("{stem}/{outcome}");
            }
        }
        name.to_owned()
    }
}

impl std::fmt::Display for TemplateType {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_split_off_the_outcome() {
        assert_eq!(
            TemplateType::RecoveryCodeValid.folder(),
            "recovery_code/valid"
        );
        assert_eq!(
            TemplateType::VerificationInvalid.folder(),
            "verification/invalid"
        );
        assert_eq!(
            TemplateType::VerifiableAddressChanged.folder(),
            "verifiable_address_changed"
        );
    }

    #[test]
    fn names_are_distinct() {
        let names: std::collections::BTreeSet<_> =
            TemplateType::ALL.iter().map(ToString::to_string).collect();
        assert_eq!(names.len(), TemplateType::ALL.len());
    }
}
