//! JSON, Base64 and checksums.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::Function;
use crate::template::value::{from_json, to_json};

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("b64enc", |args| Ok(STANDARD.encode(args.text(0)?).into())),
    ("b64dec", |args| {
        let bytes = STANDARD.decode(args.text(0)?);
        // What doesn't decode is told in place of the text, as templates are used to.
        Ok(match bytes {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned().into(),
            Err(error) => error.to_string().into(),
        })
    }),
    ("sha256sum", |args| {
        let sum = Sha256::digest(args.text(0)?.as_bytes());
        Ok(sum
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
            .into())
    }),
    ("toJson", |args| Ok(to_json(args.at(0)?).to_string().into())),
    ("toRawJson", |args| {
        Ok(to_json(args.at(0)?).to_string().into())
    }),
    ("toPrettyJson", |args| {
        let text = serde_json::to_string_pretty(&to_json(args.at(0)?));
        text.map_or_else(|error| args.fail(error), |text| Ok(text.into()))
    }),
    ("fromJson", |args| {
        match serde_json::from_str(args.text(0)?) {
            Ok(value) => Ok(from_json(&value)),
            Err(error) => args.fail(error),
        }
    }),
];
