//! Loading: from files, environment and command line to a checked [`Config`].

mod check;
mod effects;
mod environment;
mod error;
mod file;
mod key;
mod origin;
mod phrase;
mod rules;
mod tree;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;

use serde_json::Value;
use url::Url;

pub use error::{ConfigError, Problem, ProblemKind, Warning};
pub use origin::Origin;

use crate::Config;
use crate::config::base_url;
use crate::schema::KnownKeys;
use key::KeyPath;
use tree::Tree;

/// What the configuration is loaded for. Decides about what has to be there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Purpose {
    /// To serve: everything the server needs.
    #[default]
    Serve,
    /// To work on the database: its address.
    Database,
    /// To look at it: nothing.
    Inspect,
}

/// Where the configuration comes from. Each source overrules those before it:
/// fallbacks, files in order, environment, settings.
#[derive(Clone, Default)]
pub struct Sources {
    fallbacks: Vec<(String, Value)>,
    files: Vec<PathBuf>,
    environment: Vec<(String, String)>,
    settings: Vec<(String, Value)>,
    purpose: Purpose,
}

impl Sources {
    /// No sources: everything has its default.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Loads for this purpose.
    #[must_use]
    pub fn purpose(mut self, purpose: Purpose) -> Self {
        self.purpose = purpose;
        self
    }

    /// Sets a key, written with dots, unless another source does. A fallback stands for what
    /// development mode makes up, such as secrets and an identity schema.
    #[must_use]
    pub fn fallback(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.fallbacks.push((key.to_owned(), value.into()));
        self
    }

    /// Adds a file in YAML, JSON or TOML.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.files.push(path.into());
        self
    }

    /// Adds environment variables.
    #[must_use]
    pub fn environment(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.environment.extend(variables);
        self
    }

    /// Adds the environment variables of this process. Those that are no text are left out.
    #[must_use]
    pub fn process_environment(self) -> Self {
        self.environment(
            std::env::vars_os().filter_map(|(name, text)| {
                Some((name.into_string().ok()?, text.into_string().ok()?))
            }),
        )
    }

    /// Sets a key, written with dots, whatever other sources say: for command line flags.
    #[must_use]
    pub fn set(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.settings.push((key.to_owned(), value.into()));
        self
    }

    /// The files, in order.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The files' texts as they are now, for noticing changes.
    pub(crate) fn texts(&self) -> Result<Vec<String>, ConfigError> {
        self.files.iter().map(|path| file::text(path)).collect()
    }
}

impl fmt::Debug for Sources {
    /// Names the files only: environment and settings can hold secrets.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Sources")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

/// A configuration that was loaded.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// What an operator should look at.
    pub warnings: Vec<Warning>,
}

/// Loads the configuration.
///
/// # Errors
/// If a file can't be read, or the whole can't be used. All problems with keys are reported at once.
pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
    let files = sources
        .files
        .iter()
        .map(|path| file::read(path))
        .collect::<Result<Vec<_>, _>>()?;
    finish(sources, files)
}

/// Loads the configuration from texts read before, one per file of the sources.
pub(crate) fn load_texts(sources: &Sources, texts: &[String]) -> Result<Loaded, ConfigError> {
    let files = sources
        .files
        .iter()
        .zip(texts)
        .map(|(path, text)| file::parse(path, text))
        .collect::<Result<Vec<_>, _>>()?;
    finish(sources, files)
}

fn finish(sources: &Sources, files: Vec<Tree>) -> Result<Loaded, ConfigError> {
    let known = KnownKeys::new();
    let (tree, mut problems) = merged(&known, sources, files);
    let mut value = tree.value();
    problems.extend(check::check(&known, &tree, &value));
    if !problems.is_empty() {
        return Err(ConfigError::Invalid(problems));
    }
    resolve_paths(&mut value);
    let config = typed(&tree, &value)?;
    let problems = rules::check(&config, &tree, &value, sources.purpose);
    if !problems.is_empty() {
        return Err(ConfigError::Invalid(problems));
    }
    Ok(Loaded {
        config,
        warnings: effects::warnings(&tree, &value),
    })
}

/// All sources laid over each other, and the settings that had no place.
fn merged(known: &KnownKeys, sources: &Sources, files: Vec<Tree>) -> (Tree, Vec<Problem>) {
    let mut tree = Tree::empty();
    let mut problems = Vec::new();
    let mut set = |tree: &mut Tree, path: &KeyPath, value: Tree| {
        let origin = value.origin.clone();
        if !tree.set(path, value) {
            let allowed = "the next item, so that the list has no gaps".to_owned();
            let kind = ProblemKind::Wrong {
                found: "an item beyond the end of the list".to_owned(),
                allowed,
            };
            problems.push(Problem {
                key: path.to_string(),
                origin,
                kind,
            });
        }
    };
    for (key, value) in &sources.fallbacks {
        let value = Tree::of(value.clone(), &Origin::Program);
        set(&mut tree, &KeyPath::parse(key), value);
    }
    for file in files {
        tree.merge(file);
    }
    for setting in environment::settings(known, &sources.environment) {
        set(&mut tree, &setting.path, setting.value);
    }
    for (key, value) in &sources.settings {
        let value = Tree::of(value.clone(), &Origin::Program);
        set(&mut tree, &KeyPath::parse(key), value);
    }
    (tree, problems)
}

/// Turns a checked value into the configuration. What the check could not see is found here.
fn typed(tree: &Tree, value: &Value) -> Result<Config, ConfigError> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let key = error.path().to_string().replace('[', ".").replace(']', "");
        let origin = tree.origin(&KeyPath::parse(&key));
        let reason = error.into_inner().to_string();
        ConfigError::Invalid(vec![Problem {
            key,
            origin,
            kind: ProblemKind::Conflict { reason },
        }])
    })
}

/// Makes addresses that are given as paths whole: they count from the public address.
fn resolve_paths(value: &mut Value) {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    let configured = text("/serve/public/base_url").and_then(|url| Url::parse(url).ok());
    let defaults = Config::default().serve.public;
    let host = text("/serve/public/host").unwrap_or(&defaults.host);
    let port = value.pointer("/serve/public/port").and_then(Value::as_u64);
    let port = port
        .and_then(|port| u16::try_from(port).ok())
        .unwrap_or(defaults.port);
    let dev = value.get("dev") == Some(&Value::Bool(true));
    let base = base_url(configured.as_ref(), host, port, dev);
    if let Some(selfservice) = value.get_mut("selfservice") {
        resolve_below(selfservice, &base);
    }
}

fn resolve_below(value: &mut Value, base: &Url) {
    match value {
        Value::Object(entries) => {
            for (key, below) in entries {
                let is_reference = matches!(key.as_str(), "ui_url" | "default_browser_return_url");
                match below.as_str() {
                    Some(text) if is_reference && Url::parse(text).is_err() => {
                        if let Ok(url) = base.join(text) {
                            *below = url.as_str().into();
                        }
                    }
                    _ => resolve_below(below, base),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| resolve_below(item, base)),
        _ => {}
    }
}
