//! `whoami`: the question asked most often, so that its path is the shortest: one hop to the database, and an answer written
//! straight from what was read.

use ipse_config::RequiredAal;
use ipse_model::{Session, Timestamp, Uuid};

use super::{Authenticated, View, aal, authenticate, authenticate_with_credentials, tokenize};
use crate::{ApiError, Cx};

/// The answer to `whoami`.
#[derive(Debug)]
pub struct Whoami {
    /// The session as JSON.
    pub body: String,
    /// Whose it is.
    pub identity_id: Uuid,
    /// For how many seconds caches may keep the answer, if at all.
    pub cache_for: Option<u64>,
}

/// Tells who is asking. With `tokenize_as` in the query, the session becomes a JSON Web Token.
///
/// # Errors
/// 401 without a session that counts, 403 `session_aal2_required` when a factor is missing.
pub async fn whoami(cx: &Cx) -> Result<Whoami, ApiError> {
    let authenticated = with_required_aal(cx).await?;
    let Authenticated {
        session, identity, ..
    } = &authenticated;
    if let Some(template) = cx
        .request
        .query("tokenize_as")
        .filter(|name| !name.is_empty())
    {
        let token = tokenize::tokenize(cx, template, &authenticated).await?;
        let view = View::bare(session, Some(identity), cx.now).with_token(&token);
        return Ok(Whoami {
            body: printed(&view)?,
            identity_id: identity.id,
            cache_for: None,
        });
    }
    Ok(Whoami {
        body: printed(&View::new(cx, session, identity))?,
        identity_id: identity.id,
        cache_for: cache_for(cx, session),
    })
}

/// The session of this request, if it has the assurance that seeing it takes.
pub(super) async fn with_required_aal(cx: &Cx) -> Result<Authenticated, ApiError> {
    let required = cx.config().session.whoami.required_aal;
    let missing = || ApiError::unauthorized("The request has no token of a session that counts.");
    match required {
        RequiredAal::Aal1 => {
            let authenticated = authenticate(cx).await?.ok_or_else(missing)?;
            // Every session has one factor.
            Ok(authenticated)
        }
        RequiredAal::HighestAvailable => {
            let found = authenticate_with_credentials(cx)
                .await?
                .ok_or_else(missing)?;
            let session = &found.authenticated.session;
            if aal::satisfies(cx.config(), session, required, &found.credentials) {
                Ok(found.authenticated)
            } else {
                Err(aal::required(cx, None))
            }
        }
    }
}

/// Writes a session down.
pub(super) fn printed(view: &impl serde::Serialize) -> Result<String, ApiError> {
    serde_json::to_string(view).map_err(|error| ApiError::internal(&error))
}

fn cache_for(cx: &Cx, session: &Session) -> Option<u64> {
    let flags = &cx.config().feature_flags;
    let longest = flags.cacheable_sessions_max_age.map(|age| age.as_secs());
    flags
        .cacheable_sessions
        .then(|| remaining(session, cx.now, longest))
}

fn remaining(session: &Session, now: Timestamp, longest: Option<u64>) -> u64 {
    let left = u64::try_from(session.expires_at.duration_since(now).as_secs()).unwrap_or(0);
    longest
        .filter(|longest| *longest > 0)
        .map_or(left, |longest| left.min(longest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::tests::sample;

    #[test]
    fn an_answer_is_kept_no_longer_than_the_session_lives_or_the_configuration_says() {
        let session = sample::session();
        assert_eq!(remaining(&session, sample::now(), None), 86_400);
        assert_eq!(remaining(&session, sample::now(), Some(60)), 60);
        assert_eq!(remaining(&session, sample::now(), Some(0)), 86_400);
        assert_eq!(remaining(&session, session.expires_at, Some(60)), 0);
    }
}
