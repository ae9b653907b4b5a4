//! Verifying an address by a link.

use async_trait::async_trait;
use ipse_courier::TemplateData;
use ipse_model::{Channel, CourierMessage, FlowState, Identity, MethodId};
use ipse_store::CodePurpose;
use ipse_ui::{Container, text};

use super::Link;
use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::mailed::{self, Decision, Letter, Restart, Sent, csrf_node};
use crate::flow::verification::{self, Verification, in_use};
use crate::flow::{Flow, FlowError, Form, Kind, Outcome, shared, with_query};
use crate::message::{self, Occasion};
use crate::method::code::verification::{mark_sent, proved, recipient};
use crate::method::{self, Handles, Step};
use crate::schema;

#[async_trait]
impl Handles<Verification> for Link {
    async fn populate(
        &self,
        cx: &Cx,
        flow: &mut Flow<Verification>,
        (): &(),
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
        flow: &mut Flow<Verification>,
        (): &(),
        form: &Form,
    ) -> Result<Step<Decision>, FlowError> {
        if flow.shown.state == FlowState::PassedChallenge {
            let message = text::verification::verification_retry_success();
            return Ok(Step::Done(Decision::Restart(Restart::because(message))));
        }
        if in_use(cx) != MethodId::Link {
            return Err(FlowError::form(Verification::no_method()));
        }
        let email = form.text("email").unwrap_or_default();
        flow.ui().set_value("email", email.clone().into());
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
        let owner = recipient(cx, flow, (Channel::Email, &value)).await?;
        let letter = send(cx, flow, owner.as_ref(), &value)?;
        show_sent(cx, flow, &email);
        let identity = owner.and_then(|owner| mark_sent(cx, owner, (Channel::Email, &value)));
        Ok(Step::Done(Decision::Sent(Box::new(Sent {
            letter,
            identity,
        }))))
    }
}

/// Prepares a link for an address. Nobody but an owner gets one.
pub(crate) fn send(
    cx: &Cx,
    flow: &Flow<Verification>,
    owner: Option<&Identity>,
    address: &str,
) -> Result<Letter, FlowError> {
    let occasion = Occasion::of(flow, (Channel::Email, address));
    let Some(owner) = owner else {
        let notify = cx
            .config()
            .selfservice
            .flows
            .verification
            .notify_unknown_recipients;
        let message = notify.then(|| unknown(cx, &occasion)).transpose()?;
        return Ok(Letter {
            code: None,
            message,
        });
    };
    let purpose = (CodePurpose::Verification, flow.id());
    let (token, row) = super::issue(cx, purpose, (address, owner.id), super::expiry(cx));
    let data = TemplateData::VerificationValid {
        about: occasion.about(),
        identity: message::person(cx, owner)?,
        verification_url: with_query(
            &Flow::<Verification>::action(cx, flow.id()),
            "token",
            &token,
        ),
        expires_in_minutes: message::minutes_until(cx, row.expires_at),
    };
    Ok(Letter {
        code: Some(row),
        message: Some(message::render(cx, &occasion, &data)?),
    })
}

/// What is written to an address that nobody has.
fn unknown(cx: &Cx, occasion: &Occasion<'_>) -> Result<CourierMessage, ApiError> {
    let data = TemplateData::VerificationInvalid(occasion.about());
    message::render(cx, occasion, &data)
}

/// The form that says that a link is on its way.
pub(crate) fn show_sent(cx: &Cx, flow: &mut Flow<Verification>, address: &str) {
    let nodes = vec![
        csrf_node(cx, flow),
        super::email().value(address),
        super::submit(),
    ];
    flow.shown.active = Some(MethodId::Link);
    flow.shown.state = FlowState::SentEmail;
    flow.shown.ui = Container {
        nodes,
        messages: vec![text::verification::verification_email_sent()],
        ..Container::new(Flow::<Verification>::action(cx, flow.id()))
    };
}

/// Does what is due when a link in a mail is opened.
pub(crate) async fn open(
    cx: &Cx,
    flow: &Flow<Verification>,
    token: &str,
) -> Result<Outcome, ApiError> {
    if !method::enabled(cx, MethodId::Link) {
        return Err(method::switched_off());
    }
    let mut flow = flow.clone();
    for _ in 0..mailed::TRIES {
        let decision = decide(cx, &flow, token).await?;
        match verification::carry_out(cx, &mut flow, decision).await {
            Ok(outcome) => return Ok(outcome),
            Err(FlowError::Overtaken) => flow = shared::load(cx, flow.id()).await?,
            Err(error) => return Err(mailed::told(error)),
        }
    }
    Err(mailed::told(FlowError::Overtaken))
}

async fn decide(cx: &Cx, flow: &Flow<Verification>, token: &str) -> Result<Decision, ApiError> {
    let refused = || {
        Decision::Restart(Restart::because(
            text::verification::verification_token_invalid_or_already_used(),
        ))
    };
    let purpose = (CodePurpose::Verification, flow.id());
    let Some(sent) = super::recognise(cx, purpose, token).await? else {
        return Ok(refused());
    };
    let expires_at = sent.expires_at.min(flow.shown.expires_at);
    if expires_at <= cx.now {
        let message = <Verification as Kind>::expired(expires_at);
        return Ok(Decision::Restart(Restart {
            message,
            expired_at: Some(expires_at),
        }));
    }
    Ok(match proved(cx, sent, MethodId::Link).await? {
        Some(proved) => Decision::Proved(Box::new(proved)),
        None => refused(),
    })
}
