//! Values on their way into the database.

use ipse_model::{Json, Timestamp, Uuid};

/// A value of a statement or query.
#[derive(Clone, Debug)]
pub(crate) enum Param {
    /// No value.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number.
    Int(i64),
    /// A text.
    Text(String),
    /// A text that is one of ours, such as the name of a state.
    Name(&'static str),
    /// A JSON text.
    Json(Json),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A hash.
    Hash([u8; 32]),
    /// An id.
    Uuid(Uuid),
    /// A time, kept to the microsecond.
    Time(Timestamp),
}

impl From<bool> for Param {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Param {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u32> for Param {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}

impl From<&str> for Param {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<&Json> for Param {
    fn from(value: &Json) -> Self {
        Self::Json(value.clone())
    }
}

impl From<&[u8]> for Param {
    fn from(value: &[u8]) -> Self {
        Self::Bytes(value.to_owned())
    }
}

impl From<[u8; 32]> for Param {
    fn from(value: [u8; 32]) -> Self {
        Self::Hash(value)
    }
}

impl From<Uuid> for Param {
    fn from(value: Uuid) -> Self {
        Self::Uuid(value)
    }
}

impl From<Timestamp> for Param {
    fn from(value: Timestamp) -> Self {
        Self::Time(value)
    }
}

impl<T: Into<Self>> From<Option<T>> for Param {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl Param {
    /// The JSON form of a value whose JSON form can't fail: structs and lists of the model.
    pub(crate) fn json(value: &impl serde::Serialize) -> Self {
        Self::Json(Json::from_serialize(value).expect("the model's types have string keys only"))
    }
}
