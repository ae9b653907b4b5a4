//! The identity schemas of the configuration: read, checked and worked out before the first request.

use std::sync::Arc;

use ipse_model::Json;
use jsonschema::{Draft, PatternOptions, ValidationError, ValidationOptions};
use serde_json::Value;

use super::format::{is_email, is_phone};
use super::layout::{Layout, TRAITS};
use super::read::{Fetch, ReadError, Shelf, base_of, is_remote, read};
use super::shape::{Misfit, ShapeReader, escape};
use super::{Schema, list_fields};

/// How many other documents one schema may refer to.
const MOST_REFERENCES: usize = 32;
/// The dialect of schemas that name none.
const DEFAULT_DIALECT: &str = "http://json-schema.org/draft-07/schema#";

/// Why the identity schemas can't be used. Every case names the schema.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// It can't be read.
    #[error("identity schema {id} ({url}): {source}")]
    Unreadable {
        /// The schema.
        id: String,
        /// Its address, shortened.
        url: String,
        /// Why.
        source: ReadError,
    },
    /// It is no JSON.
    #[error("identity schema {id} ({url}) is not JSON: {source}")]
    NotJson {
        /// The schema.
        id: String,
        /// Its address, shortened.
        url: String,
        /// Where and why.
        source: serde_json::Error,
    },
    /// It is no identity schema.
    #[error("identity schema {id} ({url}), at {pointer:?}: {reason}")]
    Invalid {
        /// The schema.
        id: String,
        /// Its address, shortened.
        url: String,
        /// The place in it as a JSON pointer.
        pointer: String,
        /// What is wrong there.
        reason: String,
    },
    /// Two schemas have the same id.
    #[error("two identity schemas have the id {0}")]
    Duplicate(String),
    /// No schema has the default id.
    #[error("there is no identity schema {0}, which is named as the default")]
    NoDefault(String),
}

/// One schema of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaSource {
    /// The name identities refer to it by.
    pub id: String,
    /// Where it is.
    pub url: String,
    /// Whether somebody who registers may choose it.
    pub selfservice_selectable: bool,
}

/// The schemas of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources {
    /// The schema of identities that name none.
    pub default_id: String,
    /// All of them, in order.
    pub schemas: Vec<SchemaSource>,
    /// Whether a schema with a `$ref` is refused.
    pub disallow_ref: bool,
}

/// The identity schemas.
#[derive(Clone, Debug)]
pub struct Schemas {
    list: Vec<Arc<Schema>>,
    default: Arc<Schema>,
}

impl Schemas {
    /// Reads and works out all schemas.
    ///
    /// # Errors
    /// At the first one that can't be used.
    pub async fn load(sources: &Sources, fetch: &dyn Fetch) -> Result<Self, SchemaError> {
        let mut list: Vec<Arc<Schema>> = Vec::with_capacity(sources.schemas.len());
        for source in &sources.schemas {
            if list.iter().any(|schema| schema.id == source.id) {
                return Err(SchemaError::Duplicate(source.id.clone()));
            }
            list.push(Arc::new(
                load_one(source, sources.disallow_ref, fetch).await?,
            ));
        }
        let default = list
            .iter()
            .find(|schema| schema.id == sources.default_id)
            .cloned();
        let default = default.ok_or_else(|| SchemaError::NoDefault(sources.default_id.clone()))?;
        Ok(Self { list, default })
    }

    /// The schema of that id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Arc<Schema>> {
        self.list.iter().find(|schema| schema.id == id)
    }

    /// The schema of identities that name none.
    #[must_use]
    pub fn default_schema(&self) -> &Arc<Schema> {
        &self.default
    }

    /// Its id.
    #[must_use]
    pub fn default_id(&self) -> &str {
        &self.default.id
    }

    /// All of them, in the order of the configuration.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<Schema>> {
        self.list.iter()
    }
}

async fn load_one(
    source: &SchemaSource,
    disallow_ref: bool,
    fetch: &dyn Fetch,
) -> Result<Schema, SchemaError> {
    let complaint = Complaint(source);
    let bytes = read(&source.url, fetch)
        .await
        .map_err(|error| complaint.unreadable(error))?;
    let text = String::from_utf8_lossy(&bytes)
        .trim_start_matches('\u{feff}')
        .to_owned();
    let raw = Json::from_text(text).map_err(|error| complaint.not_json(error))?;
    let document = raw.to_value();
    if let Some(pointer) = find_ref(&document, "").filter(|_| disallow_ref) {
        let reason = "security.disallow_ref_in_identity_schemas forbids $ref".to_owned();
        return Err(complaint.invalid(Misfit { pointer, reason }));
    }
    let shelf = Shelf::default();
    loop {
        let misfit = match work_out(source, &raw, &document, &shelf) {
            Ok(schema) => return Ok(schema),
            Err(misfit) => misfit,
        };
        let Some(url) = shelf.take_missing() else {
            return Err(complaint.invalid(misfit));
        };
        let other = fetch_reference(source, &url, &shelf, fetch).await;
        let other = other.map_err(|reason| {
            complaint.invalid(Misfit {
                pointer: misfit.pointer,
                reason,
            })
        })?;
        shelf.put(url, other);
    }
}

/// Gets a document that a schema refers to.
async fn fetch_reference(
    source: &SchemaSource,
    url: &str,
    shelf: &Shelf,
    fetch: &dyn Fetch,
) -> Result<Value, String> {
    if shelf.len() >= MOST_REFERENCES {
        return Err(format!(
            "it refers to more than {MOST_REFERENCES} other documents"
        ));
    }
    if is_remote(&source.url) && !is_remote(url) {
        return Err(format!("a schema from the network may not refer to {url}"));
    }
    let bytes = read(url, fetch)
        .await
        .map_err(|error| format!("{url}, which it refers to: {error}"))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| format!("{url}, which it refers to, is not JSON: {error}"))
}

fn work_out(
    source: &SchemaSource,
    raw: &Json,
    document: &Value,
    shelf: &Shelf,
) -> Result<Schema, Misfit> {
    let default_dialect = Value::from(DEFAULT_DIALECT);
    let dialect = document.get("$schema").unwrap_or(&default_dialect);
    let options = options(source, document, shelf);
    // Patterns run in linear time where the faster engine knows all that they use.
    let linear = options
        .clone()
        .with_pattern_options(PatternOptions::regex());
    let validator = linear
        .build(document)
        .or_else(|_| options.build(document))
        .map_err(Misfit::from)?;
    let whole = options.dereference(document).map_err(|error| Misfit {
        pointer: String::new(),
        reason: error.to_string(),
    })?;
    let traits = traits_of(&whole)?;
    let reader = ShapeReader {
        options: &options,
        dialect: Some(dialect),
    };
    let shape = reader.read(traits, &format!("/properties/{TRAITS}"))?;
    let layout = Layout::of_traits(&shape);
    let mut fields = Vec::new();
    list_fields(&layout, &mut fields);
    Ok(Schema {
        id: source.id.clone(),
        url: source.url.clone(),
        selfservice_selectable: source.selfservice_selectable,
        raw: raw.clone(),
        fields,
        validator,
        shape,
        layout,
    })
}

fn options(source: &SchemaSource, document: &Value, shelf: &Shelf) -> ValidationOptions<'static> {
    let mut options = jsonschema::options()
        .with_retriever(shelf.clone())
        .with_format("email", is_email)
        .with_format("tel", is_phone)
        .should_validate_formats(true)
        .should_ignore_unknown_formats(true);
    if document.get("$schema").is_none() {
        options = options.with_draft(Draft::Draft7);
    }
    match base_of(&source.url) {
        Some(base) => options.with_base_uri(base),
        None => options,
    }
}

/// The schema of the traits, if the document has the outline of an identity schema.
fn traits_of(document: &Value) -> Result<&Value, Misfit> {
    let missing = |pointer: &str, reason: &str| Misfit {
        pointer: pointer.to_owned(),
        reason: reason.to_owned(),
    };
    let properties = document.get("properties").and_then(Value::as_object);
    let properties = properties.ok_or_else(|| missing("", "properties is missing"))?;
    let traits = properties
        .get(TRAITS)
        .and_then(Value::as_object)
        .ok_or_else(|| missing("/properties", "traits is missing"))?;
    let pointer = "/properties/traits";
    if traits.get("type").is_some_and(|kind| kind != "object") {
        return Err(missing(
            &format!("{pointer}/type"),
            "traits have to be an object",
        ));
    }
    let fields = traits.get("properties").and_then(Value::as_object);
    match fields {
        None => Err(missing(pointer, "properties is missing")),
        Some(fields) if fields.is_empty() => Err(missing(
            &format!("{pointer}/properties"),
            "an identity needs at least one trait",
        )),
        Some(_) => Ok(&properties[TRAITS]),
    }
}

/// The place of a `$ref`.
fn find_ref(value: &Value, pointer: &str) -> Option<String> {
    match value {
        Value::Object(object) => object.iter().find_map(|(name, inner)| {
            let place = format!("{pointer}/{}", escape(name));
            if name == "$ref" && inner.is_string() {
                return Some(place);
            }
            find_ref(inner, &place)
        }),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .find_map(|(index, inner)| find_ref(inner, &format!("{pointer}/{index}"))),
        _ => None,
    }
}

impl From<ValidationError<'_>> for Misfit {
    fn from(error: ValidationError<'_>) -> Self {
        Self {
            pointer: error.instance_path().as_str().to_owned(),
            reason: clipped(&error.to_string(), 240),
        }
    }
}

/// The beginning of a text that may hold a whole schema.
fn clipped(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Makes errors that name the schema.
struct Complaint<'a>(&'a SchemaSource);

impl Complaint<'_> {
    fn id(&self) -> String {
        self.0.id.clone()
    }

    /// The address, without the whole schema if it holds one.
    fn url(&self) -> String {
        clipped(&self.0.url, 80)
    }

    fn unreadable(&self, source: ReadError) -> SchemaError {
        SchemaError::Unreadable {
            id: self.id(),
            url: self.url(),
            source,
        }
    }

    fn not_json(&self, source: serde_json::Error) -> SchemaError {
        SchemaError::NotJson {
            id: self.id(),
            url: self.url(),
            source,
        }
    }

    fn invalid(&self, misfit: Misfit) -> SchemaError {
        let Misfit { pointer, reason } = misfit;
        SchemaError::Invalid {
            id: self.id(),
            url: self.url(),
            pointer,
            reason,
        }
    }
}
