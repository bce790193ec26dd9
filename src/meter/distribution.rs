//! Distributions: how many of what was measured lie below each bound.
//!
//! The same numbers serve Prometheus, which reads them as they are, and the statistics over time,
//! which take what came since they looked last. Measuring costs two additions.

use std::{
    fmt,
    marker::PhantomData,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder, NoLabelSet},
    metrics::MetricType,
};

use super::label::Label;

/// Upper bounds, ascending: microseconds for times, plain numbers for sizes.
pub type Bounds = &'static [u64];

/// What was measured, by bounds. The last bucket is for what lies above all of them.
#[derive(Debug)]
pub struct Distribution {
    bounds: Bounds,
    buckets: Box<[AtomicU64]>,
    sum: AtomicU64,
}

/// What a distribution held at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// How many in each bucket, one more than there are bounds.
    pub buckets: Vec<u64>,
    /// The sum of everything measured.
    pub sum: u64,
}

impl Distribution {
    /// An empty distribution.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            buckets: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0),
        }
    }

    /// Takes a time into account.
    pub fn time(&self, time: Duration) {
        self.number(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }

    /// Takes a number into account.
    pub fn number(&self, number: u64) {
        let place = self.bounds.partition_point(|bound| *bound < number);
        if let Some(bucket) = self.buckets.get(place) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.sum.fetch_add(number, Ordering::Relaxed);
    }

    /// What it holds now.
    #[must_use]
    pub fn measured(&self) -> Measured {
        let load = |number: &AtomicU64| number.load(Ordering::Relaxed);
        Measured {
            buckets: self.buckets.iter().map(load).collect(),
            sum: load(&self.sum),
        }
    }
}

impl Measured {
    /// How many were measured.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// Adds what was measured elsewhere, by the same bounds.
    pub fn add(&mut self, other: &Self) {
        let length = self.buckets.len().max(other.buckets.len());
        self.buckets.resize(length, 0);
        for (mine, other) in self.buckets.iter_mut().zip(&other.buckets) {
            *mine += other;
        }
        self.sum = self.sum.wrapping_add(other.sum);
    }

    /// What came since an earlier moment.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let earlier = before.buckets.iter().copied().chain(std::iter::repeat(0));
        let news = self.buckets.iter().zip(earlier);
        Self {
            buckets: news.map(|(now, then)| now.saturating_sub(then)).collect(),
            sum: self.sum.wrapping_sub(before.sum),
        }
    }

    fn encode(&self, bounds: Bounds, scale: f64, encoder: &mut MetricEncoder) -> fmt::Result {
        let bounds = bounds.iter().map(|bound| real(*bound) / scale);
        let bounds = bounds.chain([f64::INFINITY]);
        let buckets: Vec<(f64, u64)> = bounds.zip(self.buckets.iter().copied()).collect();
        let sum = real(self.sum) / scale;
        encoder.encode_histogram::<NoLabelSet>(sum, self.count(), &buckets, None)
    }
}

/// One distribution of times for each value of a label. Clones measure together.
#[derive(Debug)]
pub struct Times<L>(Arc<[Distribution]>, PhantomData<L>);

/// A distribution of times without labels. Clones measure together.
#[derive(Clone, Debug)]
pub struct Time(Arc<Distribution>);

/// A distribution of sizes without labels. Clones measure together.
#[derive(Clone, Debug)]
pub struct Sizes(Arc<Distribution>);

impl<L: Label> Times<L> {
    /// Empty distributions.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        let one = |_| Distribution::new(bounds);
        Self((0..L::count()).map(one).collect(), PhantomData)
    }

    /// Takes a time into account.
    pub fn time(&self, label: L, time: Duration) {
        if let Some(distribution) = self.0.get(label.place()) {
            distribution.time(time);
        }
    }

    /// What was measured of one value.
    #[must_use]
    pub fn measured(&self, label: L) -> Measured {
        let one = self.0.get(label.place());
        one.map(Distribution::measured).unwrap_or_default()
    }
}

impl<L> Clone for Times<L> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0), PhantomData)
    }
}

impl Time {
    /// An empty distribution.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self(Arc::new(Distribution::new(bounds)))
    }

    /// Takes a time into account.
    pub fn time(&self, time: Duration) {
        self.0.time(time);
    }
}

impl Sizes {
    /// An empty distribution.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self(Arc::new(Distribution::new(bounds)))
    }

    /// Takes a size into account.
    pub fn size(&self, size: usize) {
        self.0.number(u64::try_from(size).unwrap_or(u64::MAX));
    }
}

/// Microseconds in a second.
const MICROSECONDS: f64 = 1_000_000.0;

/// Writes times in seconds.
pub(super) fn encode_times(
    measured: &Measured,
    bounds: Bounds,
    encoder: &mut MetricEncoder,
) -> fmt::Result {
    measured.encode(bounds, MICROSECONDS, encoder)
}

impl<L: Label> EncodeMetric for Times<L> {
    fn encode(&self, mut encoder: MetricEncoder) -> fmt::Result {
        for (place, distribution) in self.0.iter().enumerate() {
            let pairs = L::nth(place).pairs();
            let mut encoder = encoder.encode_family(&pairs)?;
            encode_times(&distribution.measured(), distribution.bounds, &mut encoder)?;
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

impl EncodeMetric for Time {
    fn encode(&self, mut encoder: MetricEncoder) -> fmt::Result {
        encode_times(&self.0.measured(), self.0.bounds, &mut encoder)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

impl EncodeMetric for Sizes {
    fn encode(&self, mut encoder: MetricEncoder) -> fmt::Result {
        let measured = self.0.measured();
        measured.encode(self.0.bounds, 1.0, &mut encoder)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

/// A whole number as Prometheus has numbers; above 2^53 the last digits are lost.
#[expect(
    clippy::cast_precision_loss,
    reason = "Prometheus knows no other numbers, and none of ours comes near"
)]
pub(super) const fn real(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_own_bucket() {
        let distribution = Distribution::new(&[10, 20]);
        for number in [0, 10, 11, 20, 21] {
            distribution.number(number);
        }
        let measured = distribution.measured();
        assert_eq!((measured.buckets, measured.sum), (vec![2, 2, 1], 62));
    }

    #[test]
    fn what_came_since_then_is_the_difference() {
        let distribution = Distribution::new(&[10]);
        distribution.number(5);
        let then = distribution.measured();
        distribution.number(50);
        let news = distribution.measured().since(&then);
        assert_eq!((news.buckets.as_slice(), news.sum), ([0, 1].as_slice(), 50));
        assert_eq!(news.count(), 1);
        let mut all = then.clone();
        all.add(&news);
        assert_eq!(all, distribution.measured());
    }
}
