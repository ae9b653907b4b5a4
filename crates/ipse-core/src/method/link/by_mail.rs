//! What a link does in recovery and in verification: sending it, and what is due when it is opened.

use async_trait::async_trait;
use ipse_model::{Channel, FlowState, Identity, MethodId, Timestamp, Uuid};
use ipse_store::OneTimeCode;
use ipse_ui::Container;

use super::Link;
use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::mailed::{self, ByMail, Decision, Letter, Restart, Secret, Sent, csrf_node};
use crate::flow::{Flow, FlowError, Form, Outcome, shared, with_query};
use crate::method::{self, Handles, Step};
use crate::schema;

#[async_trait]
impl<K: ByMail> Handles<K> for Link {
    async fn populate(&self, cx: &Cx, flow: &mut Flow<K>, _: &K::Subject) -> Result<(), FlowError> {
        if K::in_use(cx) == MethodId::Link {
            flow.ui().push(super::email());
            flow.ui().push(super::submit());
        }
        Ok(())
    }

    async fn submit(
        &self,
        cx: &Cx,
        flow: &mut Flow<K>,
        _: &K::Subject,
        form: &Form,
    ) -> Result<Step<Decision>, FlowError> {
        if flow.shown.state == FlowState::PassedChallenge {
            let restart = Restart::because(K::link_was_used());
            return Ok(Step::Done(Decision::Restart(restart)));
        }
        if K::in_use(cx) != MethodId::Link {
            return Err(FlowError::form(K::no_method()));
        }
        let email = mailed::typed_email(form).inspect_err(|_| {
            if K::KEEPS_TYPED {
                let typed = form.text("email").unwrap_or_default();
                flow.ui().set_value("email", typed.into());
            }
        })?;
        let value = schema::normalise_address(Channel::Email, &email);
        let to = (Channel::Email, value.as_str());
        let owner = K::recipient(cx, flow, to).await?;
        let letter = send(cx, flow, owner.as_ref(), &value)?;
        show_sent(cx, flow, &email);
        let identity = owner.and_then(|owner| K::once_sent(cx, owner, to));
        Ok(Step::Done(Decision::Sent(Box::new(Sent {
            letter,
            identity,
        }))))
    }
}

/// Prepares a link for an address. Nobody but an owner gets one.
pub(crate) fn send<K: ByMail>(
    cx: &Cx,
    flow: &Flow<K>,
    owner: Option<&Identity>,
    address: &str,
) -> Result<Letter, FlowError> {
    let issue = || {
        let (url, row) = issue(cx, flow, (address, None), super::expiry(cx));
        Ok((Secret::Link(url), row))
    };
    let to = (Channel::Email, address);
    mailed::letter(cx, flow, (owner, to), MethodId::Link, issue)
}

/// A link to a flow, and the row that recognises it.
pub(crate) fn issue<K: ByMail>(
    cx: &Cx,
    flow: &Flow<K>,
    recipient: (&str, Option<Uuid>),
    expires_at: Timestamp,
) -> (String, OneTimeCode) {
    let (token, row) = super::issue(cx, (K::PURPOSE, flow.id()), recipient, expires_at);
    let url = with_query(&Flow::<K>::action(cx, flow.id()), "token", &token);
    (url, row)
}

/// The form that says that a link is on its way.
pub(crate) fn show_sent<K: ByMail>(cx: &Cx, flow: &mut Flow<K>, address: &str) {
    flow.shown.active = Some(MethodId::Link);
    flow.shown.state = FlowState::SentEmail;
    flow.shown.ui = Container {
        nodes: vec![
            csrf_node(cx, flow),
            super::email().value(address),
            super::submit(),
        ],
        messages: vec![K::link_sent()],
        ..Container::new(Flow::<K>::action(cx, flow.id()))
    };
}

/// Does what is due when a link in a mail is opened.
pub(crate) async fn open<K: ByMail>(
    cx: &Cx,
    flow: &Flow<K>,
    token: &str,
) -> Result<Outcome, ApiError> {
    if !method::enabled(cx, MethodId::Link) {
        return Err(method::switched_off());
    }
    let mut flow = flow.clone();
    for _ in 0..mailed::TRIES {
        let decision = decide(cx, &flow, token).await?;
        match K::complete(cx, &mut flow, &mut K::Subject::default(), decision).await {
            Ok(outcome) => return Ok(outcome),
            Err(FlowError::Overtaken) => flow = shared::load(cx, flow.id()).await?,
            Err(error) => return Err(mailed::told(error)),
        }
    }
    Err(mailed::told(FlowError::Overtaken))
}

async fn decide<K: ByMail>(cx: &Cx, flow: &Flow<K>, token: &str) -> Result<Decision, ApiError> {
    let decision = match super::recognise(cx, (K::PURPOSE, flow.id()), token).await? {
        None => None,
        Some(sent) => {
            let expires_at = sent.expires_at.min(flow.shown.expires_at);
            if expires_at <= cx.now {
                Some(mailed::too_late::<K>(expires_at))
            } else {
                mailed::proved::<K>(cx, sent, MethodId::Link).await?
            }
        }
    };
    Ok(decision.unwrap_or_else(|| Decision::Restart(Restart::because(K::wrong_link()))))
}
