//! What is known about each kind of provider, as a table.

use ipse_config::selfservice::oidc::{OidcProvider, ProviderKind};
use url::Url;

use crate::OidcError;

/// A kind of provider. Addresses that begin with a slash are below its base.
pub(crate) struct Vendor {
    kind: ProviderKind,
    /// Where it is unless `issuer_url` says otherwise.
    base: Option<&'static str>,
    /// Where browsers are sent; without it, discovery says so.
    pub(crate) auth: Option<&'static str>,
    /// Where codes are redeemed; without it, discovery says so.
    pub(crate) token: Option<&'static str>,
    /// How it tells who somebody is.
    pub(crate) source: Source,
    /// The `prompt` it is asked with unless somebody wants another one.
    pub(crate) prompt: Option<&'static str>,
}

/// How a provider tells who somebody is.
pub(crate) enum Source {
    /// By an ID token. Its keys are here, or where discovery says.
    IdToken {
        /// Where the keys are.
        keys: Option<&'static str>,
    },
    /// By a document of claims for whoever has an access token.
    Userinfo {
        /// Where it is.
        url: &'static str,
        /// Which claim is found where (as a JSON pointer). Nothing: the document has claims by their usual names.
        claims: &'static [(&'static str, &'static str)],
    },
    /// In a way that is not supported.
    Unsupported(&'static str),
}

impl Vendor {
    /// The one of that kind.
    pub(crate) fn of(provider: &OidcProvider) -> &'static Self {
        let known = VENDORS
            .iter()
            .find(|vendor| vendor.kind == provider.provider);
        known.unwrap_or(&GENERIC)
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

const GENERIC: Vendor = Vendor {
    kind: ProviderKind::Generic,
    base: None,
    auth: None,
    token: None,
    source: Source::IdToken { keys: None },
    prompt: None,
};

const GITHUB_CLAIMS: &[(&str, &str)] = &[
    ("sub", "/id"),
    ("name", "/name"),
    ("nickname", "/login"),
    ("preferred_username", "/login"),
    ("website", "/blog"),
    ("picture", "/avatar_url"),
    ("profile", "/html_url"),
    ("email", "/email"),
];

const GITHUB: Vendor = Vendor {
    kind: ProviderKind::Github,
    base: Some("https://github.com"),
    auth: Some("/login/oauth/authorize"),
    token: Some("/login/oauth/access_token"),
    source: Source::Userinfo {
        url: "https://api.github.com/user",
        claims: GITHUB_CLAIMS,
    },
    prompt: None,
};

/// The kinds that differ from a provider that is found by discovery alone.
const VENDORS: &[Vendor] = &[
    GITHUB,
    Vendor {
        kind: ProviderKind::GithubApp,
        ..GITHUB
    },
    Vendor {
        kind: ProviderKind::Gitlab,
        base: Some("https://gitlab.com"),
        auth: Some("/oauth/authorize"),
        token: Some("/oauth/token"),
        source: Source::Userinfo {
            url: "/oauth/userinfo",
            claims: &[],
        },
        prompt: None,
    },
    Vendor {
        kind: ProviderKind::Google,
        base: Some("https://accounts.google.com"),
        source: Source::IdToken {
            keys: Some("https://www.googleapis.com/oauth2/v3/certs"),
        },
        ..GENERIC
    },
    Vendor {
        kind: ProviderKind::Microsoft,
        base: Some("https://login.microsoftonline.com/{tenant}"),
        auth: Some("/oauth2/v2.0/authorize"),
        token: Some("/oauth2/v2.0/token"),
        source: Source::IdToken {
            keys: Some("/discovery/v2.0/keys"),
        },
        prompt: None,
    },
    Vendor {
        kind: ProviderKind::Apple,
        base: Some("https://appleid.apple.com"),
        auth: Some("/auth/authorize"),
        token: Some("/auth/token"),
        source: Source::IdToken {
            keys: Some("/auth/keys"),
        },
        prompt: None,
    },
    Vendor {
        kind: ProviderKind::NetId,
        base: Some("https://broker.netid.de"),
        auth: Some("/authorize"),
        token: Some("/token"),
        source: Source::IdToken { keys: None },
        prompt: None,
    },
    Vendor {
        kind: ProviderKind::LinkedinV2,
        base: Some("https://www.linkedin.com/oauth"),
        ..GENERIC
    },
    Vendor {
        kind: ProviderKind::Discord,
        base: Some("https://discord.com/api/v9"),
        auth: Some("/oauth2/authorize"),
        token: Some("/oauth2/token"),
        source: Source::Userinfo {
            url: "/users/@me",
            claims: &[
                ("sub", "/id"),
                ("name", "/username"),
                ("nickname", "/username"),
                ("preferred_username", "/username"),
                ("email", "/email"),
                ("email_verified", "/verified"),
                ("locale", "/locale"),
            ],
        },
        prompt: Some("none"),
    },
    Vendor {
        kind: ProviderKind::Slack,
        base: Some("https://slack.com"),
        auth: Some("/oauth/authorize"),
        token: Some("/api/oauth.access"),
        source: Source::Userinfo {
            url: "/api/users.identity",
            claims: &[
                ("sub", "/user/id"),
                ("name", "/user/name"),
                ("preferred_username", "/user/name"),
                ("email", "/user/email"),
                ("picture", "/user/image_512"),
                ("team", "/team/id"),
            ],
        },
        prompt: None,
    },
    Vendor {
        kind: ProviderKind::Spotify,
        base: Some("https://accounts.spotify.com"),
        auth: Some("/authorize"),
        token: Some("/api/token"),
        source: Source::Userinfo {
            url: "https://api.spotify.com/v1/me",
            claims: &[
                ("sub", "/id"),
                ("name", "/display_name"),
                ("nickname", "/display_name"),
                ("email", "/email"),
                ("picture", "/images/0/url"),
                ("profile", "/external_urls/spotify"),
            ],
        },
        prompt: None,
    },
    Vendor {
        kind: ProviderKind::Facebook,
        base: Some("https://www.facebook.com"),
        auth: Some("/dialog/oauth"),
        token: Some("https://graph.facebook.com/oauth/access_token"),
        source: Source::Userinfo {
            url: "https://graph.facebook.com/me?fields=id,name,first_name,middle_name,last_name,email,picture.type(large)",
            claims: &[
                ("sub", "/id"),
                ("name", "/name"),
                ("given_name", "/first_name"),
                ("middle_name", "/middle_name"),
                ("family_name", "/last_name"),
                ("email", "/email"),
                ("picture", "/picture/data/url"),
            ],
        },
        prompt: None,
    },
    Vendor {
        kind: ProviderKind::Patreon,
        base: Some("https://www.patreon.com"),
        auth: Some("/oauth2/authorize"),
        token: Some("/api/oauth2/token"),
        source: Source::Userinfo {
            url: "/api/oauth2/v2/identity?fields%5Buser%5D=first_name,last_name,full_name,email,image_url,url",
            claims: &[
                ("sub", "/data/id"),
                ("name", "/data/attributes/full_name"),
                ("given_name", "/data/attributes/first_name"),
                ("family_name", "/data/attributes/last_name"),
                ("email", "/data/attributes/email"),
                ("picture", "/data/attributes/image_url"),
                ("profile", "/data/attributes/url"),
            ],
        },
        prompt: Some("none"),
    },
    Vendor {
        kind: ProviderKind::Vk,
        base: Some("https://oauth.vk.com"),
        auth: Some("/authorize"),
        token: Some("/access_token"),
        source: Source::Userinfo {
            url: "https://api.vk.com/method/users.get?fields=photo_200,nickname,bdate,sex&v=5.131",
            claims: &[
                ("sub", "/response/0/id"),
                ("given_name", "/response/0/first_name"),
                ("family_name", "/response/0/last_name"),
                ("nickname", "/response/0/nickname"),
                ("picture", "/response/0/photo_200"),
                ("birthdate", "/response/0/bdate"),
            ],
        },
        prompt: None,
    },
    Vendor {
        kind: ProviderKind::Yandex,
        base: Some("https://oauth.yandex.com"),
        auth: Some("/authorize"),
        token: Some("/token"),
        source: Source::Userinfo {
            url: "https://login.yandex.ru/info?format=json",
            claims: &[
                ("sub", "/id"),
                ("name", "/real_name"),
                ("given_name", "/first_name"),
                ("family_name", "/last_name"),
                ("nickname", "/login"),
                ("email", "/default_email"),
                ("gender", "/sex"),
                ("birthdate", "/birthday"),
            ],
        },
        prompt: None,
    },
    Vendor {
        kind: ProviderKind::DingTalk,
        base: Some("https://login.dingtalk.com"),
        auth: Some("/oauth2/auth"),
        token: Some("https://api.dingtalk.com/v1.0/oauth2/userAccessToken"),
        source: Source::Userinfo {
            url: "https://api.dingtalk.com/v1.0/contact/users/me",
            claims: &[
                ("sub", "/openId"),
                ("name", "/nick"),
                ("nickname", "/nick"),
                ("picture", "/avatarUrl"),
                ("email", "/email"),
            ],
        },
        prompt: Some("consent"),
    },
    Vendor {
        kind: ProviderKind::Lark,
        base: Some("https://passport.feishu.cn/suite/passport/oauth"),
        auth: Some("/authorize"),
        token: Some("/token"),
        source: Source::Userinfo {
            url: "/userinfo",
            claims: &[
                ("sub", "/sub"),
                ("name", "/name"),
                ("nickname", "/name"),
                ("picture", "/picture"),
                ("email", "/email"),
                ("phone_number", "/mobile"),
            ],
        },
        prompt: None,
    },
    Vendor {
        kind: ProviderKind::Linkedin,
        base: Some("https://www.linkedin.com/oauth/v2"),
        auth: Some("/authorization"),
        token: Some("/accessToken"),
        source: Source::Userinfo {
            url: "https://api.linkedin.com/v2/me",
            claims: &[
                ("sub", "/id"),
                ("given_name", "/localizedFirstName"),
                ("family_name", "/localizedLastName"),
            ],
        },
        prompt: None,
    },
    Vendor {
        kind: ProviderKind::Amazon,
        base: Some("https://www.amazon.com"),
        auth: Some("/ap/oa"),
        token: Some("https://api.amazon.com/auth/o2/token"),
        source: Source::Userinfo {
            url: "https://api.amazon.com/user/profile",
            claims: &[("sub", "/user_id"), ("name", "/name"), ("email", "/email")],
        },
        prompt: None,
    },
    Vendor {
        kind: ProviderKind::Auth0,
        base: None,
        auth: Some("/authorize"),
        token: Some("/oauth/token"),
        source: Source::Userinfo {
            url: "/userinfo",
            claims: &[],
        },
        prompt: None,
    },
    Vendor {
        kind: ProviderKind::Salesforce,
        base: None,
        auth: Some("/services/oauth2/authorize"),
        token: Some("/services/oauth2/token"),
        source: Source::Userinfo {
            url: "/services/oauth2/userinfo",
            claims: &[],
        },
        prompt: None,
    },
    Vendor {
        kind: ProviderKind::Line,
        base: Some("https://access.line.me"),
        auth: Some("/oauth2/v2.1/authorize"),
        token: Some("https://api.line.me/oauth2/v2.1/token"),
        source: Source::Userinfo {
            url: "https://api.line.me/oauth2/v2.1/userinfo",
            claims: &[],
        },
        prompt: None,
    },
    Vendor {
        kind: ProviderKind::UaePass,
        base: Some("https://id.uaepass.ae/idshub"),
        auth: Some("/authorize"),
        token: Some("/token"),
        source: Source::Userinfo {
            url: "/userinfo",
            claims: &[],
        },
        prompt: None,
    },
    Vendor {
        kind: ProviderKind::X,
        source: Source::Unsupported("x"),
        auth: Some("https://api.twitter.com/oauth/authorize"),
        token: Some("https://api.twitter.com/oauth/access_token"),
        ..GENERIC
    },
];
