//! How a session begins, and how it grows with every further proof.

use std::time::Duration;

use ipse_crypto::token;
use ipse_model::{AuthenticationMethod, Identity, Session, Timestamp};
use ipse_store::TokenHash;

use super::{aal, authenticate, devices};
use crate::Cx;

/// A session that isn't stored yet, and the token for the client.
pub struct Issued {
    /// The session.
    pub session: Session,
    /// What the client gets. It is not kept.
    pub token: String,
    /// What the store gets.
    pub hash: TokenHash,
}

/// Begins a session that rests on one proof. The caller stores it together with what else the proof brought about.
#[must_use]
pub fn issue(cx: &Cx, identity: &Identity, method: AuthenticationMethod) -> Issued {
    let session_token = token::session_token(cx.random());
    let methods = vec![method];
    Issued {
        session: Session {
            id: cx.random().uuid(),
            identity_id: identity.id,
            active: true,
            issued_at: cx.now,
            expires_at: end(cx.now, cx.config().session.lifespan),
            authenticated_at: cx.now,
            aal: aal::of(&methods),
            authentication_methods: methods,
            devices: vec![devices::current(cx)],
        },
        hash: authenticate::hash(&session_token),
        token: session_token,
    }
}

/// Adds a proof to a session, which lasts a whole lifespan from now on. Its token stays.
pub fn refresh(cx: &Cx, session: &mut Session, method: AuthenticationMethod) {
    add(session, method, cx.now, cx.config().session.lifespan);
}

/// Adds a proof to a session without making it any younger.
pub fn add_proof(session: &mut Session, method: AuthenticationMethod) {
    let methods = &mut session.authentication_methods;
    let same = |known: &&mut AuthenticationMethod| {
        method.provider.is_some()
            && known.provider == method.provider
            && known.method == method.method
    };
    // The same account at the same provider says nothing new, only later.
    match methods.iter_mut().find(same) {
        Some(known) => known.completed_at = method.completed_at,
        None => methods.push(method),
    }
    session.aal = aal::of(&session.authentication_methods);
}

fn add(session: &mut Session, method: AuthenticationMethod, now: Timestamp, lifespan: Duration) {
    add_proof(session, method);
    session.authenticated_at = now;
    session.expires_at = end(now, lifespan);
}

/// When a session ends that lives for `lifespan` from `now` on.
pub(super) fn end(now: Timestamp, lifespan: Duration) -> Timestamp {
    // A lifespan beyond the calendar is for ever.
    now.checked_add(lifespan).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use ipse_model::{Aal, SignedDuration};

    use super::*;
    use crate::identity::tests::sample;

    #[test]
    fn a_second_factor_raises_the_level_and_renews_the_session() {
        let mut session = sample::session();
        let before = session.clone();
        let now = sample::now() + SignedDuration::from_hours(1);
        add(
            &mut session,
            sample::proof("totp", Aal::Aal2),
            now,
            Duration::from_secs(60),
        );
        assert_eq!(session.aal, Aal::Aal2);
        assert_eq!(session.authenticated_at, now);
        assert_eq!(session.expires_at, now + SignedDuration::from_mins(1));
        assert_eq!(session.authentication_methods.len(), 2);
        assert_eq!(
            (session.id, session.issued_at, &session.devices),
            (before.id, before.issued_at, &before.devices)
        );
    }

    #[test]
    fn the_same_factor_again_is_remembered_but_raises_nothing() {
        let mut session = sample::session();
        let proof = sample::proof("password", Aal::Aal1);
        add(&mut session, proof, sample::now(), Duration::from_secs(60));
        assert_eq!(session.aal, Aal::Aal1);
        assert_eq!(session.authentication_methods.len(), 2);
    }

    #[test]
    fn an_absurd_lifespan_does_not_overflow() {
        assert_eq!(end(sample::now(), Duration::MAX), Timestamp::MAX);
    }
}
