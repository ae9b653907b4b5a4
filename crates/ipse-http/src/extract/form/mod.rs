//! Bodies become a [`Form`]: the same tree of fields whether they came as JSON, as a form or as multipart.
//!
//! Nothing a client sends makes this fail otherwise than by a [`FormProblem`], which the flow shows.

mod json;
mod multipart;
mod tree;
mod urlencoded;

#[cfg(test)]
mod tests;

use http::Method;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use ipse_core::flow::form::{Encoding, Form, FormProblem};

use super::negotiate::media_type;

/// Decodes a body by its content type.
pub(crate) fn decode(
    method: &Method,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Form, FormProblem> {
    if body.is_empty() {
        return Err(FormProblem::Empty);
    }
    let content_type = headers
        .get(CONTENT_TYPE)
        .map(HeaderValue::as_bytes)
        .unwrap_or_default();
    let content_type = String::from_utf8_lossy(content_type);
    let (fields, encoding) = match media_type(&content_type).to_ascii_lowercase().as_str() {
        "application/json" => (json::decode(body)?, Encoding::Json),
        "application/x-www-form-urlencoded" => {
            (tree::from_form(urlencoded::decode(body)?)?, Encoding::Form)
        }
        "multipart/form-data" => (
            tree::from_form(multipart::decode(&content_type, body)?)?,
            Encoding::Form,
        ),
        _ => return Err(unknown(method, &content_type)),
    };
    Ok(Form { fields, encoding })
}

fn unknown(method: &Method, content_type: &str) -> FormProblem {
    FormProblem::UnknownContentType {
        method: method.to_string(),
        content_type: content_type.chars().take(100).collect(),
    }
}

/// Text that is no UTF-8 is refused: replacing bytes would make different passwords the same.
fn utf8(bytes: Vec<u8>) -> Result<String, FormProblem> {
    String::from_utf8(bytes).map_err(|_| FormProblem::NotAForm("it is not valid UTF-8"))
}
