//! The identity schemas as clients see them: a numbered list, and each by its id.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::{Schema, Schemas};
use crate::identity::ListPage;
use crate::identity::page::Numbered;
use crate::{ApiError, Cx};

/// The page of the list that is asked for. `path` is what its links lead to.
#[must_use]
pub fn list(cx: &Cx, path: &str) -> ListPage {
    let schemas = cx.snapshot.schemas.iter();
    let total = schemas.len();
    let page = Numbered::from_zero(&cx.request);
    let rows = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
    let skipped = rows(page.rows).saturating_mul(rows(page.size));
    let entries: Vec<String> = schemas
        .skip(skipped)
        .take(rows(page.size))
        .map(|schema| entry(schema))
        .collect();
    let total = u64::try_from(total).unwrap_or(u64::MAX);
    ListPage {
        body: format!("[{}]", entries.join(",")),
        link: page.links(path, &cx.request, total),
        total: Some(total),
    }
}

/// The schema that `id` names, itself or by the encoded form that is part of an identity's `schema_url`.
///
/// # Errors
/// 404 when there is none.
pub fn find<'a>(schemas: &'a Schemas, id: &str) -> Result<&'a Arc<Schema>, ApiError> {
    let by_encoded = || {
        let decoded = String::from_utf8(URL_SAFE_NO_PAD.decode(id).ok()?).ok()?;
        schemas.get(&decoded)
    };
    schemas.get(id).or_else(by_encoded).ok_or_else(|| {
        let id: String = id.chars().take(200).collect();
        ApiError::not_found(format!("There is no identity schema `{id}`."))
    })
}

fn entry(schema: &Schema) -> String {
    let id = Value::from(schema.id.as_str());
    format!(r#"{{"id":{id},"schema":{}}}"#, schema.raw.as_str())
}
