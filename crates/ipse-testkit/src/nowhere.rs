//! Requests to other servers, for tests that should make none.

use async_trait::async_trait;
use http::{Request, Response};
use ipse_core::outgoing::{Outgoing, OutgoingError};

/// Fails every request.
pub(crate) struct Nowhere;

#[async_trait]
impl Outgoing for Nowhere {
    async fn send(&self, _: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, OutgoingError> {
        Err(OutgoingError::Failed("tests use no network".to_owned()))
    }
}
