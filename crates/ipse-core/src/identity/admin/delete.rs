//! `DELETE /admin/identities/{id}`.

use ipse_model::Uuid;
use ipse_store::{Entity, StoreError};

use crate::{ApiError, Cx};

/// Removes an identity with all that belongs to it.
///
/// # Errors
/// 404 when there is none of that id.
pub async fn delete(cx: &Cx, id: &str) -> Result<(), ApiError> {
    let id: Uuid = id.parse().map_err(|_| ApiError::no_such_row())?;
    let mut batch = cx.store().batch();
    batch.delete_identity(id);
    batch.commit().await.map_err(|error| match error {
        StoreError::Conflict(Entity::Identity) => ApiError::no_such_row(),
        other => other.into(),
    })
}
