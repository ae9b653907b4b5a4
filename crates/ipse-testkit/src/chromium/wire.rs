//! The protocol of Chromium's developer tools over a pipe: JSON, each message ended by a zero byte.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::{mpsc, oneshot};

/// How long the browser may take for anything before a test has failed.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// The connection to a browser.
#[derive(Debug)]
pub(super) struct Wire {
    outgoing: mpsc::UnboundedSender<Vec<u8>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    calls: u64,
    waiting: HashMap<u64, oneshot::Sender<Value>>,
    listening: HashMap<String, mpsc::UnboundedSender<Event>>,
}

/// Something that has happened in a tab.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) name: String,
    pub(super) parameters: Value,
}

impl Wire {
    pub(super) fn new(input: ChildStdin, output: ChildStdout) -> Arc<Self> {
        let (outgoing, messages) = mpsc::unbounded_channel();
        let wire = Arc::new(Self {
            outgoing,
            state: Mutex::default(),
        });
        tokio::spawn(write(input, messages));
        tokio::spawn(read(BufReader::new(output), Arc::downgrade(&wire)));
        wire
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn send(
        &self,
        (session, method, parameters): (Option<&str>, &str, Value),
    ) -> oneshot::Receiver<Value> {
        let (sender, receiver) = oneshot::channel();
        let id = self.with(|state| {
            state.calls += 1;
            state.waiting.insert(state.calls, sender);
            state.calls
        });
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        // A browser that is gone is noticed by whoever waits for the answer.
        let _ = self.outgoing.send(bytes);
        receiver
    }

    /// Tells the browser, or one of its tabs, to do something.
    pub(super) async fn call(
        &self,
        session: Option<&str>,
        method: &str,
        parameters: Value,
    ) -> Value {
        let answer = self.send((session, method, parameters));
        let answer = tokio::time::timeout(PATIENCE, answer).await;
        let answer = answer.unwrap_or_else(|_| panic!("{method}: Chromium doesn't answer"));
        let mut answer = answer.unwrap_or_else(|_| panic!("{method}: Chromium is gone"));
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].take()
    }

    /// The events of a tab from now on.
    pub(super) fn listen(&self, session: &str) -> mpsc::UnboundedReceiver<Event> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.with(|state| state.listening.insert(session.to_owned(), sender));
        receiver
    }

    fn receive(&self, mut message: Value) {
        if let Some(id) = message["id"].as_u64() {
            if let Some(waiting) = self.with(|state| state.waiting.remove(&id)) {
                let _ = waiting.send(message);
            }
            return;
        }
        let session = message["sessionId"].as_str().unwrap_or_default().to_owned();
        let event = Event {
            name: message["method"].as_str().unwrap_or_default().to_owned(),
            parameters: message["params"].take(),
        };
        if event.name == "Page.javascriptDialogOpening" {
            // An open dialog holds up everything else.
            let accept = json!({ "accept": true });
            drop(self.send((Some(&session), "Page.handleJavaScriptDialog", accept)));
        }
        self.with(|state| {
            if let Some(listening) = state.listening.get(&session) {
                let _ = listening.send(event);
            }
        });
    }
}

async fn write(mut input: ChildStdin, mut messages: mpsc::UnboundedReceiver<Vec<u8>>) {
    while let Some(message) = messages.recv().await {
        if input.write_all(&message).await.is_err() || input.flush().await.is_err() {
            return;
        }
    }
}

async fn read(mut output: BufReader<ChildStdout>, wire: std::sync::Weak<Wire>) {
    let mut message = Vec::new();
    while output
        .read_until(0, &mut message)
        .await
        .is_ok_and(|read| read > 0)
    {
        let Some(wire) = wire.upgrade() else { return };
        if message.pop() == Some(0) {
            wire.receive(serde_json::from_slice(&message).expect("Chromium speaks JSON"));
        }
        message.clear();
    }
    if let Some(wire) = wire.upgrade() {
        wire.with(|state| (state.waiting.clear(), state.listening.clear()));
    }
}
