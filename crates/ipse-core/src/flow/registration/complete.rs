//! Creates the account, and signs its holder in when the configuration says so.

use ipse_config::selfservice::hooks::Hook;
use ipse_model::{IdentityState, MethodId, Session};
use ipse_store::{StoreError, Unique};
use serde_json::{Map, Value, json};

use super::{NewAccount, Registration};
use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::continue_with::{ContinueWith, NextFlow};
use crate::flow::settings::taken;
use crate::flow::{Flow, FlowError, Outcome, return_to, shared, verification};
use crate::hook;
use crate::identity::view;
use crate::method::oidc::{self, conflict};
use crate::session::{self, Issued};

pub(super) async fn complete(
    cx: &Cx,
    flow: &mut Flow<Registration>,
    mut account: NewAccount,
) -> Result<Outcome, FlowError> {
    let hooks = cx
        .config()
        .selfservice
        .flows
        .registration
        .after
        .completion(account.by.as_str());
    hook::before_save(cx, hooks.hooks, &mut stage(flow, &mut account, None)).await?;

    let mut batch = cx.store().batch();
    let origin = verification::Origin::of(flow);
    let pending = verification::start_pending(cx, &mut account.identity, origin)?;
    batch.insert_identity(&account.identity, &account.credentials);
    let verifications = pending.add_to(&mut batch);
    // A hook may have decided that the account has to wait.
    let signs_in =
        hooks.hooks.contains(&Hook::Session) && account.identity.state == IdentityState::Active;
    let issued = signs_in.then(|| session::issue(cx, &account.identity, account.method.clone()));
    if let Some(issued) = &issued {
        batch.insert_session(&issued.session, &issued.hash);
        if let Some(pending) = flow.exchange_due() {
            session::exchange::complete(cx, &mut batch, pending, issued);
        }
    }
    if let Err(error) = batch.commit().await {
        return Err(refused(cx, &account, error).await);
    }
    let session = issued.as_ref().map(|issued| &issued.session);
    hook::after_save(cx, hooks.hooks, &mut stage(flow, &mut account, session)).await?;

    let shown = hook::shows_verification(cx, hooks.hooks);
    let verifications = verifications.into_iter().filter(|_| shown).collect();
    answer(cx, flow, &account, issued, verifications)
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
    verifications: Vec<NextFlow>,
) -> Result<Outcome, FlowError> {
    if flow.came_back && !flow.is_browser() {
        let code = flow.exchange_due().filter(|_| issued.is_some());
        let code = code.map(|pending| pending.return_to_code.as_str());
        return Ok(Outcome::Redirect {
            location: shared::back_to_app(cx, flow, code)?,
        });
    }
    let hooks = cx
        .config()
        .selfservice
        .flows
        .registration
        .after
        .completion(account.by.as_str());
    let mut location = return_to::after(
        cx,
        flow.shown.return_to.as_deref(),
        &[hooks.default_browser_return_url],
    )?;
    let verify = verifications
        .into_iter()
        .map(|flow| ContinueWith::ShowVerificationUi { flow });
    let mut next: Vec<ContinueWith> = Vec::new();
    if flow.is_browser() {
        next.push(ContinueWith::RedirectBrowserTo {
            redirect_browser_to: location.clone(),
        });
        next.extend(verify);
        let page = next.iter().find_map(verification_page);
        if let Some(page) = page.filter(|_| hook::leads_to_verification(hooks.hooks)) {
            location = page;
        }
    } else {
        next.extend(verify);
    }
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

fn verification_page(next: &ContinueWith) -> Option<String> {
    match next {
        ContinueWith::ShowVerificationUi { flow } => flow.url.clone(),
        _ => None,
    }
}

fn to_value(value: &impl serde::Serialize) -> Result<Value, ApiError> {
    serde_json::to_value(value).map_err(|error| ApiError::internal(&error))
}
