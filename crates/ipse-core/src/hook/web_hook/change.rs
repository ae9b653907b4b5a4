//! Changes to an identity that a server asks for.

use ipse_model::{
    AddressStatus, Channel, FlowName, Identity, IdentityState, Json, Timestamp, VerifiableAddress,
};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::cx::Cx;
use crate::flow::FlowError;
use crate::hook::Stage;
use crate::identity;
use crate::method::profile;
use crate::schema::normalise_address;

/// The parts of an identity that are to be others. What isn't named stays as it is.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Change {
    schema_id: Option<String>,
    external_id: Option<String>,
    #[serde(deserialize_with = "state")]
    state: Option<IdentityState>,
    traits: Option<Value>,
    #[serde(deserialize_with = "present")]
    metadata_public: Option<Value>,
    #[serde(deserialize_with = "present")]
    metadata_admin: Option<Value>,
    verifiable_addresses: Option<Vec<Address>>,
}

/// What is said of an address. Which addresses there are is decided by the traits; this is about how far they are verified.
#[derive(Debug, PartialEq, Deserialize)]
struct Address {
    value: String,
    via: Channel,
    #[serde(default)]
    verified: bool,
    status: Option<AddressStatus>,
    verified_at: Option<Timestamp>,
}

/// A member that is there, even if it is `null`: that empties it.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// An empty text is as good as nothing.
fn state<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<IdentityState>, D::Error> {
    match Option::<Value>::deserialize(deserializer)? {
        None => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(value) => serde_json::from_value(value)
            .map(Some)
            .map_err(serde::de::Error::custom),
    }
}

/// Changes the identity of a stage, and brings everything that follows from its traits in line. Where the flow doesn't save
/// the identity, the change shows in its answer only; a verification or recovery isn't changed at all.
pub(super) fn apply(cx: &Cx, change: Change, stage: &mut Stage<'_>) -> Result<(), FlowError> {
    let Some(identity) = stage.identity.as_deref_mut() else {
        return Ok(());
    };
    match stage.flow.name() {
        FlowName::Recovery | FlowName::Verification => Ok(()),
        FlowName::Login => {
            change.make(cx, identity);
            Ok(())
        }
        FlowName::Registration | FlowName::Settings => {
            change.make(cx, identity);
            let Some(credentials) = stage.credentials.as_deref_mut() else {
                return Ok(());
            };
            let traits = identity.traits.to_value();
            identity::sync(cx, identity, credentials, traits).map_err(profile::complaints)?;
            Ok(())
        }
    }
}

impl Change {
    fn make(self, cx: &Cx, identity: &mut Identity) {
        if let Some(schema_id) = self.schema_id.filter(|id| !id.is_empty()) {
            identity.schema_id = schema_id;
        }
        if let Some(external_id) = self.external_id {
            identity.external_id = Some(external_id).filter(|id| !id.is_empty());
        }
        if let Some(state) = self.state.filter(|state| *state != identity.state) {
            identity.state = state;
            identity.state_changed_at = Some(cx.now);
        }
        if let Some(traits) = self.traits {
            identity.traits = Json::from(traits);
        }
        let document = |value: Value| (!value.is_null()).then(|| Json::from(value));
        if let Some(metadata) = self.metadata_public {
            identity.metadata_public = document(metadata);
        }
        if let Some(metadata) = self.metadata_admin {
            identity.metadata_admin = document(metadata);
        }
        for address in self.verifiable_addresses.unwrap_or_default() {
            address.tell(cx, identity);
        }
    }
}

impl Address {
    /// Notes how far this address is verified. One that the identity hasn't got yet is kept if the traits name it.
    fn tell(self, cx: &Cx, identity: &mut Identity) {
        let value = normalise_address(self.via, &self.value);
        let addresses = &mut identity.verifiable_addresses;
        let known = addresses
            .iter()
            .position(|known| known.via == self.via && known.value == value);
        let place = known.unwrap_or_else(|| {
            addresses.push(VerifiableAddress {
                id: cx.random().uuid(),
                value,
                verified: false,
                via: self.via,
                status: AddressStatus::Pending,
                verified_at: None,
                created_at: cx.now,
                updated_at: cx.now,
            });
            addresses.len() - 1
        });
        let address = &mut addresses[place];
        let before = (address.verified, address.status);
        address.verified = self.verified;
        let by_now = if self.verified {
            AddressStatus::Completed
        } else {
            address.status
        };
        address.status = self.status.unwrap_or(by_now);
        if (address.verified, address.status) != before {
            address.updated_at = cx.now;
            let since = self.verified_at.or(address.verified_at).unwrap_or(cx.now);
            address.verified_at = self.verified.then_some(since);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::identity::tests::{fixture::Fixture, sample};

    async fn changed(change: Value) -> Identity {
        let cx = Fixture::new().await.cx();
        let mut identity = sample::identity();
        identity.metadata_public = Some(Json::from(json!({ "old": 1 })));
        let change: Change = serde_json::from_value(change).unwrap();
        change.make(&cx, &mut identity);
        identity
    }

    #[tokio::test]
    async fn what_is_not_named_stays() {
        let change =
            json!({ "metadata_admin": { "a": 1 }, "state": "", "schema_id": "", "unknown": 1 });
        let identity = changed(change).await;
        let expected = Identity {
            metadata_admin: Some(Json::from(json!({ "a": 1 }))),
            metadata_public: Some(Json::from(json!({ "old": 1 }))),
            ..sample::identity()
        };
        assert_eq!(identity, expected);
    }

    #[tokio::test]
    async fn null_empties_metadata() {
        assert_eq!(
            changed(json!({ "metadata_public": null }))
                .await
                .metadata_public,
            None
        );
    }

    #[tokio::test]
    async fn another_state_is_noted_with_its_time() {
        let identity = changed(json!({ "state": "inactive", "external_id": "crm/7" })).await;
        assert_eq!(
            (identity.state, identity.state_changed_at),
            (IdentityState::Inactive, Some(sample::now()))
        );
        assert_eq!(identity.external_id.as_deref(), Some("crm/7"));
        assert!(serde_json::from_value::<Change>(json!({ "state": "lost" })).is_err());
    }

    #[tokio::test]
    async fn an_address_keeps_its_id_when_it_is_verified() {
        let before = &sample::identity().verifiable_addresses[0];
        let address =
            json!({ "via": "email", "value": before.value.to_uppercase(), "verified": true });
        let after = &changed(json!({ "verifiable_addresses": [address] }))
            .await
            .verifiable_addresses;
        assert_eq!(after.len(), 1);
        assert_eq!((after[0].id, after[0].verified), (before.id, true));
        assert_eq!(
            (after[0].status, after[0].verified_at),
            (AddressStatus::Completed, Some(sample::now()))
        );
    }
}
