//! Removes what has expired, in small steps that leave room for others.

use ipse_model::Timestamp;

use crate::driver::Statement;
use crate::{Store, StoreError};

/// What to remove.
#[derive(Clone, Copy, Debug)]
pub struct Cleaning {
    /// Flows, codes, paused submissions, exchanges, counters that expired before this.
    pub expired_before: Timestamp,
    /// Sessions that expired before this.
    pub sessions_expired_before: Timestamp,
    /// Errors made before this.
    pub errors_created_before: Timestamp,
    /// So many rows are removed at a time.
    pub batch_size: u32,
}

/// How many rows were removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Flows.
    pub flows: u64,
    /// Sessions.
    pub sessions: u64,
    /// One-time codes and link tokens.
    pub codes: u64,
    /// Paused submissions.
    pub paused: u64,
    /// Token exchanges.
    pub exchanges: u64,
    /// Errors of self-service flows.
    pub errors: u64,
    /// Counters and marks of single use.
    pub limits: u64,
}

/// The two texts that remove some expired rows. With several nodes on PostgreSQL, each skips what another is at.
macro_rules! expired {
    ($table:literal, $key:literal, $time:literal) => {
        (
            concat!(
                "DELETE FROM ",
                $table,
                " WHERE ",
                $key,
                " IN (SELECT ",
                $key,
                " FROM ",
                $table,
                " WHERE ",
                $time,
                " < $1 ORDER BY ",
                $time,
                " LIMIT $2)"
            ),
            concat!(
                "DELETE FROM ",
                $table,
                " WHERE ",
                $key,
                " IN (SELECT ",
                $key,
                " FROM ",
                $table,
                " WHERE ",
                $time,
                " < $1 ORDER BY ",
                $time,
                " LIMIT $2 FOR UPDATE SKIP LOCKED)"
            ),
        )
    };
}

impl Store {
    /// Removes what has expired. Any number of nodes may do so at the same time.
    ///
    /// # Errors
    /// When the database can't be written to; what was removed until then stays removed.
    pub async fn clean_expired(&self, cleaning: &Cleaning) -> Result<Cleaned, StoreError> {
        let size = cleaning.batch_size;
        let expired = cleaning.expired_before;
        // What a process has left that was ended before it could remove it.
        while self.clean_decoys(expired, size.max(1)).await? >= u64::from(size.max(1)) {}
        let sessions = cleaning.sessions_expired_before;
        let errors = cleaning.errors_created_before;
        Ok(Cleaned {
            flows: self
                .clean(expired!("flows", "id", "expires_at"), expired, size)
                .await?,
            sessions: self
                .clean(expired!("sessions", "id", "expires_at"), sessions, size)
                .await?,
            codes: self
                .clean(expired!("flow_codes", "id", "expires_at"), expired, size)
                .await?,
            paused: self
                .clean(expired!("continuity", "id", "expires_at"), expired, size)
                .await?,
            exchanges: self
                .clean(
                    expired!("token_exchanges", "id", "expires_at"),
                    expired,
                    size,
                )
                .await?,
            errors: self
                .clean(expired!("flow_errors", "id", "created_at"), errors, size)
                .await?,
            limits: self
                .clean(expired!("attempts", "key", "window_ends_at"), expired, size)
                .await?
                + self
                    .clean(expired!("single_use", "key", "expires_at"), expired, size)
                    .await?,
        })
    }

    async fn clean(
        &self,
        (sqlite, postgres): (&'static str, &'static str),
        before: Timestamp,
        batch_size: u32,
    ) -> Result<u64, StoreError> {
        let sql = self.driver.dialect().pick(sqlite, postgres);
        let batch_size = batch_size.max(1);
        let mut removed = 0;
        loop {
            let params = [before.into(), batch_size.into()];
            let affected = self.write_one(Statement::new(sql, params)).await?.affected;
            removed += affected;
            if affected < u64::from(batch_size) {
                return Ok(removed);
            }
        }
    }
}
