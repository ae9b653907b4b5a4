//! The whole way: discovery, the address of the provider, the code, the keys.

use ipse_model::SignedDuration;
use serde_json::{Value, json};
use url::Url;

use super::support::{ISSUER, Pair, Web, claims, now, provider};
use crate::{Code, IdTokenError, OidcError, Start};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

fn start<'a>(upstream: &'a [(String, String)]) -> Start<'a> {
    Start {
        redirect_uri: "https://me.example.org/back",
        state: "state",
        verifier: VERIFIER,
        nonce: Some("nonce"),
        confirm: false,
        upstream,
    }
}

fn code(verifier: Option<&str>) -> Code<'_> {
    Code {
        code: "code",
        redirect_uri: "https://me.example.org/back",
        verifier,
        user: None,
        issuer: None,
        nonce: Some("nonce"),
        request_token: None,
    }
}

fn query(url: &str) -> Value {
    let url = Url::parse(url).unwrap();
    url.query_pairs()
        .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())))
        .collect()
}

#[tokio::test]
async fn discovery_says_where_to_go() {
    let web = Web::with_keys(&[]);
    let provider = provider(
        json!({ "scope": ["email"], "requested_claims": { "id_token": { "email": null } } }),
    );
    let upstream = [("prompt", "consent"), ("evil", "1"), ("client_id", "x")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let started = web
        .providers()
        .start(&provider, &start(&upstream), now())
        .await
        .unwrap();
    assert!(started.proof_key && started.url.starts_with(&format!("{ISSUER}/authorize?")));
    assert_eq!(
        query(&started.url),
        json!({
            "client_id": "client", "redirect_uri": "https://me.example.org/back", "response_type": "code",
            "scope": "email openid", "state": "state", "prompt": "consent",
            "claims": "{\"id_token\":{\"email\":null}}",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256",
        })
    );
}

#[tokio::test]
async fn proof_keys_follow_the_configuration() {
    let web = Web::with_keys(&[]);
    for (pkce, expected) in [("auto", true), ("never", false), ("force", true)] {
        let provider = provider(json!({ "pkce": pkce }));
        let started = web
            .providers()
            .start(&provider, &start(&[]), now())
            .await
            .unwrap();
        assert_eq!(started.proof_key, expected, "{pkce}");
        assert_eq!(started.url.contains("code_challenge"), expected, "{pkce}");
        assert_eq!(started.url.contains("&nonce=nonce"), !expected, "{pkce}");
    }
}

#[tokio::test]
async fn a_code_becomes_somebody() {
    let pair = Pair::new(1, "a");
    let web = Web::with_keys(&[&pair.public]);
    let id_token = pair.sign(&claims(json!({})));
    web.put(
        &format!("{ISSUER}/token"),
        &json!({ "id_token": id_token, "access_token": "access", "refresh_token": "refresh" }),
    );
    let provider = provider(json!({}));
    let identified = web
        .providers()
        .redeem(&provider, &code(Some(VERIFIER)), now())
        .await
        .unwrap();
    assert_eq!(identified.claims.subject(), "1");
    assert_eq!(
        identified.tokens.id_token.as_deref(),
        Some(id_token.as_str())
    );
    assert_eq!(identified.tokens.refresh_token.as_deref(), Some("refresh"));
    assert_eq!(format!("{:?}", identified.tokens), "Tokens(…)");
    let (headers, body) = web.sent(&format!("{ISSUER}/token"));
    assert_eq!(headers["authorization"], "Basic Y2xpZW50OnNlY3JldA==");
    assert_eq!(
        body,
        format!(
            "grant_type=authorization_code&code=code&redirect_uri=https%3A%2F%2Fme.example.org%2Fback&code_verifier={VERIFIER}"
        )
    );
}

#[tokio::test]
async fn claims_can_come_from_the_user_info_endpoint() {
    let pair = Pair::new(1, "a");
    let web = Web::with_keys(&[&pair.public]);
    web.put(
        &format!("{ISSUER}/token"),
        &json!({ "id_token": pair.sign(&claims(json!({}))), "access_token": "access" }),
    );
    let provider = provider(json!({ "claims_source": "userinfo" }));
    web.put(
        &format!("{ISSUER}/userinfo"),
        &json!({ "sub": "1", "name": "Ada" }),
    );
    let identified = web
        .providers()
        .redeem(&provider, &code(None), now())
        .await
        .unwrap();
    assert_eq!(identified.claims.text("name"), Some("Ada"));
    assert_eq!(identified.claims.text("iss"), Some(ISSUER));
    assert_eq!(
        web.sent(&format!("{ISSUER}/userinfo")).0["authorization"],
        "Bearer access"
    );
    web.put(
        &format!("{ISSUER}/userinfo"),
        &json!({ "sub": "2", "name": "Eve" }),
    );
    let refused = web.providers().redeem(&provider, &code(None), now()).await;
    assert_eq!(refused, Err(OidcError::SubjectMismatch));
}

#[tokio::test]
async fn rotated_keys_are_fetched_once_they_are_named() {
    let (old, new) = (Pair::new(1, "old"), Pair::new(2, "new"));
    let web = Web::with_keys(&[&old.public]);
    let (providers, provider) = (web.providers(), provider(json!({})));
    let keys = format!("{ISSUER}/keys");
    let redeem = async |pair: &Pair, later: i64| {
        let answer = json!({ "id_token": pair.sign(&claims(json!({ "exp": 9_999_999_999_i64 }))) });
        web.put(&format!("{ISSUER}/token"), &answer);
        providers
            .redeem(
                &provider,
                &code(None),
                now() + SignedDuration::from_secs(later),
            )
            .await
            .map(drop)
    };
    assert_eq!(redeem(&old, 0).await, Ok(()));
    assert_eq!(redeem(&old, 60).await, Ok(()));
    assert_eq!(web.count(&keys), 1, "keys are kept");
    web.put(&keys, &json!({ "keys": [old.public, new.public] }));
    assert_eq!(redeem(&new, 61).await, Ok(()));
    assert_eq!(web.count(&keys), 2);
    // Whoever names keys that don't exist doesn't have them fetched each time.
    for _ in 0..5 {
        let refused = redeem(&Pair::new(3, "unknown"), 62).await;
        assert_eq!(refused, Err(OidcError::IdToken(IdTokenError::UnknownKey)));
    }
    assert_eq!(web.count(&keys), 2);
    assert_eq!(redeem(&old, 3_700).await, Ok(()));
    assert_eq!(web.count(&keys), 3, "keys are not kept for ever");
}

#[tokio::test]
async fn a_giant_key_set_is_refused() {
    let pair = Pair::new(1, "a");
    let web = Web::with_keys(&vec![&pair.public; 10_000]);
    web.put(
        &format!("{ISSUER}/token"),
        &json!({ "id_token": pair.sign(&claims(json!({}))) }),
    );
    let refused = web
        .providers()
        .redeem(&provider(json!({})), &code(None), now())
        .await;
    assert_eq!(refused, Err(OidcError::TooManyKeys(10_000)));
}

#[tokio::test]
async fn unknown_kinds_of_keys_are_passed_over() {
    let pair = Pair::new(1, "a");
    let web = Web::with_keys(&[]);
    let odd = json!({ "kty": "LATTICE", "kid": "a", "z": 1 });
    web.put(
        &format!("{ISSUER}/keys"),
        &json!({ "keys": [odd, 1, null, pair.public] }),
    );
    web.put(
        &format!("{ISSUER}/token"),
        &json!({ "id_token": pair.sign(&claims(json!({}))) }),
    );
    assert!(
        web.providers()
            .redeem(&provider(json!({})), &code(None), now())
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn the_description_of_somebody_else_is_refused() {
    let web = Web::with_keys(&[]);
    let url = format!("{ISSUER}/.well-known/openid-configuration");
    web.put(&url, &json!({ "issuer": "https://evil.example.com", "authorization_endpoint": "https://evil.example.com/" }));
    let refused = web
        .providers()
        .start(&provider(json!({})), &start(&[]), now())
        .await
        .unwrap_err();
    assert!(matches!(refused, OidcError::ForeignIssuer { .. }) && refused.is_configuration());
    web.put(&url, &json!({ "issuer": ISSUER }));
    let refused = web
        .providers()
        .start(&provider(json!({})), &start(&[]), now())
        .await
        .unwrap_err();
    assert_eq!(refused, OidcError::Incomplete("an authorization endpoint"));
    web.put_raw(&url, 404, b"{}");
    let refused = web
        .providers()
        .start(&provider(json!({})), &start(&[]), now())
        .await
        .unwrap_err();
    assert!(matches!(refused, OidcError::Discovery(_)));
}

#[tokio::test]
async fn a_provider_that_fails_says_nothing() {
    let web = Web::with_keys(&[]);
    let url = format!("{ISSUER}/token");
    let redeem = async || {
        web.providers()
            .redeem(&provider(json!({})), &code(None), now())
            .await
            .unwrap_err()
    };
    assert!(matches!(redeem().await, OidcError::Unreachable { .. }));
    web.put_raw(
        &url,
        400,
        br#"{"error":"invalid_grant","error_description":"used before"}"#,
    );
    assert_eq!(
        redeem().await,
        OidcError::CodeRefused("invalid_grant: used before".to_owned())
    );
    web.put_raw(&url, 502, b"<html>");
    assert_eq!(
        redeem().await,
        OidcError::Status {
            what: "token endpoint",
            status: 502
        }
    );
    web.put_raw(&url, 200, b"<html>");
    assert_eq!(
        redeem().await,
        OidcError::NotJson {
            what: "token endpoint"
        }
    );
    web.put(&url, &json!({ "access_token": "access" }));
    assert_eq!(redeem().await, OidcError::Missing("an ID token"));
}
