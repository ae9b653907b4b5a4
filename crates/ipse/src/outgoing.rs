//! The one HTTP client of the server: time limits, certificates, and the guard that keeps requests out of private networks.
//!
//! The guard looks at addresses after they are resolved and before they are connected to, so that a name that resolves to
//! a private address (or does so the second time) is refused like the address itself.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use ipse_config::clients::HttpClient;
use ipse_core::outgoing::{MAX_ANSWER, Outgoing, OutgoingError};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use url::{Host, Url};

use crate::certificates;

/// How long a request may take in all.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How many redirects are followed.
const REDIRECTS: usize = 10;

/// Sends requests with reqwest over rustls.
pub struct Client {
    rules: ArcSwap<HttpClient>,
    /// Made when the first request is sent: many servers send none, and the list of trusted certificates is long.
    ways: OnceLock<Ways>,
    /// How long a request may take in all.
    timeout: Duration,
}

/// The clients for requests that may go anywhere, and for those that may not.
struct Ways {
    open: reqwest::Client,
    guarded: reqwest::Client,
}

impl Ways {
    fn new(timeout: Duration) -> anyhow::Result<Self> {
        let tls = certificates::client_config()?;
        Ok(Self {
            open: build(tls.clone(), timeout, false)?,
            guarded: build(tls, timeout, true)?,
        })
    }
}

impl Client {
    /// A client with these rules about private networks.
    #[must_use]
    pub fn new(rules: HttpClient) -> Self {
        Self {
            rules: ArcSwap::from_pointee(rules),
            ways: OnceLock::new(),
            timeout: TIMEOUT,
        }
    }

    fn ways(&self) -> Result<&Ways, OutgoingError> {
        if let Some(ways) = self.ways.get() {
            return Ok(ways);
        }
        let ways = Ways::new(self.timeout);
        let ways = ways.map_err(|error| OutgoingError::Failed(format!("{error:#}")))?;
        Ok(self.ways.get_or_init(|| ways))
    }

    /// Replaces the rules, as when the configuration is reloaded.
    pub fn set_rules(&self, rules: HttpClient) {
        self.rules.store(Arc::new(rules));
    }

    fn pick(&self, url: &Url) -> Result<&reqwest::Client, OutgoingError> {
        let rules = self.rules.load();
        let excepted = || {
            rules
                .private_ip_exception_urls
                .iter()
                .any(|except| except == url.as_str())
        };
        if !rules.disallow_private_ip_ranges || excepted() {
            return Ok(&self.ways()?.open);
        }
        match url.host() {
            Some(Host::Ipv4(address)) if is_private(address.into()) => Err(forbidden(url)),
            Some(Host::Ipv6(address)) if is_private(address.into()) => Err(forbidden(url)),
            _ => Ok(&self.ways()?.guarded),
        }
    }
}

fn forbidden(url: &Url) -> OutgoingError {
    OutgoingError::Forbidden(url.host_str().unwrap_or_default().to_owned())
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the wiring where the guarded client is built"
)]
fn build(
    tls: rustls::ClientConfig,
    timeout: Duration,
    guarded: bool,
) -> Result<reqwest::Client, reqwest::Error> {
    let mut builder = reqwest::Client::builder()
        .timeout(timeout)
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("ipse/", env!("CARGO_PKG_VERSION")))
        .redirect(redirects(guarded));
    builder = builder.tls_backend_preconfigured(tls);
    if guarded {
        builder = builder.dns_resolver(Arc::new(GuardedNames)).no_proxy();
    }
    builder.build()
}

fn redirects(guarded: bool) -> Policy {
    Policy::custom(move |attempt| {
        let literal = attempt.url().host().is_some_and(|host| match host {
            Host::Ipv4(address) => is_private(address.into()),
            Host::Ipv6(address) => is_private(address.into()),
            Host::Domain(_) => false,
        });
        if guarded && literal {
            attempt.error("the redirect leads into a private network")
        } else if attempt.previous().len() > REDIRECTS {
            attempt.error("too many redirects")
        } else {
            attempt.follow()
        }
    })
}

/// Resolves names and leaves out addresses in private networks.
struct GuardedNames;

impl Resolve for GuardedNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> =
                found.filter(|address| !is_private(address.ip())).collect();
            if public.is_empty() {
                return Err(format!("{} is in a private network", name.as_str()).into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is none of the public internet (RFC 6890, RFC 4193, RFC 6598).
pub(crate) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
                || v4.is_documentation()
                || v4.is_multicast()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0)
                || (a == 198 && (18..20).contains(&b))
        }
        IpAddr::V6(v6) => {
            if let Some(v4) = v6.to_ipv4_mapped() {
                return is_private(v4.into());
            }
            let first = v6.segments()[0];
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || (first & 0xfe00) == 0xfc00
                || (first & 0xffc0) == 0xfe80
                // NAT64 and 6to4 carry an IPv4 address that could be private.
                || first == 0x2002
                || (first == 0x0064 && v6.segments()[1] == 0xff9b)
        }
    }
}

#[async_trait]
impl Outgoing for Client {
    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, OutgoingError> {
        let url = Url::parse(&request.uri().to_string())
            .map_err(|error| OutgoingError::Failed(error.to_string()))?;
        let client = self.pick(&url)?;
        let request = reqwest::Request::try_from(request).map_err(|error| failed(&error))?;
        let mut answer = client
            .execute(request)
            .await
            .map_err(|error| failed(&error))?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| failed(&error))? {
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(OutgoingError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = http::Response::new(body);
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        Ok(response)
    }
}

/// The cause in words, without the address, which may hold a secret.
fn failed(error: &reqwest::Error) -> OutgoingError {
    if error.is_timeout() {
        return OutgoingError::TimedOut;
    }
    let mut text = String::new();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(error) = cause {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&error.to_string());
        cause = error.source();
    }
    OutgoingError::Failed(if text.is_empty() {
        "no connection".to_owned()
    } else {
        text
    })
}

#[cfg(test)]
mod tests;
