//! Ways that aren't OAuth2's: X by OAuth 1.0a, and tokens that browsers bring.

use serde_json::{Value, json};

use super::support::{ISSUER, Pair, Web, claims, now, provider};
use crate::{Code, IdTokenError, OidcError, RequestToken, Start};

const REQUEST_TOKEN: &str = "https://api.twitter.com/oauth/request_token";
const ACCESS_TOKEN: &str = "https://api.twitter.com/oauth/access_token";
const CREDENTIALS: &str = "https://api.twitter.com/1.1/account/verify_credentials.json";

fn start(confirm: bool) -> Start<'static> {
    Start {
        redirect_uri: "https://me.example.org/back",
        state: "the state",
        verifier: "verifier",
        nonce: Some("nonce"),
        confirm,
        upstream: &[],
    }
}

fn code(request_token: Option<&RequestToken>) -> Code<'_> {
    Code {
        code: "consent",
        redirect_uri: "https://me.example.org/back",
        verifier: None,
        user: None,
        issuer: None,
        nonce: Some("abc"),
        request_token,
    }
}

/// The parameters of a signed request.
fn signed(web: &Web, url: &str) -> Value {
    let header = web.sent(url).0["authorization"]
        .to_str()
        .unwrap()
        .to_owned();
    let parameters = header.strip_prefix("OAuth ").unwrap().split(", ");
    let pairs = parameters.map(|pair| pair.split_once('=').unwrap());
    pairs
        .map(|(name, value)| (name.to_owned(), Value::from(value.trim_matches('"'))))
        .collect()
}

#[tokio::test]
async fn x_signs_people_in_by_three_signed_requests() {
    let web = Web::with_keys(&[]);
    web.put_raw(
        REQUEST_TOKEN,
        200,
        b"oauth_token=asked&oauth_token_secret=s1&oauth_callback_confirmed=true",
    );
    let x = provider(json!({ "provider": "x", "issuer_url": null, "scope": ["email"] }));
    let started = web
        .providers()
        .start(&x, &start(true), now())
        .await
        .unwrap();
    assert_eq!(
        started.url,
        "https://api.twitter.com/oauth/authenticate?oauth_token=asked&force_login=true"
    );
    assert!(!started.proof_key);
    let asked = signed(&web, REQUEST_TOKEN);
    assert_eq!(
        asked["oauth_callback"],
        "https%3A%2F%2Fme.example.org%2Fback%3Fstate%3Dthe%2Bstate"
    );
    assert_eq!(
        (&asked["oauth_consumer_key"], &asked["oauth_token"]),
        (&json!("client"), &Value::Null)
    );
    let token = started.request_token.unwrap();
    assert!(token.is("asked") && !token.is("another"));
    assert_eq!(format!("{token:?}"), "RequestToken(…)");

    web.put_raw(
        ACCESS_TOKEN,
        200,
        b"oauth_token=access&oauth_token_secret=s2&user_id=7",
    );
    let url = format!("{CREDENTIALS}?include_email=true");
    web.put(
        &url,
        &json!({ "id": 7, "id_str": "7", "name": "Ada", "screen_name": "ada", "email": "ada@example.org", "url": null,
            "profile_image_url_https": "https://p.example.org", "verified": true }),
    );
    let identified = web
        .providers()
        .redeem(&x, &code(Some(&token)), now())
        .await
        .unwrap();
    let claims = identified.claims;
    assert_eq!((claims.subject(), claims.text("name")), ("7", Some("Ada")));
    assert_eq!(claims.text("email"), Some("ada@example.org"));
    assert_eq!(
        claims.get("email_verified"),
        None,
        "X verifies people, not addresses"
    );
    assert_eq!(identified.tokens.access_token.as_deref(), Some("access"));
    let exchanged = signed(&web, ACCESS_TOKEN);
    assert_eq!(
        (&exchanged["oauth_token"], &exchanged["oauth_verifier"]),
        (&json!("asked"), &json!("consent"))
    );
    let seen = signed(&web, &url);
    assert_eq!(seen["oauth_token"], "access");
    assert_ne!(
        seen["oauth_nonce"], exchanged["oauth_nonce"],
        "each request is another one"
    );
}

#[tokio::test]
async fn x_that_gives_no_token_signs_nobody_in() {
    let web = Web::with_keys(&[]);
    let x = provider(json!({ "provider": "x", "issuer_url": null }));
    let begin = async || {
        web.providers()
            .start(&x, &start(false), now())
            .await
            .map(drop)
    };
    web.put_raw(REQUEST_TOKEN, 401, b"");
    let refused = OidcError::Status {
        what: "token endpoint",
        status: 401,
    };
    assert_eq!(begin().await, Err(refused));
    web.put_raw(
        REQUEST_TOKEN,
        200,
        b"oauth_token=asked&oauth_token_secret=s",
    );
    assert_eq!(
        begin().await,
        Err(OidcError::Missing("a confirmed callback"))
    );
    let empty = b"oauth_token=asked&oauth_token_secret=&oauth_callback_confirmed=true";
    web.put_raw(REQUEST_TOKEN, 200, empty);
    assert_eq!(
        begin().await,
        Err(OidcError::Missing("the secret of a token"))
    );
    let without = web.providers().redeem(&x, &code(None), now()).await;
    assert_eq!(without, Err(OidcError::Missing("a request token")));
}

#[tokio::test]
async fn a_token_of_the_browser_counts_with_its_nonce() {
    let pair = Pair::new(1, "a");
    let web = Web::with_keys(&[&pair.public]);
    let generic = provider(json!({}));
    let verify = async |said: Value, nonce: &str| {
        let token = pair.sign(&claims(said));
        let outcome = web
            .providers()
            .verify_fedcm(&generic, (&token, nonce), now())
            .await;
        outcome.map(|identified| identified.claims.subject().to_owned())
    };
    assert_eq!(
        verify(json!({ "nonce": "n" }), "n").await,
        Ok("1".to_owned())
    );
    let refused = |error| Err(OidcError::IdToken(error));
    assert_eq!(
        verify(json!({ "nonce": "m" }), "n").await,
        refused(IdTokenError::NonceMismatch)
    );
    assert_eq!(
        verify(json!({}), "n").await,
        refused(IdTokenError::NonceMissing)
    );
    let other = json!({ "nonce": "n", "aud": "other" });
    assert_eq!(
        verify(other, "n").await,
        refused(IdTokenError::Audience("other".to_owned()))
    );
    let github = provider(json!({ "provider": "github", "issuer_url": null }));
    let unsupported = web
        .providers()
        .verify_fedcm(&github, ("t", "n"), now())
        .await;
    assert!(matches!(unsupported, Err(OidcError::Unsupported(_))));
}

#[tokio::test]
async fn netid_turns_the_token_of_a_browser_into_an_id_token() {
    let pair = Pair::new(1, "a");
    let web = Web::with_keys(&[]);
    let base = "https://broker.netid.de";
    let document = json!({ "issuer": base, "jwks_uri": format!("{ISSUER}/keys") });
    web.put(
        &format!("{base}/.well-known/openid-configuration"),
        &document,
    );
    web.put(&format!("{ISSUER}/keys"), &json!({ "keys": [pair.public] }));
    let answer = |said: Value| json!({ "id_token": pair.sign(&claims(said)) });
    let token = format!("{base}/token");
    web.put(&token, &answer(json!({ "iss": base, "nonce": "n" })));
    let config = json!({ "provider": "netid", "issuer_url": null, "net_id_token_origin_header": "https://app.example.org" });
    let netid = provider(config);
    let verify = async || {
        web.providers()
            .verify_fedcm(&netid, ("opaque", "n"), now())
            .await
    };
    assert_eq!(verify().await.unwrap().claims.subject(), "1");
    let (headers, body) = web.sent(&token);
    assert_eq!(headers["origin"], "https://app.example.org");
    assert_eq!(body, "grant_type=netid_fedcm&fedcm_token=opaque");
    web.put(&token, &answer(json!({ "iss": base, "nonce": "another" })));
    assert_eq!(
        verify().await,
        Err(OidcError::IdToken(IdTokenError::NonceMismatch))
    );
    web.put(&token, &json!({}));
    assert_eq!(verify().await, Err(OidcError::Missing("an ID token")));
}
