//! `multipart/form-data` bodies. Files are left out: no form of ours has any.

use ipse_core::flow::form::FormProblem;

use super::utf8;

/// Decodes the parts of a body in their order. A body without any part is an empty form.
pub(super) fn decode(
    content_type: &str,
    body: &[u8],
) -> Result<Vec<(String, String)>, FormProblem> {
    let boundary = parameter(content_type, "boundary")
        .filter(|boundary| !boundary.is_empty())
        .ok_or(FormProblem::NotAForm("its boundary is missing"))?;
    let delimiter = format!("\r\n--{boundary}");
    let delimiter = delimiter.as_bytes();
    // The first delimiter may stand at the very beginning, without a line break before it.
    let start = if body.starts_with(&delimiter[2..]) {
        delimiter.len() - 2
    } else {
        match find(body, delimiter) {
            Some(at) => at + delimiter.len(),
            None => return Ok(Vec::new()),
        }
    };
    parts(&body[start..], delimiter)
}

/// The parts of `rest`, which begins just behind a delimiter.
fn parts(mut rest: &[u8], delimiter: &[u8]) -> Result<Vec<(String, String)>, FormProblem> {
    let mut fields = Vec::new();
    while !rest.starts_with(b"--") {
        let line = find(rest, b"\r\n").ok_or(FormProblem::NotAForm("a part is cut off"))?;
        rest = &rest[line..];
        let end = find(rest, delimiter).ok_or(FormProblem::NotAForm("a part is cut off"))?;
        if let Some(field) = part(&rest[..end])? {
            fields.push(field);
        }
        rest = &rest[end + delimiter.len()..];
    }
    Ok(fields)
}

/// A part without its delimiters: `\r\n`, the headers, an empty line, the value. `None` if it is a file.
fn part(part: &[u8]) -> Result<Option<(String, String)>, FormProblem> {
    let split = find(part, b"\r\n\r\n").ok_or(FormProblem::NotAForm("a part has no headers"))?;
    let headers = utf8(part[..split].to_vec())?;
    let disposition = headers
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("content-disposition"))
        .map(|(_, value)| value)
        .ok_or(FormProblem::NotAForm("a part has no name"))?;
    if parameter(disposition, "filename").is_some() {
        return Ok(None);
    }
    let name = parameter(disposition, "name").ok_or(FormProblem::NotAForm("a part has no name"))?;
    Ok(Some((name, utf8(part[split + 4..].to_vec())?)))
}

/// A parameter of a header such as `form-data; name="email"`.
fn parameter(header: &str, wanted: &str) -> Option<String> {
    let mut rest = header.split_once(';')?.1;
    loop {
        let (name, behind) = rest.split_once('=')?;
        let (value, behind) = value(behind.trim_start());
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = behind.split_once(';')?.1;
    }
}

/// The value at the start of `text`, quoted or not, and what follows it.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        return (text[..end].trim().to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    (value, "")
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}
