//! A mail server that does everything a mail server should not: in the end every message is sent or given up.

use std::collections::HashMap;
use std::net::IpAddr;

use async_trait::async_trait;
use ipse_config::{Config, Source};
use ipse_model::ManualClock;
use ipse_store::OpenOptions;
use serde_json::Value;

use super::*;
use crate::Channels;
use crate::delivery::Surroundings;
use crate::test_server::{MailServer, Security};
use crate::tests::message;

/// A process that sends no requests.
struct Alone;

#[async_trait]
impl Surroundings for Alone {
    async fn send(&self, _: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, String> {
        Err("no requests".to_owned())
    }

    fn is_private(&self, _: IpAddr) -> bool {
        false
    }

    fn trusted(&self) -> Vec<Vec<u8>> {
        Vec::new()
    }

    async fn jsonnet(&self, _: &Source, _: &Value) -> Result<String, String> {
        Err("no Jsonnet".to_owned())
    }
}

/// What becomes of a message to somebody of that name, and after how many attempts.
const FATES: [(&str, MessageStatus, i64); 11] = [
    ("ada", MessageStatus::Sent, 1),
    ("later", MessageStatus::Sent, 2),
    ("kept-without-a-word", MessageStatus::Sent, 2),
    ("421", MessageStatus::Abandoned, 4),
    ("451", MessageStatus::Abandoned, 4),
    ("550", MessageStatus::Abandoned, 1),
    ("refused-in-the-end", MessageStatus::Abandoned, 1),
    ("dropped-after-data", MessageStatus::Abandoned, 4),
    ("hangs-up", MessageStatus::Abandoned, 4),
    ("breaks-off", MessageStatus::Abandoned, 4),
    ("rubbish", MessageStatus::Abandoned, 4),
];

/// How many messages of each kind there are.
const OF_EACH: usize = 6;

/// A worker that sends to a server, and its clock.
fn worker(server: &MailServer, store: &Store, patience: Duration) -> (Worker, ManualClock) {
    let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
    let uri = format!("smtp://127.0.0.1:{}/?disable_starttls=true", server.port);
    let courier = json!({ "message_retries": 3, "smtp": { "connection_uri": uri } });
    let config = Arc::new(Config {
        courier: serde_json::from_value(courier).unwrap(),
        ..Config::default()
    });
    let current: CurrentConfig = Arc::new(move || Arc::clone(&config));
    let worker = Worker::new(Parts {
        store: store.clone(),
        clock: Arc::new(clock.clone()),
        random: Random::seeded(2),
        deliver: Arc::new(Channels::new(Arc::clone(&current), Arc::new(Alone))),
        config: current,
        look_again: Duration::from_secs(60),
        patience,
    });
    (worker, clock)
}

async fn queue(store: &Store) -> HashMap<Uuid, (&'static str, MessageStatus, i64)> {
    let random = Random::seeded(1);
    let mut batch = store.batch();
    let mut queued = HashMap::new();
    for number in 0..OF_EACH {
        for fate in FATES {
            let id = random.uuid();
            batch.enqueue(&CourierMessage {
                id,
                recipient: format!("{}+{number}@example.org", fate.0),
                ..message()
            });
            queued.insert(id, fate);
        }
    }
    batch.commit().await.unwrap();
    queued
}

#[tokio::test]
async fn whatever_a_mail_server_does_every_message_is_sent_once_or_given_up() {
    let server = MailServer::start(Security::Plain).await;
    let store = Store::open(&OpenOptions::memory()).await.unwrap();
    let (mut worker, clock) = worker(&server, &store, PATIENCE);
    let queued = queue(&store).await;
    for _ in 0..5 {
        worker.empty().await.unwrap();
        clock.advance(SignedDuration::from_hours(1));
    }

    for (id, (name, status, attempts)) in &queued {
        let (message, dispatches) = store.message(*id).await.unwrap().unwrap();
        assert_eq!(
            (message.status, message.send_count),
            (*status, *attempts),
            "{name}"
        );
        assert_eq!(
            dispatches.len(),
            usize::try_from(*attempts).unwrap(),
            "{name}"
        );
    }
    assert_eq!(store.next_message_due().await, Ok(None));
    let mut acknowledged = HashMap::<String, usize>::new();
    for mail in server.mails().iter().filter(|mail| mail.acknowledged) {
        *acknowledged.entry(mail.recipient.clone()).or_default() += 1;
    }
    let sent = FATES.iter().filter(|fate| fate.1 == MessageStatus::Sent);
    let sent = sent.flat_map(|fate| {
        (0..OF_EACH).map(|number| (format!("{}+{number}@example.org", fate.0), 1))
    });
    assert_eq!(acknowledged, sent.collect());
    // What the server has kept without saying so comes again, as the same mail.
    let silently = server.mails();
    let silently = silently.iter().filter(|mail| !mail.acknowledged);
    assert_eq!(silently.count(), OF_EACH);
}

#[tokio::test]
async fn a_mail_server_that_says_nothing_is_given_up_like_any_other() {
    let server = MailServer::start(Security::Plain).await;
    let store = Store::open(&OpenOptions::memory()).await.unwrap();
    let (mut worker, clock) = worker(&server, &store, Duration::from_millis(20));
    let ignored = CourierMessage {
        recipient: "says-nothing@example.org".to_owned(),
        ..message()
    };
    let mut batch = store.batch();
    batch.enqueue(&ignored);
    batch.commit().await.unwrap();
    for _ in 0..5 {
        worker.empty().await.unwrap();
        clock.advance(SignedDuration::from_hours(1));
    }
    let (message, dispatches) = store.message(ignored.id).await.unwrap().unwrap();
    assert_eq!(message.status, MessageStatus::Abandoned);
    assert_eq!(dispatches.len(), 4);
}
