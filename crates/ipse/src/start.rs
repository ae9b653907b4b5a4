//! How the commands that go on running begin.

use std::panic::resume_unwind;
use std::thread;

use anyhow::Context;
use ipse_config::{Config, Reloader, Sources};

use crate::logging;

/// Loads the configuration, starts the log and says in it what an operator should look at.
pub(crate) fn configured(sources: Sources) -> anyhow::Result<(Config, Reloader)> {
    // Fails when it has been done before, which is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (reloader, loaded) = aside(|| Ok(Reloader::start(sources)?))?;
    logging::start(&loaded.config.log);
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    Ok((loaded.config, reloader))
}

/// Does something on a thread of its own. What a server does once, at its start, needs a deep stack and many small pieces of
/// memory; a thread gives them back when it ends, and the main thread would keep them.
pub(crate) fn aside<T: Send>(work: impl FnOnce() -> anyhow::Result<T> + Send) -> anyhow::Result<T> {
    thread::scope(|scope| {
        thread::Builder::new()
            .name("start".to_owned())
            .spawn_scoped(scope, work)
            .context("can't start a thread")?
            .join()
            .unwrap_or_else(|panic| resume_unwind(panic))
    })
}
