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

use ipse_model::{Credentials, CredentialsType, Identity, Uuid};
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

/// How often a change is tried that others keep overtaking.
const TRIES: usize = 4;

/// Saves a changed identity and those of its credentials that have changed, and shows it. The others may be used at this
/// moment. None when something else has changed the same meanwhile: the change has to be made to what there is now.
async fn save(
    cx: &Cx,
    identity: &Identity,
    (before, after): (&Credentials, &Credentials),
) -> Result<Option<String>, ApiError> {
    let mut batch = cx.store().batch();
    batch.update_identity(identity);
    for kind in CredentialsType::ALL {
        match (before.get(kind), after.get(kind)) {
            (Some(old), Some(new)) if old == new => {}
            (Some(old), Some(new)) => {
                batch.replace_credential(identity.id, old, new);
            }
            (None, Some(new)) => {
                batch.set_credential(identity.id, new);
            }
            (Some(_), None) => {
                batch.remove_credential(identity.id, kind);
            }
            (None, None) => {}
        }
    }
    match batch.commit().await {
        Err(StoreError::Conflict(_)) => Ok(None),
        saved => {
            saved.map_err(not_saved)?;
            shown(cx, identity, after).map(Some)
        }
    }
}

/// 409: others have changed the same, again and again.
fn overtaken() -> ApiError {
    ApiError::conflict("Others change this identity at the same time. Please try again.")
}
