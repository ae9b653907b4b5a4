//! How a message leaves: by mail, or by a request to a server that sends it for us.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use ipse_config::courier::{DeliveryStrategy, RequestConfig};
use ipse_config::{Config, Source};
use ipse_model::{Channel, CourierMessage};
use serde_json::Value;

use crate::http::post;
use crate::smtp::{self, Mailer};

/// Why a message wasn't accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// Another attempt may succeed.
    #[error("{0}")]
    Temporary(String),
    /// Every other attempt would fail as well.
    #[error("{0}")]
    Permanent(String),
}

impl DeliveryError {
    pub(crate) fn temporary(reason: impl std::fmt::Display) -> Self {
        Self::Temporary(reason.to_string())
    }

    pub(crate) fn permanent(reason: impl std::fmt::Display) -> Self {
        Self::Permanent(reason.to_string())
    }
}

/// Delivers messages.
#[async_trait]
pub trait Deliver: Send + Sync + 'static {
    /// Makes one attempt.
    ///
    /// # Errors
    /// When nobody has taken the message over.
    async fn deliver(&self, message: &CourierMessage) -> Result<(), DeliveryError>;
}

/// What this crate asks of the process around it: HTTP with its guard against private networks, and Jsonnet in a child
/// process.
#[async_trait]
pub trait Surroundings: Send + Sync + 'static {
    /// Sends a request and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// When there is no answer; says why.
    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, String>;

    /// Whether an address is none of the public internet.
    fn is_private(&self, address: IpAddr) -> bool;

    /// The certificates of authorities that mail servers are trusted by, in DER; empty for the usual ones.
    fn trusted(&self) -> Vec<Vec<u8>>;

    /// What the Jsonnet function at `template` makes of `context`, as JSON text.
    ///
    /// # Errors
    /// When it can't be read or run; says why.
    async fn jsonnet(&self, template: &Source, context: &Value) -> Result<String, String>;
}

/// Tells the configuration that is in force now.
pub type CurrentConfig = Arc<dyn Fn() -> Arc<Config> + Send + Sync>;

/// All ways to deliver, as the configuration in force says.
pub struct Channels {
    config: CurrentConfig,
    surroundings: Arc<dyn Surroundings>,
    mailer: Mutex<Option<Connected>>,
}

/// Connections to the mail server, and what they were made for.
struct Connected {
    config: Arc<Config>,
    address: Option<IpAddr>,
    mailer: Arc<Mailer>,
}

impl Channels {
    /// Ways to deliver under a configuration that may change.
    #[must_use]
    pub fn new(config: CurrentConfig, surroundings: Arc<dyn Surroundings>) -> Self {
        Self {
            config,
            surroundings,
            mailer: Mutex::default(),
        }
    }

    /// Connections to the mail server, kept as long as the configuration and the address stay the same.
    fn mailer(
        &self,
        config: &Arc<Config>,
        address: Option<IpAddr>,
    ) -> Result<Arc<Mailer>, DeliveryError> {
        let mut kept = self.mailer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = kept.as_ref()
            && Arc::ptr_eq(&kept.config, config)
            && kept.address == address
        {
            return Ok(Arc::clone(&kept.mailer));
        }
        let trusted = match smtp::is_plain(&config.courier.smtp) {
            true => Vec::new(),
            false => self.surroundings.trusted(),
        };
        let mailer = Arc::new(Mailer::at(&config.courier.smtp, address, &trusted)?);
        *kept = Some(Connected {
            config: Arc::clone(config),
            address,
            mailer: Arc::clone(&mailer),
        });
        Ok(mailer)
    }
}

#[async_trait]
impl Deliver for Channels {
    async fn deliver(&self, message: &CourierMessage) -> Result<(), DeliveryError> {
        let config = (self.config)();
        match way(&config, &message.channel)? {
            Way::Mail if config.clients.smtp.disallow_private_ip_ranges => {
                let smtp = &config.courier.smtp;
                let address = smtp::public_address(smtp, &*self.surroundings).await?;
                self.mailer(&config, Some(address))?.send(message).await
            }
            Way::Mail => self.mailer(&config, None)?.send(message).await,
            Way::Request(request) => post(&*self.surroundings, request, message).await,
        }
    }
}

/// How messages of a channel travel.
#[derive(Debug, PartialEq)]
enum Way<'a> {
    Mail,
    Request(&'a RequestConfig),
}

fn way<'a>(config: &'a Config, channel: &str) -> Result<Way<'a>, DeliveryError> {
    let courier = &config.courier;
    if channel == Channel::Email.as_str() {
        return match courier.delivery_strategy {
            DeliveryStrategy::Smtp => Ok(Way::Mail),
            DeliveryStrategy::Http => courier
                .http
                .request_config
                .as_ref()
                .map(Way::Request)
                .ok_or_else(|| {
                    DeliveryError::temporary(
                        "courier.http.request_config is missing in the configuration",
                    )
                }),
        };
    }
    let found = courier
        .channels
        .iter()
        .find(|configured| configured.id.as_str() == channel);
    found
        .map(|configured| Way::Request(&configured.request_config))
        .ok_or_else(|| {
            DeliveryError::temporary(format!("the configuration has no channel {channel:?}"))
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config(courier: Value) -> Config {
        Config {
            courier: serde_json::from_value(courier).unwrap(),
            ..Config::default()
        }
    }

    #[test]
    fn mail_goes_by_smtp_unless_a_server_sends_it() {
        assert_eq!(way(&config(json!({})), "email"), Ok(Way::Mail));
        let by_http = config(json!({
            "delivery_strategy": "http",
            "http": { "request_config": { "url": "https://mail.example.org/" } },
        }));
        assert!(
            matches!(way(&by_http, "email"), Ok(Way::Request(request)) if request.url.is_some())
        );
        let incomplete = config(json!({ "delivery_strategy": "http" }));
        assert!(matches!(
            way(&incomplete, "email"),
            Err(DeliveryError::Temporary(_))
        ));
    }

    #[test]
    fn a_channel_that_is_not_configured_may_be_so_later() {
        assert!(matches!(
            way(&config(json!({})), "sms"),
            Err(DeliveryError::Temporary(_))
        ));
        let with_sms = config(json!({
            "channels": [{ "id": "sms", "request_config": { "url": "https://sms.example.org/" } }],
        }));
        assert!(matches!(way(&with_sms, "sms"), Ok(Way::Request(_))));
    }
}
