//! How fast a courier empties a queue, and what a message costs it.

use std::fmt::{self, Display, Formatter};
use std::path::Path;
use std::time::Duration;

use ipse_config::Dsn;
use ipse_model::{Clock, CourierMessage, Json, MessageStatus, Random, SystemClock};
use ipse_store::{MessageFilter, OpenOptions, Store};
use serde::Serialize;
use tokio::runtime::Runtime;

use crate::account::{Cpu, Memory, now};
use crate::config::Purpose;
use crate::error::Error;
use crate::server::{Directory, Server};
use crate::sink::Sink;

/// How long the queue may take to empty.
const PATIENCE: Duration = Duration::from_secs(300);
/// How often the queue is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Drained {
    /// How many messages waited.
    pub(crate) messages: usize,
    /// Messages per second, from the start of the process until the last one was recorded as sent.
    pub(crate) per_second: f64,
    /// CPU microseconds of the process per message.
    pub(crate) cpu: f64,
    /// CPU microseconds of the database server in addition.
    pub(crate) database_cpu: f64,
    /// Memory of the process in the end.
    pub(crate) memory: Memory,
    /// How many mails came twice.
    pub(crate) twice: usize,
}

impl Display for Drained {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} messages sent: {:.0}/s, {:.0} CPU µs each",
            self.messages, self.per_second, self.cpu
        )?;
        if self.database_cpu > 0.0 {
            write!(f, " and {:.0} of the database", self.database_cpu)?;
        }
        let megabytes = crate::report::mega(self.memory.peak);
        write!(
            f,
            ", at most {megabytes:.1} MB resident, {} came twice",
            self.twice
        )
    }
}

/// Has `ipse courier watch` empty a queue of so many messages.
pub(crate) fn drain(
    binary: &Path,
    (dsn, database): (Option<&str>, Option<u32>),
    messages: usize,
) -> Result<Drained, Error> {
    let directory = Directory::new()?;
    let dsn = dsn.map_or_else(|| directory.dsn(), str::to_owned);
    let queue = Queue::open(&dsn)?;
    queue.fill(messages)?;
    let sink = Sink::start().map_err(Error::io("can't start the mail server"))?;
    let database_cpu = || database.map_or_else(Cpu::default, |pid| Cpu::of(&[pid]));
    let (before, start) = (database_cpu(), now());
    let purpose = Purpose::Sending { mails: sink.port() };
    let server = Server::courier(binary, &directory, &dsn, purpose)?;
    while sink.taken() < messages || !queue.is_empty()? {
        if start.elapsed() > PATIENCE {
            return Err(Error::Server(format!(
                "has sent {} messages only",
                sink.taken()
            )));
        }
        std::thread::sleep(LOOK_EVERY);
    }
    let elapsed = start.elapsed();
    let pid = server.target().pid;
    let each = |used: Duration| used.as_secs_f64() * 1e6 / messages as f64;
    let drained = Drained {
        messages,
        per_second: messages as f64 / elapsed.as_secs_f64(),
        cpu: each(Cpu::of(&[pid]).since(&Cpu::default())),
        database_cpu: each(database_cpu().since(&before)),
        memory: Memory::of(pid),
        twice: sink.taken() - messages,
    };
    server.stop()?;
    Ok(drained)
}

/// The queue as it is filled and looked at from here.
struct Queue {
    runtime: Runtime,
    store: Store,
}

impl Queue {
    fn open(dsn: &str) -> Result<Self, Error> {
        let dsn: Dsn = dsn
            .parse()
            .map_err(|error| Error::Usage(format!("--dsn: {error}")))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Error::io("can't start the runtime"))?;
        let store = runtime.block_on(Store::open(&OpenOptions { dsn, migrate: true }))?;
        Ok(Self { runtime, store })
    }

    /// Queues so many messages.
    fn fill(&self, messages: usize) -> Result<(), Error> {
        let (random, now) = (Random::system(), SystemClock.now());
        let text = "Somebody asked for a code to sign in. It is 123456.\n".repeat(8);
        for start in (0..messages).step_by(1000) {
            let mut batch = self.store.batch();
            for number in start..messages.min(start + 1000) {
                batch.enqueue(&CourierMessage {
                    id: random.uuid(),
                    status: MessageStatus::Queued,
                    channel: "email".to_owned(),
                    recipient: crate::seed::email(number),
                    subject: "Your code".to_owned(),
                    body: text.clone(),
                    body_html: Some(format!("<html><body><p>{text}</p></body></html>")),
                    template_type: "login_code_valid".to_owned(),
                    template_data: Json::empty_object(),
                    send_count: 0,
                    next_attempt_at: now,
                    created_at: now,
                    updated_at: now,
                });
            }
            self.runtime.block_on(batch.commit())?;
        }
        Ok(())
    }

    /// Whether no message waits or is under way.
    fn is_empty(&self) -> Result<bool, Error> {
        for status in [MessageStatus::Queued, MessageStatus::Processing] {
            let filter = MessageFilter {
                status: Some(status),
                ..MessageFilter::default()
            };
            let page = self
                .runtime
                .block_on(self.store.messages(&filter, None, 1))?;
            if !page.items.is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
