//! Identities with their addresses: finding one, and every way to change one.
//!
//! The row of an identity is the whole truth about it, so that a session and its identity are one row of one query. The
//! tables of addresses and identifiers are indexes that point to it, rewritten together with it.

use std::hash::{DefaultHasher, Hash, Hasher};

use ipse_model::{Channel, Credentials, CredentialsType, Identity, IdentityState, Uuid};

use crate::credential::{CREDENTIALS_OF, credential, credential_columns, credentials};
use crate::driver::{Param, Query, Row, Statement};
use crate::store::{all, first};
use crate::{Batch, Entity, Store, StoreError, Unique};

/// What an address is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressPurpose {
    /// To be verified.
    Verification,
    /// To get back in.
    Recovery,
}

impl AddressPurpose {
    /// The name in the store and in messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verification => "verification",
            Self::Recovery => "recovery",
        }
    }
}

/// An identity found by what was typed to sign in.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The type of the credentials that the identifier belongs to.
    pub kind: CredentialsType,
    /// The identity.
    pub identity: Identity,
    /// All of its credentials.
    pub credentials: Credentials,
}

/// The columns that [`identity`] reads, of `identities i`.
macro_rules! identity_columns {
    () => {
        "i.id, i.schema_id, i.state, i.state_changed_at, i.traits, i.metadata_public, \
         i.metadata_admin, i.external_id, i.organization_id, i.verifiable_addresses, \
         i.recovery_addresses, i.created_at, i.updated_at, i.version"
    };
}
pub(crate) use identity_columns;

pub(crate) fn identity(row: &mut Row) -> Result<Identity, StoreError> {
    Ok(Identity {
        id: row.uuid()?,
        schema_id: row.text()?,
        state: row.variant(
            &[IdentityState::Active, IdentityState::Inactive],
            IdentityState::as_str,
        )?,
        state_changed_at: row.time_or_null()?,
        traits: row.json()?,
        metadata_public: row.json_or_null()?,
        metadata_admin: row.json_or_null()?,
        external_id: row.text_or_null()?,
        organization_id: row.uuid_or_null()?,
        verifiable_addresses: row.parsed()?,
        recovery_addresses: row.parsed()?,
        created_at: row.time()?,
        updated_at: row.time()?,
        version: row.int()?,
    })
}

pub(crate) const BY_ID: &str = concat!(
    "SELECT ",
    identity_columns!(),
    " FROM identities i WHERE i.id = $1"
);
/// What belongs to an identity, for databases that don't remove it by themselves.
pub(crate) const BELONGINGS: [&str; 7] = [
    "DELETE FROM identity_addresses WHERE identity_id = $1",
    "DELETE FROM credentials WHERE identity_id = $1",
    "DELETE FROM credential_identifiers WHERE identity_id = $1",
    "DELETE FROM sessions WHERE identity_id = $1",
    "DELETE FROM flows WHERE identity_id = $1",
    "DELETE FROM flow_codes WHERE identity_id = $1",
    "DELETE FROM continuity WHERE identity_id = $1",
];

/// Some identity, by a parameter that is some id.
macro_rules! somebody {
    ($parameter:literal) => {
        concat!(
            "coalesce((SELECT s.id FROM identities s WHERE s.id >= ",
            $parameter,
            " ORDER BY s.id LIMIT 1), (SELECT s.id FROM identities s ORDER BY s.id LIMIT 1))"
        )
    };
}

// These read somebody where nobody is found, so that the time it takes doesn't tell. Such rows begin with an empty text.
const BY_IDENTIFIER: &str = concat!(
    "SELECT n.type, ",
    identity_columns!(),
    " FROM credential_identifiers n JOIN identities i ON i.id = n.identity_id \
      WHERE n.identifier = $1 UNION ALL SELECT '', ",
    identity_columns!(),
    " FROM credential_identifiers o JOIN identities i ON i.id = o.identity_id WHERE NOT EXISTS \
      (SELECT 1 FROM credential_identifiers n WHERE n.identifier = $1) AND o.identity_id = ",
    somebody!("$2")
);
const CREDENTIALS_BY_IDENTIFIER: &str = concat!(
    "SELECT c.identity_id, ",
    credential_columns!(),
    " FROM credentials c WHERE c.identity_id IN \
      (SELECT n.identity_id FROM credential_identifiers n WHERE n.identifier = $1) \
      UNION ALL SELECT c.identity_id, ",
    credential_columns!(),
    " FROM credentials c WHERE NOT EXISTS \
      (SELECT 1 FROM credential_identifiers n WHERE n.identifier = $1) AND c.identity_id = ",
    somebody!("$2")
);
const BY_ADDRESS: &str = concat!(
    "SELECT a.via, ",
    identity_columns!(),
    " FROM identity_addresses a JOIN identities i ON i.id = a.identity_id \
      WHERE a.purpose = $1 AND a.value = $2 UNION ALL SELECT '', ",
    identity_columns!(),
    " FROM identities i WHERE NOT EXISTS \
      (SELECT 1 FROM identity_addresses a WHERE a.purpose = $1 AND a.value = $2) AND i.id = ",
    somebody!("$3"),
    " ORDER BY 1"
);

/// An id that nothing but the text decides about.
fn some_id(text: &str) -> Uuid {
    let half = |which: u8| {
        let mut hasher = DefaultHasher::new();
        (which, text).hash(&mut hasher);
        hasher.finish()
    };
    Uuid::from_u64_pair(half(0), half(1))
}

/// Reads an identity behind what it was found by; none where it stands for somebody who isn't there.
fn found<T: Copy>(
    row: &mut Row,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Result<Option<(T, Identity)>, StoreError> {
    let by = row.text()?;
    // Read in any case: that is what the stand-in is for.
    let identity = identity(row)?;
    let by = all
        .iter()
        .copied()
        .find(|known| name(*known) == by.as_str());
    Ok(by.map(|by| (by, identity)))
}

const BY_EXTERNAL_ID: &str = concat!(
    "SELECT ",
    identity_columns!(),
    " FROM identities i WHERE i.external_id = $1"
);

impl Store {
    /// The identity of that id.
    ///
    /// # Errors
    /// When the database can't answer.
    pub async fn identity(&self, id: Uuid) -> Result<Option<Identity>, StoreError> {
        self.first(Query::new(BY_ID, [id.into()]), identity).await
    }

    /// The identity of that id and all of its credentials.
    ///
    /// # Errors
    /// When the database can't answer.
    pub async fn identity_with_credentials(
        &self,
        id: Uuid,
    ) -> Result<Option<(Identity, Credentials)>, StoreError> {
        let [identities, found] = self
            .together([BY_ID, CREDENTIALS_OF].map(|sql| Query::new(sql, [id.into()])))
            .await?;
        let Some(identity) = first(identities, identity)? else {
            return Ok(None);
        };
        Ok(Some((identity, credentials(found)?)))
    }

    /// The identity that `identifier` belongs to among credentials of these types; the type named first is preferred.
    /// The identifier is compared as it is.
    ///
    /// # Errors
    /// When the database can't answer.
    pub async fn identity_by_identifier(
        &self,
        types: &[CredentialsType],
        identifier: &str,
    ) -> Result<Option<Found>, StoreError> {
        let queries = [BY_IDENTIFIER, CREDENTIALS_BY_IDENTIFIER]
            .map(|sql| Query::new(sql, [identifier.into(), some_id(identifier).into()]));
        let [owners, owned] = self.together(queries).await?;
        let owners = all(owners, |row| {
            found(row, &CredentialsType::ALL, CredentialsType::as_str)
        })?;
        let owned = all(owned, |row| Ok((row.uuid()?, credential(row)?)))?;
        let rank = |kind| types.iter().position(|wanted| *wanted == kind);
        let Some((kind, identity)) = owners
            .into_iter()
            .flatten()
            .filter(|(kind, _)| rank(*kind).is_some())
            .min_by_key(|(kind, _)| rank(*kind))
        else {
            return Ok(None);
        };
        let credentials = owned
            .into_iter()
            .filter(|(owner, _)| *owner == identity.id)
            .map(|(_, credential)| credential)
            .collect();
        Ok(Some(Found {
            kind,
            identity,
            credentials,
        }))
    }

    /// The identities that have this address for this purpose: one per channel at most.
    ///
    /// # Errors
    /// When the database can't answer.
    pub async fn identities_by_address(
        &self,
        purpose: AddressPurpose,
        value: &str,
    ) -> Result<Vec<(Channel, Identity)>, StoreError> {
        let params = [
            Param::Name(purpose.as_str()),
            value.into(),
            some_id(value).into(),
        ];
        let owners = self.all(Query::new(BY_ADDRESS, params), |row| {
            found(row, &[Channel::Email, Channel::Sms], Channel::as_str)
        });
        Ok(owners.await?.into_iter().flatten().collect())
    }

    /// The identity of that external id.
    ///
    /// # Errors
    /// When the database can't answer.
    pub async fn identity_by_external_id(
        &self,
        external_id: &str,
    ) -> Result<Option<Identity>, StoreError> {
        self.first(Query::new(BY_EXTERNAL_ID, [external_id.into()]), identity)
            .await
    }
}

/// What the index of addresses holds of an identity.
fn indexed(identity: &Identity) -> impl Iterator<Item = (AddressPurpose, Channel, &str, Uuid)> {
    let verifiable = identity.verifiable_addresses.iter();
    let verifiable =
        verifiable.map(|a| (AddressPurpose::Verification, a.via, a.value.as_str(), a.id));
    let recovery = identity.recovery_addresses.iter();
    verifiable.chain(recovery.map(|a| (AddressPurpose::Recovery, a.via, a.value.as_str(), a.id)))
}

/// The columns of an identity that can change, from `$2` on.
fn changing(identity: &Identity) -> Vec<Param> {
    vec![
        identity.id.into(),
        identity.schema_id.as_str().into(),
        Param::Name(identity.state.as_str()),
        identity.state_changed_at.into(),
        (&identity.traits).into(),
        identity.metadata_public.as_ref().into(),
        identity.metadata_admin.as_ref().into(),
        identity.external_id.as_deref().into(),
        identity.organization_id.into(),
        Param::json(&identity.verifiable_addresses),
        Param::json(&identity.recovery_addresses),
        identity.updated_at.into(),
        identity.version.into(),
    ]
}

impl Batch {
    /// Adds an identity with its addresses and credentials.
    ///
    /// Fails with `Duplicate` when an address, an identifier or the external id is taken.
    pub fn insert_identity(&mut self, identity: &Identity, credentials: &Credentials) -> &mut Self {
        let mut params = changing(identity);
        params.push(identity.created_at.into());
        let sql = "INSERT INTO identities (id, schema_id, state, state_changed_at, traits, \
             metadata_public, metadata_admin, external_id, organization_id, verifiable_addresses, \
             recovery_addresses, updated_at, version, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
        self.push(Statement::new(sql, params).unique(Unique::ExternalId))
            .index_addresses(identity);
        for credential in credentials.iter() {
            self.set_credential(identity.id, credential);
        }
        self
    }

    /// Saves an identity, its addresses included, as version `identity.version + 1`. Credentials have verbs of their own.
    ///
    /// Fails with `Conflict(Identity)` unless the stored version is `identity.version`, with `Duplicate` when an address
    /// or the external id is taken.
    pub fn update_identity(&mut self, identity: &Identity) -> &mut Self {
        let unindex = "DELETE FROM identity_addresses WHERE identity_id = $1";
        self.update_row(identity)
            .push(Statement::new(unindex, [identity.id.into()]))
            .index_addresses(identity)
    }

    /// Saves an identity that was `before`, as [`Batch::update_identity`] does. Most changes leave the addresses as they are,
    /// and their index then is, too.
    pub fn change_identity(&mut self, before: &Identity, identity: &Identity) -> &mut Self {
        if indexed(before).eq(indexed(identity)) {
            self.update_row(identity)
        } else {
            self.update_identity(identity)
        }
    }

    fn update_row(&mut self, identity: &Identity) -> &mut Self {
        let sql = "UPDATE identities SET schema_id = $2, state = $3, state_changed_at = $4, \
             traits = $5, metadata_public = $6, metadata_admin = $7, external_id = $8, \
             organization_id = $9, verifiable_addresses = $10, recovery_addresses = $11, \
             updated_at = $12, version = version + 1 WHERE id = $1 AND version = $13";
        self.push(
            Statement::new(sql, changing(identity))
                .one(Entity::Identity)
                .unique(Unique::ExternalId),
        )
    }

    /// Makes sure that an identity is still as it was read, and that it stays so until this is written: what a proof rests on
    /// mustn't change while the proof is accepted.
    ///
    /// Fails with `Conflict(Identity)` when it was changed or removed in the meantime.
    pub fn expect_identity(&mut self, identity: &Identity) -> &mut Self {
        let sql = self.dialect().pick(
            "UPDATE identities SET version = version WHERE id = $1 AND version = $2",
            "SELECT 1 FROM identities WHERE id = $1 AND version = $2 FOR SHARE",
        );
        let params = [identity.id.into(), identity.version.into()];
        self.push(Statement::new(sql, params).one(Entity::Identity))
    }

    /// Looks at somebody and changes nothing: what is written about nobody takes as long as what refers to somebody, whom
    /// the database looks up then.
    pub fn look_at_somebody(&mut self, instead_of: &str) -> &mut Self {
        let sql = concat!(
            "UPDATE identities SET version = version WHERE version < 0 AND id = ",
            somebody!("$1")
        );
        self.push(Statement::new(sql, [some_id(instead_of).into()]))
    }

    /// Removes an identity and all that belongs to it: credentials, sessions, flows, codes.
    ///
    /// Fails with `Conflict(Identity)` when there is none.
    pub fn delete_identity(&mut self, id: Uuid) -> &mut Self {
        if !self.dialect().cascades() {
            for sql in BELONGINGS {
                self.push(Statement::new(sql, [id.into()]));
            }
        }
        let sql = "DELETE FROM identities WHERE id = $1";
        self.push(Statement::new(sql, [id.into()]).one(Entity::Identity))
    }

    fn index_addresses(&mut self, identity: &Identity) -> &mut Self {
        for address in &identity.verifiable_addresses {
            let key = (address.via, address.value.as_str(), address.id);
            self.index_address(AddressPurpose::Verification, key, identity.id);
        }
        for address in &identity.recovery_addresses {
            let key = (address.via, address.value.as_str(), address.id);
            self.index_address(AddressPurpose::Recovery, key, identity.id);
        }
        self
    }

    fn index_address(
        &mut self,
        purpose: AddressPurpose,
        (via, value, id): (Channel, &str, Uuid),
        identity_id: Uuid,
    ) {
        let sql = "INSERT INTO identity_addresses (purpose, value, via, address_id, identity_id) \
             VALUES ($1, $2, $3, $4, $5)";
        let params = [
            Param::Name(purpose.as_str()),
            value.into(),
            Param::Name(via.as_str()),
            id.into(),
            identity_id.into(),
        ];
        self.push(Statement::new(sql, params).unique(Unique::Address(purpose)));
    }
}
