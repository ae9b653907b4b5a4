//! Carries out a change of the own account: everything or nothing, in one batch.

use ipse_model::{Credentials, FlowState, Uuid};
use ipse_store::{Batch, StoreError};
use ipse_ui::{Container, Node, text};

use super::{Change, Owner, Settings, SettingsData, new_address, render};
use crate::cx::Cx;
use crate::flow::continue_with::ContinueWith;
use crate::flow::{Flow, FlowError, Kind, Outcome, continuity, engine, return_to, verification};
use crate::hook;
use crate::session::Authenticated;

pub(super) async fn complete(
    cx: &Cx,
    flow: &Flow<Settings>,
    owner: &Owner,
    mut change: Change,
) -> Result<Outcome, FlowError> {
    let hooks = cx
        .config()
        .selfservice
        .flows
        .settings
        .after
        .completion(change.method.as_str());
    let mut batch = cx.store().batch();
    hook::before_save(cx, hooks.hooks, &mut stage(flow, owner, &mut change)).await?;
    if hook::verifies_new_addresses(hooks.hooks)
        && let Some(address) = new_address::brought(owner, &change)?
    {
        return new_address::put_off(cx, flow, (owner, &change), address).await;
    }

    change.identity.updated_at = cx.now;
    let origin = verification::Origin::of(flow);
    let pending = verification::start_pending(cx, &mut change.identity, origin)?;
    if hook::waits(hooks.hooks, Settings::NAME) {
        batch.expect_session(owner.authenticated.session.id);
    }
    let before = &owner.authenticated.identity;
    batch.change_identity(before, &change.identity);
    let verifications = pending.add_to(&mut batch);
    save_credentials(
        &mut batch,
        before.id,
        (&owner.credentials, &change.credentials),
    );
    for letter in hook::news(cx, hooks.hooks, flow, (before, &change.identity)) {
        batch.enqueue(&letter);
    }
    if hook::revokes_other_sessions(hooks.hooks) {
        batch.revoke_sessions_except(change.identity.id, Some(owner.authenticated.session.id));
    }
    let after = owner.after(&change);
    if change.proved.is_some() {
        batch.update_session(&after.authenticated.session);
    }
    let done = succeed(cx, flow, &after, &mut batch).await?;
    batch.commit().await.map_err(taken)?;
    cx.app.metrics.completed(Settings::NAME, change.method);

    hook::after_save(cx, hooks.hooks, &stage(&done, owner, &mut change)).await?;
    let configured = hooks.default_browser_return_url;
    let location = location(cx, &done, configured)?;
    let mut next: Vec<ContinueWith> = Vec::new();
    if hook::shows_verification(cx, hooks.hooks) {
        next.extend(
            verifications
                .into_iter()
                .map(|flow| ContinueWith::ShowVerificationUi { flow }),
        );
    }
    if flow.is_browser() {
        continuity::forget(cx).await?;
        next.push(ContinueWith::RedirectBrowserTo {
            redirect_browser_to: location.clone(),
        });
        let Authenticated { token, session, .. } = &owner.authenticated;
        cx.jar.set_session(token.clone(), session.expires_at);
    }
    Ok(Outcome::Done {
        body: render(cx, &done, &after.authenticated.identity, &next),
        location,
    })
}

fn stage<'a>(
    flow: &'a Flow<Settings>,
    owner: &'a Owner,
    change: &'a mut Change,
) -> hook::Stage<'a> {
    hook::Stage {
        flow,
        identity: Some(&mut change.identity),
        credentials: Some(&mut change.credentials),
        session: Some(&owner.authenticated.session),
    }
}

/// Writes the credentials that differ from what they were.
pub(super) fn save_credentials(
    batch: &mut Batch,
    identity_id: Uuid,
    (before, after): (&Credentials, &Credentials),
) {
    for credential in after.iter() {
        if before.get(credential.kind) != Some(credential) {
            batch.set_credential(identity_id, credential);
        }
    }
    for credential in before.iter() {
        if after.get(credential.kind).is_none() {
            batch.remove_credential(identity_id, credential.kind);
        }
    }
}

/// The flow after the change: a form made anew, which is submitted to a new flow.
async fn succeed(
    cx: &Cx,
    flow: &Flow<Settings>,
    owner: &Owner,
    batch: &mut Batch,
) -> Result<Flow<Settings>, FlowError> {
    let mut next = Flow::<Settings>::new(
        cx,
        flow.shown.client,
        flow.shown.extra,
        SettingsData::default(),
    );
    next.identity_id = flow.identity_id;
    next.shown.return_to.clone_from(&flow.shown.return_to);
    let token = if flow.is_browser() {
        cx.jar.ensure_csrf(cx.random()).mask(cx.random())
    } else {
        String::new()
    };
    next.ui().push(Node::csrf(&token));
    engine::populate(cx, &mut next, owner).await?;
    hook::before(cx, &next, Some(&owner.authenticated)).await?;
    batch.insert_flow(&next.to_record());

    let mut done = flow.clone();
    done.data = next.data;
    done.shown.state = FlowState::Success;
    done.shown.active = flow.shown.active.filter(|_| flow.came_back);
    done.shown.ui = Container {
        messages: vec![text::settings::settings_update_success()],
        ..next.shown.ui
    };
    batch.update_flow(&done.to_record());
    Ok(done)
}

/// Where a browser goes on: what was asked for, what is configured, or back to the form.
fn location(
    cx: &Cx,
    flow: &Flow<Settings>,
    configured: Option<&url::Url>,
) -> Result<String, FlowError> {
    if flow.shown.return_to.is_none() && configured.is_none() {
        return Ok(flow.page(cx));
    }
    Ok(return_to::after(
        cx,
        flow.shown.return_to.as_deref(),
        &[configured],
    )?)
}

/// An identifier or address that somebody else has is something to be told on the form.
pub(crate) fn taken(error: StoreError) -> FlowError {
    match error {
        StoreError::Duplicate(
            ipse_store::Unique::Identifier(_) | ipse_store::Unique::Address(_),
        ) => FlowError::form(text::validation::duplicate_credentials()),
        other => other.into(),
    }
}
