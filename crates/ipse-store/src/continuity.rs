//! Submissions that wait while somebody proves again who they are. Each is resumed once at most.

use ipse_model::{Timestamp, Uuid};

use crate::driver::{Query, Row, Statement};
use crate::{Batch, Entity, Store, StoreError};

/// A submission on hold. What was submitted is sealed by the caller: it may hold a new password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PausedSubmission {
    /// Its id, which the browser's cookie names.
    pub id: Uuid,
    /// What it belongs to, such as `settings.password`.
    pub name: String,
    /// Whose it is.
    pub identity_id: Option<Uuid>,
    /// The sealed submission.
    pub sealed: Vec<u8>,
    /// When it can't be resumed any more.
    pub expires_at: Timestamp,
}

fn paused(row: &mut Row) -> Result<PausedSubmission, StoreError> {
    Ok(PausedSubmission {
        id: row.uuid()?,
        name: row.text()?,
        identity_id: row.uuid_or_null()?,
        sealed: row.bytes()?,
        expires_at: row.time()?,
    })
}

impl Store {
    /// Looks at a paused submission and leaves it there.
    ///
    /// # Errors
    /// When the database can't answer.
    pub async fn paused(&self, id: Uuid) -> Result<Option<PausedSubmission>, StoreError> {
        let sql = "SELECT id, name, identity_id, sealed, expires_at FROM continuity WHERE id = $1";
        self.first(Query::new(sql, [id.into()]), paused).await
    }

    /// Takes a paused submission out: of several callers, one gets it.
    ///
    /// # Errors
    /// When the database can't be written to.
    pub async fn take_paused(&self, id: Uuid) -> Result<Option<PausedSubmission>, StoreError> {
        let sql = "DELETE FROM continuity WHERE id = $1 \
             RETURNING id, name, identity_id, sealed, expires_at";
        let written = self.write_one(Statement::new(sql, [id.into()])).await?;
        crate::store::first(written.rows, paused)
    }
}

impl Batch {
    /// Puts a submission on hold.
    pub fn pause(&mut self, submission: &PausedSubmission) -> &mut Self {
        let sql = "INSERT INTO continuity (id, name, identity_id, sealed, expires_at) \
             VALUES ($1, $2, $3, $4, $5)";
        let params = [
            submission.id.into(),
            submission.name.as_str().into(),
            submission.identity_id.into(),
            submission.sealed.as_slice().into(),
            submission.expires_at.into(),
        ];
        self.push(Statement::new(sql, params))
    }

    /// Removes everything of that name that an identity has on hold.
    pub fn forget_paused(&mut self, identity_id: Uuid, name: &str) -> &mut Self {
        let sql = "DELETE FROM continuity WHERE identity_id = $1 AND name = $2";
        self.push(Statement::new(sql, [identity_id.into(), name.into()]))
    }

    /// Uses up a paused submission together with what it leads to.
    ///
    /// Fails with `Conflict(Continuity)` when it was used already.
    pub fn take_paused(&mut self, id: Uuid) -> &mut Self {
        let sql = "DELETE FROM continuity WHERE id = $1";
        self.push(Statement::new(sql, [id.into()]).one(Entity::Continuity))
    }
}
