//! What each message is told. The names under which templates and HTTP channels see it are part of the public API:
//! `verification_url` in JSON, `.VerificationURL` in a Go template.

use gotmpl::Value as GoValue;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::kind::TemplateType;
use super::value;

/// What every message is told.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct About {
    /// The address it goes to.
    pub to: String,
    /// The request that began the flow.
    pub request_url: String,
    /// What the client gave along for templates and hooks; an object.
    #[serde(serialize_with = "object")]
    pub transient_payload: Value,
}

/// A message and what it is told.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[expect(missing_docs, reason = "the fields are those that templates see")]
pub enum TemplateData {
    /// Somebody asked to recover an account that doesn't exist.
    RecoveryInvalid(About),
    /// A link to recover an account.
    RecoveryValid {
        #[serde(flatten)]
        about: About,
        identity: Value,
        recovery_url: String,
        expires_in_minutes: i64,
    },
    /// Somebody asked for a code to recover an account that doesn't exist.
    RecoveryCodeInvalid(About),
    /// A code to recover an account.
    RecoveryCodeValid {
        #[serde(flatten)]
        about: About,
        identity: Value,
        recovery_code: String,
        expires_in_minutes: i64,
    },
    /// Somebody asked to verify an address that no account has.
    VerificationInvalid(About),
    /// A link to verify an address.
    VerificationValid {
        #[serde(flatten)]
        about: About,
        identity: Value,
        verification_url: String,
        expires_in_minutes: i64,
    },
    /// Somebody asked for a code to verify an address that no account has.
    VerificationCodeInvalid(About),
    /// A code to verify an address, and a link that fills it in.
    VerificationCodeValid {
        #[serde(flatten)]
        about: About,
        identity: Value,
        verification_code: String,
        verification_url: String,
        expires_in_minutes: i64,
    },
    /// A code to sign in.
    LoginCodeValid {
        #[serde(flatten)]
        about: About,
        identity: Value,
        login_code: String,
        expires_in_minutes: i64,
    },
    /// A code to sign up; there is no identity yet.
    RegistrationCodeValid {
        #[serde(flatten)]
        about: About,
        traits: Value,
        registration_code: String,
        expires_in_minutes: i64,
    },
    /// News for the previous address of an account that has a new one.
    VerifiableAddressChanged {
        #[serde(flatten)]
        about: About,
        identity: Value,
        changed_at: String,
    },
    /// News that an account has one more way to sign in.
    AuthenticatorKeyAdded {
        #[serde(flatten)]
        about: About,
        identity: Value,
        display_name: String,
        added_at: String,
    },
}

impl TemplateData {
    /// Which message it is.
    #[must_use]
    pub fn template_type(&self) -> TemplateType {
        match self {
            Self::RecoveryInvalid(_) => TemplateType::RecoveryInvalid,
            Self::RecoveryValid { .. } => TemplateType::RecoveryValid,
            Self::RecoveryCodeInvalid(_) => TemplateType::RecoveryCodeInvalid,
            Self::RecoveryCodeValid { .. } => TemplateType::RecoveryCodeValid,
            Self::VerificationInvalid(_) => TemplateType::VerificationInvalid,
            Self::VerificationValid { .. } => TemplateType::VerificationValid,
            Self::VerificationCodeInvalid(_) => TemplateType::VerificationCodeInvalid,
            Self::VerificationCodeValid { .. } => TemplateType::VerificationCodeValid,
            Self::LoginCodeValid { .. } => TemplateType::LoginCodeValid,
            Self::RegistrationCodeValid { .. } => TemplateType::RegistrationCodeValid,
            Self::VerifiableAddressChanged { .. } => TemplateType::VerifiableAddressChanged,
            Self::AuthenticatorKeyAdded { .. } => TemplateType::AuthenticatorKeyAdded,
        }
    }

    /// What every message is told.
    #[must_use]
    pub fn about(&self) -> &About {
        match self {
            Self::RecoveryInvalid(about)
            | Self::RecoveryCodeInvalid(about)
            | Self::VerificationInvalid(about)
            | Self::VerificationCodeInvalid(about)
            | Self::RecoveryValid { about, .. }
            | Self::RecoveryCodeValid { about, .. }
            | Self::VerificationValid { about, .. }
            | Self::VerificationCodeValid { about, .. }
            | Self::LoginCodeValid { about, .. }
            | Self::RegistrationCodeValid { about, .. }
            | Self::VerifiableAddressChanged { about, .. }
            | Self::AuthenticatorKeyAdded { about, .. } => about,
        }
    }

    /// What HTTP channels are told of it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).expect("the fields are JSON and have text keys")
    }

    /// What Go templates see: the same under exported names, except that numbers of ours are integers.
    pub(crate) fn to_go(&self) -> GoValue {
        let Value::Object(object) = self.to_json() else {
            return GoValue::Nil;
        };
        let field = |(name, value): (&String, &Value)| {
            let value = match value.as_i64() {
                Some(number) => GoValue::Int(number),
                None => value::from_json(value),
            };
            (exported(name).into(), value)
        };
        let mut fields: std::collections::BTreeMap<_, _> = object.iter().map(field).collect();
        if let Self::RegistrationCodeValid { traits, .. } = self {
            // Text messages of the reference see the traits under this name.
            fields.insert("Identity".into(), value::from_json(traits));
        }
        GoValue::Map(std::sync::Arc::new(fields))
    }
}

/// A payload is an object, even when the client gave none.
fn object<S: Serializer>(payload: &Value, serializer: S) -> Result<S::Ok, S::Error> {
    match payload {
        Value::Null => serializer.serialize_map(Some(0))?.end(),
        payload => payload.serialize(serializer),
    }
}

/// `verification_url` as Go exports it: `VerificationURL`.
fn exported(name: &str) -> String {
    let word = |word: &str| match word {
        "url" => "URL".to_owned(),
        word => {
            let mut letters = word.chars();
            letters
                .next()
                .into_iter()
                .flat_map(char::to_uppercase)
                .chain(letters)
                .collect()
        }
    };
    name.split('_').map(word).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_exported_as_go_does() {
        assert_eq!(exported("to"), "To");
        assert_eq!(exported("request_url"), "RequestURL");
        assert_eq!(exported("expires_in_minutes"), "ExpiresInMinutes");
        assert_eq!(exported("transient_payload"), "TransientPayload");
    }

    #[test]
    fn every_message_has_the_keys_that_clients_rely_on() {
        let keys = |template_type| {
            let Value::Object(object) = TemplateData::sample(template_type).to_json() else {
                panic!("an object");
            };
            let mut keys: Vec<String> = object.keys().cloned().collect();
            keys.sort();
            keys.join(" ")
        };
        assert_eq!(
            keys(TemplateType::VerificationCodeValid),
            "expires_in_minutes identity request_url to transient_payload verification_code verification_url"
        );
        assert_eq!(
            keys(TemplateType::RegistrationCodeValid),
            "expires_in_minutes registration_code request_url to traits transient_payload"
        );
        assert_eq!(
            keys(TemplateType::RecoveryInvalid),
            "request_url to transient_payload"
        );
    }

    #[test]
    fn samples_are_of_their_type() {
        for template_type in TemplateType::ALL {
            assert_eq!(
                TemplateData::sample(template_type).template_type(),
                template_type
            );
        }
    }

    #[test]
    fn a_missing_payload_is_an_empty_one() {
        let data = TemplateData::RecoveryInvalid(About::default());
        assert_eq!(data.to_json()["transient_payload"], json!({}));
    }
}
