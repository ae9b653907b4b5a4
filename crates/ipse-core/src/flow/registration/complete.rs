//! Creates the account, and signs its holder in when the configuration says so.

use ipse_config::selfservice::after::Completion;
use ipse_config::selfservice::hooks::Hook;
use ipse_model::{IdentityState, MethodId, Session};
use ipse_store::{StoreError, Unique};
use serde_json::{Map, Value, json};

use super::{NewAccount, Registration};
use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::continue_with::{ContinueWith, NextFlow};
use crate::flow::settings::taken;
use crate::flow::{Flow, FlowError, Kind, Outcome, return_to, shared, verification};
use crate::hook;
use crate::identity::view;
use crate::method::oidc::{self, conflict};
use crate::oauth2::{self, SignedIn, Waiting};
use crate::session::{self, Issued};

pub(super) async fn complete(
    cx: &Cx,
    flow: &mut Flow<Registration>,
    mut account: NewAccount,
) -> Result<Outcome, FlowError> {
    let hooks = completion(cx, &account);
    hook::before_save(cx, hooks.hooks, &mut stage(flow, &mut account, None)).await?;

    // A hook may have decided that the account has to wait.
    let active = account.identity.state == IdentityState::Active;
    let signs_in = active && hooks.hooks.contains(&Hook::Session);
    let issued = signs_in.then(|| session::issue(cx, &account.identity, account.method.clone()));
    let waiting = waiting(flow, &account, issued.as_ref()).filter(|_| active);
    let origin = verification::Origin::of(flow).answering(waiting.as_ref());
    let pending = verification::start_pending(cx, &mut account.identity, origin)?;
    let oauth2 = match waiting {
        Some(waiting) if goes_back_now(cx, hooks.hooks, &pending, signs_in) => {
            Some(oauth2::accept(cx, &waiting.challenge, &waiting.who).await?)
        }
        _ => None,
    };
    let mut batch = cx.store().batch();
    batch.insert_identity(&account.identity, &account.credentials);
    let verifications = pending.add_to(&mut batch);
    if let Some(issued) = &issued {
        batch.insert_session(&issued.session, &issued.hash);
        if let Some(pending) = flow.exchange_due() {
            session::exchange::complete(cx, &mut batch, pending, issued);
        }
    }
    if let Err(error) = batch.commit().await {
        return Err(refused(cx, &account, error).await);
    }
    cx.app.metrics.completed(Registration::NAME, account.by);
    let session = issued.as_ref().map(|issued| &issued.session);
    hook::after_save(cx, hooks.hooks, &stage(flow, &mut account, session)).await?;

    let shown = hook::shows_verification(cx, hooks.hooks);
    let verifications = verifications.into_iter().filter(|_| shown).collect();
    let onwards = Onwards {
        oauth2,
        verifications,
    };
    answer(cx, flow, &account, issued, onwards)
}

/// What applies after signing up like this.
fn completion<'a>(cx: &'a Cx, account: &NewAccount) -> Completion<'a> {
    let after = &cx.config().selfservice.flows.registration.after;
    after.completion(account.by.as_str())
}

/// What comes after the registration.
struct Onwards {
    /// Where an OAuth2 server waits for the browser.
    oauth2: Option<String>,
    /// The verifications that have begun and that the client is told of.
    verifications: Vec<NextFlow>,
}

/// The OAuth2 login request that waits for this registration, and what to answer.
fn waiting(
    flow: &Flow<Registration>,
    account: &NewAccount,
    issued: Option<&Issued>,
) -> Option<Waiting> {
    let challenge = Registration::login_challenge(flow).filter(|_| flow.is_browser())?;
    let who = match issued {
        Some(issued) => SignedIn::by(&issued.session),
        None => SignedIn::without_session(account.identity.id, &account.method),
    };
    Some(Waiting {
        challenge: challenge.to_owned(),
        who,
    })
}

/// Whether the OAuth2 server is told right now. Whoever is led to a verification first goes back to it from there; a script
/// that isn't signed in can't go anywhere.
fn goes_back_now(cx: &Cx, hooks: &[Hook], pending: &verification::Pending, signs_in: bool) -> bool {
    if cx.wants_json() {
        signs_in && (pending.is_empty() || !hook::shows_verification(cx, hooks))
    } else {
        pending.is_empty() || !hook::leads_to_verification(hooks)
    }
}

/// Why an account can't be created. Where the configuration wants that, whoever has one already is told how to sign in to it.
async fn refused(cx: &Cx, account: &NewAccount, error: StoreError) -> FlowError {
    let duplicate = matches!(
        error,
        StoreError::Duplicate(Unique::Identifier(_) | Unique::Address(_))
    );
    if duplicate && account.by == MethodId::Oidc {
        // Perhaps the same person was faster in another window, and is known by now.
        match oidc::is_known(cx, &account.credentials).await {
            Ok(false) => {}
            Ok(true) => return FlowError::Overtaken,
            Err(error) => return error.into(),
        }
    }
    if !duplicate || !conflict::gives_hints(cx) {
        return taken(error);
    }
    match conflict::hint(cx, account).await {
        Ok(Some(message)) => FlowError::form(message),
        Ok(None) => taken(error),
        Err(error) => error,
    }
}

fn stage<'a>(
    flow: &'a Flow<Registration>,
    account: &'a mut NewAccount,
    session: Option<&'a Session>,
) -> hook::Stage<'a> {
    hook::Stage {
        flow,
        identity: Some(&mut account.identity),
        credentials: Some(&mut account.credentials),
        session,
    }
}

fn answer(
    cx: &Cx,
    flow: &Flow<Registration>,
    account: &NewAccount,
    issued: Option<Issued>,
    onwards: Onwards,
) -> Result<Outcome, FlowError> {
    if flow.came_back && !flow.is_browser() {
        let code = flow.exchange_due().filter(|_| issued.is_some());
        let code = code.map(|pending| pending.return_to_code.as_str());
        return Ok(Outcome::Redirect {
            location: shared::back_to_app(cx, flow, code)?,
        });
    }
    let (mut next, location) = next(cx, flow, completion(cx, account), onwards)?;
    let mut body = Map::new();
    body.insert(
        "identity".to_owned(),
        to_value(&view::Public::new(&account.identity, &cx.snapshot))?,
    );
    if let Some(issued) = issued {
        let session = session::View::new(cx, &issued.session, &account.identity);
        body.insert("session".to_owned(), to_value(&session)?);
        if flow.is_browser() {
            cx.jar.set_session(issued.token, issued.session.expires_at);
            cx.jar.rotate_csrf(cx.random());
        } else {
            body.insert("session_token".to_owned(), json!(issued.token));
            next.push(ContinueWith::SetOrySessionToken {
                ory_session_token: issued.token,
            });
        }
    }
    body.insert(
        "continue_with".to_owned(),
        if next.is_empty() {
            Value::Null
        } else {
            json!(next)
        },
    );
    Ok(Outcome::Done {
        body: Value::Object(body).to_string(),
        location,
    })
}

/// What the client does next, and where a browser goes.
fn next(
    cx: &Cx,
    flow: &Flow<Registration>,
    hooks: Completion<'_>,
    onwards: Onwards,
) -> Result<(Vec<ContinueWith>, String), FlowError> {
    let mut location = return_to::after(
        cx,
        flow.shown.return_to.as_deref(),
        &[hooks.default_browser_return_url],
    )?;
    let verifications = onwards.verifications.into_iter();
    let mut next: Vec<ContinueWith> = verifications
        .map(|flow| ContinueWith::ShowVerificationUi { flow })
        .collect();
    if !flow.is_browser() {
        return Ok((next, location));
    }
    let page = next.iter().find_map(verification_page);
    let page = page.filter(|_| hook::leads_to_verification(hooks.hooks));
    // Going back to the OAuth2 server is the last step.
    let back = onwards.oauth2.is_some();
    location = onwards.oauth2.unwrap_or(location);
    let redirect = ContinueWith::RedirectBrowserTo {
        redirect_browser_to: location.clone(),
    };
    let place = if back { next.len() } else { 0 };
    next.insert(place, redirect);
    Ok((next, page.filter(|_| !back).unwrap_or(location)))
}

fn verification_page(next: &ContinueWith) -> Option<String> {
    match next {
        ContinueWith::ShowVerificationUi { flow } => flow.url.clone(),
        _ => None,
    }
}

fn to_value(value: &impl serde::Serialize) -> Result<Value, ApiError> {
    serde_json::to_value(value).map_err(|error| ApiError::internal(&error))
}
