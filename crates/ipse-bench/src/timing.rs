//! Whether the time of an answer tells if an address has an account.
//!
//! Known and unknown addresses are asked for in random order over one connection, each address once per flow, so that
//! whatever else the machine does meets both alike.

use std::fmt::{self, Display, Formatter};
use std::path::Path;

use ipse_model::Random;
use serde::Serialize;
use serde_json::{Value, json};

use crate::account::now;
use crate::config::Purpose;
use crate::error::Error;
use crate::http::{Connection, request};
use crate::measure::median;
use crate::seed;
use crate::server::{Directory, Server};
use crate::sink::Sink;
use crate::statistics::{Difference, compare};

/// What somebody may ask about an address that could be anybody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Question {
    /// A code to get back in.
    Recovery,
    /// A code to prove the address.
    Verification,
    /// A code to sign in.
    LoginByCode,
    /// Signing in with a wrong password.
    LoginByPassword,
}

impl Question {
    const ALL: [Self; 4] = [
        Self::Recovery,
        Self::Verification,
        Self::LoginByCode,
        Self::LoginByPassword,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Recovery => "recovery",
            Self::Verification => "verification",
            Self::LoginByCode => "login by code",
            Self::LoginByPassword => "login by password",
        }
    }

    fn flow(self) -> &'static str {
        match self {
            Self::Recovery => "recovery",
            Self::Verification => "verification",
            Self::LoginByCode | Self::LoginByPassword => "login",
        }
    }

    fn form(self, address: &str) -> Value {
        match self {
            Self::Recovery | Self::Verification => json!({ "method": "code", "email": address }),
            Self::LoginByCode => json!({ "method": "code", "identifier": address }),
            Self::LoginByPassword => {
                json!({ "method": "password", "identifier": address, "password": "not-the-one-77" })
            }
        }
    }

    /// The status of the answer, whoever is asked about.
    fn status(self) -> u16 {
        match self {
            Self::Recovery | Self::Verification => 200,
            Self::LoginByCode | Self::LoginByPassword => 400,
        }
    }
}

/// The answers to one question, compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Comparison {
    /// The question.
    pub(crate) question: Question,
    /// Samples of either kind.
    pub(crate) samples: usize,
    /// Half of the answers about known addresses took no longer, in microseconds.
    pub(crate) known: f64,
    /// The same of unknown ones.
    pub(crate) unknown: f64,
    /// How both differ; the first sample is that of known addresses.
    pub(crate) difference: Difference,
}

/// The chance of a false alarm that is accepted for all tests together.
const ALARM: f64 = 0.05;

impl Comparison {
    /// Whether the answers could be told apart; each question is tested twice.
    pub(crate) fn tells(&self) -> bool {
        let accepted = ALARM / (2 * Question::ALL.len()) as f64;
        self.difference.distance_p < accepted || self.difference.larger_p < accepted
    }
}

impl Display for Comparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let difference = &self.difference;
        write!(f, "{:<20}{:>8}", self.question.name(), self.samples)?;
        write!(f, "{:>10.0}{:>10.0}", self.known, self.unknown)?;
        write!(
            f,
            "{:>8.3}{:>8.3}",
            difference.distance, difference.distance_p
        )?;
        write!(f, "{:>8.3}{:>8.3}", difference.larger, difference.larger_p)?;
        write!(
            f,
            "  {}",
            if self.tells() {
                "TELLS"
            } else {
                "not told apart"
            }
        )
    }
}

/// Compares the answers of a program about `samples` known and as many unknown addresses.
pub(crate) fn measure(
    binary: &Path,
    dsn: Option<&str>,
    samples: usize,
) -> Result<Vec<Comparison>, Error> {
    let directory = Directory::new()?;
    let dsn = dsn.map_or_else(|| directory.dsn(), str::to_owned);
    seed::seed_reachable(&dsn, samples)?;
    let sink = Sink::start().map_err(Error::io("can't start the mail server"))?;
    let purpose = Purpose::Timing { mails: sink.port() };
    let server = Server::start(binary, &directory, &dsn, purpose)?;
    let mut found = Vec::new();
    for question in Question::ALL {
        found.push(ask_about_everybody(&server, question, samples)?);
    }
    server.stop()?;
    Ok(found)
}

fn ask_about_everybody(
    server: &Server,
    question: Question,
    samples: usize,
) -> Result<Comparison, Error> {
    let address = server.target().public;
    let mut connection =
        Connection::open(address).map_err(|error| Error::Connection(address, error))?;
    for number in 0..samples.div_ceil(10) {
        // Warms up; about nobody that is asked about later.
        ask(
            &mut connection,
            question,
            &format!("warmup{number}@bench.example"),
        )?;
    }
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for (number, is_known) in shuffled(samples) {
        if is_known {
            known.push(ask(&mut connection, question, &seed::email(number))?);
        } else {
            // As long as the other one.
            let nobody = format!("nobody{number}@bench.example");
            unknown.push(ask(&mut connection, question, &nobody)?);
        }
    }
    Ok(Comparison {
        question,
        samples,
        difference: compare(&known, &unknown),
        known: median(known),
        unknown: median(unknown),
    })
}

/// So many numbers, each once with either value, in random order.
fn shuffled(samples: usize) -> Vec<(usize, bool)> {
    let random = Random::system();
    let both = (0..samples).flat_map(|number| [(number, true), (number, false)]);
    let mut keyed: Vec<_> = both.map(|one| (random.bytes::<16>(), one)).collect();
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, one)| one).collect()
}

/// Asks once, in a flow of its own; how many microseconds the answer took.
fn ask(connection: &mut Connection, question: Question, address: &str) -> Result<f64, Error> {
    let line = format!("GET /self-service/{}/api", question.flow());
    let flow = connection.json(&line, None, None, 200)?;
    let id = flow["id"].as_str().unwrap_or_default();
    let line = format!("POST /self-service/{}?flow={id}", question.flow());
    let request = request(&line, None, Some(&question.form(address)));
    let to = connection.address();
    let start = now();
    let status = connection
        .ask(&request)
        .map_err(|error| Error::Connection(to, error))?
        .status;
    let took = start.elapsed();
    if status != question.status() {
        return Err(Error::Answer {
            what: line,
            status,
            body: String::new(),
        });
    }
    Ok(took.as_secs_f64() * 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_asked_about_once() {
        let mut order = shuffled(50);
        let in_order: Vec<_> = (0..50)
            .flat_map(|number| [(number, false), (number, true)])
            .collect();
        assert_ne!(order, in_order);
        order.sort_unstable();
        assert_eq!(order, in_order);
    }

    #[test]
    fn one_of_both_tests_is_enough_to_tell() {
        let comparison = |distance_p, larger_p| Comparison {
            question: Question::Recovery,
            samples: 1000,
            known: 100.0,
            unknown: 101.0,
            difference: Difference {
                distance: 0.02,
                distance_p,
                larger: 0.5,
                larger_p,
            },
        };
        assert!(!comparison(0.5, 0.01).tells());
        assert!(comparison(0.5, 0.006).tells());
        assert!(comparison(0.006, 0.5).tells());
        assert!(comparison(0.5, 0.5).to_string().contains("not told apart"));
    }
}
