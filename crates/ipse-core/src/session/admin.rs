//! What an administrator can do about sessions.

use ipse_model::{Session, Timestamp, Uuid};
use ipse_store::{Authenticated, SessionCursor, SessionFilter};

use super::View;
use super::issue::end;
use super::whoami::printed;
use crate::identity::page::{self, BadSize, ListPage, Numbered};
use crate::{ApiError, Cx, Request};

/// Where the list is found, for its links.
const PATH: &str = "/admin/sessions";
/// What the token of the first page says.
const START: &str = "start";

/// What is shown along with a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Expand {
    identity: bool,
    devices: bool,
}

impl Expand {
    fn asked(request: &Request) -> Result<Self, ApiError> {
        let mut expand = Self::default();
        for (_, option) in request.query.iter().filter(|(key, _)| key == "expand") {
            match option.to_ascii_lowercase().as_str() {
                "identity" => expand.identity = true,
                "devices" => expand.devices = true,
                _ => {
                    return Err(ApiError::bad_request(format!(
                        "A session can't be expanded by {option:?}, only by \"identity\" and \"devices\"."
                    )));
                }
            }
        }
        Ok(expand)
    }

    /// A session by itself.
    fn single<'a>(self, cx: &Cx, found: &'a Authenticated) -> View<'a> {
        let identity = self.identity.then_some(&found.identity);
        let view = View::bare(&found.session, identity, cx.now);
        match identity {
            Some(identity) => view.with_identity(cx, identity),
            None => view,
        }
        .with_devices(if self.devices {
            &found.session.devices
        } else {
            &[]
        })
    }

    /// A session in a list.
    fn listed<'a>(self, cx: &Cx, found: &'a Authenticated) -> View<'a> {
        let identity = self.identity.then_some(&found.identity);
        let view = match identity {
            Some(identity) => View::listed(cx, &found.session, identity),
            None => View::bare(&found.session, None, cx.now).with_devices(&found.session.devices),
        };
        if self.devices {
            view
        } else {
            view.without_devices()
        }
    }
}

/// Lists all sessions, newest first.
///
/// # Errors
/// 400 when the query makes no sense.
pub async fn list(cx: &Cx) -> Result<ListPage, ApiError> {
    let size = page::size(&cx.request)
        .map_err(|BadSize| ApiError::new(400, "The query parameter page_size is not a number"))?;
    let after = after(&cx.request)?;
    let expand = Expand::asked(&cx.request)?;
    let filter = SessionFilter {
        active: active(&cx.request)?,
        now: cx.now,
        except: None,
    };
    let found = cx.store().sessions(&filter, after, size).await?;
    let next = found
        .items
        .last()
        .filter(|_| found.more)
        .map(|last| cursor_token(SessionCursor::of(&last.session)));
    let views: Vec<View<'_>> = found
        .items
        .iter()
        .map(|found| expand.listed(cx, found))
        .collect();
    let first = page::sealed(START);
    Ok(ListPage {
        body: printed(&views)?,
        link: page::token_links(PATH, &cx.request, size, (&first, next.as_deref())),
        total: None,
    })
}

/// Shows a session.
///
/// # Errors
/// 404 when there is none of that id.
pub async fn get(cx: &Cx, id: &str) -> Result<String, ApiError> {
    let id = session_id(id)?;
    let expand = Expand::asked(&cx.request)?;
    let found = find(cx, id).await?;
    printed(&expand.single(cx, &found))
}

/// Ends a session. Doing it again is no error.
///
/// # Errors
/// 404 when there is none of that id.
pub async fn revoke(cx: &Cx, id: &str) -> Result<(), ApiError> {
    let id = session_id(id)?;
    if !cx.store().revoke_session(id).await? {
        find(cx, id).await?;
    }
    Ok(())
}

/// Lets a session last a whole lifespan from now on, unless it is too early for that. Answers with the session, or with
/// nothing where the configuration says so.
///
/// # Errors
/// 404 when there is none of that id.
pub async fn extend(cx: &Cx, id: &str) -> Result<Option<String>, ApiError> {
    let mut found = find(cx, session_id(id)?).await?;
    let config = &cx.config().session;
    if found.session.active && may_extend(&found.session, cx.now, config.earliest_possible_extend) {
        found.session.expires_at = end(cx.now, config.lifespan);
        let mut batch = cx.store().batch();
        batch.update_session(&found.session);
        batch.commit().await?;
    }
    if cx.config().feature_flags.faster_session_extend {
        return Ok(None);
    }
    let view = View::bare(&found.session, Some(&found.identity), cx.now)
        .with_identity(cx, &found.identity)
        .with_devices(&[]);
    printed(&view).map(Some)
}

fn may_extend(session: &Session, now: Timestamp, earliest: Option<std::time::Duration>) -> bool {
    earliest.is_none_or(|earliest| {
        session
            .expires_at
            .checked_sub(earliest)
            .unwrap_or(Timestamp::MIN)
            <= now
    })
}

/// Lists the sessions of one identity with their devices, newest first.
///
/// # Errors
/// 400 when the id or the query makes no sense.
pub async fn list_of_identity(cx: &Cx, id: &str) -> Result<ListPage, ApiError> {
    let id = session_id(id)?;
    let filter = SessionFilter {
        active: active(&cx.request)?,
        now: cx.now,
        except: None,
    };
    let page = Numbered::from_one(&cx.request);
    let found = cx
        .store()
        .sessions_of(id, &filter, (page.rows, page.size))
        .await?;
    let total = found.total.unwrap_or(0);
    let body = match cx.store().identity(id).await? {
        Some(identity) => {
            let views: Vec<View<'_>> = found
                .items
                .iter()
                .map(|session| View::listed(cx, session, &identity))
                .collect();
            printed(&views)?
        }
        None => "[]".to_owned(),
    };
    let path = format!("/admin/identities/{id}/sessions");
    Ok(ListPage {
        body,
        link: page.links(&path, &cx.request, total),
        total: Some(total),
    })
}

/// Removes all sessions of an identity.
///
/// # Errors
/// 404 when there is none.
pub async fn revoke_of_identity(cx: &Cx, id: &str) -> Result<(), ApiError> {
    match cx.store().delete_sessions_of(session_id(id)?).await? {
        0 => Err(ApiError::no_such_row()),
        _ => Ok(()),
    }
}

async fn find(cx: &Cx, id: Uuid) -> Result<Authenticated, ApiError> {
    cx.store()
        .session(id)
        .await?
        .ok_or_else(ApiError::no_such_row)
}

/// An id from a path.
pub(super) fn session_id(text: &str) -> Result<Uuid, ApiError> {
    text.parse()
        .map_err(|_| ApiError::new(400, "The id in the path is not a UUID"))
}

/// Which sessions are asked for: those that count, those that don't, or all.
fn active(request: &Request) -> Result<Option<bool>, ApiError> {
    match request.query("active").unwrap_or_default() {
        "" => Ok(None),
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(Some(true)),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(Some(false)),
        _ => Err(ApiError::new(
            400,
            "The query parameter active is neither true nor false",
        )),
    }
}

fn cursor_token(cursor: SessionCursor) -> String {
    page::sealed(&format!(
        "{}/{}",
        cursor.issued_at.as_microsecond(),
        cursor.id
    ))
}

fn after(request: &Request) -> Result<Option<SessionCursor>, ApiError> {
    let Some(token) = request
        .query("page_token")
        .filter(|token| !token.is_empty())
    else {
        return Ok(None);
    };
    let bad = || {
        ApiError::new(
            400,
            "The query parameter page_token is not one of this list",
        )
    };
    let content = page::unsealed(token).ok_or_else(bad)?;
    if content == START {
        return Ok(None);
    }
    let (issued_at, id) = content.split_once('/').ok_or_else(bad)?;
    let issued_at = issued_at
        .parse()
        .ok()
        .and_then(|at| Timestamp::from_microsecond(at).ok());
    Ok(Some(SessionCursor {
        issued_at: issued_at.ok_or_else(bad)?,
        id: id.parse().map_err(|_| bad())?,
    }))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Accept;
    use crate::identity::tests::sample;

    fn asked(query: &[(&str, &str)]) -> Request {
        Request {
            method: http::Method::GET,
            url: String::new(),
            query: query
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect(),
            headers: http::HeaderMap::new(),
            accept: Accept::Json,
            session_token: None,
            continuity: None,
        }
    }

    #[test]
    fn expansions_are_named_in_any_case_and_nothing_else_is_one() {
        let both = asked(&[("expand", "Identity"), ("expand", "devices")]);
        assert_eq!(
            Expand::asked(&both).unwrap(),
            Expand {
                identity: true,
                devices: true
            }
        );
        assert_eq!(Expand::asked(&asked(&[])).unwrap(), Expand::default());
        for odd in ["nonsense", ""] {
            let error = Expand::asked(&asked(&[("expand", odd)])).unwrap_err();
            assert_eq!(error.status, 400);
            assert!(error.reason.is_some());
        }
    }

    #[test]
    fn active_is_a_boolean() {
        let of = |value| active(&asked(&[("active", value)]));
        assert_eq!(of("true").unwrap(), Some(true));
        assert_eq!(of("1").unwrap(), Some(true));
        assert_eq!(of("f").unwrap(), Some(false));
        assert_eq!(of("").unwrap(), None);
        assert_eq!(of("maybe").unwrap_err().status, 400);
    }

    #[test]
    fn a_page_token_leads_to_where_it_was_made() {
        let cursor = SessionCursor::of(&sample::session());
        let token = cursor_token(cursor);
        assert_eq!(
            after(&asked(&[("page_token", &token)])).unwrap(),
            Some(cursor)
        );
        let start = page::sealed(START);
        assert_eq!(after(&asked(&[("page_token", &start)])).unwrap(), None);
        assert_eq!(after(&asked(&[])).unwrap(), None);
        for odd in ["x", "****", &page::sealed("1/2"), &page::sealed("x/y")] {
            assert_eq!(
                after(&asked(&[("page_token", odd)])).unwrap_err().status,
                400,
                "{odd}"
            );
        }
    }

    #[test]
    fn a_session_can_be_extended_near_its_end_only_if_so_configured() {
        let session = sample::session();
        let hour = Some(Duration::from_secs(3600));
        let last_hour = session.expires_at - ipse_model::SignedDuration::from_hours(1);
        assert!(may_extend(&session, sample::now(), None));
        assert!(!may_extend(&session, sample::now(), hour));
        assert!(may_extend(&session, last_hour, hour));
        assert!(may_extend(&session, sample::now(), Some(Duration::MAX)));
    }

    #[test]
    fn an_id_that_is_none_is_a_bad_request_without_a_reason() {
        let error = session_id("x").unwrap_err();
        assert_eq!((error.status, error.reason), (400, None));
    }
}
