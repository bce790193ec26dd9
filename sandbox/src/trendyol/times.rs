//! The store's clock, and durations as they are drawn and reckoned.

use std::{
    fmt,
    ops::RangeInclusive,
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use fastrand::Rng;

use crate::clock::Clock;

/// The store's clock: that of its plan, plus what it was advanced by.
pub(super) struct StoreClock {
    source: Clock,
    /// Milliseconds.
    ahead: AtomicI64,
}

impl StoreClock {
    pub(super) fn new(source: Clock) -> Self {
        Self {
            source,
            ahead: AtomicI64::new(0),
        }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        let ahead = TimeDelta::milliseconds(self.ahead.load(Ordering::SeqCst));
        (self.source)().trunc_subsecs(3) + ahead
    }

    pub(super) fn advance(&self, by: Duration) {
        let by = span(by).num_milliseconds();
        self.ahead.fetch_add(by, Ordering::SeqCst);
    }
}

impl fmt::Debug for StoreClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreClock({})", self.now())
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

/// Whether something happens that happens to this share, 0 to 1. A share of 0 draws nothing.
pub(super) fn chance(share: f64, rng: &mut Rng) -> bool {
    share > 0.0 && rng.f64() < share
}

/// The usual value in half of the cases, else one of the others.
pub(super) fn mostly<T: Copy>(rng: &mut Rng, usual: T, others: &[T]) -> T {
    match rng.choice(others) {
        Some(other) if rng.bool() => *other,
        _ => usual,
    }
}

/// Whether a thing with this number is among a share of all of them: the same answer every time.
pub(super) fn belongs(number: i64, what: u64, share: f64) -> bool {
    share > 0.0 && Rng::with_seed(number.unsigned_abs() ^ what.rotate_left(40)).f64() < share
}
