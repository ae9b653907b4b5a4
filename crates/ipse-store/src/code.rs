//! One-time codes and link tokens, found by their flow or their hash, and used once.

use ipse_model::{Channel, Timestamp, Uuid};

use crate::driver::{Param, Query, Row, Statement};
use crate::{Allowance, Batch, Entity, Store, StoreError};

/// What a code is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodePurpose {
    /// Signing in.
    Login,
    /// Signing up.
    Registration,
    /// Getting back in.
    Recovery,
    /// Proving an address.
    Verification,
}

impl CodePurpose {
    const ALL: [Self; 4] = [
        Self::Login,
        Self::Registration,
        Self::Recovery,
        Self::Verification,
    ];

    /// The name in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Registration => "registration",
            Self::Recovery => "recovery",
            Self::Verification => "verification",
        }
    }
}

/// A code or link token that was sent to an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneTimeCode {
    /// Its id.
    pub id: Uuid,
    /// The flow it belongs to.
    pub flow_id: Uuid,
    /// What it is good for.
    pub purpose: CodePurpose,
    /// The hash of the code; how it is made is the caller's business.
    pub code_hash: [u8; 32],
    /// The channel it was sent through.
    pub via: Channel,
    /// The address it was sent to; empty when an admin made it.
    pub address: String,
    /// Whose address that is, if anybody's.
    pub identity_id: Option<Uuid>,
    /// When it was used.
    pub used_at: Option<Timestamp>,
    /// When it was made.
    pub issued_at: Timestamp,
    /// When it stops being good.
    pub expires_at: Timestamp,
}

fn code(row: &mut Row) -> Result<OneTimeCode, StoreError> {
    Ok(OneTimeCode {
        id: row.uuid()?,
        flow_id: row.uuid()?,
        purpose: row.variant(&CodePurpose::ALL, CodePurpose::as_str)?,
        code_hash: row.hash()?,
        via: row.variant(&[Channel::Email, Channel::Sms], Channel::as_str)?,
        address: row.text()?,
        identity_id: row.uuid_or_null()?,
        used_at: row.time_or_null()?,
        issued_at: row.time()?,
        expires_at: row.time()?,
    })
}

macro_rules! columns {
    () => {
        "id, flow_id, purpose, code_hash, via, address, identity_id, used_at, issued_at, expires_at"
    };
}

impl Store {
    /// Every code sent for a flow, newest first, the used ones too.
    ///
    /// # Errors
    /// When the database can't answer.
    pub async fn codes_of_flow(&self, flow_id: Uuid) -> Result<Vec<OneTimeCode>, StoreError> {
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM flow_codes WHERE flow_id = $1 ORDER BY issued_at DESC, id DESC"
        );
        self.all(Query::new(sql, [flow_id.into()]), code).await
    }

    /// The link token of that hash and purpose. (Short codes aren't unique; look for those of a flow.)
    ///
    /// # Errors
    /// When the database can't answer.
    pub async fn code_by_hash(
        &self,
        purpose: CodePurpose,
        hash: [u8; 32],
    ) -> Result<Option<OneTimeCode>, StoreError> {
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM flow_codes WHERE code_hash = $1 AND purpose = $2 ORDER BY issued_at DESC, id DESC LIMIT 1"
        );
        let params = [hash.into(), Param::Name(purpose.as_str())];
        self.first(Query::new(sql, params), code).await
    }
}

impl Batch {
    /// Adds a code.
    ///
    /// Fails with `Conflict(Identity)` when its identity is gone.
    pub fn insert_code(&mut self, code: &OneTimeCode) -> &mut Self {
        let sql = concat!(
            "INSERT INTO flow_codes (",
            columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        );
        let params = [
            code.id.into(),
            code.flow_id.into(),
            Param::Name(code.purpose.as_str()),
            code.code_hash.into(),
            Param::Name(code.via.as_str()),
            code.address.as_str().into(),
            code.identity_id.into(),
            code.used_at.into(),
            code.issued_at.into(),
            code.expires_at.into(),
        ];
        self.push(Statement::new(sql, params))
    }

    /// Uses a code together with what it leads to.
    ///
    /// Fails with `Conflict(Code)` when it was used or removed already.
    pub fn use_code(&mut self, id: Uuid, now: Timestamp) -> &mut Self {
        let sql = "UPDATE flow_codes SET used_at = $2 WHERE id = $1 AND used_at IS NULL";
        self.push(Statement::new(sql, [id.into(), now.into()]).one(Entity::Code))
    }

    /// Removes the unused codes of a flow: a new one takes their place. They stay when the address has had its share of
    /// messages, so that the new one isn't on its way; it has to be counted before.
    pub fn replace_unused_codes(&mut self, flow_id: Uuid, allowance: &Allowance) -> &mut Self {
        let sql = "DELETE FROM flow_codes WHERE flow_id = $1 AND used_at IS NULL \
             AND (SELECT attempts.count FROM attempts WHERE key = $2) <= $3";
        let params = [
            flow_id.into(),
            allowance.key.0.into(),
            allowance.messages.into(),
        ];
        self.push(Statement::new(sql, params))
    }
}
