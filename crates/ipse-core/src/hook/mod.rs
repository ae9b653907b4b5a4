//! Hooks: what the configuration has done before a flow begins, before a decision is saved, and after that.
//!
//! Which hooks can stand where is decided when the configuration is read; here they only run.

pub mod web_hook;

use ipse_config::selfservice::hooks::Hook;
use ipse_model::{Credentials, FlowName, Identity, Json, Session};
use ipse_ui::text;
use serde_json::Value;

use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::{Flow, FlowError, Kind};

/// What hooks see of a flow, whichever of the five it is.
pub trait Shows: Sync {
    /// Its name.
    fn name(&self) -> FlowName;
    /// What a client sees of it, as JSON.
    fn to_json(&self) -> Value;
    /// What the client wants hooks to see.
    fn transient_payload(&self) -> Option<&Json>;
}

impl<K: Kind> Shows for Flow<K> {
    fn name(&self) -> FlowName {
        K::NAME
    }

    fn to_json(&self) -> Value {
        self.to_record().public.to_value()
    }

    fn transient_payload(&self) -> Option<&Json> {
        self.transient_payload.as_ref()
    }
}

/// Where a flow stands when hooks run.
pub struct Stage<'a> {
    /// The flow.
    pub flow: &'a dyn Shows,
    /// The identity as it is going to be; a hook before saving may change it where the flow allows that.
    pub identity: Option<&'a mut Identity>,
    /// Its credentials as they are going to be.
    pub credentials: Option<&'a mut Credentials>,
    /// The session.
    pub session: Option<&'a Session>,
}

/// Runs the hooks that come before a flow begins.
///
/// # Errors
/// When one of them refuses.
pub async fn before<K: Kind>(cx: &Cx, flow: &Flow<K>) -> Result<(), ApiError> {
    let flows = &cx.config().selfservice.flows;
    let hooks = match K::NAME {
        FlowName::Login => &flows.login.before.hooks,
        FlowName::Registration => &flows.registration.before.hooks,
        FlowName::Settings => &flows.settings.before.hooks,
        FlowName::Recovery => &flows.recovery.before.hooks,
        FlowName::Verification => &flows.verification.before.hooks,
    };
    let mut stage = Stage { flow, identity: None, credentials: None, session: None };
    for hook in hooks.iter() {
        if let Hook::WebHook(hook) = hook {
            web_hook::before_flow(cx, hook, &mut stage).await?;
        }
    }
    Ok(())
}

/// Runs the hooks that come before a decision is saved: they may refuse it, or change the identity.
///
/// # Errors
/// When one of them refuses; nothing has been saved then.
pub async fn before_save(cx: &Cx, hooks: &[Hook], stage: &mut Stage<'_>) -> Result<(), FlowError> {
    for hook in hooks {
        match hook {
            Hook::WebHook(hook) => web_hook::before_save(cx, hook, stage).await?,
            Hook::RequireVerifiedAddress => require_verified_address(stage)?,
            _ => {}
        }
    }
    Ok(())
}

/// Runs the hooks that come after a decision was saved.
///
/// # Errors
/// When a hook that is waited for fails; what was saved stays.
pub async fn after_save(cx: &Cx, hooks: &[Hook], stage: &mut Stage<'_>) -> Result<(), FlowError> {
    for hook in hooks {
        if let Hook::WebHook(hook) = hook {
            web_hook::after_save(cx, hook, stage).await?;
        }
    }
    Ok(())
}

/// Whether the other sessions of the identity end.
#[must_use]
pub fn revokes_other_sessions(hooks: &[Hook]) -> bool {
    hooks.contains(&Hook::RevokeActiveSessions)
}

/// Whether the client is told which verification flow to show.
#[must_use]
pub fn shows_verification(hooks: &[Hook]) -> bool {
    hooks.contains(&Hook::ShowVerificationUi)
}

/// Nobody signs in to an account none of whose addresses is verified.
fn require_verified_address(stage: &Stage<'_>) -> Result<(), FlowError> {
    let verified = stage
        .identity
        .as_ref()
        .is_none_or(|identity| identity.verifiable_addresses.iter().any(|address| address.verified));
    if verified { Ok(()) } else { Err(FlowError::form(text::validation::address_not_verified())) }
}
