//! How a native client whose user signs in through a browser gets its session token: it has one code from the beginning,
//! and a second one comes back with the browser. Both together are worth the token, once.
//!
//! The database holds hashes of the codes, and the token sealed under a key that only the second code yields.

use ipse_crypto::{Cipher, CipherAlgorithm, token};
use ipse_model::{Timestamp, Uuid};
use ipse_store::{Batch, TokenExchange};
use serde::{Deserialize, Serialize};

use super::whoami::printed;
use super::{Issued, View, counting, hash};
use crate::{ApiError, Cx};

/// What the key and the seal are bound to.
const PURPOSE: &str = "session token exchange";

/// What a flow remembers of an exchange. Its code is a secret until the exchange is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// The exchange.
    pub id: Uuid,
    /// The code that the browser brings back.
    pub return_to_code: String,
}

/// A new exchange.
pub struct Begun {
    /// For the flow.
    pub pending: Pending,
    /// For the store.
    pub exchange: TokenExchange,
    /// For the client.
    pub init_code: String,
}

/// Begins an exchange that can be used until `expires_at`. The caller stores it.
#[must_use]
pub fn begin(cx: &Cx, expires_at: Timestamp) -> Begun {
    let init_code = token::exchange_code(cx.random());
    let return_to_code = token::exchange_code(cx.random());
    let id = cx.random().uuid();
    Begun {
        exchange: TokenExchange {
            id,
            init_code_hash: token::hash(&init_code),
            return_to_code_hash: token::hash(&return_to_code),
            session_id: None,
            sealed_token: None,
            created_at: cx.now,
            expires_at,
        },
        pending: Pending { id, return_to_code },
        init_code,
    }
}

/// Puts a session into an exchange, to be stored with the session itself.
pub fn complete(cx: &Cx, batch: &mut Batch, pending: &Pending, issued: &Issued) {
    complete_with(cx, batch, pending, (issued.session.id, &issued.token));
}

/// Puts the session with this id and token into an exchange, to be stored with the session itself.
pub fn complete_with(
    cx: &Cx,
    batch: &mut Batch,
    pending: &Pending,
    (session_id, session_token): (Uuid, &str),
) {
    let cipher = cipher(pending.id, &pending.return_to_code);
    let sealed = cipher.seal(cx.random(), PURPOSE, session_token.as_bytes());
    batch.complete_exchange(pending.id, session_id, sealed.as_bytes());
}

fn cipher(id: Uuid, return_to_code: &str) -> Cipher {
    let key = token::keyed_hash(return_to_code.as_bytes(), PURPOSE, id.as_bytes());
    Cipher::new(CipherAlgorithm::XChaCha20Poly1305, [key]).expect("there is a key to seal with")
}

/// The answer to an exchange.
#[derive(Serialize)]
struct Exchanged<'a> {
    session: View<'a>,
    session_token: &'a str,
}

/// Gives out the session for the codes in the query. They are used up by that.
///
/// # Errors
/// 400 without both codes, 404 when they don't belong to a session that is there and counts.
pub async fn exchange(cx: &Cx) -> Result<String, ApiError> {
    let code = |name| cx.request.query(name).filter(|code| !code.is_empty());
    let (Some(init_code), Some(return_to_code)) = (code("init_code"), code("return_to_code"))
    else {
        return Err(ApiError::bad_request(
            "Both \"init_code\" and \"return_to_code\" have to be in the query.",
        ));
    };
    let hashes = (token::hash(init_code), token::hash(return_to_code));
    let taken = cx
        .store()
        .take_exchange(hashes.0, hashes.1)
        .await?
        .ok_or_else(no_session)?;
    if taken.expires_at <= cx.now {
        return Err(no_session());
    }
    let session_token = opened(&taken, return_to_code).ok_or_else(no_session)?;
    let found = cx.store().authenticate(&hash(&session_token)).await?;
    let authenticated = found
        .and_then(|found| counting(found, &session_token, cx.now))
        .ok_or_else(no_session)?;
    let session = View::bare(
        &authenticated.session,
        Some(&authenticated.identity),
        cx.now,
    )
    .with_identity(cx, &authenticated.identity)
    .with_devices(&[]);
    printed(&Exchanged {
        session,
        session_token: &session_token,
    })
}

fn opened(exchange: &TokenExchange, return_to_code: &str) -> Option<String> {
    let sealed = std::str::from_utf8(exchange.sealed_token.as_deref()?).ok()?;
    cipher(exchange.id, return_to_code).open_text(PURPOSE, sealed)
}

fn no_session() -> ApiError {
    ApiError::not_found("There is no session for these codes yet, or it has been fetched already.")
}

#[cfg(test)]
mod tests {
    use ipse_model::Random;

    use super::*;
    use crate::identity::tests::sample;

    fn sealed(return_to_code: &str, session_token: &str) -> TokenExchange {
        let id = Uuid::from_u128(7);
        let text = cipher(id, return_to_code).seal(&Random::seeded(1), PURPOSE, session_token);
        TokenExchange {
            id,
            init_code_hash: token::hash("a"),
            return_to_code_hash: token::hash(return_to_code),
            session_id: Some(sample::session().id),
            sealed_token: Some(text.into_bytes()),
            created_at: sample::now(),
            expires_at: sample::now(),
        }
    }

    #[test]
    fn only_the_second_code_opens_the_token() {
        let exchange = sealed("second", "ory_st_secret");
        assert_eq!(
            opened(&exchange, "second").as_deref(),
            Some("ory_st_secret")
        );
        assert_eq!(opened(&exchange, "other"), None);
        let stored = String::from_utf8(exchange.sealed_token.clone().unwrap()).unwrap();
        assert!(!stored.contains("secret"), "{stored}");
    }

    #[test]
    fn a_sealed_token_belongs_to_its_exchange() {
        let moved = TokenExchange {
            id: Uuid::from_u128(8),
            ..sealed("second", "ory_st_secret")
        };
        assert_eq!(opened(&moved, "second"), None);
        let empty = TokenExchange {
            sealed_token: None,
            ..sealed("second", "ory_st_secret")
        };
        assert_eq!(opened(&empty, "second"), None);
    }
}
