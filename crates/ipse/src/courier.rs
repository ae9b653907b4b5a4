//! Sending messages from this process.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ipse_config::Source;
use ipse_core::App;
use ipse_courier::{Channels, CurrentConfig, Parts, Surroundings, Worker};
use ipse_http::serve::Stopped;
use serde_json::Value;

/// How often a server looks for messages that other processes have queued and not sent. Those of its own wake it.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Sends messages until the server stops.
pub(crate) async fn send_messages(app: Arc<App>, mut stopped: Stopped) {
    worker(app, LOOK_EVERY).run(async move { stopped.wait().await }).await;
}

fn worker(app: Arc<App>, look_again: Duration) -> Worker {
    let of = Arc::clone(&app);
    let config: CurrentConfig = Arc::new(move || Arc::clone(&of.snapshot().config));
    let surroundings = Arc::new(Server(Arc::clone(&app)));
    Worker::new(Parts {
        store: app.store.clone(),
        clock: Arc::clone(&app.clock),
        random: app.random.clone(),
        deliver: Arc::new(Channels::new(Arc::clone(&config), surroundings)),
        config,
        look_again,
    })
}

/// The server that a courier is part of.
struct Server(Arc<App>);

#[async_trait]
impl Surroundings for Server {
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, String> {
        self.0.outgoing.send(request).await.map_err(|error| error.to_string())
    }

    async fn jsonnet(&self, template: &Source, context: &Value) -> Result<String, String> {
        let snippet = self.read(template).await?;
        let value = self.0.jsonnet.evaluate(&snippet, &[("ctx", context)]).await;
        value.map(|value| value.to_string()).map_err(|error| format!("{template}: {error}"))
    }
}

impl Server {
    async fn read(&self, source: &Source) -> Result<String, String> {
        let failed = |error: &dyn std::fmt::Display| format!("{source} can't be read: {error}");
        let bytes = match source {
            Source::Inline(bytes) => bytes.clone(),
            Source::File(path) => tokio::fs::read(path).await.map_err(|error| failed(&error))?,
            Source::Http(url) => {
                let request = http::Request::get(url.as_str()).body(Vec::new());
                let answer = self.send(request.map_err(|error| failed(&error))?).await?;
                if !answer.status().is_success() {
                    return Err(failed(&answer.status()));
                }
                answer.into_body()
            }
        };
        String::from_utf8(bytes).map_err(|error| failed(&error))
    }
}
