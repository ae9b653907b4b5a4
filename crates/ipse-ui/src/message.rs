//! A numbered message to a person, and the macro that declares one whole.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How a message is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Something to know.
    Info,
    /// Something went wrong.
    Error,
    /// Something worked.
    Success,
}

/// A message that a client shows as it is, or translates by its `id` and `context`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The number, stable for ever.
    pub id: u32,
    /// English text.
    pub text: String,
    /// How it is meant.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The values that the text speaks of.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub context: Map<String, Value>,
}

/// What the catalogue says of a message, for documentation and translation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The number.
    pub id: u32,
    /// The name of its constructor.
    pub name: &'static str,
    /// How it is meant.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The text with `{placeholders}`.
    pub text: &'static str,
    /// When it is shown.
    pub about: &'static str,
    /// The names of its context values.
    pub context: &'static [&'static str],
    /// Placeholders that are filled in for the reader but are no part of the context.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub text_only: &'static [&'static str],
}

/// Declares messages: documentation, number, kind, constructor and text stand together, so that a written number can't
/// shift. Yields one constructor per message and the slice `ENTRIES`. Every parameter becomes a value of the context; the
/// text may name it in braces. Three additions, each optional and in this order:
///
/// - `[name: type]`: parameters that only the text speaks of;
/// - `also { otherName = parameter }`: context keys that repeat a parameter under an older spelling;
/// - `where { name = expression }`: phrases that the text needs and the parameters don't spell out.
macro_rules! messages {
    ($(
        $(#[doc = $about:literal])+
        $id:literal $kind:ident $name:ident($($field:ident: $type:ty),*)
        $([$($said:ident: $said_type:ty),*])?
        $(also { $($twin:ident = $source:ident),* })?
        $(where { $($phrase:ident = $value:expr),* })?
        = $text:literal;
    )+) => {
        $(
            $(#[doc = $about])+
            #[must_use]
            pub fn $name($($field: $type,)* $($($said: $said_type),*)?) -> $crate::Message {
                #[allow(unused_mut, clippy::allow_attributes, reason = "messages without context")]
                let mut context = ::serde_json::Map::new();
                $(context.insert(stringify!($field).to_owned(), ::serde_json::json!($field));)*
                $($(context.insert(stringify!($twin).to_owned(), ::serde_json::json!($source));)*)?
                $($(let $phrase = $value;)*)?
                $crate::Message { id: $id, text: format!($text), kind: $crate::Kind::$kind, context }
            }
        )+

        /// What the catalogue says of the messages of this module.
        pub const ENTRIES: &[$crate::message::Entry] = &[$(
            $crate::message::Entry {
                id: $id,
                name: stringify!($name),
                kind: $crate::Kind::$kind,
                text: $text,
                about: concat!($($about),+).trim_ascii(),
                context: &[$(stringify!($field),)* $($(stringify!($twin)),*)?],
                text_only: &[$($(stringify!($said),)*)? $($(stringify!($phrase)),*)?],
            }
        ),+];
    };
}
pub(crate) use messages;
