//! Verifying an address by a code.

use async_trait::async_trait;
use ipse_courier::TemplateData;
use ipse_model::{AddressStatus, Channel, CourierMessage, FlowState, Identity, MethodId};
use ipse_store::{AddressPurpose, CodePurpose, OneTimeCode};
use ipse_ui::{Container, Group, InputType, Node, text};

use super::one_time::{self, Checked, Recipient};
use super::{Code, nodes};
use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::mailed::{Decision, Letter, Proved, Restart, Sent, csrf_node};
use crate::flow::settings::new_address;
use crate::flow::verification::{Verification, in_use};
use crate::flow::{Flow, FlowError, Form, Kind, Outcome, with_query};
use crate::message::{self, Occasion};
use crate::method::{Handles, Step};
use crate::schema;

#[async_trait]
impl Handles<Verification> for Code {
    async fn populate(
        &self,
        cx: &Cx,
        flow: &mut Flow<Verification>,
        (): &(),
    ) -> Result<(), FlowError> {
        if in_use(cx) == MethodId::Code {
            flow.ui().push(nodes::email());
            flow.ui().push(nodes::submit());
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
        if in_use(cx) != MethodId::Code {
            return Err(FlowError::form(Verification::no_method()));
        }
        let code = form.text("code").filter(|code| !code.is_empty());
        match (flow.shown.state, code) {
            (FlowState::SentEmail, Some(code)) => check(cx, flow, &code).await.map(Step::Done),
            _ => ask(cx, flow, form).await.map(Step::Done),
        }
    }
}

/// Compares a code with those that were sent.
async fn check(cx: &Cx, flow: &mut Flow<Verification>, code: &str) -> Result<Decision, FlowError> {
    if !one_time::may_try(cx, flow).await? {
        return Ok(Decision::Restart(Restart::because(
            one_time::tried_too_often(),
        )));
    }
    match one_time::check(cx, (CodePurpose::Verification, flow.id()), code).await? {
        Checked::Right(code) => match proved(cx, code, MethodId::Code).await? {
            Some(proved) => Ok(Decision::Proved(Box::new(proved))),
            None => Ok(refuse(flow)),
        },
        Checked::Expired(expired_at) => Ok(Decision::Restart(Restart {
            message: <Verification as Kind>::expired(expired_at),
            expired_at: Some(expired_at),
        })),
        Checked::Used | Checked::Wrong => Ok(refuse(flow)),
    }
}

/// What is proved by a code or link: that somebody has the address, or may get it. None when neither is so any more.
pub(crate) async fn proved(
    cx: &Cx,
    code: OneTimeCode,
    by: MethodId,
) -> Result<Option<Proved>, ApiError> {
    let (identity, change) = match owner(cx, &code).await? {
        Some(identity) => (identity, None),
        None => match new_address::due(cx, &code).await? {
            Some(due) => (due.identity.clone(), Some(Box::new(due))),
            None => return Ok(None),
        },
    };
    Ok(Some(Proved {
        code,
        identity,
        by,
        change,
    }))
}

/// Whoever something can be sent to at this address in this flow: its owner, or somebody whose account waits for it.
pub(crate) async fn recipient(
    cx: &Cx,
    flow: &Flow<Verification>,
    (via, value): (Channel, &str),
) -> Result<Option<Identity>, ApiError> {
    let purpose = AddressPurpose::Verification;
    let found = cx.store().identities_by_address(purpose, value).await?;
    let mut found = found.into_iter();
    match found.find(|(channel, _)| *channel == via) {
        Some((_, identity)) => Ok(Some(identity)),
        None => new_address::who_waits(cx, flow.id(), (via, value)).await,
    }
}

/// The identity that a code was sent for, if it still has the address.
async fn owner(cx: &Cx, code: &OneTimeCode) -> Result<Option<Identity>, ApiError> {
    let Some(id) = code.identity_id else {
        return Ok(None);
    };
    let identity = cx.store().identity(id).await?;
    Ok(identity.filter(|identity| {
        let mut addresses = identity.verifiable_addresses.iter();
        addresses.any(|address| address.via == code.via && address.value == code.address)
    }))
}

fn refuse(flow: &mut Flow<Verification>) -> Decision {
    flow.ui()
        .say(text::verification::verification_code_invalid_or_already_used());
    Decision::Wrong
}

/// Sends a code to the address that was typed, if somebody has it. What is shown doesn't tell.
async fn ask(cx: &Cx, flow: &mut Flow<Verification>, form: &Form) -> Result<Decision, FlowError> {
    let (via, typed) = address(cx, flow, form)?;
    let value = schema::normalise_address(via, &typed);
    let owner = recipient(cx, flow, (via, &value)).await?;
    let letter = send(cx, flow, owner.as_ref(), (via, &value))?;
    show_sent(cx, flow, (via, &typed));
    let identity = owner.and_then(|owner| mark_sent(cx, owner, (via, &value)));
    Ok(Decision::Sent(Box::new(Sent { letter, identity })))
}

/// The address on the form.
fn address(
    cx: &Cx,
    flow: &mut Flow<Verification>,
    form: &Form,
) -> Result<(Channel, String), FlowError> {
    if let Some(phone) = form.text("sms").filter(|phone| schema::is_phone(phone)) {
        return Ok((Channel::Sms, phone));
    }
    let email = form.text("email").unwrap_or_default();
    if schema::is_email(&email) {
        return Ok((Channel::Email, email));
    }
    ask_for_email(cx, flow);
    Err(FlowError::node(
        "email",
        match email.as_str() {
            "" => text::validation::required("email"),
            _ => text::validation::email(&email),
        },
    ))
}

/// Puts a field on the form where an address can be typed, whatever was there before.
fn ask_for_email(cx: &Cx, flow: &mut Flow<Verification>) {
    let csrf = csrf_node(cx, flow);
    let ui = flow.ui();
    match ui.find_mut("email") {
        Some(node) => *node = nodes::email().value(""),
        None => return ui.push(Node::input("email", Group::Default, InputType::Text)),
    }
    if ui.find("csrf_token").is_none() {
        ui.push(csrf);
    }
}

/// Prepares a code for an address. Nobody but an owner gets one.
pub(crate) fn send(
    cx: &Cx,
    flow: &Flow<Verification>,
    owner: Option<&Identity>,
    (via, address): (Channel, &str),
) -> Result<Letter, FlowError> {
    let occasion = Occasion::of(flow, (via, address));
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
    let recipient = Recipient {
        via,
        address,
        identity_id: Some(owner.id),
    };
    let purpose = (CodePurpose::Verification, flow.id());
    let (code, row) = one_time::issue(cx, purpose, recipient, one_time::expiry(cx))?;
    let data = TemplateData::VerificationCodeValid {
        about: occasion.about(),
        identity: message::person(cx, owner)?,
        verification_url: with_query(
            &with_query(&cx.public_url("self-service/verification"), "code", &code),
            "flow",
            &flow.id().to_string(),
        ),
        verification_code: code,
        expires_in_minutes: message::minutes_until(cx, row.expires_at),
    };
    Ok(Letter {
        code: Some(row),
        message: Some(message::render(cx, &occasion, &data)?),
    })
}

/// What is written to an address that nobody has.
fn unknown(cx: &Cx, occasion: &Occasion<'_>) -> Result<CourierMessage, ApiError> {
    let data = TemplateData::VerificationCodeInvalid(occasion.about());
    message::render(cx, occasion, &data)
}

/// The identity with its address marked as one that something was sent to, unless it is verified.
pub(crate) fn mark_sent(
    cx: &Cx,
    mut identity: Identity,
    (via, value): (Channel, &str),
) -> Option<Identity> {
    let mut addresses = identity.verifiable_addresses.iter_mut();
    let address = addresses.find(|address| address.via == via && address.value == value)?;
    if address.verified || address.status != AddressStatus::Pending {
        return None;
    }
    address.status = AddressStatus::Sent;
    address.updated_at = cx.now;
    identity.updated_at = cx.now;
    Some(identity)
}

/// The form that asks for the code.
pub(crate) fn show_sent(cx: &Cx, flow: &mut Flow<Verification>, (via, address): (Channel, &str)) {
    let code = Node::input("code", Group::Code, InputType::Text)
        .required()
        .label(text::node::node_label_verification_code());
    let mut nodes = vec![nodes::method(), code, nodes::submit()];
    if flow.is_browser() {
        nodes.push(csrf_node(cx, flow));
    }
    nodes.push(nodes::resend(via.as_str(), address));
    flow.shown.active = Some(MethodId::Code);
    flow.shown.state = FlowState::SentEmail;
    flow.shown.ui = Container {
        nodes,
        messages: vec![text::verification::verification_email_with_code_sent()],
        ..Container::new(Flow::<Verification>::action(cx, flow.id()))
    };
}

/// Fills in the code of a link that was followed. Whoever followed it still has to confirm, so that programs which open
/// every link of a mail confirm nothing.
pub(crate) async fn fill_in(
    cx: &Cx,
    flow: &Flow<Verification>,
    code: &str,
) -> Result<Outcome, ApiError> {
    let mut flow = flow.clone();
    let code: String = code
        .chars()
        .filter(char::is_ascii_digit)
        .take(one_time::DIGITS)
        .collect();
    flow.ui().set_value("code", code.into());
    let mut batch = cx.store().batch();
    batch.update_flow(&flow.to_record());
    match batch.commit().await {
        Ok(()) | Err(ipse_store::StoreError::Conflict(_)) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(Outcome::Redirect {
        location: flow.page(cx),
    })
}
