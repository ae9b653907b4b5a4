//! Couriers are killed at random moments while they empty a queue: every message arrives, and only those arrive twice whose
//! courier died between the mail server's answer and writing it down.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use ipse_model::{
    Clock, CourierMessage, Json, MessageStatus, Random, SignedDuration, SystemClock, Uuid,
};
use ipse_store::{Lease, MessageFilter, OpenOptions, Settlement, Store};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::process::{Directory, PERSON};

/// How many messages wait.
const MESSAGES: usize = 1000;
/// How often a courier is killed.
const KILLS: usize = 12;

/// A mail server that takes everything, and how often each mail came.
struct Sink {
    port: u16,
    taken: Arc<Mutex<HashMap<Uuid, usize>>>,
}

impl Sink {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let taken: Arc<Mutex<HashMap<Uuid, usize>>> = Arc::default();
        let of_threads = Arc::clone(&taken);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let taken = Arc::clone(&of_threads);
                // A courier that dies breaks the conversation off.
                thread::spawn(move || talk(stream, &taken).ok());
            }
        });
        Self { port, taken }
    }

    fn taken(&self) -> HashMap<Uuid, usize> {
        self.taken.lock().unwrap().clone()
    }

    fn count(&self) -> usize {
        self.taken.lock().unwrap().len()
    }
}

fn talk(mut stream: TcpStream, taken: &Mutex<HashMap<Uuid, usize>>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    stream.write_all(b"220 test\r\n")?;
    let mut mail: Option<Uuid> = None;
    let mut reading = false;
    while let Some(line) = lines.next().transpose()? {
        let answer: &[u8] = match (reading, line.as_str()) {
            (true, ".") => {
                reading = false;
                let id = mail.take().expect("each mail has a Message-ID");
                *taken.lock().unwrap().entry(id).or_default() += 1;
                b"250 taken\r\n"
            }
            (true, line) => {
                if let Some(id) = line.strip_prefix("Message-ID: <") {
                    mail = id.split('@').next().and_then(|id| id.parse().ok());
                }
                continue;
            }
            (false, "DATA") => {
                reading = true;
                b"354 go\r\n"
            }
            (false, _) => b"250 ok\r\n",
        };
        stream.write_all(answer)?;
    }
    Ok(())
}

/// The queue, as the test looks at it.
struct Queue {
    runtime: Runtime,
    store: Store,
}

impl Queue {
    fn open(dsn: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let options = OpenOptions {
            dsn: dsn.parse().unwrap(),
            migrate: true,
        };
        let store = runtime.block_on(Store::open(&options)).unwrap();
        Self { runtime, store }
    }

    fn fill(&self) -> HashSet<Uuid> {
        let (random, now) = (Random::seeded(3), SystemClock.now());
        let mut batch = self.store.batch();
        let ids: HashSet<Uuid> = (0..MESSAGES).map(|_| random.uuid()).collect();
        for id in &ids {
            batch.enqueue(&CourierMessage {
                id: *id,
                status: MessageStatus::Queued,
                channel: "email".to_owned(),
                recipient: format!("{id}@example.org"),
                subject: "Hello".to_owned(),
                body: "How are you?".to_owned(),
                body_html: None,
                template_type: "stub".to_owned(),
                template_data: Json::empty_object(),
                send_count: 0,
                next_attempt_at: now,
                created_at: now,
                updated_at: now,
            });
        }
        self.runtime.block_on(batch.commit()).unwrap();
        ids
    }

    /// The messages that stand there.
    fn at(&self, status: MessageStatus) -> HashSet<Uuid> {
        let filter = MessageFilter {
            status: Some(status),
            ..MessageFilter::default()
        };
        let size = u32::try_from(MESSAGES).unwrap();
        let page = self
            .runtime
            .block_on(self.store.messages(&filter, None, size));
        page.unwrap()
            .items
            .iter()
            .map(|message| message.id)
            .collect()
    }

    /// Ends the leases of couriers that have died, as time would.
    fn end_leases(&self) -> usize {
        let now = SystemClock.now();
        let lease = Lease {
            owner: Random::seeded(4).uuid(),
            now: now + SignedDuration::from_hours(1),
            until: now + SignedDuration::from_hours(2),
            limit: u32::try_from(MESSAGES).unwrap(),
        };
        let left = self.runtime.block_on(self.store.lease_messages(&lease));
        let left = left.unwrap();
        let mut batch = self.store.batch();
        for message in &left {
            batch.settle_message(&Settlement {
                id: message.id,
                owner: lease.owner,
                status: MessageStatus::Queued,
                send_count: message.send_count,
                next_attempt_at: now,
                now,
            });
        }
        self.runtime.block_on(batch.commit()).unwrap();
        left.len()
    }
}

/// A process that does nothing but send. It doesn't outlive this value.
struct Courier(Child);

impl Courier {
    fn start(directory: &Directory, config: &Path) -> Self {
        let log = File::options()
            .create(true)
            .append(true)
            .open(directory.path().join("log"))
            .unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_ipse"))
            .args(["courier", "watch", "--config"])
            .arg(config)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn();
        Self(child.unwrap())
    }

    /// Waits while something is so and the courier works on it.
    fn work_while(&mut self, directory: &Directory, unfinished: impl Fn() -> bool) {
        while unfinished() {
            let ended = self.0.try_wait().unwrap();
            assert!(ended.is_none(), "it has ended: {}", directory.log());
            thread::yield_now();
        }
    }

    /// Ends it the hard way.
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Has it finish what is under way.
    fn stop(mut self) {
        let id = self.0.id().to_string();
        assert!(Command::new("kill").arg(id).status().unwrap().success());
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn configure(directory: &Directory, port: u16) -> PathBuf {
    let schema = directory.path().join("person.schema.json");
    fs::write(&schema, PERSON).unwrap();
    let config = json!({
        "dsn": directory.dsn(),
        "log": { "level": "warning" },
        "secrets": { "default": ["a secret that only tests know"] },
        "identity": { "schemas": [{ "id": "default", "url": format!("file://{}", schema.display()) }] },
        "courier": {
            "worker": { "pull_count": 20, "pull_wait": "20ms" },
            "smtp": { "connection_uri": format!("smtp://127.0.0.1:{port}/?disable_starttls=true") },
        },
        "selfservice": { "default_browser_return_url": "http://ui.test/" },
    });
    let path = directory.path().join("courier.json");
    fs::write(&path, config.to_string()).unwrap();
    path
}

/// Two couriers empty a queue while one after the other is killed.
#[expect(
    clippy::print_stdout,
    reason = "how many came twice is for people to read"
)]
pub(crate) fn survive(directory: &Directory) {
    let (sink, queue) = (Sink::start(), Queue::open(directory.dsn()));
    let all = queue.fill();
    let config = configure(directory, sink.port);
    let random = Random::seeded(5);
    let mut couriers = [(); 2].map(|()| Courier::start(directory, &config));
    let mut between = HashSet::new();
    for number in 0..KILLS {
        let [more, linger] = random.bytes::<2>();
        let enough = (sink.count() + 20 + usize::from(more % 40)).min(MESSAGES - 50);
        let courier = &mut couriers[number % 2];
        courier.work_while(directory, || sink.count() < enough);
        for _ in 0..u32::from(linger) * 100 {
            std::hint::spin_loop();
        }
        courier.kill();
        // What has arrived and isn't known to have.
        let known = queue.at(MessageStatus::Sent);
        between.extend(sink.taken().into_keys().filter(|id| !known.contains(id)));
        *courier = Courier::start(directory, &config);
    }
    couriers[0].work_while(directory, || !queue.at(MessageStatus::Queued).is_empty());
    couriers.into_iter().for_each(Courier::stop);
    let left = queue.end_leases();
    let mut courier = Courier::start(directory, &config);
    courier.work_while(directory, || queue.at(MessageStatus::Sent).len() < MESSAGES);
    courier.stop();

    let taken = sink.taken();
    assert_eq!(taken.keys().copied().collect::<HashSet<_>>(), all);
    let twice: HashSet<Uuid> = taken
        .into_iter()
        .filter(|(_, times)| *times > 1)
        .map(|(id, _)| id)
        .collect();
    println!(
        "{MESSAGES} messages, {KILLS} kills: {left} were left under a lease, {} of them had arrived and came again",
        twice.len()
    );
    assert!(left > 0, "the kills hit deliveries");
    assert!(twice.len() <= left);
    assert!(twice.is_subset(&between), "duplicates come from kills only");
    assert!(!directory.log().contains("panicked"), "{}", directory.log());
}

#[test]
fn a_thousand_messages_outlive_the_couriers_that_send_them() {
    survive(&Directory::new());
}
