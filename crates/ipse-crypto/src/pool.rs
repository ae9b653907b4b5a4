//! Password hashing on its own few threads, so that a rush of logins leaves the rest of the server its share of the cores.
//!
//! The threads run at low priority where the system can set it per thread. Work is done in the order it came in; what nobody
//! waits for any more is skipped. Hashes that need much memory wait until the ones before them have given it back.

use std::io;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};

use ipse_model::Random;
use tokio::sync::{Semaphore, oneshot};

use crate::password::{self, Algorithm, HashError, StoredHash, VerifyError};

/// How much of the machine password hashing may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HasherOptions {
    /// Hashes under way at the same time.
    pub threads: NonZeroUsize,
    /// Memory in KiB that all hashes under way may take together. A single hash that needs more runs alone.
    pub memory: u32,
}

impl Default for HasherOptions {
    /// A thread for each core and 1 GiB of memory.
    fn default() -> Self {
        Self {
            threads: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            memory: 1 << 20,
        }
    }
}

/// Computes password hashes without holding up the caller's thread. Clones share the threads, which end with the last clone.
#[derive(Clone, Debug)]
pub struct Hasher {
    jobs: Sender<Job>,
    memory: Arc<Semaphore>,
    memory_limit: u32,
    random: Random,
}

struct Job(Box<dyn FnOnce() + Send>);

impl Hasher {
    /// Starts the threads. Salts come from `random`.
    ///
    /// # Errors
    /// When the operating system grants no threads.
    pub fn new(random: Random, options: HasherOptions) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..options.threads.get() {
            let queue = Arc::clone(&queue);
            std::thread::Builder::new()
                .name(format!("password-{number}"))
                .spawn(move || work(&queue))?;
        }
        let memory_limit = options.memory.max(1);
        Ok(Self {
            jobs,
            memory: Arc::new(Semaphore::new(memory_limit as usize)),
            memory_limit,
            random,
        })
    }

    /// [`password::hash`] in the background.
    ///
    /// # Errors
    /// As [`password::hash`].
    pub async fn hash(&self, password: &str, algorithm: &Algorithm) -> Result<String, HashError> {
        let salt = password::salt(&self.random, algorithm);
        let (password, algorithm) = (password.to_owned(), *algorithm);
        self.run(memory_of(&algorithm), move || {
            password::hash_with_salt(&password, &algorithm, &salt)
        })
        .await
        .unwrap_or(Err(HashError::Interrupted))
    }

    /// [`password::verify`] in the background.
    ///
    /// # Errors
    /// As [`password::verify`].
    pub async fn verify(&self, password: &str, hash: &str) -> Result<bool, VerifyError> {
        let memory = StoredHash::parse(hash)?.memory();
        let (password, hash) = (password.to_owned(), hash.to_owned());
        self.run(memory, move || password::verify(&password, &hash))
            .await
            .unwrap_or(Err(VerifyError::Interrupted))
    }

    /// [`password::dummy_verify`] in the background: for an identifier nobody has.
    pub async fn dummy_verify(&self, password: &str, algorithm: &Algorithm) {
        let (password, algorithm) = (password.to_owned(), *algorithm);
        self.run(memory_of(&algorithm), move || {
            password::dummy_verify(&password, &algorithm);
        })
        .await;
    }

    /// Does `work` when it is its turn and there is memory for it. `None` when it panicked.
    async fn run<T: Send + 'static>(
        &self,
        memory: u32,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let wanted = memory.min(self.memory_limit);
        let permit = Arc::clone(&self.memory)
            .acquire_many_owned(wanted)
            .await
            .ok()?;
        let (reply, answer) = oneshot::channel();
        let job = Job(Box::new(move || {
            if reply.is_closed() {
                return;
            }
            // A panic must not cost a thread: the caller hears of it by the dropped reply.
            let result = catch_unwind(AssertUnwindSafe(work));
            drop(permit);
            if let Ok(result) = result {
                // The caller may have left in the meantime.
                let _ = reply.send(result);
            }
        }));
        self.jobs.send(job).ok()?;
        answer.await.ok()
    }
}

/// Memory in KiB that a hash made with `algorithm` takes.
fn memory_of(algorithm: &Algorithm) -> u32 {
    match algorithm {
        Algorithm::Bcrypt { .. } => 0,
        Algorithm::Argon2 { memory, .. } => *memory,
    }
}

/// What each thread does until the last [`Hasher`] is gone.
fn work(queue: &Mutex<Receiver<Job>>) {
    yield_to_others();
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(Job(run)) => run(),
            Err(_) => return,
        }
    }
}

/// Lets every other thread go first. Only Linux can do that for one thread; elsewhere the scheduler shares the cores evenly.
fn yield_to_others() {
    #[cfg(target_os = "linux")]
    {
        const LOW: i32 = 10;
        // If it is refused, hashing competes as any other work does.
        let _ = rustix::process::nice(LOW);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const CHEAP: Algorithm = Algorithm::Bcrypt { cost: 4 };
    const HUNGRY: Algorithm = Algorithm::Argon2 {
        memory: 256,
        iterations: 1,
        parallelism: 1,
        salt_length: 16,
        key_length: 32,
    };

    fn hasher(threads: usize, memory: u32) -> Hasher {
        let threads = NonZeroUsize::new(threads).unwrap();
        Hasher::new(Random::seeded(1), HasherOptions { threads, memory }).unwrap()
    }

    #[tokio::test]
    async fn a_hash_verifies_with_its_password_only() {
        let hasher = hasher(2, 1024);
        for algorithm in [CHEAP, HUNGRY] {
            let hash = hasher.hash("correct horse", &algorithm).await.unwrap();
            assert_eq!(hasher.verify("correct horse", &hash).await, Ok(true));
            assert_eq!(hasher.verify("battery staple", &hash).await, Ok(false));
        }
    }

    #[tokio::test]
    async fn salts_differ_and_come_from_the_given_randomness() {
        let (one, other) = (hasher(2, 1024), hasher(2, 1024));
        let first = one.hash("password", &CHEAP).await.unwrap();
        assert_ne!(first, one.hash("password", &CHEAP).await.unwrap());
        assert_eq!(first, other.hash("password", &CHEAP).await.unwrap());
    }

    #[tokio::test]
    async fn errors_come_through() {
        let hasher = hasher(1, 1024);
        assert_eq!(
            hasher.verify("password", "$nonsense$abc").await,
            Err(VerifyError::UnknownFormat)
        );
        assert_eq!(
            hasher.hash(&"x".repeat(73), &CHEAP).await,
            Err(HashError::TooLong { limit: 72 })
        );
    }

    #[tokio::test]
    async fn many_at_once_all_get_their_answer_within_the_memory() {
        // Room for one of these hashes only, and one hash that needs more than there is.
        let hasher = hasher(4, 300);
        let tasks: Vec<_> = (0..16)
            .map(|number| {
                let hasher = hasher.clone();
                tokio::spawn(async move {
                    let algorithm = match number % 2 {
                        0 => HUNGRY,
                        _ => Algorithm::Argon2 {
                            memory: 1000,
                            iterations: 1,
                            parallelism: 1,
                            salt_length: 16,
                            key_length: 32,
                        },
                    };
                    let hash = hasher.hash("password", &algorithm).await.unwrap();
                    hasher.verify("password", &hash).await
                })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), Ok(true));
        }
        assert_eq!(hasher.memory.available_permits(), 300);
    }

    #[tokio::test]
    async fn a_panic_costs_neither_a_thread_nor_memory() {
        let hasher = hasher(1, 100);
        let lost: Option<()> = hasher.run(100, || panic!("on purpose")).await;
        assert_eq!(lost, None);
        assert_eq!(hasher.run(100, || 7).await, Some(7));
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_not_computed() {
        let hasher = hasher(1, 100);
        let (let_go, blocked) = mpsc::channel::<()>();
        let first = hasher.run(0, move || blocked.recv().is_ok());
        let (ran, runs) = mpsc::channel();
        let abandoned = hasher.run(0, move || ran.send(()));
        let rest = async {
            // Polled once, so it is in the queue, then dropped.
            tokio::select! { biased; _ = abandoned => {}, () = tokio::task::yield_now() => {} }
            let_go.send(()).unwrap();
        };
        let (first, ()) = tokio::join!(first, rest);
        assert_eq!(first, Some(true));
        assert_eq!(hasher.run(0, || 1).await, Some(1));
        assert!(runs.try_recv().is_err());
    }

    #[tokio::test]
    async fn work_is_done_in_the_order_it_came_in() {
        let hasher = hasher(1, 100);
        let order = Arc::new(Mutex::new(Vec::new()));
        let work = |number: u32| {
            let order = Arc::clone(&order);
            hasher.run(0, move || order.lock().unwrap().push(number))
        };
        tokio::join!(biased; work(1), work(2), work(3), work(4));
        assert_eq!(*order.lock().unwrap(), [1, 2, 3, 4]);
    }

    #[tokio::test]
    async fn an_unknown_identifier_takes_as_long_as_a_wrong_password() {
        let hasher = hasher(1, 1024);
        let algorithm = Algorithm::Bcrypt { cost: 8 };
        let hash = hasher.hash("password", &algorithm).await.unwrap();
        let (mut real, mut dummy) = (Duration::MAX, Duration::MAX);
        // The best of several, because other tests run beside this one.
        for _ in 0..8 {
            let start = tokio::time::Instant::now();
            hasher.verify("wrong", &hash).await.unwrap();
            real = real.min(start.elapsed());
            let start = tokio::time::Instant::now();
            hasher.dummy_verify("wrong", &algorithm).await;
            dummy = dummy.min(start.elapsed());
        }
        assert!(dummy > real / 2 && real > dummy / 2, "{dummy:?} {real:?}");
    }
}
