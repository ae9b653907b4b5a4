//! The catalogue of messages, a module for each block of numbers.
//!
//! Numbers, kinds and context keys are part of the public API; the English wording is not, apart from the few texts that
//! are documented word for word (see the test `documented_texts_stand`). Texts speak to the person in front of the form:
//! they say what happened and what to do next, and name no internals.

pub mod login;
pub mod node;
pub mod recovery;
pub mod registration;
pub mod settings;
pub mod system;
pub mod validation;
pub mod verification;

#[cfg(test)]
mod tests;

use crate::message::Entry;

/// Every message there is, by number.
#[must_use]
pub fn catalogue() -> Vec<Entry> {
    let modules = [
        login::ENTRIES,
        registration::ENTRIES,
        settings::ENTRIES,
        recovery::ENTRIES,
        node::ENTRIES,
        verification::ENTRIES,
        validation::ENTRIES,
        system::ENTRIES,
    ];
    let mut entries = modules.concat();
    entries.sort_by_key(|entry| entry.id);
    entries
}

/// The catalogue as the JSON document for translators that is kept in `docs/messages.json`.
#[must_use]
pub fn catalogue_json() -> String {
    let mut document =
        serde_json::to_string_pretty(&catalogue()).expect("entries are plain strings and numbers");
    document.push('\n');
    document
}

/// Puts phrases in a row: `a`, `a or b`, `a, b or c`.
fn either<S: AsRef<str>>(phrases: &[S]) -> String {
    match phrases {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} or {}", first.join(", "), last.as_ref())
        }
    }
}
