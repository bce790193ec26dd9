//! What this process counts and measures, for Prometheus and for the charts.
//!
//! Pure instrumentation: it decides nothing and asks nobody. The composition root owns one
//! [`Meter`] and hands it to those who have something to count. What must stay true:
//!
//! * counting is a few additions on numbers in memory: no lock that others wait for, no allocation,
//! * every value of every label is known at compile time and told from the start, at zero; there
//!   is no label that holds an id, a name or a text from outside,
//! * names and units are as Prometheus has them: `orderwatch_…_seconds`, `…_total`.

mod count;
mod distribution;
pub mod fault;
pub mod label;
mod panel;
pub mod series;
mod text;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use prometheus_client::{
    metrics::gauge::Gauge,
    registry::{Metric, Registry, Unit},
};

pub use self::{
    count::{Count, Counters},
    distribution::{Bounds, Distribution, Measured, Sizes, Time, Times},
    panel::PanelMeter,
    text::{Exposition, Gauges, classic},
};
use self::{
    label::{Delivery, Ending, Group, Item, Job, Pass, Reply, Step, Stream},
    panel::{CallTimes, CodeTimes, DispatchTimes, PanelMeters},
    series::{Key, LONG, SHORT, Series, Total},
};
use crate::{
    breaker::Reason,
    order::{EventKind, HoldReason, IntegrationId},
};

/// Results that are written by one statement.
const GROUPS: Bounds = &[1, 2, 5, 10, 20, 50, 100, 200, 500];

/// What this process counts and measures.
pub struct Meter {
    /// Orders that were claimed.
    pub claimed: Counters<Stream>,
    /// Results that were written, by what they meant for the order.
    pub results: Counters<Step>,
    /// Watched orders that came to their end.
    pub settled: Counters<Ending>,
    /// Orders that were held.
    pub held: Counters<HoldReason>,
    /// From the time that a check was due to its claim.
    pub check_lateness: Time,
    /// Results that were written by one statement.
    pub group_size: Sizes,
    /// From a result's arrival to the end of its statement.
    pub record_delay: Time,
    /// Breakers that opened.
    pub breakers: Counters<Reason>,
    /// Ticks of periodic jobs.
    pub passes: Counters<(Job, Pass)>,
    /// How long passes took that this process ran.
    pub pass_times: Times<Job>,
    /// Tries to deliver a notice.
    pub deliveries: Counters<Delivery>,
    /// Requests to the marketplace.
    pub market: Counters<(Group, Reply)>,
    /// How long they took.
    pub market_times: Times<Group>,
    /// Items of stock.
    pub items: Counters<Item>,
    /// How long a connection to the database was waited for.
    pub pool_wait: Time,
    /// 0 while the daemon runs on older settings than those that it was last asked to apply.
    pub last_reload_successful: Gauge,
    panels: PanelMeters,
    registry: Registry,
    started: Instant,
}

impl Default for Meter {
    fn default() -> Self {
        let mut meter = Self {
            claimed: Counters::default(),
            results: Counters::default(),
            settled: Counters::default(),
            held: Counters::default(),
            check_lateness: Time::new(SHORT),
            group_size: Sizes::new(GROUPS),
            record_delay: Time::new(SHORT),
            breakers: Counters::default(),
            passes: Counters::default(),
            pass_times: Times::new(LONG),
            deliveries: Counters::default(),
            market: Counters::default(),
            market_times: Times::new(SHORT),
            items: Counters::default(),
            pool_wait: Time::new(SHORT),
            last_reload_successful: Gauge::default(),
            panels: PanelMeters::default(),
            registry: Registry::with_prefix("orderwatch"),
            started: Instant::now(),
        };
        meter.last_reload_successful.set(1);
        meter.register_orders();
        meter.register_passes();
        meter.register_rest();
        meter
    }
}

impl Meter {
    /// A meter on which nothing was counted yet.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// How long ago counting began.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// What is measured of one panel. To be asked for once and kept.
    #[must_use]
    pub fn panel(&self, panel: IntegrationId) -> Arc<PanelMeter> {
        self.panels.of(panel)
    }

    /// A result was written that meant this; steps of people and of passes are not counted.
    pub fn step(&self, kind: EventKind) {
        if let Some(step) = Step::of(kind) {
            self.results.inc(step);
        }
    }

    /// A request to the marketplace came to its end.
    pub fn market_answered(&self, group: Group, reply: Reply, took: Duration) {
        self.market.inc((group, reply));
        self.market_times.time(group, took);
    }

    /// Everything that is kept over time, as it stands now.
    #[must_use]
    pub fn totals(&self) -> Vec<(Key, Total)> {
        let mut totals = self.panels.totals();
        let times = self.market_times.measured(Group::Push);
        let failed = [Reply::RateLimited, Reply::Refused, Reply::NoAnswer];
        let failed = failed.map(|reply| self.market.get((Group::Push, reply)));
        let pushes = Total {
            count: times.count(),
            errors: failed.iter().sum(),
            times,
        };
        let items = Total {
            count: self.items.get(Item::Pushed),
            errors: self.items.get(Item::Refused),
            times: Measured::default(),
        };
        totals.push(((Series::Pushes, None), pushes));
        totals.push(((Series::Items, None), items));
        totals
    }

    fn register_orders(&mut self) {
        let panels = || self.panels.clone();
        let (answers, calls) = (panels().answers, CallTimes(panels()));
        let (dispatch, code) = (DispatchTimes(panels()), CodeTimes(panels()));
        self.count(
            "panel_calls",
            "Calls to panels, by what came of them",
            answers,
        );
        self.time(
            "panel_call_duration",
            "How long calls to panels took",
            calls,
        );
        self.time(
            "dispatch_latency",
            "From the insertion of an order to its request at the panel",
            dispatch,
        );
        self.time(
            "time_to_code",
            "From sending an order to its completion",
            code,
        );
        self.time(
            "check_lateness",
            "From the time that a check was due to its claim",
            self.check_lateness.clone(),
        );
        self.count(
            "claims",
            "Orders that were claimed, to be sent or to be asked about",
            self.claimed.clone(),
        );
        self.count(
            "results",
            "Results that were written, by what they meant for the order",
            self.results.clone(),
        );
        self.count(
            "orders_settled",
            "Watched orders that came to their end",
            self.settled.clone(),
        );
        self.count(
            "orders_held",
            "Orders that were held, by the reason",
            self.held.clone(),
        );
        self.count(
            "breaker_openings",
            "Breakers that opened",
            self.breakers.clone(),
        );
    }

    fn register_passes(&mut self) {
        self.count("job_runs", "Ticks of periodic jobs", self.passes.clone());
        self.time(
            "job_duration",
            "How long passes of periodic jobs took in this process",
            self.pass_times.clone(),
        );
        self.count(
            "notices",
            "Tries to deliver a notice about a settled order",
            self.deliveries.clone(),
        );
        self.count(
            "trendyol_requests",
            "Requests to Trendyol",
            self.market.clone(),
        );
        self.time(
            "trendyol_request_duration",
            "How long requests to Trendyol took",
            self.market_times.clone(),
        );
        self.count(
            "stock_items",
            "Items of stock that were sent to Trendyol, and their results",
            self.items.clone(),
        );
    }

    fn register_rest(&mut self) {
        self.registry.register(
            "recorder_group_size",
            "Results that were written by one statement",
            self.group_size.clone(),
        );
        self.time(
            "recorder_delay",
            "From a result's arrival to the end of its statement",
            self.record_delay.clone(),
        );
        self.count("database_errors", "Statements that failed", fault::Faults);
        self.time(
            "database_connection_wait",
            "How long a connection to the database was waited for",
            self.pool_wait.clone(),
        );
        self.registry.register(
            "config_last_reload_successful",
            "Whether the settings of the last reload are in force",
            self.last_reload_successful.clone(),
        );
    }

    fn count(&mut self, name: &str, help: &str, metric: impl Metric) {
        self.registry.register(name, help, metric);
    }

    fn time(&mut self, name: &str, help: &str, metric: impl Metric) {
        self.registry
            .register_with_unit(name, help, Unit::Seconds, metric);
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meter").finish_non_exhaustive()
    }
}
