//! A settings flow as an administrator reads it: without being its owner, and with no credentials but those that it takes to
//! reach the admin port.

use ipse_model::{FlowName, Uuid};

use super::{expired, with_member};
use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::Outcome;
use crate::identity::view;

/// Reads the flow that the query names.
///
/// # Errors
/// 404 when there is none, 410 when it has expired.
pub async fn read(cx: &Cx) -> Result<Outcome, ApiError> {
    let id: Option<Uuid> = cx.request.query("id").and_then(|id| id.parse().ok());
    let record = match id {
        Some(id) => cx.store().flow(id).await?,
        None => None,
    };
    let record = record
        .filter(|record| record.name == FlowName::Settings)
        .ok_or_else(ApiError::no_such_row)?;
    if record.expires_at <= cx.now {
        return Err(expired(cx));
    }
    let owner = record.identity_id.ok_or_else(ApiError::no_such_row)?;
    let identity = cx
        .store()
        .identity(owner)
        .await?
        .ok_or_else(ApiError::no_such_row)?;
    let identity = view::Public::new(&identity, &cx.snapshot);
    Ok(Outcome::Fetched {
        body: with_member(record.public.as_str(), "identity", &identity),
    })
}
