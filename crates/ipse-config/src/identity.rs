//! `identity`: the schemas that say which traits an identity has.

use crate::Source;

section! {
    /// Identity schemas.
    pub struct Identity {
        /// The schema of identities that name none.
        pub default_schema_id: String = "default".to_owned(),
        /// The schemas identities may have.
        #[schemars(length(min = 1))]
        pub schemas: Vec<IdentitySchema>,
    }
}

impl Identity {
    /// The schema with this id.
    #[must_use]
    pub fn schema(&self, id: &str) -> Option<&IdentitySchema> {
        self.schemas.iter().find(|schema| schema.id == id)
    }
}

/// One identity schema.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentitySchema {
    /// The name identities refer to it by.
    pub id: String,
    /// Where the schema is.
    pub url: Source,
    /// Whether somebody who registers may choose it.
    #[serde(default)]
    pub selfservice_selectable: bool,
}
