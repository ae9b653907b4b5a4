//! A question to an authenticator, from when it is asked until it is answered.

use ipse_model::{Credential, Timestamp, Uuid};
use ipse_ui::text;
use ipse_webauthn::{Assertion, Challenge, Party, Presence, Refused, from_base64url, to_base64url};
use serde::{Deserialize, Serialize};

use super::keys::Keys;
use crate::cx::Cx;
use crate::flow::FlowError;
use crate::flow::spent::{self, Spent};

/// What a flow remembers of a question that it shows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ceremony {
    /// The random part of the question, in base64url.
    challenge: String,
    /// What a new key is to remember of the account, in base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    handle: Option<String>,
}

impl Ceremony {
    /// A new question to those who have a key.
    pub(crate) fn login(cx: &Cx) -> (Self, Challenge) {
        let challenge: Challenge = cx.random().bytes();
        (
            Self {
                challenge: to_base64url(&challenge),
                handle: None,
            },
            challenge,
        )
    }

    /// A new question to an authenticator that is to make a key.
    pub(crate) fn creation(cx: &Cx, handle: &[u8]) -> (Self, Challenge) {
        let (begun, challenge) = Self::login(cx);
        (
            Self {
                handle: Some(to_base64url(handle)),
                ..begun
            },
            challenge,
        )
    }

    /// The random part.
    pub(crate) fn challenge(&self) -> Result<Challenge, FlowError> {
        let challenge = from_base64url(&self.challenge).and_then(|bytes| bytes.try_into().ok());
        challenge.ok_or_else(|| refused(Refused::Challenge))
    }

    /// What a new key remembers.
    pub(crate) fn handle(&self) -> Vec<u8> {
        self.handle
            .as_deref()
            .and_then(from_base64url)
            .unwrap_or_default()
    }
}

/// What is said when a new key can't be taken.
pub(crate) fn refused(why: Refused) -> FlowError {
    FlowError::form(text::validation::generic(&format!(
        "The key can't be used: {why}. Please load this page anew and try again."
    )))
}

/// An answer to a question, and what is known about the key that gave it.
pub(crate) struct Answered<'a> {
    pub(crate) party: &'a Party,
    pub(crate) begun: &'a Ceremony,
    pub(crate) assertion: &'a Assertion,
    pub(crate) credential: &'a Credential,
    pub(crate) presence: Presence,
    /// How long the question could be answered.
    pub(crate) until: Timestamp,
}

/// Checks an answer: it counts once, and the key's counter goes up with it.
///
/// # Errors
/// A message that says no more than that it is wrong.
pub(crate) fn confirm(
    cx: &Cx,
    identity_id: Uuid,
    answered: &Answered<'_>,
) -> Result<Spent, FlowError> {
    let wrong = || FlowError::form(text::validation::totp_verifier_wrong());
    let challenge = answered.begun.challenge().map_err(|_| wrong())?;
    let mut keys = Keys::of(Some(answered.credential));
    let place = keys
        .credentials
        .iter()
        .position(|key| key.id.0 == answered.assertion.id);
    let key = place
        .and_then(|place| keys.credentials.get_mut(place))
        .ok_or_else(wrong)?;
    let stored = (key.public_key.0.as_slice(), key.authenticator.sign_count);
    let confirmed = answered
        .assertion
        .verify(answered.party, &challenge, stored, answered.presence)
        .map_err(|why| {
            if why == Refused::Counter {
                tracing::warn!(%identity_id, key = key.name(), "a key has counted fewer signatures than before: there may be a copy of it");
            }
            wrong()
        })?;
    key.authenticator.sign_count = confirmed.counter;
    let mut changed = answered.credential.clone();
    changed.config = keys.to_json();
    changed.updated_at = cx.now;
    Ok(Spent {
        once: vec![(
            spent::key("answer of a key", to_base64url(&challenge)),
            answered.until,
        )],
        replaced: Some((answered.credential.clone(), changed)),
        ..Spent::default()
    })
}
