//! `GET /admin/identities/{id}`.

use super::{find, printed, reveal};
use crate::identity::view::Admin;
use crate::{ApiError, Cx};

/// Shows an identity, with the configuration of the credentials that `include_credential` in the query names.
///
/// # Errors
/// 404 when there is none of that id, 400 when the query names something else than kinds of credentials.
pub async fn get(cx: &Cx, id: &str) -> Result<String, ApiError> {
    let included = reveal::included(&cx.request)?;
    let (identity, credentials) = find(cx, id).await?;
    let mut view = Admin::new(&identity, &credentials, &cx.snapshot);
    reveal::reveal(cx, &mut view, &credentials, &included);
    printed(&view)
}

/// As [`get`], by the name that another system has given.
///
/// # Errors
/// As [`get`].
pub async fn get_by_external_id(cx: &Cx, external_id: &str) -> Result<String, ApiError> {
    reveal::included(&cx.request)?;
    let found = cx.store().identity_by_external_id(external_id).await?;
    let identity = found.ok_or_else(ApiError::no_such_row)?;
    get(cx, &identity.id.to_string()).await
}
