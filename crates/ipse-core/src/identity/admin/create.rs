//! `POST /admin/identities`.

use ipse_model::{Credentials, Identity, Uuid};
use ipse_store::StoreError;

use super::body::{Create, parse, unreadable};
use super::import::import;
use super::{refused, shown};
use crate::{ApiError, Cx};

/// An identity that has been created.
#[derive(Debug)]
pub struct Created {
    /// Its id.
    pub id: Uuid,
    /// Its JSON.
    pub body: String,
}

/// Creates an identity, with the credentials that are brought along.
///
/// # Errors
/// 400 when something of it can't be taken, 409 when another identity has one of its identifiers.
pub async fn create(cx: &Cx, body: &[u8]) -> Result<Created, ApiError> {
    let body: Create = parse(body).map_err(|error| unreadable(&error))?;
    let (identity, credentials) = make(cx, body).await?;
    store(cx, &identity, &credentials)
        .await
        .map_err(|error| match error {
            StoreError::Duplicate(_) => {
                ApiError::conflict("Another identity has one of these identifiers already.")
            }
            other => other.into(),
        })?;
    Ok(Created {
        id: identity.id,
        body: shown(cx, &identity, &credentials)?,
    })
}

/// Makes an identity of what was sent. It isn't stored.
async fn make(cx: &Cx, mut body: Create) -> Result<(Identity, Credentials), ApiError> {
    let slow = body.has_plain_password();
    let imported = body.credentials.take();
    let mut draft = body.draft(cx)?;
    if slow {
        // Hashing comes after everything that can be refused without it.
        crate::identity::create(cx, draft.clone()).map_err(refused)?;
    }
    import(cx, &mut draft.credentials, imported).await?;
    crate::identity::create(cx, draft).map_err(refused)
}

/// Stores a new identity.
pub(super) async fn store(
    cx: &Cx,
    identity: &Identity,
    credentials: &Credentials,
) -> Result<(), StoreError> {
    let mut batch = cx.store().batch();
    batch.insert_identity(identity, credentials);
    batch.commit().await
}
