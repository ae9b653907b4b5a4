//! Calls that nobody waits for. A server that is slow may not take up the connections that everybody else needs, so that few
//! are under way at a time and the others wait their turn.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Calls under way at a time.
const AT_A_TIME: usize = 100;
/// Calls under way or waiting.
const ALL: usize = 10_000;

/// The places of calls that nobody waits for.
#[derive(Debug)]
pub struct Background {
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

impl Default for Background {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(ALL)),
            turns: Arc::new(Semaphore::new(AT_A_TIME)),
        }
    }
}

/// A place in the queue. It is free again when this is dropped.
pub(super) struct Place {
    _place: OwnedSemaphorePermit,
    turns: Arc<Semaphore>,
}

impl Background {
    /// A place for a call; none when there are too many already.
    pub(super) fn enter(&self) -> Option<Place> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        Some(Place {
            _place: place,
            turns: Arc::clone(&self.turns),
        })
    }
}

impl Place {
    /// Waits until it is this call's turn, which lasts as long as what is returned.
    pub(super) async fn turn(self) -> (Self, Option<OwnedSemaphorePermit>) {
        let turn = Arc::clone(&self.turns).acquire_owned().await.ok();
        (self, turn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn few_calls_are_under_way_and_not_too_many_wait() {
        let background = Background {
            places: Arc::new(Semaphore::new(2)),
            turns: Arc::new(Semaphore::new(1)),
        };
        let (first, second) = (background.enter().unwrap(), background.enter().unwrap());
        assert!(background.enter().is_none());
        let first = first.turn().await;
        let mut second = Box::pin(second.turn());
        assert!(futures_now(&mut second).await.is_none());
        drop(first);
        assert!(futures_now(&mut second).await.is_some());
        assert!(background.enter().is_some());
    }

    /// What a future has come to by now.
    async fn futures_now<T>(future: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
        tokio::select! {
            biased;
            value = future => Some(value),
            () = tokio::task::yield_now() => None,
        }
    }
}
