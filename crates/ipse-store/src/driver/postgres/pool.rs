//! Connections at hand: some that are shared by many requests, and some that are lent out for a transaction.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::Connection;
use super::connect::Target;
use crate::StoreError;

/// How many connections are shared. One would do; a second keeps a slow answer from holding up all others.
const SHARED: usize = 2;

/// How many transactions run at the same time, unless the data source name says otherwise.
const TRANSACTIONS: usize = 8;

/// How long to wait until one of the connections for transactions is free.
const WAIT: Duration = Duration::from_secs(10);

/// The shared connections. Each is replaced when it breaks.
#[derive(Debug)]
pub(super) struct Shared {
    target: Arc<Target>,
    slots: [Slot; SHARED],
    next: AtomicUsize,
    closed: AtomicBool,
}

#[derive(Debug, Default)]
struct Slot {
    current: Mutex<Option<Arc<Connection>>>,
    /// Held while connecting, so that many who wait cause one connection.
    connecting: tokio::sync::Mutex<()>,
}

impl Shared {
    pub(super) fn new(target: Arc<Target>, first: Connection) -> Self {
        let slots: [Slot; SHARED] = Default::default();
        *slots[0].lock() = Some(Arc::new(first));
        Self {
            target,
            slots,
            next: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
        }
    }

    /// One of the connections, in turn; a new one where there is none that works.
    pub(super) async fn get(&self) -> Result<Arc<Connection>, StoreError> {
        let slot = &self.slots[self.next.fetch_add(1, Ordering::Relaxed) % SHARED];
        if let Some(connection) = slot.working() {
            return Ok(connection);
        }
        let _connecting = slot.connecting.lock().await;
        if self.closed.load(Ordering::Acquire) {
            return Err(closed());
        }
        if let Some(connection) = slot.working() {
            return Ok(connection);
        }
        let connection = match Connection::open(&self.target).await {
            Ok(connection) => Arc::new(connection),
            // One is enough while the server takes no more.
            Err(error) => return self.slots.iter().find_map(Slot::working).ok_or(error),
        };
        *slot.lock() = Some(Arc::clone(&connection));
        Ok(connection)
    }

    /// Gives a connection up. Requests that are under way on it still get their answers.
    pub(super) fn discard(&self, connection: &Arc<Connection>) {
        for slot in &self.slots {
            slot.lock()
                .take_if(|current| Arc::ptr_eq(current, connection));
        }
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        for slot in &self.slots {
            slot.lock().take();
        }
    }
}

impl Slot {
    fn lock(&self) -> MutexGuard<'_, Option<Arc<Connection>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn working(&self) -> Option<Arc<Connection>> {
        self.lock()
            .as_ref()
            .filter(|connection| !connection.is_closed())
            .cloned()
    }
}

/// The connections for transactions.
#[derive(Debug)]
pub(super) struct Pool {
    target: Arc<Target>,
    idle: Arc<Mutex<Vec<Idle>>>,
    places: Arc<Semaphore>,
    limits: Limits,
}

#[derive(Debug)]
struct Idle {
    connection: Connection,
    opened: Instant,
    since: Instant,
}

#[derive(Clone, Copy, Debug)]
struct Limits {
    idle: usize,
    lifetime: Duration,
    idle_time: Duration,
}

impl Pool {
    pub(super) fn new(target: Arc<Target>, limits: &ipse_config::Pool) -> Self {
        let count = |number: Option<u32>| number.and_then(|number| usize::try_from(number).ok());
        // The limit of the data source name is for all connections together.
        let places = count(limits.max_conns).map_or(TRANSACTIONS, |all| {
            all.saturating_sub(SHARED).clamp(1, 1000)
        });
        let limits = Limits {
            idle: count(limits.max_idle_conns).unwrap_or(places),
            lifetime: limits
                .max_conn_lifetime
                .unwrap_or(Duration::from_secs(3600)),
            idle_time: limits
                .max_conn_idle_time
                .unwrap_or(Duration::from_secs(600)),
        };
        Self {
            target,
            idle: Arc::default(),
            places: Arc::new(Semaphore::new(places)),
            limits,
        }
    }

    /// Lends a connection out; waits for one when all are lent.
    pub(super) async fn get(&self) -> Result<Lent, StoreError> {
        let place = tokio::time::timeout(WAIT, Arc::clone(&self.places).acquire_owned())
            .await
            .map_err(|_| StoreError::Unavailable("too many transactions are under way".into()))?
            .map_err(|_| closed())?;
        let (connection, opened) = match self.working() {
            Some(idle) => (idle.connection, idle.opened),
            None => (Connection::open(&self.target).await?, Instant::now()),
        };
        let idle = Arc::clone(&self.idle);
        Ok(Lent {
            connection,
            opened,
            idle,
            most: self.limits.idle,
            _place: place,
        })
    }

    fn working(&self) -> Option<Idle> {
        let now = Instant::now();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|idle| {
            !idle.connection.is_closed()
                && now.duration_since(idle.opened) < self.limits.lifetime
                && now.duration_since(idle.since) < self.limits.idle_time
        });
        idle.pop()
    }

    pub(super) fn close(&self) {
        self.places.close();
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

/// A connection that is lent out. It is closed unless it is given back.
#[derive(Debug)]
pub(super) struct Lent {
    connection: Connection,
    opened: Instant,
    idle: Arc<Mutex<Vec<Idle>>>,
    most: usize,
    _place: OwnedSemaphorePermit,
}

impl Lent {
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Gives the connection back, outside of any transaction.
    pub(super) fn give_back(self) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.most {
            let (connection, opened) = (self.connection, self.opened);
            idle.push(Idle {
                connection,
                opened,
                since: Instant::now(),
            });
        }
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("it has been closed".into())
}
