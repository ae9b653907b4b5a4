//! Where a document that the configuration points at is to be found: a file, a server, or right here.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use url::Url;

/// A document named by `file://`, `http(s)://` or `base64://`.
#[derive(Clone, PartialEq, Eq)]
pub enum Source {
    /// A file. A relative path counts from the directory the server was started in.
    File(PathBuf),
    /// A document on a server.
    Http(Url),
    /// The document itself, decoded.
    Inline(Vec<u8>),
}

/// Why a text names no document.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SourceError {
    /// There is no scheme, or one that can't be fetched from.
    #[error("a document is named by file://, http://, https:// or base64://")]
    Scheme,
    /// What follows `base64://` does not decode.
    #[error("what follows base64:// is not Base64")]
    Base64,
    /// The address is no URL.
    #[error("not a URL: {0}")]
    Url(#[from] url::ParseError),
    /// `file://` with nothing behind it.
    #[error("file:// needs a path")]
    NoPath,
}

impl FromStr for Source {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(path) = text.strip_prefix("file://") {
            // Percent signs are taken as they are: operators write paths here, not URLs.
            return if path.is_empty() {
                Err(SourceError::NoPath)
            } else {
                Ok(Self::File(path.into()))
            };
        }
        if let Some(encoded) = text.strip_prefix("base64://") {
            return [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD]
                .iter()
                .find_map(|engine| engine.decode(encoded).ok())
                .map(Self::Inline)
                .ok_or(SourceError::Base64);
        }
        if text.starts_with("http://") || text.starts_with("https://") {
            return Ok(Self::Http(Url::parse(text)?));
        }
        Err(SourceError::Scheme)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(formatter, "file://{}", path.display()),
            Self::Http(url) => formatter.write_str(&crate::secret::without_password(url)),
            Self::Inline(bytes) => write!(formatter, "base64://… ({} bytes)", bytes.len()),
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

impl JsonSchema for Source {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Source".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^(http|https|file|base64)://",
            "examples": ["file:///etc/ipse/person.schema.json"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_kinds_apart() {
        assert_eq!(
            "file:///etc/ipse/person.json".parse(),
            Ok(Source::File("/etc/ipse/person.json".into()))
        );
        assert_eq!(
            "file://person.json".parse(),
            Ok(Source::File("person.json".into()))
        );
        assert_eq!("base64://e30=".parse(), Ok(Source::Inline(b"{}".to_vec())));
        assert_eq!("base64://e30".parse(), Ok(Source::Inline(b"{}".to_vec())));
        assert!(matches!(
            "https://example.org/a".parse(),
            Ok(Source::Http(_))
        ));
    }

    #[test]
    fn refuses_other_texts() {
        assert_eq!("person.json".parse::<Source>(), Err(SourceError::Scheme));
        assert_eq!(
            "ftp://example.org/a".parse::<Source>(),
            Err(SourceError::Scheme)
        );
        assert_eq!("base64://***".parse::<Source>(), Err(SourceError::Base64));
        assert_eq!("file://".parse::<Source>(), Err(SourceError::NoPath));
        assert!(matches!(
            "http://".parse::<Source>(),
            Err(SourceError::Url(_))
        ));
    }
}
