//! A real browser, for tests of the pages: Chromium without a window, told what to do over a pipe.

mod keys;
mod page;
mod wire;

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;
use tokio::process::{Child, Command};

pub use keys::{Authenticator, Authenticators};
pub use page::Page;

use crate::environment::{missing, variable};
use wire::Wire;

static COUNT: AtomicU32 = AtomicU32::new(0);

/// The names of the program, and of programs that do the same.
const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

const OPTIONS: [&str; 11] = [
    "--headless=new",
    "--remote-debugging-pipe",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-breakpad",
    "--no-first-run",
    "--window-size=1000,1400",
    // Root and containers can't have one, and it sees nothing but pages of this machine.
    "--no-sandbox",
    "--host-resolver-rules=MAP localhost 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/// Starts the program that the further arguments say. It speaks over descriptors 3 and 4, which are made of those that every
/// program has. Once nobody listens to it any more it ends, and leaves nothing in its directory, which is the first argument.
const SCRIPT: &str = r#"home=$1; shift; "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1; rm -rf "$home""#;

/// A browser of a test's own. It goes with the last value that has to do with it.
#[derive(Debug)]
pub struct Chromium {
    wire: Arc<Wire>,
    _process: Child,
}

impl Chromium {
    /// Starts one. Without Chromium on this machine there is none, which is said; in CI that is a failure.
    ///
    /// # Panics
    /// When it can't be started.
    pub async fn start() -> Option<Self> {
        let Some(program) = program() else {
            missing("Chromium isn't installed");
            return None;
        };
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("ipse_chromium_{}_{count}", std::process::id());
        let home = std::env::temp_dir().join(name);
        fs::create_dir_all(&home).expect("a directory can be made");
        let mut command = Command::new("sh");
        command
            .args(["-c", SCRIPT, "sh"])
            .arg(&home)
            .arg(program)
            .args(OPTIONS)
            .arg(format!("--user-data-dir={}", home.display()))
            .env("HOME", &home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut process = command.spawn().expect("Chromium can be started");
        let (input, output) = (process.stdin.take(), process.stdout.take());
        Some(Self {
            wire: Wire::new(input.expect("a pipe"), output.expect("a pipe")),
            _process: process,
        })
    }

    /// A new tab, as empty as a new browser's: it shares no cookies with other tabs.
    ///
    /// # Panics
    /// When the browser doesn't do as it is told.
    pub async fn page(&self) -> Page {
        let context = self
            .wire
            .call(None, "Target.createBrowserContext", json!({}))
            .await;
        let target =
            json!({ "url": "about:blank", "browserContextId": context["browserContextId"] });
        let target = self.wire.call(None, "Target.createTarget", target).await;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = self.wire.call(None, "Target.attachToTarget", attach).await;
        let session = attached["sessionId"].as_str().expect("a session");
        Page::open(self.wire.clone(), session.to_owned()).await
    }
}

/// Where Chromium is.
fn program() -> Option<PathBuf> {
    let path = variable("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain([PathBuf::from("/usr/bin")]);
    let candidates = places.flat_map(|place| NAMES.map(|name| place.join(name)));
    candidates.into_iter().find(|candidate| candidate.is_file())
}
