//! Identity schemas: what the traits of an identity are, what they are checked against, and how they look in a form.
//!
//! A schema is worked out once, when the configuration is loaded: the validator is compiled, references are resolved, the
//! nodes of its fields are prepared. A request only reads.

mod extension;
mod form;
mod format;
mod layout;
pub mod list;
mod load;
mod nodes;
mod read;
mod shape;
mod validate;

#[cfg(test)]
mod tests;

use std::fmt;

use ipse_model::{Channel, CredentialsType, Json};
use jsonschema::Validator;

pub use extension::Extracted;
pub use form::{TooDeep, nest};
pub use format::{is_email, is_phone, normalise_address, normalise_identifier, normalise_phone};
pub use load::{SchemaError, SchemaSource, Schemas, Sources};
pub use read::{Fetch, FetchError, ReadError, read};
pub use shape::FieldKind;
pub use validate::FieldError;

use layout::Layout;
use shape::Shape;

/// An identity schema, ready for use.
pub struct Schema {
    /// The name identities refer to it by.
    pub id: String,
    /// Where it came from.
    pub url: String,
    /// Whether somebody who registers may choose it.
    pub selfservice_selectable: bool,
    /// The schema as it was given.
    pub raw: Json,
    /// The fields of a form for its traits, in the order of the schema.
    pub fields: Vec<Field>,
    validator: Validator,
    shape: Shape,
    layout: Layout,
}

/// One field of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name (`traits.name.first`).
    pub name: String,
    /// Its title, where the schema gives one.
    pub title: Option<String>,
    /// What it holds.
    pub kind: FieldKind,
    /// Whether the object it belongs to asks for it.
    pub required: bool,
    /// The kinds of credentials that its value identifies.
    pub identifies: Vec<CredentialsType>,
    /// The channel through which its value is verified.
    pub verified_by: Option<Channel>,
    /// The channel through which its value leads back in.
    pub recovers_by: Option<Channel>,
    /// Whether passkeys are named after its value.
    pub names_passkeys: bool,
}

impl Schema {
    /// The fields whose values identify for a credential of that kind.
    pub fn identifying(&self, kind: CredentialsType) -> impl Iterator<Item = &Field> {
        self.fields
            .iter()
            .filter(move |field| field.identifies.contains(&kind))
    }

    /// Where among the fields a node has its place; those the schema doesn't name come last.
    fn position(&self, node: &str) -> usize {
        let holds = |field: &Field| {
            node.strip_prefix(&field.name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.fields
            .iter()
            .position(holds)
            .unwrap_or(self.fields.len())
    }
}

/// Lists the inputs of `layout` into `fields`.
fn list_fields(layout: &Layout, fields: &mut Vec<Field>) {
    if layout.is_input() {
        fields.push(Field::of(layout));
    }
    for (_, property) in &layout.properties {
        list_fields(property, fields);
    }
}

impl Field {
    fn of(layout: &Layout) -> Self {
        // The entries of a list carry the marks; the list is the field.
        let marks = match &layout.items {
            Some(items) => items.marks,
            None => layout.marks,
        };
        let identifies = [
            (marks.password, CredentialsType::Password),
            (marks.webauthn, CredentialsType::Webauthn),
            (marks.code.is_some(), CredentialsType::Code),
        ];
        let identifies = identifies.into_iter().filter(|(marked, _)| *marked);
        Self {
            name: layout.name().to_owned(),
            title: layout.title().map(str::to_owned),
            kind: layout.kind,
            required: layout.required,
            identifies: identifies.map(|(_, kind)| kind).collect(),
            verified_by: marks.verification,
            recovers_by: marks.recovery,
            names_passkeys: marks.passkey_display_name,
        }
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema")
            .field("id", &self.id)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}
