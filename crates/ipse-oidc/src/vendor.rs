//! What is known about each kind of provider, as a table.

mod openid;
mod plain;

use ipse_config::selfservice::oidc::{OidcProvider, ProviderKind};
use url::Url;

use crate::OidcError;

/// A kind of provider. Addresses that begin with a slash are below its base.
pub(crate) struct Vendor {
    kind: ProviderKind,
    /// Where it is unless `issuer_url` says otherwise.
    base: Option<&'static str>,
    /// What it calls itself, if not by its base.
    pub(crate) issuers: &'static [&'static str],
    /// Where browsers are sent; without it, discovery says so.
    pub(crate) auth: Option<&'static str>,
    /// Where codes are redeemed; without it, discovery says so.
    pub(crate) token: Option<&'static str>,
    /// How it tells who somebody is.
    pub(crate) source: Source,
    /// The `prompt` it is asked with unless somebody wants another one.
    pub(crate) prompt: Option<&'static str>,
    /// The `prompt` by which people prove there again that it is them.
    pub(crate) confirm: Option<&'static str>,
    /// What else it is told when somebody goes there, unless somebody wants something else.
    pub(crate) told: &'static [(&'static str, &'static str)],
    /// What else it is told when a code is redeemed.
    pub(crate) redeeming: &'static [(&'static str, &'static str)],
    /// Whether a client names itself in a header when a code is redeemed; discovery says so where it is asked.
    pub(crate) basic: bool,
}

/// How a provider tells who somebody is.
pub(crate) enum Source {
    /// By an ID token.
    IdToken {
        /// Where its keys are, if not where discovery says.
        keys: Option<&'static str>,
        /// Whether only the user info endpoint says more than who it is.
        bare: bool,
    },
    /// By a document of claims for whoever has an access token.
    Userinfo {
        /// Where it is.
        url: &'static str,
        /// Which claim is found where (as a JSON pointer). Nothing: the document has claims by their usual names.
        claims: &'static [(&'static str, &'static str)],
    },
    /// By OAuth 1.0a, which has a file of its own.
    X,
}

impl Vendor {
    /// The one of that kind.
    pub(crate) fn of(provider: &OidcProvider) -> &'static Self {
        let mut known = openid::VENDORS.iter().chain(plain::VENDORS);
        known
            .find(|vendor| vendor.kind == provider.provider)
            .unwrap_or(&GENERIC)
    }

    /// The address of the provider, without a slash at its end.
    ///
    /// # Errors
    /// When the configuration has to say so and doesn't.
    pub(crate) fn base(&self, provider: &OidcProvider) -> Result<String, OidcError> {
        let configured = provider.issuer_url.as_ref().map(Url::as_str);
        let base = configured
            .or(self.base)
            .ok_or(OidcError::Lacks("issuer_url"))?;
        let base = base.trim_end_matches('/');
        Ok(base.replace(
            "{tenant}",
            provider.microsoft_tenant.as_deref().unwrap_or("common"),
        ))
    }

    /// An address of the table, which may be below the base.
    ///
    /// # Errors
    /// As [`Self::base`].
    pub(crate) fn address(
        &self,
        provider: &OidcProvider,
        known: &str,
    ) -> Result<String, OidcError> {
        if known.starts_with('/') {
            Ok(self.base(provider)? + known)
        } else {
            Ok(known.to_owned())
        }
    }

    /// Whether it issues ID tokens, which need the scope `openid`.
    pub(crate) fn has_id_tokens(&self) -> bool {
        matches!(self.source, Source::IdToken { .. })
    }
}

/// Whether a provider issues ID tokens, so that browsers can have some.
#[must_use]
pub fn issues_id_tokens(provider: &OidcProvider) -> bool {
    Vendor::of(provider).has_id_tokens()
}

/// A provider that is found by discovery alone.
const GENERIC: Vendor = Vendor {
    kind: ProviderKind::Generic,
    base: None,
    issuers: &[],
    auth: None,
    token: None,
    source: Source::IdToken {
        keys: None,
        bare: false,
    },
    prompt: None,
    confirm: Some("login"),
    told: &[],
    redeeming: &[],
    basic: false,
};

/// A provider of plain OAuth2 that can't be asked to have people prove again that it is them.
const PLAIN: Vendor = Vendor {
    source: Source::Userinfo {
        url: "/userinfo",
        claims: &[],
    },
    confirm: None,
    ..GENERIC
};
