//! The server is killed at random moments while many people write: nothing acknowledged is lost, nothing is half there.

use std::net::SocketAddr;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use ipse_model::Random;

use crate::account::Account;
use crate::process::{Directory, Process};

/// How often the server is killed.
const KILLS: u64 = 50;

/// How many people write at the same time.
const WRITERS: u64 = 4;

/// Somebody who registers accounts and changes them until the server is gone.
struct Writer {
    random: Random,
    accounts: Vec<Account>,
    /// The accounts written to since the last check.
    touched: Vec<usize>,
}

impl Writer {
    fn new(number: u64) -> Self {
        Self {
            random: Random::seeded(number),
            accounts: Vec::new(),
            touched: Vec::new(),
        }
    }

    /// A number below `bound`.
    fn below(&self, bound: usize) -> usize {
        let [a, b] = self.random.bytes::<2>();
        usize::from(u16::from_le_bytes([a, b])) % bound
    }

    /// Writes until the server is gone; tells about every answer.
    fn work(&mut self, server: SocketAddr, answered: &Sender<()>) {
        while let Ok(status) = self.write(server) {
            assert_eq!(status, 200, "every request is right and has to be answered");
            // The other side hangs up once it has heard enough.
            let _ = answered.send(());
        }
    }

    fn write(&mut self, server: SocketAddr) -> std::io::Result<u16> {
        let registers = self.accounts.is_empty() || self.below(3) == 0;
        if registers {
            self.accounts.push(Account::new(&self.random));
        }
        let number = match registers {
            true => self.accounts.len() - 1,
            // Those that came last are written to most, others now and then.
            false => self.accounts.len() - 1 - self.below(self.accounts.len().min(8)),
        };
        self.touched.push(number);
        let changes_password = self.below(2) == 0;
        let (account, random) = (&mut self.accounts[number], &self.random);
        match (registers, changes_password) {
            (true, _) => account.register(server).map(|(status, _)| status),
            (false, true) => account.change_password(server, random),
            (false, false) => account.change_profile(server, random),
        }
    }

    /// Checks the accounts written to; returns how many of them had something under way.
    fn check(&mut self, server: &Process) -> usize {
        self.touched.sort_unstable();
        self.touched.dedup();
        let mut under_way = 0;
        for number in self.touched.drain(..) {
            let account = &mut self.accounts[number];
            under_way += usize::from(account.is_under_way());
            account.check(server);
        }
        under_way
    }
}

/// Lets everybody write until so many requests are answered and a little longer, then kills the server.
fn live_and_die(server: &mut Process, writers: &mut [Writer], answers: u8, linger: u16) {
    let (answered, answer) = channel();
    thread::scope(|scope| {
        for writer in writers {
            let (address, answered) = (server.public, answered.clone());
            scope.spawn(move || writer.work(address, &answered));
        }
        drop(answered);
        for _ in 0..answers {
            answer.recv().expect("somebody still writes");
        }
        for _ in 0..linger {
            std::hint::spin_loop();
        }
        server.kill();
    });
}

#[test]
fn what_was_acknowledged_outlives_fifty_kills() {
    let directory = Directory::new();
    let random = Random::seeded(50);
    let mut writers: Vec<Writer> = (1..=WRITERS).map(Writer::new).collect();
    let mut under_way = 0;
    for _ in 0..KILLS {
        let mut server = Process::start(&directory);
        for writer in &mut writers {
            under_way += writer.check(&server);
        }
        let [answers, low, high] = random.bytes::<3>();
        let linger = u16::from_le_bytes([low, high]);
        live_and_die(&mut server, &mut writers, answers % 24, linger);
    }
    let server = Process::start(&directory);
    for writer in &mut writers {
        under_way += writer.check(&server);
        writer.touched = (0..writer.accounts.len()).collect();
        writer.check(&server);
        assert!(writer.accounts.len() > 20, "there was something to lose");
    }
    assert!(under_way > 20, "the kills hit requests: {under_way}");
    assert!(!directory.log().contains("panicked"), "{}", directory.log());
}
