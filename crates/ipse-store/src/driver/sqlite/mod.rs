//! SQLite: some threads that read, one that writes, and a queue in front of each kind.
//!
//! A file in WAL mode lets readers go on while the one writer works. The writer commits what has queued up while it was
//! busy as one group, so that many callers share the cost of one `fsync`. A database in memory has a single connection,
//! which belongs to the writer; it answers the reads as well.

mod connection;
mod migrate;
mod queue;
mod reader;
mod writer;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::{Query, Row, Statement, Written};
use crate::StoreError;
use crate::migration_plan::Inspection;
pub(crate) use connection::{Place, Statements};
use queue::Queue;

/// A database file or a database in memory. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Sqlite(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    reads: Arc<Queue<Job>>,
    writes: Arc<Queue<Job>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// What a thread is asked to do.
enum Job {
    Read(Vec<Query>, Reply<Vec<Vec<Row>>>),
    Write(Vec<Statement>, Reply<Vec<Written>>),
}

/// Looks at the file at `path` without changing it.
pub(crate) async fn inspect(
    path: PathBuf,
    tables: BTreeSet<String>,
) -> Result<Inspection, StoreError> {
    tokio::task::spawn_blocking(move || {
        let connection = connection::open_reader(&Place::File(path))?;
        migrate::inspect(&connection, &tables).map_err(|error| connection::unavailable(&error))
    })
    .await
    .map_err(|_| gone())?
}

impl Sqlite {
    /// Opens the file at `path`, or a new database in memory. Creates the file only when `migrate` says so.
    pub(crate) async fn open(path: Option<PathBuf>, migrate: bool) -> Result<Self, StoreError> {
        tokio::task::spawn_blocking(move || Self::start(path, migrate))
            .await
            .map_err(|_| gone())?
    }

    fn start(path: Option<PathBuf>, migrate: bool) -> Result<Self, StoreError> {
        let place = path.map_or(Place::Memory, Place::File);
        let mut writer = connection::open_writer(&place, migrate)?;
        migrate::run(&mut writer, migrate)?;

        let writes = Arc::new(Queue::new());
        let reads = match place {
            Place::Memory => Arc::clone(&writes),
            Place::File(_) => Arc::new(Queue::new()),
        };
        let shared = Shared {
            reads,
            writes,
            threads: Mutex::default(),
        };
        let sqlite = Self(Arc::new(shared));
        if let Place::File(_) = place {
            for number in 0..reader_threads() {
                let connection = connection::open_reader(&place)?;
                let queue = Arc::clone(&sqlite.0.reads);
                sqlite.spawn(format!("sqlite-read-{number}"), queue, move |queue| {
                    reader::run(&connection, queue);
                })?;
            }
        }
        let queue = Arc::clone(&sqlite.0.writes);
        sqlite.spawn("sqlite-write".into(), queue, move |queue| {
            writer::run(&writer, queue);
        })?;
        Ok(sqlite)
    }

    fn spawn(
        &self,
        name: String,
        queue: Arc<Queue<Job>>,
        run: impl FnOnce(&Queue<Job>) + Send + 'static,
    ) -> Result<(), StoreError> {
        let thread = std::thread::Builder::new()
            .name(name)
            .spawn(move || run(&Served(queue).0))
            .map_err(|error| StoreError::Unavailable(format!("no thread to run it on: {error}")))?;
        let mut threads = self
            .0
            .threads
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        threads.push(thread);
        Ok(())
    }

    pub(crate) async fn read(&self, queries: Vec<Query>) -> Result<Vec<Vec<Row>>, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.0.reads.push(Job::Read(queries, reply))?;
        answer.await.map_err(|_| gone())?
    }

    pub(crate) async fn write(
        &self,
        statements: Vec<Statement>,
    ) -> Result<Vec<Written>, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.0.writes.push(Job::Write(statements, reply))?;
        answer.await.map_err(|_| gone())?
    }

    /// Carries out what is queued, ends the threads and leaves a database file without a log beside it.
    pub(crate) async fn close(&self) -> Result<(), StoreError> {
        let shared = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || shared.close())
            .await
            .map_err(|_| gone())
    }
}

impl Shared {
    fn close(&self) {
        self.reads.close();
        self.writes.close();
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        // The writer comes last: the log can be emptied when nobody reads any more.
        for thread in threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a database thread had ended early");
            }
        }
    }
}

/// The threads notice that nobody can ask them anything any more.
impl Drop for Shared {
    fn drop(&mut self) {
        self.reads.close();
        self.writes.close();
    }
}

/// A queue while a thread serves it. Should the thread panic, nobody is left waiting for it.
struct Served(Arc<Queue<Job>>);

impl Drop for Served {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!("a database thread panicked; the database is given up");
            self.0.abandon();
        }
    }
}

/// More readers than cores only compete for them; with a single core, one slow read must not hold up all others.
fn reader_threads() -> usize {
    std::thread::available_parallelism()
        .map_or(2, usize::from)
        .max(2)
}

fn gone() -> StoreError {
    StoreError::Unavailable("it has been closed".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn when_a_thread_panics_its_callers_are_told() {
        let queue = Arc::new(Queue::new());
        let (reply, answer) = oneshot::channel();
        queue.push(Job::Read(vec![], reply)).unwrap();
        let served = Served(Arc::clone(&queue));
        let thread = std::thread::spawn(move || {
            let _served = served;
            panic!("on purpose");
        });
        assert!(thread.join().is_err());
        assert!(answer.await.is_err());
        let (reply, _) = oneshot::channel();
        assert_eq!(queue.push(Job::Read(vec![], reply)), Err(gone()));
    }
}
