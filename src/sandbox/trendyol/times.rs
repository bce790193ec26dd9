//! The store's clock, and durations as they are drawn and reckoned.

use std::{
    ops::RangeInclusive,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use fastrand::Rng;

use crate::clock::Clock;

/// The store's clock: that of its plan, plus what it was told to advance by.
#[derive(Debug)]
pub(super) struct StoreClock {
    source: Arc<dyn Clock>,
    /// Milliseconds.
    ahead: AtomicI64,
}

impl StoreClock {
    pub(super) fn new(source: Arc<dyn Clock>) -> Self {
        Self {
            source,
            ahead: AtomicI64::new(0),
        }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        let ahead = TimeDelta::milliseconds(self.ahead.load(Ordering::SeqCst));
        self.source.now().trunc_subsecs(3) + ahead
    }

    pub(super) fn advance(&self, by: Duration) {
        let by = span(by).num_milliseconds();
        self.ahead.fetch_add(by, Ordering::SeqCst);
    }
}

/// A duration as chrono reckons it; far beyond any plan it saturates.
pub(super) fn span(duration: Duration) -> TimeDelta {
    const FAR: TimeDelta = TimeDelta::days(36_500);
    TimeDelta::from_std(duration).unwrap_or(FAR).min(FAR)
}

/// One of a range, evenly, in whole milliseconds.
pub(super) fn drawn(range: &RangeInclusive<Duration>, rng: &mut Rng) -> Duration {
    let low = span(*range.start()).num_milliseconds();
    let high = span(*range.end()).num_milliseconds().max(low);
    Duration::from_millis(rng.i64(low..=high).unsigned_abs())
}
