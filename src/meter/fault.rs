//! Failures of the database, counted for the whole process: an error is made far from everything
//! that knows a meter, and every one of them is made in one place.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder, NoLabelSet},
    metrics::MetricType,
};

use super::label::{Fault, Label};

static FAULTS: [AtomicU64; Fault::ALL.len()] = [const { AtomicU64::new(0) }; Fault::ALL.len()];

/// A statement failed.
pub fn count(fault: Fault) {
    if let Some(count) = FAULTS.get(fault.place()) {
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// All of them.
#[derive(Debug)]
pub(super) struct Faults;

impl EncodeMetric for Faults {
    fn encode(&self, mut encoder: MetricEncoder) -> fmt::Result {
        for (fault, count) in Fault::ALL.iter().zip(&FAULTS) {
            let count = count.load(Ordering::Relaxed);
            encoder
                .encode_family(&fault.pairs())?
                .encode_counter::<NoLabelSet, _, f64>(&count, None)?;
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Counter
    }
}
