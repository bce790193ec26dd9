//! What is measured of each panel. Prometheus sees all panels together, since no id is a label;
//! the statistics over time tell them apart.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder},
    metrics::MetricType,
};

use super::{
    count::{Count, Counters},
    distribution::{Distribution, Measured, encode_times},
    label::{Answered, Call, Label},
    series::{Key, LONG, SHORT, Series, Total},
};
use crate::order::IntegrationId;

/// What is measured of one panel.
#[derive(Debug)]
pub struct PanelMeter {
    /// All panels together.
    answers: Counters<Answered>,
    calls: [Distribution; Call::ALL.len()],
    errors: [Count; Call::ALL.len()],
    dispatch: Distribution,
    code: Distribution,
}

/// All panels that were ever met: what was counted never becomes less.
#[derive(Clone, Debug, Default)]
pub(super) struct PanelMeters {
    pub(super) answers: Counters<Answered>,
    known: Arc<RwLock<BTreeMap<IntegrationId, Arc<PanelMeter>>>>,
}

impl PanelMeter {
    fn new(answers: Counters<Answered>) -> Self {
        Self {
            answers,
            calls: std::array::from_fn(|_| Distribution::new(SHORT)),
            errors: Default::default(),
            dispatch: Distribution::new(SHORT),
            code: Distribution::new(LONG),
        }
    }

    /// A call came to its end.
    pub fn answered(&self, answer: Answered, took: Duration) {
        let call = answer.call().place();
        self.answers.inc(answer);
        self.calls[call].time(took);
        if answer.is_error() {
            self.errors[call].add(1);
        }
    }

    /// An order is about to be sent, so long after the shop inserted it.
    pub fn dispatched(&self, after: Duration) {
        self.dispatch.time(after);
    }

    /// An order is completed, so long after it was sent.
    pub fn completed(&self, after: Duration) {
        self.code.time(after);
    }

    fn total(&self, series: Series) -> Total {
        let timed = |times: Measured| Total {
            count: times.count(),
            errors: 0,
            times,
        };
        let call = |call: Call| Total {
            errors: self.errors[call.place()].get(),
            ..timed(self.calls[call.place()].measured())
        };
        match series {
            Series::Dispatch => timed(self.dispatch.measured()),
            Series::Code => timed(self.code.measured()),
            Series::Purchases => call(Call::Purchase),
            Series::Checks => call(Call::Status),
            Series::Pushes | Series::Items => Total::default(),
        }
    }
}

impl PanelMeters {
    /// That of one panel.
    pub(super) fn of(&self, panel: IntegrationId) -> Arc<PanelMeter> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(meter) = known.get(&panel) {
            return Arc::clone(meter);
        }
        drop(known);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(PanelMeter::new(self.answers.clone()));
        Arc::clone(known.entry(panel).or_insert_with(new))
    }

    fn all(&self) -> Vec<(IntegrationId, Arc<PanelMeter>)> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known
            .iter()
            .map(|(id, meter)| (*id, Arc::clone(meter)))
            .collect()
    }

    /// What each of them holds.
    pub(super) fn totals(&self) -> Vec<(Key, Total)> {
        let series = [
            Series::Dispatch,
            Series::Code,
            Series::Purchases,
            Series::Checks,
        ];
        let all = self.all().into_iter();
        all.flat_map(|(id, meter)| series.map(|series| ((series, Some(id)), meter.total(series))))
            .collect()
    }

    fn sum(&self, of: impl Fn(&PanelMeter) -> &Distribution) -> Measured {
        let mut sum = Measured {
            buckets: vec![0; SHORT.len() + 1],
            sum: 0,
        };
        for (_, meter) in self.all() {
            sum.add(&of(&meter).measured());
        }
        sum
    }
}

/// How long calls took, by what they were for; over all panels.
#[derive(Debug)]
pub(super) struct CallTimes(pub(super) PanelMeters);

/// From the order's insertion to the request at the panel; over all panels.
#[derive(Debug)]
pub(super) struct DispatchTimes(pub(super) PanelMeters);

/// From sending to the code; over all panels.
#[derive(Debug)]
pub(super) struct CodeTimes(pub(super) PanelMeters);

impl EncodeMetric for CallTimes {
    fn encode(&self, mut encoder: MetricEncoder) -> fmt::Result {
        for call in Call::ALL {
            let sum = self.0.sum(|meter| &meter.calls[call.place()]);
            encode_times(&sum, SHORT, &mut encoder.encode_family(&call.pairs())?)?;
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

impl EncodeMetric for DispatchTimes {
    fn encode(&self, mut encoder: MetricEncoder) -> fmt::Result {
        encode_times(&self.0.sum(|meter| &meter.dispatch), SHORT, &mut encoder)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

impl EncodeMetric for CodeTimes {
    fn encode(&self, mut encoder: MetricEncoder) -> fmt::Result {
        encode_times(&self.0.sum(|meter| &meter.code), LONG, &mut encoder)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}
