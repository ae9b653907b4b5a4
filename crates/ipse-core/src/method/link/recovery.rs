//! Getting back into an account by a link.

use async_trait::async_trait;
use ipse_courier::TemplateData;
use ipse_model::{Channel, CourierMessage, FlowState, Identity, MethodId, Timestamp};
use ipse_store::{CodePurpose, OneTimeCode};
use ipse_ui::{Container, text};

use super::Link;
use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::mailed::{self, Decision, Letter, Proved, Restart, Sent, csrf_node};
use crate::flow::recovery::{self, Recovery, SignedIn, in_use};
use crate::flow::{Flow, FlowError, Form, Kind, Outcome, shared, with_query};
use crate::message::{self, Occasion};
use crate::method::code::recovery::{find, owner};
use crate::method::{self, Handles, Step};
use crate::schema;

#[async_trait]
impl Handles<Recovery> for Link {
    async fn populate(
        &self,
        cx: &Cx,
        flow: &mut Flow<Recovery>,
        _: &SignedIn,
    ) -> Result<(), FlowError> {
        if in_use(cx) == MethodId::Link {
            flow.ui().push(super::email());
            flow.ui().push(super::submit());
        }
        Ok(())
    }

    async fn submit(
        &self,
        cx: &Cx,
        flow: &mut Flow<Recovery>,
        _: &SignedIn,
        form: &Form,
    ) -> Result<Step<Decision>, FlowError> {
        if flow.shown.state == FlowState::PassedChallenge {
            let message = text::recovery::recovery_retry_success();
            return Ok(Step::Done(Decision::Restart(Restart::because(message))));
        }
        if in_use(cx) != MethodId::Link {
            return Err(FlowError::form(Recovery::no_method()));
        }
        let email = form.text("email").unwrap_or_default();
        if email.is_empty() {
            return Err(FlowError::node(
                "email",
                text::validation::required("email"),
            ));
        }
        if !schema::is_email(&email) {
            return Err(FlowError::node("email", text::validation::email(&email)));
        }
        let value = schema::normalise_address(Channel::Email, &email);
        let owner = find(cx, (Channel::Email, &value)).await?;
        let letter = send(cx, flow, owner.as_ref(), &value)?;
        show_sent(cx, flow, &email);
        Ok(Step::Done(Decision::Sent(Box::new(Sent {
            letter,
            identity: None,
        }))))
    }
}

/// Prepares a link for an address. Nobody but an owner gets one.
fn send(
    cx: &Cx,
    flow: &Flow<Recovery>,
    owner: Option<&Identity>,
    address: &str,
) -> Result<Letter, FlowError> {
    let occasion = Occasion::of(flow, (Channel::Email, address)).with_headers(cx);
    let Some(owner) = owner else {
        let notify = cx
            .config()
            .selfservice
            .flows
            .recovery
            .notify_unknown_recipients;
        let message = notify.then(|| unknown(cx, &occasion)).transpose()?;
        return Ok(Letter {
            code: None,
            message,
        });
    };
    let (url, row) = issue(cx, flow, (address, owner), super::expiry(cx));
    let data = TemplateData::RecoveryValid {
        about: occasion.about(),
        identity: message::person(cx, owner)?,
        recovery_url: url,
        expires_in_minutes: message::minutes_until(cx, row.expires_at),
    };
    Ok(Letter {
        code: Some(row),
        message: Some(message::render(cx, &occasion, &data)?),
    })
}

/// A link that leads back into an account, and the row that recognises it.
pub(crate) fn issue(
    cx: &Cx,
    flow: &Flow<Recovery>,
    (address, owner): (&str, &Identity),
    expires_at: Timestamp,
) -> (String, OneTimeCode) {
    let purpose = (CodePurpose::Recovery, flow.id());
    let (token, row) = super::issue(cx, purpose, (address, owner.id), expires_at);
    (
        with_query(&Flow::<Recovery>::action(cx, flow.id()), "token", &token),
        row,
    )
}

/// What is written to an address that nobody has.
fn unknown(cx: &Cx, occasion: &Occasion<'_>) -> Result<CourierMessage, ApiError> {
    message::render(
        cx,
        occasion,
        &TemplateData::RecoveryInvalid(occasion.about()),
    )
}

/// The form that says that a link is on its way.
fn show_sent(cx: &Cx, flow: &mut Flow<Recovery>, address: &str) {
    flow.shown.active = Some(MethodId::Link);
    flow.shown.state = FlowState::SentEmail;
    flow.shown.ui = Container {
        nodes: vec![
            csrf_node(cx, flow),
            super::email().value(address),
            super::submit(),
        ],
        messages: vec![text::recovery::recovery_email_sent()],
        ..Container::new(Flow::<Recovery>::action(cx, flow.id()))
    };
}

/// Does what is due when a link in a mail is opened.
pub(crate) async fn open(cx: &Cx, flow: &Flow<Recovery>, token: &str) -> Result<Outcome, ApiError> {
    if !method::enabled(cx, MethodId::Link) {
        return Err(method::switched_off());
    }
    let mut flow = flow.clone();
    for _ in 0..mailed::TRIES {
        let decision = decide(cx, &flow, token).await?;
        match recovery::carry_out(cx, &mut flow, decision).await {
            Ok(outcome) => return Ok(outcome),
            Err(FlowError::Overtaken) => flow = shared::load(cx, flow.id()).await?,
            Err(error) => return Err(mailed::told(error)),
        }
    }
    Err(mailed::told(FlowError::Overtaken))
}

async fn decide(cx: &Cx, flow: &Flow<Recovery>, token: &str) -> Result<Decision, ApiError> {
    let refused = || {
        Decision::Restart(Restart::because(
            text::recovery::recovery_token_invalid_or_already_used(),
        ))
    };
    let Some(sent) = super::recognise(cx, (CodePurpose::Recovery, flow.id()), token).await? else {
        return Ok(refused());
    };
    let expires_at = sent.expires_at.min(flow.shown.expires_at);
    if expires_at <= cx.now {
        let message = <Recovery as Kind>::expired(expires_at);
        return Ok(Decision::Restart(Restart {
            message,
            expired_at: Some(expires_at),
        }));
    }
    Ok(match owner(cx, &sent).await? {
        Some(identity) => Decision::Proved(Box::new(Proved {
            code: sent,
            identity,
            by: MethodId::Link,
            change: None,
        })),
        None => refused(),
    })
}
