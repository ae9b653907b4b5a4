//! People who write all the time, whatever happens meanwhile.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use ipse_model::Random;
use tokio::time::Instant;

use crate::account::Account;
use crate::process::Process;

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long somebody waits who was refused.
const PAUSE: Duration = Duration::from_millis(20);

/// Some people who write.
pub(super) struct Load {
    writers: Vec<Writer>,
}

/// How they get on.
#[derive(Default)]
pub(super) struct Progress {
    acknowledged: AtomicU64,
    refused: AtomicU64,
    over: AtomicBool,
}

struct Writer {
    random: Random,
    accounts: Vec<Account>,
}

impl Load {
    pub(super) fn new(writers: u64) -> Self {
        let writer = |number| Writer {
            random: Random::seeded(number),
            accounts: Vec::new(),
        };
        Self {
            writers: (1..=writers).map(writer).collect(),
        }
    }

    /// Lets everybody write to these nodes while something happens.
    pub(super) fn during(&mut self, nodes: &[SocketAddr], happens: impl FnOnce(&Progress)) {
        let progress = Progress::default();
        thread::scope(|scope| {
            for writer in &mut self.writers {
                scope.spawn(|| writer.work(nodes, &progress));
            }
            let _over = Over(&progress);
            happens(&progress);
        });
    }

    /// Checks that everything acknowledged is there and nothing is half there; returns how many accounts there are.
    pub(super) fn check(&mut self, server: &Process) -> usize {
        let accounts = self
            .writers
            .iter_mut()
            .flat_map(|writer| &mut writer.accounts);
        accounts.map(|account| account.check(server)).count()
    }
}

/// Ends the work, also when a test fails.
struct Over<'a>(&'a Progress);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::SeqCst);
    }
}

impl Progress {
    /// Waits for so many more answers that acknowledge something.
    pub(super) fn acknowledged(&self, more: u64) {
        wait_for(&self.acknowledged, more);
    }

    /// Waits for so many more refusals.
    pub(super) fn refused(&self, more: u64) {
        wait_for(&self.refused, more);
    }

    /// How many requests were refused until now.
    pub(super) fn refusals(&self) -> u64 {
        self.refused.load(Ordering::SeqCst)
    }
}

fn wait_for(count: &AtomicU64, more: u64) {
    let (start, wanted) = (Instant::now(), count.load(Ordering::SeqCst) + more);
    while count.load(Ordering::SeqCst) < wanted {
        assert!(start.elapsed() < PATIENCE, "this takes too long");
        thread::yield_now();
    }
}

impl Writer {
    fn work(&mut self, nodes: &[SocketAddr], progress: &Progress) {
        for turn in 0.. {
            if progress.over.load(Ordering::SeqCst) {
                return;
            }
            match self.write(nodes[turn % nodes.len()], turn) {
                Ok(200) => progress.acknowledged.fetch_add(1, Ordering::SeqCst),
                // Told that the database is away, or cut off.
                Ok(503) | Err(_) => {
                    thread::park_timeout(PAUSE);
                    progress.refused.fetch_add(1, Ordering::SeqCst)
                }
                Ok(status) => panic!("a request that is right was answered with {status}"),
            };
        }
    }

    /// Registers, or changes an account of which nothing is under way.
    fn write(&mut self, server: SocketAddr, turn: usize) -> std::io::Result<u16> {
        let random = &self.random;
        let settled = self
            .accounts
            .iter_mut()
            .filter(|account| !account.is_under_way());
        let mut settled: Vec<_> = settled.collect();
        let count = settled.len();
        if count < 3 || turn.is_multiple_of(3) {
            self.accounts.push(Account::new(random));
            let account = self.accounts.last_mut().unwrap();
            return account.register(server).map(|(status, _)| status);
        }
        let account = &mut settled[turn % count];
        match turn.is_multiple_of(2) {
            true => account.change_password(server, random),
            false => account.change_profile(server, random),
        }
    }
}
