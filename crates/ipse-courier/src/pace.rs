//! How fast the queue is emptied: so many messages in each stretch of time.

use ipse_config::courier::Worker as Settings;
use ipse_model::Timestamp;

/// What was taken in the present stretch of time.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    since: Option<Timestamp>,
    taken: u32,
}

impl Pace {
    /// How many messages may be taken now.
    pub(crate) fn allowance(&mut self, settings: &Settings, now: Timestamp) -> u32 {
        if self
            .since
            .is_none_or(|since| since + settings.pull_wait <= now || since > now)
        {
            self.since = Some(now);
            self.taken = 0;
        }
        settings.pull_count.saturating_sub(self.taken)
    }

    /// So many were taken.
    pub(crate) fn took(&mut self, count: usize) {
        self.taken = self
            .taken
            .saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
    }

    /// From when on one more may be taken.
    pub(crate) fn next(&self, settings: &Settings, now: Timestamp) -> Timestamp {
        match self.since {
            Some(since) if self.taken >= settings.pull_count => since + settings.pull_wait,
            _ => now,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn settings(pull_count: u32, pull_wait: Duration) -> Settings {
        Settings {
            pull_count,
            pull_wait,
        }
    }

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn in_each_stretch_only_so_many_are_taken() {
        let settings = settings(10, Duration::from_secs(1));
        let mut pace = Pace::default();
        assert_eq!(pace.allowance(&settings, NOW), 10);
        pace.took(7);
        assert_eq!(pace.allowance(&settings, NOW), 3);
        assert_eq!(pace.next(&settings, NOW), NOW);
        pace.took(3);
        assert_eq!(pace.allowance(&settings, NOW), 0);
        let later = NOW + Duration::from_secs(1);
        assert_eq!(pace.next(&settings, NOW), later);
        assert_eq!(pace.allowance(&settings, later), 10);
    }

    #[test]
    fn a_clock_that_is_put_back_stops_nothing() {
        let settings = settings(1, Duration::from_secs(1));
        let mut pace = Pace::default();
        pace.allowance(&settings, NOW + Duration::from_secs(3600));
        pace.took(1);
        assert_eq!(pace.allowance(&settings, NOW), 1);
    }
}
