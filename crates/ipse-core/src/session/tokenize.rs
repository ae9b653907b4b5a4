//! A session as a JSON Web Token, for services that can't ask `whoami` every time.

use std::collections::BTreeMap;
use std::sync::Arc;

use ipse_config::{Source, SubjectSource, Tokenizer, TokenizerTemplate};
use ipse_crypto::jwt::{Signer, SignerError};
use ipse_model::{Identity, SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

use super::{Authenticated, View};
use crate::outgoing::HttpDocuments;
use crate::schema::{Fetch, FetchError};
use crate::{ApiError, Cx};

/// How long a key set and a mapper are used before they are read again, so that rotated keys are picked up.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(1);
/// The claim that says who it is about. Mappers can't change it: services trust it.
const SUBJECT: &str = "sub";

/// The templates of the configuration with what they need, read when first asked for.
#[derive(Default)]
pub struct Tokenizers(BTreeMap<String, Slot>);

struct Slot {
    template: TokenizerTemplate,
    /// What was read, and when. Whoever finds it missing reads it while the others wait.
    read: Mutex<Option<(Timestamp, Arc<Documents>)>>,
}

/// What a template needs from elsewhere.
struct Documents {
    signer: Signer,
    /// The Jsonnet that makes the claims.
    mapper: Option<String>,
}

/// Why a token can't be made although the session is fine: the configuration is wrong.
#[derive(Debug, thiserror::Error)]
enum TokenizeError {
    #[error("a document of the tokenizer template can't be read")]
    Unreadable(#[source] FetchError),
    #[error("the key set of the tokenizer template can't sign")]
    Key(#[from] SignerError),
    #[error("the claims mapper is not text")]
    NotText(#[from] std::string::FromUtf8Error),
    #[error("the claims mapper failed")]
    Mapper(#[from] ipse_jsonnet::JsonnetError),
    #[error("the claims mapper gave no object with an object \"claims\" in it")]
    NoClaims,
}

impl From<TokenizeError> for ApiError {
    fn from(error: TokenizeError) -> Self {
        Self::internal(&error)
    }
}

impl Tokenizers {
    /// The templates of a configuration.
    #[must_use]
    pub fn new(config: &Tokenizer) -> Self {
        let slot = |template: &TokenizerTemplate| Slot {
            template: template.clone(),
            read: Mutex::default(),
        };
        Self(
            config
                .templates
                .iter()
                .map(|(name, t)| (name.clone(), slot(t)))
                .collect(),
        )
    }
}

impl Slot {
    async fn documents(&self, cx: &Cx) -> Result<Arc<Documents>, TokenizeError> {
        let mut read = self.read.lock().await;
        if let Some((at, documents)) = read.as_ref()
            && cx.now.duration_since(*at) < KEPT_FOR
        {
            return Ok(Arc::clone(documents));
        }
        let mapper = match &self.template.claims_mapper_url {
            Some(source) => Some(String::from_utf8(document(cx, source).await?)?),
            None => None,
        };
        let signer = Signer::from_jwks(document(cx, &self.template.jwks_url).await?)?;
        let documents = Arc::new(Documents { signer, mapper });
        *read = Some((cx.now, Arc::clone(&documents)));
        Ok(documents)
    }
}

async fn document(cx: &Cx, source: &Source) -> Result<Vec<u8>, TokenizeError> {
    match source {
        Source::File(path) => tokio::fs::read(path)
            .await
            .map_err(|error| TokenizeError::Unreadable(error.into())),
        Source::Inline(content) => Ok(content.clone()),
        Source::Http(url) => HttpDocuments(Arc::clone(&cx.app.outgoing))
            .get(url.as_str())
            .await
            .map_err(TokenizeError::Unreadable),
    }
}

/// The token that the template of that name makes of a session.
pub(super) async fn tokenize(
    cx: &Cx,
    template: &str,
    authenticated: &Authenticated,
) -> Result<String, ApiError> {
    let slot = cx.snapshot.tokenizers.0.get(template).ok_or_else(|| {
        ApiError::bad_request(format!("There is no tokenizer template {template:?}."))
    })?;
    let subject = subject(slot.template.subject_source, &authenticated.identity)?;
    let documents = slot.documents(cx).await?;
    let mut claims = standard_claims(cx, &slot.template, authenticated);
    claims.insert(SUBJECT.to_owned(), json!(subject));
    if let Some(mapper) = &documents.mapper {
        let mapped = map(cx, mapper, &claims, authenticated).await?;
        merge(&mut claims, mapped, &subject)?;
    }
    Ok(documents
        .signer
        .sign(&claims)
        .map_err(TokenizeError::from)?)
}

/// Who a token is about.
fn subject(source: SubjectSource, identity: &Identity) -> Result<String, ApiError> {
    match source {
        SubjectSource::Id => Ok(identity.id.to_string()),
        SubjectSource::ExternalId => identity.external_id.clone().ok_or_else(|| {
            ApiError::bad_request(
                "The tokenizer template wants an external id, and this identity has none.",
            )
        }),
    }
}

/// The claims every token has.
fn standard_claims(
    cx: &Cx,
    template: &TokenizerTemplate,
    authenticated: &Authenticated,
) -> Map<String, Value> {
    let now = cx.now.as_second();
    let ttl = i64::try_from(template.ttl.as_secs()).unwrap_or(i64::MAX);
    let mut claims = Map::new();
    claims.insert("jti".to_owned(), json!(cx.random().uuid()));
    claims.insert("iss".to_owned(), json!(cx.snapshot.public_base_url));
    claims.insert("sid".to_owned(), json!(authenticated.session.id));
    claims.insert("iat".to_owned(), json!(now));
    claims.insert("nbf".to_owned(), json!(now));
    claims.insert("exp".to_owned(), json!(now.saturating_add(ttl)));
    claims
}

/// What the mapper makes of the claims and the session.
async fn map(
    cx: &Cx,
    mapper: &str,
    claims: &Map<String, Value>,
    authenticated: &Authenticated,
) -> Result<Value, ApiError> {
    let view = View::new(cx, &authenticated.session, &authenticated.identity);
    let session = serde_json::to_value(&view).map_err(|error| ApiError::internal(&error))?;
    let claims = Value::Object(claims.clone());
    let variables = [("claims", &claims), ("session", &session)];
    let mapped = cx.app.jsonnet.evaluate(mapper, &variables).await;
    Ok(mapped.map_err(TokenizeError::from)?)
}

/// Adds what a mapper gave to the claims. It may replace any but the subject.
fn merge(
    claims: &mut Map<String, Value>,
    mapped: Value,
    subject: &str,
) -> Result<(), TokenizeError> {
    let Value::Object(mut mapped) = mapped else {
        return Err(TokenizeError::NoClaims);
    };
    let Some(Value::Object(mapped)) = mapped.remove("claims") else {
        return Err(TokenizeError::NoClaims);
    };
    claims.extend(mapped);
    claims.insert(SUBJECT.to_owned(), json!(subject));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::tests::sample;

    fn claims() -> Map<String, Value> {
        let claims = json!({ "iss": "https://id.example.org/", "exp": 1, "sub": "ada" });
        claims.as_object().unwrap().clone()
    }

    #[test]
    fn a_mapper_adds_and_replaces_claims_but_not_the_subject() {
        let mut claims = claims();
        let mapped = json!({ "claims": { "mail": "ada@example.org", "exp": 2, "sub": "eve" } });
        merge(&mut claims, mapped, "ada").unwrap();
        assert_eq!(
            Value::Object(claims),
            json!({
                "iss": "https://id.example.org/", "exp": 2, "sub": "ada", "mail": "ada@example.org",
            })
        );
    }

    #[test]
    fn a_mapper_has_to_give_claims() {
        for odd in [
            json!([]),
            json!({}),
            json!({ "claims": 1 }),
            json!({ "claims": [] }),
        ] {
            let refused = merge(&mut claims(), odd.clone(), "ada");
            assert!(matches!(refused, Err(TokenizeError::NoClaims)), "{odd}");
        }
    }

    #[test]
    fn the_subject_is_one_id_or_the_other() {
        let mut identity = sample::identity();
        let id = identity.id.to_string();
        assert_eq!(subject(SubjectSource::Id, &identity).unwrap(), id);
        let missing = subject(SubjectSource::ExternalId, &identity).unwrap_err();
        assert_eq!(missing.status, 400);
        identity.external_id = Some("crm/7".to_owned());
        assert_eq!(
            subject(SubjectSource::ExternalId, &identity).unwrap(),
            "crm/7"
        );
    }
}
