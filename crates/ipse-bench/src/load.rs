//! A bounded load: so many requests over so many connections, timed one by one.

use std::net::SocketAddr;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use crate::account::{Cpu, now};
use crate::error::Error;
use crate::http::Connection;

/// No load lasts longer; what has not been asked by then is left out.
const LIMIT: Duration = Duration::from_secs(60);

/// What is asked for.
pub(crate) struct Load {
    /// The status of every answer.
    pub(crate) expected: u16,
    /// The requests of each connection, in their order.
    pub(crate) requests: Vec<Vec<Vec<u8>>>,
    /// How often each connection goes through its requests.
    pub(crate) rounds: usize,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Timing {
    /// How long each answer took, in microseconds.
    pub(crate) latencies: Vec<u32>,
    /// How many answers had another status.
    pub(crate) failures: usize,
    /// How long all of it took.
    pub(crate) elapsed: Duration,
    /// The CPU time of the server.
    pub(crate) cpu: Duration,
    /// The CPU time of its database server.
    pub(crate) database_cpu: Duration,
}

/// Whose CPU time is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watched {
    /// The server.
    pub(crate) server: u32,
    /// Its database server, if it has one.
    pub(crate) database: Option<u32>,
}

impl Watched {
    fn used(self) -> (Cpu, Cpu) {
        let database = self.database.map(|pid| Cpu::of(&[pid]));
        (Cpu::of(&[self.server]), database.unwrap_or_default())
    }
}

impl Load {
    /// Asks, while the CPU time of `watched` is counted.
    pub(crate) fn drive(self, address: SocketAddr, watched: Watched) -> Result<Timing, Error> {
        let barrier = Barrier::new(self.requests.len() + 1);
        let (barrier, rounds, expected) = (&barrier, self.rounds, self.expected);
        thread::scope(|scope| {
            let threads: Vec<_> = self
                .requests
                .iter()
                .map(|requests| {
                    scope.spawn(move || {
                        let connection = Connection::open(address);
                        barrier.wait();
                        ask_all(&mut connection?, requests, rounds, expected)
                    })
                })
                .collect();
            // Taken before the others are let go, as reading it takes a moment.
            let (before, start) = (watched.used(), now());
            barrier.wait();
            let mut timing = Timing::default();
            for thread in threads {
                let of_thread = thread.join().expect("a connection's thread doesn't panic");
                let of_thread = of_thread.map_err(|error| Error::Connection(address, error))?;
                timing.latencies.extend(of_thread.latencies);
                timing.failures += of_thread.failures;
            }
            timing.elapsed = start.elapsed();
            let after = watched.used();
            (timing.cpu, timing.database_cpu) =
                (after.0.since(&before.0), after.1.since(&before.1));
            Ok(timing)
        })
    }
}

fn ask_all(
    connection: &mut Connection,
    requests: &[Vec<u8>],
    rounds: usize,
    expected: u16,
) -> std::io::Result<Timing> {
    let mut timing = Timing::default();
    timing.latencies.reserve(requests.len() * rounds);
    let start = now();
    let mut sent = start;
    for request in (0..rounds).flat_map(|_| requests) {
        let status = connection.ask(request)?.status;
        let answered = now();
        timing.latencies.push(micros(answered - sent));
        timing.failures += usize::from(status != expected);
        if past(start, answered) {
            break;
        }
        sent = answered;
    }
    Ok(timing)
}

fn micros(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)
}

fn past(start: Instant, now: Instant) -> bool {
    now - start > LIMIT
}

impl Timing {
    /// Both together, one having come after the other.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.latencies.extend(other.latencies);
        self.failures += other.failures;
        self.elapsed += other.elapsed;
        self.cpu += other.cpu;
        self.database_cpu += other.database_cpu;
        self
    }

    /// CPU microseconds per request of the server.
    pub(crate) fn cpu_per_request(&self) -> f64 {
        self.per_request(self.cpu)
    }

    /// CPU microseconds per request of the database server.
    pub(crate) fn database_cpu_per_request(&self) -> f64 {
        self.per_request(self.database_cpu)
    }

    fn per_request(&self, cpu: Duration) -> f64 {
        cpu.as_secs_f64() * 1e6 / self.latencies.len().max(1) as f64
    }

    /// Requests per second.
    pub(crate) fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }
}

/// The smallest value that at least `percent` of the values don't exceed.
pub(crate) fn percentile(sorted: &[u32], percent: u32) -> u32 {
    let rank = (sorted.len() * percent as usize).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;
    use crate::http::request;

    #[test]
    fn a_percentile_is_a_value_that_occurred() {
        let hundred: Vec<u32> = (1..=100).collect();
        assert_eq!(percentile(&hundred, 50), 50);
        assert_eq!(percentile(&hundred, 99), 99);
        assert_eq!(percentile(&hundred, 100), 100);
        assert_eq!(percentile(&[7], 50), 7);
        assert_eq!(percentile(&[7, 9], 50), 7);
        assert_eq!(percentile(&[7, 9], 99), 9);
        assert_eq!(percentile(&[], 99), 0);
    }

    fn me() -> Watched {
        Watched {
            server: std::process::id(),
            database: None,
        }
    }

    /// Answers so many requests on so many connections with a status each.
    fn server(connections: usize, statuses: Vec<u16>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for _ in 0..connections {
                let (mut stream, _) = listener.accept().unwrap();
                let statuses = statuses.clone();
                thread::spawn(move || {
                    for status in statuses {
                        assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
                        write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: 2\r\n\r\nok")
                            .unwrap();
                    }
                });
            }
        });
        address
    }

    #[test]
    fn every_request_is_asked_and_every_failure_counted() {
        let address = server(3, vec![200, 200, 500, 200]);
        let ask = request("GET /", None, None);
        let requests = vec![vec![ask.clone(), ask]; 3];
        let load = Load {
            expected: 200,
            requests,
            rounds: 2,
        };
        let timing = load.drive(address, me()).unwrap();
        assert_eq!((timing.latencies.len(), timing.failures), (12, 3));
        assert!(timing.per_second() > 0.0 && timing.cpu_per_request() >= 0.0);
    }

    #[test]
    fn a_server_that_hangs_up_is_an_error() {
        let address = server(1, vec![200]);
        let requests = vec![vec![request("GET /", None, None)]];
        let load = Load {
            expected: 200,
            requests,
            rounds: 2,
        };
        assert!(matches!(
            load.drive(address, me()),
            Err(Error::Connection(..))
        ));
    }

    #[test]
    fn timings_add_up() {
        let one = Timing {
            latencies: vec![10, 20],
            failures: 1,
            elapsed: Duration::from_millis(4),
            cpu: Duration::from_micros(30),
            database_cpu: Duration::from_micros(4),
        };
        let both = one.clone().and(one);
        assert_eq!((both.latencies.len(), both.failures), (4, 2));
        assert!((both.cpu_per_request() - 15.0).abs() < 1e-9);
        assert!((both.database_cpu_per_request() - 2.0).abs() < 1e-9);
        assert!((both.per_second() - 500.0).abs() < 1e-9);
    }
}
