//! `ipse dev`: a server to look at, without any preparation.
//!
//! What a real configuration would have to say is made up here; a file and the environment can still say otherwise.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ipse_config::{Sources, load};
use ipse_model::Random;
use serde_json::json;

use crate::cli::say;
use crate::serve;
use crate::wiring::Tables;

const PERSON: &str = include_str!("../assets/person.schema.json");

/// Serves with data in `directory`.
pub(crate) fn run(directory: &Path, files: &[PathBuf]) -> anyhow::Result<()> {
    std::fs::create_dir_all(directory)
        .with_context(|| format!("can't make the directory {}", directory.display()))?;
    let secrets = secrets(directory)?;
    let database = directory.join("db.sqlite");
    let sources = everything_on(made_up(Sources::new().process_environment()))
        .fallback("dsn", format!("sqlite://{}", database.display()))
        .fallback("serve.public.host", "127.0.0.1")
        .fallback("serve.admin.host", "127.0.0.1")
        .fallback("log.level", "warning")
        .set("dev", true)
        .file(secrets);
    let sources = files.iter().fold(sources, Sources::file);
    let config = load(&sources)?.config;
    let (public, admin) = (config.public_base_url(), config.admin_base_url());
    let welcome = format!(
        "Account pages and API: {public}\nAdmin API:             {admin}\nMails:                 {public}dev/mails\n\
         Data:                  {}",
        directory.display()
    );
    serve::run(sources, Tables::UpToDate, Some(&|| say(&welcome)))
}

/// What development mode makes up when it is missing: an identity schema, an address to return to, and secrets that last as
/// long as the process.
pub(crate) fn made_up(sources: Sources) -> Sources {
    let random = Random::system();
    let schema = format!("base64://{}", STANDARD.encode(PERSON));
    sources
        .fallback("secrets.default", json!([random.alphanumeric(32)]))
        .fallback(
            "identity.schemas",
            json!([{ "id": "default", "url": schema }]),
        )
        .fallback("selfservice.default_browser_return_url", "/")
}

/// What somebody who looks around wants to see.
fn everything_on(sources: Sources) -> Sources {
    let signed_up = json!([{ "hook": "session" }, { "hook": "show_verification_ui" }]);
    sources
        .fallback("selfservice.flows.registration.style", "unified")
        .fallback(
            "selfservice.flows.registration.after.password.hooks",
            signed_up,
        )
        .fallback("selfservice.flows.recovery.enabled", true)
        .fallback("selfservice.flows.verification.enabled", true)
        .fallback("selfservice.methods.code.enabled", true)
        .fallback("selfservice.methods.totp.enabled", true)
        .fallback("selfservice.methods.lookup_secret.enabled", true)
}

/// The file with the secrets. They are made once, as sessions would end with every start otherwise.
fn secrets(directory: &Path) -> anyhow::Result<PathBuf> {
    let path = directory.join("secrets.yml");
    if path.exists() {
        return Ok(path);
    }
    let random = Random::system();
    let secret = || random.alphanumeric(32);
    let text = format!(
        "secrets:\n  default:\n  - {}\n  cookie:\n  - {}\n  cipher:\n  - {}\n",
        secret(),
        secret(),
        secret()
    );
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("can't write {}", path.display()))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn secrets_are_made_once_and_for_nobody_else_to_read() {
        let directory = std::env::temp_dir().join(format!("ipse-dev-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let path = secrets(&directory).unwrap();
        let first = std::fs::read_to_string(&path).unwrap();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(
            std::fs::read_to_string(secrets(&directory).unwrap()).unwrap(),
            first
        );
        std::fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn what_is_made_up_makes_a_configuration() {
        let config = load(&made_up(Sources::new()).set("dev", true))
            .unwrap()
            .config;
        assert!(config.secrets.is_complete());
        assert_eq!(config.identity.schemas.len(), 1);
        assert_eq!(
            config.default_return_url().as_str(),
            "http://127.0.0.1:4433/"
        );
    }
}
