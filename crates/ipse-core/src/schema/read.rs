//! Getting a document from where it is said to be, and keeping those that a schema refers to.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use jsonschema::{Retrieve, Uri};
use serde_json::Value;

/// The largest document that is taken for a schema.
const LARGEST: usize = 4 << 20;

/// Why a document could not be fetched.
pub type FetchError = Box<dyn std::error::Error + Send + Sync>;

/// Gets documents over HTTP. Which addresses it may ask is its own business.
#[async_trait]
pub trait Fetch: Send + Sync {
    /// The body of a successful answer.
    async fn get(&self, url: &str) -> Result<Vec<u8>, FetchError>;
}

/// Why a document could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Its address has no scheme that can be read.
    #[error("the address has to begin with file://, base64://, http:// or https://")]
    UnknownScheme,
    /// The file can't be read.
    #[error("{path} can't be read: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The text after `base64://` is something else.
    #[error("the text after base64:// is not Base64")]
    Base64,
    /// It could not be fetched.
    #[error("it could not be fetched: {0}")]
    Fetch(#[source] FetchError),
    /// It is larger than any schema.
    #[error("it is larger than 4 MiB")]
    TooLarge,
}

/// The document at `url`.
///
/// # Errors
/// When there is none, or it can't be got.
pub async fn read(url: &str, fetch: &dyn Fetch) -> Result<Vec<u8>, ReadError> {
    let bytes = if let Some(path) = url.strip_prefix("file://") {
        read_file(path).await?
    } else if let Some(text) = url.strip_prefix("base64://") {
        let text = text.trim();
        let engines = [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD];
        let decoded = engines.iter().find_map(|engine| engine.decode(text).ok());
        decoded.ok_or(ReadError::Base64)?
    } else if is_remote(url) {
        fetch.get(url).await.map_err(ReadError::Fetch)?
    } else {
        return Err(ReadError::UnknownScheme);
    };
    if bytes.len() > LARGEST {
        return Err(ReadError::TooLarge);
    }
    Ok(bytes)
}

pub(super) fn is_remote(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

/// Reads a file as it is named, or, if there is none, with `%20` and the like taken as what they stand for.
async fn read_file(path: &str) -> Result<Vec<u8>, ReadError> {
    let failed = match tokio::fs::read(path).await {
        Ok(bytes) => return Ok(bytes),
        Err(source) => source,
    };
    if let Some(plain) = unescaped(path)
        && let Ok(bytes) = tokio::fs::read(plain).await
    {
        return Ok(bytes);
    }
    Err(ReadError::File {
        path: path.into(),
        source: failed,
    })
}

/// The path that `path` stands for, if it has escapes as in a URL.
fn unescaped(path: &str) -> Option<String> {
    let plain = percent_encoding::percent_decode_str(path)
        .decode_utf8()
        .ok()?;
    (plain != path).then(|| plain.into_owned())
}

/// What relative references are relative to, unless the schema has an `$id`.
pub(super) fn base_of(url: &str) -> Option<String> {
    if is_remote(url) {
        return Some(url.to_owned());
    }
    let named = url.strip_prefix("file://")?;
    let plain = unescaped(named).filter(|_| !Path::new(named).exists());
    let path = std::path::absolute(plain.as_deref().unwrap_or(named)).ok()?;
    url::Url::from_file_path(path).ok().map(String::from)
}

/// The documents that a schema refers to, as far as they have been fetched. The validator asks for them where it can't
/// wait, so what is missing is noted and fetched in between.
#[derive(Clone, Default)]
pub(super) struct Shelf(Arc<Mutex<Documents>>);

#[derive(Default)]
struct Documents {
    known: HashMap<String, Value>,
    missing: Option<String>,
}

#[derive(Debug, thiserror::Error)]
#[error("{0} has not been fetched")]
struct NotFetched(String);

impl Shelf {
    fn lock(&self) -> std::sync::MutexGuard<'_, Documents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take_missing(&self) -> Option<String> {
        self.lock().missing.take()
    }

    pub(super) fn put(&self, url: String, document: Value) {
        self.lock().known.insert(url, document);
    }

    pub(super) fn len(&self) -> usize {
        self.lock().known.len()
    }
}

impl Retrieve for Shelf {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, FetchError> {
        let url = uri.as_str().split('#').next().unwrap_or_default();
        let mut documents = self.lock();
        if let Some(document) = documents.known.get(url) {
            return Ok(document.clone());
        }
        documents.missing = Some(url.to_owned());
        Err(NotFetched(url.to_owned()).into())
    }
}
