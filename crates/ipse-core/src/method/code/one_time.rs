//! Making one-time codes and recognising them.
//!
//! Only a keyed hash is stored. It is bound to the flow, so that a code means nothing elsewhere, and so that whoever reads
//! the database can't find the code by trying a million of them.

use ipse_config::Secret;
use ipse_crypto::MissingKey;
use ipse_model::{Channel, SignedDuration, Timestamp, Uuid};
use ipse_store::{Batch, CodePurpose, KeyHash, OneTimeCode};
use ipse_ui::{Message, text};

use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::mailed::allowance_key;
use crate::flow::{Flow, Kind, spent};

/// So many digits.
pub(crate) const DIGITS: usize = 6;

/// How many flows' worth of attempts there are for one address within [`WINDOW`].
const FLOWS: u64 = 10;
/// How long attempts at an address are remembered.
const WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// Where a code goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recipient<'a> {
    /// The channel.
    pub(crate) via: Channel,
    /// The address.
    pub(crate) address: &'a str,
    /// Whose it is.
    pub(crate) identity_id: Option<Uuid>,
}

/// A new code for a flow, and the row that recognises it.
pub(crate) fn issue(
    cx: &Cx,
    (purpose, flow_id): (CodePurpose, Uuid),
    recipient: Recipient<'_>,
    expires_at: Timestamp,
) -> Result<(String, OneTimeCode), ApiError> {
    let code = cx.random().code(DIGITS);
    let keys = cx.config().secrets.cipher_keys();
    let key = keys
        .signing()
        .ok_or_else(|| ApiError::internal(&MissingKey))?;
    let row = OneTimeCode {
        id: cx.random().uuid(),
        flow_id,
        purpose,
        code_hash: hash(key, (purpose, flow_id), &code),
        via: recipient.via,
        address: recipient.address.to_owned(),
        identity_id: recipient.identity_id,
        used_at: None,
        issued_at: cx.now,
        expires_at,
    };
    Ok((code, row))
}

/// When a code that is made now stops being good.
pub(crate) fn expiry(cx: &Cx) -> Timestamp {
    cx.now + cx.config().selfservice.methods.code.config.lifespan
}

/// What came of comparing a code.
#[derive(Debug)]
pub(crate) enum Checked {
    /// It is one that was sent for this flow.
    Right(OneTimeCode),
    /// It was right until then.
    Expired(Timestamp),
    /// It was used before.
    Used,
    /// It is none of those that were sent for this flow.
    Wrong,
    /// Nobody has looked at it, because there were too many attempts. This is what is said.
    TooOften(Message),
}

/// Compares a code with those that were sent for a flow. Attempts are counted before, so that many at the same time are
/// counted too.
pub(crate) async fn check<K: Kind>(
    cx: &Cx,
    flow: &Flow<K>,
    purpose: CodePurpose,
    code: &str,
) -> Result<Checked, ApiError> {
    let mut sent = cx.store().codes_of_flow(flow.id()).await?;
    sent.retain(|row| row.purpose == purpose);
    if let Some(message) = too_often(cx, flow, sent.first()).await? {
        return Ok(Checked::TooOften(message));
    }
    let keys = cx.config().secrets.cipher_keys();
    let hashes: Vec<[u8; 32]> = keys
        .verifying()
        .map(|key| hash(key, (purpose, flow.id()), code.trim()))
        .collect();
    let mut found = Checked::Wrong;
    for row in sent {
        if hashes
            .iter()
            .any(|hash| ipse_crypto::token::equal(hash, row.code_hash))
        {
            found = judge(row, cx.now);
        }
    }
    Ok(found)
}

/// Counts one more attempt at the codes of a flow, and at those sent to the same address in other flows: nobody may guess on
/// by starting one flow after the other. Says what to say when there were too many.
async fn too_often<K: Kind>(
    cx: &Cx,
    flow: &Flow<K>,
    newest: Option<&OneTimeCode>,
) -> Result<Option<Message>, ApiError> {
    let allowed = u64::from(cx.config().selfservice.methods.code.config.max_submissions);
    let of_flow = (
        spent::key("attempts at a code", flow.id()),
        flow.shown.expires_at,
    );
    // What an administrator has made was sent to no address; the flow is all there is.
    let address = newest.filter(|code| !code.address.is_empty());
    let of_address = address.map_or(of_flow.0, |code| attempts_key(code.via, &code.address));
    let windows = [of_flow, (of_address, cx.now + WINDOW)];
    let [by_flow, by_address] = match address {
        Some(_) => cx.store().count_attempts(windows, cx.now).await?,
        None => {
            let [by_flow] = cx.store().count_attempts([of_flow], cx.now).await?;
            [by_flow, 0]
        }
    };
    if by_flow > allowed {
        let message = "There were too many wrong tries. Ask for another code.";
        return Ok(Some(text::validation::generic(message)));
    }
    if by_address > allowed.saturating_mul(FLOWS) {
        tracing::warn!("too many wrong codes for one address");
        let message =
            "There were too many wrong tries for this address. Please try again in an hour.";
        return Ok(Some(text::validation::generic(message)));
    }
    Ok(None)
}

/// Counts the attempts at codes that were sent to an address.
fn attempts_key(via: Channel, address: &str) -> KeyHash {
    spent::key(
        "attempts at codes for",
        format_args!("{} {address}", via.as_str()),
    )
}

/// Uses a code up. Whoever has read it has proved to be at the address: attempts and messages are counted anew.
pub(crate) fn spend(cx: &Cx, code: &OneTimeCode, batch: &mut Batch) {
    batch.use_code(code.id, cx.now);
    if !code.address.is_empty() {
        batch.reset_attempts(attempts_key(code.via, &code.address));
        batch.reset_attempts(allowance_key(code.via, &code.address));
    }
}

fn judge(row: OneTimeCode, now: Timestamp) -> Checked {
    if row.used_at.is_some() {
        Checked::Used
    } else if row.expires_at <= now {
        Checked::Expired(row.expires_at)
    } else {
        Checked::Right(row)
    }
}

fn hash(key: &Secret, (purpose, flow_id): (CodePurpose, Uuid), code: &str) -> [u8; 32] {
    let context = format!("one-time code for {} {flow_id}", purpose.as_str());
    ipse_crypto::token::keyed_hash(key.expose().as_bytes(), &context, code.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn row() -> OneTimeCode {
        OneTimeCode {
            id: Uuid::nil(),
            flow_id: Uuid::nil(),
            purpose: CodePurpose::Verification,
            code_hash: [0; 32],
            via: Channel::Email,
            address: "ada@example.org".to_owned(),
            identity_id: None,
            used_at: None,
            issued_at: NOW,
            expires_at: NOW + ipse_model::SignedDuration::from_secs(60),
        }
    }

    fn key(letter: char) -> Secret {
        Secret::new(letter.to_string().repeat(32))
    }

    #[test]
    fn a_code_is_good_until_it_expires_and_once() {
        assert!(matches!(judge(row(), NOW), Checked::Right(_)));
        let end = row().expires_at;
        assert!(matches!(judge(row(), end), Checked::Expired(at) if at == end));
        let used = OneTimeCode {
            used_at: Some(NOW),
            ..row()
        };
        assert!(matches!(judge(used, NOW), Checked::Used));
    }

    #[test]
    fn the_same_code_has_another_hash_for_every_key_flow_and_purpose() {
        let here = (CodePurpose::Verification, Uuid::nil());
        let reference = hash(&key('a'), here, "123456");
        assert_eq!(reference, hash(&key('a'), here, "123456"));
        assert_ne!(reference, hash(&key('b'), here, "123456"));
        assert_ne!(
            reference,
            hash(
                &key('a'),
                (CodePurpose::Verification, Uuid::max()),
                "123456"
            )
        );
        assert_ne!(
            reference,
            hash(&key('a'), (CodePurpose::Recovery, Uuid::nil()), "123456")
        );
        assert_ne!(reference, hash(&key('a'), here, "123457"));
    }
}
