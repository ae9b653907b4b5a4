//! What somebody can do about their own sessions.

use ipse_model::Uuid;
use ipse_store::SessionFilter;

use super::whoami::{printed, with_required_aal};
use super::{View, authenticate};
use crate::identity::page::{ListPage, Numbered};
use crate::{ApiError, Cx};

/// Where the list is found, for its links.
const PATH: &str = "/sessions";

/// Lists the other sessions of whoever asks, those that count, newest first.
///
/// # Errors
/// 401 without a session, 403 when a factor is missing.
pub async fn list_mine(cx: &Cx) -> Result<ListPage, ApiError> {
    let mine = with_required_aal(cx).await?;
    let page = Numbered::from_one(&cx.request);
    let filter = SessionFilter {
        active: Some(true),
        now: cx.now,
        except: Some(mine.session.id),
    };
    let found = cx
        .store()
        .sessions_of(mine.identity.id, &filter, (page.rows, page.size))
        .await?;
    let views: Vec<View<'_>> = found
        .items
        .iter()
        .map(|session| View::listed(cx, session, &mine.identity))
        .collect();
    let total = found.total.unwrap_or(0);
    Ok(ListPage {
        body: printed(&views)?,
        link: page.links(PATH, &cx.request, total),
        total: Some(total),
    })
}

/// Ends another session of whoever asks. One that is unknown, or somebody else's, is no error: nothing is told about it.
///
/// # Errors
/// 401 without a session, 400 for the session in use.
pub async fn revoke_mine(cx: &Cx, id: &str) -> Result<(), ApiError> {
    let mine = authenticate(cx).await?.ok_or_else(signed_out)?;
    let id: Uuid = super::admin::session_id(id)?;
    if id == mine.session.id {
        return Err(ApiError::bad_request(
            "The session in use can't be revoked like this. Please sign out instead.",
        ));
    }
    cx.store().revoke_session_of(mine.identity.id, id).await?;
    Ok(())
}

/// Ends all other sessions of whoever asks; says how many.
///
/// # Errors
/// 401 without a session.
pub async fn revoke_others(cx: &Cx) -> Result<u64, ApiError> {
    let mine = authenticate(cx).await?.ok_or_else(signed_out)?;
    Ok(cx
        .store()
        .revoke_sessions_except(mine.identity.id, Some(mine.session.id))
        .await?)
}

fn signed_out() -> ApiError {
    ApiError::unauthorized("There is no active session for this request.")
}
