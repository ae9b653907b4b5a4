//! `verify_new_address`: a change that brings a new address waits until somebody has shown to read what is sent there.
//!
//! What waits is sealed, belongs to one verification flow, and can be taken up once. An identity has one such change at most,
//! the newest. It is carried out only for the session that asked for it, and only on the traits that it was made from.

use ipse_config::selfservice::hooks::Hook;
use ipse_model::{
    Channel, Credentials, FlowName, Identity, IdentityState, Json, MethodId, Session, Timestamp,
    Uuid, VerifiableAddress,
};
use ipse_store::{AddressPurpose, Batch, OneTimeCode, PausedSubmission};
use ipse_ui::text;
use serde::{Deserialize, Serialize};

use super::{Change, Owner, Settings, render, save_credentials};
use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::continue_with::ContinueWith;
use crate::flow::mailed::ByMail;
use crate::flow::verification::{self, Verification};
use crate::flow::{Flow, FlowError, Kind, Outcome, continuity};
use crate::hook;
use crate::identity;

/// What such changes are called in the database.
const NAME: &str = "settings: new address";
/// What the seal is bound to.
const PURPOSE: &str = "change that waits for a verification";

/// A change that waits.
#[derive(Serialize, Deserialize)]
struct Waiting {
    identity_id: Uuid,
    session_id: Uuid,
    settings_flow_id: Uuid,
    via: Channel,
    address: String,
    before: Parts,
    after: Parts,
}

/// What a change of the profile can touch: the traits, and what hooks have made of the rest.
#[derive(Clone, Serialize, Deserialize)]
struct Parts {
    schema_id: String,
    state: IdentityState,
    state_changed_at: Option<Timestamp>,
    external_id: Option<String>,
    traits: Json,
    metadata_public: Option<Json>,
    metadata_admin: Option<Json>,
}

impl Parts {
    fn of(identity: &Identity) -> Self {
        Self {
            schema_id: identity.schema_id.clone(),
            state: identity.state,
            state_changed_at: identity.state_changed_at,
            external_id: identity.external_id.clone(),
            traits: identity.traits.clone(),
            metadata_public: identity.metadata_public.clone(),
            metadata_admin: identity.metadata_admin.clone(),
        }
    }
}

/// The new address that a change brings, if it does.
///
/// # Errors
/// When there are several: one at a time can be verified.
pub(super) fn brought<'a>(
    owner: &Owner,
    change: &'a Change,
) -> Result<Option<&'a VerifiableAddress>, FlowError> {
    let known = &owner.authenticated.identity.verifiable_addresses;
    let is_known = |address: &VerifiableAddress| {
        let mut known = known.iter();
        known.any(|known| known.via == address.via && known.value == address.value)
    };
    let addresses = change.identity.verifiable_addresses.iter();
    // A hook may know that an address is verified.
    let mut new = addresses.filter(|address| !address.verified && !is_known(address));
    match (new.next(), new.next()) {
        (_, Some(_)) => Err(FlowError::form(
            text::settings::settings_too_many_address_changes(),
        )),
        (new, None) => Ok(new),
    }
}

/// Puts a change off until the new address is verified, and begins the verification.
pub(super) async fn put_off(
    cx: &Cx,
    flow: &Flow<Settings>,
    (owner, change): (&Owner, &Change),
    address: &VerifiableAddress,
) -> Result<Outcome, FlowError> {
    owner.require_privileged(cx)?;
    check(cx, owner, address).await?;
    let origin = verification::Origin::of(flow);
    let pending = verification::start_for(cx, &change.identity, address, origin)?;
    let before = &owner.authenticated.identity;
    let waiting = Waiting {
        identity_id: before.id,
        session_id: owner.authenticated.session.id,
        settings_flow_id: flow.id(),
        via: address.via,
        address: address.value.clone(),
        before: Parts::of(before),
        after: Parts::of(&change.identity),
    };
    let mut batch = cx.store().batch();
    // Of two changes at the same time, the second one looks at what the first has left.
    batch.change_identity(before, before);
    batch.forget_paused(before.id, NAME);
    let next = pending.add_to(&mut batch);
    for verification in &next {
        batch.pause(&waiting.sealed(cx, verification.id)?);
    }
    batch.update_flow(&flow.to_record());
    batch.commit().await?;
    if flow.is_browser() {
        continuity::forget(cx).await?;
    }
    let page = next.iter().find_map(|flow| flow.url.clone());
    let next: Vec<_> = next
        .into_iter()
        .map(|flow| ContinueWith::ShowVerificationUi { flow })
        .collect();
    Ok(Outcome::Done {
        body: render(cx, flow, before, &next),
        location: page.unwrap_or_else(|| flow.page(cx)),
    })
}

/// Refuses an address that nobody could verify, or that somebody else has.
async fn check(cx: &Cx, owner: &Owner, address: &VerifiableAddress) -> Result<(), FlowError> {
    if address.via == Channel::Sms && Verification::in_use(cx) == MethodId::Link {
        tracing::error!(
            "the hook verify_new_address is in use, but phone numbers can't be verified by links"
        );
        return Err(
            ApiError::new(500, "The configuration keeps this change from being made")
                .reason("A new phone number has to be verified, and only links are sent.")
                .answered_with(400)
                .into(),
        );
    }
    if is_taken(
        cx,
        owner.authenticated.identity.id,
        address.via,
        &address.value,
    )
    .await?
    {
        return Err(FlowError::form(text::validation::duplicate_credentials()));
    }
    Ok(())
}

/// Whether somebody else has an address.
async fn is_taken(cx: &Cx, own: Uuid, via: Channel, value: &str) -> Result<bool, ApiError> {
    let purpose = AddressPurpose::Verification;
    let found = cx.store().identities_by_address(purpose, value).await?;
    let mut found = found.iter();
    Ok(found.any(|(channel, identity)| *channel == via && identity.id != own))
}

impl Waiting {
    fn sealed(&self, cx: &Cx, verification_id: Uuid) -> Result<PausedSubmission, ApiError> {
        let text = serde_json::to_vec(self).map_err(|error| ApiError::internal(&error))?;
        let sealed = cx.snapshot.data_cipher.seal(cx.random(), PURPOSE, &text);
        let lifespan = <Verification as Kind>::lifespan(cx);
        Ok(PausedSubmission {
            id: verification_id,
            name: NAME.to_owned(),
            identity_id: Some(self.identity_id),
            sealed: sealed.into_bytes(),
            expires_at: cx.now + lifespan,
        })
    }

    /// What waits for this verification.
    async fn of(cx: &Cx, verification_id: Uuid) -> Result<Option<Self>, ApiError> {
        let paused = cx.store().paused(verification_id).await?;
        let paused = paused.filter(|paused| paused.name == NAME && cx.now < paused.expires_at);
        let opened = paused.and_then(|paused| {
            let sealed = String::from_utf8_lossy(&paused.sealed);
            cx.snapshot.data_cipher.open(PURPOSE, &sealed)
        });
        Ok(opened.and_then(|text| serde_json::from_slice(&text).ok()))
    }
}

/// Whose account waits for this address to be verified in this flow. The address isn't theirs yet.
///
/// # Errors
/// When the database can't answer.
pub(crate) async fn who_waits(
    cx: &Cx,
    verification_id: Uuid,
    (via, address): (Channel, &str),
) -> Result<Option<Identity>, ApiError> {
    let waiting = Waiting::of(cx, verification_id).await?;
    match waiting.filter(|waiting| waiting.via == via && waiting.address == address) {
        Some(waiting) => Ok(cx.store().identity(waiting.identity_id).await?),
        None => Ok(None),
    }
}

/// Has a change wait for another verification flow, which takes the place of the one it waited for.
///
/// # Errors
/// When the database is away.
pub(crate) async fn wait_for(cx: &Cx, old: Uuid, new: Uuid) -> Result<(), ApiError> {
    let Some(waiting) = Waiting::of(cx, old).await? else {
        return Ok(());
    };
    let mut batch = cx.store().batch();
    batch.take_paused(old);
    batch.pause(&waiting.sealed(cx, new)?);
    match batch.commit().await {
        // Somebody was faster, and it doesn't wait any more.
        Err(ipse_store::StoreError::Conflict(_)) => Ok(()),
        other => Ok(other?),
    }
}

/// A change that doesn't have to wait any more.
pub struct Due {
    verification_id: Uuid,
    before: Identity,
    /// The identity as it is going to be.
    pub(crate) identity: Identity,
    owned: Credentials,
    credentials: Credentials,
    session: Session,
    flow: Flow<Settings>,
}

impl std::fmt::Debug for Due {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Due({})", self.identity.id)
    }
}

/// The change that a code was sent for. None when there is none, the session that asked for it is over, or the traits have
/// become others meanwhile.
///
/// # Errors
/// When the database can't answer.
pub(crate) async fn due(cx: &Cx, code: &OneTimeCode) -> Result<Option<Due>, ApiError> {
    let Some(waiting) = Waiting::of(cx, code.flow_id).await? else {
        return Ok(None);
    };
    if waiting.via != code.via || waiting.address != code.address {
        return Ok(None);
    }
    let Some(found) = cx.store().session(waiting.session_id).await? else {
        return Ok(None);
    };
    let before = found.identity;
    let same = before.traits.to_value() == waiting.before.traits.to_value();
    let counts = found.session.is_active(cx.now) && before.state == IdentityState::Active;
    if before.id != waiting.identity_id || !counts || !same {
        return Ok(None);
    }
    let flow = cx.store().flow(waiting.settings_flow_id).await?;
    let Some(flow) = flow.filter(|flow| flow.name == FlowName::Settings) else {
        return Ok(None);
    };
    let owned = cx.store().credentials(before.id).await?;
    let Some((identity, credentials)) = waiting.carry_out(cx, &before, &owned) else {
        return Ok(None);
    };
    Ok(Some(Due {
        verification_id: code.flow_id,
        before,
        identity,
        owned,
        credentials,
        session: found.session,
        flow: Flow::from_record(&flow)?,
    }))
}

impl Waiting {
    /// The account as it is going to be. What the change hasn't touched stays as it is by now.
    fn carry_out(
        &self,
        cx: &Cx,
        identity: &Identity,
        credentials: &Credentials,
    ) -> Option<(Identity, Credentials)> {
        let (mut identity, mut credentials) = (identity.clone(), credentials.clone());
        let (before, after) = (&self.before, &self.after);
        if before.schema_id != after.schema_id {
            identity.schema_id.clone_from(&after.schema_id);
        }
        if before.state != after.state {
            identity.state = after.state;
            identity.state_changed_at = after.state_changed_at;
        }
        if before.external_id != after.external_id {
            identity.external_id.clone_from(&after.external_id);
        }
        if !alike(
            before.metadata_public.as_ref(),
            after.metadata_public.as_ref(),
        ) {
            identity.metadata_public.clone_from(&after.metadata_public);
        }
        if !alike(
            before.metadata_admin.as_ref(),
            after.metadata_admin.as_ref(),
        ) {
            identity.metadata_admin.clone_from(&after.metadata_admin);
        }
        let traits = after.traits.to_value();
        match identity::sync(cx, &mut identity, &mut credentials, traits) {
            Ok(_) => Some((identity, credentials)),
            Err(error) => {
                tracing::warn!(%error, "a change that waited for a verification can't be carried out");
                None
            }
        }
    }
}

fn alike(one: Option<&Json>, other: Option<&Json>) -> bool {
    one.map(Json::as_str) == other.map(Json::as_str)
}

impl Due {
    /// Writes the change, with `identity` as it is going to be, and the news for previous addresses.
    pub(crate) fn add_to(&self, cx: &Cx, batch: &mut Batch, identity: &Identity) {
        batch.expect_session(self.session.id);
        batch.take_paused(self.verification_id);
        batch.change_identity(&self.before, identity);
        save_credentials(batch, identity.id, (&self.owned, &self.credentials));
        let hooks = hooks(cx);
        for letter in hook::news(cx, hooks, &self.flow, (&self.before, identity)) {
            batch.enqueue(&letter);
        }
    }

    /// Runs the hooks that come after the change was saved.
    pub(crate) async fn tell(&mut self, cx: &Cx, identity: &mut Identity) -> Result<(), FlowError> {
        let stage = hook::Stage {
            flow: &self.flow,
            identity: Some(identity),
            credentials: Some(&mut self.credentials),
            session: Some(&self.session),
        };
        hook::after_save(cx, hooks(cx), &stage).await
    }
}

/// The hooks of the profile, the only ones among which `verify_new_address` can be.
fn hooks(cx: &Cx) -> &[Hook] {
    let after = &cx.config().selfservice.flows.settings.after;
    after.completion(MethodId::Profile.as_str()).hooks
}
