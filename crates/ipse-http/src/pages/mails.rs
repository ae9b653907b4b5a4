//! The mail catcher: in development mode, whoever tries the server out can read the mails it would send.

use axum::body::Body;
use axum::extract::Path;
use http::Response;
use ipse_core::{ApiError, Cx, courier};
use ipse_model::CourierMessage;
use ipse_pages::{MAIL_CONTENT_SECURITY_POLICY, Mail, MailSummary};

use super::{missing, page, problem, site};
use crate::extract::Visit;

/// As many as one wants to look through.
const SHOWN: u32 = 100;

/// The newest mails.
pub(super) async fn list(Visit { cx, .. }: Visit) -> Response<Body> {
    if !cx.config().dev {
        return missing();
    }
    match courier::newest(&cx, SHOWN).await {
        Ok(messages) => {
            let mails: Vec<_> = messages
                .iter()
                .map(|message| summary(&cx, message))
                .collect();
            let html = ipse_pages::render_mails(&mails, &site::site(&cx));
            page(&cx, 200, html, MAIL_CONTENT_SECURITY_POLICY)
        }
        Err(error) => problem(&cx, &error),
    }
}

/// One mail.
pub(super) async fn get(Path(id): Path<String>, Visit { cx, .. }: Visit) -> Response<Body> {
    if !cx.config().dev {
        return missing();
    }
    match courier::one(&cx, &id).await {
        Ok(message) => {
            let html = ipse_pages::render_mail(&mail(&cx, message), &site::site(&cx));
            page(&cx, 200, html, MAIL_CONTENT_SECURITY_POLICY)
        }
        Err(ApiError { status: 404, .. }) => missing(),
        Err(error) => problem(&cx, &error),
    }
}

fn summary(cx: &Cx, message: &CourierMessage) -> MailSummary {
    let beginning = || message.body.lines().next().unwrap_or_default().to_owned();
    MailSummary {
        href: cx.public_url(&format!("dev/mails/{}", message.id)),
        recipient: message.recipient.clone(),
        subject: if message.subject.is_empty() {
            beginning()
        } else {
            message.subject.clone()
        },
        time: message.created_at.to_string(),
    }
}

fn mail(cx: &Cx, message: CourierMessage) -> Mail {
    Mail {
        recipient: message.recipient,
        sender: cx.config().courier.smtp.from_address.clone(),
        subject: message.subject,
        time: message.created_at.to_string(),
        text: message.body,
        html: message.body_html,
        list: cx.public_url("dev/mails"),
    }
}
