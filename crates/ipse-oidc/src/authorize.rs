//! The address at which a provider asks somebody whether we may know who they are.

use std::collections::BTreeMap;

use ipse_config::selfservice::oidc::{OidcProvider, Pkce, ProviderKind};
use url::Url;

use crate::vendor::Vendor;
use crate::x::RequestToken;
use crate::{OidcError, pkce};

/// What a client may ask the provider for in its own words.
pub const UPSTREAM_PARAMETERS: [&str; 5] =
    ["login_hint", "hd", "prompt", "auth_type", "acr_values"];

/// What it takes to begin.
#[derive(Clone, Debug)]
pub struct Start<'a> {
    /// Where the provider sends the browser back to.
    pub redirect_uri: &'a str,
    /// What comes back with it.
    pub state: &'a str,
    /// A secret for the proof key, if one is used.
    pub verifier: &'a str,
    /// What an ID token that is issued on this occasion repeats, if a nonce is asked for.
    pub nonce: Option<&'a str>,
    /// Whether the person has to prove at the provider that it is them.
    pub confirm: bool,
    /// What the client wants the provider to be told. Other parameters than [`UPSTREAM_PARAMETERS`] are left out.
    pub upstream: &'a [(String, String)],
}

/// What came of beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// Where the browser goes.
    pub url: String,
    /// Whether the proof key is needed when the code is redeemed.
    pub proof_key: bool,
    /// What X wants to see again when the code is redeemed.
    pub request_token: Option<RequestToken>,
}

/// Where browsers are sent, and whether the provider says that it takes proof keys.
pub(crate) struct Endpoint {
    pub(crate) url: String,
    pub(crate) takes_proof_keys: bool,
}

/// The address for this provider and occasion.
pub(crate) fn address(
    provider: &OidcProvider,
    endpoint: &Endpoint,
    start: &Start<'_>,
) -> Result<Started, OidcError> {
    let vendor = Vendor::of(provider);
    let proof_key = match provider.pkce() {
        Pkce::Never => false,
        Pkce::Force => true,
        Pkce::Auto => endpoint.takes_proof_keys,
    };
    let mut parameters: BTreeMap<&str, String> = BTreeMap::new();
    if let Some(prompt) = vendor.prompt {
        parameters.insert("prompt", prompt.to_owned());
    }
    for (name, value) in vendor.told {
        parameters.insert(name, (*value).to_owned());
    }
    for (name, value) in start.upstream {
        if let Some(known) = UPSTREAM_PARAMETERS.iter().find(|known| *known == name) {
            parameters.insert(known, value.clone());
        }
    }
    if let (true, Some(prompt)) = (start.confirm, vendor.confirm) {
        parameters.insert("prompt", prompt.to_owned());
    }
    if proof_key {
        parameters.insert("code_challenge", pkce::challenge(start.verifier));
        parameters.insert("code_challenge_method", "S256".to_owned());
    }
    parameters.insert("client_id", provider.client_id.clone());
    parameters.insert("redirect_uri", start.redirect_uri.to_owned());
    parameters.insert("response_type", "code".to_owned());
    parameters.insert("state", start.state.to_owned());
    if let Some(nonce) = start.nonce
        && vendor.has_id_tokens()
        && !proof_key
    {
        // Where no proof key ties the code to this occasion, the ID token has to.
        parameters.insert("nonce", nonce.to_owned());
    }
    special(provider, vendor, &mut parameters);
    let mut url =
        Url::parse(&endpoint.url).map_err(|_| OidcError::Address(endpoint.url.clone()))?;
    url.query_pairs_mut().extend_pairs(parameters);
    Ok(Started {
        url: url.into(),
        proof_key,
        request_token: None,
    })
}

/// Scopes, claims, and what some vendors want to be told.
fn special(provider: &OidcProvider, vendor: &Vendor, parameters: &mut BTreeMap<&str, String>) {
    let mut scopes: Vec<&str> = provider.scope.iter().map(String::as_str).collect();
    if vendor.has_id_tokens() && !scopes.contains(&"openid") {
        scopes.push("openid");
    }
    if provider.provider == ProviderKind::Google && scopes.contains(&"offline_access") {
        // Google has a parameter for what is a scope elsewhere.
        scopes.retain(|scope| *scope != "offline_access");
        parameters.insert("access_type", "offline".to_owned());
    }
    if provider.provider == ProviderKind::Apple
        && scopes
            .iter()
            .any(|scope| matches!(*scope, "name" | "email"))
    {
        parameters.insert("response_mode", "form_post".to_owned());
    }
    if !scopes.is_empty() {
        parameters.insert("scope", scopes.join(" "));
    }
    let claims = provider.requested_claims.as_ref();
    if let Some(claims) = claims.and_then(|claims| serde_json::to_string(claims).ok()) {
        parameters.insert("claims", claims);
    }
}
