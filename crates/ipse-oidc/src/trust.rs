//! Whether what comes from a provider is from that provider: answers, and ID tokens.

use ipse_config::selfservice::oidc::{OidcProvider, ProviderKind};
use ipse_model::{Timestamp, Uuid};
use jsonwebtoken::jwk::Jwk;
use serde_json::{Map, Value};

use crate::id_token::{self, Expected, text};
use crate::vendor::{Source, Vendor};
use crate::{IdTokenError, OidcError, Providers};

impl Providers {
    /// Whether the provider that was asked has sent the answer, as far as the answer says so (RFC 9207). A code that another one
    /// has issued must not be shown to this one.
    pub(crate) async fn sent_by(
        &self,
        provider: &OidcProvider,
        stated: Option<&str>,
        now: Timestamp,
    ) -> Result<(), OidcError> {
        let vendor = Vendor::of(provider);
        let is_known = match provider.provider {
            // The issuer is known once there is an ID token.
            ProviderKind::Microsoft => return Ok(()),
            ProviderKind::Google => stated.is_none_or(|stated| vendor.issuers.contains(&stated)),
            _ if !vendor.has_id_tokens() => return Ok(()),
            ProviderKind::Apple => {
                let base = vendor.base(provider)?;
                stated.is_none_or(|stated| stated == base)
            }
            _ if stated.is_none() && provider.token_url.is_some() => true,
            _ => {
                let discovery = self.discovery(provider, now).await?;
                stated.map_or(!discovery.answers_name_issuer, |stated| {
                    stated == discovery.issuer
                })
            }
        };
        if is_known {
            return Ok(());
        }
        let found = stated.map(str::to_owned);
        Err(OidcError::ForeignAnswer { found })
    }

    /// The claims of an ID token that can be trusted. It may be for one of these apps as well as for the client.
    pub(crate) async fn verified(
        &self,
        provider: &OidcProvider,
        (id_token, apps): (&str, &[String]),
        now: Timestamp,
    ) -> Result<Map<String, Value>, OidcError> {
        let url = self.keys_address(provider, now).await?;
        let fetch = &*self.fetch;
        let mut keys = self.documents.keys(fetch, &url, (now, false)).await?;
        // A new key may have a new name, the name of an old one, or none at all.
        if let Err(IdTokenError::UnknownKey | IdTokenError::Signature) =
            id_token::signed_claims(id_token, &keys)
        {
            keys = self.documents.keys(fetch, &url, (now, true)).await?;
        }
        let mut audiences = vec![provider.client_id.clone()];
        audiences.extend(apps.iter().cloned());
        let issuers = self.issuers(provider, (id_token, &keys), now).await?;
        let expected = Expected {
            issuers: &issuers,
            audiences: &audiences,
            now,
        };
        Ok(id_token::verify(id_token, &keys, &expected)?)
    }

    /// Who may have issued an ID token of this provider.
    async fn issuers(
        &self,
        provider: &OidcProvider,
        (id_token, keys): (&str, &[Jwk]),
        now: Timestamp,
    ) -> Result<Vec<String>, OidcError> {
        let vendor = Vendor::of(provider);
        Ok(match provider.provider {
            ProviderKind::Google => vendor.issuers.iter().copied().map(str::to_owned).collect(),
            ProviderKind::Microsoft => vec![microsoft_issuer(provider, (id_token, keys))?],
            ProviderKind::Apple => vec![vendor.base(provider)?],
            _ => vec![self.discovery(provider, now).await?.issuer.clone()],
        })
    }

    /// Where its keys are.
    async fn keys_address(
        &self,
        provider: &OidcProvider,
        now: Timestamp,
    ) -> Result<String, OidcError> {
        let vendor = Vendor::of(provider);
        if let Source::IdToken {
            keys: Some(known), ..
        } = vendor.source
        {
            return vendor.address(provider, known);
        }
        let discovery = self.discovery(provider, now).await?;
        discovery
            .jwks_uri
            .clone()
            .ok_or(OidcError::Incomplete("a key set"))
    }
}

/// The accounts of people rather than of organizations belong to this tenant.
const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// At Microsoft every tenant is an issuer of its own. The token names it, and the configuration says which ones count.
fn microsoft_issuer(
    provider: &OidcProvider,
    (id_token, keys): (&str, &[Jwk]),
) -> Result<String, OidcError> {
    let claims = id_token::signed_claims(id_token, keys)?;
    let tenant = text(&claims, "tid").unwrap_or_default();
    let tenant: Uuid = tenant.parse().map_err(|_| IdTokenError::Claim("tid"))?;
    let tenant = tenant.to_string();
    let counts = match provider.microsoft_tenant.as_deref().unwrap_or("common") {
        "common" => true,
        "organizations" => tenant != PERSONAL,
        "consumers" => tenant == PERSONAL,
        // A tenant can also be configured by a domain; then the keys at its address are all there is to go by.
        configured => configured
            .parse::<Uuid>()
            .map_or(true, |wanted| wanted.to_string() == tenant),
    };
    let issuer = format!("https://login.microsoftonline.com/{tenant}/v2.0");
    if counts {
        Ok(issuer)
    } else {
        Err(IdTokenError::Issuer(issuer).into())
    }
}
