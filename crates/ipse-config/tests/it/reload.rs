//! Following a file as it changes.

use std::fs;
use std::path::PathBuf;

use ipse_config::{Reload, Reloader, Secret, Sources};

/// A configuration file in a directory of its own, removed at the end.
struct File {
    directory: PathBuf,
}

impl File {
    fn new(name: &str) -> Self {
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&directory).unwrap();
        Self { directory }
    }

    fn path(&self) -> PathBuf {
        self.directory.join("ipse.yml")
    }

    /// Writes a file that can be served, with these lines added.
    fn write(&self, lines: &str) {
        let text = format!(
            "identity: {{ schemas: [{{ id: default, url: file://person.json }}] }}\n\
             selfservice: {{ default_browser_return_url: https://app.example.org/ }}\n{lines}\n"
        );
        fs::write(self.path(), text).unwrap();
    }

    fn start(&self) -> Reloader {
        Reloader::start(Sources::new().file(self.path())).unwrap().0
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

const SECRETS: &str = "secrets: { default: [first-first-first-1] }\ndsn: memory";

#[test]
fn a_change_is_taken_over_once_it_is_stable() {
    let file = File::new("stable");
    file.write(SECRETS);
    let mut reloader = file.start();
    let handle = reloader.handle();
    assert!(matches!(reloader.check(), Reload::Unchanged));

    file.write("dsn: mem");
    assert!(
        matches!(reloader.check(), Reload::Settling),
        "perhaps half written"
    );
    file.write(&format!("{SECRETS}\nrevision: two"));
    assert!(matches!(reloader.check(), Reload::Settling));
    let before = handle.current();
    assert!(matches!(reloader.check(), Reload::Reloaded(_)));
    assert_eq!(handle.current().revision.as_deref(), Some("two"));
    assert_eq!(
        before.revision, None,
        "a request that has begun keeps what it saw"
    );
    assert!(matches!(reloader.check(), Reload::Unchanged));
}

#[test]
fn a_bad_change_is_reported_once_and_changes_nothing() {
    let file = File::new("bad");
    file.write(&format!("{SECRETS}\nrevision: good"));
    let mut reloader = file.start();
    file.write(&format!("{SECRETS}\nrevision: bad\nlog: {{ level: loud }}"));
    assert!(matches!(reloader.check(), Reload::Settling));
    let Reload::Failed(error) = reloader.check() else {
        panic!("it is wrong")
    };
    assert!(
        error
            .to_string()
            .contains("log.level: found the text \"loud\""),
        "{error}"
    );
    assert!(matches!(reloader.check(), Reload::Unchanged));
    assert_eq!(
        reloader.handle().current().revision.as_deref(),
        Some("good")
    );

    file.write(&format!("{SECRETS}\nrevision: better"));
    assert!(matches!(reloader.check(), Reload::Settling));
    assert!(matches!(reloader.check(), Reload::Reloaded(_)));
    assert_eq!(
        reloader.handle().current().revision.as_deref(),
        Some("better")
    );
}

#[test]
fn a_file_that_is_gone_changes_nothing() {
    let file = File::new("gone");
    file.write(SECRETS);
    let mut reloader = file.start();
    fs::remove_file(file.path()).unwrap();
    assert!(matches!(reloader.check(), Reload::Settling));
    assert!(matches!(reloader.check(), Reload::Failed(_)));
    assert!(matches!(reloader.check(), Reload::Unchanged));
    file.write(SECRETS);
    assert!(matches!(reloader.check(), Reload::Settling));
    assert!(matches!(reloader.check(), Reload::Reloaded(_)));
}

#[test]
fn what_needs_a_restart_stays_and_is_named() {
    let file = File::new("fixed");
    file.write(SECRETS);
    let mut reloader = file.start();
    file.write("secrets: { default: [first-first-first-1] }\ndsn: sqlite://x\nserve: { admin: { port: 9 } }");
    let Reload::Reloaded(warnings) = reloader.reload() else {
        panic!("it can be loaded")
    };
    let keys: Vec<_> = warnings
        .iter()
        .map(|warning| warning.key.as_str())
        .collect();
    assert_eq!(keys, ["dsn", "serve.admin.port"]);
    assert_eq!(reloader.handle().current().serve.admin.port, 4434);
    assert!(matches!(reloader.check(), Reload::Unchanged));
}

#[test]
fn secrets_rotate() {
    let file = File::new("rotate");
    file.write(SECRETS);
    let mut reloader = file.start();
    file.write("secrets: { default: [second-second-second, first-first-first-1] }\ndsn: memory");
    assert!(matches!(reloader.reload(), Reload::Reloaded(_)));
    let config = reloader.handle().current();
    let keys = config.secrets.cookie_keys();
    assert_eq!(
        keys.signing().map(Secret::expose),
        Some("second-second-second")
    );
    assert!(
        keys.verifying()
            .any(|key| key.expose() == "first-first-first-1")
    );
    assert!(
        !format!("{reloader:?}").contains("second-second"),
        "debug output holds no secret"
    );
}
