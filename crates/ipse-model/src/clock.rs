//! Time as something that is handed in, so that a test can decide what time it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// Tells the time. Read once per request; everything below gets the value.
pub trait Clock: Send + Sync + 'static {
    /// The current time in UTC, cut to microseconds (what the store keeps).
    fn now(&self) -> Timestamp;
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the machine's clock"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(Timestamp::now().as_microsecond())
            .expect("a timestamp cut to microseconds stays in range")
    }
}

/// A clock that stands still until it is told to move. Clones share the same time.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that shows `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(start.as_microsecond())))
    }

    /// Moves the clock by `by`, which may be negative.
    pub fn advance(&self, by: SignedDuration) {
        let micros =
            i64::try_from(by.as_micros()).expect("tests move the clock by less than 292,000 years");
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.load(Ordering::SeqCst))
            .expect("tests stay within the years jiff knows")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_told_and_is_shared_by_its_clones() {
        let clock = ManualClock::new("2026-01-02T03:04:05.678901Z".parse().unwrap());
        let other = clock.clone();
        assert_eq!(clock.now(), other.now());
        other.advance(SignedDuration::from_secs(60));
        assert_eq!(clock.now().to_string(), "2026-01-02T03:05:05.678901Z");
    }

    #[test]
    fn the_system_clock_has_no_nanoseconds() {
        assert_eq!(SystemClock.now().subsec_nanosecond() % 1000, 0);
    }
}
