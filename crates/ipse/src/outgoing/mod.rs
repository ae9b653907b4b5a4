//! The one HTTP client of the server: time limits, certificates, and the guard that keeps requests out of private networks.
//!
//! The guard looks at addresses after they are resolved and before they are connected to, so that a name that resolves to
//! a private address (or does so the second time) is refused like the address itself. Redirects are followed here and not
//! by the library, so that the guard looks at each of them anew.

mod hop;
mod private;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use ipse_config::clients::HttpClient;
use ipse_core::outgoing::{MAX_ANSWER, Outgoing, OutgoingError};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use url::{Host, Url};

use self::hop::Hop;
pub(crate) use self::private::is_private;
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
    fn new() -> anyhow::Result<Self> {
        let tls = certificates::client_config()?;
        Ok(Self {
            open: build(tls.clone(), false)?,
            guarded: build(tls, true)?,
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
        let ways = Ways::new().map_err(|error| OutgoingError::Failed(format!("{error:#}")))?;
        Ok(self.ways.get_or_init(|| ways))
    }

    /// Replaces the rules, as when the configuration is reloaded.
    pub fn set_rules(&self, rules: HttpClient) {
        self.rules.store(Arc::new(rules));
    }

    fn pick(&self, url: &Url) -> Result<&reqwest::Client, OutgoingError> {
        let rules = self.rules.load();
        if !rules.disallow_private_ip_ranges || is_excepted(&rules, url) {
            return Ok(&self.ways()?.open);
        }
        match url.host() {
            Some(Host::Ipv4(address)) if is_private(address.into()) => Err(forbidden(url)),
            Some(Host::Ipv6(address)) if is_private(address.into()) => Err(forbidden(url)),
            _ => Ok(&self.ways()?.guarded),
        }
    }
}

/// Whether the configuration lets this address be called though it is private. Queries don't matter.
fn is_excepted(rules: &HttpClient, url: &Url) -> bool {
    let mut plain = url.clone();
    plain.set_query(None);
    plain.set_fragment(None);
    let mut excepted = rules.private_ip_exception_urls.iter();
    excepted.any(|except| match Url::parse(except) {
        Ok(except) => except == plain || except == *url,
        Err(_) => false,
    })
}

fn forbidden(url: &Url) -> OutgoingError {
    OutgoingError::Forbidden(url.host_str().unwrap_or_default().to_owned())
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the wiring where the guarded client is built"
)]
fn build(tls: rustls::ClientConfig, guarded: bool) -> Result<reqwest::Client, reqwest::Error> {
    let mut builder = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("ipse/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none());
    builder = builder.tls_backend_preconfigured(tls);
    if guarded {
        builder = builder.dns_resolver(Arc::new(GuardedNames)).no_proxy();
    }
    builder.build()
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

#[async_trait]
impl Outgoing for Client {
    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, OutgoingError> {
        let answer = tokio::time::timeout(self.timeout, self.follow(Hop::first(request)?));
        answer.await.unwrap_or(Err(OutgoingError::TimedOut))
    }
}

impl Client {
    /// The answer at the end of all redirects.
    async fn follow(&self, mut hop: Hop) -> Result<http::Response<Vec<u8>>, OutgoingError> {
        for _ in 0..=REDIRECTS {
            let client = self.pick(hop.url())?;
            let request = reqwest::Request::try_from(hop.request()?);
            let request = request.map_err(|error| failed(&error))?;
            let answer = client.execute(request).await;
            let answer = answer.map_err(|error| failed(&error))?;
            match hop.next(answer.status(), answer.headers())? {
                Some(next) => hop = next,
                None => return read(answer).await,
            }
        }
        Err(OutgoingError::Failed("too many redirects".to_owned()))
    }
}

async fn read(mut answer: reqwest::Response) -> Result<http::Response<Vec<u8>>, OutgoingError> {
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
