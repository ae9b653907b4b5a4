//! What an administrator can do about identities.

mod batch;
mod body;
mod create;
mod delete;
mod delete_credential;
mod get;
mod import;
mod json_patch;
mod list;
mod patch;
mod reveal;
#[cfg(test)]
mod tests;
mod update;

use ipse_model::{Credentials, Identity, Uuid};
use ipse_store::StoreError;

use super::TraitsError;
use super::view::Admin;
use crate::schema::FieldError;
use crate::{ApiError, Cx};

pub use batch::batch;
pub use create::{Created, create};
pub use delete::delete;
pub use delete_credential::delete_credential;
pub use get::{get, get_by_external_id};
pub use import::algorithm;
pub use list::list;
pub use patch::patch;
pub use update::update;

/// The identity of the id in a path, with its credentials.
async fn find(cx: &Cx, id: &str) -> Result<(Identity, Credentials), ApiError> {
    let id: Uuid = id.parse().map_err(|_| ApiError::no_such_row())?;
    cx.store()
        .identity_with_credentials(id)
        .await?
        .ok_or_else(ApiError::no_such_row)
}

/// The JSON of an identity, without the configuration of its credentials.
fn shown(cx: &Cx, identity: &Identity, credentials: &Credentials) -> Result<String, ApiError> {
    printed(&Admin::new(identity, credentials, &cx.snapshot))
}

fn printed(view: &impl serde::Serialize) -> Result<String, ApiError> {
    serde_json::to_string(view).map_err(|error| ApiError::internal(&error))
}

/// Traits that don't fit, told to an administrator.
fn refused(error: TraitsError) -> ApiError {
    ApiError::bad_request(match error {
        TraitsError::Invalid(errors) => FieldError::sentence(&errors),
        TraitsError::UnknownSchema(id) => {
            format!("There is no identity schema with the id {id:?}.")
        }
    })
}

/// A failure to save a changed identity.
fn not_saved(error: StoreError) -> ApiError {
    match error {
        StoreError::Duplicate(_) => ApiError::new(
            409,
            "Another identity has one of these identifiers or addresses already",
        ),
        other => other.into(),
    }
}

/// Saves a changed identity with its credentials, and shows it.
async fn save(cx: &Cx, identity: &Identity, credentials: &Credentials) -> Result<String, ApiError> {
    let mut batch = cx.store().batch();
    batch
        .update_identity(identity)
        .set_credentials(identity.id, credentials);
    batch.commit().await.map_err(not_saved)?;
    shown(cx, identity, credentials)
}
