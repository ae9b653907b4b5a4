//! Connecting an account at a provider without asking its holder for another proof.
//!
//! An address that only somebody says to have proves nothing, neither there nor here: whoever can write any address into an
//! account at a provider would take over the account that has it here, and whoever signs up here with the address of another
//! would share the account of the person who comes through a provider later. So the provider has to say that it has verified the
//! address, and the address has to be verified here.

use ipse_config::selfservice::oidc::AccountLinkingMode;
use ipse_model::{Channel, Credentials, Identity, IdentityState};
use ipse_oidc::Claims;
use ipse_store::AddressPurpose;
use serde_json::Value;

use super::arrival::Arrival;
use super::{account, linking};
use crate::cx::Cx;
use crate::error::ApiError;
use crate::schema::normalise_address;

/// The claims that hold addresses, and those that say whether they are verified.
const ADDRESSES: [(&str, &str, Channel); 2] = [
    ("email", "email_verified", Channel::Email),
    ("phone_number", "phone_number_verified", Channel::Sms),
];

/// Whose account somebody is connected to without further questions.
pub(super) async fn owner(
    cx: &Cx,
    arrival: &Arrival<'_>,
) -> Result<Option<(Identity, Credentials)>, ApiError> {
    for (claim, verified, channel) in ADDRESSES {
        let claims = &arrival.claims;
        let Some(address) = claims.text(claim) else {
            continue;
        };
        if !says_itself(claims, verified) {
            continue;
        }
        let address = normalise_address(channel, address);
        if let Some(owner) = verified_owner(cx, &address, channel).await?
            && connects(cx, arrival, (&address, &owner.1))
        {
            return Ok(Some(owner));
        }
    }
    Ok(None)
}

/// Whether the provider itself has said so, rather than that it is known to give away nothing else.
fn says_itself(claims: &Claims, verified: &str) -> bool {
    let said = claims.get("raw_claims").and_then(|said| said.get(verified));
    matches!(said, Some(Value::Bool(true))) || said == Some(&Value::from("true"))
}

/// The only identity that has this address, has verified it, and may sign in.
async fn verified_owner(
    cx: &Cx,
    address: &str,
    channel: Channel,
) -> Result<Option<(Identity, Credentials)>, ApiError> {
    let purpose = AddressPurpose::Verification;
    let owners = cx.store().identities_by_address(purpose, address).await?;
    let [(_, identity)] = &owners[..] else {
        return Ok(None);
    };
    let verified = identity
        .verifiable_addresses
        .iter()
        .any(|known| known.verified && known.via == channel && known.value == address);
    if !verified || identity.state != IdentityState::Active {
        return Ok(None);
    }
    let credentials = cx.store().credentials(identity.id).await?;
    Ok(Some((identity.clone(), credentials)))
}

/// Whether the configuration, or an administrator's hint on the account, wants both to be connected. Who has another account at
/// that provider already isn't asked for less than before: addresses are given to somebody else now and then.
fn connects(cx: &Cx, arrival: &Arrival<'_>, (address, owned): (&str, &Credentials)) -> bool {
    let provider = arrival.provider;
    let accounts = account::accounts(owned);
    let hinted = accounts
        .iter()
        .any(|account| account.awaits(&provider.id, address));
    let automatic = provider.account_linking_mode == AccountLinkingMode::Automatic
        && accounts
            .iter()
            .all(|account| account.provider != provider.id);
    (hinted || automatic) && !linking::outranks(cx, &provider.id, owned)
}
