//! A queue from async callers to threads: a list, a lock, and a wake-up only for threads that sleep.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::StoreError;

/// Beyond so many waiting jobs a caller is better told at once than made to wait.
const CAPACITY: usize = 16_384;

pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    arrived: Condvar,
}

struct State<T> {
    jobs: VecDeque<T>,
    sleeping: usize,
    closed: bool,
}

impl<T> std::fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").finish_non_exhaustive()
    }
}

impl<T> Queue<T> {
    pub(super) fn new() -> Self {
        let state = State {
            jobs: VecDeque::new(),
            sleeping: 0,
            closed: false,
        };
        Self {
            state: Mutex::new(state),
            arrived: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a job, unless the queue is closed or overfull.
    pub(super) fn push(&self, job: T) -> Result<(), StoreError> {
        let mut state = self.lock();
        if state.closed {
            return Err(super::gone());
        }
        if state.jobs.len() >= CAPACITY {
            return Err(StoreError::Unavailable(
                "too many requests wait for it".into(),
            ));
        }
        state.jobs.push_back(job);
        let wake = state.sleeping > 0;
        drop(state);
        if wake {
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// The next job; sleeps until there is one. `None` when the queue is closed and empty.
    pub(super) fn pop(&self) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            if state.closed {
                return None;
            }
            state.sleeping += 1;
            state = self
                .arrived
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            state.sleeping -= 1;
        }
    }

    /// The next job if one waits already and it is of the kind asked for.
    pub(super) fn pop_if(&self, wanted: impl FnOnce(&T) -> bool) -> Option<T> {
        let mut state = self.lock();
        if state.jobs.front().is_some_and(wanted) {
            state.jobs.pop_front()
        } else {
            None
        }
    }

    /// Refuses new jobs and drops those waiting, which tells their callers.
    pub(super) fn abandon(&self) {
        self.close();
        self.lock().jobs.clear();
    }

    /// Refuses new jobs and lets the threads go once those waiting are done.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn jobs_come_out_in_their_order() {
        let queue = Queue::new();
        for job in 1..=3 {
            queue.push(job).unwrap();
        }
        assert_eq!(queue.pop(), Some(1));
        assert_eq!(queue.pop_if(|&job| job > 2), None);
        assert_eq!(queue.pop_if(|&job| job == 2), Some(2));
        assert_eq!(queue.pop(), Some(3));
        assert_eq!(queue.pop_if(|_| true), None);
    }

    #[test]
    fn a_closed_queue_gives_what_it_holds_and_takes_no_more() {
        let queue = Queue::new();
        queue.push(1).unwrap();
        queue.close();
        assert!(matches!(queue.push(2), Err(StoreError::Unavailable(_))));
        assert_eq!(queue.pop(), Some(1));
        assert_eq!(queue.pop(), None);
    }

    #[test]
    fn an_abandoned_queue_drops_what_waits() {
        let queue = Queue::new();
        let job = Arc::new(());
        queue.push(Arc::clone(&job)).unwrap();
        queue.abandon();
        assert_eq!(Arc::strong_count(&job), 1);
        assert_eq!(queue.pop(), None);
        assert!(matches!(queue.push(job), Err(StoreError::Unavailable(_))));
    }

    #[test]
    fn an_overfull_queue_refuses() {
        let queue = Queue::new();
        for job in 0..CAPACITY {
            queue.push(job).unwrap();
        }
        assert!(matches!(queue.push(0), Err(StoreError::Unavailable(_))));
    }

    #[test]
    fn every_job_reaches_exactly_one_of_several_threads() {
        let queue = Arc::new(Queue::new());
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let queue = Arc::clone(&queue);
                std::thread::spawn(move || std::iter::from_fn(|| queue.pop()).sum::<u64>())
            })
            .collect();
        for job in 1..=1000 {
            queue.push(job).unwrap();
        }
        queue.close();
        let sum: u64 = threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum();
        assert_eq!(sum, 500_500);
    }
}
