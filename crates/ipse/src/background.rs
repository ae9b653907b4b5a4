//! What a server does besides answering: following its configuration, and removing what has expired.

use std::sync::Arc;
use std::time::Duration;

use ipse_config::{Config, Reload, Reloader};
use ipse_core::App;
use ipse_http::serve::Stopped;
use ipse_model::Timestamp;
use ipse_store::Cleaning;

use crate::outgoing::Client;
use crate::{logging, wiring};

/// How often the configuration files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often expired rows are removed.
const CLEAN_EVERY: Duration = Duration::from_secs(600);

/// How long sessions are kept after their end, so that people can see where they were signed in.
const SESSIONS_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// How long errors are kept for the error page.
const ERRORS_KEPT: Duration = Duration::from_secs(24 * 3600);

/// What following the configuration needs.
pub(crate) struct Reloading {
    /// The server.
    pub(crate) app: Arc<App>,
    /// Its HTTP client.
    pub(crate) client: Arc<Client>,
    /// Looks at the files.
    pub(crate) reloader: Reloader,
}

/// Puts every usable new state of the configuration in force, and says why others are not.
pub(crate) async fn follow_configuration(mut reloading: Reloading, mut stopped: Stopped) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = stopped.wait() => return,
        }
        let looked = tokio::task::spawn_blocking(move || {
            let found = reloading.reloader.check();
            (reloading, found)
        });
        let Ok((back, found)) = looked.await else {
            tracing::error!("the configuration is not followed any more");
            return;
        };
        reloading = back;
        match found {
            Reload::Unchanged | Reload::Settling => {}
            Reload::Failed(error) => {
                tracing::error!(%error, "the new configuration can't be used; the old one stays in force");
            }
            Reload::Reloaded(warnings) => {
                for warning in warnings {
                    tracing::warn!("{warning}");
                }
                reloading.apply().await;
            }
        }
    }
}

impl Reloading {
    async fn apply(&self) {
        let config = Config::clone(&self.reloader.handle().current());
        let before = self.app.snapshot();
        for key in needs_restart(&before.config, &config) {
            tracing::warn!(key, "this has changed and takes effect with the next start");
        }
        self.client.set_rules(config.clients.http.clone());
        match wiring::snapshot(config, self.app.outgoing.clone()).await {
            Ok(snapshot) => {
                let revision = snapshot.config.revision.clone().unwrap_or_default();
                self.app.replace(snapshot);
                tracing::info!(revision, "a new configuration is in force");
            }
            Err(error) => {
                self.client.set_rules(before.config.clients.http.clone());
                let error = logging::with_causes(&error);
                tracing::error!(
                    error,
                    "the new configuration can't be used; the old one stays in force"
                );
            }
        }
    }
}

/// The keys of what is set up once.
fn needs_restart(before: &Config, after: &Config) -> Vec<&'static str> {
    let place = |config: &Config| {
        let (public, admin) = (&config.serve.public, &config.serve.admin);
        (
            (public.host.clone(), public.port, public.tls.clone()),
            (admin.host.clone(), admin.port, admin.tls.clone()),
        )
    };
    let changed = [
        ("dsn", before.dsn != after.dsn),
        ("serve", place(before) != place(after)),
        ("log", before.log != after.log),
        (
            "hashers.argon2.dedicated_memory",
            before.hashers.argon2.dedicated_memory != after.hashers.argon2.dedicated_memory,
        ),
    ];
    changed
        .into_iter()
        .filter(|(_, changed)| *changed)
        .map(|(key, _)| key)
        .collect()
}

/// Removes what has expired, every now and then.
pub(crate) async fn remove_expired(app: Arc<App>, mut stopped: Stopped) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(CLEAN_EVERY) => {}
            () = stopped.wait() => return,
        }
        let cleaning = cleaning(app.clock.now(), &app.snapshot().config);
        match app.store.clean_expired(&cleaning).await {
            Ok(cleaned) => tracing::debug!(?cleaned, "expired rows were removed"),
            Err(error) => tracing::warn!(%error, "expired rows could not be removed"),
        }
    }
}

/// What counts as expired.
pub(crate) fn cleaning(now: Timestamp, config: &Config) -> Cleaning {
    let cleanup = &config.database.cleanup;
    let before = |age: Duration| now.checked_sub(age).unwrap_or(Timestamp::MIN);
    Cleaning {
        expired_before: before(cleanup.older_than),
        sessions_expired_before: before(cleanup.older_than.max(SESSIONS_KEPT)),
        errors_created_before: before(cleanup.older_than.max(ERRORS_KEPT)),
        batch_size: cleanup.batch_size,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_up_once_is_named_when_it_changes() {
        let before = Config::default();
        let mut after = before.clone();
        after.revision = Some("2".to_owned());
        assert!(needs_restart(&before, &after).is_empty());
        after.serve.admin.port += 1;
        assert_eq!(needs_restart(&before, &after), ["serve"]);
    }

    #[test]
    fn sessions_outlive_flows() {
        let now: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        let cleaning = cleaning(now, &Config::default());
        assert_eq!(cleaning.expired_before, now);
        assert_eq!(
            cleaning.sessions_expired_before.to_string(),
            "2026-01-30T00:00:00Z"
        );
        assert_eq!(
            cleaning.errors_created_before.to_string(),
            "2026-02-28T00:00:00Z"
        );
    }
}
