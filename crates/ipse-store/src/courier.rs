//! The courier's queue: messages wait, are leased to a worker, and are settled by it. Every attempt leaves a dispatch.

use ipse_model::{CourierMessage, Json, MessageStatus, NOWHERE, Timestamp, Uuid};

use crate::driver::{Param, Query, Row, Statement};
use crate::store::{all, count, first};
use crate::{Batch, Entity, KeyHash, Page, Store, StoreError};

const STATUSES: [MessageStatus; 4] = [
    MessageStatus::Queued,
    MessageStatus::Sent,
    MessageStatus::Processing,
    MessageStatus::Abandoned,
];

/// How an attempt to deliver a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DispatchStatus {
    /// It was accepted.
    Success,
    /// It was not.
    Failed,
}

impl DispatchStatus {
    /// The name in JSON and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
        }
    }
}

/// One attempt to deliver a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Dispatch {
    /// Its id.
    pub id: Uuid,
    /// The message.
    pub message_id: Uuid,
    /// How it went.
    pub status: DispatchStatus,
    /// Why it failed.
    pub error: Option<Json>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Which messages to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageFilter {
    /// Only those that stand there.
    pub status: Option<MessageStatus>,
    /// Only those to this address, compared as it is.
    pub recipient: Option<String>,
}

/// A place in the list of messages: that of the last one on the page before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageCursor {
    /// When it was queued.
    pub created_at: Timestamp,
    /// Its id.
    pub id: Uuid,
}

impl MessageCursor {
    /// The place of a message.
    #[must_use]
    pub fn of(message: &CourierMessage) -> Self {
        Self {
            created_at: message.created_at,
            id: message.id,
        }
    }
}

/// A worker's claim on messages.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    /// The worker.
    pub owner: Uuid,
    /// The time it begins.
    pub now: Timestamp,
    /// When others may take the messages, should the worker have died.
    pub until: Timestamp,
    /// So many messages at most.
    pub limit: u32,
}

/// What became of a leased message.
#[derive(Clone, Copy, Debug)]
pub struct Settlement {
    /// The message.
    pub id: Uuid,
    /// The worker that holds the lease.
    pub owner: Uuid,
    /// Where it stands now.
    pub status: MessageStatus,
    /// Attempts so far.
    pub send_count: i64,
    /// When the next attempt is due, if it is queued again.
    pub next_attempt_at: Timestamp,
    /// The time.
    pub now: Timestamp,
}

macro_rules! columns {
    () => {
        "id, status, channel, recipient, subject, body, body_html, template_type, template_data, \
         send_count, next_attempt_at, created_at, updated_at"
    };
}

fn message(row: &mut Row) -> Result<CourierMessage, StoreError> {
    Ok(CourierMessage {
        id: row.uuid()?,
        status: row.variant(&STATUSES, MessageStatus::as_str)?,
        channel: row.text()?,
        recipient: row.text()?,
        subject: row.text()?,
        body: row.text()?,
        body_html: row.text_or_null()?,
        template_type: row.text()?,
        template_data: row.json()?,
        send_count: row.int()?,
        next_attempt_at: row.time()?,
        created_at: row.time()?,
        updated_at: row.time()?,
    })
}

fn dispatch(row: &mut Row) -> Result<Dispatch, StoreError> {
    Ok(Dispatch {
        id: row.uuid()?,
        message_id: row.uuid()?,
        status: row.variant(
            &[DispatchStatus::Success, DispatchStatus::Failed],
            DispatchStatus::as_str,
        )?,
        error: row.json_or_null()?,
        created_at: row.time()?,
    })
}

/// The values of [`columns`], from `$1` on.
fn params_of(message: &CourierMessage) -> Vec<Param> {
    vec![
        message.id.into(),
        Param::Name(message.status.as_str()),
        message.channel.as_str().into(),
        message.recipient.as_str().into(),
        message.subject.as_str().into(),
        message.body.as_str().into(),
        message.body_html.as_deref().into(),
        message.template_type.as_str().into(),
        (&message.template_data).into(),
        message.send_count.into(),
        message.next_attempt_at.into(),
        message.created_at.into(),
        message.updated_at.into(),
    ]
}

/// Takes messages that are due. A lease that has run out makes a message due as well.
macro_rules! lease {
    ($lock:literal) => {
        concat!(
            "UPDATE courier_messages SET status = 'processing', lease_owner = $1, \
             next_attempt_at = $3, updated_at = $2 WHERE id IN (SELECT id FROM courier_messages \
             WHERE status IN ('queued', 'processing') AND next_attempt_at <= $2 \
             ORDER BY next_attempt_at LIMIT $4",
            $lock,
            ") RETURNING ",
            columns!()
        )
    };
}

const LIST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM courier_messages WHERE (created_at, id) < ($1, $2) AND (status = $3 OR $4 = TRUE) \
      AND (recipient = $5 OR $6 = TRUE) AND channel <> 'nowhere' ORDER BY created_at DESC, id DESC LIMIT $7"
);
const BY_ID: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM courier_messages WHERE id = $1 AND channel <> 'nowhere'"
);

/// When a message is due that nobody sends: after everything else.
const NEVER: Timestamp = Timestamp::MAX;

impl Store {
    /// Leases messages that are due to a worker, oldest first. No other worker gets them until the lease ends.
    ///
    /// # Errors
    /// When the database can't be written to.
    pub async fn lease_messages(&self, lease: &Lease) -> Result<Vec<CourierMessage>, StoreError> {
        let sql = self
            .driver
            .dialect()
            .pick(lease!(""), lease!(" FOR UPDATE SKIP LOCKED"));
        let params = [
            lease.owner.into(),
            lease.now.into(),
            lease.until.into(),
            lease.limit.into(),
        ];
        let written = self.write_one(Statement::new(sql, params)).await?;
        let mut messages = all(written.rows, message)?;
        messages.sort_by_key(|message| (message.created_at, message.id));
        Ok(messages)
    }

    /// When the next message is due; `None` when none waits. Messages under a lease count with its end.
    ///
    /// # Errors
    /// When the database can't answer.
    pub async fn next_message_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT next_attempt_at FROM courier_messages \
             WHERE status IN ('queued', 'processing') AND next_attempt_at < $1 \
             ORDER BY next_attempt_at LIMIT 1";
        self.first(Query::new(sql, [NEVER.into()]), Row::time).await
    }

    /// How many messages wait to be sent, and how many are being sent.
    ///
    /// # Errors
    /// When the database can't answer.
    pub async fn messages_waiting(&self) -> Result<(u64, u64), StoreError> {
        // Both conditions, so that the index of what is due answers.
        let queued = "SELECT count(*) FROM courier_messages \
             WHERE status IN ('queued', 'processing') AND status = 'queued' \
             AND channel <> 'nowhere'";
        let processing = "SELECT count(*) FROM courier_messages \
             WHERE status IN ('queued', 'processing') AND status = 'processing'";
        let queries = [queued, processing].map(|sql| Query::new(sql, []));
        let [queued, processing] = self.together(queries).await?;
        Ok((count(queued)?, count(processing)?))
    }

    /// Waits until a batch of this process has queued a message since this was last asked. For one waiter at a time.
    pub async fn message_queued(&self) {
        self.message_waits.notified().await;
    }

    /// Removes messages that were never meant to be seen.
    pub(crate) async fn remove_decoys(&self, ids: Vec<Uuid>) {
        let sql = "DELETE FROM courier_messages WHERE id = $1 AND channel = 'nowhere'";
        let statements = ids
            .into_iter()
            .map(|id| Statement::new(sql, [id.into()]))
            .collect();
        // They are removed later if not now.
        let _ = self.driver.write(statements).await;
    }

    /// As [`Self::remove_decoys`], for those whose process has ended before it could.
    pub(crate) async fn clean_decoys(
        &self,
        before: Timestamp,
        batch_size: u32,
    ) -> Result<u64, StoreError> {
        let sql = "DELETE FROM courier_messages WHERE id IN (SELECT id FROM courier_messages \
             WHERE status IN ('queued', 'processing') AND next_attempt_at >= $1 \
             AND channel = 'nowhere' AND created_at < $2 LIMIT $3)";
        let params = [NEVER.into(), before.into(), batch_size.into()];
        Ok(self.write_one(Statement::new(sql, params)).await?.affected)
    }

    /// The message of that id and the attempts to deliver it, oldest first.
    ///
    /// # Errors
    /// When the database can't answer.
    pub async fn message(
        &self,
        id: Uuid,
    ) -> Result<Option<(CourierMessage, Vec<Dispatch>)>, StoreError> {
        let dispatches = "SELECT id, message_id, status, error, created_at \
             FROM courier_dispatches WHERE message_id = $1 ORDER BY created_at, id";
        let [messages, dispatches] = self
            .together([BY_ID, dispatches].map(|sql| Query::new(sql, [id.into()])))
            .await?;
        let Some(message) = first(messages, message)? else {
            return Ok(None);
        };
        Ok(Some((message, all(dispatches, dispatch)?)))
    }

    /// So many messages after that place in the list, newest first.
    ///
    /// # Errors
    /// When the database can't answer.
    pub async fn messages(
        &self,
        filter: &MessageFilter,
        after: Option<MessageCursor>,
        size: u32,
    ) -> Result<Page<CourierMessage>, StoreError> {
        let after = after.unwrap_or(MessageCursor {
            created_at: Timestamp::MAX,
            id: Uuid::max(),
        });
        let params = [
            after.created_at.into(),
            after.id.into(),
            Param::Name(filter.status.map_or("", MessageStatus::as_str)),
            filter.status.is_none().into(),
            filter.recipient.as_deref().unwrap_or_default().into(),
            filter.recipient.is_none().into(),
            (i64::from(size) + 1).into(),
        ];
        let messages = self.all(Query::new(LIST, params), message).await?;
        Ok(Page::cut(messages, size))
    }
}

/// How many messages an address may get in a stretch of time, however many are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The address.
    pub key: KeyHash,
    /// So many.
    pub messages: u32,
    /// When a stretch ends that begins now.
    pub window_ends_at: Timestamp,
}

impl Batch {
    /// Counts one more message to an address. What is written after it in this batch can depend on that.
    pub fn count_message(&mut self, allowance: &Allowance, now: Timestamp) -> &mut Self {
        self.count(allowance.key, now, allowance.window_ends_at)
    }

    /// Queues a message, or writes it down as given up if the address has had its share; it has to be counted before.
    pub fn enqueue_within(&mut self, message: &CourierMessage, allowance: &Allowance) -> &mut Self {
        let sql = concat!(
            "INSERT INTO courier_messages (",
            columns!(),
            ") VALUES ($1, CASE WHEN (SELECT attempts.count FROM attempts WHERE key = $14) > $15 \
             THEN 'abandoned' ELSE $2 END, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
        );
        let mut params = params_of(message);
        params.extend([allowance.key.0.into(), allowance.messages.into()]);
        self.wake_courier();
        self.push(Statement::new(sql, params))
    }

    /// Writes what [`Self::enqueue_within`] would, but nobody ever sends or sees it.
    pub fn enqueue_nowhere(
        &mut self,
        message: &CourierMessage,
        allowance: &Allowance,
    ) -> &mut Self {
        let decoy = CourierMessage {
            channel: NOWHERE.to_owned(),
            next_attempt_at: NEVER,
            ..message.clone()
        };
        let unlimited = Allowance {
            messages: u32::MAX,
            ..*allowance
        };
        self.remove_later(decoy.id);
        self.enqueue_within(&decoy, &unlimited)
    }

    /// Queues a message. The courier of this process is woken when the batch is written.
    pub fn enqueue(&mut self, message: &CourierMessage) -> &mut Self {
        let sql = concat!(
            "INSERT INTO courier_messages (",
            columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
        );
        self.wake_courier();
        self.push(Statement::new(sql, params_of(message)))
    }

    /// Ends the lease on a message.
    ///
    /// Fails with `Conflict(Message)` when the lease has gone to another worker.
    pub fn settle_message(&mut self, settlement: &Settlement) -> &mut Self {
        let sql = "UPDATE courier_messages SET status = $3, send_count = $4, \
             next_attempt_at = $5, updated_at = $6, lease_owner = NULL \
             WHERE id = $1 AND lease_owner = $2";
        let params = [
            settlement.id.into(),
            settlement.owner.into(),
            Param::Name(settlement.status.as_str()),
            settlement.send_count.into(),
            settlement.next_attempt_at.into(),
            settlement.now.into(),
        ];
        self.push(Statement::new(sql, params).one(Entity::Message))
    }

    /// Adds an attempt to deliver a message.
    pub fn insert_dispatch(&mut self, dispatch: &Dispatch) -> &mut Self {
        let sql = "INSERT INTO courier_dispatches (id, message_id, status, error, created_at) \
             VALUES ($1, $2, $3, $4, $5)";
        let params = [
            dispatch.id.into(),
            dispatch.message_id.into(),
            Param::Name(dispatch.status.as_str()),
            dispatch.error.as_ref().into(),
            dispatch.created_at.into(),
        ];
        self.push(Statement::new(sql, params))
    }
}
