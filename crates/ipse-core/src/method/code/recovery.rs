//! Getting back into an account by a code.

use async_trait::async_trait;
use ipse_courier::TemplateData;
use ipse_model::{Channel, CourierMessage, FlowState, Identity, MethodId};
use ipse_store::{AddressPurpose, CodePurpose, OneTimeCode};
use ipse_ui::{Container, Group, InputType, Node, text};

use super::one_time::{self, Checked, Recipient};
use super::{Code, nodes, recovery_choice};
use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::mailed::{Decision, Letter, Proved, Restart, Sent, csrf_node};
use crate::flow::recovery::{Recovery, SignedIn, in_use};
use crate::flow::{Flow, FlowError, Form, Kind};
use crate::message::{self, Occasion};
use crate::method::{Handles, Step};
use crate::schema;

#[async_trait]
impl Handles<Recovery> for Code {
    async fn populate(
        &self,
        cx: &Cx,
        flow: &mut Flow<Recovery>,
        _: &SignedIn,
    ) -> Result<(), FlowError> {
        if in_use(cx) == MethodId::Code && recovery_choice::is_on(cx) {
            recovery_choice::populate(flow);
        } else if in_use(cx) == MethodId::Code {
            flow.ui().push(nodes::email());
            flow.ui().push(nodes::submit());
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
            let message =
                text::validation::generic("This code was used before. Ask for another code.");
            return Ok(Step::Done(Decision::Restart(Restart::because(message))));
        }
        if in_use(cx) != MethodId::Code && !flow.data.by_admin {
            return Err(FlowError::form(Recovery::no_method()));
        }
        if recovery_choice::is_on(cx) && flow.shown.state != FlowState::SentEmail {
            return recovery_choice::submit(cx, flow, form)
                .await
                .map(Step::Done);
        }
        let asks = form.text("email").is_some_and(|email| !email.is_empty());
        let code = form.text("code").unwrap_or_default();
        match (flow.shown.state, code.is_empty() && asks) {
            (FlowState::SentEmail, false) => check(cx, flow, &code).await.map(Step::Done),
            _ => ask(cx, flow, form).await.map(Step::Done),
        }
    }
}

/// Compares a code with those that were sent.
pub(super) async fn check(
    cx: &Cx,
    flow: &mut Flow<Recovery>,
    code: &str,
) -> Result<Decision, FlowError> {
    if !one_time::may_try(cx, flow).await? {
        return Ok(Decision::Restart(Restart::because(
            one_time::tried_too_often(),
        )));
    }
    match one_time::check(cx, (CodePurpose::Recovery, flow.id()), code).await? {
        Checked::Right(code) => match owner(cx, &code).await? {
            Some(identity) => Ok(Decision::Proved(Box::new(Proved {
                code,
                identity,
                by: MethodId::Code,
                change: None,
            }))),
            None => Ok(refuse(flow)),
        },
        Checked::Expired(expired_at) => Ok(Decision::Restart(Restart {
            message: <Recovery as Kind>::expired(expired_at),
            expired_at: Some(expired_at),
        })),
        Checked::Used | Checked::Wrong => Ok(refuse(flow)),
    }
}

/// The identity that a code was made for, if it still has the address. What an administrator has made goes to no address.
pub(crate) async fn owner(cx: &Cx, code: &OneTimeCode) -> Result<Option<Identity>, ApiError> {
    let Some(id) = code.identity_id else {
        return Ok(None);
    };
    let identity = cx.store().identity(id).await?;
    Ok(identity.filter(|identity| {
        let mut addresses = identity.recovery_addresses.iter();
        code.address.is_empty()
            || addresses.any(|address| address.via == code.via && address.value == code.address)
    }))
}

fn refuse(flow: &mut Flow<Recovery>) -> Decision {
    flow.ui()
        .say(text::recovery::recovery_code_invalid_or_already_used());
    Decision::Wrong
}

/// Sends a code to the address that was typed, if somebody has it. What is shown doesn't tell.
async fn ask(cx: &Cx, flow: &mut Flow<Recovery>, form: &Form) -> Result<Decision, FlowError> {
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
    let letter = send(cx, flow, owner.as_ref(), (Channel::Email, &value))?;
    show_sent(cx, flow, &email);
    Ok(Decision::Sent(Box::new(Sent {
        letter,
        identity: None,
    })))
}

/// Whose address it is.
pub(crate) async fn find(
    cx: &Cx,
    (via, value): (Channel, &str),
) -> Result<Option<Identity>, FlowError> {
    let found = cx
        .store()
        .identities_by_address(AddressPurpose::Recovery, value)
        .await?;
    Ok(found
        .into_iter()
        .find(|(channel, _)| *channel == via)
        .map(|(_, identity)| identity))
}

/// Prepares a code for an address. Nobody but an owner gets one.
pub(super) fn send(
    cx: &Cx,
    flow: &Flow<Recovery>,
    owner: Option<&Identity>,
    (via, address): (Channel, &str),
) -> Result<Letter, FlowError> {
    let occasion = Occasion::of(flow, (via, address)).with_headers(cx);
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
    let recipient = Recipient {
        via,
        address,
        identity_id: Some(owner.id),
    };
    let purpose = (CodePurpose::Recovery, flow.id());
    let (code, row) = one_time::issue(cx, purpose, recipient, one_time::expiry(cx))?;
    let data = TemplateData::RecoveryCodeValid {
        about: occasion.about(),
        identity: message::person(cx, owner)?,
        recovery_code: code,
        expires_in_minutes: message::minutes_until(cx, row.expires_at),
    };
    Ok(Letter {
        code: Some(row),
        message: Some(message::render(cx, &occasion, &data)?),
    })
}

/// What is written to an address that nobody has.
fn unknown(cx: &Cx, occasion: &Occasion<'_>) -> Result<CourierMessage, ApiError> {
    message::render(
        cx,
        occasion,
        &TemplateData::RecoveryCodeInvalid(occasion.about()),
    )
}

/// The field for the code.
pub(crate) fn code_field() -> Node {
    Node::input("code", Group::Code, InputType::Text)
        .required()
        .with(|input| {
            input.pattern = Some("[0-9]+".to_owned());
            input.maxlength = Some(6);
        })
        .label(text::node::node_label_recovery_code())
}

/// The form that asks for the code.
fn show_sent(cx: &Cx, flow: &mut Flow<Recovery>, address: &str) {
    flow.shown.active = Some(MethodId::Code);
    flow.shown.state = FlowState::SentEmail;
    flow.shown.ui = Container {
        nodes: vec![
            csrf_node(cx, flow),
            code_field(),
            nodes::method(),
            nodes::submit(),
            nodes::resend("email", address),
        ],
        messages: vec![text::recovery::recovery_email_with_code_sent()],
        ..Container::new(Flow::<Recovery>::action(cx, flow.id()))
    };
}
