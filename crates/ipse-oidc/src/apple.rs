//! What only Apple does: the client's secret is a token that the client signs, and the name comes with the code.

use ipse_config::selfservice::oidc::OidcProvider;
use ipse_model::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::{Claims, OidcError};

/// How long a secret counts, in seconds. It is made anew for each request.
const LIFESPAN: i64 = 300;
const AUDIENCE: &str = "https://appleid.apple.com";

/// The secret for a request now.
pub(crate) fn client_secret(provider: &OidcProvider, now: Timestamp) -> Result<String, OidcError> {
    let team = provider
        .apple_team_id
        .as_deref()
        .ok_or(OidcError::Lacks("apple_team_id"))?;
    let key_id = provider.apple_private_key_id.clone();
    let key_id = key_id.ok_or(OidcError::Lacks("apple_private_key_id"))?;
    let pem = provider
        .apple_private_key
        .as_ref()
        .ok_or(OidcError::Lacks("apple_private_key"))?;
    let mut header = Header::new(Algorithm::ES256);
    header.kid = Some(key_id);
    let claims = json!({
        "iss": team,
        "iat": now.as_second(),
        "exp": now.as_second() + LIFESPAN,
        "aud": AUDIENCE,
        "sub": provider.client_id,
    });
    let broken = |error: jsonwebtoken::errors::Error| OidcError::Key(error.to_string());
    let key = EncodingKey::from_ec_pem(pem.expose().as_bytes()).map_err(broken)?;
    jsonwebtoken::encode(&header, &claims, &key).map_err(broken)
}

/// The name, which comes beside the code and only once. Nothing vouches for it, so that it adds to the claims and replaces none.
pub(crate) fn add_name(claims: &mut Claims, user: &str) {
    let Ok(user) = serde_json::from_str::<Value>(user) else {
        return;
    };
    for (claim, pointer) in [
        ("given_name", "/name/firstName"),
        ("family_name", "/name/lastName"),
        ("last_name", "/name/lastName"),
    ] {
        let name = user
            .pointer(pointer)
            .and_then(Value::as_str)
            .filter(|name| !name.is_empty());
        if let Some(name) = name {
            claims.add(claim, name);
        }
    }
}
