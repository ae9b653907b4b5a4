//! Credentials: what an identity signs in with, and the index that leads from an identifier to it.

use ipse_model::{Credential, Credentials, CredentialsType, Uuid};

use crate::driver::{Param, Query, Row, Statement};
use crate::{Batch, Entity, Store, StoreError, Unique};

/// The columns that [`credential`] reads, of `credentials c`.
macro_rules! credential_columns {
    () => {
        "c.type, c.identifiers, c.config, c.version, c.created_at, c.updated_at"
    };
}
pub(crate) use credential_columns;

pub(crate) fn credential(row: &mut Row) -> Result<Credential, StoreError> {
    Ok(Credential {
        kind: row.variant(&CredentialsType::ALL, CredentialsType::as_str)?,
        identifiers: row.parsed()?,
        config: row.json()?,
        version: row.int()?,
        created_at: row.time()?,
        updated_at: row.time()?,
    })
}

pub(crate) fn credentials(rows: Vec<Row>) -> Result<Credentials, StoreError> {
    rows.into_iter()
        .map(|mut row| credential(&mut row))
        .collect()
}

pub(crate) const CREDENTIALS_OF: &str = concat!(
    "SELECT ",
    credential_columns!(),
    " FROM credentials c WHERE c.identity_id = $1"
);
const UNINDEX_IDENTIFIERS: &str =
    "DELETE FROM credential_identifiers WHERE identity_id = $1 AND type = $2";

impl Store {
    /// All credentials of an identity.
    ///
    /// # Errors
    /// When the database can't answer.
    pub async fn credentials(&self, identity_id: Uuid) -> Result<Credentials, StoreError> {
        credentials(
            self.rows(Query::new(CREDENTIALS_OF, [identity_id.into()]))
                .await?,
        )
    }

    /// The credentials of several identities, in the order of the ids, in one hop.
    ///
    /// # Errors
    /// When the database can't answer.
    pub async fn credentials_of(&self, ids: &[Uuid]) -> Result<Vec<Credentials>, StoreError> {
        let queries = ids
            .iter()
            .map(|id| Query::new(CREDENTIALS_OF, [(*id).into()]))
            .collect();
        let answers = self.driver.read(queries).await?;
        answers.into_iter().map(credentials).collect()
    }
}

impl Batch {
    /// Saves one credential of an identity, in place of the one of the same type.
    ///
    /// Fails with `Duplicate(Identifier)` when another identity has one of the identifiers. Two callers that change the
    /// same credential at the same time are kept apart by saving the identity in the same batch, or by
    /// [`Batch::replace_credential`].
    pub fn set_credential(&mut self, identity_id: Uuid, credential: &Credential) -> &mut Self {
        let sql = "INSERT INTO credentials \
             (identity_id, type, identifiers, config, version, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (identity_id, type) DO UPDATE SET \
             identifiers = excluded.identifiers, config = excluded.config, \
             version = excluded.version, updated_at = excluded.updated_at";
        let params = [
            identity_id.into(),
            Param::Name(credential.kind.as_str()),
            Param::json(&credential.identifiers),
            (&credential.config).into(),
            credential.version.into(),
            credential.created_at.into(),
            credential.updated_at.into(),
        ];
        self.push(Statement::new(sql, params))
            .index_identifiers(identity_id, credential)
    }

    /// Saves one credential of an identity whose configuration is still as in `old`.
    ///
    /// Fails with `Conflict(Credential)` when it isn't; this is how something inside a credential is used only once.
    pub fn replace_credential(
        &mut self,
        identity_id: Uuid,
        old: &Credential,
        new: &Credential,
    ) -> &mut Self {
        let sql = "UPDATE credentials SET config = $4, version = $5, updated_at = $6 \
             WHERE identity_id = $1 AND type = $2 AND config = $3";
        let key = || [identity_id.into(), Param::Name(old.kind.as_str())];
        let [id, kind] = key();
        let params = [
            id,
            kind,
            (&old.config).into(),
            (&new.config).into(),
            new.version.into(),
            new.updated_at.into(),
        ];
        self.push(Statement::new(sql, params).one(Entity::Credential));
        // Identifiers that the caller leaves alone may have been changed by somebody else.
        if old.identifiers == new.identifiers {
            return self;
        }
        let sql = "UPDATE credentials SET identifiers = $3 WHERE identity_id = $1 AND type = $2";
        let [id, kind] = key();
        self.push(Statement::new(
            sql,
            [id, kind, Param::json(&new.identifiers)],
        ))
        .index_identifiers(identity_id, new)
    }

    /// Removes the credential of that type, if there is one.
    pub fn remove_credential(&mut self, identity_id: Uuid, kind: CredentialsType) -> &mut Self {
        let key = || [identity_id.into(), Param::Name(kind.as_str())];
        let sql = "DELETE FROM credentials WHERE identity_id = $1 AND type = $2";
        self.push(Statement::new(sql, key()))
            .push(Statement::new(UNINDEX_IDENTIFIERS, key()))
    }

    /// Saves these credentials and removes those of other types.
    pub fn set_credentials(&mut self, identity_id: Uuid, credentials: &Credentials) -> &mut Self {
        for kind in CredentialsType::ALL {
            match credentials.get(kind) {
                Some(credential) => self.set_credential(identity_id, credential),
                None => self.remove_credential(identity_id, kind),
            };
        }
        self
    }

    fn index_identifiers(&mut self, identity_id: Uuid, credential: &Credential) -> &mut Self {
        let kind = Param::Name(credential.kind.as_str());
        let key = [identity_id.into(), kind.clone()];
        self.push(Statement::new(UNINDEX_IDENTIFIERS, key));
        let sql = "INSERT INTO credential_identifiers (identifier, type, identity_id) \
             VALUES ($1, $2, $3)";
        for identifier in &credential.identifiers {
            let params = [identifier.as_str().into(), kind.clone(), identity_id.into()];
            self.push(Statement::new(sql, params).unique(Unique::Identifier(credential.kind)));
        }
        self
    }
}
