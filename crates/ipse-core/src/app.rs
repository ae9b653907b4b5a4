//! The server as a plain struct: everything that decisions need and nothing that answers requests.

use std::sync::Arc;

use arc_swap::ArcSwap;
use ipse_config::Config;
use ipse_courier::Templates;
use ipse_crypto::{Cipher, Hasher};
use ipse_jsonnet::Jsonnet;
use ipse_model::{Clock, Random};
use ipse_store::Store;

use crate::hook::web_hook;
use crate::method::password::policy::{BreachList, Remembering};
use crate::metrics::Metrics;
use crate::outgoing::{HttpBreachList, Outgoing, ToProviders};
use crate::schema::Schemas;
use crate::session::tokenize::Tokenizers;

/// What the configuration means right now, worked out once. Replaced as a whole on reload.
pub struct Snapshot {
    /// The configuration itself.
    pub config: Arc<Config>,
    /// The identity schemas.
    pub schemas: Schemas,
    /// The texts of messages.
    pub templates: Templates,
    /// How sessions become JSON Web Tokens.
    pub tokenizers: Tokenizers,
    /// Seals what is kept in the database.
    pub data_cipher: Cipher,
    /// Seals what is kept in cookies.
    pub cookie_cipher: Cipher,
    /// The address of the public port as clients see it, ending in a slash.
    pub public_base_url: String,
    /// The address of the admin port as clients see it, ending in a slash.
    pub admin_base_url: String,
}

/// The server.
pub struct App {
    /// The database.
    pub store: Store,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Random,
    /// Password hashing on its own threads.
    pub hasher: Hasher,
    /// Jsonnet in child processes.
    pub jsonnet: Jsonnet,
    /// Requests to other servers.
    pub outgoing: Arc<dyn Outgoing>,
    /// Upstream identity providers.
    pub providers: ipse_oidc::Providers,
    /// Passwords that are known from data breaches.
    pub breaches: Arc<dyn BreachList>,
    /// Templates of web hooks that were fetched from elsewhere.
    pub hook_templates: web_hook::Templates,
    /// Calls of web hooks that nobody waits for.
    pub background: web_hook::Background,
    /// What this process has done.
    pub metrics: Metrics,
    snapshot: ArcSwap<Snapshot>,
}

/// What an [`App`] is made from.
pub struct Parts {
    /// The database.
    pub store: Store,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Random,
    /// Password hashing.
    pub hasher: Hasher,
    /// Jsonnet.
    pub jsonnet: Jsonnet,
    /// Requests to other servers.
    pub outgoing: Arc<dyn Outgoing>,
    /// The first snapshot.
    pub snapshot: Snapshot,
}

impl App {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let list = HttpBreachList(Arc::clone(&parts.outgoing));
        Self {
            store: parts.store,
            breaches: Arc::new(Remembering::new(list, Arc::clone(&parts.clock))),
            providers: ipse_oidc::Providers::new(Arc::new(ToProviders(Arc::clone(
                &parts.outgoing,
            )))),
            outgoing: parts.outgoing,
            hook_templates: web_hook::Templates::default(),
            background: web_hook::Background::default(),
            metrics: Metrics::default(),
            clock: parts.clock,
            random: parts.random,
            hasher: parts.hasher,
            jsonnet: parts.jsonnet,
            snapshot: ArcSwap::from_pointee(parts.snapshot),
        }
    }

    /// What the configuration means right now.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Replaces the snapshot; requests under way keep theirs.
    pub fn replace(&self, snapshot: Snapshot) {
        self.snapshot.store(Arc::new(snapshot));
    }
}
