//! What is done with a provider: leading somebody there, redeeming what comes back, and checking tokens that apps and browsers
//! have brought.

use std::sync::Arc;

use ipse_config::selfservice::oidc::{ClaimsSource, OidcProvider, OidcSubjectSource, ProviderKind};
use ipse_model::Timestamp;
use serde_json::{Map, Value};

use crate::authorize::{self, Start, Started};
use crate::documents::{Discovery, Documents};
use crate::fetch::{self, Fetch};
use crate::id_token::{self, text};
use crate::redeem::{self, Code, Identified, Tokens, tokens};
use crate::userinfo::{openid, userinfo};
use crate::vendor::{Source, Vendor};
use crate::{Claims, Context, OidcError, apple, fedcm, x};

/// The client of all providers. It remembers what they publish.
pub struct Providers {
    pub(crate) fetch: Arc<dyn Fetch>,
    pub(crate) documents: Documents,
}

impl Providers {
    /// A client that sends its requests through `fetch`.
    #[must_use]
    pub fn new(fetch: Arc<dyn Fetch>) -> Self {
        Self {
            fetch,
            documents: Documents::default(),
        }
    }

    /// Where somebody goes to sign in there.
    ///
    /// # Errors
    /// When the provider can't be used as it is configured, or can't be reached.
    pub async fn start(
        &self,
        provider: &OidcProvider,
        start: &Start<'_>,
        now: Timestamp,
    ) -> Result<Started, OidcError> {
        let vendor = Vendor::of(provider);
        if let Source::X = vendor.source {
            return x::start(&*self.fetch, provider, (start, now)).await;
        }
        let endpoint = match (&provider.auth_url, vendor.auth) {
            (Some(url), _) => authorize::Endpoint {
                url: url.to_string(),
                takes_proof_keys: false,
            },
            (None, Some(known)) => authorize::Endpoint {
                url: vendor.address(provider, known)?,
                takes_proof_keys: false,
            },
            (None, None) => {
                let discovery = self.discovery(provider, now).await?;
                let url = discovery.authorization_endpoint.clone();
                authorize::Endpoint {
                    url: url.ok_or(OidcError::Incomplete("an authorization endpoint"))?,
                    takes_proof_keys: discovery.takes_proof_keys(),
                }
            }
        };
        authorize::address(provider, &endpoint, start)
    }

    /// Who somebody is that came back with this code.
    ///
    /// # Errors
    /// When the provider doesn't say, or what it says can't be trusted.
    pub async fn redeem(
        &self,
        provider: &OidcProvider,
        code: &Code<'_>,
        now: Timestamp,
    ) -> Result<Identified, OidcError> {
        let vendor = Vendor::of(provider);
        if let Source::X = vendor.source {
            return x::redeem(&*self.fetch, provider, (code, now)).await;
        }
        self.sent_by(provider, code.issuer, now).await?;
        let endpoint = self.token_endpoint(provider, now).await?;
        let answer = redeem::redeem(&*self.fetch, provider, &endpoint, (code, now)).await?;
        let tokens = tokens(&answer);
        let access_token = tokens.access_token.as_deref();
        let mut context = Context::default();
        let mut claims = if let Source::Userinfo { url, claims } = &vendor.source {
            let url = vendor.address(provider, url)?;
            let access_token = access_token.ok_or(OidcError::Missing("an access token"))?;
            let fetch = &*self.fetch;
            userinfo(fetch, provider, (&url, claims), (access_token, &answer)).await?
        } else {
            let id_token = tokens.id_token.as_deref();
            let id_token = id_token.ok_or(OidcError::Missing("an ID token"))?;
            let verified = self.verified(provider, (id_token, &[]), now).await?;
            id_token::check_repeated(&verified, code.nonce)?;
            context = Context::of(&verified);
            self.claims(provider, (verified, access_token), now).await?
        };
        if let (ProviderKind::Apple, Some(user)) = (provider.provider, code.user) {
            apple::add_name(&mut claims, user);
        }
        Ok(Identified {
            claims,
            tokens,
            context,
        })
    }

    /// Who an ID token is about that an app has brought, if this provider's tokens can be brought by apps.
    ///
    /// # Errors
    /// When they can't, or the token can't be trusted.
    pub async fn verify_native(
        &self,
        provider: &OidcProvider,
        (id_token, nonce): (&str, Option<&str>),
        now: Timestamp,
    ) -> Result<Identified, OidcError> {
        if !matches!(
            provider.provider,
            ProviderKind::Google | ProviderKind::Apple
        ) {
            return Err(OidcError::Unsupported("that apps can bring ID tokens of"));
        }
        let apps = &provider.additional_id_token_audiences;
        let verified = self.verified(provider, (id_token, apps), now).await?;
        id_token::check_nonce(&verified, nonce)?;
        Ok(brought(id_token.to_owned(), verified))
    }

    /// Who a token is about that the browser itself has from the provider (Federated Credential Management). `nonce` is what it
    /// was asked for with.
    ///
    /// # Errors
    /// When the provider has no tokens of that kind, or the token can't be trusted.
    pub async fn verify_fedcm(
        &self,
        provider: &OidcProvider,
        (token, nonce): (&str, &str),
        now: Timestamp,
    ) -> Result<Identified, OidcError> {
        if !Vendor::of(provider).has_id_tokens() {
            return Err(OidcError::Unsupported("that browsers bring tokens of"));
        }
        if provider.provider == ProviderKind::NetId {
            // NetID gives browsers a token that only its clients can turn into an ID token, once.
            let endpoint = self.token_endpoint(provider, now).await?;
            let id_token = fedcm::netid(&*self.fetch, provider, (&endpoint.url, token)).await?;
            let verified = self.verified(provider, (&id_token, &[]), now).await?;
            id_token::check_repeated(&verified, Some(nonce))?;
            return Ok(brought(id_token, verified));
        }
        let apps = &provider.additional_id_token_audiences;
        let verified = self.verified(provider, (token, apps), now).await?;
        id_token::check_nonce(&verified, Some(nonce))?;
        Ok(brought(token.to_owned(), verified))
    }

    /// What the configuration takes for claims about somebody whose ID token is verified.
    async fn claims(
        &self,
        provider: &OidcProvider,
        (verified, access_token): (Map<String, Value>, Option<&str>),
        now: Timestamp,
    ) -> Result<Claims, OidcError> {
        let bare = matches!(
            Vendor::of(provider).source,
            Source::IdToken { bare: true, .. }
        );
        if bare || provider.claims_source == ClaimsSource::Userinfo {
            let url = self
                .discovery(provider, now)
                .await?
                .userinfo_endpoint
                .clone();
            let url = url.ok_or(OidcError::Incomplete("a user info endpoint"))?;
            let access_token = access_token.ok_or(OidcError::Missing("an access token"))?;
            let mut said = openid(&*self.fetch, &url, access_token).await?;
            if text(&said, "sub") != text(&verified, "sub") {
                return Err(OidcError::SubjectMismatch);
            }
            for name in ["iss", "aud"] {
                if let Some(value) = verified.get(name) {
                    said.entry(name).or_insert_with(|| value.clone());
                }
            }
            return Ok(Claims::new(said));
        }
        let mut claims = Claims::new(verified);
        if provider.provider == ProviderKind::Microsoft {
            self.microsoft_subject(provider, &mut claims, access_token)
                .await?;
        }
        Ok(claims)
    }

    /// Who somebody is at Microsoft can be said in three ways.
    async fn microsoft_subject(
        &self,
        provider: &OidcProvider,
        claims: &mut Claims,
        access_token: Option<&str>,
    ) -> Result<(), OidcError> {
        let subject = match provider.subject_source {
            OidcSubjectSource::Userinfo => return Ok(()),
            OidcSubjectSource::Oid => claims.text("oid").map(str::to_owned),
            OidcSubjectSource::Me => {
                let access_token = access_token.ok_or(OidcError::Missing("an access token"))?;
                let request = fetch::get_with("https://graph.microsoft.com/v1.0/me", access_token)?;
                let me = fetch::json(&*self.fetch, request, "Microsoft Graph").await?;
                me["id"].as_str().map(str::to_owned)
            }
        };
        let subject = subject.filter(|subject| !subject.is_empty());
        claims.set("sub", subject.ok_or(OidcError::Missing("a subject"))?);
        Ok(())
    }

    async fn token_endpoint(
        &self,
        provider: &OidcProvider,
        now: Timestamp,
    ) -> Result<redeem::Endpoint, OidcError> {
        let vendor = Vendor::of(provider);
        if let Some(url) = &provider.token_url {
            return Ok(redeem::Endpoint {
                url: url.to_string(),
                basic: true,
            });
        }
        if let Some(known) = vendor.token {
            return Ok(redeem::Endpoint {
                url: vendor.address(provider, known)?,
                basic: vendor.basic,
            });
        }
        let discovery = self.discovery(provider, now).await?;
        let url = discovery.token_endpoint.clone();
        Ok(redeem::Endpoint {
            url: url.ok_or(OidcError::Incomplete("a token endpoint"))?,
            basic: discovery.takes_basic(),
        })
    }

    /// What the provider publishes about itself.
    pub(crate) async fn discovery(
        &self,
        provider: &OidcProvider,
        now: Timestamp,
    ) -> Result<Arc<Discovery>, OidcError> {
        let vendor = Vendor::of(provider);
        let issuer = (&*vendor.base(provider)?, vendor.issuers);
        self.documents.discovery(&*self.fetch, issuer, now).await
    }
}

/// Somebody with an ID token that was brought along.
fn brought(id_token: String, verified: Map<String, Value>) -> Identified {
    Identified {
        context: Context::of(&verified),
        claims: Claims::new(verified),
        tokens: Tokens {
            id_token: Some(id_token),
            ..Tokens::default()
        },
    }
}
