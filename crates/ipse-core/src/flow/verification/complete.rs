//! Carries out what was decided in a verification flow.

use ipse_model::{AddressStatus, FlowClient, FlowState, Identity, MethodId};
use ipse_store::OneTimeCode;
use ipse_ui::{Attributes, Container, Group, Link, Node, text};

use super::{Verification, VerificationData};
use crate::cx::Cx;
use crate::flow::mailed::{self, Decision, Proved, Restart};
use crate::flow::settings::new_address::{self, Due};
use crate::flow::settings::taken;
use crate::flow::{Complaint, Flow, FlowError, Kind, Outcome, expired, return_to};
use crate::hook;
use crate::method::code::one_time;
use crate::oauth2::{self, Failure};

pub(super) async fn complete(
    cx: &Cx,
    flow: &mut Flow<Verification>,
    decision: Decision,
) -> Result<Outcome, FlowError> {
    match decision {
        Decision::Sent(sent) => mailed::sent(cx, flow, &sent, mailed::with_payload(flow)).await,
        Decision::Wrong | Decision::Next => {
            mailed::wrong(cx, flow, mailed::with_any_payload(flow)).await
        }
        Decision::Proved(proved) => verify(cx, flow, *proved).await,
        Decision::Restart(restart) => begin_anew(cx, flow, restart).await,
    }
}

/// Marks the address as verified and shows where to go on. What waited for that is carried out together with it.
async fn verify(cx: &Cx, flow: &Flow<Verification>, proved: Proved) -> Result<Outcome, FlowError> {
    let after = &cx.config().selfservice.flows.verification.after;
    let configured = after.default_browser_return_url.as_ref();
    let location = return_to::after(cx, flow.shown.return_to.as_deref(), &[configured])?;
    let mut identity = proved.identity;
    mark_verified(cx, &mut identity, &proved.code);
    let oauth2 = answer_oauth2(cx, flow).await?;
    let mut done = flow.clone();
    done.data.oauth2 = None;
    done.identity_id = Some(identity.id);
    done.shown.state = FlowState::PassedChallenge;
    done.shown.active = Some(proved.by);
    let link = oauth2.as_ref().unwrap_or(&location).clone();
    done.shown.ui = passed(mailed::csrf_node(cx, flow), proved.by, (location, link));

    let mut batch = cx.store().batch();
    one_time::spend(cx, &proved.code, &mut batch);
    match &proved.change {
        Some(change) => change.add_to(cx, &mut batch, &identity),
        None => {
            batch.update_identity(&identity);
        }
    }
    batch.update_flow(&done.to_record());
    batch.commit().await.map_err(taken)?;
    cx.app.metrics.completed(Verification::NAME, proved.by);
    identity.version += 1;

    match tell(cx, &done, &mut identity, proved.change).await {
        Ok(()) => {
            let body = done.to_record().public.into_string();
            let page = oauth2.unwrap_or_else(|| done.page(cx));
            Ok(Outcome::Ready { body, page })
        }
        Err(FlowError::Invalid(complaints)) => object(cx, &done, complaints).await,
        Err(error) => Err(error),
    }
}

/// Runs the hooks that come after a verification, and before them those that come after what waited for it.
async fn tell(
    cx: &Cx,
    flow: &Flow<Verification>,
    identity: &mut Identity,
    change: Option<Box<Due>>,
) -> Result<(), FlowError> {
    if let Some(mut change) = change {
        change.tell(cx, identity).await?;
    }
    let stage = hook::Stage {
        flow,
        identity: Some(identity),
        credentials: None,
        session: None,
    };
    let hooks = &cx.config().selfservice.flows.verification.after.hooks;
    hook::after_save(cx, hooks, &stage).await
}

/// Answers an OAuth2 login request that waits for this verification, and returns where the browser goes on. One that is
/// out of date keeps nobody from verifying an address.
async fn answer_oauth2(cx: &Cx, flow: &Flow<Verification>) -> Result<Option<String>, FlowError> {
    let waiting = flow.data.oauth2.as_ref();
    let Some(waiting) = waiting.filter(|_| flow.is_browser()) else {
        return Ok(None);
    };
    match oauth2::try_accept(cx, &waiting.challenge, &waiting.who).await {
        Ok(location) => Ok(Some(location)),
        Err(refused @ Failure::Refused { .. }) => {
            tracing::warn!(error = %refused, "the OAuth2 login request that waited for a verification is out of date");
            Ok(None)
        }
        Err(failure) => Err(oauth2::not_answered(&failure).into()),
    }
}

/// What was proved stays proved. What a hook has to say against it is said on a new flow.
async fn object(
    cx: &Cx,
    flow: &Flow<Verification>,
    complaints: Vec<Complaint>,
) -> Result<Outcome, FlowError> {
    let client = if opened(cx) {
        FlowClient::Browser
    } else {
        flow.shown.client
    };
    let data = VerificationData::default();
    let next = mailed::restart(cx, flow, (client, complaints), data, &()).await?;
    if opened(cx) {
        return Ok(mailed::go_on_with(cx, &next));
    }
    Err(mailed::replaced(cx, &next).into())
}

/// Whether a link was opened, as opposed to a form submitted.
fn opened(cx: &Cx) -> bool {
    cx.request.method == http::Method::GET
}

/// Marks the address that a code was sent to as verified.
pub(crate) fn mark_verified(cx: &Cx, identity: &mut Identity, code: &OneTimeCode) {
    let addresses = identity.verifiable_addresses.iter_mut();
    for address in
        addresses.filter(|address| address.via == code.via && address.value == code.address)
    {
        address.status = AddressStatus::Completed;
        address.updated_at = cx.now;
        if !address.verified {
            address.verified = true;
            address.verified_at = Some(cx.now);
        }
        identity.updated_at = cx.now;
    }
}

/// The last screen: nothing to fill in, and a link that leads on.
fn passed(csrf: Node, by: MethodId, (location, link): (String, String)) -> Container {
    let group = if by == MethodId::Link {
        Group::Link
    } else {
        Group::Code
    };
    let link = Attributes::Link(Link {
        id: "continue".to_owned(),
        href: link,
        title: text::node::node_label_continue(),
    });
    let label = text::node::node_label_continue();
    Container {
        action: location,
        method: "GET".to_owned(),
        nodes: vec![csrf, Node::new(group, link).label(label)],
        messages: vec![text::verification::verification_successful()],
    }
}

/// Another flow takes the place of this one. Programs that submitted a code are told its id; whoever opened a link is sent
/// to it.
async fn begin_anew(
    cx: &Cx,
    flow: &Flow<Verification>,
    restart: Restart,
) -> Result<Outcome, FlowError> {
    let opened = opened(cx);
    let client = if opened {
        FlowClient::Browser
    } else {
        flow.shown.client
    };
    let complaints = vec![Complaint {
        node: None,
        message: restart.message,
    }];
    let data = flow.data.clone();
    let next = mailed::restart(cx, flow, (client, complaints), data, &()).await?;
    // A link that isn't right says nothing about the one that was sent.
    if restart.expired_at.is_some() || flow.shown.active == Some(MethodId::Code) {
        new_address::wait_for(cx, flow.id(), next.id()).await?;
    }
    if opened || flow.shown.active == Some(MethodId::Link) {
        return Ok(mailed::go_on_with(cx, &next));
    }
    let error = match restart.expired_at {
        Some(expired_at) => expired::gone(cx.now, expired_at, &next).browser_to(next.page(cx)),
        None => mailed::replaced(cx, &next),
    };
    Err(error.into())
}
