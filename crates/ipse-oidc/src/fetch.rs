//! Requests to providers, as somebody else sends them.

use async_trait::async_trait;
use http::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use http::{Request, Response};
use serde_json::Value;

use crate::OidcError;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FetchError(pub String);

/// Sends requests to providers.
#[async_trait]
pub trait Fetch: Send + Sync + 'static {
    /// Sends a request and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// When there is no answer, or one that is too large.
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, FetchError>;
}

/// A JSON document; `what` names it in errors.
pub(crate) async fn json(
    fetch: &dyn Fetch,
    request: Request<Vec<u8>>,
    what: &'static str,
) -> Result<Value, OidcError> {
    let answer = fetch
        .send(request)
        .await
        .map_err(|cause| OidcError::Unreachable { what, cause })?;
    if !answer.status().is_success() {
        return Err(OidcError::Status {
            what,
            status: answer.status().as_u16(),
        });
    }
    serde_json::from_slice(answer.body()).map_err(|_| OidcError::NotJson { what })
}

/// A request for a JSON document.
pub(crate) fn get(url: &str) -> Result<Request<Vec<u8>>, OidcError> {
    let request = Request::get(url)
        .header(ACCEPT, "application/json")
        .body(Vec::new());
    request.map_err(|_| OidcError::Address(url.to_owned()))
}

/// A request for a JSON document by somebody who has an access token.
pub(crate) fn get_with(url: &str, access_token: &str) -> Result<Request<Vec<u8>>, OidcError> {
    let bearer = HeaderValue::try_from(format!("Bearer {access_token}"));
    let mut request = get(url)?;
    request
        .headers_mut()
        .insert(AUTHORIZATION, bearer.map_err(|_| OidcError::OddToken)?);
    Ok(request)
}
