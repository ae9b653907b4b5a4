//! Every kind of key, with the signatures checked against the public half.

use jsonwebtoken::jwk::{AlgorithmParameters, Jwk as PublicJwk};
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::json;

use super::*;

/// Keys made for these tests and used nowhere else.
const KEYS: &str = include_str!("test_keys.json");

fn key(kid: &str) -> Value {
    let set: Value = serde_json::from_str(KEYS).unwrap();
    let keys = set["keys"].as_array().unwrap();
    keys.iter().find(|key| key["kid"] == kid).unwrap().clone()
}

fn set(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

fn with(kid: &str, changes: &Value) -> Value {
    let mut key = key(kid);
    for (name, value) in changes.as_object().unwrap() {
        key[name] = value.clone();
    }
    key
}

fn claims() -> Map<String, Value> {
    json!({ "sub": "somebody", "exp": 4_102_444_800_i64, "extra": { "a": [1, null] } })
        .as_object()
        .unwrap()
        .clone()
}

fn check(token: &str, key: &Value, algorithm: Algorithm) -> Map<String, Value> {
    let public: PublicJwk = serde_json::from_value(key.clone()).unwrap();
    let decoding = match &public.algorithm {
        AlgorithmParameters::OctetKey(_) => {
            DecodingKey::from_secret(b"a secret of at least 32 bytes, ok")
        }
        _ => DecodingKey::from_jwk(&public).unwrap(),
    };
    let checked =
        jsonwebtoken::decode::<Map<String, Value>>(token, &decoding, &Validation::new(algorithm))
            .unwrap();
    assert_eq!(checked.header.kid.as_deref(), key["kid"].as_str());
    assert_eq!(checked.header.typ.as_deref(), Some("JWT"));
    checked.claims
}

#[test]
fn every_algorithm_signs_what_its_public_key_verifies() {
    for (kid, name, algorithm) in [
        ("rsa", "RS256", Algorithm::RS256),
        ("rsa", "RS384", Algorithm::RS384),
        ("rsa", "RS512", Algorithm::RS512),
        ("rsa", "PS256", Algorithm::PS256),
        ("rsa", "PS384", Algorithm::PS384),
        ("rsa", "PS512", Algorithm::PS512),
        ("p256", "ES256", Algorithm::ES256),
        ("p384", "ES384", Algorithm::ES384),
        ("ed", "EdDSA", Algorithm::EdDSA),
        ("oct", "HS256", Algorithm::HS256),
        ("oct", "HS512", Algorithm::HS512),
    ] {
        let key = with(kid, &json!({ "alg": name }));
        let signer = Signer::from_jwks(set(std::slice::from_ref(&key))).unwrap();
        assert_eq!(signer.key_id(), Some(kid));
        let token = signer.sign(&claims()).unwrap();
        assert_eq!(check(&token, &key, algorithm), claims(), "{name}");
    }
}

#[test]
fn a_key_without_algorithm_gets_the_usual_one() {
    for (kid, algorithm) in [
        ("rsa", Algorithm::RS256),
        ("p256", Algorithm::ES256),
        ("p384", Algorithm::ES384),
        ("ed", Algorithm::EdDSA),
        ("oct", Algorithm::HS256),
    ] {
        let signer = Signer::from_jwks(set(&[key(kid)])).unwrap();
        check(&signer.sign(&claims()).unwrap(), &key(kid), algorithm);
    }
}

#[test]
fn the_first_private_signing_key_is_taken() {
    let mut public = key("rsa");
    public.as_object_mut().unwrap().remove("d");
    let encrypting = with("p384", &json!({ "use": "enc" }));
    let keys = set(&[public, encrypting, key("p256"), key("ed")]);
    let signer = Signer::from_jwks(keys).unwrap();
    assert_eq!(signer.key_id(), Some("p256"));
}

#[test]
fn leading_zeros_may_be_missing_from_a_private_number() {
    let short = with("p256", &json!({ "d": "AQ" }));
    let full = with(
        "p256",
        &json!({ "d": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE" }),
    );
    for key in [short, full] {
        assert!(Signer::from_jwks(set(&[key])).is_ok());
    }
}

#[test]
fn sets_without_a_usable_key_are_told_apart() {
    let error = |keys: &[Value]| Signer::from_jwks(set(keys)).unwrap_err();
    assert!(matches!(
        Signer::from_jwks("{").unwrap_err(),
        SignerError::Malformed(_)
    ));
    assert!(matches!(
        Signer::from_jwks("{}").unwrap_err(),
        SignerError::Malformed(_)
    ));
    assert!(matches!(error(&[]), SignerError::NoKey));
    for (kid, alg) in [
        ("p256", "ES384"),
        ("rsa", "ES256"),
        ("oct", "RS256"),
        ("p256", "none"),
        ("ed", "ES512"),
    ] {
        let error = error(&[with(kid, &json!({ "alg": alg }))]);
        assert!(
            matches!(&error, SignerError::Algorithm(name) if name == alg),
            "{error}"
        );
    }
    let unknown = error(&[with("p256", &json!({ "crv": "P-521" }))]);
    assert!(matches!(unknown, SignerError::Algorithm(_)));
    let damaged = error(&[with("rsa", &json!({ "dq": "*" }))]);
    assert!(matches!(damaged, SignerError::Member("dq")));
    let missing = error(&[with("rsa", &json!({ "p": null }))]);
    assert!(matches!(missing, SignerError::Member("p")));
    let inconsistent = error(&[with("rsa", &json!({ "n": "AQAB" }))]);
    assert!(matches!(inconsistent, SignerError::Key(_)));
}

#[test]
fn debug_shows_no_key() {
    let signer = Signer::from_jwks(set(&[key("oct")])).unwrap();
    let shown = format!("{signer:?}");
    assert!(
        !shown.contains("secret") && !shown.contains(&format!("{:?}", b"a secret")),
        "{shown}"
    );
}
