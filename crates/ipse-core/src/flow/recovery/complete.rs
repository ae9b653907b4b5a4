//! Carries out what was decided in a recovery flow.

use ipse_model::{Aal, AuthenticationMethod, FlowClient, FlowState, IdentityState, MethodId};
use ipse_ui::{Node, text};
use serde_json::json;

use super::{Recovery, RecoveryData, SignedIn};
use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::continue_with::{ContinueWith, NextFlow};
use crate::flow::mailed::{self, Decision, Proved, Restart};
use crate::flow::settings::{Owner, Settings, SettingsData};
use crate::flow::{
    Complaint, Flow, FlowError, Kind, NoExtra, Outcome, engine, return_to, shared, verification,
    with_query,
};
use crate::hook;
use crate::method::code::one_time;
use crate::session::{self, Authenticated, Issued};

pub(super) async fn complete(
    cx: &Cx,
    flow: &mut Flow<Recovery>,
    decision: Decision,
) -> Result<Outcome, FlowError> {
    match decision {
        Decision::Sent(sent) => mailed::sent(cx, flow, &sent, mailed::with_any_payload(flow)).await,
        // Clients of the older form see an empty payload with every answer.
        Decision::Wrong if flow.shown.state == FlowState::RecoveryAwaitingCode => {
            mailed::wrong(cx, flow, mailed::with_payload(flow)).await
        }
        Decision::Wrong | Decision::Next => {
            mailed::wrong(cx, flow, mailed::with_any_payload(flow)).await
        }
        Decision::Proved(proved) => recover(cx, flow, *proved).await,
        Decision::Restart(restart) => begin_anew(cx, flow, restart).await,
    }
}

/// Signs the owner of the address in and goes on with the settings, where a new way to sign in can be set up.
async fn recover(cx: &Cx, flow: &mut Flow<Recovery>, proved: Proved) -> Result<Outcome, FlowError> {
    let mut identity = proved.identity;
    if identity.state == IdentityState::Inactive {
        return Err(ApiError::unauthorized("This account was disabled.").into());
    }
    let after = &cx.config().selfservice.flows.recovery.after;
    verification::mark_verified(cx, &mut identity, &proved.code);
    let issued = session::issue(cx, &identity, proof(cx, proved.by));
    flow.identity_id = Some(identity.id);
    let waiting = std::mem::replace(&mut flow.shown.state, FlowState::PassedChallenge);
    flow.shown.active = Some(proved.by);
    flow.ui().clear_messages();

    // A link is opened in a browser, whatever asked for it.
    let client = if proved.by == MethodId::Link {
        FlowClient::Browser
    } else {
        flow.shown.client
    };
    let credentials = cx.store().credentials(identity.id).await?;
    let authenticated = Authenticated {
        session: issued.session.clone(),
        identity,
        token: issued.token.clone(),
    };
    let mut owner = Owner {
        authenticated,
        credentials,
    };
    if let Err(error) = hook::before_save(cx, &after.hooks, &mut stage(flow, &mut owner)).await {
        // The secret hasn't been used and can be tried again.
        flow.shown.state = waiting;
        return Err(error);
    }
    if client == FlowClient::Browser {
        cx.jar.rotate_csrf(cx.random());
        let token = mailed::csrf_token(cx, client);
        flow.ui().set_value("csrf_token", token.into());
    }
    let settings = settings(cx, flow, client, &owner).await?;

    let mut batch = cx.store().batch();
    one_time::spend(cx, &proved.code, &mut batch);
    batch.update_identity(&owner.authenticated.identity);
    batch.insert_session(&issued.session, &issued.hash);
    if hook::revokes_other_sessions(&after.hooks) {
        batch.revoke_sessions_except(issued.session.identity_id, Some(issued.session.id));
    }
    batch.update_flow(&flow.to_record());
    batch.insert_flow(&settings.to_record());
    batch.commit().await?;
    cx.app.metrics.completed(Recovery::NAME, proved.by);
    owner.authenticated.identity.version += 1;
    if client == FlowClient::Browser {
        cx.jar
            .set_session(issued.token.clone(), issued.session.expires_at);
    }

    hook::after_save(cx, &after.hooks, &stage(flow, &mut owner)).await?;
    Ok(answer(cx, flow, &settings, issued))
}

/// What hooks see: whose account it is, but not yet a session.
fn stage<'a>(flow: &'a Flow<Recovery>, owner: &'a mut Owner) -> hook::Stage<'a> {
    hook::Stage {
        flow,
        identity: Some(&mut owner.authenticated.identity),
        credentials: Some(&mut owner.credentials),
        session: None,
    }
}

fn proof(cx: &Cx, by: MethodId) -> AuthenticationMethod {
    AuthenticationMethod::new(format!("{}_recovery", by.as_str()), Aal::Aal1, cx.now)
}

/// The settings flow that the recovery leads to.
async fn settings(
    cx: &Cx,
    flow: &Flow<Recovery>,
    client: FlowClient,
    owner: &Owner,
) -> Result<Flow<Settings>, FlowError> {
    let mut settings = Flow::<Settings>::new(cx, client, NoExtra {}, SettingsData::default());
    settings.identity_id = Some(owner.authenticated.identity.id);
    settings.shown.return_to = onwards(cx, flow)?;
    if let Some(return_to) = &settings.shown.return_to {
        settings.shown.request_url =
            with_query(&settings.shown.request_url, "return_to", return_to);
    }
    settings
        .ui()
        .push(Node::csrf(&mailed::csrf_token(cx, client)));
    engine::populate(cx, &mut settings, owner).await?;
    hook::before(cx, &settings, Some(&owner.authenticated)).await?;
    let privileged = cx
        .config()
        .selfservice
        .flows
        .settings
        .privileged_session_max_age;
    let until = owner.authenticated.session.authenticated_at + privileged;
    settings.ui().say(text::recovery::recovery_successful(
        &until.to_string(),
        until.as_second(),
        until.duration_since(cx.now).as_mins(),
    ));
    Ok(settings)
}

/// Where the browser goes after the settings, if anybody has said so.
fn onwards(cx: &Cx, flow: &Flow<Recovery>) -> Result<Option<String>, ApiError> {
    let configured = cx
        .config()
        .selfservice
        .flows
        .recovery
        .after
        .default_browser_return_url
        .as_ref();
    if flow.shown.return_to.is_none() && configured.is_none() {
        return Ok(None);
    }
    return_to::after(cx, flow.shown.return_to.as_deref(), &[configured]).map(Some)
}

fn answer(cx: &Cx, flow: &Flow<Recovery>, settings: &Flow<Settings>, issued: Issued) -> Outcome {
    let location = settings.page(cx);
    let opened = cx.request.method == http::Method::GET;
    if opened {
        return Outcome::Redirect { location };
    }
    if !cx.config().feature_flags.use_continue_with_transitions {
        return Outcome::Leave { location };
    }
    let mut next = Vec::new();
    if !flow.is_browser() {
        next.push(ContinueWith::SetOrySessionToken {
            ory_session_token: issued.token,
        });
    }
    next.push(ContinueWith::ShowSettingsUi {
        flow: NextFlow {
            id: settings.id(),
            verifiable_address: None,
            url: Some(location.clone()),
        },
    });
    let body = shared::with_member(
        flow.to_record().public.as_str(),
        "continue_with",
        &json!(next),
    );
    Outcome::Done { body, location }
}

/// Another flow takes the place of this one, and the client is sent there.
async fn begin_anew(
    cx: &Cx,
    flow: &Flow<Recovery>,
    restart: Restart,
) -> Result<Outcome, FlowError> {
    let opened = cx.request.method == http::Method::GET;
    let client = if opened {
        FlowClient::Browser
    } else {
        flow.shown.client
    };
    let complaints = vec![Complaint {
        node: None,
        message: restart.message,
    }];
    let (data, nobody) = (RecoveryData::default(), SignedIn::default());
    let next = mailed::restart(cx, flow, (client, complaints), data, &nobody).await?;
    Ok(mailed::go_on_with(cx, &next))
}
