//! Every kind of provider, by example: what it answers, and what is made of that.

use ipse_config::selfservice::oidc::ProviderKind;
use serde_json::{Value, json};

use super::support::{Pair, Web, claims, now, provider};
use crate::{Code, OidcError};

/// A provider that tells who somebody is by a document.
struct Plain {
    kind: &'static str,
    /// What its configuration has beyond the usual.
    config: Value,
    token: &'static str,
    userinfo: (&'static str, Value),
    /// The claims that come of it.
    claims: Value,
}

fn code() -> Code<'static> {
    Code {
        code: "code",
        redirect_uri: "https://me.example.org/back",
        verifier: None,
        user: None,
        issuer: None,
        nonce: Some("nonce"),
        request_token: None,
    }
}

/// Which claims of `expected` came out differently.
fn differences(expected: &Value, found: &Value) -> Vec<String> {
    let expected = expected.as_object().unwrap();
    let differs = |(name, value): (&String, &Value)| {
        let other = found.get(name).unwrap_or(&Value::Null);
        (other != value).then(|| format!("{name}: {other} instead of {value}"))
    };
    expected.iter().filter_map(differs).collect()
}

#[expect(clippy::too_many_lines, reason = "a table, one entry a provider")]
fn plain() -> Vec<Plain> {
    vec![
        Plain {
            kind: "github",
            config: json!({}),
            token: "https://github.com/login/oauth/access_token",
            userinfo: (
                "https://api.github.com/user",
                json!({ "id": 7, "login": "ada", "name": "Ada", "email": "shown@example.org", "blog": "https://ada.example.org",
                    "avatar_url": "https://p.example.org", "html_url": "https://github.com/ada", "updated_at": "2026-01-01T00:00:00Z" }),
            ),
            claims: json!({ "sub": "7", "name": "Ada", "nickname": "ada", "email": null, "website": "https://ada.example.org",
                "picture": "https://p.example.org", "profile": "https://github.com/ada", "updated_at": 1_767_225_600,
                "iss": "https://github.com/login/oauth/access_token" }),
        },
        Plain {
            kind: "gitlab",
            config: json!({ "issuer_url": "https://git.example.org" }),
            token: "https://git.example.org/oauth/token",
            userinfo: (
                "https://git.example.org/oauth/userinfo",
                json!({ "sub": "7", "email": "ada@example.org", "email_verified": true, "groups": ["a"] }),
            ),
            claims: json!({ "sub": "7", "email": "ada@example.org", "email_verified": true, "groups": ["a"],
                "iss": "https://git.example.org" }),
        },
        Plain {
            kind: "discord",
            config: json!({}),
            token: "https://discord.com/api/v9/oauth2/token",
            userinfo: (
                "https://discord.com/api/v9/users/@me",
                json!({ "id": "7", "username": "ada", "discriminator": "0042", "avatar": "a_1f", "email": "ada@example.org",
                    "verified": true, "locale": "en-GB" }),
            ),
            claims: json!({ "sub": "7", "name": "ada#0042", "nickname": "ada", "email": "ada@example.org", "email_verified": true,
                "locale": "en-GB", "picture": "https://cdn.discordapp.com/avatars/7/a_1f.gif" }),
        },
        Plain {
            kind: "slack",
            config: json!({}),
            token: "https://slack.com/api/oauth.access",
            userinfo: (
                "https://slack.com/api/users.identity",
                json!({ "ok": true, "user": { "id": "U7", "name": "Ada", "email": "ada@example.org", "image_512": "https://p.example.org" },
                    "team": { "id": "T1" } }),
            ),
            claims: json!({ "sub": "U7", "name": "Ada", "nickname": "Ada", "email": "ada@example.org", "email_verified": true,
                "team": "T1", "picture": "https://p.example.org" }),
        },
        Plain {
            kind: "spotify",
            config: json!({}),
            token: "https://accounts.spotify.com/api/token",
            userinfo: (
                "https://api.spotify.com/v1/me",
                json!({ "id": "ada7", "display_name": "Ada", "email": "ada@example.org", "images": [{ "url": "https://p.example.org" }],
                    "external_urls": { "spotify": "https://open.spotify.com/user/ada7" }, "birthdate": "1815-12-10" }),
            ),
            claims: json!({ "sub": "ada7", "name": "Ada", "email": "ada@example.org", "picture": "https://p.example.org",
                "profile": "https://open.spotify.com/user/ada7", "birthdate": "1815-12-10", "email_verified": null }),
        },
        Plain {
            kind: "patreon",
            config: json!({}),
            token: "https://www.patreon.com/api/oauth2/token",
            userinfo: (
                "https://www.patreon.com/api/oauth2/v2/identity?fields%5Buser%5D=first_name,last_name,full_name,email,image_url,url",
                json!({ "data": { "id": "7", "attributes": { "full_name": "Ada L", "first_name": "Ada", "last_name": "L",
                    "email": "ada@example.org", "image_url": "https://p.example.org" } } }),
            ),
            claims: json!({ "sub": "7", "name": "Ada L", "given_name": "Ada", "family_name": "L", "last_name": "L",
                "email": "ada@example.org", "picture": "https://p.example.org" }),
        },
        Plain {
            kind: "vk",
            config: json!({}),
            token: "https://oauth.vk.com/access_token",
            userinfo: (
                "https://api.vk.com/method/users.get?fields=photo_200,nickname,bdate,sex&v=5.131&access_token=access",
                json!({ "response": [{ "id": 7, "first_name": "Ada", "last_name": "L", "sex": 1, "bdate": "10.12.1815" }] }),
            ),
            claims: json!({ "sub": "7", "given_name": "Ada", "family_name": "L", "gender": "female", "birthdate": "10.12.1815",
                "email": "beside@example.org" }),
        },
        Plain {
            kind: "yandex",
            config: json!({}),
            token: "https://oauth.yandex.com/token",
            userinfo: (
                "https://login.yandex.ru/info?format=json",
                json!({ "id": "7", "first_name": "Ada", "last_name": "L", "default_email": "ada@example.org",
                    "default_phone": { "number": "+4917" }, "default_avatar_id": "1/2", "is_avatar_empty": false, "sex": "female" }),
            ),
            claims: json!({ "sub": "7", "given_name": "Ada", "family_name": "L", "email": "ada@example.org", "phone_number": "+4917",
                "picture": "https://avatars.yandex.net/get-yapic/1/2/islands-200", "gender": "female",
                "iss": "https://login.yandex.ru/info" }),
        },
        Plain {
            kind: "dingtalk",
            config: json!({}),
            token: "https://api.dingtalk.com/v1.0/oauth2/userAccessToken",
            userinfo: (
                "https://api.dingtalk.com/v1.0/contact/users/me",
                json!({ "openId": "o7", "unionId": "u7", "nick": "Ada", "avatarUrl": "https://p.example.org", "email": "ada@example.org" }),
            ),
            claims: json!({ "sub": "o7", "name": "Ada", "picture": "https://p.example.org", "email": "ada@example.org" }),
        },
        Plain {
            kind: "lark",
            config: json!({}),
            token: "https://passport.feishu.cn/suite/passport/oauth/token",
            userinfo: (
                "https://passport.feishu.cn/suite/passport/oauth/userinfo",
                json!({ "sub": "s7", "open_id": "o7", "name": "Ada", "avatar_url": "https://p.example.org", "email": "ada@example.org",
                    "mobile": "+4917" }),
            ),
            claims: json!({ "sub": "o7", "name": "Ada", "picture": "https://p.example.org", "email": "ada@example.org",
                "phone_number": "+4917" }),
        },
        Plain {
            kind: "linkedin",
            config: json!({}),
            token: "https://www.linkedin.com/oauth/v2/accessToken",
            userinfo: (
                "https://api.linkedin.com/v2/me?projection=(id,localizedFirstName,localizedLastName,profilePicture(displayImage~digitalmediaAsset:playableStreams))",
                json!({ "id": "l7", "localizedFirstName": "Ada", "localizedLastName": "L", "profilePicture": { "displayImage~": {
                    "elements": [{}, {}, { "identifiers": [{ "identifier": "https://p.example.org/3" }] }, {}] } } }),
            ),
            claims: json!({ "sub": "l7", "given_name": "Ada", "family_name": "L", "last_name": "L", "email": null,
                "picture": "https://p.example.org/3" }),
        },
        Plain {
            kind: "amazon",
            config: json!({}),
            token: "https://api.amazon.com/auth/o2/token",
            userinfo: (
                "https://api.amazon.com/user/profile",
                json!({ "user_id": "amzn1.7", "name": "Ada", "email": "ada@example.org", "postal_code": "10115" }),
            ),
            claims: json!({ "sub": "amzn1.7", "name": "Ada", "email": "ada@example.org", "zoneinfo": "10115" }),
        },
        Plain {
            kind: "auth0",
            config: json!({ "issuer_url": "https://tenant.example.org/" }),
            token: "https://tenant.example.org/oauth/token",
            userinfo: (
                "https://tenant.example.org/userinfo",
                json!({ "sub": "auth0|7", "email": "ada@example.org", "email_verified": "false", "updated_at": "2026-01-01T00:00:00.000Z" }),
            ),
            claims: json!({ "sub": "auth0|7", "email": "ada@example.org", "email_verified": null, "updated_at": 1_767_225_600 }),
        },
        Plain {
            kind: "salesforce",
            config: json!({ "issuer_url": "https://sf.example.org" }),
            token: "https://sf.example.org/services/oauth2/token",
            userinfo: (
                "https://sf.example.org/services/oauth2/userinfo",
                json!({ "sub": "https://sf.example.org/id/7", "email": "ada@example.org", "updated_at": 5 }),
            ),
            claims: json!({ "sub": "https://sf.example.org/id/7", "email": "ada@example.org", "updated_at": 5 }),
        },
        Plain {
            kind: "uaepass",
            config: json!({ "issuer_url": "https://stg-id.uaepass.ae" }),
            token: "https://stg-id.uaepass.ae/idshub/token",
            userinfo: (
                "https://stg-id.uaepass.ae/idshub/userinfo",
                json!({ "sub": "7", "fullnameEN": "Ada L", "firstnameEN": "Ada", "lastnameEN": "L", "email": "ada@example.org" }),
            ),
            claims: json!({ "sub": "7", "name": "Ada L", "given_name": "Ada", "family_name": "L", "last_name": "L",
                "email": "ada@example.org", "iss": "https://stg-id.uaepass.ae" }),
        },
    ]
}

/// Kinds that have tests of their own, or differ from `generic` by name only.
const OTHERS: [&str; 11] = [
    "apple",
    "facebook",
    "fedcm-test",
    "generic",
    "github-app",
    "google",
    "line",
    "linkedin_v2",
    "microsoft",
    "netid",
    "x",
];

#[test]
fn every_kind_of_the_configuration_is_tested() {
    let mut tested: Vec<&str> = plain().iter().map(|plain| plain.kind).collect();
    tested.extend(OTHERS);
    let mut known: Vec<&str> = ProviderKind::ALL.iter().map(|kind| kind.as_str()).collect();
    tested.sort_unstable();
    known.sort_unstable();
    assert_eq!(tested, known);
}

#[tokio::test]
async fn documents_become_claims() {
    for plain in plain() {
        let web = Web::with_keys(&[]);
        let answer = json!({ "access_token": "access", "accessToken": "access", "email": "beside@example.org" });
        web.put(plain.token, &answer);
        web.put(plain.userinfo.0, &plain.userinfo.1);
        let mut config = json!({ "provider": plain.kind, "issuer_url": null });
        for (name, value) in plain.config.as_object().unwrap() {
            config[name] = value.clone();
        }
        let outcome = web
            .providers()
            .redeem(&provider(config), &code(), now())
            .await;
        let claims = outcome
            .unwrap_or_else(|error| panic!("{}: {error}", plain.kind))
            .claims;
        let differences = differences(&plain.claims, &claims.to_value());
        assert!(differences.is_empty(), "{}: {differences:?}", plain.kind);
    }
}

#[tokio::test]
async fn some_have_names_of_their_own_for_the_access_token() {
    for (kind, token, userinfo, header) in [
        (
            "dingtalk",
            "https://api.dingtalk.com/v1.0/oauth2/userAccessToken",
            "https://api.dingtalk.com/v1.0/contact/users/me",
            "x-acs-dingtalk-access-token",
        ),
        (
            "amazon",
            "https://api.amazon.com/auth/o2/token",
            "https://api.amazon.com/user/profile",
            "x-amz-access-token",
        ),
    ] {
        let web = Web::with_keys(&[]);
        let config = provider(json!({ "provider": kind, "issuer_url": null }));
        let redeem = async |access: &str| {
            web.put(
                token,
                &json!({ "access_token": access, "accessToken": access }),
            );
            web.providers().redeem(&config, &code(), now()).await
        };
        redeem("access").await.unwrap_err();
        assert_eq!(web.sent(userinfo).0[header], "access", "{kind}");
        assert_eq!(
            redeem("broken\nin two").await,
            Err(OidcError::OddToken),
            "{kind}"
        );
    }
}

#[tokio::test]
async fn uae_pass_gets_proof_keys_and_a_level_without_being_asked() {
    let web = Web::with_keys(&[]);
    let config = provider(json!({ "provider": "uaepass", "issuer_url": null }));
    let upstream = [("acr_values".to_owned(), "mobile".to_owned())];
    for (upstream, level) in [
        (
            &[][..],
            "acr_values=urn%3Asafelayer%3Atws%3Apolicies%3Aauthentication%3Alevel%3Alow",
        ),
        (&upstream[..], "acr_values=mobile"),
    ] {
        let start = crate::Start {
            redirect_uri: "https://me.example.org/back",
            state: "state",
            verifier: "v",
            nonce: "n",
            confirm: true,
            upstream,
        };
        let url = web
            .providers()
            .start(&config, &start, now())
            .await
            .unwrap()
            .url;
        assert!(
            url.starts_with("https://id.uaepass.ae/idshub/authorize?"),
            "{url}"
        );
        assert!(
            url.contains(level) && url.contains("code_challenge="),
            "{url}"
        );
        assert!(!url.contains("prompt="), "{url}");
    }
    let url = "https://id.uaepass.ae/idshub/token";
    web.put(url, &json!({ "access_token": "access" }));
    web.providers()
        .redeem(&config, &code(), now())
        .await
        .unwrap_err();
    assert!(web.sent(url).0.contains_key("authorization"));
}

#[tokio::test]
async fn line_signs_with_a_key_when_it_is_told_to() {
    let web = Web::with_keys(&[]);
    let document = json!({ "issuer": "https://access.line.me", "token_endpoint": "https://api.line.me/oauth2/v2.1/token" });
    web.put(
        "https://access.line.me/.well-known/openid-configuration",
        &document,
    );
    let config = provider(json!({ "provider": "line", "issuer_url": null }));
    web.providers()
        .redeem(&config, &code(), now())
        .await
        .unwrap_err();
    let (_, body) = web.sent("https://api.line.me/oauth2/v2.1/token");
    assert!(body.contains("&id_token_key_type=JWK"), "{body}");
}

#[tokio::test]
async fn id_tokens_of_netid_and_linkedin_say_little() {
    let pair = Pair::new(1, "a");
    for (kind, base, issuer) in [
        (
            "netid",
            "https://broker.netid.de",
            "https://broker.netid.de/",
        ),
        (
            "linkedin_v2",
            "https://www.linkedin.com/oauth",
            "https://www.linkedin.com/oauth",
        ),
        (
            "linkedin_v2",
            "https://www.linkedin.com/oauth",
            "https://www.linkedin.com",
        ),
    ] {
        let web = Web::with_keys(&[]);
        let token = if kind == "netid" {
            format!("{base}/token")
        } else {
            "https://t.example.org/t".to_owned()
        };
        web.put(
            &format!("{base}/.well-known/openid-configuration"),
            &json!({ "issuer": issuer, "token_endpoint": token, "userinfo_endpoint": "https://u.example.org/u",
                "jwks_uri": "https://k.example.org/k" }),
        );
        web.put("https://k.example.org/k", &json!({ "keys": [pair.public] }));
        web.put(
            "https://u.example.org/u",
            &json!({ "sub": "1", "email": "more@example.org" }),
        );
        let id_token = pair.sign(&claims(json!({ "iss": issuer, "email": null })));
        web.put(
            &token,
            &json!({ "id_token": id_token, "access_token": "access" }),
        );
        let config = provider(json!({ "provider": kind, "issuer_url": null }));
        let identified = web
            .providers()
            .redeem(&config, &code(), now())
            .await
            .unwrap();
        assert_eq!(
            identified.claims.text("email"),
            Some("more@example.org"),
            "{kind}"
        );
        assert_eq!(identified.claims.text("iss"), Some(issuer), "{kind}");
    }
    let web = Web::with_keys(&[]);
    web.put(
        "https://www.linkedin.com/oauth/.well-known/openid-configuration",
        &json!({ "issuer": "https://evil.example.com" }),
    );
    let config = provider(json!({ "provider": "linkedin_v2", "issuer_url": null }));
    let refused = web.providers().redeem(&config, &code(), now()).await;
    assert!(matches!(refused, Err(OidcError::ForeignIssuer { .. })));
}
