//! Lists of sessions: those of one identity, and all of them for an admin.

use ipse_model::{Session, Timestamp, Uuid};

use crate::driver::{Param, Query};
use crate::identity::identity_columns;
use crate::session::{authenticated, session, session_columns};
use crate::store::{all, count};
use crate::{Authenticated, Page, Store, StoreError};

/// Which sessions to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionFilter {
    /// Only those that count (`true`), or only those that don't.
    pub active: Option<bool>,
    /// The time at which they count or not.
    pub now: Timestamp,
    /// One to leave out.
    pub except: Option<Uuid>,
}

impl SessionFilter {
    /// The values of `$1` to `$4` in the condition of `filtered!`.
    fn params(&self) -> Vec<Param> {
        vec![
            self.now.into(),
            self.active.unwrap_or(true).into(),
            self.active.is_none().into(),
            // No session has the nil id.
            self.except.unwrap_or(Uuid::nil()).into(),
        ]
    }
}

macro_rules! filtered {
    () => {
        "((s.active = TRUE AND s.expires_at > $1) = $2 OR $3 = TRUE) AND s.id <> $4"
    };
}

const OF_IDENTITY: &str = concat!(
    "SELECT ",
    session_columns!(),
    " FROM sessions s WHERE s.identity_id = $5 AND ",
    filtered!(),
    " ORDER BY s.issued_at DESC, s.id DESC LIMIT $6 OFFSET $7"
);
const COUNT_OF_IDENTITY: &str = concat!(
    "SELECT count(*) FROM sessions s WHERE s.identity_id = $5 AND ",
    filtered!()
);
const LIST: &str = concat!(
    "SELECT ",
    session_columns!(),
    ", ",
    identity_columns!(),
    " FROM sessions s JOIN identities i ON i.id = s.identity_id \
      WHERE (s.issued_at, s.id) < ($5, $6) AND ",
    filtered!(),
    " ORDER BY s.issued_at DESC, s.id DESC LIMIT $7"
);

/// A place in the list of all sessions: that of the last one on the page before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionCursor {
    /// When it was issued.
    pub issued_at: Timestamp,
    /// Its id.
    pub id: Uuid,
}

impl SessionCursor {
    /// The place of a session.
    #[must_use]
    pub fn of(session: &Session) -> Self {
        Self {
            issued_at: session.issued_at,
            id: session.id,
        }
    }
}

impl Store {
    /// The sessions of an identity on the page of that number (from 0), newest first, with the total.
    ///
    /// # Errors
    /// When the database can't answer.
    pub async fn sessions_of(
        &self,
        identity_id: Uuid,
        filter: &SessionFilter,
        (page, size): (u32, u32),
    ) -> Result<Page<Session>, StoreError> {
        let mut params = filter.params();
        params.push(identity_id.into());
        let total = Query::new(COUNT_OF_IDENTITY, params.clone());
        params.push((i64::from(size) + 1).into());
        params.push((i64::from(page) * i64::from(size)).into());
        let [rows, total] = self
            .together([Query::new(OF_IDENTITY, params), total])
            .await?;
        Ok(Page {
            total: Some(count(total)?),
            ..Page::cut(all(rows, session)?, size)
        })
    }

    /// So many sessions of all identities after that place in the list, newest first.
    ///
    /// # Errors
    /// When the database can't answer.
    pub async fn sessions(
        &self,
        filter: &SessionFilter,
        after: Option<SessionCursor>,
        size: u32,
    ) -> Result<Page<Authenticated>, StoreError> {
        let after = after.unwrap_or(SessionCursor {
            issued_at: Timestamp::MAX,
            id: Uuid::max(),
        });
        let mut params = filter.params();
        params.extend([
            after.issued_at.into(),
            after.id.into(),
            (i64::from(size) + 1).into(),
        ]);
        let rows = self.all(Query::new(LIST, params), authenticated).await?;
        Ok(Page::cut(rows, size))
    }
}
