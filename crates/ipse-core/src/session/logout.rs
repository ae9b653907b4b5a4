//! The token in the link that signs a browser out. It follows from the session token, so nothing has to be kept.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ipse_crypto::token;

use crate::Cx;

/// What sets these tokens apart from anything else made from a session token.
const CONTEXT: &str = "logout";

/// The logout token of the session with this token. Whoever knows it can end the session and nothing else.
#[must_use]
pub fn logout_token(_cx: &Cx, session_token: &str) -> String {
    of(session_token)
}

/// Whether `logout_token` is that of the session with this token.
#[must_use]
pub fn is_logout_token(_cx: &Cx, session_token: &str, logout_token: &str) -> bool {
    token::equal(of(session_token), logout_token)
}

fn of(session_token: &str) -> String {
    let hash = token::keyed_hash(session_token.as_bytes(), CONTEXT, b"");
    format!("ory_lo_{}", URL_SAFE_NO_PAD.encode(hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_same_every_time_and_another_for_every_session() {
        assert_eq!(of("ory_st_a"), of("ory_st_a"));
        assert_ne!(of("ory_st_a"), of("ory_st_b"));
        assert!(of("ory_st_a").starts_with("ory_lo_"));
        assert_eq!(of("ory_st_a").len(), "ory_lo_".len() + 43);
    }

    #[test]
    fn it_does_not_lead_to_the_row_of_the_session() {
        let stored = URL_SAFE_NO_PAD.encode(token::hash("ory_st_a"));
        assert!(!of("ory_st_a").contains(&stored));
    }
}
