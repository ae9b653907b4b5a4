//! Made-up messages, for trying templates out.

use serde_json::{Value, json};

use super::data::{About, TemplateData};
use super::kind::TemplateType;

fn about() -> About {
    About {
        to: "ada@example.org".to_owned(),
        request_url: "https://accounts.example.org/self-service/recovery/browser".to_owned(),
        transient_payload: json!({}),
    }
}

fn traits() -> Value {
    json!({"email": "ada@example.org", "name": {"first": "Ada", "last": "Lovelace"}})
}

fn identity() -> Value {
    json!({
        "id": "4f9a5a9e-2f0c-4b53-9b0a-5b8f5f1f6c11", "schema_id": "default", "state": "active",
        "traits": traits(), "metadata_public": null,
    })
}

fn link(flow: &str, rest: &str) -> String {
    format!("https://accounts.example.org/{flow}?flow=f&{rest}")
}

impl TemplateData {
    /// A message with made-up values.
    #[must_use]
    pub fn sample(template_type: TemplateType) -> Self {
        let (about, identity) = (about(), identity());
        let code = "123456".to_owned();
        let time = "2026-01-02T03:04:05Z".to_owned();
        let expires_in_minutes = 60;
        match template_type {
            TemplateType::RecoveryInvalid => Self::RecoveryInvalid(about),
            TemplateType::RecoveryCodeInvalid => Self::RecoveryCodeInvalid(about),
            TemplateType::VerificationInvalid => Self::VerificationInvalid(about),
            TemplateType::VerificationCodeInvalid => Self::VerificationCodeInvalid(about),
            TemplateType::RecoveryValid => {
                let recovery_url = link("recovery", "token=t");
                Self::RecoveryValid {
                    about,
                    identity,
                    recovery_url,
                    expires_in_minutes,
                }
            }
            TemplateType::RecoveryCodeValid => Self::RecoveryCodeValid {
                about,
                identity,
                recovery_code: code,
                expires_in_minutes,
            },
            TemplateType::VerificationValid => {
                let verification_url = link("verification", "token=t");
                Self::VerificationValid {
                    about,
                    identity,
                    verification_url,
                    expires_in_minutes,
                }
            }
            TemplateType::VerificationCodeValid => {
                let verification_url = link("verification", "code=123456");
                let verification_code = code;
                Self::VerificationCodeValid {
                    about,
                    identity,
                    verification_code,
                    verification_url,
                    expires_in_minutes,
                }
            }
            TemplateType::LoginCodeValid => Self::LoginCodeValid {
                about,
                identity,
                login_code: code,
                expires_in_minutes,
            },
            TemplateType::RegistrationCodeValid => {
                let (traits, registration_code) = (traits(), code);
                Self::RegistrationCodeValid {
                    about,
                    traits,
                    registration_code,
                    expires_in_minutes,
                }
            }
            TemplateType::VerifiableAddressChanged => Self::VerifiableAddressChanged {
                about,
                identity,
                changed_at: time,
            },
            TemplateType::AuthenticatorKeyAdded => {
                let display_name = "Blue key".to_owned();
                Self::AuthenticatorKeyAdded {
                    about,
                    identity,
                    display_name,
                    added_at: time,
                }
            }
        }
    }
}
