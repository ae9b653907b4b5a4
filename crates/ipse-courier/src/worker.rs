//! Empties the queue.
//!
//! Any number of workers may run, in any number of processes: each leases the messages it works on, and a lease that runs
//! out because its worker has died makes a message due again. A worker sleeps until a message is queued in its own
//! process, one becomes due, or it is time to look for those of other processes.

use std::sync::Arc;
use std::time::Duration;

use ipse_config::courier::Courier as CourierConfig;
use ipse_model::{
    Clock, CourierMessage, Json, MessageStatus, Random, SignedDuration, Timestamp, Uuid,
};
use ipse_store::{Dispatch, DispatchStatus, Lease, Settlement, Store, StoreError};
use serde_json::json;
use tokio::task::JoinSet;

use crate::delivery::{CurrentConfig, Deliver, DeliveryError};
use crate::pace::Pace;

/// How long a worker may take for one attempt; then somebody else may try.
const LEASE: SignedDuration = SignedDuration::from_mins(5);
/// How long an attempt may usually take.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// How long a worker that the database has let down waits.
const RECOVERY: Duration = Duration::from_secs(5);
/// How often a result is written that can't be written.
const TRIES: u32 = 5;
/// The longest pause between two attempts.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(15);

/// What a worker works with.
pub struct Parts {
    /// The queue.
    pub store: Store,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Random,
    /// The configuration in force.
    pub config: CurrentConfig,
    /// The ways to deliver.
    pub deliver: Arc<dyn Deliver>,
    /// How long at most until the queue is looked at again, for the sake of messages from other processes.
    pub look_again: Duration,
    /// How long an attempt may take; less than a lease.
    pub patience: Duration,
}

/// A worker.
pub struct Worker {
    parts: Arc<Parts>,
    id: Uuid,
    pace: Pace,
}

impl Worker {
    /// A worker that hasn't begun.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let id = parts.random.uuid();
        Self {
            parts: Arc::new(parts),
            id,
            pace: Pace::default(),
        }
    }

    /// Delivers messages until `stop` is ready, and then finishes what is under way.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        let mut under_way = JoinSet::new();
        loop {
            let pause = self.begin(&mut under_way).await;
            tokio::select! {
                () = &mut stop => break,
                () = self.parts.store.message_queued() => {}
                Some(_) = under_way.join_next() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        while under_way.join_next().await.is_some() {}
    }

    /// Delivers everything that is due now, and then returns.
    ///
    /// # Errors
    /// When the database can't answer.
    pub async fn empty(&mut self) -> Result<(), StoreError> {
        let limit = (self.parts.config)().courier.worker.pull_count;
        loop {
            let messages = self.lease(limit).await?;
            if messages.is_empty() {
                return Ok(());
            }
            let mut under_way: JoinSet<()> = messages
                .into_iter()
                .map(|message| attempt(Arc::clone(&self.parts), self.id, message))
                .collect();
            while under_way.join_next().await.is_some() {}
        }
    }

    /// Begins with as many messages as may be worked on, and tells how long nothing else can be begun.
    async fn begin(&mut self, under_way: &mut JoinSet<()>) -> Duration {
        let config = (self.parts.config)();
        let worker = &config.courier.worker;
        let now = self.parts.clock.now();
        let busy = u32::try_from(under_way.len()).unwrap_or(u32::MAX);
        let free = worker
            .pull_count
            .saturating_sub(busy)
            .min(self.pace.allowance(worker, now));
        if free > 0 {
            match self.lease(free).await {
                Ok(messages) => {
                    self.pace.took(messages.len());
                    for message in messages {
                        under_way.spawn(attempt(Arc::clone(&self.parts), self.id, message));
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "the courier can't read its queue");
                    return RECOVERY;
                }
            }
        }
        if under_way.len() >= usize::try_from(worker.pull_count).unwrap_or(usize::MAX) {
            // The next one that is done wakes us.
            return self.parts.look_again;
        }
        let next = self.pace.next(worker, now);
        match self.parts.store.next_message_due().await {
            Ok(due) => self.pause(due, next, now),
            Err(error) => {
                tracing::error!(%error, "the courier can't read its queue");
                RECOVERY
            }
        }
    }

    /// How long to sleep: until a message is due and may be taken, but not longer than until the next look.
    fn pause(&self, due: Option<Timestamp>, next: Timestamp, now: Timestamp) -> Duration {
        let until_due = due.map_or(self.parts.look_again, |due| {
            Duration::try_from(due.max(next).duration_since(now)).unwrap_or(Duration::ZERO)
        });
        until_due.clamp(
            Duration::from_millis(1),
            self.parts.look_again.max(Duration::from_millis(1)),
        )
    }

    async fn lease(&self, limit: u32) -> Result<Vec<CourierMessage>, StoreError> {
        let now = self.parts.clock.now();
        let lease = Lease {
            owner: self.id,
            now,
            until: now + LEASE,
            limit,
        };
        self.parts.store.lease_messages(&lease).await
    }
}

/// Makes one attempt and writes down what came of it.
async fn attempt(parts: Arc<Parts>, owner: Uuid, message: CourierMessage) {
    let deliver = Arc::clone(&parts.deliver);
    let (delivered, patience) = (message.clone(), parts.patience);
    // In a task of its own, so that a bug which one message brings to light doesn't take the worker with it.
    let task = tokio::spawn(async move {
        match tokio::time::timeout(patience, deliver.deliver(&delivered)).await {
            Ok(result) => result,
            Err(_) => Err(DeliveryError::temporary("the server took too long")),
        }
    });
    let result = task
        .await
        .unwrap_or_else(|_| Err(DeliveryError::temporary("the delivery broke down")));
    let config = (parts.config)();
    let judgement = judge(&config.courier, &message, &result);
    report(&message, &result, judgement);
    settle(&parts, owner, &message, (judgement, result)).await;
}

/// Where a message stands after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judgement {
    /// Somebody has taken it over.
    Sent,
    /// It is tried again after this pause.
    Again(SignedDuration),
    /// It isn't tried again.
    Abandoned,
}

fn judge(
    config: &CourierConfig,
    message: &CourierMessage,
    result: &Result<(), DeliveryError>,
) -> Judgement {
    let retries = i64::from(config.message_retries);
    match result {
        Ok(()) => Judgement::Sent,
        Err(DeliveryError::Temporary(_)) if message.send_count < retries => {
            Judgement::Again(pause_after(config.worker.pull_wait, message.send_count))
        }
        Err(_) => Judgement::Abandoned,
    }
}

/// Each pause is twice the one before, so that a mail server which is away for a while gets some rest.
fn pause_after(first: Duration, attempts: i64) -> SignedDuration {
    let first = SignedDuration::try_from(first).unwrap_or(LONGEST_PAUSE);
    let factor = 2i32.checked_pow(u32::try_from(attempts).unwrap_or(u32::MAX));
    factor
        .and_then(|factor| first.checked_mul(factor))
        .unwrap_or(LONGEST_PAUSE)
        .min(LONGEST_PAUSE)
}

fn report(message: &CourierMessage, result: &Result<(), DeliveryError>, judgement: Judgement) {
    let (id, template) = (message.id, message.template_type.as_str());
    match (judgement, result) {
        (Judgement::Again(_), Err(error)) => {
            tracing::warn!(message.id = %id, message.template = template, %error, "a message will be tried again");
        }
        (_, Err(error)) => {
            tracing::error!(message.id = %id, message.template = template, %error, "a message was given up");
        }
        (_, Ok(())) => {
            tracing::debug!(message.id = %id, message.template = template, "a message was sent");
        }
    }
}

async fn settle(
    parts: &Parts,
    owner: Uuid,
    message: &CourierMessage,
    (judgement, result): (Judgement, Result<(), DeliveryError>),
) {
    let now = parts.clock.now();
    let (status, next_attempt_at) = match judgement {
        Judgement::Sent => (MessageStatus::Sent, now),
        Judgement::Again(pause) => (MessageStatus::Queued, now + pause),
        Judgement::Abandoned => (MessageStatus::Abandoned, now),
    };
    let send_count = message.send_count + 1;
    let settlement = Settlement {
        id: message.id,
        owner,
        status,
        send_count,
        next_attempt_at,
        now,
    };
    let error = result
        .err()
        .map(|error| Json::from(json!({ "message": error.to_string() })));
    let dispatch = Dispatch {
        id: parts.random.uuid(),
        message_id: message.id,
        status: if error.is_none() {
            DispatchStatus::Success
        } else {
            DispatchStatus::Failed
        },
        error,
        created_at: now,
    };
    for _ in 0..TRIES {
        let mut batch = parts.store.batch();
        batch.settle_message(&settlement).insert_dispatch(&dispatch);
        match batch.commit().await {
            Ok(()) => return,
            Err(StoreError::Conflict(_)) => {
                tracing::warn!(message.id = %message.id, "a message took so long that another worker has it now");
                return;
            }
            Err(error) => {
                tracing::error!(message.id = %message.id, %error, "the result of a delivery can't be written");
                tokio::time::sleep(RECOVERY).await;
            }
        }
    }
}

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod tests;
