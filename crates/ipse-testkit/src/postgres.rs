//! PostgreSQL for tests: databases on a server that is there, and servers of a test's own that may be stopped.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use crate::environment::{is_root, missing, variable};

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A name that no other test has.
fn unique_name() -> String {
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("ipse_it_{}_{count}", std::process::id())
}

/// A database of a test's own. It goes when this value does.
#[derive(Debug)]
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    /// A new and empty one on the server that `IPSE_TEST_POSTGRES_URL` names, if tests are to run on PostgreSQL:
    /// `IPSE_TEST_DATABASE` is `postgres` then. Where time jumps there is none: a server can't follow.
    ///
    /// # Panics
    /// When it can't be made.
    #[must_use]
    pub fn for_servers() -> Option<Self> {
        let wanted = variable("IPSE_TEST_DATABASE")? == "postgres" && !time_jumps();
        wanted.then(|| {
            let server = variable("IPSE_TEST_POSTGRES_URL");
            Self::create(&server.expect("IPSE_TEST_POSTGRES_URL names a server"))
        })
    }

    fn create(server: &str) -> Self {
        let database = Self {
            server: server.to_owned(),
            name: unique_name(),
        };
        apart(
            &database.server,
            &format!("CREATE DATABASE {}", database.name),
        );
        database
    }

    /// Its data source name.
    ///
    /// # Panics
    /// When the server's name is no URL.
    #[must_use]
    pub fn dsn(&self) -> String {
        let mut url: url::Url = self.server.parse().expect("the server's name is a URL");
        url.set_path(&self.name);
        url.into()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let gone = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        apart(&self.server, &gone);
    }
}

/// Whether the time of tokio stands still until everybody waits, and then jumps to what is waited for.
#[expect(
    clippy::disallowed_methods,
    reason = "it is the real time that counts here"
)]
fn time_jumps() -> bool {
    let (before, real) = (tokio::time::Instant::now(), std::time::Instant::now());
    while real.elapsed().is_zero() {
        std::hint::spin_loop();
    }
    tokio::time::Instant::now() == before
}

/// Runs SQL on a thread of its own, so that it works wherever it is called from.
fn apart(url: &str, sql: &str) {
    std::thread::scope(|scope| {
        scope.spawn(|| Session::open(url).expect("the server answers").run(sql));
    });
}

/// A connection to a database. It does something only while it is asked to. For tests that aren't asynchronous.
#[derive(Debug)]
pub struct Session {
    runtime: Runtime,
    client: Client,
}

impl Session {
    /// Connects, if the server lets it.
    ///
    /// # Panics
    /// When there are no threads left.
    #[must_use]
    pub fn open(url: &str) -> Option<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.expect("a runtime can be started");
        let connected = runtime.block_on(tokio_postgres::connect(url, NoTls));
        let (client, connection) = connected.ok()?;
        runtime.spawn(connection);
        Some(Self { runtime, client })
    }

    /// Runs SQL; answers with the first column of every row.
    ///
    /// # Panics
    /// When the server refuses.
    pub fn run(&self, sql: &str) -> Vec<String> {
        let answers = self.runtime.block_on(self.client.simple_query(sql));
        let answers = answers.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        let rows = answers.into_iter().filter_map(|answer| match answer {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        });
        rows.collect()
    }
}

/// A PostgreSQL server of a test's own, which may be stopped and started. It goes when this value does.
#[derive(Debug)]
pub struct Cluster {
    programs: PathBuf,
    directory: PathBuf,
    port: u16,
}

impl Cluster {
    /// Starts one with these lines added to its configuration. Without PostgreSQL on this machine there is none, which
    /// is said; in CI that is a failure.
    ///
    /// # Panics
    /// When it can't be started.
    #[must_use]
    pub fn start(settings: &[&str]) -> Option<Self> {
        let Some(programs) = programs() else {
            missing("PostgreSQL isn't installed (no initdb)");
            return None;
        };
        let cluster = Self {
            programs,
            directory: std::env::temp_dir().join(unique_name()),
            port: free_port(),
        };
        cluster.make(settings);
        cluster.start_again();
        Some(cluster)
    }

    fn make(&self, settings: &[&str]) {
        fs::create_dir_all(&self.directory).expect("a directory can be made");
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(&self.directory));
        }
        let options = [
            "--username=postgres",
            "--auth=trust",
            "--no-sync",
            "--encoding=UTF8",
            "--locale=C",
        ];
        run(self
            .program("initdb")
            .arg("--pgdata")
            .arg(self.data())
            .args(options));
        let file = self.data().join("postgresql.conf");
        let configuration = fs::read_to_string(&file).expect("there is a configuration");
        let own = format!(
            "port = {}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{}'\n",
            self.port,
            self.directory.display()
        );
        let configuration = format!("{configuration}\n{own}{}\n", settings.join("\n"));
        fs::write(file, configuration).expect("the configuration can be written");
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// One of PostgreSQL's programs, as somebody whom it lets run it: it refuses root.
    fn program(&self, name: &str) -> Command {
        let path = self.programs.join(name);
        let mut command = match is_root() {
            true => Command::new("runuser"),
            false => Command::new(&path),
        };
        if is_root() {
            command.args(["-u", "postgres", "--"]).arg(path);
        }
        command.current_dir(&self.directory);
        command
    }

    fn control(&self, arguments: &[&str]) -> Command {
        let mut command = self.program("pg_ctl");
        command
            .arg("--pgdata")
            .arg(self.data())
            .arg("--silent")
            .args(arguments);
        command
    }

    /// Starts it after it was stopped. It takes connections then.
    ///
    /// # Panics
    /// When it can't be started.
    pub fn start_again(&self) {
        let log = self.directory.join("log").display().to_string();
        run(&mut self.control(&["start", "--wait", "--log", &log]));
    }

    /// Stops it as an operator does: what is under way is broken off, what is committed is kept.
    ///
    /// # Panics
    /// When it can't be stopped.
    pub fn stop(&self) {
        run(&mut self.control(&["stop", "--wait", "--mode", "fast"]));
    }

    /// Stops it as a power cut does.
    ///
    /// # Panics
    /// When it can't be stopped.
    pub fn crash(&self) {
        run(&mut self.control(&["stop", "--wait", "--mode", "immediate"]));
    }

    /// A new database on it.
    #[must_use]
    pub fn database(&self) -> String {
        let name = unique_name();
        self.session("postgres")
            .run(&format!("CREATE DATABASE {name}"));
        name
    }

    /// The data source name of a database.
    #[must_use]
    pub fn dsn(&self, database: &str) -> String {
        format!(
            "postgres://postgres@127.0.0.1:{}/{database}?sslmode=disable",
            self.port
        )
    }

    /// A connection to a database.
    ///
    /// # Panics
    /// When the server doesn't let it.
    #[must_use]
    pub fn session(&self, database: &str) -> Session {
        Session::open(&self.dsn(database)).expect("the server takes a connection")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // It may be stopped already.
        let stop = ["stop", "--wait", "--mode", "immediate"];
        let _ = self
            .control(&stop)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Where the newest PostgreSQL of this machine has its programs.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let debian = versions.map(|version| version.path().join("bin"));
    let others = ["/usr/bin", "/usr/local/bin"].map(PathBuf::from);
    let version = |path: &Path| path.parent()?.file_name()?.to_str()?.parse::<u32>().ok();
    let found = debian
        .chain(others)
        .filter(|path| path.join("initdb").exists());
    found.max_by_key(|path| version(path))
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    listener.expect("there is a free port").port()
}

fn run(command: &mut Command) {
    // What it starts in the background must not keep a pipe open.
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "{command:?} has failed"
    );
}
