//! Delivery by a mail server.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use ipse_config::Secret;
use ipse_config::courier::Smtp;
use ipse_model::CourierMessage;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{
    Certificate, CertificateStore, Identity, Tls, TlsParameters,
};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use percent_encoding::percent_decode_str;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use url::Url;

use crate::delivery::{DeliveryError, Surroundings};

/// How long a connection to the mail server may take to come about. How long all of it may take is the worker's business.
const PATIENCE: Duration = Duration::from_secs(30);

/// Connections to the mail server, and what every mail has in common.
pub(crate) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    headers: Vec<HeaderValue>,
}

impl Mailer {
    /// Reads the settings. Nothing is connected yet. Connections go `there`, if given, whatever the name of the
    /// server resolves to. Certificates have to come from one of the `trusted` ones, if there are any, else from a usual one.
    pub(crate) fn at(
        config: &Smtp,
        there: Option<IpAddr>,
        trusted: &[Vec<u8>],
    ) -> Result<Self, DeliveryError> {
        let address = config.from_address.parse::<Address>().map_err(|error| {
            DeliveryError::temporary(format!("courier.smtp.from_address can't be used: {error}"))
        })?;
        let name = config.from_name.clone().filter(|name| !name.is_empty());
        let headers = config
            .headers
            .iter()
            .map(|(name, value)| header(name, value));
        Ok(Self {
            transport: transport(config, there, trusted)?,
            from: Mailbox::new(name, address),
            headers: headers.collect::<Result<_, _>>()?,
        })
    }

    /// Hands a message over to the mail server.
    pub(crate) async fn send(&self, message: &CourierMessage) -> Result<(), DeliveryError> {
        let mail = self.compose(message)?;
        match self.transport.send(mail).await {
            Ok(_) => Ok(()),
            Err(error) if refused(&error) => Err(DeliveryError::permanent(told(&error))),
            Err(error) => Err(DeliveryError::temporary(told(&error))),
        }
    }

    /// The mail. Each attempt makes the same one, so that a receiver can tell a mail that comes twice.
    fn compose(&self, message: &CourierMessage) -> Result<Message, DeliveryError> {
        let to = message.recipient.parse::<Address>().map_err(|error| {
            DeliveryError::permanent(format!("the recipient is no mail address: {error}"))
        })?;
        let id = format!("<{}@{}>", message.id, self.from.email.domain());
        let builder = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(one_line(&message.subject))
            .date(SystemTime::from(message.created_at))
            .message_id(Some(id));
        let builder = self
            .headers
            .iter()
            .cloned()
            .fold(builder, MessageBuilder::raw_header);
        let text = message.body.clone();
        let mail = match &message.body_html {
            Some(html) => builder.multipart(MultiPart::alternative_plain_html(text, html.clone())),
            None => builder.singlepart(SinglePart::plain(text)),
        };
        mail.map_err(|error| {
            DeliveryError::permanent(format!("the mail can't be put together: {error}"))
        })
    }
}

/// Whether the mail server has refused this mail for good. That it refuses *us* is a matter of configuration.
fn refused(error: &lettre::transport::smtp::Error) -> bool {
    let code = error.status().map(u16::from);
    error.is_permanent() && !matches!(code, Some(530 | 534 | 535 | 538))
}

/// The error with its causes.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let reason = error.to_string();
        if !text.contains(&reason) {
            text = format!("{text}: {reason}");
        }
        cause = error.source();
    }
    text
}

/// A header is one line.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

fn header(name: &str, value: &Secret) -> Result<HeaderValue, DeliveryError> {
    let wrong = || {
        DeliveryError::temporary(format!(
            "the header {name:?} of courier.smtp.headers can't be used"
        ))
    };
    let plain = |c: char| c.is_ascii_graphic() && c != ':';
    if !name.chars().all(plain) || value.expose().chars().any(char::is_control) {
        return Err(wrong());
    }
    let name = HeaderName::new_from_ascii(name.to_owned()).map_err(|_| wrong())?;
    Ok(HeaderValue::new(name, value.expose().to_owned()))
}

/// An address of the mail server in the public internet.
///
/// It is looked up for every mail and connected to as it is, so that a name which resolves to a private address the second
/// time is refused as well.
pub(crate) async fn public_address(
    config: &Smtp,
    surroundings: &dyn Surroundings,
) -> Result<IpAddr, DeliveryError> {
    let server = server(config)?;
    let mut found = tokio::net::lookup_host((server.host.as_str(), server.port))
        .await
        .map_err(|error| {
            DeliveryError::temporary(format!("the mail server is not found: {error}"))
        })?;
    let public = found.find(|address| !surroundings.is_private(address.ip()));
    public.map(|address| address.ip()).ok_or_else(|| {
        DeliveryError::temporary(
            "the mail server is in a private network, which clients.smtp.disallow_private_ip_ranges forbids",
        )
    })
}

/// Whether mail travels without TLS, so that no certificate has to be looked at.
pub(crate) fn is_plain(config: &Smtp) -> bool {
    server(config).is_ok_and(|server| server.plain)
}

fn server(config: &Smtp) -> Result<Server, DeliveryError> {
    let uri = config.connection_uri.as_ref();
    uri.and_then(|uri| Server::read(uri.expose()))
        .ok_or_else(|| {
            DeliveryError::temporary("courier.smtp.connection_uri is missing or can't be used")
        })
}

/// What the address of a mail server says.
#[derive(Debug, PartialEq, Eq)]
struct Server {
    host: String,
    port: u16,
    /// TLS from the first byte on.
    implicit_tls: bool,
    /// No TLS at all.
    plain: bool,
    /// Certificates aren't looked at.
    any_certificate: bool,
    /// The name the certificate is for.
    certificate_name: String,
    credentials: Option<(String, String)>,
}

impl Server {
    fn read(url: &Url) -> Option<Self> {
        let flag = |name: &str| {
            let mut pairs = url.query_pairs();
            pairs.any(|(key, value)| {
                key == name && matches!(&*value, "true" | "1" | "t" | "T" | "TRUE" | "True")
            })
        };
        let implicit_tls = match url.scheme() {
            "smtps" => true,
            "smtp" => false,
            _ => return None,
        };
        let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
        let name = url.query_pairs().find(|(key, _)| key == "server_name");
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let credentials = (!url.username().is_empty()).then(|| {
            (
                decoded(url.username()),
                decoded(url.password().unwrap_or_default()),
            )
        });
        Some(Self {
            port: url.port().unwrap_or(if implicit_tls { 465 } else { 587 }),
            implicit_tls,
            plain: !implicit_tls && flag("disable_starttls"),
            any_certificate: flag("skip_ssl_verify"),
            certificate_name: name.map_or_else(|| host.clone(), |(_, name)| name.into_owned()),
            host,
            credentials,
        })
    }
}

fn transport(
    config: &Smtp,
    address: Option<IpAddr>,
    trusted: &[Vec<u8>],
) -> Result<AsyncSmtpTransport<Tokio1Executor>, DeliveryError> {
    let server = server(config)?;
    let host = address.map_or_else(|| server.host.clone(), |address| address.to_string());
    let tls = match (server.plain, server.implicit_tls) {
        (true, _) => Tls::None,
        (false, true) => Tls::Wrapper(tls(config, &server, trusted)?),
        (false, false) => Tls::Required(tls(config, &server, trusted)?),
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
        .port(server.port)
        .tls(tls)
        .hello_name(ClientId::Domain(config.local_name.clone()))
        .timeout(Some(PATIENCE));
    if let Some((user, password)) = server.credentials {
        builder = builder.credentials(Credentials::new(user, password));
    }
    Ok(builder.build())
}

fn tls(
    config: &Smtp,
    server: &Server,
    trusted: &[Vec<u8>],
) -> Result<TlsParameters, DeliveryError> {
    let wrong = |what: &str, error: &dyn std::fmt::Display| {
        DeliveryError::temporary(format!("{what} can't be used: {error}"))
    };
    let mut parameters = TlsParameters::builder(server.certificate_name.clone())
        .dangerous_accept_invalid_certs(server.any_certificate)
        .dangerous_accept_invalid_hostnames(server.any_certificate);
    if !trusted.is_empty() {
        parameters = parameters.certificate_store(CertificateStore::None);
    }
    for certificate in trusted {
        let certificate = Certificate::from_der(certificate.clone())
            .map_err(|error| wrong("a certificate that this machine trusts", &error))?;
        parameters = parameters.add_root_certificate(certificate);
    }
    if let (Some(certificate), Some(key)) = (&config.client_cert_path, &config.client_key_path) {
        let read = |path: &std::path::Path| {
            std::fs::read(path).map_err(|error| wrong(&path.display().to_string(), &error))
        };
        let unusable =
            |error: &dyn std::fmt::Display| wrong("courier.smtp.client_cert_path", error);
        let certificate = CertificateDer::from_pem_slice(&read(certificate)?)
            .map_err(|error| unusable(&error))?;
        // In spite of its name it wants the certificate in DER.
        let identity =
            Identity::from_pem(&certificate, &read(key)?).map_err(|error| unusable(&error))?;
        parameters = parameters.identify_with(identity);
    }
    parameters
        .build()
        .map_err(|error| wrong("the TLS settings of the mail server", &error))
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tls_tests;
