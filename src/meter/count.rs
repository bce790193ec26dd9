//! Counters by label: one atomic number for each value, all of them told from the start.

use std::{
    fmt,
    marker::PhantomData,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder, NoLabelSet},
    metrics::MetricType,
};

use super::label::Label;

/// One number for each value of a label. Clones count together.
#[derive(Debug)]
pub struct Counters<L>(Arc<[AtomicU64]>, PhantomData<L>);

/// A number without labels. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Count(Arc<AtomicU64>);

impl<L: Label> Counters<L> {
    /// One more.
    pub fn inc(&self, label: L) {
        self.add(label, 1);
    }

    /// So many more.
    pub fn add(&self, label: L, number: usize) {
        if let Some(count) = self.0.get(label.place()) {
            let number = u64::try_from(number).unwrap_or(u64::MAX);
            count.fetch_add(number, Ordering::Relaxed);
        }
    }

    /// How many there were.
    #[must_use]
    pub fn get(&self, label: L) -> u64 {
        let count = self.0.get(label.place());
        count.map_or(0, |count| count.load(Ordering::Relaxed))
    }
}

impl<L: Label> Default for Counters<L> {
    fn default() -> Self {
        Self(
            (0..L::count()).map(|_| AtomicU64::new(0)).collect(),
            PhantomData,
        )
    }
}

impl<L> Clone for Counters<L> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0), PhantomData)
    }
}

impl Count {
    /// So many more.
    pub fn add(&self, number: u64) {
        self.0.fetch_add(number, Ordering::Relaxed);
    }

    /// How many there were.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl<L: Label> EncodeMetric for Counters<L> {
    fn encode(&self, mut encoder: MetricEncoder) -> fmt::Result {
        for label in (0..L::count()).map(L::nth) {
            encoder
                .encode_family(&label.pairs())?
                .encode_counter::<NoLabelSet, _, f64>(&self.get(label), None)?;
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Counter
    }
}

impl EncodeMetric for Count {
    fn encode(&self, mut encoder: MetricEncoder) -> fmt::Result {
        encoder.encode_counter::<NoLabelSet, _, f64>(&self.get(), None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Counter
    }
}
