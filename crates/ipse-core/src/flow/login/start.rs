//! Whether a login flow may begin, and as what: a first sign-in, a second factor, or proving it again.

use ipse_model::{Aal, FlowClient};
use ipse_ui::text;

use super::{Login, LoginData, LoginExtra};
use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::{Begin, Flow, FlowError, shared};
use crate::{oauth2, session};

/// What somebody who is signed in already is told.
pub(super) const ALREADY: &str =
    "Somebody is signed in already. To have them prove it again, start with ?refresh=true.";

pub(super) async fn begin(cx: &Cx, client: FlowClient) -> Result<Begin<Login>, ApiError> {
    let requested_aal = requested_aal(cx)?;
    let asked = oauth2::asked(cx, client).await?;
    let visitor = session::authenticate(cx).await?;
    let again = asked
        .request
        .as_ref()
        .is_some_and(|request| !request.skip());
    let refresh = again || cx.request.flag("refresh");
    if let Some(visitor) = &visitor
        && !refresh
        && (requested_aal == Aal::Aal1 || visitor.session.aal >= requested_aal)
    {
        return shared::already_signed_in(cx, client, (&asked, ALREADY)).await;
    }
    if visitor.is_none() && requested_aal == Aal::Aal2 {
        return Err(first_factor_missing(cx));
    }
    let refresh = refresh && visitor.is_some();
    let identity_id = visitor.as_ref().map(|visitor| visitor.identity.id);
    let exchange = shared::begin_exchange(cx, client);
    Ok(Begin::With {
        subject: visitor,
        extra: LoginExtra {
            created_at: cx.now,
            updated_at: cx.now,
            refresh,
            requested_aal,
            organization_id: None,
            identity_schema: shared::requested_schema(cx)?,
            oauth2_login_challenge: asked.challenge,
            session_token_exchange_code: exchange.code,
        },
        data: LoginData {
            exchange: exchange.pending,
            ..LoginData::default()
        },
        writes: exchange.writes,
        request: asked.request,
        identity_id: identity_id.filter(|_| refresh),
    })
}

/// What becomes of a form that somebody submits who has signed in meanwhile: scripts are told, browsers are led on.
pub(super) fn somebody_is_in(cx: &Cx, flow: &Flow<Login>) -> Result<FlowError, ApiError> {
    if cx.wants_json() {
        return Ok(FlowError::form(text::validation::generic(ALREADY)));
    }
    let location = shared::where_to_instead(cx, flow)?;
    Ok(shared::session_already_available(ALREADY)
        .browser_to(location)
        .into())
}

/// 401 `session_aal1_required`.
pub(super) fn first_factor_missing(cx: &Cx) -> ApiError {
    ApiError::unauthorized(
        "A second factor can only be asked for after a first one. Please sign in first.",
    )
    .id("session_aal1_required")
    .browser_to(cx.public_url("self-service/login/browser"))
}

fn requested_aal(cx: &Cx) -> Result<Aal, ApiError> {
    match cx.request.query("aal") {
        None | Some("" | "aal1") => Ok(Aal::Aal1),
        Some("aal2") => Ok(Aal::Aal2),
        Some(other) => Err(ApiError::bad_request(format!(
            "The parameter aal has to be one of [aal1, aal2], but is {other}."
        ))),
    }
}
