//! What well-known providers do in ways of their own.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::support::{Pair, Web, claims, now, provider};
use crate::{Code, IdTokenError, OidcError, Start};

fn code() -> Code<'static> {
    Code {
        code: "code",
        redirect_uri: "https://me.example.org/back",
        verifier: None,
        user: None,
        issuer: None,
        nonce: None,
        request_token: None,
    }
}

fn start() -> Start<'static> {
    Start {
        redirect_uri: "https://me.example.org/back",
        state: "state",
        verifier: "v",
        nonce: Some("n"),
        confirm: true,
        upstream: &[],
    }
}

/// A private key for ES256 as operators have it from Apple.
fn apple_key() -> String {
    let start = "MEECAQAwEwYHKoZIzj0CAQYIKoZIzj0DAQcEJzAlAgEBBCA";
    let start = URL_SAFE_NO_PAD.decode(start).unwrap();
    let der = STANDARD.encode([&start[..35], &[7; 32]].concat());
    let label = "PRIVATE KEY";
    format!("-----BEGIN {label}-----\n{der}\n-----END {label}-----\n")
}

#[tokio::test]
async fn every_kind_of_provider_has_an_address() {
    let web = Web::with_keys(&[]);
    web.put(
        "https://www.linkedin.com/oauth/.well-known/openid-configuration",
        &json!({ "issuer": "https://www.linkedin.com/oauth", "authorization_endpoint": "https://www.linkedin.com/oauth/v2/authorization" }),
    );
    web.put(
        "https://accounts.google.com/.well-known/openid-configuration",
        &json!({ "issuer": "https://accounts.google.com", "authorization_endpoint": "https://accounts.google.com/o/oauth2/v2/auth" }),
    );
    web.put(
        "https://access.line.me/.well-known/openid-configuration",
        &json!({ "issuer": "https://access.line.me", "authorization_endpoint": "https://access.line.me/oauth2/v2.1/authorize" }),
    );
    let kinds = [
        "github",
        "github-app",
        "gitlab",
        "generic",
        "google",
        "microsoft",
        "discord",
        "salesforce",
        "slack",
        "facebook",
        "auth0",
        "vk",
        "yandex",
        "apple",
        "spotify",
        "netid",
        "dingtalk",
        "patreon",
        "line",
        "linkedin",
        "linkedin_v2",
        "lark",
        "amazon",
        "uaepass",
    ];
    for kind in kinds {
        let needs_issuer = ["generic", "auth0", "salesforce"].contains(&kind);
        let without = provider(json!({ "provider": kind, "issuer_url": null }));
        let started = web.providers().start(&without, &start(), now()).await;
        if needs_issuer {
            assert_eq!(started, Err(OidcError::Lacks("issuer_url")), "{kind}");
            let with = provider(json!({ "provider": kind }));
            assert!(
                web.providers().start(&with, &start(), now()).await.is_ok(),
                "{kind}"
            );
        } else {
            let url = started
                .unwrap_or_else(|error| panic!("{kind}: {error}"))
                .url;
            let prompt = match kind {
                "discord" | "patreon" | "dingtalk" => Some("prompt=consent"),
                "google" | "microsoft" | "apple" | "netid" | "line" | "linkedin_v2" | "gitlab"
                | "facebook" => Some("prompt=login"),
                _ => None,
            };
            let asked = url
                .split(['?', '&'])
                .find(|pair| pair.starts_with("prompt="));
            assert_eq!(
                (url.starts_with("https://"), asked),
                (true, prompt),
                "{kind}: {url}"
            );
        }
    }
}

#[tokio::test]
async fn github_tells_the_preferred_address() {
    let web = Web::with_keys(&[]);
    web.put_raw(
        "https://github.com/login/oauth/access_token",
        200,
        b"access_token=access&scope=user%3Aemail&token_type=bearer",
    );
    web.put(
        "https://api.github.com/user",
        &json!({ "id": 1234567890123_u64, "login": "ada", "name": "Ada", "email": null }),
    );
    web.put(
        "https://api.github.com/user/emails",
        &json!([
            { "email": "old@example.org", "primary": false, "verified": true },
            { "email": "ada@example.org", "primary": true, "verified": true },
        ]),
    );
    let provider =
        provider(json!({ "provider": "github", "issuer_url": null, "scope": ["user:email"] }));
    let identified = web
        .providers()
        .redeem(&provider, &code(), now())
        .await
        .unwrap();
    assert_eq!(identified.claims.subject(), "1234567890123");
    assert_eq!(identified.claims.text("email"), Some("ada@example.org"));
    assert_eq!(identified.claims.get("email_verified"), Some(&json!(true)));
    assert_eq!(identified.claims.text("nickname"), Some("ada"));
    let (_, body) = web.sent("https://github.com/login/oauth/access_token");
    assert!(
        body.ends_with("&client_id=client&client_secret=secret"),
        "{body}"
    );
}

#[tokio::test]
async fn somebody_without_a_subject_is_nobody() {
    let web = Web::with_keys(&[]);
    web.put(
        "https://discord.com/api/v9/oauth2/token",
        &json!({ "access_token": "access" }),
    );
    web.put(
        "https://discord.com/api/v9/users/@me",
        &json!({ "username": "ada" }),
    );
    let provider = provider(json!({ "provider": "discord", "issuer_url": null }));
    let refused = web.providers().redeem(&provider, &code(), now()).await;
    assert_eq!(refused, Err(OidcError::Missing("a subject")));
}

#[tokio::test]
async fn facebook_sees_who_uses_the_token() {
    let web = Web::with_keys(&[]);
    web.put(
        "https://graph.facebook.com/oauth/access_token",
        &json!({ "access_token": "access" }),
    );
    let provider = provider(json!({ "provider": "facebook", "issuer_url": null }));
    web.providers()
        .redeem(&provider, &code(), now())
        .await
        .unwrap_err();
    let asked = web.asked.lock().unwrap();
    let asked = asked.last().unwrap().uri().to_string();
    assert!(
        asked.starts_with("https://graph.facebook.com/me?") && asked.contains("&appsecret_proof="),
        "{asked}"
    );
}

#[tokio::test]
async fn apple_gets_a_secret_that_is_signed_and_gives_a_name() {
    let pair = Pair::new(1, "a");
    let web = Web::with_keys(&[]);
    web.put(
        "https://appleid.apple.com/auth/keys",
        &json!({ "keys": [pair.public] }),
    );
    let id_token = pair.sign(&claims(
        json!({ "iss": "https://appleid.apple.com", "email_verified": "true" }),
    ));
    web.put(
        "https://appleid.apple.com/auth/token",
        &json!({ "id_token": id_token }),
    );
    let config = json!({
        "provider": "apple", "issuer_url": null, "client_secret": null, "scope": ["name"], "apple_team_id": "TEAM",
        "apple_private_key_id": "KEY", "apple_private_key": apple_key(),
    });
    let apple = provider(config);
    let user = r#"{"name":{"firstName":"Ada","lastName":""},"email":"eve@example.org"}"#;
    let identified = web
        .providers()
        .redeem(
            &apple,
            &Code {
                user: Some(user),
                ..code()
            },
            now(),
        )
        .await
        .unwrap();
    assert_eq!(identified.claims.text("given_name"), Some("Ada"));
    assert_eq!(identified.claims.text("family_name"), None);
    assert_eq!(
        identified.claims.text("email"),
        Some("ada@example.org"),
        "nothing vouches for the other one"
    );
    assert_eq!(identified.claims.get("email_verified"), Some(&json!(true)));
    let (_, body) = web.sent("https://appleid.apple.com/auth/token");
    let secret = body.split("client_secret=").nth(1).unwrap();
    let stated = URL_SAFE_NO_PAD
        .decode(secret.split('.').nth(1).unwrap())
        .unwrap();
    let stated: Value = serde_json::from_slice(&stated).unwrap();
    let at = now().as_second();
    assert_eq!(
        stated,
        json!({ "iss": "TEAM", "iat": at, "exp": at + 300, "aud": "https://appleid.apple.com", "sub": "client" })
    );
    let started = web
        .providers()
        .start(&apple, &start(), now())
        .await
        .unwrap();
    assert!(
        started.url.contains("response_mode=form_post"),
        "{}",
        started.url
    );
    let broken = provider(
        json!({ "provider": "apple", "issuer_url": null, "apple_team_id": "TEAM", "apple_private_key_id": "KEY",
        "apple_private_key": "nonsense" }),
    );
    let refused = web
        .providers()
        .redeem(&broken, &code(), now())
        .await
        .unwrap_err();
    assert!(matches!(refused, OidcError::Key(_)), "{refused}");
}

#[tokio::test]
async fn microsoft_tenants_are_kept_apart() {
    let pair = Pair::new(1, "a");
    let web = Web::with_keys(&[]);
    let (mine, other) = (
        "11111111-2222-3333-4444-555555555555",
        "99999999-2222-3333-4444-555555555555",
    );
    for (configured, tenant, counts) in [
        ("common", mine, true),
        (mine, mine, true),
        (mine, other, false),
        ("organizations", mine, true),
        (
            "organizations",
            "9188040d-6c67-4c5b-b112-36a304b66dad",
            false,
        ),
        ("consumers", mine, false),
    ] {
        let base = format!("https://login.microsoftonline.com/{configured}");
        web.put(
            &format!("{base}/discovery/v2.0/keys"),
            &json!({ "keys": [pair.public] }),
        );
        let issuer = format!("https://login.microsoftonline.com/{tenant}/v2.0");
        let id_token = pair.sign(&claims(
            json!({ "iss": issuer, "tid": tenant, "oid": "object" }),
        ));
        web.put(
            &format!("{base}/oauth2/v2.0/token"),
            &json!({ "id_token": id_token }),
        );
        let provider = provider(
            json!({ "provider": "microsoft", "issuer_url": null, "microsoft_tenant": configured, "subject_source": "oid" }),
        );
        let outcome = web.providers().redeem(&provider, &code(), now()).await;
        assert_eq!(
            outcome.is_ok(),
            counts,
            "{configured} {tenant}: {outcome:?}"
        );
        if let Ok(identified) = outcome {
            assert_eq!(identified.claims.subject(), "object");
        }
    }
}

#[tokio::test]
async fn apps_bring_tokens_of_some_providers_only() {
    let pair = Pair::new(1, "a");
    let web = Web::with_keys(&[&pair.public]);
    web.put(
        "https://www.googleapis.com/oauth2/v3/certs",
        &json!({ "keys": [pair.public] }),
    );
    let google = provider(
        json!({ "provider": "google", "issuer_url": null, "additional_id_token_audiences": ["app"] }),
    );
    let token = |changes: Value| {
        let mut changes = changes;
        changes["iss"] = json!("https://accounts.google.com");
        pair.sign(&claims(changes))
    };
    let verify = async |token: &str, nonce| {
        web.providers()
            .verify_native(&google, (token, nonce), now())
            .await
            .map(drop)
    };
    assert_eq!(
        verify(&token(json!({ "nonce": "n" })), Some("n")).await,
        Ok(())
    );
    assert_eq!(verify(&token(json!({ "aud": "app" })), None).await, Ok(()));
    let refused = verify(&token(json!({ "nonce": "n" })), Some("m")).await;
    assert_eq!(
        refused,
        Err(OidcError::IdToken(IdTokenError::NonceMismatch))
    );
    let generic = provider(json!({}));
    let refused = web
        .providers()
        .verify_native(&generic, (&token(json!({})), None), now())
        .await;
    assert!(matches!(refused, Err(OidcError::Unsupported(_))));
}
