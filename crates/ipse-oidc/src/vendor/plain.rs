//! Providers without ID tokens, or whose ID tokens say too little, and X.

use ipse_config::selfservice::oidc::ProviderKind;

use super::{PLAIN, Source, Vendor};

const GITHUB: Vendor = Vendor {
    kind: ProviderKind::Github,
    base: Some("https://github.com"),
    issuers: &["https://github.com/login/oauth/access_token"],
    auth: Some("/login/oauth/authorize"),
    token: Some("/login/oauth/access_token"),
    source: Source::Userinfo {
        url: "https://api.github.com/user",
        // The address here is whichever one the person wants to be seen, proved or not.
        claims: &[
            ("sub", "/id"),
            ("name", "/name"),
            ("nickname", "/login"),
            ("preferred_username", "/login"),
            ("website", "/blog"),
            ("picture", "/avatar_url"),
            ("profile", "/html_url"),
            ("updated_at", "/updated_at"),
        ],
    },
    ..PLAIN
};

/// All of them.
pub(super) const VENDORS: &[Vendor] = &[
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
        confirm: Some("login"),
        ..PLAIN
    },
    Vendor {
        kind: ProviderKind::Discord,
        base: Some("https://discord.com/api/v9"),
        issuers: &["https://discord.com/api/v9/oauth2/"],
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
        confirm: Some("consent"),
        ..PLAIN
    },
    Vendor {
        kind: ProviderKind::Slack,
        base: Some("https://slack.com"),
        issuers: &["https://slack.com/oauth/"],
        auth: Some("/oauth/authorize"),
        token: Some("/api/oauth.access"),
        source: Source::Userinfo {
            url: "/api/users.identity",
            claims: &[
                ("sub", "/user/id"),
                ("name", "/user/name"),
                ("nickname", "/user/name"),
                ("preferred_username", "/user/name"),
                ("email", "/user/email"),
                ("picture", "/user/image_512"),
                ("team", "/team/id"),
            ],
        },
        ..PLAIN
    },
    Vendor {
        kind: ProviderKind::Spotify,
        base: Some("https://accounts.spotify.com"),
        issuers: &["https://accounts.spotify.com/api/token"],
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
                ("birthdate", "/birthdate"),
            ],
        },
        ..PLAIN
    },
    Vendor {
        kind: ProviderKind::Facebook,
        base: Some("https://www.facebook.com"),
        auth: Some("/dialog/oauth"),
        token: Some("https://graph.facebook.com/oauth/access_token"),
        source: Source::Userinfo {
            url: "https://graph.facebook.com/me?fields=id,name,first_name,last_name,middle_name,email,picture,birthday,gender",
            claims: &[
                ("sub", "/id"),
                ("name", "/name"),
                ("nickname", "/name"),
                ("preferred_username", "/name"),
                ("given_name", "/first_name"),
                ("middle_name", "/middle_name"),
                ("family_name", "/last_name"),
                ("email", "/email"),
                ("picture", "/picture/data/url"),
                ("birthdate", "/birthday"),
                ("gender", "/gender"),
            ],
        },
        confirm: Some("login"),
        ..PLAIN
    },
    Vendor {
        kind: ProviderKind::Patreon,
        base: Some("https://www.patreon.com"),
        issuers: &["https://www.patreon.com/"],
        auth: Some("/oauth2/authorize"),
        token: Some("/api/oauth2/token"),
        source: Source::Userinfo {
            url: "/api/oauth2/v2/identity?fields%5Buser%5D=first_name,last_name,full_name,email,image_url,url",
            claims: &[
                ("sub", "/data/id"),
                ("name", "/data/attributes/full_name"),
                ("given_name", "/data/attributes/first_name"),
                ("family_name", "/data/attributes/last_name"),
                ("last_name", "/data/attributes/last_name"),
                ("email", "/data/attributes/email"),
                ("picture", "/data/attributes/image_url"),
                ("profile", "/data/attributes/url"),
            ],
        },
        prompt: Some("none"),
        confirm: Some("consent"),
        ..PLAIN
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
        ..PLAIN
    },
    Vendor {
        kind: ProviderKind::Yandex,
        base: Some("https://oauth.yandex.com"),
        issuers: &["https://login.yandex.ru/info"],
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
                ("phone_number", "/default_phone/number"),
                ("gender", "/sex"),
                ("birthdate", "/birthday"),
            ],
        },
        ..PLAIN
    },
    Vendor {
        kind: ProviderKind::DingTalk,
        base: Some("https://login.dingtalk.com"),
        issuers: &["https://api.dingtalk.com/v1.0/contact/users/me"],
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
        ..PLAIN
    },
    Vendor {
        kind: ProviderKind::Lark,
        base: Some("https://passport.feishu.cn/suite/passport/oauth"),
        issuers: &["https://passport.feishu.cn/suite/passport/oauth/userinfo"],
        auth: Some("/authorize"),
        token: Some("/token"),
        source: Source::Userinfo {
            url: "/userinfo",
            claims: &[
                ("sub", "/open_id"),
                ("name", "/name"),
                ("nickname", "/name"),
                ("picture", "/avatar_url"),
                ("email", "/email"),
                ("phone_number", "/mobile"),
            ],
        },
        ..PLAIN
    },
    Vendor {
        kind: ProviderKind::Linkedin,
        base: Some("https://www.linkedin.com/oauth/v2"),
        issuers: &["https://login.linkedin.com/"],
        auth: Some("/authorization"),
        token: Some("/accessToken"),
        source: Source::Userinfo {
            url: "https://api.linkedin.com/v2/me?projection=(id,localizedFirstName,localizedLastName,profilePicture(displayImage~digitalmediaAsset:playableStreams))",
            claims: &[
                ("sub", "/id"),
                ("given_name", "/localizedFirstName"),
                ("family_name", "/localizedLastName"),
                ("last_name", "/localizedLastName"),
            ],
        },
        ..PLAIN
    },
    Vendor {
        kind: ProviderKind::Amazon,
        base: Some("https://www.amazon.com"),
        issuers: &["https://api.amazon.com/auth/o2/token"],
        auth: Some("/ap/oa"),
        token: Some("https://api.amazon.com/auth/o2/token"),
        source: Source::Userinfo {
            url: "https://api.amazon.com/user/profile",
            claims: &[
                ("sub", "/user_id"),
                ("name", "/name"),
                ("email", "/email"),
                ("zoneinfo", "/postal_code"),
            ],
        },
        ..PLAIN
    },
    Vendor {
        kind: ProviderKind::Auth0,
        auth: Some("/authorize"),
        token: Some("/oauth/token"),
        confirm: Some("login"),
        ..PLAIN
    },
    Vendor {
        kind: ProviderKind::Salesforce,
        auth: Some("/services/oauth2/authorize"),
        token: Some("/services/oauth2/token"),
        source: Source::Userinfo {
            url: "/services/oauth2/userinfo",
            claims: &[],
        },
        confirm: Some("login"),
        ..PLAIN
    },
    Vendor {
        kind: ProviderKind::UaePass,
        base: Some("https://id.uaepass.ae"),
        auth: Some("/idshub/authorize"),
        token: Some("/idshub/token"),
        source: Source::Userinfo {
            url: "/idshub/userinfo",
            claims: &[
                ("sub", "/sub"),
                ("name", "/fullnameEN"),
                ("given_name", "/firstnameEN"),
                ("family_name", "/lastnameEN"),
                ("last_name", "/lastnameEN"),
                ("email", "/email"),
            ],
        },
        told: &[(
            "acr_values",
            "urn:safelayer:tws:policies:authentication:level:low",
        )],
        basic: true,
        ..PLAIN
    },
    Vendor {
        kind: ProviderKind::X,
        source: Source::X,
        ..PLAIN
    },
];
