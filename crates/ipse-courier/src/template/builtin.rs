//! The templates that come with the program, compiled in.

use std::collections::BTreeMap;

use super::kind::{Part, TemplateType};
use super::program::{Program, Text};

/// Names the files of a message; a missing one doesn't compile.
macro_rules! files {
    ($folder:literal) => {
        [
            (
                Part::Subject,
                include_str!(concat!("../../templates/", $folder, "/subject.gotmpl")),
            ),
            (
                Part::Text,
                include_str!(concat!("../../templates/", $folder, "/body.txt.gotmpl")),
            ),
            (
                Part::Html,
                include_str!(concat!("../../templates/", $folder, "/body.html.gotmpl")),
            ),
            (
                Part::Sms,
                include_str!(concat!("../../templates/", $folder, "/sms.gotmpl")),
            ),
        ]
    };
}

/// The frame of the HTML and the sentences that several messages share.
const FRAME: &str = include_str!("../../templates/frame.html.gotmpl");
const PHRASES: &str = include_str!("../../templates/phrases.gotmpl");

fn files(template_type: TemplateType) -> [(Part, &'static str); 4] {
    match template_type {
        TemplateType::RecoveryInvalid => files!("recovery_invalid"),
        TemplateType::RecoveryValid => files!("recovery_valid"),
        TemplateType::RecoveryCodeInvalid => files!("recovery_code_invalid"),
        TemplateType::RecoveryCodeValid => files!("recovery_code_valid"),
        TemplateType::VerificationInvalid => files!("verification_invalid"),
        TemplateType::VerificationValid => files!("verification_valid"),
        TemplateType::VerificationCodeInvalid => files!("verification_code_invalid"),
        TemplateType::VerificationCodeValid => files!("verification_code_valid"),
        TemplateType::LoginCodeValid => files!("login_code_valid"),
        TemplateType::RegistrationCodeValid => files!("registration_code_valid"),
        TemplateType::VerifiableAddressChanged => files!("verifiable_address_changed"),
        TemplateType::AuthenticatorKeyAdded => files!("authenticator_key_added"),
    }
}

/// The built-in templates, read.
pub(crate) fn programs() -> BTreeMap<(TemplateType, Part), Program> {
    let mut programs = BTreeMap::new();
    for template_type in TemplateType::ALL {
        for (part, source) in files(template_type) {
            let mut beside = vec![("phrases".to_owned(), PHRASES.to_owned())];
            if part == Part::Html {
                beside.push(("frame".to_owned(), FRAME.to_owned()));
            }
            let text = Text {
                origin: format!("built-in {}/{}", template_type.folder(), part.file_name()),
                source: source.to_owned(),
                beside,
            };
            // A built-in template that can't be read fails the tests of this crate, and is missing otherwise.
            if let Ok(program) = Program::read(&text, part == Part::Html) {
                programs.insert((template_type, part), program);
            }
        }
    }
    programs
}
