//! The configuration that servers are measured with.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::error::Error;

/// The identity schema: an address to sign in with and a name to change.
const PERSON: &str = include_str!("../assets/person.schema.json");

/// The identity schema of people who can be reached, and sign in with a code too.
const REACHABLE: &str = include_str!("../assets/reachable.schema.json");

/// The cost of bcrypt where the time of answers is compared: a sixteenth of the usual work, so that it hides less.
pub(crate) const TIMED: u32 = 8;

/// What a server is started for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To answer, with bcrypt of this cost; of what the server thinks best if absent.
    Answering(Option<u32>),
    /// To answer questions about known and unknown addresses, and to send what comes of it to the mail server at that port.
    Timing { mails: u16 },
    /// To send messages to the mail server at that port.
    Sending { mails: u16 },
}

/// What differs from run to run.
pub(crate) struct Settings<'a> {
    /// Where the data is.
    pub(crate) dsn: &'a str,
    /// What for.
    pub(crate) purpose: Purpose,
    /// The address of the public API.
    pub(crate) public: SocketAddr,
    /// The address of the admin API.
    pub(crate) admin: SocketAddr,
}

impl Settings<'_> {
    /// Writes the configuration and the identity schema into `directory`; returns the path of the configuration.
    pub(crate) fn write(&self, directory: &Path) -> Result<PathBuf, Error> {
        let schema = directory.join("person.schema.json");
        let config = directory.join("config.json");
        let text = self.text(&schema);
        let person = match self.purpose {
            Purpose::Timing { .. } => REACHABLE,
            Purpose::Answering(_) | Purpose::Sending { .. } => PERSON,
        };
        fs::write(&schema, person)
            .and_then(|()| fs::write(&config, text))
            .map_err(Error::io("can't write the configuration"))?;
        Ok(config)
    }

    /// All the flows that are measured, no mails, no requests to elsewhere.
    fn text(&self, schema: &Path) -> String {
        let place = |address: SocketAddr| {
            json!({
                "host": address.ip().to_string(),
                "port": address.port(),
                "base_url": format!("http://{address}/"),
            })
        };
        let mut config = json!({
            "version": "v26.2.0",
            "dsn": self.dsn,
            "log": { "level": "warning" },
            "serve": { "public": place(self.public), "admin": place(self.admin) },
            "secrets": {
                "default": ["a secret that only benchmarks use"],
                "cipher": ["a-cipher-secret-of-32-characters"],
            },
            "identity": {
                "default_schema_id": "default",
                "schemas": [{ "id": "default", "url": format!("file://{}", schema.display()) }],
            },
            "courier": { "smtp": { "connection_uri": "smtp://127.0.0.1:1/" } },
            "selfservice": {
                "default_browser_return_url": "http://127.0.0.1:1/",
                "methods": {
                    "password": { "enabled": true, "config": { "haveibeenpwned_enabled": false } },
                    "profile": { "enabled": true },
                    "code": { "enabled": false },
                    "link": { "enabled": false },
                },
                "flows": {
                    "login": { "ui_url": "http://127.0.0.1:1/login" },
                    "settings": { "ui_url": "http://127.0.0.1:1/settings" },
                    "error": { "ui_url": "http://127.0.0.1:1/error" },
                    "registration": {
                        "ui_url": "http://127.0.0.1:1/registration",
                        "enable_legacy_one_step": true,
                        "after": { "password": { "hooks": [{ "hook": "session" }] } },
                    },
                },
            },
        });
        let cheap = |cost: u32| json!({ "algorithm": "bcrypt", "bcrypt": { "cost": cost } });
        let server = |port: u16| json!(format!("smtp://127.0.0.1:{port}/?disable_starttls=true"));
        match self.purpose {
            Purpose::Answering(None) => {}
            Purpose::Answering(Some(cost)) => config["hashers"] = cheap(cost),
            Purpose::Timing { mails } => {
                let flow = |name| json!({ "enabled": true, "ui_url": format!("http://127.0.0.1:1/{name}"), "use": "code" });
                config["hashers"] = cheap(TIMED);
                config["watch-courier"] = true.into();
                config["courier"]["smtp"]["connection_uri"] = server(mails);
                config["courier"]["worker"] = json!({ "pull_count": 100, "pull_wait": "10ms" });
                config["security"] = json!({ "account_enumeration": { "mitigate": true } });
                config["selfservice"]["methods"]["code"] =
                    json!({ "enabled": true, "passwordless_enabled": true });
                config["selfservice"]["flows"]["recovery"] = flow("recovery");
                config["selfservice"]["flows"]["verification"] = flow("verification");
            }
            Purpose::Sending { mails } => {
                config["courier"]["smtp"]["connection_uri"] = server(mails);
                config["courier"]["worker"] = json!({ "pull_count": 100, "pull_wait": "0s" });
            }
        }
        format!("{config:#}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_understands_the_configuration() {
        for purpose in [
            Purpose::Answering(Some(4)),
            Purpose::Timing { mails: 25 },
            Purpose::Sending { mails: 25 },
        ] {
            let directory = crate::server::Directory::new().unwrap();
            let settings = Settings {
                dsn: "memory",
                purpose,
                public: ([127, 0, 0, 1], 4433).into(),
                admin: ([127, 0, 0, 1], 4434).into(),
            };
            let path = settings.write(directory.path()).unwrap();
            let loaded = ipse_config::load(&ipse_config::Sources::new().file(&path)).unwrap();
            assert_eq!(loaded.config.serve.admin.port, 4434);
            assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
            if purpose == Purpose::Answering(Some(4)) {
                assert_eq!(loaded.config.hashers.bcrypt.cost, 4);
            }
        }
    }
}
