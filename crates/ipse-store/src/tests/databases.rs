//! The databases that the tests run on.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use ipse_config::Dsn;
use tokio_postgres::NoTls;

use crate::driver::postgres::dsql;
use crate::migrate::MIGRATIONS;
use crate::{OpenOptions, Store};

/// Runs a test on a new database of every kind at hand: in memory, in a file, and on the PostgreSQL server that
/// `IPSE_TEST_POSTGRES_URL` names, if it does; there with the tables for Aurora DSQL, too.
pub(crate) async fn on_every_database(test: impl AsyncFn(Store)) {
    let store = Store::open(&OpenOptions::memory()).await.unwrap();
    test(store.clone()).await;
    store.close().await.unwrap();

    let directory = Directory::new();
    let store = Store::open(&directory.options()).await.unwrap();
    test(store.clone()).await;
    store.close().await.unwrap();

    if let Some(database) = PostgresDatabase::create().await {
        let store = Store::open(&database.options(true)).await.unwrap();
        test(store.clone()).await;
        store.close().await.unwrap();
        database.drop().await;
    }

    if let Some(database) = PostgresDatabase::create().await {
        let store = Store::open(&database.as_of_dsql().await).await.unwrap();
        test(store.clone()).await;
        store.close().await.unwrap();
        database.drop().await;
    }
}

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A name that no other test has.
fn unique_name() -> String {
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("ipse_store_{}_{count}", std::process::id())
}

/// A database on the PostgreSQL server for tests.
pub(crate) struct PostgresDatabase {
    server: url::Url,
    name: String,
}

impl PostgresDatabase {
    /// A new and empty one; `None` without a server.
    pub(crate) async fn create() -> Option<Self> {
        #[expect(
            clippy::disallowed_methods,
            reason = "where to test is no configuration of the program"
        )]
        let server = std::env::var("IPSE_TEST_POSTGRES_URL").ok()?;
        let database = Self {
            server: server.parse().unwrap(),
            name: unique_name(),
        };
        database
            .on_server(&format!("CREATE DATABASE {}", database.name))
            .await;
        Some(database)
    }

    pub(crate) fn url(&self) -> url::Url {
        let mut url = self.server.clone();
        url.set_path(&self.name);
        url
    }

    pub(crate) fn options(&self, migrate: bool) -> OpenOptions {
        OpenOptions {
            dsn: Dsn::Postgres(self.url(), ipse_config::Pool::default()),
            migrate,
        }
    }

    /// Aurora DSQL itself can't be had here. This makes the tables that it gets, without references, collations and keys of
    /// bytes, and isolates transactions as it does; all that is left out is the word that only DSQL knows.
    pub(crate) async fn as_of_dsql(&self) -> OpenOptions {
        let isolation = "default_transaction_isolation = 'repeatable read'";
        self.on_server(&format!("ALTER DATABASE {} SET {isolation}", self.name))
            .await;
        for text in dsql::rewritten(crate::driver::postgres::MIGRATIONS_TABLE) {
            self.run(&text).await;
        }
        for step in MIGRATIONS {
            for text in dsql::rewritten(step.postgres) {
                self.run(&text.replace(" ASYNC ", " ")).await;
            }
            let (version, name) = (step.version, step.name);
            let row = format!("({version}, '{name}')");
            self.run(&format!(
                "INSERT INTO schema_migrations (version, name) VALUES {row}"
            ))
            .await;
        }
        OpenOptions {
            dsn: Dsn::Dsql(self.url(), ipse_config::Pool::default()),
            migrate: false,
        }
    }

    /// Runs SQL on the server, outside of this database.
    pub(crate) async fn on_server(&self, sql: &str) {
        run(&self.server, sql).await;
    }

    /// Runs SQL in this database.
    pub(crate) async fn run(&self, sql: &str) {
        run(&self.url(), sql).await;
    }

    pub(crate) async fn drop(self) {
        self.on_server(&format!("DROP DATABASE {} WITH (FORCE)", self.name))
            .await;
    }
}

async fn run(url: &url::Url, sql: &str) {
    let (client, connection) = tokio_postgres::connect(url.as_str(), NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
    drop(client);
    connection.await.unwrap().unwrap();
}

/// A directory that is gone when the test is over.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        let path = std::env::temp_dir().join(unique_name());
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("ipse.db")
    }

    /// How to open, or make, the database of this directory.
    pub(crate) fn options(&self) -> OpenOptions {
        self.options_at(&self.database())
    }

    pub(crate) fn options_at(&self, path: &Path) -> OpenOptions {
        OpenOptions {
            dsn: format!("sqlite://{}", path.display())
                .parse::<Dsn>()
                .unwrap(),
            migrate: true,
        }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
