//! `ipse dev`: everything works without any preparation, and is still there the next time.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::thread;

use serde_json::{Value, json};

use crate::process::{Directory, ask};
use crate::steps::PASSWORD;

/// A development server. It doesn't outlive this value.
struct Dev {
    child: Child,
    public: SocketAddr,
    admin: SocketAddr,
}

impl Dev {
    fn start(directory: &Directory) -> Self {
        let ports = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [public, admin] = ports.map(|listener| listener.local_addr().unwrap());
        let child = Command::new(env!("CARGO_BIN_EXE_ipse"))
            .arg("dev")
            .current_dir(directory.path())
            .env_clear()
            .env("SERVE_PUBLIC_PORT", public.port().to_string())
            .env("SERVE_ADMIN_PORT", admin.port().to_string())
            .env(
                "SELFSERVICE_METHODS_PASSWORD_CONFIG_HAVEIBEENPWNED_ENABLED",
                "false",
            )
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let mut dev = Self {
            child: child.unwrap(),
            public,
            admin,
        };
        while !matches!(
            ask(admin, "GET /admin/health/ready", None, None),
            Ok((200, _))
        ) {
            assert!(dev.child.try_wait().unwrap().is_none(), "it has ended");
            thread::yield_now();
        }
        dev
    }

    fn get(&self, path: &str, token: Option<&str>) -> (u16, Value) {
        ask(self.public, &format!("GET {path}"), token, None).unwrap()
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_first_account_takes_no_preparation_and_outlives_the_server() {
    let directory = Directory::new();
    let dev = Dev::start(&directory);
    let (_, flow) = dev.get("/self-service/registration/api", None);
    let line = format!(
        "POST /self-service/registration?flow={}",
        flow["id"].as_str().unwrap()
    );
    let traits = json!({ "method": "password", "password": PASSWORD, "traits.email": "ada@example.org",
        "traits.name.first": "Ada", "traits.name.last": "Lovelace" });
    let (status, body) = ask(dev.public, &line, None, Some(&traits)).unwrap();
    assert_eq!(status, 200, "{body}");
    let token = body["session_token"]
        .as_str()
        .expect("who signs up is signed in")
        .to_owned();
    let id = body["identity"]["id"].clone();
    for page in ["/", "/dev/mails"] {
        assert_eq!(dev.get(page, None).0, 200, "{page}");
    }
    let (_, mails) = ask(dev.admin, "GET /admin/courier/messages", None, None).unwrap();
    assert_eq!(mails[0]["recipient"], "ada@example.org");
    let secrets = fs::read_to_string(directory.path().join("ipse-data/secrets.yml")).unwrap();
    drop(dev);

    let again = Dev::start(&directory);
    let (status, session) = again.get("/sessions/whoami", Some(&token));
    assert_eq!((status, &session["identity"]["id"]), (200, &id));
    assert_eq!(
        fs::read_to_string(directory.path().join("ipse-data/secrets.yml")).unwrap(),
        secrets
    );
    assert!(secrets.contains("default:") && secrets.len() > 3 * 32);
}
