//! Answers that aren't what they should be, or not from whom.

use ipse_model::SignedDuration;
use serde_json::{Value, json};

use super::support::{ISSUER, Pair, Web, claims, now, provider};
use crate::{Code, IdTokenError, OidcError};

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

#[tokio::test]
async fn keys_without_a_name_and_with_an_old_one_are_fetched_again() {
    for kid in [None, Some("same")] {
        let named = |seed| {
            let mut pair = Pair::new(seed, "same");
            pair.public.common.key_id = kid.map(str::to_owned);
            pair
        };
        let (old, new) = (named(1), named(2));
        let web = Web::with_keys(&[&old.public]);
        let (providers, provider) = (web.providers(), provider(json!({})));
        let redeem = async |pair: &Pair, later: i64| {
            web.put(
                &format!("{ISSUER}/token"),
                &json!({ "id_token": pair.sign(&claims(json!({}))) }),
            );
            let at = now() + SignedDuration::from_secs(later);
            providers.redeem(&provider, &code(), at).await.map(drop)
        };
        assert_eq!(redeem(&old, 0).await, Ok(()));
        web.put(&format!("{ISSUER}/keys"), &json!({ "keys": [new.public] }));
        assert_eq!(redeem(&new, 20).await, Ok(()), "{kid:?}");
        let gone = redeem(&old, 40).await;
        assert_eq!(gone, Err(OidcError::IdToken(IdTokenError::Signature)));
    }
}

/// What comes of a code whose ID token says this, when the answer names this issuer.
async fn answered(said: Value, issuer: Option<&str>, names_issuer: bool) -> Result<(), OidcError> {
    let pair = Pair::new(1, "a");
    let web = Web::with_keys(&[&pair.public]);
    let url = format!("{ISSUER}/.well-known/openid-configuration");
    web.change(
        &url,
        "authorization_response_iss_parameter_supported",
        json!(names_issuer),
    );
    web.put(
        &format!("{ISSUER}/token"),
        &json!({ "id_token": pair.sign(&claims(said)) }),
    );
    let code = Code { issuer, ..code() };
    let outcome = web
        .providers()
        .redeem(&provider(json!({})), &code, now())
        .await;
    let shown = web.count(&format!("{ISSUER}/token"));
    let foreign = matches!(outcome, Err(OidcError::ForeignAnswer { .. }));
    assert_eq!(
        shown,
        usize::from(!foreign),
        "a foreign code is shown to nobody"
    );
    outcome.map(drop)
}

#[tokio::test]
async fn a_token_that_repeats_a_nonce_repeats_the_right_one() {
    assert_eq!(
        answered(json!({ "nonce": "nonce" }), None, false).await,
        Ok(())
    );
    assert_eq!(
        answered(json!({}), None, false).await,
        Ok(()),
        "some providers repeat none"
    );
    let injected = answered(json!({ "nonce": "of another occasion" }), None, false).await;
    assert_eq!(
        injected,
        Err(OidcError::IdToken(IdTokenError::NonceMismatch))
    );
}

#[tokio::test]
async fn a_code_of_another_provider_is_refused() {
    let evil = "https://evil.example.com";
    let refused = |found: Option<&str>| {
        Err(OidcError::ForeignAnswer {
            found: found.map(str::to_owned),
        })
    };
    assert_eq!(answered(json!({}), Some(ISSUER), true).await, Ok(()));
    assert_eq!(answered(json!({}), Some(ISSUER), false).await, Ok(()));
    assert_eq!(
        answered(json!({}), Some(evil), true).await,
        refused(Some(evil))
    );
    assert_eq!(
        answered(json!({}), Some(evil), false).await,
        refused(Some(evil))
    );
    assert_eq!(
        answered(json!({}), None, true).await,
        refused(None),
        "it has promised to say so"
    );
}

#[tokio::test]
async fn how_somebody_signed_in_is_known_from_the_id_token_alone() {
    let pair = Pair::new(1, "a");
    let web = Web::with_keys(&[&pair.public]);
    let trusting = json!({ "claims_source": "userinfo", "aal2_acr_values": ["gold"] });
    let userinfo = json!({ "sub": "1", "acr": "gold" });
    web.put(&format!("{ISSUER}/userinfo"), &userinfo);
    for (acr, counts) in [("gold", true), ("silver", false)] {
        let id_token = pair.sign(&claims(json!({ "acr": acr })));
        let answer = json!({ "id_token": id_token, "access_token": "access" });
        web.put(&format!("{ISSUER}/token"), &answer);
        let provider = provider(trusting.clone());
        let identified = web.providers().redeem(&provider, &code(), now()).await;
        let context = identified.unwrap().context;
        assert_eq!(context.is_two_factors(&provider), counts, "{acr}");
    }
}

#[tokio::test]
async fn a_client_that_is_not_recognised_names_itself_in_the_other_way() {
    let web = Web::with_keys(&[]);
    let url = format!("{ISSUER}/token");
    for (status, body, asked) in [
        (401, &br#"{"error":"invalid_client"}"#[..], 2),
        (400, br#"{"error":"invalid_client"}"#, 2),
        (401, b"", 2),
        (400, br#"{"error":"invalid_grant"}"#, 1),
        (401, br#"{"error":"invalid_grant"}"#, 1),
    ] {
        web.put_raw(&url, status, body);
        let before = web.count(&url);
        let refused = web
            .providers()
            .redeem(&provider(json!({})), &code(), now())
            .await;
        refused.unwrap_err();
        assert_eq!(web.count(&url) - before, asked, "{status}");
        let (headers, body) = web.sent(&url);
        assert_eq!(headers.contains_key("authorization"), asked == 1);
        assert_eq!(
            body.ends_with("&client_id=client&client_secret=secret"),
            asked == 2
        );
    }
}

#[tokio::test]
async fn a_code_gives_a_token_for_the_client_and_not_for_its_apps() {
    let pair = Pair::new(1, "a");
    let web = Web::with_keys(&[&pair.public]);
    let config = provider(json!({ "additional_id_token_audiences": ["app"] }));
    let redeem = async |said: Value| {
        let id_token = pair.sign(&claims(said));
        web.put(&format!("{ISSUER}/token"), &json!({ "id_token": id_token }));
        web.providers()
            .redeem(&config, &code(), now())
            .await
            .map(drop)
    };
    assert_eq!(redeem(json!({})).await, Ok(()));
    let refused = |error| Err(OidcError::IdToken(error));
    let audience = IdTokenError::Audience("app".to_owned());
    assert_eq!(redeem(json!({ "aud": "app" })).await, refused(audience));
    let party = IdTokenError::AuthorizedParty("app".to_owned());
    assert_eq!(redeem(json!({ "azp": "app" })).await, refused(party));
}
