//! What all second factors have in common: who gives one, how often they may try, and what it proves.

use ipse_model::{Aal, AuthenticationMethod, Credentials, MethodId, SignedDuration};
use ipse_store::KeyHash;
use ipse_ui::text;

use super::{Login, Proof, Visitor};
use crate::cx::Cx;
use crate::flow::spent::{self, Spent};
use crate::flow::{Flow, FlowError, Kind};
use crate::session::Authenticated;

/// How often a second factor may be tried within [`WINDOW`].
const ATTEMPTS: u64 = 10;
/// How long attempts are remembered.
const WINDOW: SignedDuration = SignedDuration::from_mins(15);

/// Who is to give a second factor in this flow.
///
/// # Errors
/// When the flow asks for none.
pub(crate) fn giver<'a>(
    flow: &Flow<Login>,
    visitor: &'a Visitor,
) -> Result<&'a Authenticated, FlowError> {
    match visitor {
        Some(visitor) if flow.shown.extra.requested_aal == Aal::Aal2 => Ok(visitor),
        _ => Err(FlowError::form(Login::no_method())),
    }
}

/// Counts an attempt. It comes before trying, so that many at the same time are counted too.
///
/// Only somebody with a first factor gets here, so that no stranger can use up the attempts of an account. Sessions that have
/// given a second factor before have attempts of their own: whoever has stolen a password can't lock those out.
///
/// # Errors
/// When there were too many.
pub(crate) async fn count(
    cx: &Cx,
    giver: &Authenticated,
    method: MethodId,
) -> Result<KeyHash, FlowError> {
    let what = format!("attempts at {}", method.as_str());
    let key = if giver.session.aal >= Aal::Aal2 {
        spent::key(&what, giver.session.id)
    } else {
        spent::key(&what, giver.identity.id)
    };
    if cx
        .store()
        .count_attempt(key, cx.now, cx.now + WINDOW)
        .await?
        > ATTEMPTS
    {
        tracing::warn!(identity_id = %giver.identity.id, method = method.as_str(), "too many attempts at a second factor");
        return Err(FlowError::form(text::validation::generic(
            "There were too many attempts. Please wait a quarter of an hour, or use another second factor.",
        )));
    }
    Ok(key)
}

/// A second factor that was given.
pub(crate) fn proof(
    cx: &Cx,
    giver: &Authenticated,
    credentials: Credentials,
    (by, spent): (MethodId, Spent),
) -> Proof {
    Proof {
        method: second(cx, by),
        by,
        identity: giver.identity.clone(),
        credentials,
        update: None,
        upgrade: None,
        spent,
    }
}

/// How a session remembers a second factor.
pub(crate) fn second(cx: &Cx, by: MethodId) -> AuthenticationMethod {
    AuthenticationMethod::new(by.as_str(), Aal::Aal2, cx.now)
}
