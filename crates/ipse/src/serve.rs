//! `ipse serve`: from the configuration to a server that answers, and to its orderly end.

use std::sync::Arc;

use anyhow::Context;
use ipse_config::{Config, Reloader, Sources};
use ipse_core::App;
use ipse_core::outgoing::Outgoing;
use ipse_http::serve::{Certificate, Listener, Place, Stop, Stopped, serve, stop};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use crate::background::{self, Reloading};
use crate::courier;
use crate::outgoing::Client;
use crate::start;
use crate::wiring::{self, Effects, Tables};

/// What is said once the server answers.
pub(crate) type Welcome<'a> = Option<&'a dyn Fn() -> anyhow::Result<()>>;

/// Serves until a signal says to stop.
pub(crate) fn run(sources: Sources, tables: Tables, welcome: Welcome<'_>) -> anyhow::Result<()> {
    let (config, reloader) = start::configured(sources)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("can't start the threads that serve")?;
    let prepared = start::aside(|| runtime.block_on(Prepared::new(config, tables)))?;
    runtime.block_on(until_stopped(prepared, reloader, welcome))
}

/// Everything that can fail before the first request is answered.
struct Prepared {
    ports: Ports,
    client: Arc<Client>,
    app: Arc<App>,
}

impl Prepared {
    async fn new(config: Config, tables: Tables) -> anyhow::Result<Self> {
        let ports = Ports::open(&config).await?;
        let client = Arc::new(Client::new(config.clients.http.clone()));
        let outgoing: Arc<dyn Outgoing> = client.clone();
        let app = wiring::build(config, tables, Effects::system(outgoing)?).await?;
        Ok(Self { ports, client, app })
    }
}

async fn until_stopped(
    Prepared { ports, client, app }: Prepared,
    reloader: Reloader,
    welcome: Welcome<'_>,
) -> anyhow::Result<()> {
    let (stop, stopped) = stop();
    let mut tasks = ports.serve(&app, &stopped);
    let reloading = Reloading {
        app: app.clone(),
        client,
        reloader,
    };
    tasks.spawn(background::follow_configuration(reloading, stopped.clone()));
    tasks.spawn(background::remove_expired(app.clone(), stopped.clone()));
    if app.snapshot().config.watch_courier {
        tasks.spawn(courier::send_messages(app.clone(), stopped));
    }
    tracing::info!(public = %app.snapshot().public_base_url, admin = %app.snapshot().admin_base_url, "serving");
    if let Some(welcome) = welcome {
        welcome()?;
    }
    wait_for_signal().await?;
    finish(&app, &stop, tasks).await
}

/// The places that are listened at.
struct Ports {
    public: (Listener, Option<Certificate>),
    admin: (Listener, Option<Certificate>),
    metrics: Option<Listener>,
}

impl Ports {
    async fn open(config: &Config) -> anyhow::Result<Self> {
        let (public, admin) = (&config.serve.public, &config.serve.admin);
        Ok(Self {
            public: (
                Listener::bind(&Place::of(&public.host, public.port, &public.socket)).await?,
                Certificate::load(&public.tls).context("serve.public.tls")?,
            ),
            admin: (
                Listener::bind(&Place::of(&admin.host, admin.port, &admin.socket)).await?,
                Certificate::load(&admin.tls).context("serve.admin.tls")?,
            ),
            metrics: metrics_port(config).await?,
        })
    }

    fn serve(self, app: &Arc<App>, stopped: &Stopped) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        let (listener, certificate) = self.public;
        tasks.spawn(serve(
            listener,
            ipse_http::public(app.clone()),
            certificate,
            stopped.clone(),
        ));
        let (listener, certificate) = self.admin;
        tasks.spawn(serve(
            listener,
            ipse_http::admin(app.clone()),
            certificate,
            stopped.clone(),
        ));
        if let Some(listener) = self.metrics {
            let door = ipse_http::metrics(app.clone());
            tasks.spawn(serve(listener, door, None, stopped.clone()));
        }
        tasks
    }
}

/// The port for figures and nothing else, if one is configured. Like the admin port, it isn't for everybody.
pub(crate) async fn metrics_port(config: &Config) -> anyhow::Result<Option<Listener>> {
    let port = config.expose_metrics_port;
    if port == 0 {
        return Ok(None);
    }
    let host = &config.serve.admin.host;
    let host = if host.starts_with("unix:") {
        "127.0.0.1"
    } else {
        host
    }
    .to_owned();
    let listener = Listener::bind(&Place::Tcp { host, port }).await;
    Ok(Some(listener.context("expose-metrics-port")?))
}

pub(crate) async fn wait_for_signal() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("can't wait for signals")?;
    tokio::select! {
        _ = terminate.recv() => {}
        result = tokio::signal::ctrl_c() => result.context("can't wait for signals")?,
    }
    Ok(())
}

/// Lets requests under way finish, then closes the database.
pub(crate) async fn finish(app: &App, stop: &Stop, mut tasks: JoinSet<()>) -> anyhow::Result<()> {
    tracing::info!("stopping");
    stop.now();
    while tasks.join_next().await.is_some() {}
    app.store
        .close()
        .await
        .context("the database could not be closed in good order")
}
