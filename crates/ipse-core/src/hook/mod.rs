//! Hooks: what the configuration has done before a flow begins, before a decision is saved, and after that.
//!
//! Which hooks can stand where is decided when the configuration is read; here they only run. A hook that can still refuse
//! runs before anything is saved, and hooks that only tell somebody run afterwards, so that the database holds the whole
//! change or nothing of it, whatever becomes of a hook.

mod news;
mod verified_address;
pub mod web_hook;

pub(crate) use news::news;

use ipse_config::selfservice::hooks::Hook;
use ipse_model::{Credentials, FlowName, Identity, Json, Session};
use serde_json::Value;

use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::verification::Origin;
use crate::flow::{Flow, FlowError, Kind};
use crate::session::Authenticated;

/// What hooks see of a flow, whichever of the five it is.
pub trait Shows: Sync {
    /// Its name.
    fn name(&self) -> FlowName;
    /// What a client sees of it, as JSON.
    fn to_json(&self) -> Value;
    /// What the client wants hooks to see.
    fn transient_payload(&self) -> Option<&Json>;
    /// The flow as the occasion to verify addresses.
    fn origin(&self) -> Origin<'_>;
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

    fn origin(&self) -> Origin<'_> {
        Origin::of(self)
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

/// Runs the hooks that come before a flow begins. `visitor` is whose account the flow is about, where that is known.
///
/// # Errors
/// When one of them refuses.
pub async fn before<K: Kind>(
    cx: &Cx,
    flow: &Flow<K>,
    visitor: Option<&Authenticated>,
) -> Result<(), ApiError> {
    let flows = &cx.config().selfservice.flows;
    let hooks = match K::NAME {
        FlowName::Login => &flows.login.before.hooks,
        FlowName::Registration => &flows.registration.before.hooks,
        FlowName::Settings => &flows.settings.before.hooks,
        FlowName::Recovery => &flows.recovery.before.hooks,
        FlowName::Verification => &flows.verification.before.hooks,
    };
    for hook in hooks.iter() {
        if let Hook::WebHook(hook) = hook {
            web_hook::before_flow(cx, hook, flow, visitor).await?;
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
            Hook::WebHook(hook) if web_hook::decides(hook, stage.flow.name()) => {
                web_hook::before_save(cx, hook, stage).await?;
            }
            Hook::RequireVerifiedAddress => verified_address::require(cx, stage).await?,
            _ => {}
        }
    }
    Ok(())
}

/// Runs the hooks that come after a decision was saved.
///
/// # Errors
/// When a hook that is waited for fails; what was saved stays.
pub async fn after_save(cx: &Cx, hooks: &[Hook], stage: &Stage<'_>) -> Result<(), FlowError> {
    let told = hooks.iter().filter_map(|hook| match hook {
        Hook::WebHook(hook) if !web_hook::decides(hook, stage.flow.name()) => Some(&**hook),
        _ => None,
    });
    web_hook::after_save(cx, told, stage).await
}

/// Whether something is waited for between deciding and saving, so that much can have happened meanwhile.
#[must_use]
pub fn waits(hooks: &[Hook], flow: FlowName) -> bool {
    let mut hooks = hooks.iter();
    hooks.any(|hook| matches!(hook, Hook::WebHook(hook) if web_hook::decides(hook, flow)))
}

/// Whether the other sessions of the identity end.
#[must_use]
pub fn revokes_other_sessions(hooks: &[Hook]) -> bool {
    hooks.contains(&Hook::RevokeActiveSessions)
}

/// Whether a browser is led to the verification flow.
#[must_use]
pub fn leads_to_verification(hooks: &[Hook]) -> bool {
    hooks.contains(&Hook::ShowVerificationUi)
}

/// Whether clients are told which verification flow to show.
#[must_use]
pub fn shows_verification(cx: &Cx, hooks: &[Hook]) -> bool {
    leads_to_verification(hooks)
        || cx
            .config()
            .feature_flags
            .legacy_continue_with_verification_ui
}

/// Whether a change that brings a new address waits until the address is verified.
#[must_use]
pub fn verifies_new_addresses(hooks: &[Hook]) -> bool {
    hooks.contains(&Hook::VerifyNewAddress)
}

/// Whether signing in starts the verification of addresses that aren't verified yet.
#[must_use]
pub fn verifies_at_login(hooks: &[Hook]) -> bool {
    hooks.contains(&Hook::Verification)
}

#[cfg(test)]
mod tests {
    use ipse_config::selfservice::flows::Flows;
    use ipse_model::MethodId;

    use super::*;
    use crate::method;

    /// The methods of a flow that have no hooks of their own.
    fn without_own<'a>(
        methods: impl Iterator<Item = MethodId>,
        lists: impl Iterator<Item = (Option<&'static str>, &'a [Hook])>,
    ) -> Vec<MethodId> {
        let own: Vec<_> = lists.filter_map(|(name, _)| name).collect();
        methods.filter(|id| !own.contains(&id.as_str())).collect()
    }

    #[test]
    fn every_method_that_completes_a_flow_can_have_hooks_of_its_own() {
        let flows = Flows::default();
        let login = method::LOGIN.iter().map(|method| method.id());
        assert_eq!(
            without_own(login, flows.login.after.lists()),
            [MethodId::IdentifierFirst]
        );
        let registration = method::REGISTRATION.iter().map(|method| method.id());
        assert_eq!(
            without_own(registration, flows.registration.after.lists()),
            [MethodId::Profile]
        );
        let settings = method::SETTINGS.iter().map(|method| method.id());
        assert_eq!(without_own(settings, flows.settings.after.lists()), []);
    }
}
