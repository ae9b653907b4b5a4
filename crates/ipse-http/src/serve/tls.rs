//! HTTPS.

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ipse_config::{Secret, Tls, TlsSource};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

/// Why certificate and key can't be used. None of them shows the key.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be read.
    #[error("can't read {}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        cause: std::io::Error,
    },
    /// What should be Base64 is not.
    #[error("the {0} is not valid Base64")]
    NotBase64(&'static str),
    /// What should be PEM is not.
    #[error("the {0} is not in PEM format, or there is none in it")]
    NotPem(&'static str),
    /// They don't belong together, or are of a kind that isn't supported.
    #[error("certificate and key can't be used together: {0}")]
    Unusable(#[from] rustls::Error),
}

/// A certificate with its key, ready for use.
#[derive(Clone)]
pub struct Certificate(Arc<ServerConfig>);

impl Certificate {
    /// Reads certificate and key, if both are configured.
    ///
    /// # Errors
    /// When they can't be used.
    pub fn load(tls: &Tls) -> Result<Option<Self>, TlsError> {
        if !tls.is_configured() {
            return Ok(None);
        }
        let certificates = read(&tls.cert, "certificate")?;
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(&certificates)
            .collect::<Result<_, _>>()
            .map_err(|_| TlsError::NotPem("certificate"))?;
        if certificates.is_empty() {
            return Err(TlsError::NotPem("certificate"));
        }
        let key = PrivateKeyDer::from_pem_slice(&read(&tls.key, "key")?)
            .map_err(|_| TlsError::NotPem("key"))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(certificates, key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Some(Self(Arc::new(config))))
    }

    pub(super) fn into_acceptor(self) -> TlsAcceptor {
        TlsAcceptor::from(self.0)
    }
}

fn read(source: &TlsSource, what: &'static str) -> Result<Vec<u8>, TlsError> {
    let inline = source
        .base64
        .as_ref()
        .map(Secret::expose)
        .filter(|text| !text.is_empty());
    if let Some(text) = inline {
        return STANDARD
            .decode(text.trim())
            .map_err(|_| TlsError::NotBase64(what));
    }
    let path = source.path.clone().unwrap_or_default();
    std::fs::read(&path).map_err(|cause| TlsError::File { path, cause })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_certificate_and_key_there_is_no_https() {
        assert!(Certificate::load(&Tls::default()).unwrap().is_none());
    }

    #[test]
    fn what_can_not_be_read_is_named_without_being_shown() {
        let source = |path: &str| TlsSource {
            path: Some(path.into()),
            base64: None,
        };
        let tls = Tls {
            key: source("/nowhere/key.pem"),
            cert: source("/nowhere/cert.pem"),
        };
        let error = Certificate::load(&tls).err().unwrap().to_string();
        assert!(error.starts_with("can't read /nowhere/cert.pem"), "{error}");
        let inline = |text: &str| TlsSource {
            path: None,
            base64: Some(Secret::new(text)),
        };
        let tls = Tls {
            key: inline("c2VjcmV0"),
            cert: inline("***"),
        };
        let error = Certificate::load(&tls).err().unwrap().to_string();
        assert_eq!(error, "the certificate is not valid Base64");
        let tls = Tls {
            key: inline("c2VjcmV0"),
            cert: inline("c2VjcmV0"),
        };
        let error = Certificate::load(&tls).err().unwrap().to_string();
        assert_eq!(
            error,
            "the certificate is not in PEM format, or there is none in it"
        );
    }
}
