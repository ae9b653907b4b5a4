//! Where providers send browsers back to.

use ipse_config::selfservice::oidc::OidcProvider;
use ipse_model::{FlowName, Json};
use ipse_oidc::Code;

use super::arrival::Arrival;
use super::journey::{self, Journey, State, refused};
use super::returning::{Refusal, go_on};
use crate::cx::Cx;
use crate::error::{ApiError, Browser};
use crate::flow::{Flow, Login, Outcome, Registration, return_to, shared};
use crate::method;
use crate::session;

/// Goes on with whatever led to the provider. `named` is the provider in the path, if there is one.
///
/// # Errors
/// 400 when nothing of this browser led there, and everything that can go wrong with the flow that goes on.
pub async fn callback(cx: &Cx, named: Option<&str>) -> Result<Outcome, ApiError> {
    if !method::enabled(cx, ipse_model::MethodId::Oidc) {
        return Err(method::switched_off());
    }
    let state = journey::state(cx)?;
    if named.is_some_and(|named| named != state.provider) {
        return Err(refused(
            "The state that came back was made for another provider.",
        ));
    }
    let provider = super::named(cx, &state.provider)?;
    if signed_in_meanwhile(cx, &state).await? {
        return Ok(Outcome::Redirect {
            location: return_to::default_address(cx),
        });
    }
    let journey = journey::arrive(cx, &state).await?;
    let outcome = resolve(cx, provider, &journey)
        .await
        .map_err(|error| seen(&state, error))?;
    match outcome {
        // The app finds on its flow what was wrong; this browser has no part in it.
        Outcome::Again { .. } if journey.native => Ok(Outcome::Redirect {
            location: app_address(cx, &journey).await?,
        }),
        outcome => Ok(outcome),
    }
}

/// Whether somebody has signed in by other means, or once with this very address, which they have called again.
async fn signed_in_meanwhile(cx: &Cx, state: &State) -> Result<bool, ApiError> {
    let starts = matches!(state.flow, FlowName::Login | FlowName::Registration);
    if !starts || state.native || state.confirms {
        return Ok(false);
    }
    Ok(session::authenticate(cx).await?.is_some())
}

/// Asks the provider who it is, and goes on with the flow.
async fn resolve(cx: &Cx, provider: &OidcProvider, journey: &Journey) -> Result<Outcome, ApiError> {
    let place = (journey.flow, journey.flow_id);
    let Some(code) = code(cx, journey) else {
        return go_on(
            cx,
            place,
            &Refusal {
                provider,
                reason: refusal(cx),
            },
        )
        .await;
    };
    let code = Code {
        code,
        redirect_uri: &journey.redirect_uri,
        verifier: journey.verifier.as_deref(),
        user: cx.request.query("user"),
        issuer: cx.request.query("iss"),
        nonce: journey.nonce.as_deref(),
        request_token: journey.request_token.as_ref(),
    };
    let identified = cx.app.providers.redeem(provider, &code, cx.now).await;
    let identified = identified.map_err(|error| super::failed(&provider.id, &error))?;
    let arrival = Arrival {
        provider,
        claims: identified.claims,
        tokens: identified.tokens,
        context: identified.context,
        traits: journey.traits.clone(),
        from_form: journey.from_form,
        transient_payload: journey.transient_payload.clone().map(Json::from),
        came_back: true,
    };
    go_on(cx, place, &arrival).await
}

/// What is to be redeemed. X calls it a verifier, and says which of its tokens it is for.
fn code<'a>(cx: &'a Cx, journey: &Journey) -> Option<&'a str> {
    let code = match &journey.request_token {
        None => cx.request.query("code"),
        Some(given) => {
            let token = cx.request.query("oauth_token");
            token.filter(|token| given.is(token))?;
            cx.request.query("oauth_verifier")
        }
    };
    code.filter(|code| !code.is_empty())
}

/// What a provider says that doesn't say who it is.
fn refusal(cx: &Cx) -> String {
    if cx.request.query("denied").is_some() {
        return "The provider did not confirm who you are, as you have declined.".to_owned();
    }
    match (
        cx.request.query("error"),
        cx.request.query("error_description"),
    ) {
        (Some(error), Some(description)) => {
            format!("The provider did not confirm who you are: {description} ({error}).")
        }
        (Some(error), None) => format!("The provider did not confirm who you are ({error})."),
        (None, _) => "The provider did not confirm who you are: it sent no code.".to_owned(),
    }
}

/// Somebody who has lost the session on the way is told so where they are.
fn seen(state: &State, mut error: ApiError) -> ApiError {
    if state.flow == FlowName::Settings && error.status == 401 {
        error.browser = Browser::ErrorPage;
    }
    error
}

/// Where the native client waits.
async fn app_address(cx: &Cx, journey: &Journey) -> Result<String, ApiError> {
    let record = cx
        .store()
        .flow(journey.flow_id)
        .await?
        .ok_or_else(ApiError::no_such_row)?;
    match journey.flow {
        FlowName::Login => shared::back_to_app(cx, &Flow::<Login>::from_record(&record)?, None),
        _ => shared::back_to_app(cx, &Flow::<Registration>::from_record(&record)?, None),
    }
}
