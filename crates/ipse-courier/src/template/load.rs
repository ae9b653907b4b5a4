//! Where templates come from: a place named in the configuration, a directory of overrides, or this crate; the first that
//! has a part provides it.

use std::collections::BTreeMap;
use std::path::Path;

use ipse_config::Source;
use ipse_config::courier::{Courier, CourierTemplates, EmailTemplate, SmsTemplate};

use super::builtin;
use super::kind::{Part, TemplateType};
use super::program::{Program, TemplateProblem, Text};

/// Documents that were fetched over HTTP for the templates, by address: the text, or why there is none.
pub type Documents = BTreeMap<String, Result<String, String>>;

/// All templates, read and ready.
pub struct Templates {
    pub(crate) own: BTreeMap<(TemplateType, Part), Program>,
    builtin: BTreeMap<(TemplateType, Part), Program>,
}

impl std::fmt::Debug for Templates {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let own: Vec<&str> = self
            .own
            .values()
            .map(|program| program.origin.as_str())
            .collect();
        formatter
            .debug_struct("Templates")
            .field("own", &own)
            .finish_non_exhaustive()
    }
}

impl Default for Templates {
    fn default() -> Self {
        Self::builtin()
    }
}

impl Templates {
    /// The built-in templates alone.
    #[must_use]
    pub fn builtin() -> Self {
        Self {
            own: BTreeMap::new(),
            builtin: builtin::programs(),
        }
    }

    /// The built-in templates and those that replace them. Reads files; what is on servers must be in `documents` (see
    /// [`addresses`](Self::addresses)). What can't be read is reported and left out.
    #[must_use]
    pub fn load(config: &Courier, documents: &Documents) -> (Self, Vec<TemplateProblem>) {
        let mut templates = Self::builtin();
        let mut problems = Vec::new();
        for place in places() {
            let named =
                source(&config.templates, place).map(|source| named(source, place, documents));
            let directory = config.template_override_path.as_deref();
            let found = named.or_else(|| from_directory(directory?, place));
            let Some(text) = found else { continue };
            match text.and_then(|text| Program::read(&text, place.1 == Part::Html)) {
                Ok(program) => {
                    templates.own.insert(place, program);
                }
                Err(problem) => problems.push(problem),
            }
        }
        (templates, problems)
    }

    /// The addresses of the templates that are kept on servers.
    #[must_use]
    pub fn addresses(config: &Courier) -> Vec<String> {
        let sources = places()
            .into_iter()
            .filter_map(|place| source(&config.templates, place));
        let address = |source: &Source| match source {
            Source::Http(url) => Some(url.to_string()),
            Source::File(_) | Source::Inline(_) => None,
        };
        sources.filter_map(address).collect()
    }

    pub(crate) fn builtin_program(
        &self,
        place: (TemplateType, Part),
    ) -> Result<&Program, TemplateProblem> {
        self.builtin.get(&place).ok_or_else(|| TemplateProblem {
            origin: place.0.to_string(),
            line: None,
            reason: "there is no such part of this message".to_owned(),
        })
    }
}

fn places() -> Vec<(TemplateType, Part)> {
    let parts = |template_type| Part::ALL.map(|part| (template_type, part));
    TemplateType::ALL.into_iter().flat_map(parts).collect()
}

/// What the configuration names for a part.
fn source(
    config: &CourierTemplates,
    (template_type, part): (TemplateType, Part),
) -> Option<&Source> {
    let (email, sms): (&EmailTemplate, Option<&SmsTemplate>) = match template_type {
        TemplateType::RecoveryInvalid => (&config.recovery.invalid.email, None),
        TemplateType::RecoveryCodeInvalid => (&config.recovery_code.invalid.email, None),
        TemplateType::VerificationInvalid => (&config.verification.invalid.email, None),
        TemplateType::VerificationCodeInvalid => (&config.verification_code.invalid.email, None),
        other => {
            let template = match other {
                TemplateType::RecoveryValid => &config.recovery.valid,
                TemplateType::RecoveryCodeValid => &config.recovery_code.valid,
                TemplateType::VerificationValid => &config.verification.valid,
                TemplateType::VerificationCodeValid => &config.verification_code.valid,
                TemplateType::LoginCodeValid => &config.login_code.valid,
                TemplateType::RegistrationCodeValid => &config.registration_code.valid,
                TemplateType::VerifiableAddressChanged => &config.verifiable_address_changed,
                _ => return None,
            };
            (&template.email, Some(&template.sms))
        }
    };
    match part {
        Part::Subject => email.subject.as_ref(),
        Part::Text => email.body.plaintext.as_ref(),
        Part::Html => email.body.html.as_ref(),
        Part::Sms => sms?.body.plaintext.as_ref(),
    }
}

type Found = Result<Text, TemplateProblem>;

fn problem(origin: &str, reason: impl std::fmt::Display) -> TemplateProblem {
    TemplateProblem {
        origin: origin.to_owned(),
        line: None,
        reason: reason.to_string(),
    }
}

/// The text of a part that the configuration names.
fn named(
    source: &Source,
    (template_type, part): (TemplateType, Part),
    documents: &Documents,
) -> Found {
    let text = |origin: String, source: String| Text {
        origin,
        source,
        beside: Vec::new(),
    };
    match source {
        Source::File(path) => read(path).map(|source| text(path.display().to_string(), source)),
        Source::Http(url) => match documents.get(url.as_str()) {
            Some(Ok(document)) => Ok(text(source.to_string(), document.clone())),
            Some(Err(reason)) => Err(problem(&source.to_string(), reason)),
            None => Err(problem(&source.to_string(), "the template was not fetched")),
        },
        Source::Inline(bytes) => {
            let origin = format!(
                "courier.templates {} {}",
                template_type.folder(),
                part.file_name()
            );
            match String::from_utf8(bytes.clone()) {
                Ok(source) => Ok(text(origin, source)),
                Err(_) => Err(problem(&origin, "the template is not UTF-8")),
            }
        }
    }
}

fn read(path: &Path) -> Result<String, TemplateProblem> {
    std::fs::read_to_string(path).map_err(|error| problem(&path.display().to_string(), error))
}

/// The text of a part from the directory of overrides, if it has a file for it. Files whose names begin alike stand
/// beside it, so that a text can be put together from several languages.
fn from_directory(directory: &Path, (template_type, part): (TemplateType, Part)) -> Option<Found> {
    let folder = directory.join(template_type.folder());
    let path = folder.join(part.file_name());
    if !path.is_file() {
        return None;
    }
    Some(read(&path).and_then(|source| {
        let beside = beside(&folder, part)?;
        Ok(Text {
            origin: path.display().to_string(),
            source,
            beside,
        })
    }))
}

fn beside(folder: &Path, part: Part) -> Result<Vec<(String, String)>, TemplateProblem> {
    let failed = |error| problem(&folder.display().to_string(), error);
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .map_err(failed)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with(part.file_stem()) && name != part.file_name())
        // The files of the plain text begin like those of the HTML.
        .filter(|name| part != Part::Html || !name.starts_with(Part::Text.file_stem()))
        .collect();
    names.sort();
    names
        .into_iter()
        .map(|name| Ok((name.clone(), read(&folder.join(name))?)))
        .collect()
}
