//! From a data source name to a connection.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, NoTls, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;
use url::Url;

use super::tls::Tls;
use crate::StoreError;
use crate::driver::Dialect;

/// How long to wait until the server takes a connection, unless the data source name says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long to wait until a connection is ready: encrypted, signed in, set up.
const READY_TIMEOUT: Duration = Duration::from_secs(10);

/// When a packet isn't acknowledged for so long, the server is taken for lost.
const LOST_AFTER: Duration = Duration::from_secs(15);

/// For so long after a failure nobody else tries: all who wait for a server that is away are told at once.
const PAUSE: Duration = Duration::from_millis(500);

/// What connections to PostgreSQL begin with. No request may hold a row or the server for long.
const SETTINGS: &str = "
    SET statement_timeout = '10s';
    SET lock_timeout = '5s';
    SET idle_in_transaction_session_timeout = '10s';
    SET default_transaction_isolation = 'read committed';
";

/// What every connection of a dialect begins with. Aurora DSQL has limits of its own, and one isolation.
pub(super) fn settings(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite | Dialect::Postgres => SETTINGS,
        Dialect::Dsql => "",
    }
}

/// A server, a database on it, and how to get there.
pub(super) struct Target {
    dialect: Dialect,
    config: Config,
    tls: Option<MakeRustlsConnect>,
    failure: Mutex<Option<(Instant, StoreError)>>,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target")
            .field("hosts", &self.config.get_hosts())
            .field("database", &self.config.get_dbname())
            .finish_non_exhaustive()
    }
}

impl Target {
    pub(super) fn new(url: &Url, dialect: Dialect) -> Result<Self, StoreError> {
        let mut url = url.clone();
        let tls = Tls::take_from(&mut url)?;
        // The parser names the parameter it doesn't know, but no value.
        let mut config: Config = url
            .as_str()
            .parse()
            .map_err(|error: tokio_postgres::Error| unusable(&error))?;
        config.ssl_mode(tls.mode());
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_application_name().is_none() {
            config.application_name("ipse");
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(LOST_AFTER);
        }
        let tls = match tls.mode() {
            SslMode::Disable => None,
            _ => Some(MakeRustlsConnect::new(tls.client()?)),
        };
        Ok(Self {
            dialect,
            config,
            tls,
            failure: Mutex::default(),
        })
    }

    /// A connection that is set up.
    pub(super) async fn connect(&self) -> Result<Client, StoreError> {
        if let Some(error) = self.recent_failure() {
            return Err(error);
        }
        let client = tokio::time::timeout(READY_TIMEOUT, self.try_to_connect())
            .await
            .unwrap_or_else(|_| Err(StoreError::Unavailable("it takes no connection".into())));
        let failure = client
            .as_ref()
            .err()
            .map(|error| (Instant::now(), error.clone()));
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
        client
    }

    fn recent_failure(&self) -> Option<StoreError> {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, error) = failure.as_ref()?;
        (at.elapsed() < PAUSE).then(|| error.clone())
    }

    async fn try_to_connect(&self) -> Result<Client, StoreError> {
        let client = match &self.tls {
            Some(tls) => self.connect_with(tls.clone()).await?,
            None => self.connect_with(NoTls).await?,
        };
        client
            .batch_execute(settings(self.dialect))
            .await
            .map_err(|error| unreachable(&error))?;
        Ok(client)
    }

    async fn connect_with<T>(&self, tls: T) -> Result<Client, StoreError>
    where
        T: MakeTlsConnect<Socket>,
        T::Stream: Send + 'static,
    {
        let (client, connection) = self
            .config
            .connect(tls)
            .await
            .map_err(|error| unreachable(&error))?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(%error, "a database connection broke");
            }
        });
        Ok(client)
    }
}

fn unusable(error: &tokio_postgres::Error) -> StoreError {
    StoreError::Location(with_cause(error))
}

fn unreachable(error: &tokio_postgres::Error) -> StoreError {
    StoreError::Unavailable(with_cause(error))
}

/// The error and what it comes from: this crate's own texts leave the cause out.
fn with_cause(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Result<Target, StoreError> {
        Target::new(&text.parse().unwrap(), Dialect::Postgres)
    }

    #[test]
    fn the_parameters_of_a_name_are_understood() {
        let plain = target("postgres://u:p@db/ipse?sslmode=disable").unwrap();
        assert!(plain.tls.is_none());
        assert_eq!(plain.config.get_connect_timeout(), Some(&CONNECT_TIMEOUT));
        assert_eq!(plain.config.get_application_name(), Some("ipse"));
        let own = target("postgres://db/ipse?connect_timeout=1&application_name=a").unwrap();
        assert_eq!(
            own.config.get_connect_timeout(),
            Some(&Duration::from_secs(1))
        );
        assert_eq!(own.config.get_application_name(), Some("a"));
        assert_eq!(own.config.get_ssl_mode(), SslMode::Prefer);
        let verified = target("postgres://db/ipse?sslmode=verify-full").unwrap();
        assert_eq!(verified.config.get_ssl_mode(), SslMode::Require);
        assert!(verified.tls.is_some());
    }

    #[test]
    fn an_unknown_parameter_is_refused_and_no_password_is_told() {
        let error = target("postgres://u:hunter2@db/ipse?nonsense=1").unwrap_err();
        assert!(matches!(error, StoreError::Location(_)));
        assert!(error.to_string().contains("nonsense"), "{error}");
        assert!(!error.to_string().contains("hunter2"));
        let target = target("postgres://u:hunter2@db/ipse").unwrap();
        assert!(!format!("{target:?}").contains("hunter2"));
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_failure_nobody_tries_for_a_moment() {
        // Port 9 ("discard") of the loopback interface: nobody listens.
        let target = target("postgres://db@127.0.0.1:9/ipse").unwrap();
        assert!(target.recent_failure().is_none());
        let error = target.connect().await.err();
        assert!(matches!(error, Some(StoreError::Unavailable(_))));
        assert_eq!(target.recent_failure(), error);
        tokio::time::advance(PAUSE).await;
        assert!(target.recent_failure().is_none());
    }
}
