//! What recovery and verification are to the methods that send something: whose address counts, what is written to it, and
//! what is said about what comes back.

use ipse_courier::{About, TemplateData};
use ipse_model::{Channel, Identity, MethodId, Timestamp};
use ipse_store::{AddressPurpose, CodePurpose, OneTimeCode};
use ipse_ui::{Message, text};
use serde_json::Value;

use super::{Addressee, Decision, Letter, Proved, Restart};
use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::settings::new_address::Due;
use crate::flow::{Flow, FlowError, Form, Kind, NoExtra};
use crate::message::{self, Occasion};
use crate::schema;

/// A kind of flow in which something that was sent to an address has to come back.
pub(crate) trait ByMail:
    Kind<Extra = NoExtra, Subject: Default, Decision = Decision> + Clone
{
    /// What its secrets are good for.
    const PURPOSE: CodePurpose;
    /// The addresses that count.
    const ADDRESSES: AddressPurpose;

    /// Whether a code or a link is sent.
    fn in_use(cx: &Cx) -> MethodId;

    /// Whether addresses that nobody has are written to.
    fn notifies_strangers(cx: &Cx) -> bool;

    /// Whether an identity has an address.
    fn has(identity: &Identity, address: (Channel, &str)) -> bool;

    /// To whom a message goes, and why.
    fn occasion<'a>(cx: &Cx, flow: &'a Flow<Self>, to: (Channel, &'a str)) -> Occasion<'a>;

    /// The message to the owner of the address.
    fn letter(cx: &Cx, flow: &Flow<Self>, told: Told) -> TemplateData;

    /// The message to an address that nobody has.
    fn letter_to_stranger(method: MethodId, about: About) -> TemplateData;

    /// Whether an address that is none stays on the form which asks for one to send a link to.
    const KEEPS_TYPED: bool;

    /// The owner of an address as it is once something was sent there; none when that changes nothing.
    fn once_sent(_: &Cx, _: Identity, _: (Channel, &str)) -> Option<Identity> {
        None
    }

    /// Whoever something can be sent to at this address in this flow.
    fn recipient(
        cx: &Cx,
        flow: &Flow<Self>,
        to: (Channel, &str),
    ) -> impl Future<Output = Result<Option<Identity>, ApiError>> + Send {
        let _ = flow;
        owner_of::<Self>(cx, to)
    }

    /// What waits for an address that its account is to get once a secret comes back from there.
    fn due(
        cx: &Cx,
        code: &OneTimeCode,
    ) -> impl Future<Output = Result<Option<Due>, ApiError>> + Send {
        let _ = (cx, code);
        async { Ok(None) }
    }

    /// What is said when a link is on its way.
    fn link_sent() -> Message;
    /// What is said about a form whose link was used.
    fn link_was_used() -> Message;
    /// What is said about a link that is none.
    fn wrong_link() -> Message;
    /// What is said about a code that is none.
    fn wrong_code() -> Message;
}

/// What a message to an owner says.
pub(crate) struct Told {
    /// What every message says.
    pub(crate) about: About,
    /// The owner.
    pub(crate) identity: Value,
    /// What has to come back.
    pub(crate) secret: Secret,
    /// How long it is good.
    pub(crate) expires_in_minutes: i64,
}

/// What has to come back.
pub(crate) enum Secret {
    /// A code to type.
    Code(String),
    /// A link to open.
    Link(String),
}

/// The e-mail address on a form.
pub(crate) fn typed_email(form: &Form) -> Result<String, FlowError> {
    let email = form.text("email").unwrap_or_default();
    if schema::is_email(&email) {
        return Ok(email);
    }
    Err(FlowError::node(
        "email",
        match email.as_str() {
            "" => text::validation::required("email"),
            _ => text::validation::email(&email),
        },
    ))
}

/// Whose address it is.
pub(crate) async fn owner_of<K: ByMail>(
    cx: &Cx,
    (via, value): (Channel, &str),
) -> Result<Option<Identity>, ApiError> {
    let found = cx
        .store()
        .identities_by_address(K::ADDRESSES, value)
        .await?;
    let owner = found.into_iter().find(|(channel, _)| *channel == via);
    Ok(owner.map(|(_, identity)| identity))
}

/// Prepares what goes to an address, with a secret that `issue` makes. When nobody has the address, the secret is nobody's
/// and the message goes nowhere, unless the configuration wants strangers to be told.
pub(crate) fn letter<K: ByMail>(
    cx: &Cx,
    flow: &Flow<K>,
    (owner, to): (Option<&Identity>, (Channel, &str)),
    method: MethodId,
    issue: impl FnOnce() -> Result<(Secret, OneTimeCode), ApiError>,
) -> Result<Letter, FlowError> {
    let mut occasion = K::occasion(cx, flow, to);
    let (secret, mut code) = issue()?;
    let about = occasion.about();
    let told = |about: About, identity: &Identity| -> Result<TemplateData, ApiError> {
        let told = Told {
            about,
            identity: message::person(cx, identity)?,
            secret,
            expires_in_minutes: message::minutes_until(cx, code.expires_at),
        };
        Ok(K::letter(cx, flow, told))
    };
    let (data, addressee) = match owner {
        Some(owner) => (told(about, owner)?, Addressee::Somebody),
        None if K::notifies_strangers(cx) => {
            let data = K::letter_to_stranger(method, about);
            (data, Addressee::Somebody)
        }
        None => {
            occasion = occasion.for_nobody();
            (told(about, &super::stand_in(cx, to))?, Addressee::Nobody)
        }
    };
    let message = message::render(cx, &occasion, &data)?;
    code.identity_id = owner.map(|owner| owner.id);
    Ok(Letter::new(cx, code, message, addressee))
}

/// Decides about a secret that has come back in time: its owner has proved the address, unless it was given up meanwhile.
pub(crate) async fn proved<K: ByMail>(
    cx: &Cx,
    code: OneTimeCode,
    by: MethodId,
) -> Result<Option<Decision>, ApiError> {
    let owner = match code.identity_id {
        Some(id) => cx.store().identity(id).await?,
        None => None,
    };
    // What an administrator has made was sent to no address.
    let owner = owner.filter(|identity| {
        code.address.is_empty() || K::has(identity, (code.via, code.address.as_str()))
    });
    let (identity, change) = match owner {
        Some(identity) => (identity, None),
        None => match K::due(cx, &code).await? {
            Some(due) => (due.identity.clone(), Some(Box::new(due))),
            None => return Ok(None),
        },
    };
    Ok(Some(Decision::Proved(Box::new(Proved {
        code,
        identity,
        by,
        change,
    }))))
}

/// Decides about a secret that has come back too late.
pub(crate) fn too_late<K: ByMail>(expired_at: Timestamp) -> Decision {
    Decision::Restart(Restart {
        message: K::expired(expired_at),
        expired_at: Some(expired_at),
    })
}
