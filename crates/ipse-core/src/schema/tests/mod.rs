//! The schemas that the tests of this module are about.

mod extension;
mod form;
mod load;
mod nodes;
mod validate;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Fetch, FetchError, Schema, SchemaError, SchemaSource, Schemas, Sources};

/// A network of the given documents.
pub(super) struct Network(pub(super) Vec<(&'static str, Value)>);

#[async_trait]
impl Fetch for Network {
    async fn get(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        let found = self.0.iter().find(|(address, _)| *address == url);
        found
            .map(|(_, document)| document.to_string().into_bytes())
            .ok_or_else(|| "404".into())
    }
}

pub(super) fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(future)
}

pub(super) fn inline(document: &Value) -> String {
    format!("base64://{}", STANDARD.encode(document.to_string()))
}

pub(super) fn load_from(url: &str, network: &Network) -> Result<Schema, SchemaError> {
    let sources = Sources {
        default_id: "default".to_owned(),
        schemas: vec![SchemaSource {
            id: "default".to_owned(),
            url: url.to_owned(),
            selfservice_selectable: false,
        }],
        disallow_ref: false,
    };
    let schemas = wait(Schemas::load(&sources, network))?;
    let schema = schemas.default_schema().clone();
    drop(schemas);
    Ok(std::sync::Arc::into_inner(schema).unwrap())
}

pub(super) fn load(document: &Value) -> Result<Schema, SchemaError> {
    load_from(&inline(document), &Network(Vec::new()))
}

/// A schema with these traits.
pub(super) fn with_traits(traits: Value) -> Schema {
    let mut traits = traits;
    traits["type"] = json!("object");
    load(&json!({"type": "object", "properties": {"traits": traits}})).unwrap()
}

/// Somebody who borrows books.
pub(super) fn reader() -> Schema {
    with_traits(json!({
        "properties": {
            "card": {
                "type": "string", "title": "Card number", "pattern": "^[A-Z]{2}[0-9]+$",
                "ory.sh/kratos": {"credentials": {"password": {"identifier": true}}}
            },
            "mail": {
                "type": "string", "format": "email", "title": "E-mail", "minLength": 6,
                "ory.sh/kratos": {
                    "credentials": {
                        "password": {"identifier": true}, "webauthn": {"identifier": true},
                        "passkey": {"display_name": true}, "totp": {"account_name": true},
                        "code": {"identifier": true, "via": "email"}
                    },
                    "verification": {"via": "email"}, "recovery": {"via": "email"}
                }
            },
            "called": {
                "type": "object",
                "properties": {
                    "given": {"type": "string", "title": "Given name", "minLength": 2, "maxLength": 5},
                    "family": {"type": "string", "title": "Family name"}
                },
                "required": ["given"]
            },
            "home": {
                "type": "object",
                "properties": {"town": {"type": "string"}, "floor": {"type": "integer"}}
            },
            "born": {"type": "string", "format": "date", "title": "Born"},
            "site": {"type": "string", "format": "uri"},
            "loans": {"type": "integer", "title": "Loans", "minimum": 0, "maximum": 20},
            "fine": {"type": "number", "exclusiveMinimum": 0, "multipleOf": 0.5},
            "letter": {"type": "boolean", "title": "Newsletter"},
            "branch": {"enum": ["north", "south"], "title": "Branch"},
            "phones": {
                "type": "array", "title": "Phones", "maxItems": 2, "uniqueItems": true,
                "items": {
                    "type": "string", "format": "tel",
                    "ory.sh/kratos": {
                        "credentials": {"code": {"identifier": true, "via": "sms"}},
                        "verification": {"via": "sms"}
                    }
                }
            }
        },
        "required": ["mail"],
        "additionalProperties": false
    }))
}
