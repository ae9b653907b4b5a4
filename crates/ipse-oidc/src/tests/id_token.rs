//! ID tokens that must not count.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::support::{ISSUER, Pair, claims, now};
use crate::IdTokenError;
use crate::id_token::{Expected, check_nonce, verify};

fn check(token: &str, keys: &[Jwk]) -> Result<(), IdTokenError> {
    check_for(token, keys, &["client"])
}

fn check_for(token: &str, keys: &[Jwk], audiences: &[&str]) -> Result<(), IdTokenError> {
    let issuers = [ISSUER.to_owned()];
    let audiences: Vec<String> = audiences
        .iter()
        .map(|audience| (*audience).to_owned())
        .collect();
    let expected = Expected {
        issuers: &issuers,
        audiences: &audiences,
        now: now(),
    };
    verify(token, keys, &expected).map(drop)
}

/// The outcome for a token that is signed properly and says this.
fn saying(changes: Value) -> Result<(), IdTokenError> {
    let pair = Pair::new(1, "a");
    check(&pair.sign(&claims(changes)), &[pair.public])
}

fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", part(header), part(claims))
}

#[test]
fn a_proper_token_counts() {
    assert_eq!(saying(json!({})), Ok(()));
    assert_eq!(
        saying(json!({ "aud": ["client"], "azp": "client" })),
        Ok(())
    );
    assert_eq!(
        saying(json!({ "aud": ["other", "client"], "azp": "client" })),
        Ok(())
    );
    assert_eq!(
        saying(json!({ "exp": now().as_second() as f64 + 10.5 })),
        Ok(())
    );
}

#[test]
fn a_token_without_a_signature_is_refused() {
    let pair = Pair::new(1, "a");
    for alg in ["none", "None", "NONE", ""] {
        let token = unsigned(&json!({ "alg": alg }), &claims(json!({})));
        assert_eq!(
            check(&token, std::slice::from_ref(&pair.public)),
            Err(IdTokenError::Malformed),
            "{alg}"
        );
    }
    let token = unsigned(&json!({ "alg": "EdDSA", "kid": "a" }), &claims(json!({})));
    assert_eq!(check(&token, &[pair.public]), Err(IdTokenError::Signature));
}

#[test]
fn the_public_key_is_no_shared_secret() {
    let pair = Pair::new(1, "a");
    let AlgorithmParameters::OctetKeyPair(numbers) = &pair.public.algorithm else {
        panic!("an Ed25519 key")
    };
    let raw = URL_SAFE_NO_PAD.decode(&numbers.x).unwrap();
    for secret in [
        numbers.x.as_bytes(),
        &raw,
        serde_json::to_string(&pair.public).unwrap().as_bytes(),
    ] {
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let mut header = Header::new(algorithm);
            header.kid = Some("a".to_owned());
            let key = EncodingKey::from_secret(secret);
            let token = jsonwebtoken::encode(&header, &claims(json!({})), &key).unwrap();
            assert_eq!(
                check(&token, std::slice::from_ref(&pair.public)),
                Err(IdTokenError::Algorithm)
            );
        }
    }
}

#[test]
fn a_shared_secret_among_the_keys_signs_nothing() {
    let key = EncodingKey::from_secret(b"0123456789abcdef0123456789abcdef");
    let public = Jwk::from_encoding_key(&key, Algorithm::HS256).unwrap();
    let token =
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims(json!({})), &key).unwrap();
    assert_eq!(check(&token, &[public]), Err(IdTokenError::Algorithm));
}

#[test]
fn other_keys_are_refused() {
    let (pair, other) = (Pair::new(1, "a"), Pair::new(2, "a"));
    let token = other.sign(&claims(json!({})));
    assert_eq!(
        check(&token, std::slice::from_ref(&pair.public)),
        Err(IdTokenError::Signature)
    );
    let unknown = Pair::new(1, "b").sign(&claims(json!({})));
    assert_eq!(
        check(&unknown, std::slice::from_ref(&pair.public)),
        Err(IdTokenError::UnknownKey)
    );
    assert_eq!(check(&token, &[]), Err(IdTokenError::UnknownKey));
    let mut encrypts = pair.public.clone();
    encrypts.common.public_key_use = Some(jsonwebtoken::jwk::PublicKeyUse::Encryption);
    assert_eq!(
        check(&pair.sign(&claims(json!({}))), &[encrypts]),
        Err(IdTokenError::UnknownKey)
    );
}

#[test]
fn a_changed_token_is_refused() {
    let pair = Pair::new(1, "a");
    let token = pair.sign(&claims(json!({})));
    let parts: Vec<&str> = token.split('.').collect();
    let forged = URL_SAFE_NO_PAD.encode(claims(json!({ "sub": "2" })).to_string());
    let token = [parts[0], &forged, parts[2]].join(".");
    assert_eq!(
        check(&token, std::slice::from_ref(&pair.public)),
        Err(IdTokenError::Signature)
    );
    for nonsense in ["", "nonsense", "a.b", "a.b.c", "..", "a.b.c.d"] {
        assert_eq!(
            check(nonsense, std::slice::from_ref(&pair.public)),
            Err(IdTokenError::Malformed),
            "{nonsense}"
        );
    }
}

#[test]
fn tokens_of_and_for_others_are_refused() {
    let evil = "https://evil.example.com";
    assert_eq!(
        saying(json!({ "iss": evil })),
        Err(IdTokenError::Issuer(evil.to_owned()))
    );
    let almost = format!("{ISSUER}/");
    assert_eq!(
        saying(json!({ "iss": almost })),
        Err(IdTokenError::Issuer(almost))
    );
    assert_eq!(
        saying(json!({ "iss": null })),
        Err(IdTokenError::Claim("iss"))
    );
    assert_eq!(
        saying(json!({ "aud": "other" })),
        Err(IdTokenError::Audience("other".to_owned()))
    );
    assert_eq!(
        saying(json!({ "aud": [] })),
        Err(IdTokenError::Audience(String::new()))
    );
    assert_eq!(saying(json!({ "aud": 1 })), Err(IdTokenError::Claim("aud")));
    for party in [
        json!({ "azp": "other" }),
        json!({ "aud": ["client", "other"], "azp": "other" }),
    ] {
        assert!(matches!(
            saying(party),
            Err(IdTokenError::AuthorizedParty(_))
        ));
    }
}

#[test]
fn audiences_can_be_added() {
    let pair = Pair::new(1, "a");
    let keys = std::slice::from_ref(&pair.public);
    let token = pair.sign(&claims(json!({ "aud": "app" })));
    assert_eq!(check_for(&token, keys, &["client", "app"]), Ok(()));
    // An app gets a token for the website, and the token says so.
    let token = pair.sign(&claims(json!({ "azp": "phone" })));
    assert_eq!(check_for(&token, keys, &["client", "app"]), Ok(()));
}

#[test]
fn tokens_count_for_a_while_only() {
    let at = |seconds: i64| now().as_second() + seconds;
    assert_eq!(
        saying(json!({ "exp": at(-61) })),
        Err(IdTokenError::Expired)
    );
    assert_eq!(saying(json!({ "exp": at(-59) })), Ok(()));
    assert_eq!(
        saying(json!({ "exp": null })),
        Err(IdTokenError::Claim("exp"))
    );
    assert_eq!(
        saying(json!({ "exp": "soon" })),
        Err(IdTokenError::Claim("exp"))
    );
    assert_eq!(saying(json!({ "exp": i64::MAX })), Ok(()));
    assert_eq!(
        saying(json!({ "nbf": at(61) })),
        Err(IdTokenError::NotYetValid)
    );
    assert_eq!(saying(json!({ "nbf": at(59) })), Ok(()));
    assert_eq!(
        saying(json!({ "iat": at(61) })),
        Err(IdTokenError::NotYetValid)
    );
}

#[test]
fn somebody_has_to_be_named() {
    assert_eq!(
        saying(json!({ "sub": null })),
        Err(IdTokenError::Claim("sub"))
    );
    assert_eq!(
        saying(json!({ "sub": "" })),
        Err(IdTokenError::Claim("sub"))
    );
    assert_eq!(saying(json!({ "sub": 1 })), Err(IdTokenError::Claim("sub")));
}

#[test]
fn a_nonce_belongs_to_one_occasion() {
    let nonce =
        |stated: Value, given| check_nonce(json!({ "nonce": stated }).as_object().unwrap(), given);
    assert_eq!(nonce(json!("n"), Some("n")), Ok(()));
    assert_eq!(nonce(Value::Null, None), Ok(()));
    assert_eq!(
        nonce(json!("n"), Some("m")),
        Err(IdTokenError::NonceMismatch)
    );
    assert_eq!(nonce(json!("n"), None), Err(IdTokenError::NonceNotGiven));
    assert_eq!(
        nonce(json!("n"), Some("")),
        Err(IdTokenError::NonceNotGiven)
    );
    assert_eq!(
        nonce(Value::Null, Some("n")),
        Err(IdTokenError::NonceMissing)
    );
}

#[test]
fn tokens_of_another_type_and_with_critical_extensions_are_refused() {
    let pair = Pair::new(1, "a");
    let signed = |change: fn(&mut Header)| {
        let mut header = Header::new(Algorithm::EdDSA);
        change(&mut header);
        check(
            &pair.sign_with(&header, &claims(json!({}))),
            std::slice::from_ref(&pair.public),
        )
    };
    assert_eq!(signed(|header| header.typ = None), Ok(()));
    assert_eq!(signed(|header| header.typ = Some("jwt".to_owned())), Ok(()));
    assert_eq!(
        signed(|header| header.typ = Some("application/AT+JWT".to_owned())),
        Err(IdTokenError::Malformed)
    );
    assert_eq!(
        signed(|header| header.typ = Some("logout+jwt".to_owned())),
        Err(IdTokenError::Malformed)
    );
    assert_eq!(
        signed(|header| header.crit = Some(vec!["b64".to_owned()])),
        Err(IdTokenError::Malformed)
    );
}
