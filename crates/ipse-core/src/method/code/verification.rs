//! Verifying an address by a code.

use async_trait::async_trait;
use ipse_model::{Channel, FlowState, MethodId};
use ipse_ui::{Container, Group, InputType, Node, text};

use super::{Code, by_mail, nodes, one_time};
use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::mailed::{self, ByMail, Decision, Restart, Sent, csrf_node};
use crate::flow::verification::Verification;
use crate::flow::{Flow, FlowError, Form, Kind, Outcome};
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
        if Verification::in_use(cx) == MethodId::Code {
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
        if Verification::in_use(cx) != MethodId::Code {
            return Err(FlowError::form(Verification::no_method()));
        }
        let code = form.text("code").filter(|code| !code.is_empty());
        match (flow.shown.state, code) {
            (FlowState::SentEmail, Some(code)) => {
                by_mail::check(cx, flow, &code).await.map(Step::Done)
            }
            _ => ask(cx, flow, form).await.map(Step::Done),
        }
    }
}

/// Sends a code to the address that was typed, if somebody has it. What is shown doesn't tell.
async fn ask(cx: &Cx, flow: &mut Flow<Verification>, form: &Form) -> Result<Decision, FlowError> {
    let (via, typed) = address(cx, flow, form)?;
    let value = schema::normalise_address(via, &typed);
    let owner = Verification::recipient(cx, flow, (via, &value)).await?;
    let letter = by_mail::send(cx, flow, owner.as_ref(), (via, &value))?;
    show_sent(cx, flow, (via, &typed));
    let identity = owner.and_then(|owner| Verification::once_sent(cx, owner, (via, &value)));
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
    mailed::typed_email(form)
        .map(|email| (Channel::Email, email))
        .inspect_err(|_| ask_for_email(cx, flow))
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
