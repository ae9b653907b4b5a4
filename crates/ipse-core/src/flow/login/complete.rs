//! Signs somebody in: a new session, or the present one confirmed.

use ipse_config::selfservice::after::Completion;
use ipse_model::{Aal, Identity, IdentityState};
use ipse_store::StoreError;
use ipse_ui::text;
use serde_json::{Value, json};

use super::{Login, Proof, Visitor};
use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::continue_with::{ContinueWith, NextFlow};
use crate::flow::settings::taken;
use crate::flow::{Flow, FlowError, Kind, Outcome, return_to, shared, verification};
use crate::hook;
use crate::method::oidc::linking::{self, Linked};
use crate::oauth2::{self, SignedIn};
use crate::session::{self, Authenticated};

pub(super) async fn complete(
    cx: &Cx,
    flow: &mut Flow<Login>,
    visitor: &mut Visitor,
    mut proof: Proof,
) -> Result<Outcome, FlowError> {
    if proof.identity.state == IdentityState::Inactive {
        return Err(ApiError::unauthorized("This account was disabled.")
            .detail("identity_id", proof.identity.id.to_string())
            .into());
    }
    let hooks = completion(cx, &proof);
    let stepping_up = flow.shown.extra.requested_aal == Aal::Aal2;
    if stepping_up && visitor.as_ref().map(|visitor| visitor.identity.id) != Some(proof.identity.id)
    {
        return Err(crate::flow::settings::identity_mismatch().into());
    }
    let present = visitor.take().filter(|visitor| {
        (flow.shown.extra.refresh || stepping_up) && visitor.identity.id == proof.identity.id
    });
    let confirmed = present.is_some();
    let (mut signed_in, hash) = match present {
        Some(mut present) => {
            session::refresh(cx, &mut present.session, proof.method.clone());
            present.identity = proof.identity.clone();
            (present, None)
        }
        None => {
            let issued = session::issue(cx, &proof.identity, proof.method.clone());
            let identity = proof.identity.clone();
            (
                Authenticated {
                    session: issued.session,
                    identity,
                    token: issued.token,
                },
                Some(issued.hash),
            )
        }
    };
    let linked = linking::link(cx, flow, &mut proof)?;
    if let Some(linked) = &linked {
        session::add_proof(&mut signed_in.session, linked.method.clone());
    }
    flow.shown.active = Some(proof.by);
    let verifications = verifications(cx, flow, &proof)?;
    hook::before_save(cx, hooks.hooks, &mut stage(flow, &mut proof, &signed_in)).await?;
    signed_in.identity = proof.identity.clone();
    let onwards = onwards(cx, flow, &proof, &signed_in).await?;
    let next = save(
        cx,
        (flow, &proof, linked),
        (&signed_in, hash),
        &verifications,
    )
    .await?;
    cx.app.metrics.completed(Login::NAME, proof.by);
    hook::after_save(cx, hooks.hooks, &stage(flow, &mut proof, &signed_in)).await?;
    let signed_in = (&signed_in, confirmed);
    answer(cx, flow, &proof, signed_in, (onwards, next))
}

/// What applies after signing in like this.
fn completion<'a>(cx: &'a Cx, proof: &Proof) -> Completion<'a> {
    let after = &cx.config().selfservice.flows.login.after;
    after.completion(proof.by.as_str())
}

/// Where the login is not over yet.
enum Onwards {
    /// It is over.
    Nowhere,
    /// A second factor is due.
    SecondFactor(String),
    /// The OAuth2 server waits for the browser.
    OAuth2(String),
}

/// Whether something comes after this login, and tells an OAuth2 server that waits for it.
async fn onwards(
    cx: &Cx,
    flow: &Flow<Login>,
    proof: &Proof,
    signed_in: &Authenticated,
) -> Result<Onwards, FlowError> {
    if let Some(location) = second_factor_due(cx, flow, proof, signed_in) {
        return Ok(Onwards::SecondFactor(location));
    }
    match Login::login_challenge(flow).filter(|_| flow.is_browser()) {
        None => Ok(Onwards::Nowhere),
        Some(challenge) => {
            let who = SignedIn::by(&signed_in.session);
            Ok(Onwards::OAuth2(oauth2::accept(cx, challenge, &who).await?))
        }
    }
}

/// The verifications that begin with this login, and the identity if anything of it changes on this occasion. What a web
/// hook changes afterwards shows in the answer, but isn't saved.
fn verifications(
    cx: &Cx,
    flow: &Flow<Login>,
    proof: &Proof,
) -> Result<(verification::Pending, Option<Identity>), FlowError> {
    let hooks = completion(cx, proof);
    let all = hook::verifies_at_login(hooks.hooks) && flow.shown.extra.requested_aal == Aal::Aal1;
    if !all && proof.update.is_none() {
        return Ok((verification::Pending::default(), None));
    }
    let mut identity = proof.identity.clone();
    let origin = verification::Origin::of(flow);
    let pending = if all {
        verification::start_unverified(cx, &mut identity, origin)?
    } else {
        verification::start_pending(cx, &mut identity, origin)?
    };
    let changed = identity != proof.identity;
    Ok((pending, changed.then_some(identity)))
}

fn stage<'a>(
    flow: &'a Flow<Login>,
    proof: &'a mut Proof,
    who: &'a Authenticated,
) -> hook::Stage<'a> {
    hook::Stage {
        flow,
        identity: Some(&mut proof.identity),
        credentials: Some(&mut proof.credentials),
        session: Some(&who.session),
    }
}

/// Writes the session and what else came of the login. A flow that a twin of this request has just completed doesn't
/// matter: both have proved who they are.
async fn save(
    cx: &Cx,
    (flow, proof, linked): (&Flow<Login>, &Proof, Option<Linked>),
    (signed_in, hash): (&Authenticated, Option<ipse_store::TokenHash>),
    (pending, verifying): &(verification::Pending, Option<Identity>),
) -> Result<Vec<NextFlow>, FlowError> {
    let hooks = completion(cx, proof);
    let record = flow.to_record();
    let mut next = Vec::new();
    for with_flow in [true, false] {
        let mut batch = cx.store().batch();
        match &hash {
            // Whoever changes a password, or disables an account, ends its sessions: also one that begins just then.
            Some(hash) => batch
                .expect_identity(&proof.identity)
                .insert_session(&signed_in.session, hash),
            None => batch.update_session(&signed_in.session),
        };
        if let Some(upgraded) = &proof.upgrade {
            upgrade(&mut batch, proof, upgraded);
        }
        proof.spent.add_to(&mut batch, proof.identity.id);
        if let Some(linked) = &linked {
            linked.add_to(&mut batch, proof.identity.id);
        }
        if let Some(pending) = flow.exchange_due() {
            let session = (signed_in.session.id, signed_in.token.as_str());
            session::exchange::complete_with(cx, &mut batch, pending, session);
        }
        if hook::revokes_other_sessions(hooks.hooks) {
            batch.revoke_sessions_except(proof.identity.id, Some(signed_in.session.id));
        }
        save_identity(&mut batch, proof, verifying.as_ref());
        next = pending.add_to(&mut batch);
        if with_flow {
            batch.update_flow(&record);
        }
        match batch.commit().await {
            Err(StoreError::Conflict(ipse_store::Entity::Flow)) if with_flow => {}
            Err(StoreError::Duplicate(ipse_store::Unique::SingleUse)) => {
                return Err(FlowError::form(text::validation::totp_verifier_wrong()));
            }
            other => {
                other.map_err(taken)?;
                break;
            }
        }
    }
    Ok(next)
}

/// Saves what is new about the identity: what the provider says, or that something was sent to its addresses.
fn save_identity(batch: &mut ipse_store::Batch, proof: &Proof, verifying: Option<&Identity>) {
    match (&proof.update, verifying) {
        (Some(update), verifying) => {
            batch.change_identity(&update.before, verifying.unwrap_or(&proof.identity));
            for credential in &update.credentials {
                batch.set_credential(proof.identity.id, credential);
            }
        }
        (None, Some(identity)) => {
            batch.update_identity(identity);
        }
        (None, None) => {}
    }
}

/// Saves a credential in place of the one that the proof rests on. When that has changed meanwhile, the person may not know
/// the new one, and the proof is worth nothing.
fn upgrade(batch: &mut ipse_store::Batch, proof: &Proof, upgraded: &ipse_model::Credential) {
    match proof.credentials.get(upgraded.kind) {
        Some(old) => batch.replace_credential(proof.identity.id, old, upgraded),
        None => batch.set_credential(proof.identity.id, upgraded),
    };
}

fn answer(
    cx: &Cx,
    flow: &Flow<Login>,
    proof: &Proof,
    (signed_in, confirmed): (&Authenticated, bool),
    (onwards, verifications): (Onwards, Vec<NextFlow>),
) -> Result<Outcome, FlowError> {
    if flow.came_back && !flow.is_browser() {
        let code = flow
            .exchange_due()
            .map(|pending| pending.return_to_code.as_str());
        return Ok(Outcome::Redirect {
            location: shared::back_to_app(cx, flow, code)?,
        });
    }
    let hooks = completion(cx, proof);
    let location = return_to::after(
        cx,
        flow.shown.return_to.as_deref(),
        &[hooks.default_browser_return_url],
    )?;
    let page = verifications.iter().find_map(|flow| flow.url.clone());
    let page = page.filter(|_| hook::leads_to_verification(hooks.hooks));
    let shown = hook::shows_verification(cx, hooks.hooks);
    let verify = verifications.into_iter().filter(|_| shown);
    let mut next: Vec<ContinueWith> = verify
        .map(|flow| ContinueWith::ShowVerificationUi { flow })
        .collect();
    let mut session = session::View::new(cx, &signed_in.session, &signed_in.identity);
    if confirmed {
        session = session.with_device(session::another(cx));
    }
    if !flow.is_browser() {
        if matches!(onwards, Onwards::SecondFactor(_)) {
            session = session.without_identity();
        }
        let body = json!({
            "session_token": signed_in.token,
            "session": session,
            "continue_with": if next.is_empty() { Value::Null } else { json!(next) },
        });
        return Ok(Outcome::Done {
            body: body.to_string(),
            location,
        });
    }
    cx.jar
        .set_session(signed_in.token.clone(), signed_in.session.expires_at);
    if !confirmed {
        cx.jar.rotate_csrf(cx.random());
    }
    if let Onwards::SecondFactor(location) | Onwards::OAuth2(location) = onwards {
        return Ok(Outcome::Leave { location });
    }
    next.push(ContinueWith::RedirectBrowserTo {
        redirect_browser_to: location.clone(),
    });
    let body = json!({ "session": session, "continue_with": next });
    Ok(Outcome::Done {
        body: body.to_string(),
        location: page.unwrap_or(location),
    })
}

/// Where a browser goes to give a second factor, when sessions need one that this account has.
fn second_factor_due(
    cx: &Cx,
    flow: &Flow<Login>,
    proof: &Proof,
    signed_in: &Authenticated,
) -> Option<String> {
    let config = cx.config();
    let required = config.session.whoami.required_aal;
    if session::aal::satisfies(config, &signed_in.session, required, &proof.credentials) {
        return None;
    }
    let step_up = session::aal::step_up(cx, flow.shown.return_to.as_deref());
    let challenge = Login::login_challenge(flow);
    Some(oauth2::with_challenge(step_up, challenge))
}

/// What is said when identifier and secret don't belong together, whichever of the two is wrong.
#[must_use]
pub(crate) fn invalid_credentials() -> FlowError {
    FlowError::form(text::validation::invalid_credentials())
}
