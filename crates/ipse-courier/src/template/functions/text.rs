//! Texts: cutting, joining, padding and looking into them.

use gotmpl::Value;

use super::args::{Args, texts};
use super::{Function, Result};

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("trim", |args| Ok(args.text(0)?.trim().into())),
    ("trimAll", |args| {
        let set = args.text(0)?;
        Ok(args.text(1)?.trim_matches(|c| set.contains(c)).into())
    }),
    ("trimall", |args| {
        let set = args.text(0)?;
        Ok(args.text(1)?.trim_matches(|c| set.contains(c)).into())
    }),
    ("trimPrefix", |args| {
        let text = args.text(1)?;
        Ok(text.strip_prefix(args.text(0)?).unwrap_or(text).into())
    }),
    ("trimSuffix", |args| {
        let text = args.text(1)?;
        Ok(text.strip_suffix(args.text(0)?).unwrap_or(text).into())
    }),
    ("upper", |args| Ok(args.text(0)?.to_uppercase().into())),
    ("lower", |args| Ok(args.text(0)?.to_lowercase().into())),
    ("nospace", |args| {
        let letters = args.text(0)?.chars().filter(|c| !c.is_whitespace());
        Ok(letters.collect::<String>().into())
    }),
    ("repeat", repeat),
    ("substr", substr),
    ("trunc", trunc),
    ("abbrev", abbrev),
    ("initials", |args| {
        let words = args.text(0)?.split_whitespace();
        Ok(words
            .filter_map(|word| word.chars().next())
            .collect::<String>()
            .into())
    }),
    ("wrap", |args| {
        Ok(wrapped(args.text(1)?, args.length(0)?, "\n").into())
    }),
    ("wrapWith", |args| {
        Ok(wrapped(args.text(2)?, args.length(0)?, args.text(1)?).into())
    }),
    ("contains", |args| {
        Ok(Value::Bool(args.text(1)?.contains(args.text(0)?)))
    }),
    ("hasPrefix", |args| {
        Ok(Value::Bool(args.text(1)?.starts_with(args.text(0)?)))
    }),
    ("hasSuffix", |args| {
        Ok(Value::Bool(args.text(1)?.ends_with(args.text(0)?)))
    }),
    ("replace", replace),
    ("quote", |args| {
        let quoted: Vec<String> = texts(args.values)
            .iter()
            .map(|text| format!("{text:?}"))
            .collect();
        Ok(quoted.join(" ").into())
    }),
    ("squote", |args| {
        let quoted: Vec<String> = texts(args.values)
            .iter()
            .map(|text| format!("'{text}'"))
            .collect();
        Ok(quoted.join(" ").into())
    }),
    ("cat", |args| Ok(texts(args.values).join(" ").into())),
    ("indent", |args| Ok(indented(args)?.into())),
    (
        "nindent",
        |args| Ok(format!("\n{}", indented(args)?).into()),
    ),
    ("plural", |args| {
        let chosen = if args.integer(2)? == 1 {
            args.text(0)?
        } else {
            args.text(1)?
        };
        Ok(chosen.into())
    }),
    ("toString", |args| Ok(args.at(0)?.to_string().into())),
];

fn repeat(args: &Args<'_>) -> Result {
    let (count, text) = (args.length(0)?, args.text(1)?);
    args.within_limit(count.saturating_mul(text.len()))?;
    Ok(text.repeat(count).into())
}

/// `substr start end text`, counted in characters; a negative end means the end of the text.
fn substr(args: &Args<'_>) -> Result {
    let (start, end, text) = (args.integer(0)?, args.integer(1)?, args.text(2)?);
    let start = usize::try_from(start).unwrap_or(0);
    let end = usize::try_from(end).unwrap_or(usize::MAX);
    let part = text.chars().skip(start).take(end.saturating_sub(start));
    Ok(part.collect::<String>().into())
}

/// `trunc 5 text` keeps the beginning, `trunc -5 text` the end.
fn trunc(args: &Args<'_>) -> Result {
    let (length, text) = (args.integer(0)?, args.text(1)?);
    let count = usize::try_from(length.unsigned_abs()).unwrap_or(usize::MAX);
    let skipped = if length < 0 {
        text.chars().count().saturating_sub(count)
    } else {
        0
    };
    Ok(text
        .chars()
        .skip(skipped)
        .take(count)
        .collect::<String>()
        .into())
}

/// Shortens a text with an ellipsis.
fn abbrev(args: &Args<'_>) -> Result {
    let (width, text) = (args.length(0)?, args.text(1)?);
    if width < 4 || text.chars().count() <= width {
        return Ok(text.into());
    }
    let kept: String = text.chars().take(width - 3).collect();
    Ok(format!("{kept}...").into())
}

/// `replace old new text`.
fn replace(args: &Args<'_>) -> Result {
    let (old, new, text) = (args.text(0)?, args.text(1)?, args.text(2)?);
    let places = text.matches(old).count();
    args.within_limit(text.len().saturating_add(places.saturating_mul(new.len())))?;
    Ok(text.replace(old, new).into())
}

fn indented(args: &Args<'_>) -> std::result::Result<String, gotmpl::TemplateError> {
    let (width, text) = (args.length(0)?, args.text(1)?);
    args.within_limit(text.lines().count().saturating_mul(width))?;
    let pad = " ".repeat(width);
    Ok(format!("{pad}{}", text.replace('\n', &format!("\n{pad}"))))
}

/// Breaks lines between words; a word that is too long stays whole.
fn wrapped(text: &str, width: usize, separator: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join(separator)
}
