//! `require_verified_address`: nobody signs in to an account none of whose addresses is verified. Whoever tries gets a
//! verification flow instead.

use ipse_ui::text;
use serde_json::json;

use super::Stage;
use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::continue_with::{ContinueWith, NextFlow};
use crate::flow::verification::{Verification, start_unverified};
use crate::flow::{FlowError, Kind, with_query};

/// Refuses the login of an account without a verified address.
pub(super) async fn require(cx: &Cx, stage: &mut Stage<'_>) -> Result<(), FlowError> {
    let Some(identity) = stage.identity.as_deref() else {
        return Ok(());
    };
    if identity.verifiable_addresses.is_empty() {
        tracing::error!(
            identity_id = %identity.id,
            "the hook require_verified_address is in use, but this account has no address that could be verified"
        );
        return Err(ApiError::new(500, "The configuration keeps this account from signing in")
            .reason("A verified address is needed, and this account has none that could be verified.")
            .answered_with(400)
            .into());
    }
    if identity
        .verifiable_addresses
        .iter()
        .any(|address| address.verified)
    {
        return Ok(());
    }
    if !cx
        .config()
        .feature_flags
        .legacy_require_verified_login_error
    {
        let flows = start(cx, stage).await?;
        if let Some(first) = flows.first().and_then(|flow| flow.url.clone()) {
            return Err(needed(flows, first).into());
        }
    }
    Err(FlowError::form(text::validation::address_not_verified()))
}

/// Starts a verification flow for every address. None when verification is switched off.
async fn start(cx: &Cx, stage: &Stage<'_>) -> Result<Vec<NextFlow>, FlowError> {
    let Some(mut identity) = stage.identity.as_deref().cloned() else {
        return Ok(Vec::new());
    };
    let pending = start_unverified(cx, &mut identity, stage.flow.origin())?;
    let mut batch = cx.store().batch();
    if Some(&identity) != stage.identity.as_deref() {
        batch.update_identity(&identity);
    }
    let flows = pending.add_to(&mut batch);
    batch.commit().await?;
    let page = Verification::page(cx);
    let with_page = |flow: NextFlow| {
        let url = Some(with_query(&page, "flow", &flow.id.to_string()));
        NextFlow { url, ..flow }
    };
    Ok(flows.into_iter().map(with_page).collect())
}

/// 403 `session_verified_address_required`; clients know it by the code 400 inside.
fn needed(flows: Vec<NextFlow>, first: String) -> ApiError {
    let next: Vec<ContinueWith> = flows
        .into_iter()
        .map(|flow| ContinueWith::ShowVerificationUi { flow })
        .collect();
    ApiError::new(400, "An e-mail address or phone number has to be verified first")
        .id("session_verified_address_required")
        .reason("None of the addresses of this account is verified. Something to verify it with has just been sent.")
        .detail("continue_with", json!(next))
        .answered_with(403)
        .browser_to(first)
}
