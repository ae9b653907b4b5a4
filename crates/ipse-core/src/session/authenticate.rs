//! Who is asking: the session of the token that came with a request.

use ipse_crypto::token;
use ipse_model::{Credentials, Identity, IdentityState, Session, Timestamp};
use ipse_store::TokenHash;
use serde_json::json;

use crate::{ApiError, Cx};

/// Somebody who has signed in.
#[derive(Clone)]
pub struct Authenticated {
    /// The session.
    pub session: Session,
    /// Whose it is.
    pub identity: Identity,
    /// The token that was presented. It exists only here and at the client.
    pub token: String,
}

/// Somebody who has signed in, and everything they can sign in with.
#[derive(Clone)]
pub struct WithCredentials {
    /// Who.
    pub authenticated: Authenticated,
    /// The credentials of the identity.
    pub credentials: Credentials,
}

/// What a session token is stored and looked up under.
#[must_use]
pub fn hash(session_token: &str) -> TokenHash {
    TokenHash(token::hash(session_token))
}

/// The session of this request. None when there is no token, or one of a session that is unknown, expired or revoked, or
/// whose identity may not sign in.
///
/// # Errors
/// When the database can't answer.
pub async fn authenticate(cx: &Cx) -> Result<Option<Authenticated>, ApiError> {
    let Some(presented) = &cx.request.session_token else {
        return Ok(None);
    };
    let found = cx.store().authenticate(&hash(&presented.secret)).await?;
    Ok(found.and_then(|found| counting(found, &presented.secret, cx.now)))
}

/// As [`authenticate`], with the credentials of the identity, read in the same go.
///
/// # Errors
/// When the database can't answer.
pub async fn authenticate_with_credentials(cx: &Cx) -> Result<Option<WithCredentials>, ApiError> {
    let Some(presented) = &cx.request.session_token else {
        return Ok(None);
    };
    let found = cx
        .store()
        .authenticate_with_credentials(&hash(&presented.secret))
        .await?;
    Ok(found.and_then(|(found, credentials)| {
        let authenticated = counting(found, &presented.secret, cx.now)?;
        Some(WithCredentials {
            authenticated,
            credentials,
        })
    }))
}

/// What the store found for a token, if it counts at `now`.
#[must_use]
pub fn counting(
    found: ipse_store::Authenticated,
    session_token: &str,
    now: Timestamp,
) -> Option<Authenticated> {
    let counts = found.session.is_active(now) && found.identity.state == IdentityState::Active;
    counts.then(|| Authenticated {
        session: found.session,
        identity: found.identity,
        token: session_token.to_owned(),
    })
}

/// The refusal of a request that needs a session and has none.
#[must_use]
pub fn inactive() -> ApiError {
    ApiError::new(401, "Nobody is signed in")
        .id("session_inactive")
        .reason("There is no active session for this request. Please sign in.")
        .beside("CredentialsMissing", json!(false))
}

#[cfg(test)]
mod tests {
    use ipse_model::SignedDuration;

    use super::*;
    use crate::identity::tests::sample;

    fn stored() -> ipse_store::Authenticated {
        ipse_store::Authenticated {
            session: sample::session(),
            identity: sample::identity(),
        }
    }

    #[test]
    fn a_session_counts_until_it_ends() {
        let end = sample::session().expires_at;
        let before = end - SignedDuration::from_micros(1);
        let found = counting(stored(), "ory_st_x", before).unwrap();
        assert_eq!(
            (found.token.as_str(), found.session.id),
            ("ory_st_x", sample::session().id)
        );
        assert!(counting(stored(), "ory_st_x", end).is_none());
    }

    #[test]
    fn neither_a_revoked_session_nor_one_of_an_inactive_identity_counts() {
        let mut revoked = stored();
        revoked.session.active = false;
        assert!(counting(revoked, "t", sample::now()).is_none());
        let mut inactive = stored();
        inactive.identity.state = IdentityState::Inactive;
        assert!(counting(inactive, "t", sample::now()).is_none());
    }

    #[test]
    fn the_store_never_sees_the_token() {
        assert_ne!(hash("ory_st_a").0, hash("ory_st_b").0);
        assert!(!hash("ory_st_a").0.starts_with(b"ory_st_a"));
    }

    #[test]
    fn a_missing_session_has_an_id_that_clients_know() {
        let body = inactive().body();
        assert_eq!(body["error"]["id"], "session_inactive");
        assert_eq!(body["error"]["code"], 401);
    }
}
