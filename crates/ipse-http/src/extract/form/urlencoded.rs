//! `application/x-www-form-urlencoded` bodies.

use ipse_core::flow::form::FormProblem;
use percent_encoding::percent_decode;

use super::utf8;

/// Decodes the pairs of a body in their order.
pub(super) fn decode(body: &[u8]) -> Result<Vec<(String, String)>, FormProblem> {
    body.split(|&byte| byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(pair)
        .collect()
}

fn pair(pair: &[u8]) -> Result<(String, String), FormProblem> {
    let split = pair.iter().position(|&byte| byte == b'=');
    let (name, value) = match split {
        Some(at) => (&pair[..at], &pair[at + 1..]),
        None => (pair, &[][..]),
    };
    Ok((text(name)?, text(value)?))
}

fn text(encoded: &[u8]) -> Result<String, FormProblem> {
    let spaced: Vec<u8> = encoded
        .iter()
        .map(|&byte| if byte == b'+' { b' ' } else { byte })
        .collect();
    utf8(percent_decode(&spaced).collect())
}
