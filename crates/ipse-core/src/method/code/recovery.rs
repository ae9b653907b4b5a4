//! Getting back into an account by a code.

use async_trait::async_trait;
use ipse_model::{Channel, FlowState, MethodId};
use ipse_ui::{Container, Group, InputType, Node, text};

use super::{Code, by_mail, nodes, recovery_choice};
use crate::cx::Cx;
use crate::flow::mailed::{self, ByMail, Decision, Restart, Sent, csrf_node};
use crate::flow::recovery::{Recovery, SignedIn};
use crate::flow::{Flow, FlowError, Form, Kind};
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
        if Recovery::in_use(cx) == MethodId::Code && recovery_choice::is_on(cx) {
            recovery_choice::populate(flow);
        } else if Recovery::in_use(cx) == MethodId::Code {
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
        if Recovery::in_use(cx) != MethodId::Code && !flow.data.by_admin {
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
            (FlowState::SentEmail, false) => by_mail::check(cx, flow, &code).await.map(Step::Done),
            _ => ask(cx, flow, form).await.map(Step::Done),
        }
    }
}

/// Sends a code to the address that was typed, if somebody has it. What is shown doesn't tell.
async fn ask(cx: &Cx, flow: &mut Flow<Recovery>, form: &Form) -> Result<Decision, FlowError> {
    let email = mailed::typed_email(form)?;
    let value = schema::normalise_address(Channel::Email, &email);
    let owner = mailed::owner_of::<Recovery>(cx, (Channel::Email, &value)).await?;
    let letter = by_mail::send(cx, flow, owner.as_ref(), (Channel::Email, &value))?;
    show_sent(cx, flow, &email);
    Ok(Decision::Sent(Box::new(Sent {
        letter,
        identity: None,
    })))
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
