//! Whether an ID token can be trusted.
//!
//! Everything is checked, and nothing in the token decides how: which algorithms count is said here, and a key only serves the
//! algorithm it was made for.

use ipse_model::Timestamp;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde_json::{Map, Value};

/// Signatures that count. All are made with a private key: a public key can't be mistaken for a shared secret.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// How far clocks may be apart, in seconds.
const LEEWAY: i64 = 60;

/// Why an ID token can't be trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenError {
    /// It is no signed token, or says that it needs no signature.
    #[error("it is not a signed JSON Web Token")]
    Malformed,
    /// It is signed in a way that proves nothing.
    #[error("its algorithm is not accepted")]
    Algorithm,
    /// None of the provider's keys has signed it.
    #[error("its key is not one of the provider's")]
    UnknownKey,
    /// It was changed, or somebody else has signed it.
    #[error("its signature is wrong")]
    Signature,
    /// Somebody else has issued it.
    #[error("it was issued by {0:?}")]
    Issuer(String),
    /// It is meant for somebody else.
    #[error("it is meant for {0}")]
    Audience(String),
    /// It was asked for by somebody else.
    #[error("it was made for {0:?}")]
    AuthorizedParty(String),
    /// It doesn't count any more.
    #[error("it has expired")]
    Expired,
    /// It doesn't count yet.
    #[error("it is not valid yet")]
    NotYetValid,
    /// It has a nonce, and none was brought along.
    #[error("it has a nonce, but none was given")]
    NonceNotGiven,
    /// A nonce was brought along, and it has none.
    #[error("it has no nonce")]
    NonceMissing,
    /// It was made on another occasion.
    #[error("its nonce is another one")]
    NonceMismatch,
    /// A claim that it needs is missing or of the wrong type.
    #[error("it lacks a usable claim {0:?}")]
    Claim(&'static str),
}

/// What a token has to say to be trusted.
pub(crate) struct Expected<'a> {
    /// Who may have issued it.
    pub(crate) issuers: &'a [String],
    /// For whom it may be meant.
    pub(crate) audiences: &'a [String],
    /// What time it is.
    pub(crate) now: Timestamp,
}

/// The claims of a token, if it can be trusted.
///
/// # Errors
/// When it can't.
pub(crate) fn verify(
    token: &str,
    keys: &[Jwk],
    expected: &Expected<'_>,
) -> Result<Map<String, Value>, IdTokenError> {
    let claims = signed_claims(token, keys)?;
    issued_by(&claims, expected.issuers)?;
    meant_for(&claims, expected.audiences)?;
    alive(&claims, expected.now)?;
    match text(&claims, "sub") {
        Some(subject) if !subject.is_empty() => Ok(claims),
        _ => Err(IdTokenError::Claim("sub")),
    }
}

/// Checks the signature and nothing else.
pub(crate) fn signed_claims(token: &str, keys: &[Jwk]) -> Result<Map<String, Value>, IdTokenError> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| IdTokenError::Malformed)?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(IdTokenError::Algorithm);
    }
    // Nothing that a token may declare critical is understood here.
    let other = header.typ.as_deref().is_some_and(is_other_type);
    if other || header.crit.is_some() {
        return Err(IdTokenError::Malformed);
    }
    let mut validation = Validation::new(header.alg);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let mut error = IdTokenError::UnknownKey;
    for key in candidates(&header, keys) {
        let Ok(key) = DecodingKey::from_jwk(key) else {
            continue;
        };
        match jsonwebtoken::decode::<Map<String, Value>>(token, &key, &validation) {
            Ok(decoded) => return Ok(decoded.claims),
            Err(_) => error = IdTokenError::Signature,
        }
    }
    Err(error)
}

/// Whether this type is that of tokens which are signed with the same keys but say something else than who somebody is.
fn is_other_type(kind: &str) -> bool {
    let kind = kind.to_ascii_lowercase();
    let kind = kind.strip_prefix("application/").unwrap_or(&kind);
    matches!(kind, "at+jwt" | "logout+jwt" | "dpop+jwt" | "secevent+jwt")
}

/// The keys that may have signed a token with this header.
fn candidates<'a>(header: &'a Header, keys: &'a [Jwk]) -> impl Iterator<Item = &'a Jwk> {
    keys.iter().filter(move |key| {
        let named = header.kid.is_none() || key.common.key_id == header.kid;
        let signs = !matches!(key.common.public_key_use, Some(PublicKeyUse::Encryption));
        let made_for = key.common.key_algorithm.is_none_or(|algorithm| {
            algorithm
                .to_string()
                .parse::<Algorithm>()
                .is_ok_and(|algorithm| algorithm == header.alg)
        });
        named && signs && made_for
    })
}

fn issued_by(claims: &Map<String, Value>, issuers: &[String]) -> Result<(), IdTokenError> {
    let issuer = text(claims, "iss").ok_or(IdTokenError::Claim("iss"))?;
    if issuers.iter().any(|known| known == issuer) {
        return Ok(());
    }
    Err(IdTokenError::Issuer(issuer.to_owned()))
}

fn meant_for(claims: &Map<String, Value>, known: &[String]) -> Result<(), IdTokenError> {
    let accepted = |audience: &str| known.iter().any(|known| known == audience);
    let audiences: Vec<&str> = match claims.get("aud") {
        Some(Value::String(audience)) => vec![audience],
        Some(Value::Array(audiences)) => audiences.iter().filter_map(Value::as_str).collect(),
        _ => return Err(IdTokenError::Claim("aud")),
    };
    if !audiences.iter().any(|audience| accepted(audience)) {
        return Err(IdTokenError::Audience(audiences.join(", ")));
    }
    match claims.get("azp") {
        None => Ok(()),
        Some(Value::String(party)) if accepted(party) => Ok(()),
        // Apps and websites of one project share an audience and differ in this claim.
        Some(Value::String(party)) if audiences.len() == 1 && !party.is_empty() => {
            let shared = known.len() > 1;
            if shared {
                Ok(())
            } else {
                Err(IdTokenError::AuthorizedParty(party.clone()))
            }
        }
        Some(other) => Err(IdTokenError::AuthorizedParty(other.to_string())),
    }
}

fn alive(claims: &Map<String, Value>, now: Timestamp) -> Result<(), IdTokenError> {
    let now = now.as_second();
    let expires = seconds(claims, "exp")?.ok_or(IdTokenError::Claim("exp"))?;
    if expires.saturating_add(LEEWAY) <= now {
        return Err(IdTokenError::Expired);
    }
    for begin in ["nbf", "iat"] {
        let begin = if begin == "nbf" {
            seconds(claims, "nbf")?
        } else {
            seconds(claims, "iat")?
        };
        if begin.is_some_and(|begin| begin > now.saturating_add(LEEWAY)) {
            return Err(IdTokenError::NotYetValid);
        }
    }
    Ok(())
}

/// A point in time; some providers write fractions.
fn seconds(claims: &Map<String, Value>, name: &'static str) -> Result<Option<i64>, IdTokenError> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "fractions and absurd times don't matter"
    )]
    let whole = |value: &Value| {
        value
            .as_i64()
            .or_else(|| value.as_f64().map(|value| value as i64))
    };
    match claims.get(name) {
        None => Ok(None),
        Some(value) => whole(value).map(Some).ok_or(IdTokenError::Claim(name)),
    }
}

/// Whether a token belongs to the occasion on which an app asked for it. A provider that issues tokens without a nonce can't say.
///
/// # Errors
/// When it belongs to another one.
pub(crate) fn check_nonce(
    claims: &Map<String, Value>,
    given: Option<&str>,
) -> Result<(), IdTokenError> {
    let stated = text(claims, "nonce").filter(|nonce| !nonce.is_empty());
    match (stated, given.filter(|nonce| !nonce.is_empty())) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(IdTokenError::NonceMissing),
        (Some(_), None) => Err(IdTokenError::NonceNotGiven),
        (Some(stated), Some(given)) if stated == given => Ok(()),
        (Some(_), Some(_)) => Err(IdTokenError::NonceMismatch),
    }
}

/// Whether a token that came for a code belongs to the request for that code. Providers have to repeat the nonce of the request,
/// but some don't: what isn't there proves nothing either way, and a code is bound to the browser by the state as well.
///
/// # Errors
/// When it belongs to another request.
pub(crate) fn check_repeated(
    claims: &Map<String, Value>,
    sent: Option<&str>,
) -> Result<(), IdTokenError> {
    let stated = text(claims, "nonce").filter(|nonce| !nonce.is_empty());
    match (stated, sent) {
        (Some(stated), Some(sent)) if stated != sent => Err(IdTokenError::NonceMismatch),
        _ => Ok(()),
    }
}

pub(crate) fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str)
}
