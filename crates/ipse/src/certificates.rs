//! Which servers outgoing TLS connections trust: those the machine trusts (`SSL_CERT_FILE` included), or the common ones
//! where it has no list.
//!
//! A certificate that is itself on the list is trusted for its names, too, although it is marked as an authority: operators
//! list self-signed certificates of internal servers, and other TLS stacks take them.

use std::collections::HashSet;
use std::sync::Arc;

use ring::digest::{SHA256, digest};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

/// The TLS side of outgoing connections.
///
/// # Errors
/// When there is no certificate to trust at all.
pub(crate) fn client_config() -> anyhow::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let listed = rustls_native_certs::load_native_certs().certs;
    roots.add_parsable_certificates(listed.iter().cloned());
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let usual = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .build()?;
    let verifier = Listed {
        usual,
        listed: listed.iter().map(fingerprint).collect(),
    };
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

/// The authorities that the machine trusts, in DER, as far as they can be used; empty where it has no list.
pub(crate) fn of_machine() -> Vec<Vec<u8>> {
    let listed = rustls_native_certs::load_native_certs().certs.into_iter();
    let usable = |certificate: &CertificateDer<'_>| {
        RootCertStore::empty()
            .add(certificate.clone().into_owned())
            .is_ok()
    };
    listed
        .filter(usable)
        .map(|certificate| certificate.to_vec())
        .collect()
}

/// Verifies as usual, and takes certificates that are on the list themselves. The list has well over a hundred entries on
/// most machines: what is kept of each is its fingerprint.
#[derive(Debug)]
struct Listed {
    usual: Arc<WebPkiServerVerifier>,
    listed: HashSet<Fingerprint>,
}

/// The SHA-256 hash of a certificate.
type Fingerprint = Vec<u8>;

fn fingerprint(certificate: &CertificateDer<'_>) -> Fingerprint {
    digest(&SHA256, certificate).as_ref().to_vec()
}

impl ServerCertVerifier for Listed {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified =
            self.usual
                .verify_server_cert(certificate, intermediates, name, ocsp_response, now);
        match verified {
            // Its dates have been looked at before this is found.
            Err(error)
                if is_authority(&error) && self.listed.contains(&fingerprint(certificate)) =>
            {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}

/// Whether a certificate was refused because it is marked as an authority.
fn is_authority(error: &Error) -> bool {
    let Error::InvalidCertificate(CertificateError::Other(other)) = error else {
        return false;
    };
    matches!(
        other.0.downcast_ref(),
        Some(webpki::Error::CaUsedAsEndEntity)
    )
}
