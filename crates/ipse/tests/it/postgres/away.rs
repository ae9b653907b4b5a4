//! The database is away, breaks off, is full of others, or hangs. Nothing acknowledged is lost, and everything recovers by
//! itself.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use ipse_model::Random;
use ipse_testkit::{Cluster, Session};
use tokio::time::Instant;

use super::Site;
use super::load::Load;
use crate::account::Account;
use crate::process::{Process, ask};

/// How soon everything has to work again.
const RECOVERED: Duration = Duration::from_secs(2);

/// An answer as it is on the wire.
fn raw(server: SocketAddr, line: &str) -> String {
    let mut stream = TcpStream::connect(server).unwrap();
    let head = "Host: localhost\r\nConnection: close\r\nAccept: application/json";
    write!(
        stream,
        "{line} HTTP/1.1\r\n{head}\r\nX-Session-Token: none\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// What has to be said while there is no database.
fn assert_away(server: &Process) {
    for line in ["GET /sessions/whoami", "GET /self-service/login/api"] {
        let answer = raw(server.public, line);
        assert!(answer.starts_with("HTTP/1.1 503 "), "{line}: {answer}");
        assert!(
            answer.to_ascii_lowercase().contains("\r\nretry-after: "),
            "{answer}"
        );
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["error"]["code"], 503);
        assert_eq!(body["error"]["status"], "Service Unavailable");
        assert!(body["error"]["message"].is_string(), "{body}");
    }
    let (status, body) = ask(server.admin, "GET /admin/health/ready", None, None).unwrap();
    assert_eq!(status, 503, "{body}");
    assert!(body["errors"]["database"].is_string(), "{body}");
    let alive = ask(server.public, "GET /health/alive", None, None).unwrap();
    assert_eq!(alive.0, 200, "what needs no database still works");
}

#[test]
fn a_database_that_is_stopped_and_started_under_load_loses_nothing() {
    let Some(site) = Site::migrated(&[]) else {
        return;
    };
    let directory = site.directory();
    let server = Process::start(&directory);
    let mut load = Load::new(3);
    load.during(&[server.public], |progress| {
        for stop in [Cluster::stop, Cluster::crash] {
            progress.acknowledged(20);
            stop(&site.cluster);
            progress.refused(3);
            assert_away(&server);
            site.cluster.start_again();
            let back = Instant::now();
            progress.acknowledged(1);
            let ready = ask(server.admin, "GET /admin/health/ready", None, None).unwrap();
            assert_eq!(ready.0, 200, "{}", ready.1);
            assert!(back.elapsed() < RECOVERED, "it took {:?}", back.elapsed());
        }
    });
    assert!(load.check(&server) > 10, "there was something to lose");
    assert!(!directory.log().contains("panicked"), "{}", directory.log());
}

#[test]
fn connections_that_are_cut_under_load_lose_nothing() {
    let Some(site) = Site::migrated(&[]) else {
        return;
    };
    let directory = site.directory();
    let server = Process::start(&directory);
    let administrator = site.cluster.session("postgres");
    let mut load = Load::new(3);
    load.during(&[server.public], |progress| {
        for _ in 0..10 {
            progress.acknowledged(10);
            let cut = administrator.run(&format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'",
                site.database
            ));
            assert!(!cut.is_empty());
            let at = Instant::now();
            progress.acknowledged(1);
            assert!(at.elapsed() < RECOVERED, "it took {:?}", at.elapsed());
        }
    });
    assert!(load.check(&server) > 10, "there was something to lose");
    assert!(!directory.log().contains("panicked"), "{}", directory.log());
}

#[test]
fn a_database_that_takes_no_more_connections_is_told_and_reads_go_on() {
    let settings = ["max_connections = 12", "superuser_reserved_connections = 0"];
    let Some(site) = Site::migrated(&settings) else {
        return;
    };
    let directory = site.directory();
    let server = Process::start(&directory);
    let mut hog = Vec::new();
    while let Some(session) = Session::open(&site.dsn()) {
        hog.push(session);
    }
    let mut account = Account::new(&Random::seeded(1));
    let (status, body) = account.register(server.public).unwrap();
    assert_eq!(status, 503, "{body}");
    for _ in 0..4 {
        // The connections that are there go on.
        assert!(raw(server.public, "GET /sessions/whoami").starts_with("HTTP/1.1 401 "));
    }
    drop(hog);
    let free = Instant::now();
    while account.register(server.public).unwrap().0 != 200 {
        assert!(free.elapsed() < RECOVERED, "it took {:?}", free.elapsed());
    }
    account.check(&server);
    assert!(!directory.log().contains("panicked"), "{}", directory.log());
}

#[test]
fn a_query_that_hangs_is_given_up() {
    let Some(site) = Site::migrated(&[]) else {
        return;
    };
    let directory = site.directory();
    let server = Process::start(&directory);
    let blocker = site.cluster.session(&site.database);
    blocker.run("BEGIN; LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE");
    let asked = Instant::now();
    let answer = raw(server.public, "GET /sessions/whoami");
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(
        asked.elapsed() < Duration::from_secs(12),
        "it took {:?}",
        asked.elapsed()
    );
    blocker.run("ROLLBACK");
    let free = Instant::now();
    assert!(raw(server.public, "GET /sessions/whoami").starts_with("HTTP/1.1 401 "));
    assert!(free.elapsed() < RECOVERED, "it took {:?}", free.elapsed());
    assert!(!directory.log().contains("panicked"), "{}", directory.log());
}

#[test]
fn a_server_that_starts_before_its_database_waits_for_it() {
    let Some(site) = Site::migrated(&[]) else {
        return;
    };
    site.cluster.stop();
    let directory = site.directory();
    let server = Process::spawn(
        &directory,
        std::process::Command::new(env!("CARGO_BIN_EXE_ipse")),
    );
    while !directory.log().contains("can't be reached yet") {
        std::thread::yield_now();
    }
    site.cluster.start_again();
    server.ready(&directory);
}
