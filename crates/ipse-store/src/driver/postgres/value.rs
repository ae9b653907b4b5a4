//! Values in PostgreSQL's binary form.

use std::error::Error;

use ipse_model::Uuid;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::driver::{Param, Row, Value};

/// PostgreSQL counts microseconds from the beginning of the year 2000.
const EPOCH: i64 = 946_684_800_000_000;

/// The earliest time that PostgreSQL knows (in the year 4714 BC), counted like that.
const EARLIEST: i64 = -211_813_488_000_000_000;

type Failed = Box<dyn Error + Sync + Send>;

impl ToSql for Param {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Failed> {
        match self {
            Self::Null => return Ok(IsNull::Yes),
            Self::Bool(value) => out.extend_from_slice(&[u8::from(*value)]),
            Self::Int(number) if *kind == Type::INT4 => {
                out.extend_from_slice(&i32::try_from(*number)?.to_be_bytes());
            }
            Self::Int(number) => out.extend_from_slice(&number.to_be_bytes()),
            Self::Text(text) => out.extend_from_slice(text.as_bytes()),
            Self::Name(name) => out.extend_from_slice(name.as_bytes()),
            Self::Json(json) => out.extend_from_slice(json.as_str().as_bytes()),
            Self::Bytes(bytes) => bytes_as(kind, bytes, out),
            Self::Hash(bytes) => bytes_as(kind, bytes, out),
            Self::Uuid(uuid) => out.extend_from_slice(uuid.as_bytes()),
            Self::Time(time) => {
                let micros = time.as_microsecond() - EPOCH;
                out.extend_from_slice(&micros.max(EARLIEST).to_be_bytes());
            }
        }
        Ok(IsNull::No)
    }

    /// Whether a value fits is decided in `encodes`: this only hears of the column.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// Bytes go into a column of texts as their hexadecimal digits; see the dialect of Aurora DSQL.
fn bytes_as(kind: &Type, bytes: &[u8], out: &mut BytesMut) {
    if *kind == Type::TEXT {
        out.extend_from_slice(hex::encode(bytes).as_bytes());
    } else {
        out.extend_from_slice(bytes);
    }
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Failed> {
        Ok(match *kind {
            Type::BOOL => Self::Int(i64::from(i8::from_be_bytes(raw.try_into()?))),
            Type::INT4 => Self::Int(i64::from(i32::from_be_bytes(raw.try_into()?))),
            Type::INT8 => Self::Int(i64::from_be_bytes(raw.try_into()?)),
            Type::TIMESTAMPTZ => {
                Self::Int(i64::from_be_bytes(raw.try_into()?).saturating_add(EPOCH))
            }
            Type::UUID => Self::Uuid(Uuid::from_slice(raw)?),
            Type::BYTEA => Self::Bytes(raw.to_vec()),
            _ => Self::Text(std::str::from_utf8(raw)?.to_owned()),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Failed> {
        Ok(Self::Null)
    }

    fn accepts(kind: &Type) -> bool {
        [
            Type::BOOL,
            Type::INT4,
            Type::INT8,
            Type::TIMESTAMPTZ,
            Type::UUID,
            Type::BYTEA,
            Type::TEXT,
            Type::VARCHAR,
        ]
        .contains(kind)
    }
}

/// A row as the rest of the crate reads it.
pub(super) fn values(row: &tokio_postgres::Row) -> Result<Row, tokio_postgres::Error> {
    let values: Result<Vec<_>, _> = (0..row.len()).map(|index| row.try_get(index)).collect();
    Ok(Row::new(values?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(param: &Param, kind: &Type) -> Vec<u8> {
        let mut out = BytesMut::new();
        assert!(matches!(param.to_sql(kind, &mut out), Ok(IsNull::No)));
        out.to_vec()
    }

    #[test]
    fn values_come_back_as_they_went() {
        let time = "2026-01-02T03:04:05.678901Z".parse().unwrap();
        for (param, kind, value) in [
            (Param::Bool(true), Type::BOOL, Value::Int(1)),
            (Param::Int(-7), Type::INT8, Value::Int(-7)),
            (Param::Int(-7), Type::INT4, Value::Int(-7)),
            (Param::from("ä"), Type::TEXT, Value::Text("ä".into())),
            (Param::Hash([3; 32]), Type::BYTEA, Value::Bytes(vec![3; 32])),
            (
                Param::Uuid(Uuid::max()),
                Type::UUID,
                Value::Uuid(Uuid::max()),
            ),
            (
                Param::Time(time),
                Type::TIMESTAMPTZ,
                Value::Int(time.as_microsecond()),
            ),
        ] {
            let raw = encoded(&param, &kind);
            assert_eq!(Value::from_sql(&kind, &raw).unwrap(), value, "{kind}");
        }
        let null = Param::Null.to_sql(&Type::UUID, &mut BytesMut::new());
        assert!(matches!(null, Ok(IsNull::Yes)));
        assert_eq!(Value::from_sql_null(&Type::UUID).unwrap(), Value::Null);
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        assert!(
            Param::Int(i64::MAX)
                .to_sql(&Type::INT4, &mut BytesMut::new())
                .is_err()
        );
        assert!(Value::from_sql(&Type::INT8, &[1, 2]).is_err());
    }
}
