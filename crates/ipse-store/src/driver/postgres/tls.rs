//! How far a PostgreSQL server is trusted: `sslmode` and the files that go with it, with the meaning libpq gives them.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use tokio_postgres::config::SslMode;
use url::Url;

use crate::StoreError;

/// What is checked of the server's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    /// Nothing: the connection is private, but nobody knows with whom.
    Nothing,
    /// That an authority that is trusted has signed it.
    Authority,
    /// That, and that it is for this host.
    Host,
}

/// What a data source name says about TLS.
#[derive(Debug)]
pub(super) struct Tls {
    mode: SslMode,
    check: Check,
    roots: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

impl Tls {
    /// Takes the parameters about TLS out of a URL.
    pub(super) fn take_from(url: &mut Url) -> Result<Self, StoreError> {
        let mut tls = Self {
            mode: SslMode::Prefer,
            check: Check::Nothing,
            roots: None,
            certificate: None,
            key: None,
        };
        let mut others = Vec::new();
        for (name, value) in url.query_pairs().into_owned() {
            match name.as_str() {
                "sslmode" => (tls.mode, tls.check) = mode(&value)?,
                "sslrootcert" => tls.roots = Some(value.into()),
                "sslcert" => tls.certificate = Some(value.into()),
                "sslkey" => tls.key = Some(value.into()),
                _ => others.push((name, value)),
            }
        }
        // As libpq does it: who names authorities wants them to be asked.
        if tls.mode == SslMode::Require && tls.check == Check::Nothing && tls.roots.is_some() {
            tls.check = Check::Authority;
        }
        url.set_query(None);
        if !others.is_empty() {
            url.query_pairs_mut().extend_pairs(others);
        }
        Ok(tls)
    }

    pub(super) fn mode(&self) -> SslMode {
        self.mode
    }

    /// How to talk TLS to the server.
    pub(super) fn client(&self) -> Result<ClientConfig, StoreError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| StoreError::Location(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Verifier::new(self, provider)?));
        match (&self.certificate, &self.key) {
            (None, None) => Ok(builder.with_no_client_auth()),
            (Some(certificate), Some(key)) => {
                let key_der = PrivateKeyDer::from_pem_file(key)
                    .map_err(|error| unreadable("sslkey", &error))?;
                builder
                    .with_client_auth_cert(certificates("sslcert", certificate)?, key_der)
                    .map_err(|error| unreadable("sslcert", &error))
            }
            _ => Err(StoreError::Location(
                "sslcert and sslkey go together".into(),
            )),
        }
    }

    fn roots(&self) -> Result<RootCertStore, StoreError> {
        let Some(path) = &self.roots else {
            return Ok(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect());
        };
        let mut roots = RootCertStore::empty();
        for certificate in certificates("sslrootcert", path)? {
            roots
                .add(certificate)
                .map_err(|error| unreadable("sslrootcert", &error))?;
        }
        Ok(roots)
    }
}

fn mode(name: &str) -> Result<(SslMode, Check), StoreError> {
    Ok(match name {
        "disable" => (SslMode::Disable, Check::Nothing),
        "allow" | "prefer" => (SslMode::Prefer, Check::Nothing),
        "require" => (SslMode::Require, Check::Nothing),
        "verify-ca" => (SslMode::Require, Check::Authority),
        "verify-full" => (SslMode::Require, Check::Host),
        _ => return Err(StoreError::Location("sslmode has an unknown value".into())),
    })
}

fn certificates(
    parameter: &str,
    path: &PathBuf,
) -> Result<Vec<CertificateDer<'static>>, StoreError> {
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable(parameter, &error))?;
    if certificates.is_empty() {
        return Err(StoreError::Location(format!(
            "{parameter} holds no certificate"
        )));
    }
    Ok(certificates)
}

fn unreadable(parameter: &str, error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Location(format!("{parameter}: {error}"))
}

/// Checks the server's certificate as far as the data source name asks for.
#[derive(Debug)]
struct Verifier {
    check: Check,
    full: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    fn new(tls: &Tls, provider: Arc<CryptoProvider>) -> Result<Self, StoreError> {
        let full = match tls.check {
            Check::Nothing => None,
            Check::Authority | Check::Host => Some(
                WebPkiServerVerifier::builder_with_provider(
                    Arc::new(tls.roots()?),
                    Arc::clone(&provider),
                )
                .build()
                .map_err(|error| unreadable("sslrootcert", &error))?,
            ),
        };
        Ok(Self {
            check: tls.check,
            full,
            provider,
        })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(full) = &self.full else {
            return Ok(ServerCertVerified::assertion());
        };
        match full.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // The name is looked at last: the authority is right.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.check == Check::Authority => Ok(ServerCertVerified::assertion()),
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(query: &str) -> Result<(Tls, String), StoreError> {
        let mut url: Url = format!("postgres://db/ipse?{query}").parse().unwrap();
        let tls = Tls::take_from(&mut url)?;
        Ok((tls, url.query().unwrap_or_default().to_owned()))
    }

    #[test]
    fn the_mode_says_what_is_checked() {
        for (query, mode, check) in [
            ("", SslMode::Prefer, Check::Nothing),
            ("sslmode=disable", SslMode::Disable, Check::Nothing),
            ("sslmode=prefer", SslMode::Prefer, Check::Nothing),
            ("sslmode=require", SslMode::Require, Check::Nothing),
            (
                "sslmode=require&sslrootcert=ca.pem",
                SslMode::Require,
                Check::Authority,
            ),
            (
                "sslrootcert=ca.pem&sslmode=verify-full",
                SslMode::Require,
                Check::Host,
            ),
            ("sslmode=verify-ca", SslMode::Require, Check::Authority),
        ] {
            let (tls, left) = take(query).unwrap();
            assert_eq!(
                (tls.mode, tls.check, left.as_str()),
                (mode, check, ""),
                "{query}"
            );
        }
        assert!(matches!(take("sslmode=yes"), Err(StoreError::Location(_))));
        assert_eq!(
            take("sslmode=disable&connect_timeout=3").unwrap().1,
            "connect_timeout=3"
        );
    }

    #[test]
    fn files_that_are_missing_are_named_by_their_parameter() {
        for query in [
            "sslmode=verify-ca&sslrootcert=/nonexistent/ca.pem",
            "sslmode=require&sslcert=/nonexistent/c.pem&sslkey=/nonexistent/k.pem",
            "sslmode=require&sslcert=/nonexistent/c.pem",
        ] {
            let error = take(query).unwrap().0.client().unwrap_err();
            assert!(error.to_string().contains("ssl"), "{error}");
        }
        assert!(take("sslmode=verify-full").unwrap().0.client().is_ok());
    }
}
