//! The server under measurement: a process of ours that is started and ended here, or one that runs already.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::account::now;
use crate::config::{Purpose, Settings};
use crate::error::Error;
use crate::http::{Connection, request};

/// How long a server may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often somebody who waits for a server looks.
const LOOK_EVERY: Duration = Duration::from_micros(300);

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Target {
    /// The public API.
    pub(crate) public: SocketAddr,
    /// The admin API.
    pub(crate) admin: SocketAddr,
    /// The process.
    pub(crate) pid: u32,
}

/// A directory for the data of one run, removed in the end.
pub(crate) struct Directory(PathBuf);

impl Directory {
    /// A fresh one.
    pub(crate) fn new() -> Result<Self, Error> {
        let name = format!(
            "ipse-bench-{}",
            ipse_model::Random::system().alphanumeric(12)
        );
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).map_err(Error::io("can't make a directory"))?;
        Ok(Self(path))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The DSN of a SQLite file in it.
    pub(crate) fn dsn(&self) -> String {
        format!("sqlite://{}", self.0.join("db.sqlite").display())
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // A directory that can't be removed is left to the system; nothing is wrong with the figures.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A server that was started here. It is ended when this goes.
pub(crate) struct Server {
    child: Child,
    target: Target,
    started_in: Duration,
}

impl Server {
    /// Starts `binary` and waits until it is ready. Its files are put into `directory`.
    pub(crate) fn start(
        binary: &Path,
        directory: &Directory,
        dsn: &str,
        purpose: Purpose,
    ) -> Result<Self, Error> {
        let start = now();
        let mut server = Self::spawn(binary, &["serve"], directory, (dsn, purpose))?;
        server.wait_until_ready(start).map_err(|reason| {
            let log = fs::read_to_string(directory.path().join("server.log")).unwrap_or_default();
            Error::Server(format!("{reason}:\n{log}"))
        })?;
        server.started_in = start.elapsed();
        Ok(server)
    }

    /// Starts a process of `binary` that does nothing but send messages, and doesn't wait for anything.
    pub(crate) fn courier(
        binary: &Path,
        directory: &Directory,
        dsn: &str,
        purpose: Purpose,
    ) -> Result<Self, Error> {
        Self::spawn(binary, &["courier", "watch"], directory, (dsn, purpose))
    }

    fn spawn(
        binary: &Path,
        command: &[&str],
        directory: &Directory,
        (dsn, purpose): (&str, Purpose),
    ) -> Result<Self, Error> {
        let (public, admin) = free_addresses().map_err(Error::io("can't find free ports"))?;
        let config = Settings {
            dsn,
            purpose,
            public,
            admin,
        }
        .write(directory.path())?;
        let log = fs::File::create(directory.path().join("server.log"));
        let log = log.map_err(Error::io("can't write the log"))?;
        let child = Command::new(binary)
            .args(command)
            .arg("--config")
            .arg(config)
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(Error::io("can't write the log"))?)
            .stderr(log)
            .spawn()
            .map_err(Error::io(format!("can't start {}", binary.display())))?;
        let target = Target {
            public,
            admin,
            pid: child.id(),
        };
        Ok(Self {
            child,
            target,
            started_in: Duration::ZERO,
        })
    }

    /// Where it is.
    pub(crate) fn target(&self) -> Target {
        self.target
    }

    /// How long it took until it was ready.
    pub(crate) fn started_in(&self) -> Duration {
        self.started_in
    }

    fn wait_until_ready(&mut self, start: Instant) -> Result<(), String> {
        let ask = request("GET /health/ready", None, None);
        while start.elapsed() < PATIENCE {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("has ended with {status}"));
            }
            let answered = Connection::open(self.target.admin)
                .and_then(|mut connection| connection.ask(&ask).map(|answer| answer.status));
            if matches!(answered, Ok(200)) {
                return Ok(());
            }
            thread::sleep(LOOK_EVERY);
        }
        Err("doesn't get ready".to_owned())
    }

    /// Asks it to stop and waits for that; returns how long it took.
    pub(crate) fn stop(mut self) -> Result<Duration, Error> {
        let start = now();
        let asked = Command::new("kill")
            .arg(self.target.pid.to_string())
            .status();
        asked.map_err(Error::io("can't ask the server to stop"))?;
        while start.elapsed() < PATIENCE {
            let ended = self
                .child
                .try_wait()
                .map_err(Error::io("can't wait for the server"))?;
            match ended {
                Some(status) if status.success() => return Ok(start.elapsed()),
                Some(status) => return Err(Error::Server(format!("has ended with {status}"))),
                None => thread::sleep(LOOK_EVERY),
            }
        }
        Err(Error::Server("doesn't stop".to_owned()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Two addresses that nobody listens at.
fn free_addresses() -> std::io::Result<(SocketAddr, SocketAddr)> {
    let one = TcpListener::bind("127.0.0.1:0")?;
    let other = TcpListener::bind("127.0.0.1:0")?;
    Ok((one.local_addr()?, other.local_addr()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_goes_with_what_is_in_it() {
        let directory = Directory::new().unwrap();
        let path = directory.path().to_owned();
        fs::write(path.join("file"), "x").unwrap();
        assert!(directory.dsn().starts_with("sqlite:///"));
        drop(directory);
        assert!(!path.exists());
    }

    #[test]
    fn a_server_that_ends_at_once_is_an_error_that_shows_its_log() {
        let directory = Directory::new().unwrap();
        let started = Server::start(
            Path::new("/bin/ls"),
            &directory,
            "memory",
            Purpose::Answering(None),
        );
        let Err(Error::Server(text)) = started else {
            panic!("it can't have started")
        };
        assert!(
            text.contains("has ended") && text.contains("--config"),
            "{text}"
        );
    }
}
