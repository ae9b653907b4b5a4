//! From data to a message.

use gotmpl::Value;

use super::data::TemplateData;
use super::kind::{Part, TemplateChannel, TemplateType};
use super::load::Templates;
use super::program::TemplateProblem;

/// A message, ready to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The subject, on one line; empty for a text message.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML, for e-mail.
    pub html: Option<String>,
    /// What failed in templates of the operator's own; the built-in ones took their place.
    pub problems: Vec<TemplateProblem>,
}

impl Templates {
    /// Writes a message. It fails only if a built-in template does, and the tests of this crate keep them from that.
    ///
    /// # Errors
    ///
    /// When a built-in template can't be run.
    pub fn render(
        &self,
        channel: TemplateChannel,
        data: &TemplateData,
    ) -> Result<Rendered, TemplateProblem> {
        let template_type = data.template_type();
        let values = data.to_go();
        let mut rendered = Rendered::default();
        let mut write = |part| self.write((template_type, part), &values, &mut rendered.problems);
        match channel {
            TemplateChannel::Email => {
                let (subject, text) = (write(Part::Subject)?, write(Part::Text)?);
                let html = write(Part::Html)?;
                rendered.subject = one_line(&subject);
                rendered.text = text;
                rendered.html = Some(html);
            }
            TemplateChannel::Sms => rendered.text = write(Part::Sms)?.trim().to_owned(),
        }
        Ok(rendered)
    }

    fn write(
        &self,
        place: (TemplateType, Part),
        values: &Value,
        problems: &mut Vec<TemplateProblem>,
    ) -> Result<String, TemplateProblem> {
        if let Some(own) = self.own.get(&place) {
            match own.run(values) {
                Ok(text) => return Ok(text),
                Err(problem) => problems.push(problem),
            }
        }
        self.builtin_program(place)?.run(values)
    }
}

/// A subject is a header, and a header is a line.
fn one_line(subject: &str) -> String {
    let words = subject.split(|c: char| c.is_control() || c.is_whitespace());
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_adds_no_headers() {
        assert_eq!(
            one_line(" a\r\nBcc: b@example.org\n\n c\u{85}"),
            "a Bcc: b@example.org c"
        );
        assert_eq!(one_line("\n"), "");
    }
}
