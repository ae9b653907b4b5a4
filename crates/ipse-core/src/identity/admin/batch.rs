//! `PATCH /admin/identities`: many identities at once. Those that can't be created don't hold up the others.

use ipse_crypto::password::HashError;
use ipse_model::{Credentials, Identity, Uuid};
use ipse_store::StoreError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::task::JoinSet;

use super::body::{Create, parse, unreadable};
use super::create::store;
use super::import::{algorithm, import, unusable};
use super::{not_saved, printed, refused};
use crate::{ApiError, Cx};

/// The most identities at once.
const MOST: usize = 1000;
/// The most of them whose password has to be hashed, which takes long.
const MOST_PLAIN_PASSWORDS: usize = 200;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Body {
    identities: Option<Vec<Item>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Item {
    create: Option<Create>,
    patch_id: Option<Uuid>,
}

/// What came of one item.
#[derive(Serialize)]
#[serde(tag = "action", rename_all = "lowercase")]
enum Answer {
    Create {
        identity: Uuid,
        #[serde(skip_serializing_if = "Option::is_none")]
        patch_id: Option<Uuid>,
    },
    Error {
        error: Map<String, Value>,
        #[serde(skip_serializing_if = "Option::is_none")]
        patch_id: Option<Uuid>,
    },
}

#[derive(Serialize)]
struct Answers {
    identities: Vec<Option<Answer>>,
}

/// An item on its way: what is to be stored, or why it won't be.
type Made = Result<(Identity, Credentials), ApiError>;

/// Creates identities, each for itself. The answer tells for each what came of it.
///
/// # Errors
/// 400 when the request itself can't be read or asks for too much. Nothing was created then.
pub async fn batch(cx: &Cx, body: &[u8]) -> Result<String, ApiError> {
    let body: Body = parse(body).map_err(|error| unreadable(&error))?;
    let mut items = body.identities.unwrap_or_default();
    check_limits(&items)?;
    hash_passwords(cx, &mut items).await?;
    let mut made = Vec::with_capacity(items.len());
    for item in items {
        let outcome = match item.create {
            Some(create) => Some(make(cx, create).await?),
            None => None,
        };
        made.push((item.patch_id, outcome));
    }
    let identities = store_all(cx, made).await;
    printed(&Answers { identities })
}

fn check_limits(items: &[Item]) -> Result<(), ApiError> {
    let plain = |item: &&Item| item.create.as_ref().is_some_and(Create::has_plain_password);
    if items.len() > MOST {
        return Err(ApiError::bad_request(format!(
            "No more than {MOST} identities can be created at once."
        )));
    }
    if items.iter().filter(plain).count() > MOST_PLAIN_PASSWORDS {
        return Err(ApiError::bad_request(format!(
            "No more than {MOST_PLAIN_PASSWORDS} identities with a plain password can be created at once."
        )));
    }
    Ok(())
}

/// Puts hashes in place of plain passwords, several at the same time.
async fn hash_passwords(cx: &Cx, items: &mut [Item]) -> Result<(), ApiError> {
    let mut hashing: JoinSet<(usize, Result<String, HashError>)> = JoinSet::new();
    for (place, item) in items.iter_mut().enumerate() {
        let Some(password) = item.create.as_mut().and_then(Create::take_plain_password) else {
            continue;
        };
        let (hasher, algorithm) = (cx.app.hasher.clone(), algorithm(cx.config()));
        hashing.spawn(async move { (place, hasher.hash(&password, &algorithm).await) });
    }
    while let Some(done) = hashing.join_next().await {
        let (place, hash) = done.map_err(|error| ApiError::internal(&error))?;
        let hash = hash.map_err(|error| unusable(&error))?;
        if let Some(create) = items[place].create.as_mut() {
            create.set_password_hash(hash);
        }
    }
    Ok(())
}

/// Makes one identity. Traits that don't fit concern this one; everything else concerns the request.
async fn make(cx: &Cx, mut create: Create) -> Result<Made, ApiError> {
    let imported = create.credentials.take();
    let mut draft = create.draft(cx)?;
    import(cx, &mut draft.credentials, imported).await?;
    Ok(crate::identity::create(cx, draft).map_err(refused))
}

/// Stores all of them in one go. If that fails because of one, each is tried by itself.
async fn store_all(cx: &Cx, made: Vec<(Option<Uuid>, Option<Made>)>) -> Vec<Option<Answer>> {
    let mut batch = cx.store().batch();
    for (identity, credentials) in made
        .iter()
        .filter_map(|(_, made)| made.as_ref()?.as_ref().ok())
    {
        batch.insert_identity(identity, credentials);
    }
    let all = batch.commit().await;
    let mut answers = Vec::with_capacity(made.len());
    for (patch_id, made) in made {
        answers.push(match made {
            Some(made) => Some(answer(patch_id, store_one(cx, made, all.as_ref()).await)),
            None => None,
        });
    }
    answers
}

async fn store_one(cx: &Cx, made: Made, all: Result<&(), &StoreError>) -> Result<Uuid, ApiError> {
    let (identity, credentials) = made?;
    match all {
        Ok(()) => {}
        Err(StoreError::Duplicate(_)) => {
            store(cx, &identity, &credentials)
                .await
                .map_err(not_saved)?;
        }
        Err(other) => return Err(other.clone().into()),
    }
    Ok(identity.id)
}

fn answer(patch_id: Option<Uuid>, stored: Result<Uuid, ApiError>) -> Answer {
    match stored {
        Ok(identity) => Answer::Create { identity, patch_id },
        Err(error) => Answer::Error {
            error: error.error_object(),
            patch_id,
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn items(body: &Value) -> Vec<Item> {
        parse::<Body>(body.to_string().as_bytes())
            .unwrap()
            .identities
            .unwrap_or_default()
    }

    fn many(count: usize, credentials: &Value) -> Vec<Item> {
        let item = json!({ "create": { "traits": {}, "credentials": credentials } });
        items(&json!({ "identities": vec![item; count] }))
    }

    #[test]
    fn there_is_an_upper_limit_and_a_lower_one_for_plain_passwords() {
        let plain = json!({ "password": { "config": { "password": "secret" } } });
        let hashed = json!({ "password": { "config": { "hashed_password": "$2a$…" } } });
        assert!(check_limits(&many(1000, &hashed)).is_ok());
        assert_eq!(
            check_limits(&many(1001, &json!(null))).unwrap_err().status,
            400
        );
        assert!(check_limits(&many(200, &plain)).is_ok());
        assert_eq!(check_limits(&many(201, &plain)).unwrap_err().status, 400);
    }

    #[test]
    fn a_request_can_be_empty_but_not_misspelt() {
        assert!(items(&json!({})).is_empty());
        assert!(items(&json!({ "identities": [] })).is_empty());
        for odd in [
            json!([]),
            json!({ "more": 1 }),
            json!({ "identities": [{ "patch_id": "x" }] }),
        ] {
            assert!(parse::<Body>(odd.to_string().as_bytes()).is_err(), "{odd}");
        }
    }

    #[test]
    fn answers_name_the_patch_if_it_has_a_name() {
        let id = Uuid::from_u128(1);
        let answers = Answers {
            identities: vec![
                Some(answer(None, Ok(id))),
                Some(answer(Some(id), Err(ApiError::conflict("taken")))),
                None,
            ],
        };
        let body = serde_json::to_value(&answers).unwrap();
        assert_eq!(
            body["identities"][0],
            json!({ "action": "create", "identity": id })
        );
        assert_eq!(body["identities"][1]["action"], "error");
        assert_eq!(body["identities"][1]["error"]["code"], 409);
        assert_eq!(body["identities"][1]["patch_id"], json!(id));
        assert_eq!(body["identities"][2], Value::Null);
    }

    #[test]
    fn a_plain_password_is_taken_out_once() {
        let plain = json!({ "password": { "config": { "password": "secret" } } });
        let mut item = many(1, &plain).remove(0);
        let create = item.create.as_mut().unwrap();
        assert_eq!(create.take_plain_password().as_deref(), Some("secret"));
        assert!(!create.has_plain_password());
        create.set_password_hash("$2a$…".to_owned());
        assert!(create.take_plain_password().is_none());
    }
}
