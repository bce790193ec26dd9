//! What is kept over time, in the database, for the charts.
//!
//! The bounds of a series are stored by their place only: new ones are added at the end and none is
//! ever moved, or what was stored before would mean something else.

use std::{collections::BTreeMap, time::Duration};

use parking_lot::Mutex;
use strum::IntoStaticStr;

use crate::order::IntegrationId;

/// Upper bounds of times, in microseconds, ascending.
pub(crate) type Bounds = &'static [u64];

const MS: u64 = 1000;
const SECOND: u64 = 1000 * MS;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// From a connection on the same machine to a time-out of minutes.
pub(crate) const SHORT: Bounds = &[
    MS,
    2 * MS,
    5 * MS,
    10 * MS,
    20 * MS,
    50 * MS,
    100 * MS,
    200 * MS,
    500 * MS,
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    30 * SECOND,
    MINUTE,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
];
/// From a code at once to the last moment of waiting.
pub(crate) const LONG: Bounds = &[
    SECOND,
    5 * SECOND,
    15 * SECOND,
    30 * SECOND,
    MINUTE,
    90 * SECOND,
    2 * MINUTE,
    3 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    8 * HOUR,
    16 * HOUR,
    24 * HOUR,
];

/// A series of the statistics over time. The database and the API use its name in small letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Series {
    /// Order inserted → request at the panel. Per panel.
    Dispatch,
    /// Sent → completed. Per panel.
    Code,
    /// Purchase calls and how long they took; errors are those without a sure answer. Per panel.
    Purchases,
    /// Status calls and how long they took; errors are those that say nothing. Per panel.
    Checks,
    /// Requests that send stock and how long they took; errors are those that were not accepted.
    Pushes,
    /// Items of stock that were sent; errors are those that were refused. No times.
    Items,
}

impl Series {
    pub(crate) const ALL: [Self; 6] = [
        Self::Dispatch,
        Self::Code,
        Self::Purchases,
        Self::Checks,
        Self::Pushes,
        Self::Items,
    ];

    #[must_use]
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }

    /// Upper bounds of its times.
    #[must_use]
    pub(crate) const fn bounds(self) -> Bounds {
        match self {
            // A code may take as long as an order is watched.
            Self::Code => LONG,
            _ => SHORT,
        }
    }
}

/// Everything that is kept over time, since the process began.
#[derive(Debug, Default)]
pub struct OverTime(Mutex<BTreeMap<Key, Total>>);

impl OverTime {
    /// One more of the series, which took this long.
    pub fn measure(&self, key: Key, took: Duration, is_error: bool) {
        self.change(key, |total| {
            total.count += 1;
            total.errors += u64::from(is_error);
            total.times.add(took, key.0.bounds());
        });
    }

    /// More of a series without times.
    pub fn count(&self, key: Key, number: usize, errors: usize) {
        let whole = |number| u64::try_from(number).unwrap_or(u64::MAX);
        self.change(key, |total| {
            total.count += whole(number);
            total.errors += whole(errors);
        });
    }

    /// What it holds now.
    #[must_use]
    pub fn totals(&self) -> BTreeMap<Key, Total> {
        self.0.lock().clone()
    }

    fn change(&self, key: Key, change: impl FnOnce(&mut Total)) {
        let mut totals = self.0.lock();
        change(totals.entry(key).or_default());
    }
}

/// What one series holds, since the process began or in some time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Total {
    pub(crate) count: u64,
    pub(crate) errors: u64,
    /// Not every series has times.
    pub(crate) times: Measured,
}

/// Times, by the bucket that they fall into.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Measured {
    /// How many in each bucket; the last one is for what lies above all bounds.
    pub(crate) buckets: Vec<u64>,
    /// Of all times, in microseconds.
    pub(crate) sum: u64,
}

/// Names a total: what, and of which panel. `None`: of no panel.
pub type Key = (Series, Option<IntegrationId>);

impl Total {
    /// What came since an earlier moment; `None` when nothing did.
    #[must_use]
    pub(crate) fn since(&self, before: &Self) -> Option<Self> {
        let news = Self {
            count: self.count.saturating_sub(before.count),
            errors: self.errors.saturating_sub(before.errors),
            times: self.times.since(&before.times),
        };
        (news.count > 0 || news.errors > 0 || news.times.count() > 0).then_some(news)
    }
}

impl Measured {
    fn add(&mut self, time: Duration, bounds: Bounds) {
        let time = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        // A bound belongs to its own bucket, as Prometheus has it.
        let place = bounds.partition_point(|bound| *bound < time);
        self.buckets.resize(bounds.len() + 1, 0);
        if let Some(bucket) = self.buckets.get_mut(place) {
            *bucket += 1;
        }
        self.sum = self.sum.wrapping_add(time);
    }

    #[must_use]
    pub(crate) fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    fn since(&self, before: &Self) -> Self {
        // The earlier reading may be from before the first time: then it has no buckets.
        let earlier = before.buckets.iter().copied().chain(std::iter::repeat(0));
        let news = self.buckets.iter().zip(earlier);
        Self {
            buckets: news.map(|(now, then)| now.saturating_sub(then)).collect(),
            // Both wrap around alike, so the difference holds.
            sum: self.sum.wrapping_sub(before.sum),
        }
    }

    /// The buckets as they are stored: the one above all bounds first, and without the empty ones at the
    /// end.
    #[must_use]
    pub(crate) fn to_stored(&self, bounds: Bounds) -> Vec<u64> {
        let above = self.buckets.get(bounds.len()).copied().unwrap_or(0);
        let below = self.buckets.iter().copied().take(bounds.len());
        // First, so that a bound may be added at the end without moving it.
        let mut stored: Vec<u64> = std::iter::once(above).chain(below).collect();
        while stored.last() == Some(&0) {
            stored.pop();
        }
        stored
    }

    /// What was stored, with its sum.
    #[must_use]
    pub(crate) fn from_stored(stored: &[u64], sum: u64, bounds: Bounds) -> Self {
        let below = stored.iter().copied().skip(1).chain(std::iter::repeat(0));
        let mut buckets: Vec<u64> = below.take(bounds.len()).collect();
        buckets.push(stored.first().copied().unwrap_or(0));
        Self { buckets, sum }
    }
}

/// The time below which that share of what was measured lies, estimated within its bucket as
/// Prometheus does; `share` is between 0 and 1. What lies above all bounds counts as the highest
/// bound. `None` when nothing was measured.
#[must_use]
pub(crate) fn quantile(share: f64, buckets: &[u64], bounds: Bounds) -> Option<Duration> {
    let count: u64 = buckets.iter().sum();
    let rank = share.clamp(0.0, 1.0) * real(count);
    let mut below = 0;

    for (place, number) in buckets.iter().copied().enumerate() {
        if number == 0 || real(below + number) < rank {
            below += number;
            continue;
        }

        let Some(upper) = bounds.get(place).copied() else {
            break;
        };

        let lower = place.checked_sub(1).and_then(|place| bounds.get(place));
        let lower = real(lower.copied().unwrap_or(0));
        let part = ((rank - real(below)) / real(number)).clamp(0.0, 1.0);
        let time = lower + (real(upper) - lower) * part;
        return Some(Duration::from_secs_f64(time / 1e6));
    }

    let highest = bounds.last().copied().map(Duration::from_micros);
    highest.filter(|_| count > 0)
}

/// As a floating-point number; above 2^53 the last digits are lost.
#[expect(clippy::cast_precision_loss, reason = "no count of ours comes near")]
const fn real(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = &[10 * MS, 20 * MS];

    #[test]
    fn a_quantile_lies_within_its_bucket() {
        let at = |share, buckets: &[u64]| quantile(share, buckets, BOUNDS);
        assert_eq!(at(0.5, &[]), None);
        assert_eq!(at(0.5, &[0, 0, 0]), None);
        assert_eq!(at(0.5, &[10, 0, 0]), Some(Duration::from_millis(5)));
        assert_eq!(at(0.5, &[0, 10, 0]), Some(Duration::from_millis(15)));
        assert_eq!(at(0.95, &[90, 10, 0]), Some(Duration::from_millis(15)));
        assert_eq!(at(0.95, &[0, 0, 1]), Some(Duration::from_millis(20)));
        // Stored without the empty buckets at the end.
        assert_eq!(at(1.0, &[4]), Some(Duration::from_millis(10)));
    }

    #[test]
    fn a_bound_belongs_to_its_own_bucket() {
        let mut measured = Measured::default();
        for ms in [0, 10, 11, 20, 21] {
            measured.add(Duration::from_millis(ms), BOUNDS);
        }
        assert_eq!((measured.buckets, measured.sum), (vec![2, 2, 1], 62 * MS));
    }

    #[test]
    fn what_came_since_then_is_the_difference() {
        let mut measured = Measured::default();
        measured.add(Duration::from_millis(5), BOUNDS);
        let then = measured.clone();
        measured.add(Duration::from_millis(50), BOUNDS);
        let news = measured.since(&then);
        assert_eq!((&*news.buckets, news.sum), (&[0, 0, 1][..], 50 * MS));
        assert_eq!(measured.since(&Measured::default()), measured);
        assert_eq!(news.count(), 1);
    }

    #[test]
    fn what_is_stored_reads_as_it_was() {
        for buckets in [vec![0, 0, 0], vec![1, 0, 0], vec![0, 2, 0], vec![0, 0, 3]] {
            let measured = Measured { buckets, sum: 7 };
            let stored = measured.to_stored(BOUNDS);
            assert_eq!(Measured::from_stored(&stored, 7, BOUNDS), measured);
        }
    }

    #[test]
    fn bounds_ascend_and_fit_into_the_database() {
        for series in Series::ALL {
            assert!(series.bounds().is_sorted());
            assert_eq!(series.bounds().len(), SHORT.len());
        }
    }
}
