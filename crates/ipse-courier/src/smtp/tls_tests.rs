//! TLS to a mail server whose certificate comes from an authority of the tests' own.

use std::sync::Arc;

use ipse_config::courier::Smtp;
use serde_json::{Value, json};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, crypto};

use super::Mailer;
use crate::delivery::DeliveryError;
use crate::test_server::{MailServer, Security};
use crate::tests::message;

const AUTHORITY: &[u8] = include_bytes!("certificates/ca.pem");
const CERTIFICATE: &[u8] = include_bytes!("certificates/server.pem");
const KEY: &[u8] = include_bytes!("certificates/server-key.pem");

fn authority() -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(AUTHORITY).unwrap()
}

/// The server's side; `picky` if only those who show a certificate are served.
fn acceptor(picky: bool) -> TlsAcceptor {
    let provider = Arc::new(crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let config = if picky {
        let mut roots = RootCertStore::empty();
        roots.add(authority()).unwrap();
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
        config.with_client_cert_verifier(verifier.unwrap())
    } else {
        config.with_no_client_auth()
    };
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE).unwrap();
    let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
    let config = config.with_single_cert(vec![certificate], key);
    TlsAcceptor::from(Arc::new(config.unwrap()))
}

/// Sends a mail to a server, trusting the tests' authority or nobody in particular.
async fn send(
    server: &MailServer,
    (scheme, query): (&str, &str),
    more: Value,
    trusting: bool,
) -> Result<(), DeliveryError> {
    let mut config = json!({
        "connection_uri": format!("{scheme}://127.0.0.1:{}/?{query}", server.port),
        "from_address": "noreply@example.org",
        "local_name": "ipse.example.org",
    });
    config
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let config: Smtp = serde_json::from_value(config).unwrap();
    let trusted = [authority().to_vec()];
    let trusted = if trusting { &trusted[..] } else { &[] };
    Mailer::at(&config, None, trusted)?.send(&message()).await
}

const NAMED: &str = "server_name=mail.example.org";

#[tokio::test]
async fn mail_travels_by_tls_from_the_start_or_after_asking_for_it() {
    for (scheme, security) in [
        ("smtps", Security::Wrapped(acceptor(false))),
        ("smtp", Security::StartTls(acceptor(false))),
    ] {
        let server = MailServer::start(security).await;
        send(&server, (scheme, NAMED), json!({}), true)
            .await
            .unwrap();
        assert!(server.only_mail().contains("To: ada@example.org"));
        assert_eq!(server.greetings().last().unwrap(), "ipse.example.org");
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_trusts_or_for_another_name_is_refused_until_that_is_mended() {
    for (scheme, security) in [
        ("smtps", Security::Wrapped(acceptor(false))),
        ("smtp", Security::StartTls(acceptor(false))),
    ] {
        let server = MailServer::start(security).await;
        for (query, trusting) in [
            (NAMED, false),
            ("server_name=other.example.org", true),
            ("", true),
        ] {
            let error = send(&server, (scheme, query), json!({}), trusting)
                .await
                .unwrap_err();
            assert!(matches!(error, DeliveryError::Temporary(_)), "{error}");
        }
        assert_eq!(server.mails().len(), 0);
        let query = "skip_ssl_verify=true";
        send(&server, (scheme, query), json!({}), false)
            .await
            .unwrap();
        assert_eq!(server.mails().len(), 1);
    }
}

#[tokio::test]
async fn a_server_without_tls_gets_no_mail_unless_that_is_wanted() {
    let server = MailServer::start(Security::Plain).await;
    let error = send(&server, ("smtp", NAMED), json!({}), true)
        .await
        .unwrap_err();
    assert!(matches!(error, DeliveryError::Temporary(_)), "{error}");
    assert_eq!(server.mails().len(), 0);
    let query = "disable_starttls=true";
    send(&server, ("smtp", query), json!({}), true)
        .await
        .unwrap();
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn a_server_that_asks_for_a_client_certificate_gets_it() {
    let file = |name: &str| {
        format!(
            "{}/src/smtp/certificates/{name}",
            env!("CARGO_MANIFEST_DIR")
        )
    };
    let shown = json!({
        "client_cert_path": file("client.pem"),
        "client_key_path": file("client-key.pem"),
    });
    for (scheme, security) in [
        ("smtps", Security::Wrapped(acceptor(true))),
        ("smtp", Security::StartTls(acceptor(true))),
    ] {
        let server = MailServer::start(security).await;
        send(&server, (scheme, NAMED), shown.clone(), true)
            .await
            .unwrap();
        assert_eq!(server.client_certificates(), 1);
        let error = send(&server, (scheme, NAMED), json!({}), true).await;
        assert!(matches!(error, Err(DeliveryError::Temporary(_))));
        assert_eq!(server.mails().len(), 1);
    }
}

#[tokio::test]
async fn a_client_certificate_that_can_not_be_used_is_told() {
    let server = MailServer::start(Security::Wrapped(acceptor(true))).await;
    let missing = json!({ "client_cert_path": "/nowhere.pem", "client_key_path": "/nowhere.pem" });
    let error = send(&server, ("smtps", NAMED), missing, true)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("/nowhere.pem"), "{error}");
}
