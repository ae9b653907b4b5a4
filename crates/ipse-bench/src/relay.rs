//! A relay between the server and its database that counts how often the server waits for the database.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use serde::Serialize;
use url::Url;

use crate::error::Error;
use crate::routes::{Crowd, Route};

/// The round trips of one route.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct RoundTrips {
    /// The route.
    pub(crate) route: Route,
    /// Per request, one request at a time.
    pub(crate) per_request: f64,
}

/// The relay. It runs until the program ends.
pub(crate) struct Relay {
    address: SocketAddr,
    turns: Arc<AtomicU64>,
}

impl Relay {
    /// Starts one in front of the database at `upstream`.
    pub(crate) fn start(upstream: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let relay = Self {
            address: listener.local_addr()?,
            turns: Arc::default(),
        };
        let turns = relay.turns.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if let Ok(server) = TcpStream::connect(upstream) {
                    // A connection that can't be relayed is closed, which its owner notices.
                    let _ = relay_both_ways(&client, &server, &turns);
                }
            }
        });
        Ok(relay)
    }

    /// The DSN `dsn` with the relay in place of the database.
    pub(crate) fn instead_of(dsn: &str) -> Result<(Self, String), Error> {
        let usage = |reason: &str| Error::Usage(format!("--dsn: {reason}"));
        let mut url: Url = dsn.parse().map_err(|_| usage("is no URL"))?;
        let upstream = url
            .socket_addrs(|| Some(5432))
            .map_err(Error::io("--dsn"))?;
        let upstream = upstream
            .first()
            .copied()
            .ok_or_else(|| usage("names no host"))?;
        if !upstream.ip().is_loopback() {
            return Err(usage("only a database on this machine is measured"));
        }
        let relay = Self::start(upstream).map_err(Error::io("can't start the relay"))?;
        url.set_host(Some("127.0.0.1"))
            .map_err(|_| usage("names no host"))?;
        url.set_port(Some(relay.address.port()))
            .map_err(|()| usage("names no host"))?;
        Ok((relay, url.to_string()))
    }

    /// The round trips per request of each route.
    pub(crate) fn measure(
        &self,
        crowd: &Crowd,
        routes: &[Route],
    ) -> Result<Vec<RoundTrips>, Error> {
        const REQUESTS: usize = 40;
        let watched = crate::load::Watched {
            server: crowd.target.pid,
            database: None,
        };
        let mut found = Vec::new();
        for route in routes {
            let load = crowd.load(*route, REQUESTS, 1)?;
            let before = self.turns.load(Ordering::SeqCst);
            let timing = load.drive(crowd.target.public, watched)?;
            let turns = self.turns.load(Ordering::SeqCst) - before;
            let per_request = turns as f64 / timing.latencies.len().max(1) as f64;
            found.push(RoundTrips {
                route: *route,
                per_request,
            });
        }
        Ok(found)
    }
}

/// A round trip begins whenever the client speaks after the server has.
fn relay_both_ways(
    client: &TcpStream,
    server: &TcpStream,
    turns: &Arc<AtomicU64>,
) -> io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let server_spoke = Arc::new(AtomicBool::new(true));
    let (heard, turns) = (server_spoke.clone(), turns.clone());
    let (from, to) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || {
        pass_on(from, to, || {
            if heard.swap(false, Ordering::SeqCst) {
                turns.fetch_add(1, Ordering::SeqCst);
            }
        });
    });
    let (from, to) = (server.try_clone()?, client.try_clone()?);
    thread::spawn(move || pass_on(from, to, || server_spoke.store(true, Ordering::SeqCst)));
    Ok(())
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, seen: impl Fn()) {
    let mut buffer = [0; 16 << 10];
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(read) => read,
        };
        seen();
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    // Whoever is left notices that the other one has gone; it may have noticed already.
    let _ = to.shutdown(Shutdown::Both);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_sent_together_are_one_round_trip() {
        let database = TcpListener::bind("127.0.0.1:0").unwrap();
        let relay = Relay::start(database.local_addr().unwrap()).unwrap();
        let mut client = TcpStream::connect(relay.address).unwrap();
        let (mut server, _) = database.accept().unwrap();
        for question in ["one", "two and three"] {
            client.write_all(question.as_bytes()).unwrap();
            let mut heard = vec![0; question.len()];
            server.read_exact(&mut heard).unwrap();
            assert_eq!(heard, question.as_bytes());
            server.write_all(b"answer").unwrap();
            client.read_exact(&mut [0; 6]).unwrap();
        }
        assert_eq!(relay.turns.load(Ordering::SeqCst), 2);
        drop(server);
        assert_eq!(client.read(&mut [0; 1]).unwrap(), 0, "the end is passed on");
    }

    #[test]
    fn the_dsn_keeps_all_but_the_place() {
        let (relay, dsn) =
            Relay::instead_of("postgres://me:secret@127.0.0.1:1/db?sslmode=disable").unwrap();
        let port = relay.address.port();
        assert_eq!(
            dsn,
            format!("postgres://me:secret@127.0.0.1:{port}/db?sslmode=disable")
        );
        assert!(Relay::instead_of("postgres://192.0.2.1/db").is_err());
    }
}
