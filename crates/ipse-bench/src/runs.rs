//! What is measured with what: SQLite files of several sizes, a PostgreSQL database, or a server that runs already.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::account::Memory;
use crate::config::Purpose;
use crate::error::Error;
use crate::load::Watched;
use crate::measure::{self, Effort, median};
use crate::queue;
use crate::relay::Relay;
use crate::report::{Report, Run};
use crate::routes::{Crowd, Route};
use crate::seed;
use crate::server::{Directory, Server, Target};
use crate::timing;

/// The cheapest bcrypt: what is measured then is not the hashing.
const CHEAP: u32 = 4;

/// How many messages wait for a courier.
const MESSAGES: usize = 10_000;

/// How many people ask.
const PEOPLE: usize = 64;

/// How many clients sign in all the time while whoami is watched: more than processors.
const CLIENTS: usize = 6;

/// A PostgreSQL database.
pub(crate) struct Database<'a> {
    /// Where it is.
    pub(crate) dsn: &'a str,
    /// Its process, if its CPU time is to be counted.
    pub(crate) pid: Option<u32>,
    /// How many identities to fill it with.
    pub(crate) identities: usize,
}

/// Measures a program with SQLite files of several sizes.
pub(crate) fn sqlite(binary: &Path, sizes: &[usize], effort: Effort) -> Result<Report, Error> {
    let mut report = report_about(binary)?;
    report.start_empty = Some(start_empty(binary)?);
    for (number, identities) in sizes.iter().enumerate() {
        let directory = Directory::new()?;
        let dsn = directory.dsn();
        seed::seed(&dsn, *identities)?;
        let server = Server::start(binary, &directory, &dsn, Purpose::Answering(Some(CHEAP)))?;
        report
            .runs
            .push(seeded(&server, None, (*identities, effort))?);
        server.stop()?;
        if number == 0 && effort.only.is_none() {
            let server = Server::start(binary, &directory, &dsn, Purpose::Answering(None))?;
            let run = expensive(&server, *identities, effort, &mut report)?;
            report.runs.push(run);
            server.stop()?;
        }
    }
    if effort.only.is_none() {
        let messages = MESSAGES / effort.fraction;
        report.queue = Some(queue::drain(binary, (None, None), messages)?);
    }
    Ok(report)
}

/// Measures a program with a PostgreSQL database.
pub(crate) fn postgres(
    binary: &Path,
    database: &Database<'_>,
    effort: Effort,
) -> Result<Report, Error> {
    let mut report = report_about(binary)?;
    let directory = Directory::new()?;
    seed::seed(database.dsn, database.identities)?;
    let server = Server::start(
        binary,
        &directory,
        database.dsn,
        Purpose::Answering(Some(CHEAP)),
    )?;
    report.runs.push(seeded(
        &server,
        database.pid,
        (database.identities, effort),
    )?);
    server.stop()?;
    let (relay, dsn) = Relay::instead_of(database.dsn)?;
    let server = Server::start(binary, &directory, &dsn, Purpose::Answering(Some(CHEAP)))?;
    let crowd = Crowd::signed_in(server.target(), &sample(database.identities))?;
    report.round_trips = relay.measure(&crowd, &Route::ALL)?;
    server.stop()?;
    if effort.only.is_none() {
        let messages = MESSAGES / effort.fraction;
        let place = (Some(database.dsn), database.pid);
        report.queue = Some(queue::drain(binary, place, messages)?);
    }
    Ok(report)
}

/// Measures a server that runs already. People register there first.
pub(crate) fn running(target: Target, effort: Effort) -> Result<Report, Error> {
    let idle = Memory::of(target.pid);
    let crowd = Crowd::registered(target, PEOPLE)?;
    let watched = Watched {
        server: target.pid,
        database: None,
    };
    let routes = measure::routes(&crowd, watched, (&Route::ALL, effort))?;
    let loaded = Memory::of(target.pid);
    let run = Run {
        identities: None,
        bcrypt_cost: None,
        start: None,
        idle,
        loaded,
        routes,
    };
    let server = format!("process {} at {}", target.pid, target.public);
    Ok(Report {
        server,
        runs: vec![run],
        ..Report::default()
    })
}

/// How many addresses of either kind are asked about.
const SAMPLES: usize = 1000;

/// Measures nothing but whether the time of an answer tells who has an account.
pub(crate) fn timing(binary: &Path, dsn: Option<&str>, effort: Effort) -> Result<Report, Error> {
    let mut report = report_about(binary)?;
    report.timing = timing::measure(binary, dsn, SAMPLES / effort.fraction)?;
    Ok(report)
}

/// Measures nothing but how fast a queue of messages is emptied.
pub(crate) fn queue(
    binary: &Path,
    place: (Option<&str>, Option<u32>),
    effort: Effort,
) -> Result<Report, Error> {
    let mut report = report_about(binary)?;
    report.queue = Some(queue::drain(binary, place, MESSAGES / effort.fraction)?);
    Ok(report)
}

fn report_about(binary: &Path) -> Result<Report, Error> {
    let size = fs::metadata(binary)
        .map_err(Error::io(format!("no {}", binary.display())))?
        .len();
    Ok(Report {
        server: binary.display().to_string(),
        binary: Some(size),
        ..Report::default()
    })
}

/// Milliseconds until a server with nothing in its directory is ready.
fn start_empty(binary: &Path) -> Result<f64, Error> {
    let once = || {
        let directory = Directory::new()?;
        let server = Server::start(
            binary,
            &directory,
            &directory.dsn(),
            Purpose::Answering(Some(CHEAP)),
        )?;
        let started_in = server.started_in();
        server.stop()?;
        Ok(millis(started_in))
    };
    Ok(median(
        (0..5).map(|_| once()).collect::<Result<Vec<_>, Error>>()?,
    ))
}

/// A run with people from a seeded database.
fn seeded(
    server: &Server,
    database: Option<u32>,
    (identities, effort): (usize, Effort),
) -> Result<Run, Error> {
    let target = server.target();
    let idle = Memory::of(target.pid);
    let crowd = Crowd::signed_in(target, &sample(identities))?;
    let watched = Watched {
        server: target.pid,
        database,
    };
    let routes = measure::routes(&crowd, watched, (&Route::ALL, effort))?;
    Ok(Run {
        identities: Some(identities),
        bcrypt_cost: Some(CHEAP),
        start: Some(millis(server.started_in())),
        idle,
        loaded: Memory::of(target.pid),
        routes,
    })
}

/// A run at the default cost of bcrypt, where a hash takes a good part of a second: few people, few requests.
fn expensive(
    server: &Server,
    identities: usize,
    effort: Effort,
    report: &mut Report,
) -> Result<Run, Error> {
    let target = server.target();
    let idle = Memory::of(target.pid);
    let crowd = Crowd::registered(target, 8)?;
    let watched = Watched {
        server: target.pid,
        database: None,
    };
    let few = Effort {
        turns: 1,
        fraction: 20,
        connections: 2,
        only: None,
    };
    let routes = [Route::Register, Route::Login];
    let routes = measure::routes(&crowd, watched, (&routes, few))?;
    let duration = Duration::from_secs(if effort.fraction > 1 { 2 } else { 10 });
    let under = measure::whoami_under_logins(&crowd, watched, (CLIENTS, duration))?;
    report.under_logins = Some(under);
    Ok(Run {
        identities: Some(identities),
        bcrypt_cost: None,
        start: Some(millis(server.started_in())),
        idle,
        loaded: Memory::of(target.pid),
        routes,
    })
}

/// People from everywhere in the database.
fn sample(identities: usize) -> Vec<String> {
    let people = PEOPLE.min(identities);
    (0..people)
        .map(|number| seed::email(number * identities / people))
        .collect()
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_comes_from_everywhere_and_nobody_comes_twice() {
        assert_eq!(
            sample(3),
            [
                "person0@bench.example",
                "person1@bench.example",
                "person2@bench.example"
            ]
        );
        let many = sample(100_000);
        assert_eq!(many.len(), PEOPLE);
        assert_eq!(many.last().unwrap(), "person98437@bench.example");
        assert!(sample(0).is_empty());
    }
}
