//! Every kind of provider, by example: what it answers, and what is made of that.

use ipse_config::selfservice::oidc::ProviderKind;
use serde::Deserialize;
use serde_json::{Value, json};

use super::support::{Pair, Web, claims, now, provider};
use crate::{Code, OidcError};

/// A provider that tells who somebody is by a document.
#[derive(Deserialize)]
struct Plain {
    kind: String,
    /// What its configuration has beyond the usual.
    config: Value,
    /// Where it redeems codes.
    token: String,
    /// Where it tells who somebody is.
    userinfo: String,
    /// What it says there.
    says: Value,
    /// The claims that come of it; null stands for none.
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

fn plain() -> Vec<Plain> {
    serde_json::from_str(include_str!("kinds.json")).unwrap()
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
    let plain = plain();
    let mut tested: Vec<&str> = plain.iter().map(|plain| &*plain.kind).collect();
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
        web.put(&plain.token, &answer);
        web.put(&plain.userinfo, &plain.says);
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
            nonce: Some("n"),
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
