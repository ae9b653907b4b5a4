//! Upper and lower case, and the ways to write several words as one.

use super::Function;

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("title", |args| {
        Ok(each_word(args.text(0)?, |first| first.to_uppercase().collect()).into())
    }),
    ("untitle", |args| {
        Ok(each_word(args.text(0)?, |first| first.to_lowercase().collect()).into())
    }),
    ("swapcase", |args| {
        let swapped = |c: char| -> String {
            if c.is_uppercase() {
                c.to_lowercase().collect()
            } else {
                c.to_uppercase().collect()
            }
        };
        Ok(args
            .text(0)?
            .chars()
            .map(swapped)
            .collect::<String>()
            .into())
    }),
    ("snakecase", |args| {
        Ok(words(args.text(0)?).join("_").to_lowercase().into())
    }),
    ("kebabcase", |args| {
        Ok(words(args.text(0)?).join("-").to_lowercase().into())
    }),
    ("camelcase", |args| {
        let capital =
            |word: &String| each_word(&word.to_lowercase(), |c| c.to_uppercase().collect());
        Ok(words(args.text(0)?)
            .iter()
            .map(capital)
            .collect::<String>()
            .into())
    }),
];

/// Changes the first letter of each word.
fn each_word(text: &str, change: impl Fn(char) -> String) -> String {
    let mut changed = String::with_capacity(text.len());
    let mut inside = false;
    for c in text.chars() {
        if inside || c.is_whitespace() {
            changed.push(c);
        } else {
            changed.push_str(&change(c));
        }
        inside = !c.is_whitespace();
    }
    changed
}

/// The words of a name, whichever way they are put together.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut joined = false;
    let mut lower = false;
    for c in text.chars() {
        if c == '_' || c == '-' || c.is_whitespace() {
            joined = false;
            continue;
        }
        match words.last_mut() {
            Some(word) if joined && !(lower && c.is_uppercase()) => word.push(c),
            _ => words.push(c.to_string()),
        }
        (joined, lower) = (true, c.is_lowercase() || c.is_numeric());
    }
    words
}
