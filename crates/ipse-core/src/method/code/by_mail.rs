//! What a code does in recovery and in verification alike: sending it, and comparing what is typed.

use ipse_model::{Channel, Identity, MethodId};

use super::one_time::{self, Checked, Recipient};
use crate::cx::Cx;
use crate::flow::mailed::{self, ByMail, Decision, Letter, Restart, Secret};
use crate::flow::{Flow, FlowError};

/// Prepares a code for an address. Nobody but an owner gets one.
pub(crate) fn send<K: ByMail>(
    cx: &Cx,
    flow: &Flow<K>,
    owner: Option<&Identity>,
    (via, address): (Channel, &str),
) -> Result<Letter, FlowError> {
    let issue = || {
        let recipient = Recipient {
            via,
            address,
            identity_id: None,
        };
        let purpose = (K::PURPOSE, flow.id());
        let (code, row) = one_time::issue(cx, purpose, recipient, one_time::expiry(cx))?;
        Ok((Secret::Code(code), row))
    };
    mailed::letter(cx, flow, (owner, (via, address)), MethodId::Code, issue)
}

/// Compares a code with those that were sent.
pub(super) async fn check<K: ByMail>(
    cx: &Cx,
    flow: &mut Flow<K>,
    code: &str,
) -> Result<Decision, FlowError> {
    let decision = match one_time::check(cx, flow, K::PURPOSE, code).await? {
        Checked::Right(code) => mailed::proved::<K>(cx, code, MethodId::Code).await?,
        Checked::Expired(expired_at) => Some(mailed::too_late::<K>(expired_at)),
        Checked::TooOften(message) => Some(Decision::Restart(Restart::because(message))),
        Checked::Used | Checked::Wrong => None,
    };
    Ok(decision.unwrap_or_else(|| {
        flow.ui().say(K::wrong_code());
        Decision::Wrong
    }))
}
