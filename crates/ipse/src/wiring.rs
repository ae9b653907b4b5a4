//! The server from its configuration: the one place where everything is put together.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ipse_config::{CipherAlgorithm, Config, Dsn, Secret, Source};
use ipse_core::app::Parts;
use ipse_core::outgoing::{HttpDocuments, Outgoing};
use ipse_core::schema::{Fetch, SchemaSource, Schemas, Sources};
use ipse_core::session::tokenize::Tokenizers;
use ipse_core::{App, Snapshot};
use ipse_courier::template::{Documents, Templates};
use ipse_crypto::{Cipher, Hasher, HasherOptions};
use ipse_jsonnet::{Jsonnet, JsonnetOptions};
use ipse_model::{Clock, Random, SystemClock};
use ipse_store::{OpenOptions, Store, StoreError};

/// What a server does to the world, or has from it. Tests bring their own.
pub struct Effects {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Random,
    /// Requests to other servers.
    pub outgoing: Arc<dyn Outgoing>,
    /// Jsonnet in other processes.
    pub jsonnet: Jsonnet,
}

impl Effects {
    /// The machine's clock and randomness, these requests to other servers, and Jsonnet in copies of this program.
    ///
    /// # Errors
    /// When this program doesn't know its own file.
    pub fn system(outgoing: Arc<dyn Outgoing>) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("can't find this program's own file")?;
        Ok(Self {
            clock: Arc::new(SystemClock),
            random: Random::system(),
            outgoing,
            jsonnet: Jsonnet::new(JsonnetOptions::new(program)),
        })
    }
}

/// Which databases are brought up to date at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tables {
    /// Only an embedded one, which nobody else uses. Another one has to be up to date.
    Embedded,
    /// All.
    UpToDate,
}

/// How often a database server is looked for that isn't there yet.
const LOOKS: u32 = 30;

/// How long to wait before looking again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Puts the server together.
///
/// # Errors
/// When the database can't be opened or the configuration names something that can't be used.
pub async fn build(config: Config, tables: Tables, effects: Effects) -> anyhow::Result<Arc<App>> {
    let options = OpenOptions {
        dsn: config.dsn.clone(),
        migrate: tables == Tables::UpToDate || is_embedded(&config.dsn),
    };
    let snapshot = snapshot(config, effects.outgoing.clone());
    let (store, snapshot) = tokio::join!(open(&options), snapshot);
    let store = store.context("can't open the database")?;
    let snapshot = snapshot?;
    let hasher = Hasher::new(effects.random.clone(), hasher_options(&snapshot.config))
        .context("can't start the threads that hash passwords")?;
    Ok(Arc::new(App::new(Parts {
        store,
        clock: effects.clock,
        random: effects.random,
        hasher,
        jsonnet: effects.jsonnet,
        outgoing: effects.outgoing,
        snapshot,
    })))
}

fn is_embedded(dsn: &Dsn) -> bool {
    match dsn {
        Dsn::Memory | Dsn::Sqlite(_) => true,
        Dsn::Postgres(..) | Dsn::Cockroach(..) | Dsn::Dsql(..) => false,
    }
}

/// Opens the database. A database server that is started together with this one is waited for.
async fn open(options: &OpenOptions) -> Result<Store, StoreError> {
    let mut looks = 1;
    loop {
        match Store::open(options).await {
            Err(StoreError::Unavailable(reason)) if looks < LOOKS && !is_embedded(&options.dsn) => {
                tracing::warn!(reason, "the database can't be reached yet");
                tokio::time::sleep(LOOK_AGAIN).await;
                looks += 1;
            }
            opened => return opened,
        }
    }
}

/// Works out what a configuration means.
///
/// # Errors
/// When it names something that can't be used.
pub async fn snapshot(config: Config, outgoing: Arc<dyn Outgoing>) -> anyhow::Result<Snapshot> {
    let documents = HttpDocuments(outgoing);
    let schemas = Schemas::load(&schema_sources(&config), &documents).await?;
    let templates = templates(&config, &documents).await;
    let cookie_keys = config.secrets.cookie_keys();
    let cookie_keys = cookie_keys.verifying().map(Secret::expose);
    let cookie_cipher =
        Cipher::new(ipse_crypto::CipherAlgorithm::XChaCha20Poly1305, cookie_keys)
            .context("there is no secret for cookies: set secrets.default or secrets.cookie")?;
    let data_keys = config.secrets.cipher_keys();
    let data_keys = data_keys.verifying().map(Secret::expose);
    let data_cipher = Cipher::new(data_algorithm(&config), data_keys)
        .context("there is no secret to encrypt with: set secrets.default or secrets.cipher")?;
    Ok(Snapshot {
        public_base_url: config.public_base_url().into(),
        admin_base_url: config.admin_base_url().into(),
        tokenizers: Tokenizers::new(&config.session.whoami.tokenizer),
        templates,
        config: Arc::new(config),
        schemas,
        data_cipher,
        cookie_cipher,
    })
}

/// `noop` says that nothing has to be hidden. Sealing it all the same hurts nobody.
fn data_algorithm(config: &Config) -> ipse_crypto::CipherAlgorithm {
    match config.ciphers.algorithm {
        CipherAlgorithm::Aes => ipse_crypto::CipherAlgorithm::Aes256Gcm,
        CipherAlgorithm::Noop | CipherAlgorithm::XChaCha20Poly1305 => {
            ipse_crypto::CipherAlgorithm::XChaCha20Poly1305
        }
    }
}

/// The texts of messages. One that can't be used is replaced by the built-in one: it is better to send a plain message
/// than none.
async fn templates(config: &Config, fetch: &dyn Fetch) -> Templates {
    let mut documents = Documents::new();
    for address in Templates::addresses(&config.courier) {
        let text = fetch
            .get(&address)
            .await
            .and_then(|bytes| Ok(String::from_utf8(bytes)?));
        let text = text.map_err(|error| error.to_string());
        documents.insert(address, text);
    }
    let (templates, problems) = Templates::load(&config.courier, &documents);
    for problem in problems {
        tracing::warn!(%problem, "a message template can't be used; the built-in one stands in");
    }
    templates
}

fn hasher_options(config: &Config) -> HasherOptions {
    let memory = config.hashers.argon2.dedicated_memory.bytes() / 1024;
    HasherOptions {
        memory: u32::try_from(memory).unwrap_or(u32::MAX),
        ..HasherOptions::default()
    }
}

fn schema_sources(config: &Config) -> Sources {
    let schemas = config.identity.schemas.iter().map(|schema| SchemaSource {
        id: schema.id.clone(),
        url: address(&schema.url),
        selfservice_selectable: schema.selfservice_selectable,
    });
    Sources {
        default_id: config.identity.default_schema_id.clone(),
        schemas: schemas.collect(),
        disallow_ref: config.security.disallow_ref_in_identity_schemas,
    }
}

fn address(source: &Source) -> String {
    match source {
        Source::File(path) => format!("file://{}", path.display()),
        Source::Http(url) => url.to_string(),
        Source::Inline(bytes) => format!("base64://{}", STANDARD.encode(bytes)),
    }
}
