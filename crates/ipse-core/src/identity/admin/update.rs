//! `PUT /admin/identities/{id}`.

use ipse_model::{Credentials, Identity, IdentityState, Timestamp};

use super::body::{Update, or_empty, parse, state};
use super::import::import;
use super::{TRIES, find, overtaken, refused, save};
use crate::identity::sync;
use crate::{ApiError, Cx};

/// Replaces an identity. What isn't sent is gone, but for its credentials and its organization.
///
/// # Errors
/// 404 when there is none of that id, 400 when something can't be taken, 409 when another identity has an identifier.
pub async fn update(cx: &Cx, id: &str, body: &[u8]) -> Result<String, ApiError> {
    let body: Update = parse(body).map_err(|error| {
        ApiError::bad_request(format!("The request body can't be read: {error}."))
    })?;
    for _ in 0..TRIES {
        let (mut identity, mut credentials) = find(cx, id).await?;
        let before = credentials.clone();
        replace(cx, &mut identity, &mut credentials, body.clone()).await?;
        if let Some(shown) = save(cx, &identity, (&before, &credentials)).await? {
            return Ok(shown);
        }
    }
    Err(overtaken())
}

async fn replace(
    cx: &Cx,
    identity: &mut Identity,
    credentials: &mut Credentials,
    body: Update,
) -> Result<(), ApiError> {
    if let Some(state) = state(body.state.as_deref())? {
        set_state(identity, state, cx.now);
    }
    if let Some(schema_id) = body.schema_id.filter(|id| !id.is_empty()) {
        identity.schema_id = schema_id;
    }
    identity.metadata_public = body.metadata_public;
    identity.metadata_admin = body.metadata_admin;
    identity.external_id = body.external_id.filter(|id| !id.is_empty());
    sync(cx, identity, credentials, or_empty(body.traits)).map_err(refused)?;
    import(cx, credentials, body.credentials).await
}

/// Sets the state, and the time if it is another one.
pub(super) fn set_state(identity: &mut Identity, state: IdentityState, now: Timestamp) {
    if identity.state != state {
        identity.state = state;
        identity.state_changed_at = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::tests::sample;

    #[test]
    fn the_time_of_a_state_is_that_of_its_change() {
        let later = "2026-02-03T00:00:00Z".parse().unwrap();
        let mut identity = sample::identity();
        set_state(&mut identity, IdentityState::Active, later);
        assert_eq!(identity.state_changed_at, Some(sample::now()));
        set_state(&mut identity, IdentityState::Inactive, later);
        assert_eq!(
            (identity.state, identity.state_changed_at),
            (IdentityState::Inactive, Some(later))
        );
    }
}
