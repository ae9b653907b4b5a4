//! Starts the verification of new addresses on the occasion of something else: signing up, or changing the account.

use ipse_model::{
    AddressStatus, Channel, FlowClient, FlowRecord, Identity, Json, MethodId, VerifiableAddress,
};
use ipse_store::Batch;
use ipse_ui::Node;

use super::{Verification, VerificationData};
use crate::cx::Cx;
use crate::flow::continue_with::NextFlow;
use crate::flow::mailed::{self, ByMail, Letter};
use crate::flow::{Flow, FlowError, Kind, NoExtra};
use crate::method::{self, code, link};
use crate::oauth2::Waiting;

/// The flow on whose occasion addresses are verified.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    client: FlowClient,
    request_url: &'a str,
    return_to: Option<&'a str>,
    transient_payload: Option<&'a Json>,
    oauth2: Option<&'a Waiting>,
}

impl<'a> Origin<'a> {
    /// That flow.
    #[must_use]
    pub fn of<K: Kind>(flow: &'a Flow<K>) -> Self {
        Self {
            client: flow.shown.client,
            request_url: &flow.shown.request_url,
            return_to: flow.shown.return_to.as_deref(),
            transient_payload: flow.transient_payload.as_ref(),
            oauth2: None,
        }
    }

    /// Has the first verification answer a login request of an OAuth2 server.
    #[must_use]
    pub(crate) fn answering(self, oauth2: Option<&'a Waiting>) -> Self {
        Self { oauth2, ..self }
    }
}

/// Verifications that begin as soon as they are written.
#[derive(Debug, Default)]
#[must_use = "nothing is sent before `add_to`"]
pub struct Pending(Vec<Begun>);

#[derive(Debug)]
struct Begun {
    record: FlowRecord,
    letter: Letter,
    next: NextFlow,
}

impl Pending {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds them to a batch, after the identity, and tells which flows they are.
    pub fn add_to(&self, batch: &mut Batch) -> Vec<NextFlow> {
        let begun = self.0.iter();
        begun
            .map(|begun| {
                batch.insert_flow(&begun.record);
                begun.letter.add_to(batch);
                begun.next.clone()
            })
            .collect()
    }
}

/// Prepares a verification flow for every address that nothing has been sent to yet, and marks those as sent to. Nothing
/// happens when verification or its method is switched off.
///
/// # Errors
/// When a message can't be written.
pub fn start_pending(
    cx: &Cx,
    identity: &mut Identity,
    origin: Origin<'_>,
) -> Result<Pending, FlowError> {
    start(cx, identity, origin, |address| {
        address.status == AddressStatus::Pending
    })
}

/// As [`start_pending`], for every address that isn't verified, whatever was sent to it before.
///
/// # Errors
/// When a message can't be written.
pub fn start_unverified(
    cx: &Cx,
    identity: &mut Identity,
    origin: Origin<'_>,
) -> Result<Pending, FlowError> {
    start(cx, identity, origin, |_| true)
}

/// Prepares a verification flow for an address that the identity may get.
///
/// # Errors
/// When a message can't be written.
pub(crate) fn start_for(
    cx: &Cx,
    identity: &Identity,
    address: &VerifiableAddress,
    origin: Origin<'_>,
) -> Result<Pending, FlowError> {
    Ok(Pending(vec![begin(cx, identity, address, origin)?]))
}

fn start(
    cx: &Cx,
    identity: &mut Identity,
    mut origin: Origin<'_>,
    wanted: impl Fn(&VerifiableAddress) -> bool,
) -> Result<Pending, FlowError> {
    let method = Verification::in_use(cx);
    if !cx.config().selfservice.flows.verification.enabled || !method::enabled(cx, method) {
        return Ok(Pending::default());
    }
    let waits = |address: &VerifiableAddress| {
        !address.verified
            && wanted(address)
            && (method == MethodId::Code || address.via == Channel::Email)
    };
    let waiting: Vec<VerifiableAddress> = identity
        .verifiable_addresses
        .iter()
        .filter(|address| waits(address))
        .cloned()
        .collect();
    let fresh =
        |address: &VerifiableAddress| address.status == AddressStatus::Pending && waits(address);
    for address in identity
        .verifiable_addresses
        .iter_mut()
        .filter(|address| fresh(address))
    {
        address.status = AddressStatus::Sent;
        address.updated_at = cx.now;
    }
    let begun = waiting.iter().map(|address| {
        let begun = begin(cx, identity, address, origin);
        origin.oauth2 = None;
        begun
    });
    begun.collect::<Result<_, _>>().map(Pending)
}

fn begin(
    cx: &Cx,
    identity: &Identity,
    address: &VerifiableAddress,
    origin: Origin<'_>,
) -> Result<Begun, FlowError> {
    let data = VerificationData {
        oauth2: origin.oauth2.cloned(),
    };
    let mut flow = Flow::<Verification>::new(cx, origin.client, NoExtra {}, data);
    origin.request_url.clone_into(&mut flow.shown.request_url);
    flow.shown.return_to = origin.return_to.map(str::to_owned);
    flow.transient_payload = origin.transient_payload.cloned();
    flow.identity_id = Some(identity.id);
    flow.ui()
        .push(Node::csrf(&mailed::csrf_token(cx, origin.client)));
    let letter = if Verification::in_use(cx) == MethodId::Link {
        link::by_mail::show_sent(cx, &mut flow, &address.value);
        link::by_mail::send(cx, &flow, Some(identity), &address.value)?
    } else {
        code::verification::show_sent(cx, &mut flow, (address.via, &address.value));
        code::by_mail::send(cx, &flow, Some(identity), (address.via, &address.value))?
    };
    let url = flow.is_browser().then(|| flow.page(cx));
    Ok(Begun {
        next: NextFlow {
            id: flow.id(),
            verifiable_address: Some(address.value.clone()),
            url,
        },
        record: flow.to_record(),
        letter,
    })
}
