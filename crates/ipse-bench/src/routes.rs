//! What is asked for: the routes that sign people in and keep them signed in.

use clap::ValueEnum;
use ipse_model::Random;
use serde::Serialize;
use serde_json::{Value, json};

use crate::error::Error;
use crate::http::{Connection, request};
use crate::load::Load;
use crate::seed::PASSWORD;
use crate::server::Target;

/// A route that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Route {
    /// The cheapest answer there is; everything else is compared with it.
    Alive,
    /// Who is signed in.
    Whoami,
    /// A new settings flow.
    CreateSettings,
    /// A settings flow as it is.
    FetchSettings,
    /// A changed name.
    SubmitProfile,
    /// A new login flow.
    CreateLogin,
    /// A new account, signed in at once.
    Register,
    /// Signing in.
    Login,
}

impl Route {
    /// All of them; the cheap ones first.
    pub(crate) const ALL: [Self; 8] = [
        Self::Alive,
        Self::Whoami,
        Self::CreateSettings,
        Self::FetchSettings,
        Self::SubmitProfile,
        Self::CreateLogin,
        Self::Register,
        Self::Login,
    ];

    /// What it is called in the report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Alive => "alive",
            Self::Whoami => "whoami",
            Self::CreateSettings => "create settings flow",
            Self::FetchSettings => "fetch settings flow",
            Self::SubmitProfile => "submit profile change",
            Self::CreateLogin => "create login flow",
            Self::Register => "registration",
            Self::Login => "login",
        }
    }

    /// How many requests make a figure worth reading.
    pub(crate) fn amount(self) -> usize {
        match self {
            Self::Alive => 8000,
            Self::Whoami => 6000,
            Self::FetchSettings => 4000,
            Self::CreateSettings | Self::CreateLogin => 2000,
            Self::SubmitProfile => 1000,
            Self::Register | Self::Login => 400,
        }
    }
}

/// Somebody who is signed in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Person {
    email: String,
    token: String,
}

/// The people who ask, and where.
pub(crate) struct Crowd {
    /// The server they ask.
    pub(crate) target: Target,
    people: Vec<Person>,
    random: Random,
}

impl Crowd {
    /// People who have an account, and sign in.
    pub(crate) fn signed_in(target: Target, emails: &[String]) -> Result<Self, Error> {
        let mut crowd = Self::empty(target);
        let mut connection = crowd.connect()?;
        for email in emails {
            let flow = crowd.create(&mut connection, "login", None)?;
            let line = format!("POST /self-service/login?flow={flow}");
            let answer = connection.json(&line, None, Some(&login(email)), 200)?;
            crowd.people.push(Person {
                email: email.clone(),
                token: token(&answer)?,
            });
        }
        Ok(crowd)
    }

    /// People who register now.
    pub(crate) fn registered(target: Target, count: usize) -> Result<Self, Error> {
        let mut crowd = Self::empty(target);
        let mut connection = crowd.connect()?;
        for _ in 0..count {
            let email = crowd.fresh_email();
            let flow = crowd.create(&mut connection, "registration", None)?;
            let line = format!("POST /self-service/registration?flow={flow}");
            let answer = connection.json(&line, None, Some(&registration(&email)), 200)?;
            crowd.people.push(Person {
                token: token(&answer)?,
                email,
            });
        }
        Ok(crowd)
    }

    fn empty(target: Target) -> Self {
        Self {
            target,
            people: Vec::new(),
            random: Random::system(),
        }
    }

    /// So many requests of a route over so many connections; what they need is prepared now.
    pub(crate) fn load(
        &self,
        route: Route,
        amount: usize,
        connections: usize,
    ) -> Result<Load, Error> {
        let mut preparing = self.connect()?;
        let get = |line: &str, token| request(line, token, None);
        // What doesn't change anything can be asked again and again; of the rest each request is another one.
        let (distinct, rounds) = match route {
            Route::Alive | Route::Whoami | Route::FetchSettings => {
                let distinct = self.people.len().max(connections).min(amount);
                (distinct, amount.div_ceil(distinct))
            }
            _ => (amount, 1),
        };
        let mut requests = vec![Vec::new(); connections];
        for number in 0..distinct {
            let person = &self.people[number % self.people.len()];
            let asked = match route {
                Route::Alive => get("GET /health/alive", None),
                Route::Whoami => get("GET /sessions/whoami", Some(&person.token)),
                Route::CreateSettings => get("GET /self-service/settings/api", Some(&person.token)),
                Route::CreateLogin => get("GET /self-service/login/api", None),
                Route::FetchSettings => {
                    let flow = self.create(&mut preparing, "settings", Some(&person.token))?;
                    let line = format!("GET /self-service/settings/flows?id={flow}");
                    get(&line, Some(&person.token))
                }
                Route::SubmitProfile => self.submit_profile(&mut preparing, person)?,
                Route::Register => self.submit(
                    &mut preparing,
                    "registration",
                    &registration(&self.fresh_email()),
                )?,
                Route::Login => self.submit(&mut preparing, "login", &login(&person.email))?,
            };
            requests[self.connection_of(number, connections)].push(asked);
        }
        Ok(Load {
            expected: 200,
            requests,
            rounds,
        })
    }

    /// One person's requests go over one connection, so that nobody competes with themselves.
    fn connection_of(&self, number: usize, connections: usize) -> usize {
        match self.people.len() {
            people if people >= connections => number % people % connections,
            _ => number % connections,
        }
    }

    fn submit_profile(&self, at: &mut Connection, person: &Person) -> Result<Vec<u8>, Error> {
        let flow = self.create(at, "settings", Some(&person.token))?;
        let name = json!({ "first": "Changed", "last": self.random.alphanumeric(8) });
        let body =
            json!({ "method": "profile", "traits": { "email": person.email, "name": name } });
        let line = format!("POST /self-service/settings?flow={flow}");
        Ok(request(&line, Some(&person.token), Some(&body)))
    }

    fn submit(&self, at: &mut Connection, flow: &str, body: &Value) -> Result<Vec<u8>, Error> {
        let id = self.create(at, flow, None)?;
        Ok(request(
            &format!("POST /self-service/{flow}?flow={id}"),
            None,
            Some(body),
        ))
    }

    /// A new flow's id.
    fn create(
        &self,
        at: &mut Connection,
        flow: &str,
        token: Option<&str>,
    ) -> Result<String, Error> {
        let answer = at.json(&format!("GET /self-service/{flow}/api"), token, None, 200)?;
        text(&answer, "id")
    }

    fn connect(&self) -> Result<Connection, Error> {
        let address = self.target.public;
        Connection::open(address).map_err(|error| Error::Connection(address, error))
    }

    fn fresh_email(&self) -> String {
        format!(
            "{}@new.bench.example",
            self.random.alphanumeric(16).to_lowercase()
        )
    }
}

fn login(email: &str) -> Value {
    json!({ "method": "password", "identifier": email, "password": PASSWORD })
}

fn registration(email: &str) -> Value {
    let traits = json!({ "email": email, "name": { "first": "New", "last": "Person" } });
    json!({ "method": "password", "password": PASSWORD, "traits": traits })
}

fn token(answer: &Value) -> Result<String, Error> {
    text(answer, "session_token")
}

fn text(answer: &Value, member: &str) -> Result<String, Error> {
    let found = answer[member].as_str().map(str::to_owned);
    found.ok_or_else(|| Error::Server(format!("has answered without {member}: {answer}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crowd(people: usize) -> Crowd {
        let address = ([127, 0, 0, 1], 1).into();
        let mut crowd = Crowd::empty(Target {
            public: address,
            admin: address,
            pid: 0,
        });
        crowd.people = vec![
            Person {
                email: String::new(),
                token: String::new()
            };
            people
        ];
        crowd
    }

    #[test]
    fn nobody_uses_two_connections_unless_there_are_too_few_people() {
        let many = crowd(6);
        for number in 0..50 {
            assert_eq!(
                many.connection_of(number, 4),
                many.connection_of(number % 6, 4)
            );
        }
        let used: std::collections::BTreeSet<_> = (0..8)
            .map(|number| crowd(2).connection_of(number, 4))
            .collect();
        assert_eq!(used.len(), 4);
    }

    #[test]
    fn what_is_missing_in_an_answer_is_named() {
        assert_eq!(text(&json!({ "id": "x" }), "id").unwrap(), "x");
        let error = token(&json!({ "id": "x" })).unwrap_err().to_string();
        assert!(error.contains("session_token"), "{error}");
    }

    #[test]
    fn new_people_have_addresses_of_their_own() {
        let crowd = crowd(1);
        assert_ne!(crowd.fresh_email(), crowd.fresh_email());
    }
}
