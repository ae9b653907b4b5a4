//! New traits: checked against the schema, and everything that follows from them brought in line.

use ipse_model::{
    AddressStatus, Channel, Credential, Credentials, CredentialsType, Identity, Json, Random,
    RecoveryAddress, Timestamp, VerifiableAddress,
};
use serde_json::{Value, json};

use crate::Cx;
use crate::schema::{Extracted, FieldError};

/// Why traits can't be taken.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TraitsError {
    /// They aren't what their schema asks for.
    #[error("the traits do not fit their schema: {}", FieldError::sentence(.0))]
    Invalid(Vec<FieldError>),
    /// The configuration has no schema of that id.
    #[error("there is no identity schema with the id {0:?}")]
    UnknownSchema(String),
}

/// What came of new traits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Synced {
    /// Whether an identifier, a verifiable or a recovery address is another than before.
    pub protected_changed: bool,
    /// Addresses that weren't there before and aren't proved yet.
    pub new_addresses: Vec<VerifiableAddress>,
}

/// Checks `traits` against the schema of the identity, sets them, and brings identifiers and addresses in line.
/// What stays the same keeps its id, its state and its times.
///
/// # Errors
/// When the traits are refused; nothing has changed then.
pub fn sync(
    cx: &Cx,
    identity: &mut Identity,
    credentials: &mut Credentials,
    traits: Value,
) -> Result<Synced, TraitsError> {
    let schema = cx
        .snapshot
        .schemas
        .get(&identity.schema_id)
        .ok_or_else(|| TraitsError::UnknownSchema(identity.schema_id.clone()))?;
    schema.validate(&traits).map_err(TraitsError::Invalid)?;
    let found = schema.extract(&traits);
    identity.traits = Json::from(traits);
    identity.updated_at = cx.now;
    Ok(Line {
        now: cx.now,
        random: cx.random(),
    }
    .bring(identity, credentials, &found))
}

/// Kinds of credentials that are found by traits, with the version of a new one.
const BY_TRAITS: [(CredentialsType, i64); 3] = [
    (CredentialsType::Password, 0),
    (CredentialsType::Webauthn, 1),
    (CredentialsType::Code, 1),
];

/// What bringing in line needs to know.
pub(super) struct Line<'a> {
    pub(super) now: Timestamp,
    pub(super) random: &'a Random,
}

impl Line<'_> {
    pub(super) fn bring(
        &self,
        identity: &mut Identity,
        credentials: &mut Credentials,
        found: &Extracted,
    ) -> Synced {
        let mut synced = Synced::default();
        for (kind, version) in BY_TRAITS {
            synced.protected_changed |= self.identify(credentials, (kind, version), found);
        }
        synced.protected_changed |= self.verifiable(identity, found, &mut synced.new_addresses);
        synced.protected_changed |= self.recovery(identity, found);
        synced
    }

    /// Sets the identifiers of one kind of credential. One that has none yet is made as soon as traits name some, so that
    /// its identifiers are taken.
    fn identify(
        &self,
        credentials: &mut Credentials,
        (kind, version): (CredentialsType, i64),
        found: &Extracted,
    ) -> bool {
        let identifiers = found.identifiers(kind);
        let config = (kind == CredentialsType::Code).then(|| code_config(&found.code_addresses));
        match credentials.get_mut(kind) {
            Some(credential) => {
                let changed = credential.identifiers != identifiers;
                let configured = config
                    .as_ref()
                    .is_some_and(|config| *config != credential.config);
                if changed || configured {
                    credential.identifiers = identifiers.to_vec();
                    credential.config = config.unwrap_or_else(|| credential.config.clone());
                    credential.updated_at = self.now;
                }
                changed
            }
            None if identifiers.is_empty() => false,
            None => {
                credentials.set(Credential {
                    kind,
                    identifiers: identifiers.to_vec(),
                    config: config.unwrap_or_else(Json::empty_object),
                    version,
                    created_at: self.now,
                    updated_at: self.now,
                });
                true
            }
        }
    }

    fn verifiable(
        &self,
        identity: &mut Identity,
        found: &Extracted,
        new: &mut Vec<VerifiableAddress>,
    ) -> bool {
        let before = std::mem::take(&mut identity.verifiable_addresses);
        identity.verifiable_addresses = found
            .verifiable
            .iter()
            .map(|(via, value)| {
                let known = before
                    .iter()
                    .find(|known| known.via == *via && known.value == *value);
                known.cloned().unwrap_or_else(|| {
                    let address = self.unproved(*via, value);
                    new.push(address.clone());
                    address
                })
            })
            .collect();
        differ(&before, &identity.verifiable_addresses, |address| {
            (address.via, &address.value)
        })
    }

    fn unproved(&self, via: Channel, value: &str) -> VerifiableAddress {
        VerifiableAddress {
            id: self.random.uuid(),
            value: value.to_owned(),
            verified: false,
            via,
            status: AddressStatus::Pending,
            verified_at: None,
            created_at: self.now,
            updated_at: self.now,
        }
    }

    fn recovery(&self, identity: &mut Identity, found: &Extracted) -> bool {
        let before = std::mem::take(&mut identity.recovery_addresses);
        identity.recovery_addresses = found
            .recovery
            .iter()
            .map(|(via, value)| {
                let known = before
                    .iter()
                    .find(|known| known.via == *via && known.value == *value);
                known.cloned().unwrap_or_else(|| RecoveryAddress {
                    id: self.random.uuid(),
                    value: value.clone(),
                    via: *via,
                    created_at: self.now,
                    updated_at: self.now,
                })
            })
            .collect();
        differ(&before, &identity.recovery_addresses, |address| {
            (address.via, &address.value)
        })
    }
}

/// Whether two lists hold other things, in whatever order.
fn differ<'a, T, K: PartialEq>(before: &'a [T], after: &'a [T], key: impl Fn(&'a T) -> K) -> bool {
    before.len() != after.len()
        || !before
            .iter()
            .all(|old| after.iter().any(|new| key(new) == key(old)))
}

/// The configuration of a credential for one-time codes: where they go.
fn code_config(addresses: &[(Channel, String)]) -> Json {
    let addresses: Vec<Value> = addresses
        .iter()
        .map(|(channel, address)| json!({ "channel": channel, "address": address }))
        .collect();
    Json::from(json!({ "addresses": addresses }))
}

#[cfg(test)]
mod tests {
    use ipse_model::Uuid;

    use super::*;
    use crate::identity::tests::sample;

    fn found(address: &str) -> Extracted {
        let mut found = Extracted::default();
        found
            .identifiers
            .insert(CredentialsType::Password, vec![address.to_owned()]);
        found.verifiable.push((Channel::Email, address.to_owned()));
        found.recovery.push((Channel::Email, address.to_owned()));
        found
    }

    fn bring(identity: &mut Identity, credentials: &mut Credentials, found: &Extracted) -> Synced {
        let random = Random::seeded(1);
        let now = "2026-02-03T00:00:00Z".parse().unwrap();
        Line {
            now,
            random: &random,
        }
        .bring(identity, credentials, found)
    }

    #[test]
    fn the_same_traits_change_nothing() {
        let (mut identity, mut credentials) = (sample::identity(), sample::password("x"));
        let before = (identity.clone(), credentials.clone());
        let synced = bring(&mut identity, &mut credentials, &found("ada@example.org"));
        assert_eq!(synced, Synced::default());
        assert_eq!((identity, credentials), before);
    }

    #[test]
    fn a_proved_address_stays_proved() {
        let (mut identity, mut credentials) = (sample::identity(), sample::password("x"));
        let proved = VerifiableAddress {
            verified: true,
            status: AddressStatus::Completed,
            verified_at: Some(sample::now()),
            ..identity.verifiable_addresses[0].clone()
        };
        identity.verifiable_addresses = vec![proved.clone()];
        let mut found = found("ada@example.org");
        found
            .verifiable
            .insert(0, (Channel::Sms, "+4915112345678".to_owned()));
        let synced = bring(&mut identity, &mut credentials, &found);
        assert_eq!(identity.verifiable_addresses[1], proved);
        assert!(synced.protected_changed);
        assert_eq!(synced.new_addresses.len(), 1);
        assert_eq!(synced.new_addresses[0], identity.verifiable_addresses[0]);
    }

    #[test]
    fn another_address_is_new_everywhere_and_keeps_the_password() {
        let (mut identity, mut credentials) = (sample::identity(), sample::password("x"));
        let old = (
            identity.verifiable_addresses[0].id,
            identity.recovery_addresses[0].id,
        );
        let synced = bring(
            &mut identity,
            &mut credentials,
            &found("countess@example.org"),
        );
        assert!(synced.protected_changed);
        assert_eq!(synced.new_addresses[0].value, "countess@example.org");
        assert_ne!(identity.verifiable_addresses[0].id, old.0);
        assert_ne!(identity.recovery_addresses[0].id, old.1);
        assert_ne!(identity.recovery_addresses[0].id, Uuid::nil());
        let password = credentials.get(CredentialsType::Password).unwrap();
        assert_eq!(password.identifiers, ["countess@example.org"]);
        assert_eq!(
            password.config,
            Json::from(json!({ "hashed_password": "x" }))
        );
        assert_eq!(password.created_at, sample::now());
        assert_ne!(password.updated_at, sample::now());
    }

    #[test]
    fn the_same_value_through_another_channel_is_another_address() {
        let (mut identity, mut credentials) = (sample::identity(), sample::password("x"));
        let mut found = found("ada@example.org");
        found.verifiable[0].0 = Channel::Sms;
        let synced = bring(&mut identity, &mut credentials, &found);
        assert!(synced.protected_changed);
        assert_eq!(synced.new_addresses.len(), 1);
    }

    #[test]
    fn addresses_that_no_trait_names_any_more_go() {
        let (mut identity, mut credentials) = (sample::identity(), sample::password("x"));
        let synced = bring(&mut identity, &mut credentials, &Extracted::default());
        assert!(synced.protected_changed);
        assert!(identity.verifiable_addresses.is_empty());
        assert!(identity.recovery_addresses.is_empty());
        assert!(
            credentials
                .get(CredentialsType::Password)
                .unwrap()
                .identifiers
                .is_empty()
        );
    }

    #[test]
    fn a_trait_that_identifies_makes_an_empty_credential() {
        let (mut identity, mut credentials) = (sample::identity(), Credentials::default());
        let mut found = found("ada@example.org");
        found
            .identifiers
            .insert(CredentialsType::Webauthn, vec!["ada".to_owned()]);
        assert!(bring(&mut identity, &mut credentials, &found).protected_changed);
        let password = credentials.get(CredentialsType::Password).unwrap();
        assert_eq!((password.version, password.config.as_str()), (0, "{}"));
        assert_eq!(
            credentials.get(CredentialsType::Webauthn).unwrap().version,
            1
        );
        assert!(credentials.get(CredentialsType::Code).is_none());
    }

    #[test]
    fn codes_go_where_the_traits_say() {
        let (mut identity, mut credentials) = (sample::identity(), Credentials::default());
        let mut found = Extracted::default();
        found
            .identifiers
            .insert(CredentialsType::Code, vec!["ada@example.org".to_owned()]);
        found.code_addresses = vec![(Channel::Email, "ada@example.org".to_owned())];
        bring(&mut identity, &mut credentials, &found);
        let code = credentials.get(CredentialsType::Code).unwrap();
        assert_eq!(
            code.config.to_value(),
            json!({ "addresses": [{ "channel": "email", "address": "ada@example.org" }] })
        );
    }

    #[test]
    fn other_credentials_are_left_alone() {
        let (mut identity, mut credentials) = (sample::identity(), sample::password("x"));
        let totp = sample::credential(CredentialsType::Totp, "id", json!({ "totp_url": "u" }));
        credentials.set(totp.clone());
        bring(&mut identity, &mut credentials, &Extracted::default());
        assert_eq!(credentials.get(CredentialsType::Totp), Some(&totp));
    }
}
