//! Apps that bring an ID token, which they have from the provider's own software on the device.

use ipse_config::selfservice::oidc::OidcProvider;
use ipse_oidc::{IdTokenError, OidcError};

use super::arrival::Arrival;
use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::{FlowError, Form};

/// Whoever the ID token of a submission is about; nobody if it has none.
pub(super) async fn arrival<'a>(
    cx: &Cx,
    provider: &'a OidcProvider,
    form: &Form,
) -> Result<Option<Arrival<'a>>, FlowError> {
    let Some(id_token) = form.text("id_token").filter(|token| !token.is_empty()) else {
        return Ok(None);
    };
    let nonce = form.text("id_token_nonce");
    let verified = cx
        .app
        .providers
        .verify_native(provider, (&id_token, nonce.as_deref()), cx.now);
    let identified = verified
        .await
        .map_err(|error| refused(&provider.id, &error))?;
    Ok(Some(Arrival::brought(provider, identified, form)))
}

pub(super) fn refused(provider: &str, error: &OidcError) -> ApiError {
    let upstream = |reason: &str| {
        ApiError::new(502, "The provider could not confirm who this is")
            .id("upstream_error")
            .reason(reason)
    };
    match error {
        OidcError::IdToken(IdTokenError::NonceNotGiven) => {
            upstream("The id_token has a nonce, so that id_token_nonce has to come with it.")
        }
        OidcError::IdToken(IdTokenError::NonceMissing) => {
            upstream("The id_token has no nonce, but id_token_nonce came with it.")
        }
        OidcError::IdToken(IdTokenError::NonceMismatch) => {
            upstream("The nonce of the id_token is not the id_token_nonce that came with it.")
        }
        OidcError::IdToken(error) => {
            tracing::info!(provider, %error, "an ID token was refused");
            ApiError::new(403, format!("The ID token can't be trusted: {error}"))
                .reason("The id_token was refused.")
        }
        OidcError::Unsupported(_) => {
            upstream("ID tokens of this provider can't be brought by apps.")
        }
        error => super::failed(provider, error),
    }
}
