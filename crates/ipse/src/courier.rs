//! Sending messages from this process.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use ipse_config::{Config, Reloader, Source, Sources};
use ipse_core::App;
use ipse_core::outgoing::Outgoing;
use ipse_courier::{Channels, CurrentConfig, Parts, Surroundings, Worker};
use ipse_http::serve::{Stopped, stop};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::background::{self, Reloading};
use crate::outgoing::{self, Client};
use crate::wiring::{self, Effects, Tables};
use crate::{certificates, serve, start};

/// How often a server looks for messages that other processes have queued and not sent. Those of its own wake it.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Sends messages until the server stops.
pub(crate) async fn send_messages(app: Arc<App>, mut stopped: Stopped) {
    worker(&app, LOOK_EVERY)
        .run(async move { stopped.wait().await })
        .await;
}

/// `ipse courier watch`: sends messages and does nothing else, until a signal says to stop.
pub(crate) fn watch(sources: Sources) -> anyhow::Result<()> {
    let (config, reloader) = start::configured(sources)?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("can't start")?
        .block_on(until_stopped(config, reloader))
}

async fn until_stopped(config: Config, reloader: Reloader) -> anyhow::Result<()> {
    let client = Arc::new(Client::new(config.clients.http.clone()));
    let outgoing: Arc<dyn Outgoing> = client.clone();
    let look_again = config.courier.worker.pull_wait;
    let metrics = serve::metrics_port(&config).await?;
    let app = wiring::build(config, Tables::Embedded, Effects::system(outgoing)?).await?;
    let (stop, stopped) = stop();
    let mut tasks = JoinSet::new();
    if let Some(listener) = metrics {
        let door = ipse_http::metrics(app.clone());
        tasks.spawn(ipse_http::serve::serve(
            listener,
            door,
            None,
            stopped.clone(),
        ));
    }
    let reloading = Reloading {
        app: app.clone(),
        client,
        reloader,
    };
    tasks.spawn(background::follow_configuration(reloading, stopped.clone()));
    let mut until = stopped;
    let worker = worker(&app, look_again);
    tasks.spawn(async move { worker.run(async move { until.wait().await }).await });
    tracing::info!("sending messages");
    serve::wait_for_signal().await?;
    serve::finish(&app, &stop, tasks).await
}

fn worker(app: &Arc<App>, look_again: Duration) -> Worker {
    let of = Arc::clone(app);
    let config: CurrentConfig = Arc::new(move || Arc::clone(&of.snapshot().config));
    let surroundings = Arc::new(Server(Arc::clone(app)));
    Worker::new(Parts {
        store: app.store.clone(),
        clock: Arc::clone(&app.clock),
        random: app.random.clone(),
        deliver: Arc::new(Channels::new(Arc::clone(&config), surroundings)),
        config,
        look_again,
        patience: ipse_courier::worker::PATIENCE,
    })
}

/// The server that a courier is part of.
struct Server(Arc<App>);

#[async_trait]
impl Surroundings for Server {
    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, String> {
        self.0
            .outgoing
            .send(request)
            .await
            .map_err(|error| error.to_string())
    }

    fn is_private(&self, address: IpAddr) -> bool {
        outgoing::is_private(address)
    }

    fn trusted(&self) -> Vec<Vec<u8>> {
        certificates::of_machine()
    }

    async fn jsonnet(&self, template: &Source, context: &Value) -> Result<String, String> {
        let snippet = self.read(template).await?;
        let value = self.0.jsonnet.evaluate(&snippet, &[("ctx", context)]).await;
        value
            .map(|value| value.to_string())
            .map_err(|error| format!("{template}: {error}"))
    }
}

impl Server {
    async fn read(&self, source: &Source) -> Result<String, String> {
        let failed = |error: &dyn std::fmt::Display| format!("{source} can't be read: {error}");
        let bytes = match source {
            Source::Inline(bytes) => bytes.clone(),
            Source::File(path) => tokio::fs::read(path)
                .await
                .map_err(|error| failed(&error))?,
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
