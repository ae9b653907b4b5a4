//! Counters for limits, and things that count only once.

use ipse_model::Timestamp;

use crate::driver::{Row, Statement, Written};
use crate::{Batch, Store, StoreError, Unique};

/// The hash of what is limited: an address, a flow, an identity with a TOTP step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyHash(pub [u8; 32]);

impl Store {
    /// Counts one more attempt and says how many there were in the current window, this one included. When no window is
    /// open at `now`, one begins that ends at `window_ends_at`.
    ///
    /// Counting comes before trying: however many try at the same time, each gets a number of its own.
    ///
    /// # Errors
    /// When the database can't be written to.
    pub async fn count_attempt(
        &self,
        key: KeyHash,
        now: Timestamp,
        window_ends_at: Timestamp,
    ) -> Result<u64, StoreError> {
        let written = self.write_one(counting(key, now, window_ends_at)).await?;
        counted(written)
    }

    /// As [`Self::count_attempt`], for several keys at once.
    ///
    /// # Errors
    /// When the database can't be written to; nothing was counted then.
    pub async fn count_attempts<const N: usize>(
        &self,
        windows: [(KeyHash, Timestamp); N],
        now: Timestamp,
    ) -> Result<[u64; N], StoreError> {
        let mut batch = self.batch();
        for (key, window_ends_at) in windows {
            batch.count(key, now, window_ends_at);
        }
        let mut counts = [1; N];
        for (count, written) in counts.iter_mut().zip(batch.run().await?) {
            *count = counted(written)?;
        }
        Ok(counts)
    }
}

/// Counts one more. When no window is open at `now`, one begins that ends at `window_ends_at`.
fn counting(key: KeyHash, now: Timestamp, window_ends_at: Timestamp) -> Statement {
    let sql = "INSERT INTO attempts (key, count, window_ends_at) VALUES ($1, 1, $3) \
         ON CONFLICT (key) DO UPDATE SET \
         count = CASE WHEN attempts.window_ends_at > $2 THEN attempts.count + 1 ELSE 1 END, \
         window_ends_at = CASE WHEN attempts.window_ends_at > $2 \
         THEN attempts.window_ends_at ELSE excluded.window_ends_at END RETURNING count";
    Statement::new(sql, [key.0.into(), now.into(), window_ends_at.into()])
}

fn counted(written: Written) -> Result<u64, StoreError> {
    let count = crate::store::first(written.rows, Row::int)?.unwrap_or(1);
    Ok(u64::try_from(count).unwrap_or(1))
}

impl Batch {
    /// Counts one more, together with what is written otherwise.
    pub(crate) fn count(
        &mut self,
        key: KeyHash,
        now: Timestamp,
        window_ends_at: Timestamp,
    ) -> &mut Self {
        self.push(counting(key, now, window_ends_at))
    }

    /// Forgets the attempts of a key, after a success.
    pub fn reset_attempts(&mut self, key: KeyHash) -> &mut Self {
        let sql = "DELETE FROM attempts WHERE key = $1";
        self.push(Statement::new(sql, [key.0.into()]))
    }

    /// Marks something as used, to be remembered until `expires_at`.
    ///
    /// Fails with `Duplicate(SingleUse)` when it was used already.
    pub fn use_once(&mut self, key: KeyHash, expires_at: Timestamp) -> &mut Self {
        let sql = "INSERT INTO single_use (key, expires_at) VALUES ($1, $2)";
        let params = [key.0.into(), expires_at.into()];
        self.push(Statement::new(sql, params).unique(Unique::SingleUse))
    }
}
