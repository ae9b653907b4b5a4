//! What providers publish about themselves: where they are, and the keys they sign with. Both are kept for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ipse_model::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::Jwk;
use serde::Deserialize;
use serde_json::Value;

use crate::OidcError;
use crate::fetch::{self, Fetch};

/// How long a document is used without asking again.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(1);
/// How long keys are kept at least, whatever key a token names: strangers can name any.
const KEYS_KEPT_FOR_AT_LEAST: SignedDuration = SignedDuration::from_secs(10);
/// The most keys a provider may have.
const MOST_KEYS: usize = 100;
/// The most documents that are kept. There are as many as providers.
const MOST_DOCUMENTS: usize = 1_000;

/// Where a provider is, in its own words.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Discovery {
    pub(crate) issuer: String,
    pub(crate) authorization_endpoint: Option<String>,
    pub(crate) token_endpoint: Option<String>,
    pub(crate) userinfo_endpoint: Option<String>,
    pub(crate) jwks_uri: Option<String>,
    /// Whether its answers say who sends them (RFC 9207).
    #[serde(default, rename = "authorization_response_iss_parameter_supported")]
    pub(crate) answers_name_issuer: bool,
    #[serde(default)]
    code_challenge_methods_supported: Vec<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

impl Discovery {
    /// Whether it takes proof keys.
    pub(crate) fn takes_proof_keys(&self) -> bool {
        self.code_challenge_methods_supported
            .iter()
            .any(|method| method == "S256")
    }

    /// Whether a client names itself in a header. That is what a provider expects which doesn't say.
    pub(crate) fn takes_basic(&self) -> bool {
        let methods = &self.token_endpoint_auth_methods_supported;
        methods.is_empty() || methods.iter().any(|method| method == "client_secret_basic")
    }
}

type Kept<T> = Mutex<HashMap<String, (Timestamp, Arc<T>)>>;

/// The documents that are kept.
#[derive(Default)]
pub(crate) struct Documents {
    discoveries: Kept<Discovery>,
    keys: Kept<Vec<Jwk>>,
}

impl Documents {
    /// The description of the provider at this address, which may call itself by one of the aliases.
    ///
    /// # Errors
    /// When there is none, or one of somebody else.
    pub(crate) async fn discovery(
        &self,
        fetch: &dyn Fetch,
        (issuer, aliases): (&str, &[&str]),
        now: Timestamp,
    ) -> Result<Arc<Discovery>, OidcError> {
        let issuer = issuer.trim_end_matches('/');
        if let Some(known) = recent(&self.discoveries, issuer, now, KEPT_FOR) {
            return Ok(known);
        }
        let url = format!("{issuer}/.well-known/openid-configuration");
        let document = fetch::json(fetch, fetch::get(&url)?, "discovery document").await;
        let document = document.map_err(|error| OidcError::Discovery(Box::new(error)))?;
        let document: Discovery =
            serde_json::from_value(document).map_err(|_| OidcError::Incomplete("an issuer"))?;
        let named = document.issuer.trim_end_matches('/');
        if named != issuer && !aliases.contains(&named) {
            let (expected, found) = (issuer.to_owned(), document.issuer);
            return Err(OidcError::ForeignIssuer { expected, found });
        }
        Ok(keep(&self.discoveries, issuer, now, document))
    }

    /// The keys at this address. With `rotated`, those that are kept are too old unless they have just been fetched.
    ///
    /// # Errors
    /// When there are none, or more than anybody has.
    pub(crate) async fn keys(
        &self,
        fetch: &dyn Fetch,
        url: &str,
        (now, rotated): (Timestamp, bool),
    ) -> Result<Arc<Vec<Jwk>>, OidcError> {
        let lifetime = if rotated {
            KEYS_KEPT_FOR_AT_LEAST
        } else {
            KEPT_FOR
        };
        if let Some(known) = recent(&self.keys, url, now, lifetime) {
            return Ok(known);
        }
        let document = fetch::json(fetch, fetch::get(url)?, "key set").await?;
        let listed = document.get("keys").and_then(Value::as_array);
        let listed = listed.ok_or(OidcError::Missing("keys"))?;
        if listed.len() > MOST_KEYS {
            return Err(OidcError::TooManyKeys(listed.len()));
        }
        // Keys of a kind that is unknown here are none of ours.
        let keys = listed
            .iter()
            .filter_map(|key| serde_json::from_value(key.clone()).ok());
        Ok(keep(&self.keys, url, now, keys.collect()))
    }
}

fn recent<T>(
    kept: &Kept<T>,
    key: &str,
    now: Timestamp,
    lifetime: SignedDuration,
) -> Option<Arc<T>> {
    let kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    let (at, value) = kept.get(key)?;
    (now.duration_since(*at) < lifetime).then(|| Arc::clone(value))
}

fn keep<T>(kept: &Kept<T>, key: &str, now: Timestamp, value: T) -> Arc<T> {
    let value = Arc::new(value);
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.len() >= MOST_DOCUMENTS {
        kept.clear();
    }
    kept.insert(key.to_owned(), (now, Arc::clone(&value)));
    value
}
