//! Requests to other servers: web hooks, the breach list, documents. Made by whoever wires the server together, which is
//! where proxies, certificates, time limits and the guard against private networks are.

use async_trait::async_trait;
use http::{Request, Response};

use crate::method::password::policy::{BreachList, BreachListError};
use crate::schema::{Fetch, FetchError};

/// The most bytes of an answer that are read.
pub const MAX_ANSWER: usize = 1 << 20;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutgoingError {
    /// The address is in a network that the configuration forbids.
    #[error("{0} is in a private network, which the configuration forbids")]
    Forbidden(String),
    /// The server didn't answer in time.
    #[error("there was no answer in time")]
    TimedOut,
    /// The answer is larger than anything sensible.
    #[error("the answer is too large")]
    TooLarge,
    /// There is no connection, or it broke off.
    #[error("the request failed: {0}")]
    Failed(String),
}

/// Sends requests to other servers.
#[async_trait]
pub trait Outgoing: Send + Sync + 'static {
    /// Sends a request and reads the whole answer, whatever its status. Redirects are followed as browsers do.
    ///
    /// # Errors
    /// When there is no answer.
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, OutgoingError>;
}

/// Asks for a document and takes nothing but a success for an answer.
async fn get(outgoing: &dyn Outgoing, request: Request<Vec<u8>>) -> Result<Vec<u8>, OutgoingError> {
    let answer = outgoing.send(request).await?;
    if answer.status().is_success() {
        Ok(answer.into_body())
    } else {
        Err(OutgoingError::Failed(format!(
            "the answer has status {}",
            answer.status()
        )))
    }
}

fn request(url: &str) -> Result<http::request::Builder, OutgoingError> {
    let uri: http::Uri = url
        .parse()
        .map_err(|error| OutgoingError::Failed(format!("{url} is no address: {error}")))?;
    Ok(Request::get(uri))
}

/// The breach list, asked over HTTP.
pub struct HttpBreachList(pub std::sync::Arc<dyn Outgoing>);

#[async_trait]
impl BreachList for HttpBreachList {
    async fn range(&self, url: &str) -> Result<String, BreachListError> {
        let request = request(url)?
            .header("add-padding", "true")
            .body(Vec::new())?;
        Ok(String::from_utf8(get(&*self.0, request).await?)?)
    }
}

/// Documents that the configuration names, fetched over HTTP.
pub struct HttpDocuments(pub std::sync::Arc<dyn Outgoing>);

#[async_trait]
impl Fetch for HttpDocuments {
    async fn get(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        let request = request(url)?.body(Vec::new())?;
        Ok(get(&*self.0, request).await?)
    }
}

/// How long a provider may take for an answer. Somebody waits for it in front of a browser, and up to four follow each other.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// Requests to upstream identity providers.
pub struct ToProviders(pub std::sync::Arc<dyn Outgoing>);

#[async_trait]
impl ipse_oidc::Fetch for ToProviders {
    async fn send(
        &self,
        request: Request<Vec<u8>>,
    ) -> Result<Response<Vec<u8>>, ipse_oidc::FetchError> {
        tokio::time::timeout(PATIENCE, self.0.send(request))
            .await
            .unwrap_or(Err(OutgoingError::TimedOut))
            .map_err(|error| ipse_oidc::FetchError(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use ipse_oidc::Fetch as _;

    use super::*;

    /// Takes requests and never answers.
    struct Silence;

    #[async_trait]
    impl Outgoing for Silence {
        async fn send(&self, _: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, OutgoingError> {
            std::future::pending().await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_never_answers_is_given_up_on() {
        let begin = tokio::time::Instant::now();
        let request = Request::get("https://id.example.org/")
            .body(Vec::new())
            .unwrap();
        let outcome = ToProviders(std::sync::Arc::new(Silence))
            .send(request)
            .await;
        let refused = ipse_oidc::FetchError(OutgoingError::TimedOut.to_string());
        assert_eq!(outcome.map(drop), Err(refused));
        assert_eq!(begin.elapsed(), PATIENCE);
    }
}
