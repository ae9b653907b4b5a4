#![doc = include_str!("../README.md")]

mod asset;
mod error;
mod field;
mod flow;
mod form;
mod home;
mod mail;
mod site;

#[cfg(test)]
mod tests;

pub use asset::{Asset, asset};
pub use error::render_error;
pub use flow::{FlowView, IdentityView, PageKind, render_flow};
pub use home::{DeviceView, HomeView, SessionView, render_home};
pub use mail::{Mail, MailSummary, render_mail, render_mails};
pub use site::Site;

/// What the pages are allowed to do. The directive `form-action` is missing on purpose: where a form may lead depends on
/// the configured origins and social providers, so that the caller appends it.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'";

/// The same for the page that shows a mail: its frame is sandboxed and needs the styles that mails bring inline.
pub const MAIL_CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; frame-src 'self'; base-uri 'none'; object-src 'none'; form-action 'none'; \
     frame-ancestors 'none'";

/// Renders a template; writing to a string can't fail.
fn html(template: &impl askama::Template) -> String {
    template
        .render()
        .expect("templates write nothing but text to a string")
}
