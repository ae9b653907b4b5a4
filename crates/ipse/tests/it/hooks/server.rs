//! A server of the operator's, as far as tests need one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::{Request, Response};
use ipse_core::outgoing::{Outgoing, OutgoingError};
use serde_json::{Value, json};
use tokio::sync::Notify;

/// What it does with a call.
#[derive(Clone)]
pub(crate) enum Behaviour {
    /// Answers with this status and body.
    Answer(u16, String),
    /// Never answers.
    Hang,
    /// Breaks off the connection.
    Break,
    /// Answers without end.
    Endless,
}

/// A server that answers `200 {}` unless told otherwise, and remembers what it was asked.
#[derive(Default)]
pub(crate) struct HookServer {
    behaviours: Mutex<BTreeMap<String, Behaviour>>,
    calls: Mutex<Vec<(String, Request<Vec<u8>>)>>,
    awake: Notify,
}

impl HookServer {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// How calls of this name are dealt with from now on.
    pub(crate) fn behave(&self, name: &str, behaviour: Behaviour) {
        self.behaviours
            .lock()
            .unwrap()
            .insert(name.to_owned(), behaviour);
    }

    /// Answers calls of this name.
    pub(crate) fn answer(&self, name: &str, status: u16, body: &Value) {
        self.behave(name, Behaviour::Answer(status, body.to_string()));
    }

    /// Answers calls of this name that hang.
    pub(crate) fn wake(&self, name: &str) {
        self.answer(name, 200, &json!({}));
        self.awake.notify_waiters();
    }

    /// How often it was called by this name.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.calls
            .lock()
            .unwrap()
            .iter()
            .filter(|(called, _)| called == name)
            .count()
    }

    /// The body of the last call of this name.
    pub(crate) fn last_body(&self, name: &str) -> Value {
        let calls = self.calls.lock().unwrap();
        let call = calls.iter().rev().find(|(called, _)| called == name);
        let (_, request) = call.expect("there was a call");
        serde_json::from_slice(request.body()).expect("the body is JSON")
    }
}

#[async_trait]
impl Outgoing for HookServer {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, OutgoingError> {
        let name = request.uri().path().trim_start_matches('/').to_owned();
        self.calls.lock().unwrap().push((name.clone(), request));
        let behaviour = self.behaviours.lock().unwrap().get(&name).cloned();
        match behaviour.unwrap_or(Behaviour::Answer(200, "{}".to_owned())) {
            Behaviour::Answer(status, body) => Ok(Response::builder()
                .status(status)
                .body(body.into_bytes())
                .unwrap()),
            Behaviour::Hang => {
                self.awake.notified().await;
                Ok(Response::new(b"{}".to_vec()))
            }
            Behaviour::Endless => Err(OutgoingError::TooLarge),
            Behaviour::Break => Err(OutgoingError::Failed("the connection broke off".to_owned())),
        }
    }
}

/// A web hook of this name. `TRACE` carries no body, so that it needs no template: time can stand still in a test, and a
/// template is evaluated in another process, which doesn't know.
pub(crate) fn told(name: &str, more: Value) -> Value {
    let mut config = json!({ "url": format!("http://hooks.test/{name}"), "method": "TRACE" });
    if let (Some(config), Value::Object(more)) = (config.as_object_mut(), more) {
        config.extend(more);
    }
    json!({ "hook": "web_hook", "config": config })
}

/// A web hook of this name whose answer is parsed.
pub(crate) fn asked(name: &str) -> Value {
    told(name, json!({ "response": { "parse": true } }))
}

/// A web hook of this name whose answer is ignored.
pub(crate) fn ignored(name: &str) -> Value {
    told(name, json!({ "response": { "ignore": true } }))
}

/// An answer that refuses with one message.
pub(crate) fn refusal(pointer: &str) -> Value {
    json!({ "messages": [{ "instance_ptr": pointer, "messages": [
        { "id": 1234, "text": "not like this", "type": "error", "context": { "value": "x" } },
    ] }] })
}
