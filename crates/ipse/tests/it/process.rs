//! The real program as a process of its own: for what happens when it dies, or can't write.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;

use ipse_model::Random;
use serde_json::{Value, json};

/// The identity schema: an address to sign in with and to recover by, and a name.
pub(crate) const PERSON: &str = r#"{
  "$id": "https://schemas.example.org/account.json",
  "type": "object",
  "properties": {
    "traits": {
      "type": "object",
      "properties": {
        "email": {
          "type": "string",
          "format": "email",
          "ory.sh/kratos": {
            "credentials": { "password": { "identifier": true } },
            "recovery": { "via": "email" }
          }
        },
        "name": { "type": "string" }
      },
      "required": ["email"]
    }
  }
}"#;

/// A directory of its own for a test, removed in the end.
pub(crate) struct Directory {
    path: PathBuf,
    dsn: String,
}

impl Directory {
    /// A fresh one.
    pub(crate) fn new() -> Self {
        let name = format!("ipse-it-{}", Random::system().alphanumeric(12));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(path.join("data")).unwrap();
        let dsn = format!("sqlite://{}", path.join("data/db.sqlite").display());
        Self { path, dsn }
    }

    /// A fresh one for a server whose data is elsewhere.
    pub(crate) fn with_data_at(dsn: String) -> Self {
        let mut directory = Self::new();
        directory.dsn = dsn;
        directory
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// How the database is reached.
    pub(crate) fn dsn(&self) -> &str {
        &self.dsn
    }

    /// Where the database is.
    pub(crate) fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    /// What the server has said, over all its lives.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path.join("log")).unwrap_or_default()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// A server in a process of its own. It doesn't outlive this value.
pub(crate) struct Process {
    child: Child,
    /// Where the public API is.
    pub(crate) public: SocketAddr,
    /// Where the admin API is.
    pub(crate) admin: SocketAddr,
}

impl Process {
    /// Starts a server with its data in `directory` and waits until it is ready.
    pub(crate) fn start(directory: &Directory) -> Self {
        Self::spawn(directory, Command::new(env!("CARGO_BIN_EXE_ipse"))).ready(directory)
    }

    /// Starts a server as `program` does, which passes its arguments on.
    pub(crate) fn spawn(directory: &Directory, mut program: Command) -> Self {
        let one = TcpListener::bind("127.0.0.1:0").unwrap();
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        let (public, admin) = (one.local_addr().unwrap(), other.local_addr().unwrap());
        drop((one, other));
        let config = configure(directory, public, admin);
        let log = File::options()
            .create(true)
            .append(true)
            .open(directory.path().join("log"));
        let log = log.unwrap();
        program
            .args(["serve", "--config"])
            .arg(config)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        Self {
            child: program.spawn().unwrap(),
            public,
            admin,
        }
    }

    /// Waits until the server is ready.
    pub(crate) fn ready(mut self, directory: &Directory) -> Self {
        match self.ready_or_ended() {
            None => self,
            Some(status) => panic!("the server has ended with {status}:\n{}", directory.log()),
        }
    }

    /// Waits until the server is ready, or has ended with some status.
    pub(crate) fn ready_or_ended(&mut self) -> Option<ExitStatus> {
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some(status);
            }
            match ask(self.admin, "GET /admin/health/ready", None, None) {
                Ok((200, _)) => return None,
                _ => thread::yield_now(),
            }
        }
    }

    /// Ends the process the hard way, as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Writes the configuration; returns its path.
fn configure(directory: &Directory, public: SocketAddr, admin: SocketAddr) -> PathBuf {
    let schema = directory.path.join("person.schema.json");
    let flow = |name| json!({ "ui_url": format!("http://ui.test/{name}") });
    let config = json!({
        "dsn": directory.dsn,
        "log": { "level": "warning" },
        "serve": {
            "public": { "host": "127.0.0.1", "port": public.port(), "base_url": format!("http://{public}/") },
            "admin": { "host": "127.0.0.1", "port": admin.port(), "base_url": format!("http://{admin}/") },
        },
        "secrets": { "default": ["a secret that only tests know"] },
        "hashers": { "algorithm": "bcrypt", "bcrypt": { "cost": 4 } },
        "identity": { "schemas": [{ "id": "default", "url": format!("file://{}", schema.display()) }] },
        "selfservice": {
            "default_browser_return_url": "http://ui.test/",
            "methods": { "password": { "config": { "haveibeenpwned_enabled": false } } },
            "flows": {
                "error": flow("error"),
                "login": flow("login"),
                "settings": flow("settings"),
                "registration": {
                    "ui_url": "http://ui.test/registration",
                    "enable_legacy_one_step": true,
                    "after": { "password": { "hooks": [{ "hook": "session" }] } },
                },
            },
        },
    });
    let path = directory.path.join("config.json");
    fs::write(schema, PERSON).unwrap();
    fs::write(&path, config.to_string()).unwrap();
    path
}

/// Asks a server, on a connection of its own; the answer counts only if it is there as a whole.
pub(crate) fn ask(
    address: SocketAddr,
    line: &str,
    token: Option<&str>,
    body: Option<&Value>,
) -> io::Result<(u16, Value)> {
    let mut stream = TcpStream::connect(address)?;
    let token = token
        .map(|token| format!("X-Session-Token: {token}\r\n"))
        .unwrap_or_default();
    let body = body.map(Value::to_string).unwrap_or_default();
    let request = format!(
        "{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept: application/json\r\n{token}\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let broken_off = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(broken_off)?;
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    });
    if body.len() < length.unwrap_or(0_usize) {
        return Err(broken_off());
    }
    Ok((
        status.ok_or_else(broken_off)?,
        serde_json::from_str(body).unwrap_or_default(),
    ))
}
