//! What time it is. Every due time, lease and time limit is reckoned by one [`Clock`].
//!
//! In production it follows the database's clock ([`DatabaseClock`]), so that replicas whose own
//! clocks differ agree about what is due. Tests move a [`ManualClock`] by hand.

use std::{
    fmt,
    time::{Duration, Instant, SystemTime},
};

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::Mutex;

/// A source of the current time.
pub trait Clock: Send + Sync + fmt::Debug {
    fn now(&self) -> DateTime<Utc>;
}

/// The database's clock, carried on by this machine's monotonic clock between two readings.
///
/// A jump of this machine's wall clock therefore moves nothing.
#[derive(Debug)]
pub struct DatabaseClock {
    base: Mutex<Base>,
}

/// A reading: what the database said, and when.
#[derive(Clone, Copy, Debug)]
struct Base {
    time: DateTime<Utc>,
    read: Instant,
}

impl DatabaseClock {
    /// Starts from this machine's wall clock, until the first reading arrives.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the wall clock"
    )]
    pub fn new() -> Self {
        Self {
            base: Mutex::new(Base {
                time: SystemTime::now().into(),
                read: Instant::now(),
            }),
        }
    }

    /// Takes over a reading of the database's clock. `round_trip` is how long the query took. Returns how
    /// far the clock moved.
    pub(crate) fn set(&self, read: DateTime<Utc>, round_trip: Duration) -> TimeDelta {
        // The answer has travelled for half of it.
        let half = TimeDelta::from_std(round_trip / 2).unwrap_or_default();
        let time = read.checked_add_signed(half).unwrap_or(read);

        // Before the lock: reading the time takes it, too.
        let before = self.now();
        *self.base.lock() = Base {
            time,
            read: Instant::now(),
        };
        time - before
    }
}

impl Default for DatabaseClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for DatabaseClock {
    fn now(&self) -> DateTime<Utc> {
        let base = *self.base.lock();
        let passed = TimeDelta::from_std(base.read.elapsed()).unwrap_or_default();
        base.time.checked_add_signed(passed).unwrap_or(base.time)
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock(Mutex<DateTime<Utc>>);

impl ManualClock {
    #[must_use]
    pub fn new(time: DateTime<Utc>) -> Self {
        Self(Mutex::new(time))
    }

    /// Also back.
    pub fn set(&self, time: DateTime<Utc>) {
        *self.0.lock() = time;
    }

    pub fn advance(&self, by: Duration) {
        let mut time = self.0.lock();
        let by = TimeDelta::from_std(by).unwrap_or_default();
        *time = time.checked_add_signed(by).unwrap_or(*time);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_database_and_takes_half_of_the_round_trip() {
        let clock = DatabaseClock::new();
        let theirs = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        clock.set(theirs, Duration::from_secs(2));
        let shown = clock.now() - theirs;
        assert!(shown >= TimeDelta::seconds(1), "{shown}");
        let moved = clock.set(theirs + TimeDelta::hours(1), Duration::ZERO);
        assert!(moved > TimeDelta::minutes(59), "{moved}");
    }
}
