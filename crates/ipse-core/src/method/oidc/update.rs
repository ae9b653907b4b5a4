//! Keeping an identity as its provider knows it, at every sign-in.

use ipse_model::{AddressStatus, Credential, Identity};

use super::arrival::Arrival;
use super::conflict;
use super::mapper::{self, Mapped};
use crate::cx::Cx;
use crate::flow::FlowError;
use crate::flow::login::{Proof, Update};
use crate::identity;

/// Sets traits and metadata as the mapper says. What it says nothing about stays.
///
/// The person has proved who they are whatever the mapper makes of it: traits that don't fit the schema, that belong to somebody
/// else, or that a broken mapper doesn't give are left as they were, and the log says so.
pub(super) async fn bring(
    cx: &Cx,
    arrival: &Arrival<'_>,
    proof: &mut Proof,
) -> Result<(), FlowError> {
    let (provider, identity_id) = (&arrival.provider.id, proof.identity.id);
    // Why it failed is in the log already.
    let Ok(mapped) = mapper::map(cx, arrival.provider, &arrival.claims).await else {
        return Ok(());
    };
    let (mut identity, mut credentials) = (proof.identity.clone(), proof.credentials.clone());
    let mut traits = identity.traits.to_value();
    mapper::merge(&mut traits, mapped.traits.clone());
    if identity::sync(cx, &mut identity, &mut credentials, traits).is_err() {
        tracing::warn!(provider, %identity_id, "the provider's traits do not fit, so that the identity stays as it is");
        return Ok(());
    }
    take_over(cx, &mut identity, mapped);
    identity.updated_at = proof.identity.updated_at;
    let differs =
        |credential: &&Credential| proof.credentials.get(credential.kind) != Some(credential);
    let changed: Vec<Credential> = credentials.iter().filter(differs).cloned().collect();
    if identity == proof.identity && changed.is_empty() {
        return Ok(());
    }
    if conflict::find(cx, (&identity, &credentials))
        .await?
        .is_some()
    {
        tracing::warn!(provider, %identity_id, "the provider's traits belong to somebody else here, so that the identity stays as it is");
        return Ok(());
    }
    identity.updated_at = cx.now;
    proof.update = Some(Box::new(Update {
        before: std::mem::replace(&mut proof.identity, identity),
        credentials: changed,
    }));
    proof.credentials = credentials;
    Ok(())
}

/// Metadata, and addresses that the provider has verified.
fn take_over(cx: &Cx, identity: &mut Identity, mapped: Mapped) {
    let proved = mapped.proved(cx);
    if mapped.metadata_public.is_some() {
        identity.metadata_public = mapped.metadata_public;
    }
    if mapped.metadata_admin.is_some() {
        identity.metadata_admin = mapped.metadata_admin;
    }
    for address in &mut identity.verifiable_addresses {
        let vouched = |known: &ipse_model::VerifiableAddress| {
            known.via == address.via && known.value == address.value
        };
        if !address.verified && proved.iter().any(vouched) {
            address.verified = true;
            address.status = AddressStatus::Completed;
            address.verified_at = Some(cx.now);
            address.updated_at = cx.now;
        }
    }
}
