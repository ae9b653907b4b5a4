//! The page for errors that belong to no form.

use askama::Template;
use serde_json::Value;

use crate::site::{FooterLink, Site};

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    site: &'a Site,
    title: &'static str,
    explanation: &'static str,
    reason: Option<&'a str>,
    reference: Option<&'a str>,
    footer: Vec<FooterLink>,
}

/// Draws an error in its public JSON form: `{"error": {"code", "reason", "message", …}}`, a stored one with its `id`, or
/// just the inner object.
#[must_use]
pub fn render_error(error: &Value, site: &Site) -> String {
    let reference = error.get("id").and_then(Value::as_str);
    let inner = error.get("error").unwrap_or(error);
    let text = |key: &str| {
        inner
            .get(key)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let code = inner.get("code").and_then(Value::as_u64).unwrap_or(500);
    let (title, explanation) = words(code);
    let links = [
        FooterLink::to(site.home.as_ref(), None, "", "Home"),
        FooterLink::to(site.login.as_ref(), None, "", "Sign in"),
    ];
    crate::html(&ErrorPage {
        site,
        title,
        explanation,
        reason: text("reason").or_else(|| text("message")),
        reference: reference.filter(|_| error.get("error").is_some()),
        footer: links.into_iter().flatten().collect(),
    })
}

fn words(code: u64) -> (&'static str, &'static str) {
    match code {
        401 => (
            "Please sign in",
            "This page is for people who are signed in.",
        ),
        403 => (
            "This is not allowed",
            "For your protection this request was refused.",
        ),
        404 => (
            "Nothing here",
            "The page does not exist, or it does not any more.",
        ),
        410 => ("Too late", "This page has expired. Please begin anew."),
        400..=499 => (
            "That did not work",
            "Something about this request was not right.",
        ),
        _ => (
            "Something broke",
            "The fault is ours. Please try again in a moment.",
        ),
    }
}
