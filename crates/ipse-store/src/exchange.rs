//! Token exchanges: a native client that sent its user through a browser fetches the session token with two codes, one
//! it had from the beginning and one that came back with the browser.

use ipse_model::{Timestamp, Uuid};

use crate::driver::{Query, Row, Statement};
use crate::{Batch, Entity, Store, StoreError, Unique};

/// A token exchange. Both codes are kept as hashes; the session token is sealed by the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenExchange {
    /// Its id.
    pub id: Uuid,
    /// The hash of the code the client got at the beginning.
    pub init_code_hash: [u8; 32],
    /// The hash of the code that comes back through the browser.
    pub return_to_code_hash: [u8; 32],
    /// The session, once signed in.
    pub session_id: Option<Uuid>,
    /// Its token, sealed.
    pub sealed_token: Option<Vec<u8>>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it can't be used any more.
    pub expires_at: Timestamp,
}

macro_rules! columns {
    () => {
        "id, init_code_hash, return_to_code_hash, session_id, sealed_token, created_at, expires_at"
    };
}

fn exchange(row: &mut Row) -> Result<TokenExchange, StoreError> {
    Ok(TokenExchange {
        id: row.uuid()?,
        init_code_hash: row.hash()?,
        return_to_code_hash: row.hash()?,
        session_id: row.uuid_or_null()?,
        sealed_token: row.bytes_or_null()?,
        created_at: row.time()?,
        expires_at: row.time()?,
    })
}

impl Store {
    /// Takes out the exchange that these two codes belong to, once its session is there: of several callers, one gets it.
    ///
    /// # Errors
    /// When the database can't be written to.
    pub async fn take_exchange(
        &self,
        init_code_hash: [u8; 32],
        return_to_code_hash: [u8; 32],
    ) -> Result<Option<TokenExchange>, StoreError> {
        let sql = concat!(
            "DELETE FROM token_exchanges WHERE init_code_hash = $1 AND return_to_code_hash = $2 \
             AND session_id IS NOT NULL RETURNING ",
            columns!()
        );
        let params = [init_code_hash.into(), return_to_code_hash.into()];
        let written = self.write_one(Statement::new(sql, params)).await?;
        crate::store::first(written.rows, exchange)
    }

    /// The exchange of that id.
    ///
    /// # Errors
    /// When the database can't answer.
    pub async fn exchange(&self, id: Uuid) -> Result<Option<TokenExchange>, StoreError> {
        let sql = concat!("SELECT ", columns!(), " FROM token_exchanges WHERE id = $1");
        self.first(Query::new(sql, [id.into()]), exchange).await
    }
}

impl Batch {
    /// Begins an exchange.
    pub fn insert_exchange(&mut self, exchange: &TokenExchange) -> &mut Self {
        let sql = concat!(
            "INSERT INTO token_exchanges (",
            columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7)"
        );
        let params = [
            exchange.id.into(),
            exchange.init_code_hash.into(),
            exchange.return_to_code_hash.into(),
            exchange.session_id.into(),
            exchange.sealed_token.as_deref().into(),
            exchange.created_at.into(),
            exchange.expires_at.into(),
        ];
        self.push(Statement::new(sql, params).unique(Unique::Token))
    }

    /// Puts a session and its sealed token into an exchange.
    ///
    /// Fails with `Conflict(Exchange)` when it is gone or has a session already.
    pub fn complete_exchange(
        &mut self,
        id: Uuid,
        session_id: Uuid,
        sealed_token: &[u8],
    ) -> &mut Self {
        let sql = "UPDATE token_exchanges SET session_id = $2, sealed_token = $3 \
             WHERE id = $1 AND session_id IS NULL";
        let params = [id.into(), session_id.into(), sealed_token.into()];
        self.push(Statement::new(sql, params).one(Entity::Exchange))
    }
}
