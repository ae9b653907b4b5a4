//! `notify_previous_addresses`: whoever loses or changes an address hears of it where they could be reached before.

use ipse_config::selfservice::hooks::{Hook, PreviousAddresses};
use ipse_courier::TemplateData;
use ipse_model::{CourierMessage, Identity, VerifiableAddress};

use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::{Flow, Kind};
use crate::message::{self, Occasion};

/// The news about a change of addresses. A message that can't be written is left out: nobody's change waits for that.
pub(crate) fn news<K: Kind>(
    cx: &Cx,
    hooks: &[Hook],
    flow: &Flow<K>,
    (before, after): (&Identity, &Identity),
) -> Vec<CourierMessage> {
    let letters = hooks.iter().filter_map(|hook| match hook {
        Hook::NotifyPreviousAddresses(hook) => Some(recipients(hook.recipients, before, after)),
        _ => None,
    });
    let letters = letters
        .flatten()
        .map(|address| letter(cx, flow, address, after));
    letters
        .filter_map(|letter| {
            letter
                .inspect_err(
                    |error| tracing::error!(%error, "news of a changed address can't be written"),
                )
                .ok()
        })
        .collect()
}

/// Who is written to; nobody unless there are other addresses than before.
fn recipients<'a>(
    which: PreviousAddresses,
    before: &'a Identity,
    after: &Identity,
) -> Vec<&'a VerifiableAddress> {
    let (before, after) = (&before.verifiable_addresses, &after.verifiable_addresses);
    let has = |addresses: &[VerifiableAddress], wanted: &VerifiableAddress| {
        let mut addresses = addresses.iter();
        addresses.any(|address| address.via == wanted.via && address.value == wanted.value)
    };
    let unchanged = before.len() == after.len() && before.iter().all(|one| has(after, one));
    if unchanged {
        return Vec::new();
    }
    let wanted = |address: &&VerifiableAddress| match which {
        PreviousAddresses::Removed => !has(after, address),
        PreviousAddresses::AllVerified => address.verified,
        PreviousAddresses::All => true,
    };
    before.iter().filter(wanted).collect()
}

fn letter<K: Kind>(
    cx: &Cx,
    flow: &Flow<K>,
    address: &VerifiableAddress,
    after: &Identity,
) -> Result<CourierMessage, ApiError> {
    let occasion = Occasion::of(flow, (address.via, &address.value));
    let data = TemplateData::VerifiableAddressChanged {
        about: occasion.about(),
        identity: message::person(cx, after)?,
        changed_at: cx.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    };
    message::render(cx, &occasion, &data)
}

#[cfg(test)]
mod tests {
    use ipse_model::Channel;

    use super::*;
    use crate::identity::tests::sample;

    /// An identity with these addresses; verified ones begin with `+`.
    fn with(addresses: &[&str]) -> Identity {
        let mut identity = sample::identity();
        let pattern = identity.verifiable_addresses[0].clone();
        identity.verifiable_addresses = addresses
            .iter()
            .map(|address| VerifiableAddress {
                value: address.trim_start_matches('+').to_owned(),
                verified: address.starts_with('+'),
                ..pattern.clone()
            })
            .collect();
        identity
    }

    fn told(which: PreviousAddresses, before: &[&str], after: &[&str]) -> Vec<String> {
        let (before, after) = (with(before), with(after));
        let told = recipients(which, &before, &after);
        told.iter().map(|address| address.value.clone()).collect()
    }

    #[test]
    fn those_are_told_who_are_to_be() {
        let (before, after) = (["+a", "b", "+c"], ["+a", "d"]);
        assert_eq!(
            told(PreviousAddresses::Removed, &before, &after),
            ["b", "c"]
        );
        assert_eq!(
            told(PreviousAddresses::AllVerified, &before, &after),
            ["a", "c"]
        );
        assert_eq!(
            told(PreviousAddresses::All, &before, &after),
            ["a", "b", "c"]
        );
    }

    #[test]
    fn nobody_is_told_of_what_is_no_change() {
        for which in [
            PreviousAddresses::Removed,
            PreviousAddresses::AllVerified,
            PreviousAddresses::All,
        ] {
            // Neither the order nor whether they are verified makes them others.
            assert!(told(which, &["+a", "b"], &["+b", "a"]).is_empty());
            assert!(told(which, &[], &["a"]).is_empty());
        }
        assert_eq!(
            told(PreviousAddresses::Removed, &["+a"], &["a", "b"]).len(),
            0
        );
        assert_eq!(told(PreviousAddresses::All, &["+a"], &["a", "b"]), ["a"]);
    }

    #[test]
    fn the_channel_is_part_of_an_address() {
        let mut after = with(&["a"]);
        after.verifiable_addresses[0].via = Channel::Sms;
        let before = with(&["a"]);
        assert_eq!(
            recipients(PreviousAddresses::Removed, &before, &after).len(),
            1
        );
    }
}
