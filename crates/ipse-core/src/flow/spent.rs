//! What a proof uses up: codes that count once, and the attempts that led to it.

use ipse_model::{Credential, Timestamp, Uuid};
use ipse_store::{Batch, KeyHash};

/// What is used up together with the success it brings: in the same batch, so that of many requests with the same secret one
/// succeeds.
#[derive(Clone, Debug, Default)]
pub struct Spent {
    /// Things that count once, and how long that has to be remembered.
    pub once: Vec<(KeyHash, Timestamp)>,
    /// A credential as it was read, and as it is to be. It must not have changed in between.
    pub replaced: Option<(Credential, Credential)>,
    /// Counters of attempts that start anew.
    pub attempts: Vec<KeyHash>,
}

impl Spent {
    /// Writes it with what it brings.
    pub(crate) fn add_to(&self, batch: &mut Batch, identity_id: Uuid) {
        for (key, until) in &self.once {
            batch.use_once(*key, *until);
        }
        if let Some((old, new)) = &self.replaced {
            batch.replace_credential(identity_id, old, new);
        }
        for key in &self.attempts {
            batch.reset_attempts(*key);
        }
    }
}

/// The key of something that counts once or is counted: what it is, and whose.
pub(crate) fn key(what: &str, whose: impl std::fmt::Display) -> KeyHash {
    KeyHash(ipse_crypto::token::hash(&format!("{what}\n{whose}")))
}
