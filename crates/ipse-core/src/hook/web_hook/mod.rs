//! Calls a server of the operator's.
//!
//! A call has one of three modes. *Ignoring* hooks are sent on their way after the change is saved and nobody waits for them.
//! *Deciding* hooks are waited for before anything is saved: they can refuse, and some can change the identity. All others
//! are waited for after the change is saved; when they fail, so does the answer, but not the change.

mod answer;
mod background;
mod change;
mod context;
mod error;
mod request;
mod sending;
mod template;

use std::sync::Arc;

use http::Response;
use ipse_config::selfservice::web_hook::WebHook;
use ipse_model::FlowName;
use serde_json::Value;

pub use background::Background;
pub(crate) use context::{Seen, context};
pub(crate) use error::HookError;
pub(crate) use request::Target;
pub(crate) use sending::send;
pub use template::Templates;
pub(crate) use template::{evaluate, read};

use self::answer::Answer;
use super::{Shows, Stage};
use crate::app::App;
use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::FlowError;
use crate::metrics::HookOutcome;
use crate::session::Authenticated;

/// Whether a hook is waited for before anything is saved. Everything about a login is undone most easily by not signing in,
/// and what a verification has proved stays proved, whatever a hook thinks of it.
pub(super) fn decides(hook: &WebHook, flow: FlowName) -> bool {
    let interrupts = hook.response.parse || hook.can_interrupt;
    match flow {
        FlowName::Login | FlowName::Recovery => !hook.response.ignore,
        FlowName::Registration | FlowName::Settings => interrupts,
        FlowName::Verification => false,
    }
}

/// Before a flow begins.
///
/// # Errors
/// When the server refuses or can't be reached.
pub async fn before_flow(
    cx: &Cx,
    hook: &WebHook,
    flow: &dyn Shows,
    visitor: Option<&Authenticated>,
) -> Result<(), ApiError> {
    let seen = Seen {
        flow,
        identity: None,
        session: visitor.map(|visitor| (&visitor.session, &visitor.identity)),
    };
    let outcome = match Call::new(cx, hook, &seen) {
        Ok(call) if hook.response.ignore => {
            call.let_go();
            return Ok(());
        }
        Ok(call) => call.make().await.map(drop),
        Err(error) => Err(error),
    };
    outcome.map_err(|error| error.before(flow.name()))
}

/// Before a decision is saved.
///
/// # Errors
/// When the server refuses or can't be reached.
pub async fn before_save(cx: &Cx, hook: &WebHook, stage: &mut Stage<'_>) -> Result<(), FlowError> {
    let answer = Call::new(cx, hook, &Seen::at(stage))?.make().await?;
    match answer {
        Answer::Nothing => Ok(()),
        Answer::Change(change) => change::apply(cx, *change, stage),
    }
}

/// After a decision was saved, one after the other.
///
/// # Errors
/// When a server is waited for and fails; those behind it in the list aren't called then.
pub async fn after_save<'a>(
    cx: &Cx,
    hooks: impl Iterator<Item = &'a WebHook>,
    stage: &Stage<'_>,
) -> Result<(), FlowError> {
    let calls = hooks.map(|hook| Call::new(cx, hook, &Seen::at(stage)));
    let calls: Vec<Call> = calls.collect::<Result<_, _>>()?;
    if calls.is_empty() {
        return Ok(());
    }
    // In a task of its own, because what was saved is told even if the client doesn't wait for the answer.
    let calls = tokio::spawn(async move {
        for call in calls {
            if call.hook.response.ignore {
                call.let_go();
            } else {
                call.make().await?;
            }
        }
        Ok::<(), HookError>(())
    });
    match calls.await {
        Ok(outcome) => Ok(outcome?),
        Err(error) => Err(ApiError::internal(&error).into()),
    }
}

/// A call that is ready to be made. It owns all it needs and can outlive the request.
struct Call {
    app: Arc<App>,
    hook: WebHook,
    context: Value,
}

impl Call {
    fn new(cx: &Cx, hook: &WebHook, seen: &Seen<'_>) -> Result<Self, HookError> {
        Ok(Self {
            app: Arc::clone(&cx.app),
            hook: hook.clone(),
            context: context(cx, seen)?,
        })
    }

    /// Makes the call without anybody waiting for it.
    fn let_go(self) {
        match self.app.background.enter() {
            Some(place) => {
                tokio::spawn(async move {
                    let _turn = place.turn().await;
                    self.make().await
                });
            }
            None => self.report(&Err(HookError::Crowded)),
        }
    }

    async fn make(&self) -> Result<Answer, HookError> {
        let outcome = self.answer().await;
        self.report(&outcome);
        outcome
    }

    async fn answer(&self) -> Result<Answer, HookError> {
        let Some(response) = self.response().await? else {
            return Ok(Answer::Nothing);
        };
        answer::read(&self.hook, &response)
    }

    /// The answer of the server; `None` when the template called off the call.
    async fn response(&self) -> Result<Option<Response<Vec<u8>>>, HookError> {
        let target = Target::of(&self.hook)?;
        let body = match (target.carries_body(), &self.hook.body) {
            (false, _) => None,
            (true, None) => return Err(HookError::NoTemplate),
            (true, Some(template)) => {
                target.check_content_type()?;
                match evaluate(&self.app, template, &self.context).await? {
                    Some(body) => Some(body),
                    None => return Ok(None),
                }
            }
        };
        let request = target.request(body.as_ref())?;
        send(&*self.app.outgoing, &request).await.map(Some)
    }

    /// Leaves a trace of the call. The address is named by its host only, since it may carry credentials.
    fn report(&self, outcome: &Result<Answer, HookError>) {
        let id = self.hook.id.as_deref().unwrap_or_default();
        let host = self.hook.url.host_str().unwrap_or_default();
        self.app.metrics.hook(match outcome {
            Ok(_) => HookOutcome::Passed,
            Err(HookError::Refused(_)) => HookOutcome::Refused,
            Err(_) => HookOutcome::Failed,
        });
        match outcome {
            Ok(_) if self.hook.emit_analytics_event => {
                tracing::info!(hook.id = id, hook.host = host, "a web hook was called");
            }
            Ok(_) => tracing::debug!(hook.id = id, hook.host = host, "a web hook was called"),
            Err(HookError::Refused(_)) => {
                tracing::info!(hook.id = id, hook.host = host, "a web hook refused");
            }
            Err(error) => {
                tracing::warn!(hook.id = id, hook.host = host, %error, "a web hook failed");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ipse_config::selfservice::web_hook::WebHook;
    use serde_json::json;

    use super::*;

    fn hook(response: &Value, can_interrupt: bool) -> WebHook {
        serde_json::from_value(json!({
            "url": "https://hook.example.org/", "method": "POST",
            "response": response, "can_interrupt": can_interrupt,
        }))
        .unwrap()
    }

    #[test]
    fn accounts_are_changed_before_they_are_saved_only_by_hooks_that_ask_for_it() {
        for flow in [FlowName::Registration, FlowName::Settings] {
            assert!(!decides(&hook(&json!({}), false), flow));
            assert!(!decides(&hook(&json!({ "ignore": true }), false), flow));
            assert!(decides(&hook(&json!({ "parse": true }), false), flow));
            assert!(decides(&hook(&json!({}), true), flow));
        }
    }

    #[test]
    fn whoever_signs_in_waits_for_every_hook_that_is_not_ignored() {
        for flow in [FlowName::Login, FlowName::Recovery] {
            assert!(decides(&hook(&json!({}), false), flow));
            assert!(!decides(&hook(&json!({ "ignore": true }), false), flow));
        }
    }

    #[test]
    fn what_was_proved_stays_proved() {
        assert!(!decides(
            &hook(&json!({ "parse": true }), true),
            FlowName::Verification
        ));
    }
}
