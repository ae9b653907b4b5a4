//! Somebody whose account outlives servers: what was acknowledged, what was under way, and whether the server remembers it.

use std::io;
use std::net::SocketAddr;

use ipse_model::Random;
use serde_json::{Value, json};

use crate::process::{Process, ask};

/// An account.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    state: State,
    token: Option<String>,
    /// What was sent and not answered.
    under_way: Option<UnderWay>,
    /// The address given up last.
    former: Option<String>,
}

/// What the server has acknowledged.
#[derive(Clone, Debug)]
struct State {
    email: String,
    name: String,
    password: String,
}

#[derive(Clone, Debug)]
enum UnderWay {
    Registration,
    Change(State),
}

impl Account {
    /// Somebody who has no account yet.
    pub(crate) fn new(random: &Random) -> Self {
        let state = State {
            email: email(random),
            name: random.alphanumeric(8),
            password: random.alphanumeric(16),
        };
        Self {
            state,
            token: None,
            under_way: None,
            former: None,
        }
    }

    /// Registers.
    pub(crate) fn register(&mut self, server: SocketAddr) -> io::Result<(u16, Value)> {
        self.under_way = Some(UnderWay::Registration);
        let flow = create(server, "registration", None)?;
        let Some(id) = flow.1["id"].as_str() else {
            return Ok(flow);
        };
        let State {
            email,
            name,
            password,
        } = &self.state;
        let traits = json!({ "email": email, "name": name });
        let body = json!({ "method": "password", "password": password, "traits": traits });
        let answer = submit(server, "registration", (id, None), &body)?;
        if answer.0 == 200 {
            self.under_way = None;
            self.token = answer.1["session_token"].as_str().map(str::to_owned);
        }
        Ok(answer)
    }

    /// Takes another address and another name, in one go.
    pub(crate) fn change_profile(
        &mut self,
        server: SocketAddr,
        random: &Random,
    ) -> io::Result<u16> {
        let state = State {
            email: email(random),
            name: random.alphanumeric(8),
            ..self.state.clone()
        };
        let traits = json!({ "email": state.email, "name": state.name });
        self.change(
            server,
            state,
            &json!({ "method": "profile", "traits": traits }),
        )
    }

    /// Takes another password.
    pub(crate) fn change_password(
        &mut self,
        server: SocketAddr,
        random: &Random,
    ) -> io::Result<u16> {
        let state = State {
            password: random.alphanumeric(16),
            ..self.state.clone()
        };
        let body = json!({ "method": "password", "password": state.password });
        self.change(server, state, &body)
    }

    fn change(&mut self, server: SocketAddr, state: State, body: &Value) -> io::Result<u16> {
        let token = self.token.clone();
        let (status, flow) = create(server, "settings", token.as_deref())?;
        let Some(id) = flow["id"].as_str() else {
            return Ok(status);
        };
        self.under_way = Some(UnderWay::Change(state.clone()));
        let (status, _) = submit(server, "settings", (id, token.as_deref()), body)?;
        if status != 503 {
            self.under_way = None;
        }
        if status == 200 {
            self.become_as(state);
        }
        Ok(status)
    }

    fn become_as(&mut self, state: State) {
        if state.email != self.state.email {
            self.former = Some(self.state.email.clone());
        }
        self.state = state;
    }

    /// Whether something was sent and not answered.
    pub(crate) fn is_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    /// Checks that the server remembers everything acknowledged, and that what was under way has happened as a whole or not at all.
    pub(crate) fn check(&mut self, server: &Process) {
        match self.under_way.take() {
            Some(UnderWay::Registration) if find(server, &self.state.email).is_empty() => {
                // Nothing of it is there, so nothing is in the way of a second try.
                let (status, body) = self.register(server.public).unwrap();
                assert_eq!(status, 200, "{body}");
            }
            None | Some(UnderWay::Registration) => {}
            Some(UnderWay::Change(state)) => {
                let happened = match state.email == self.state.email {
                    true => sign_in(server, &state).is_some(),
                    false => !find(server, &state.email).is_empty(),
                };
                if happened {
                    self.become_as(state);
                } else if state.email != self.state.email {
                    self.former = Some(state.email);
                }
            }
        }
        self.check_agreement(server);
    }

    /// Traits, identifiers, addresses, password and sessions tell the same.
    fn check_agreement(&mut self, server: &Process) {
        let State { email, name, .. } = &self.state;
        let traits = json!({ "email": email, "name": name });
        let [found] = &find(server, email)[..] else {
            panic!("{email} is not found once: {self:?}")
        };
        assert_eq!(found["traits"], traits, "{self:?}");
        let id = found["id"].as_str().unwrap();
        let line = format!("GET /admin/identities/{id}?include_credential=password");
        let (status, whole) = ask(server.admin, &line, None, None).unwrap();
        assert_eq!((status, &whole["traits"]), (200, &traits));
        assert_eq!(
            whole["credentials"]["password"]["identifiers"],
            json!([email]),
            "{whole}"
        );
        assert_eq!(
            whole["recovery_addresses"].as_array().map(Vec::len),
            Some(1),
            "{whole}"
        );
        assert_eq!(
            whole["recovery_addresses"][0]["value"],
            json!(email),
            "{whole}"
        );
        if let Some(former) = &self.former {
            assert!(
                find(server, former).is_empty(),
                "{former} is still found: {self:?}"
            );
        }
        let fresh = sign_in(server, &self.state);
        let fresh = fresh.unwrap_or_else(|| panic!("the password doesn't count: {self:?}"));
        let token = self.token.get_or_insert(fresh);
        let (status, session) =
            ask(server.public, "GET /sessions/whoami", Some(token), None).unwrap();
        assert_eq!(status, 200, "a session is lost: {session}");
        assert_eq!(session["identity"]["traits"], traits);
    }
}

fn email(random: &Random) -> String {
    format!("{}@example.org", random.alphanumeric(12).to_lowercase())
}

/// A new flow, or why there is none.
fn create(server: SocketAddr, flow: &str, token: Option<&str>) -> io::Result<(u16, Value)> {
    ask(
        server,
        &format!("GET /self-service/{flow}/api"),
        token,
        None,
    )
}

fn submit(
    server: SocketAddr,
    flow: &str,
    (id, token): (&str, Option<&str>),
    body: &Value,
) -> io::Result<(u16, Value)> {
    ask(
        server,
        &format!("POST /self-service/{flow}?flow={id}"),
        token,
        Some(body),
    )
}

/// A session token, if address and password are right.
fn sign_in(server: &Process, state: &State) -> Option<String> {
    let (_, flow) = create(server.public, "login", None).unwrap();
    let id = flow["id"].as_str().unwrap();
    let body =
        json!({ "method": "password", "identifier": state.email, "password": state.password });
    let (_, answer) = submit(server.public, "login", (id, None), &body).unwrap();
    answer["session_token"].as_str().map(str::to_owned)
}

/// The identities with that identifier.
fn find(server: &Process, email: &str) -> Vec<Value> {
    let line = format!("GET /admin/identities?credentials_identifier={email}");
    let (status, found) = ask(server.admin, &line, None, None).unwrap();
    assert_eq!(status, 200, "{found}");
    found.as_array().unwrap().clone()
}
