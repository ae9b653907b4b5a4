//! Following changes of the configuration while the server runs.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::load::{Loaded, load_texts};
use crate::{Config, ConfigError, Origin, Sources, Warning, load};

/// The configuration that is in force. Clones share it.
#[derive(Debug, Clone)]
pub struct ConfigHandle {
    current: Arc<ArcSwap<Config>>,
}

impl ConfigHandle {
    /// Puts a configuration in force.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            current: Arc::new(ArcSwap::from_pointee(config)),
        }
    }

    /// The configuration in force now. Who handles a request takes it once and keeps it, so that
    /// the request sees one state from beginning to end.
    #[must_use]
    pub fn current(&self) -> Arc<Config> {
        self.current.load_full()
    }

    /// Puts another configuration in force, for requests that begin from now on.
    pub fn replace(&self, config: Config) {
        self.current.store(Arc::new(config));
    }
}

/// What a look at the files came to.
#[derive(Debug)]
pub enum Reload {
    /// Nothing has changed.
    Unchanged,
    /// Something has changed, but was not yet the same at two looks: a file may be half written.
    Settling,
    /// A new configuration is in force. The warnings are about it.
    Reloaded(Vec<Warning>),
    /// The new configuration can't be used; the old one stays. Said once per change.
    Failed(ConfigError),
}

/// Looks at the files and puts what is new in them in force.
///
/// It does nothing by itself: whoever owns it calls [`Reloader::check`] every now and then.
pub struct Reloader {
    sources: Sources,
    handle: ConfigHandle,
    /// What was last put in force, or last found unusable.
    settled: Texts,
    /// What was seen last.
    seen: Texts,
}

/// The files' texts, or why they can't be read.
type Texts = Result<Vec<String>, String>;

impl Reloader {
    /// Loads the configuration, to be followed from then on.
    ///
    /// # Errors
    /// If the configuration can't be loaded.
    pub fn start(sources: Sources) -> Result<(Self, Loaded), ConfigError> {
        let texts = sources.texts()?;
        let loaded = load_texts(&sources, &texts)?;
        let handle = ConfigHandle::new(loaded.config.clone());
        Ok((
            Self {
                sources,
                handle,
                settled: Ok(texts.clone()),
                seen: Ok(texts),
            },
            loaded,
        ))
    }

    /// The configuration in force.
    #[must_use]
    pub fn handle(&self) -> ConfigHandle {
        self.handle.clone()
    }

    /// Looks at the files. A change counts once two looks in a row have found the same.
    pub fn check(&mut self) -> Reload {
        // The files are small. Comparing what they say is cheaper than trusting time stamps that
        // are too coarse for two changes within a second.
        let texts = self.sources.texts().map_err(|error| error.to_string());
        if texts == self.settled {
            self.seen = texts;
            return Reload::Unchanged;
        }
        if texts != self.seen {
            self.seen = texts;
            return Reload::Settling;
        }
        self.settled = texts;
        self.apply()
    }

    /// Loads the configuration again right away, changed or not.
    pub fn reload(&mut self) -> Reload {
        self.settled = self.sources.texts().map_err(|error| error.to_string());
        self.seen = self.settled.clone();
        self.apply()
    }

    fn apply(&self) -> Reload {
        let loaded = match &self.settled {
            Ok(texts) => load_texts(&self.sources, texts),
            // Reading once more gives the error itself.
            Err(_) => load(&self.sources),
        };
        match loaded {
            Ok(Loaded {
                mut config,
                mut warnings,
            }) => {
                keep_fixed(&self.handle.current(), &mut config, &mut warnings);
                self.handle.replace(config);
                Reload::Reloaded(warnings)
            }
            Err(error) => Reload::Failed(error),
        }
    }
}

impl fmt::Debug for Reloader {
    /// Leaves the files' texts out, which can hold secrets.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Reloader")
            .field("sources", &self.sources)
            .finish_non_exhaustive()
    }
}

/// Keeps what can't change while the server runs, and says so.
fn keep_fixed(old: &Config, new: &mut Config, warnings: &mut Vec<Warning>) {
    macro_rules! keep {
        ($($($name:ident).+),* $(,)?) => {
            $(if old.$($name).+ != new.$($name).+ {
                new.$($name).+.clone_from(&old.$($name).+);
                let key = stringify!($($name).+).replace(' ', "");
                let why = "has changed, which takes a restart; the old value stays".to_owned();
                warnings.push(Warning { key, origin: Origin::Nowhere, why });
            })*
        };
    }
    keep![
        dsn,
        serve.public.host,
        serve.public.port,
        serve.public.socket,
        serve.public.tls,
        serve.admin.host,
        serve.admin.port,
        serve.admin.socket,
        serve.admin.tls,
    ];
}
