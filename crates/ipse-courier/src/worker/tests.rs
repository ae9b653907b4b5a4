use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use ipse_config::Config;
use ipse_model::ManualClock;
use ipse_store::OpenOptions;
use tokio::sync::Notify;

use super::*;
use crate::tests::message;

/// Delivers as it is told, by recipient; what it isn't told of succeeds.
#[derive(Default)]
struct Scripted {
    failures: Mutex<HashMap<String, Vec<DeliveryError>>>,
    delivered: Mutex<Vec<String>>,
    progress: Notify,
}

impl Scripted {
    fn fail(&self, recipient: &str, failures: impl IntoIterator<Item = DeliveryError>) {
        self.failures
            .lock()
            .unwrap()
            .insert(recipient.to_owned(), failures.into_iter().collect());
    }

    fn delivered(&self) -> Vec<String> {
        let mut delivered = self.delivered.lock().unwrap().clone();
        delivered.sort();
        delivered
    }
}

#[async_trait]
impl Deliver for Scripted {
    async fn deliver(&self, message: &CourierMessage) -> Result<(), DeliveryError> {
        let recipient = message.recipient.as_str();
        match recipient {
            "panics" => panic!("a bug"),
            "hangs" => std::future::pending().await,
            _ => {}
        }
        if let Some(failures) = self.failures.lock().unwrap().get_mut(recipient)
            && !failures.is_empty()
        {
            return Err(failures.remove(0));
        }
        self.delivered.lock().unwrap().push(recipient.to_owned());
        self.progress.notify_one();
        Ok(())
    }
}

struct Setting {
    store: Store,
    clock: ManualClock,
    deliver: Arc<Scripted>,
    config: Arc<Config>,
}

impl Setting {
    async fn new(courier: serde_json::Value) -> Self {
        Self {
            store: Store::open(&OpenOptions::memory()).await.unwrap(),
            clock: ManualClock::new(Timestamp::UNIX_EPOCH),
            deliver: Arc::default(),
            config: Arc::new(Config {
                courier: serde_json::from_value(courier).unwrap(),
                ..Config::default()
            }),
        }
    }

    fn worker(&self, seed: u64) -> Worker {
        let config = Arc::clone(&self.config);
        Worker::new(Parts {
            store: self.store.clone(),
            clock: Arc::new(self.clock.clone()),
            random: Random::seeded(seed),
            config: Arc::new(move || Arc::clone(&config)),
            deliver: self.deliver.clone(),
            look_again: Duration::from_secs(60),
            patience: PATIENCE,
        })
    }

    async fn queue(&self, recipients: &[&str]) -> Vec<Uuid> {
        let mut batch = self.store.batch();
        let mut ids = Vec::new();
        for recipient in recipients {
            let id = Random::system().uuid();
            batch.enqueue(&CourierMessage {
                id,
                recipient: (*recipient).to_owned(),
                ..message()
            });
            ids.push(id);
        }
        batch.commit().await.unwrap();
        ids
    }

    async fn look_at(&self, id: Uuid) -> (CourierMessage, Vec<Dispatch>) {
        self.store.message(id).await.unwrap().unwrap()
    }
}

fn busy() -> DeliveryError {
    DeliveryError::temporary("busy")
}

#[tokio::test]
async fn what_is_queued_is_sent_once() {
    let setting = Setting::new(json!({})).await;
    let ids = setting.queue(&["ada", "bea"]).await;
    let mut worker = setting.worker(1);
    worker.empty().await.unwrap();
    worker.empty().await.unwrap();
    assert_eq!(setting.deliver.delivered(), ["ada", "bea"]);
    let (message, dispatches) = setting.look_at(ids[0]).await;
    assert_eq!(
        (message.status, message.send_count),
        (MessageStatus::Sent, 1)
    );
    assert_eq!(dispatches.len(), 1);
    assert_eq!(
        (dispatches[0].status, &dispatches[0].error),
        (DispatchStatus::Success, &None)
    );
}

#[tokio::test]
async fn a_failure_is_tried_again_after_growing_pauses() {
    let setting = Setting::new(json!({ "message_retries": 2 })).await;
    setting.deliver.fail("ada", [busy(), busy()]);
    let id = setting.queue(&["ada"]).await[0];
    let mut worker = setting.worker(1);
    for pause in [1, 2] {
        worker.empty().await.unwrap();
        let (message, _) = setting.look_at(id).await;
        assert_eq!(message.status, MessageStatus::Queued);
        let due = setting.clock.now() + SignedDuration::from_secs(pause);
        assert_eq!(message.next_attempt_at, due);
        setting.clock.advance(SignedDuration::from_secs(pause));
    }
    worker.empty().await.unwrap();
    let (message, dispatches) = setting.look_at(id).await;
    assert_eq!(
        (message.status, message.send_count),
        (MessageStatus::Sent, 3)
    );
    let statuses: Vec<_> = dispatches.iter().map(|dispatch| dispatch.status).collect();
    assert_eq!(
        statuses,
        [
            DispatchStatus::Failed,
            DispatchStatus::Failed,
            DispatchStatus::Success
        ]
    );
    assert_eq!(
        dispatches[0].error.as_ref().unwrap().as_str(),
        r#"{"message":"busy"}"#
    );
}

#[tokio::test]
async fn after_all_retries_a_message_is_given_up() {
    let setting = Setting::new(json!({ "message_retries": 1 })).await;
    setting.deliver.fail("ada", [busy(), busy(), busy()]);
    let id = setting.queue(&["ada"]).await[0];
    let mut worker = setting.worker(1);
    for _ in 0..4 {
        worker.empty().await.unwrap();
        setting.clock.advance(SignedDuration::from_hours(1));
    }
    let (message, dispatches) = setting.look_at(id).await;
    assert_eq!(
        (message.status, message.send_count),
        (MessageStatus::Abandoned, 2)
    );
    assert_eq!(dispatches.len(), 2);
}

#[tokio::test]
async fn a_refusal_for_good_ends_it_at_once() {
    let setting = Setting::new(json!({})).await;
    setting
        .deliver
        .fail("ada", [DeliveryError::permanent("no such mailbox")]);
    let id = setting.queue(&["ada"]).await[0];
    setting.worker(1).empty().await.unwrap();
    let (message, dispatches) = setting.look_at(id).await;
    assert_eq!(
        (message.status, message.send_count),
        (MessageStatus::Abandoned, 1)
    );
    assert_eq!(dispatches.len(), 1);
}

#[tokio::test]
async fn a_message_that_brings_a_bug_to_light_is_given_up_like_any_other() {
    let setting = Setting::new(json!({ "message_retries": 0 })).await;
    let ids = setting.queue(&["panics", "ada"]).await;
    setting.worker(1).empty().await.unwrap();
    assert_eq!(
        setting.look_at(ids[0]).await.0.status,
        MessageStatus::Abandoned
    );
    assert_eq!(setting.look_at(ids[1]).await.0.status, MessageStatus::Sent);
}

#[tokio::test]
async fn a_message_that_takes_too_long_is_tried_again_and_given_up_like_any_other() {
    let setting = Setting::new(json!({ "message_retries": 1 })).await;
    let ids = setting.queue(&["hangs", "ada"]).await;
    let mut worker = setting.worker(1);
    Arc::get_mut(&mut worker.parts).unwrap().patience = Duration::from_millis(5);
    worker.empty().await.unwrap();
    assert_eq!(
        setting.look_at(ids[0]).await.0.status,
        MessageStatus::Queued
    );
    setting.clock.advance(SignedDuration::from_hours(1));
    worker.empty().await.unwrap();
    let (message, dispatches) = setting.look_at(ids[0]).await;
    assert_eq!(message.status, MessageStatus::Abandoned);
    assert_eq!(dispatches.len(), 2);
    assert_eq!(setting.deliver.delivered(), ["ada"]);
}

#[tokio::test]
async fn two_workers_share_the_queue() {
    let setting = Setting::new(json!({ "worker": { "pull_count": 3 } })).await;
    let recipients: Vec<String> = (0..20).map(|number| format!("r{number:02}")).collect();
    setting
        .queue(&recipients.iter().map(String::as_str).collect::<Vec<_>>())
        .await;
    let (mut one, mut two) = (setting.worker(1), setting.worker(2));
    let (first, second) = tokio::join!(one.empty(), two.empty());
    first.unwrap();
    second.unwrap();
    assert_eq!(setting.deliver.delivered(), recipients);
}

#[tokio::test]
async fn the_messages_of_a_worker_that_died_are_taken_over_when_its_lease_ends() {
    let setting = Setting::new(json!({})).await;
    let id = setting.queue(&["ada"]).await[0];
    let lost = setting.worker(1).lease(10).await.unwrap();
    assert_eq!(lost.len(), 1);
    let mut worker = setting.worker(2);
    worker.empty().await.unwrap();
    assert_eq!(
        setting.look_at(id).await.0.status,
        MessageStatus::Processing
    );
    setting.clock.advance(LEASE);
    worker.empty().await.unwrap();
    assert_eq!(setting.look_at(id).await.0.status, MessageStatus::Sent);
}

#[tokio::test]
async fn a_running_worker_is_woken_by_new_messages_and_held_up_by_none() {
    let setting = Setting::new(json!({})).await;
    setting.queue(&["hangs"]).await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let worker = setting.worker(1);
    let running = tokio::spawn(worker.run(async move {
        stopped.await.ok();
    }));
    for recipient in ["ada", "bea"] {
        setting.queue(&[recipient]).await;
        setting.deliver.progress.notified().await;
    }
    assert_eq!(setting.deliver.delivered(), ["ada", "bea"]);
    drop(stop);
    running.abort();
}

#[test]
fn pauses_grow_up_to_a_limit() {
    let pauses: Vec<i64> = (0..12)
        .map(|attempts| pause_after(Duration::from_secs(1), attempts).as_secs())
        .collect();
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
    assert_eq!(pause_after(Duration::from_secs(1), i64::MAX), LONGEST_PAUSE);
}
