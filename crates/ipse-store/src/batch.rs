//! A unit of work as a value: changes that are carried out together or not at all.

use std::time::Duration;

use ipse_model::Uuid;

use crate::driver::{Dialect, Statement, Written};
use crate::{Store, StoreError};

/// When the courier hears of a message: once the answer to the request that caused it is on its way.
const AFTERWARDS: Duration = Duration::from_millis(20);

/// Changes to be made together. Each module of this crate adds the verbs for what it keeps.
///
/// The order counts: an identity comes before what belongs to it.
#[derive(Clone, Debug)]
#[must_use = "nothing is written before `commit`"]
pub struct Batch {
    store: Store,
    statements: Vec<Statement>,
    enqueues: bool,
    decoys: Vec<Uuid>,
}

impl Batch {
    pub(crate) fn new(store: Store) -> Self {
        Self {
            store,
            statements: Vec::new(),
            enqueues: false,
            decoys: Vec::new(),
        }
    }

    /// Which SQL it will be carried out in.
    pub(crate) fn dialect(&self) -> Dialect {
        self.store.driver.dialect()
    }

    /// Adds a statement.
    pub(crate) fn push(&mut self, statement: Statement) -> &mut Self {
        self.statements.push(statement);
        self
    }

    /// The courier is to be woken once this is written.
    pub(crate) fn wake_courier(&mut self) {
        self.enqueues = true;
    }

    /// A message that nobody is to see is to be removed once this is written.
    pub(crate) fn remove_later(&mut self, decoy: Uuid) {
        self.decoys.push(decoy);
    }

    /// Leaves such messages where they are.
    #[cfg(test)]
    pub(crate) fn keep_decoys(&mut self) {
        self.decoys.clear();
    }

    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// Carries out all changes in their order, or none of them. When it answers `Ok`, they last.
    ///
    /// A batch is carried out to its end even when the caller stops waiting.
    ///
    /// # Errors
    /// `Duplicate` and `Conflict` say which expectation wasn't met; nothing was written then.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.run().await.map(drop)
    }

    /// Like `commit`, and tells what each statement did.
    pub(crate) async fn run(self) -> Result<Vec<Written>, StoreError> {
        if self.statements.is_empty() {
            return Ok(Vec::new());
        }
        let written = self.store.driver.write(self.statements).await?;
        if self.enqueues {
            // Not at once: what becomes of a message is not to show in the time that whoever asked for it waits. What isn't
            // removed then is removed when the store is cleaned.
            let (store, decoys) = (self.store, self.decoys);
            tokio::spawn(async move {
                tokio::time::sleep(AFTERWARDS).await;
                store.message_waits.notify_one();
                if !decoys.is_empty() {
                    store.remove_decoys(decoys).await;
                }
            });
        }
        Ok(written)
    }
}

impl Store {
    /// Carries out one statement by itself.
    pub(crate) async fn write_one(&self, statement: Statement) -> Result<Written, StoreError> {
        let mut written = self.driver.write(vec![statement]).await?;
        written
            .pop()
            .ok_or_else(|| StoreError::Corrupt("a statement has no answer".into()))
    }
}
