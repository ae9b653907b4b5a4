//! The mail catcher of `ipse dev`: what would have been sent.

use askama::Template;

use crate::home::readable;
use crate::site::{Site, safe_url};

/// A line in the list of mails.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailSummary {
    /// Where the mail can be read.
    pub href: String,
    /// To whom it went.
    pub recipient: String,
    /// Its subject, or the beginning of a text message.
    pub subject: String,
    /// When, in RFC 3339.
    pub time: String,
}

/// A mail or text message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mail {
    /// To whom it went.
    pub recipient: String,
    /// From whom.
    pub sender: String,
    /// Its subject; empty for a text message.
    pub subject: String,
    /// When, in RFC 3339.
    pub time: String,
    /// The plain text.
    pub text: String,
    /// The HTML part; shown in a frame that may do nothing.
    pub html: Option<String>,
    /// Where the list is.
    pub list: String,
}

struct Line<'a> {
    mail: &'a MailSummary,
    href: &'a str,
    time: String,
}

#[derive(Template)]
#[template(path = "mails.html")]
struct MailsPage<'a> {
    site: &'a Site,
    title: &'static str,
    lines: Vec<Line<'a>>,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct MailPage<'a> {
    site: &'a Site,
    title: &'a str,
    mail: &'a Mail,
    time: String,
    list: &'a str,
}

/// Draws the list of mails, in the given order.
#[must_use]
pub fn render_mails(mails: &[MailSummary], site: &Site) -> String {
    let line = |mail| Line::new(mail);
    crate::html(&MailsPage {
        site,
        title: "Messages",
        lines: mails.iter().map(line).collect(),
    })
}

/// Draws one mail; answer with [`MAIL_CONTENT_SECURITY_POLICY`](crate::MAIL_CONTENT_SECURITY_POLICY).
#[must_use]
pub fn render_mail(mail: &Mail, site: &Site) -> String {
    let title = if mail.subject.is_empty() {
        "Text message"
    } else {
        &mail.subject
    };
    let time = readable(&mail.time);
    crate::html(&MailPage {
        site,
        title,
        mail,
        time,
        list: safe_url(&mail.list),
    })
}

impl<'a> Line<'a> {
    fn new(mail: &'a MailSummary) -> Self {
        Self {
            mail,
            href: safe_url(&mail.href),
            time: readable(&mail.time),
        }
    }
}
