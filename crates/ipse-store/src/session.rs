//! Sessions: who somebody is, asked on nearly every request, and the life of a session from issue to revocation.

use ipse_model::{Aal, Credentials, FlowRecord, Identity, Session, Uuid};

use crate::credential::{credential_columns, credentials};
use crate::driver::{Param, Query, Row, Statement};
use crate::flow::{self, flow};
use crate::identity::{identity, identity_columns};
use crate::store::first;
use crate::{Batch, Entity, Store, StoreError, Unique};

/// The SHA-256 of a session token. The token itself never gets here.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl std::fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

/// A session with its identity. Whether it still counts is for the caller to say: it may be revoked or expired.
#[derive(Clone, Debug, PartialEq)]
pub struct Authenticated {
    /// The session.
    pub session: Session,
    /// Whose it is.
    pub identity: Identity,
}

/// What a submission to a flow needs, read in one hop.
#[derive(Clone, Debug, PartialEq)]
pub struct AuthenticatedForFlow {
    /// The session of the token, if any.
    pub authenticated: Option<Authenticated>,
    /// The credentials of the session's identity; empty without a session.
    pub credentials: Credentials,
    /// The flow, if it exists.
    pub flow: Option<FlowRecord>,
}

/// The columns that [`session`] reads, of `sessions s`.
macro_rules! session_columns {
    () => {
        "s.id, s.identity_id, s.active, s.issued_at, s.expires_at, s.authenticated_at, s.aal, \
         s.authentication_methods, s.devices"
    };
}
pub(crate) use session_columns;

pub(crate) fn session(row: &mut Row) -> Result<Session, StoreError> {
    Ok(Session {
        id: row.uuid()?,
        identity_id: row.uuid()?,
        active: row.bool()?,
        issued_at: row.time()?,
        expires_at: row.time()?,
        authenticated_at: row.time()?,
        aal: row.variant(&[Aal::Aal0, Aal::Aal1, Aal::Aal2], Aal::as_str)?,
        authentication_methods: row.parsed()?,
        devices: row.parsed()?,
    })
}

pub(crate) fn authenticated(row: &mut Row) -> Result<Authenticated, StoreError> {
    Ok(Authenticated {
        session: session(row)?,
        identity: identity(row)?,
    })
}

const BY_TOKEN: &str = concat!(
    "SELECT ",
    session_columns!(),
    ", ",
    identity_columns!(),
    " FROM sessions s JOIN identities i ON i.id = s.identity_id WHERE s.token_hash = $1"
);
const BY_ID: &str = concat!(
    "SELECT ",
    session_columns!(),
    ", ",
    identity_columns!(),
    " FROM sessions s JOIN identities i ON i.id = s.identity_id WHERE s.id = $1"
);
const CREDENTIALS_BY_TOKEN: &str = concat!(
    "SELECT ",
    credential_columns!(),
    " FROM sessions s JOIN credentials c ON c.identity_id = s.identity_id WHERE s.token_hash = $1"
);

impl Store {
    /// The session of a token and its identity.
    ///
    /// # Errors
    /// When the database can't answer.
    pub async fn authenticate(
        &self,
        token: &TokenHash,
    ) -> Result<Option<Authenticated>, StoreError> {
        self.first(Query::new(BY_TOKEN, [token.0.into()]), authenticated)
            .await
    }

    /// The same with all credentials of the identity.
    ///
    /// # Errors
    /// When the database can't answer.
    pub async fn authenticate_with_credentials(
        &self,
        token: &TokenHash,
    ) -> Result<Option<(Authenticated, Credentials)>, StoreError> {
        let queries = [BY_TOKEN, CREDENTIALS_BY_TOKEN].map(|sql| Query::new(sql, [token.0.into()]));
        let [sessions, found] = self.together(queries).await?;
        let Some(authenticated) = first(sessions, authenticated)? else {
            return Ok(None);
        };
        Ok(Some((authenticated, credentials(found)?)))
    }

    /// The session of a token, its identity with all credentials, and a flow.
    ///
    /// # Errors
    /// When the database can't answer.
    pub async fn authenticate_for_flow(
        &self,
        token: &TokenHash,
        flow_id: Uuid,
    ) -> Result<AuthenticatedForFlow, StoreError> {
        let queries = [
            Query::new(BY_TOKEN, [token.0.into()]),
            Query::new(CREDENTIALS_BY_TOKEN, [token.0.into()]),
            Query::new(flow::BY_ID, [flow_id.into()]),
        ];
        let [sessions, found, flows] = self.together(queries).await?;
        Ok(AuthenticatedForFlow {
            authenticated: first(sessions, authenticated)?,
            credentials: credentials(found)?,
            flow: first(flows, flow)?,
        })
    }

    /// The session of that id and its identity.
    ///
    /// # Errors
    /// When the database can't answer.
    pub async fn session(&self, id: Uuid) -> Result<Option<Authenticated>, StoreError> {
        self.first(Query::new(BY_ID, [id.into()]), authenticated)
            .await
    }

    /// Ends a session, if there is one that counts; says whether there was.
    ///
    /// # Errors
    /// When the database can't be written to.
    pub async fn revoke_session(&self, id: Uuid) -> Result<bool, StoreError> {
        let written = self.write_one(Statement::new(REVOKE, [id.into()])).await?;
        Ok(written.affected > 0)
    }

    /// Ends the session `id` of an identity; says whether it has such a session that counts.
    ///
    /// # Errors
    /// When the database can't be written to.
    pub async fn revoke_session_of(&self, identity_id: Uuid, id: Uuid) -> Result<bool, StoreError> {
        let sql = "UPDATE sessions SET active = FALSE \
             WHERE id = $1 AND identity_id = $2 AND active = TRUE";
        let written = self
            .write_one(Statement::new(sql, [id.into(), identity_id.into()]))
            .await?;
        Ok(written.affected > 0)
    }

    /// Ends the session of a token; says whether there was one that counts.
    ///
    /// # Errors
    /// When the database can't be written to.
    pub async fn revoke_token(&self, token: &TokenHash) -> Result<bool, StoreError> {
        let sql = "UPDATE sessions SET active = FALSE WHERE token_hash = $1 AND active = TRUE";
        let written = self
            .write_one(Statement::new(sql, [token.0.into()]))
            .await?;
        Ok(written.affected > 0)
    }

    /// Ends all sessions of an identity but `keep`; says how many that was.
    ///
    /// # Errors
    /// When the database can't be written to.
    pub async fn revoke_sessions_except(
        &self,
        identity_id: Uuid,
        keep: Option<Uuid>,
    ) -> Result<u64, StoreError> {
        let written = self.write_one(revoke_except(identity_id, keep)).await?;
        Ok(written.affected)
    }

    /// Removes all sessions of an identity, past ones too; says how many that was.
    ///
    /// # Errors
    /// When the database can't be written to.
    pub async fn delete_sessions_of(&self, identity_id: Uuid) -> Result<u64, StoreError> {
        let sql = "DELETE FROM sessions WHERE identity_id = $1";
        let written = self
            .write_one(Statement::new(sql, [identity_id.into()]))
            .await?;
        Ok(written.affected)
    }
}

const REVOKE: &str = "UPDATE sessions SET active = FALSE WHERE id = $1 AND active = TRUE";

fn revoke_except(identity_id: Uuid, keep: Option<Uuid>) -> Statement {
    let sql = "UPDATE sessions SET active = FALSE \
         WHERE identity_id = $1 AND id <> $2 AND active = TRUE";
    // No session has the nil id.
    Statement::new(
        sql,
        [identity_id.into(), keep.unwrap_or(Uuid::nil()).into()],
    )
}

impl Batch {
    /// Adds a session that is found by `token`.
    ///
    /// Fails with `Conflict(Identity)` when its identity is gone.
    pub fn insert_session(&mut self, session: &Session, token: &TokenHash) -> &mut Self {
        let sql = "INSERT INTO sessions (id, expires_at, authenticated_at, aal, \
             authentication_methods, devices, identity_id, token_hash, active, issued_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let mut params = changing(session);
        params.extend([
            session.identity_id.into(),
            token.0.into(),
            session.active.into(),
            session.issued_at.into(),
        ]);
        self.push(Statement::new(sql, params).unique(Unique::Token))
    }

    /// Saves the expiry, proofs and devices of a session.
    ///
    /// Fails with `Conflict(Session)` when it was revoked in the meantime: nothing brings a session back.
    pub fn update_session(&mut self, session: &Session) -> &mut Self {
        let sql = "UPDATE sessions SET expires_at = $2, authenticated_at = $3, aal = $4, \
             authentication_methods = $5, devices = $6 WHERE id = $1 AND active = TRUE";
        self.push(Statement::new(sql, changing(session)).one(Entity::Session))
    }

    /// Carries the batch out only as long as a session is active.
    ///
    /// Fails with `Conflict(Session)` when it was revoked.
    pub fn expect_session(&mut self, id: Uuid) -> &mut Self {
        let sql = "UPDATE sessions SET active = TRUE WHERE id = $1 AND active = TRUE";
        self.push(Statement::new(sql, [id.into()]).one(Entity::Session))
    }

    /// Ends a session, if it counts.
    pub fn revoke_session(&mut self, id: Uuid) -> &mut Self {
        self.push(Statement::new(REVOKE, [id.into()]))
    }

    /// Ends all sessions of an identity but `keep`.
    pub fn revoke_sessions_except(&mut self, identity_id: Uuid, keep: Option<Uuid>) -> &mut Self {
        self.push(revoke_except(identity_id, keep))
    }
}

/// The id and, from `$2` on, the columns that can change.
fn changing(session: &Session) -> Vec<Param> {
    vec![
        session.id.into(),
        session.expires_at.into(),
        session.authenticated_at.into(),
        Param::Name(session.aal.as_str()),
        Param::json(&session.authentication_methods),
        Param::json(&session.devices),
    ]
}
