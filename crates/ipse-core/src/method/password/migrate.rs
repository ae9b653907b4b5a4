//! Takes passwords over from an older system: whoever signs in for the first time is asked about there.

use http::StatusCode;
use ipse_config::selfservice::methods::MigrateHookConfig;
use ipse_config::selfservice::web_hook::Template;
use ipse_model::{Credential, CredentialsType, Identity, PasswordConfig};
use ipse_store::Found;
use serde_json::{Value, json};
use url::Url;

use super::{algorithm, hash, set_hash};
use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::login::invalid_credentials;
use crate::flow::{Flow, FlowError, Login};
use crate::hook::web_hook::{HookError, Seen, Target, context, evaluate, send};

/// What the older system answers when the password is right.
const MATCH: &str = "password_match";

/// A password that waits to be taken over.
pub(super) struct Waiting<'a> {
    credential: &'a Credential,
    identity: &'a Identity,
    hook: &'a MigrateHookConfig,
    url: &'a Url,
}

/// The password of somebody who was found, if it waits to be taken over and the older system is asked at all.
pub(super) fn waiting<'a>(cx: &'a Cx, found: &'a Found) -> Option<Waiting<'a>> {
    let credential = found.credentials.get(CredentialsType::Password)?;
    let config = credential
        .config
        .parse::<PasswordConfig>()
        .unwrap_or_default();
    let waits = config.hashed_password.is_empty() && config.use_password_migration_hook;
    let hook = &cx.config().selfservice.methods.password.config.migrate_hook;
    let url = hook.config.url.as_ref().filter(|_| waits && hook.enabled)?;
    Some(Waiting {
        credential,
        identity: &found.identity,
        hook: &hook.config,
        url,
    })
}

/// Asks the older system whether a password is right, and returns the credential that it makes.
pub(super) async fn take_over(
    cx: &Cx,
    flow: &Flow<Login>,
    waiting: &Waiting<'_>,
    (identifier, password): (&str, &str),
) -> Result<Option<Credential>, FlowError> {
    let secret = json!({ "identifier": identifier, "password": password });
    judge(waiting.ask(cx, flow, secret).await)?;
    if password.len() > algorithm(cx).max_password_length() {
        tracing::warn!(identity_id = %waiting.identity.id, "a password is too long to be taken over");
        return Ok(None);
    }
    let mut credential = waiting.credential.clone();
    set_hash(&mut credential, hash(cx, password).await?, cx.now);
    Ok(Some(credential))
}

/// What an answer means for the login.
fn judge(answer: Result<(StatusCode, Vec<u8>), HookError>) -> Result<(), FlowError> {
    let answer = answer
        .inspect_err(|error| tracing::warn!(%error, "the password migration hook gave no answer"));
    let (status, body) = answer.map_err(|error| match error {
        HookError::NoAnswer(_) | HookError::GivenUp(_) => unusable(),
        other => other.into(),
    })?;
    match status {
        StatusCode::OK if says_match(&body) => Ok(()),
        StatusCode::OK | StatusCode::FORBIDDEN => Err(invalid_credentials()),
        other => {
            tracing::warn!(status = %other, "the password migration hook gave an answer without meaning");
            Err(unusable())
        }
    }
}

fn unusable() -> FlowError {
    ApiError::new(
        502,
        "A server that this one depends on gave no usable answer",
    )
    .reason("Please try again later.")
    .into()
}

fn says_match(body: &[u8]) -> bool {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    body.get("status").and_then(Value::as_str) == Some(MATCH)
}

impl Waiting<'_> {
    async fn ask(
        &self,
        cx: &Cx,
        flow: &Flow<Login>,
        secret: Value,
    ) -> Result<(StatusCode, Vec<u8>), HookError> {
        let hook = self.hook;
        let target = Target::new(self.url, "POST", &hook.headers, hook.auth.as_ref())?;
        target.check_content_type()?;
        let body = match &hook.body {
            None => Some(secret),
            Some(template) => {
                let seen = Seen {
                    flow,
                    identity: Some(self.identity),
                    session: None,
                };
                let context = merged(context(cx, &seen)?, secret);
                evaluate(&cx.app, &Template::At(template.clone()), &context).await?
            }
        };
        // A template that calls off the call says that this password is no matter of the older system.
        let Some(body) = body else {
            return Ok((StatusCode::FORBIDDEN, Vec::new()));
        };
        let response = send(&*cx.app.outgoing, &target.request(Some(&body))?).await?;
        Ok((response.status(), response.into_body()))
    }
}

/// The members of both objects.
fn merged(mut context: Value, secret: Value) -> Value {
    if let (Some(members), Value::Object(more)) = (context.as_object_mut(), secret) {
        members.extend(more);
    }
    context
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outgoing::OutgoingError;

    fn answered(status: u16, body: &str) -> Result<(), FlowError> {
        judge(Ok((
            StatusCode::from_u16(status).unwrap(),
            body.as_bytes().to_vec(),
        )))
    }

    fn code(outcome: Result<(), FlowError>) -> u16 {
        match outcome {
            Ok(()) => 200,
            Err(FlowError::Invalid(complaints)) => {
                assert_eq!(complaints[0].message.id, 4_000_006);
                400
            }
            Err(FlowError::Api(error)) => error.http_status(),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_the_right_word_signs_in() {
        assert_eq!(code(answered(200, r#"{"status":"password_match"}"#)), 200);
        for body in [
            r#"{"status":"no_match"}"#,
            "{}",
            "",
            "[]",
            "no JSON",
            r#"{"status":true}"#,
        ] {
            assert_eq!(code(answered(200, body)), 400, "{body}");
        }
        assert_eq!(code(answered(403, r#"{"status":"password_match"}"#)), 400);
    }

    #[test]
    fn an_older_system_that_is_out_of_order_is_no_wrong_password() {
        for status in [201, 204, 400, 404, 422] {
            assert_eq!(
                code(answered(status, r#"{"status":"password_match"}"#)),
                502
            );
        }
        assert_eq!(
            code(judge(Err(HookError::GivenUp(StatusCode::BAD_GATEWAY)))),
            502
        );
        assert_eq!(
            code(judge(Err(HookError::NoAnswer(OutgoingError::TooLarge)))),
            502
        );
        assert_eq!(code(judge(Err(HookError::TimedOut))), 504);
    }

    #[test]
    fn a_template_sees_the_secret_beside_everything_else() {
        let context = merged(
            json!({ "flow": {} }),
            json!({ "identifier": "a", "password": "b" }),
        );
        assert_eq!(
            context,
            json!({ "flow": {}, "identifier": "a", "password": "b" })
        );
    }
}
