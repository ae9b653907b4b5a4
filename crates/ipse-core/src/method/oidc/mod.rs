//! Signing in with an account at a social provider.

pub(crate) mod account;
mod login;
mod nodes;
mod registration;
mod settings;

use ipse_config::selfservice::oidc::OidcProvider;
use ipse_model::MethodId;

use super::Method;
use crate::cx::Cx;
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
    let mut offered: Vec<_> =
        providers.iter().filter(|provider| provider.organization_id.is_none()).collect();
    offered.sort_by(|a, b| a.id.cmp(&b.id));
    offered
}

/// The name that people know a provider by.
fn label(provider: &OidcProvider) -> &str {
    provider.label.as_deref().filter(|label| !label.is_empty()).unwrap_or(&provider.id)
}

/// Whether a form names a provider to sign in with; the buttons don't name the method.
fn names_provider(form: &Form) -> bool {
    matches!(form.method(), None | Some("" | "oidc"))
        && form.text("provider").is_some_and(|provider| !provider.is_empty())
}
