//! Signing in with an account at a social provider.

pub(crate) mod account;
mod arrival;
mod automatic;
mod callback;
pub(crate) mod conflict;
mod fedcm;
mod journey;
pub(crate) mod linking;
mod login;
mod mapper;
mod native;
mod nodes;
mod registration;
mod returning;
mod settings;
mod update;

use ipse_config::selfservice::oidc::OidcProvider;
use ipse_model::{Aal, AuthenticationMethod, Credentials, CredentialsType, MethodId};
use ipse_oidc::OidcError;
use ipse_store::Found;

pub use callback::callback;
pub use fedcm::{parameters as fedcm_parameters, token as fedcm_token};

use super::Method;
use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::Form;

/// The method.
#[derive(Debug)]
pub struct Oidc;

impl Method for Oidc {
    fn id(&self) -> MethodId {
        MethodId::Oidc
    }
}

/// The providers that are offered to everybody, by id: those of organizations only work when they are named.
fn offered(cx: &Cx) -> Vec<&OidcProvider> {
    let providers = &cx.config().selfservice.methods.oidc.config.providers;
    let mut offered: Vec<_> = providers
        .iter()
        .filter(|provider| provider.organization_id.is_none())
        .collect();
    offered.sort_by(|a, b| a.id.cmp(&b.id));
    offered
}

/// The name that people know a provider by.
fn label(provider: &OidcProvider) -> &str {
    provider
        .label
        .as_deref()
        .filter(|label| !label.is_empty())
        .unwrap_or(&provider.id)
}

/// Whether a form names a provider to sign in with; the buttons don't name the method.
fn names_provider(form: &Form) -> bool {
    matches!(form.method(), None | Some("" | "oidc"))
        && form
            .text("provider")
            .is_some_and(|provider| !provider.is_empty())
}

/// The provider of that name.
fn named<'a>(cx: &'a Cx, id: &str) -> Result<&'a OidcProvider, ApiError> {
    let providers = &cx.config().selfservice.methods.oidc.config.providers;
    let known = providers.iter().find(|provider| provider.id == id);
    known.ok_or_else(|| {
        ApiError::not_found(format!(
            "There is no social sign-in provider \"{id}\" here."
        ))
    })
}

/// How a session remembers that a provider has said who somebody is.
fn proof_of(cx: &Cx, provider: &str) -> AuthenticationMethod {
    AuthenticationMethod {
        provider: Some(provider.to_owned()),
        ..AuthenticationMethod::new(MethodId::Oidc.as_str(), Aal::Aal1, cx.now)
    }
}

/// Whom an account at a provider belongs to.
async fn holder(cx: &Cx, provider: &str, subject: &str) -> Result<Option<Found>, ApiError> {
    let identifier = account::identifier(provider, subject);
    let kinds = [CredentialsType::Oidc];
    let found = cx
        .store()
        .identity_by_identifier(&kinds, &identifier)
        .await?;
    // Ids and subjects may hold colons, so that two pairs of them can look the same.
    Ok(found.filter(|found| account::holds(&found.credentials, provider, subject)))
}

/// Whether somebody has one of these accounts at providers already.
pub(crate) async fn is_known(cx: &Cx, credentials: &Credentials) -> Result<bool, ApiError> {
    for account in account::accounts(credentials) {
        if holder(cx, &account.provider, &account.subject)
            .await?
            .is_some()
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What a client is told when a provider can't be used, or doesn't say who somebody is.
fn failed(provider: &str, error: &OidcError) -> ApiError {
    if error.is_configuration() {
        tracing::error!(provider, %error, "a social sign-in provider can't be used as it is configured");
        return ApiError::new(500, "A social sign-in provider is not set up correctly")
            .id("invalid_configuration")
            .reason(format!(
                "The provider \"{provider}\" can't be used: {error}."
            ));
    }
    tracing::warn!(provider, %error, "a social sign-in provider did not say who somebody is");
    ApiError::new(502, "The provider could not confirm who this is")
        .id("upstream_error")
        .reason(format!("Signing in with \"{provider}\" failed: {error}."))
}
