//! What this process counts and measures, for Prometheus and for the charts.
//!
//! One registry for the process, as Prometheus sees one process: whoever has something to count does
//! so where it happens, and nothing has to be handed through. What must stay true:
//!
//! * counting is a few additions in memory; it decides nothing and waits for nobody,
//! * every value of every label is known at compile time and is there from the start, at zero; no
//!   label holds an id, a name or a text from outside,
//! * names and units are as Prometheus has them: `orderwatch_…_seconds`, `…_total`.

pub(crate) mod label;
pub mod series;
mod text;

use std::{
    fmt,
    sync::LazyLock,
    time::{Duration, Instant},
};

use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

pub(crate) use self::text::Exposition;
use self::{
    label::{
        Call, Delivery, Door, Fault, Group, Item, JobOutcome, Label, Labels, Outcome, Refusal,
        Reply, Stream,
    },
    series::{Bounds, LONG, OverTime, SHORT, Series},
};
use crate::{
    breaker::Reason,
    order::{EventKind, HoldReason, IntegrationId, Stage},
};

/// What this process has counted and measured since it began.
pub(crate) static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::new);

/// Periodic jobs, by the names under which they are counted. The label is not `job`, which
/// Prometheus gives to what it scrapes.
pub(crate) const JOBS: [&str; 7] = [
    "sweep",
    "balance",
    "retention",
    "pull-orders",
    "push-stock",
    "verify-stock",
    "pull-returns",
];

/// What the answer to a call can mean for an order; other events are of people and of jobs.
const RESULTS: [EventKind; 16] = [
    EventKind::Accepted,
    EventKind::Refused,
    EventKind::FellBack,
    EventKind::NotSent,
    EventKind::Unsure,
    EventKind::Processing,
    EventKind::Checked,
    EventKind::CheckFailed,
    EventKind::NotKnown,
    EventKind::Completed,
    EventKind::Cancelled,
    EventKind::TimedOut,
    EventKind::Held,
    EventKind::Resend,
    EventKind::Contradiction,
    EventKind::LateAnswer,
];

/// Stages in which watching an order ends.
const ENDINGS: [Stage; 3] = [Stage::Completed, Stage::Failed, Stage::TimedOut];

/// Results that are written by one statement.
const GROUP_SIZES: [f64; 9] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0];

type Counters<const N: usize> = Family<Labels<N>, Counter>;
type Histograms = Family<Labels<1>, Histogram, fn() -> Histogram>;

pub(crate) struct Metrics {
    /// What is written into the database, for the charts.
    pub(crate) over_time: OverTime,
    /// From the time that a check was due to its claim, in seconds.
    pub(crate) check_lateness: Histogram,
    /// How many results one statement wrote.
    pub(crate) group_size: Histogram,
    /// From a result's arrival to the end of its statement, in seconds.
    pub(crate) record_delay: Histogram,
    /// How long a connection to the database was waited for, in seconds.
    pub(crate) connection_wait: Histogram,
    /// 0 while the daemon runs on older settings than those that it was last asked to apply.
    pub(crate) last_reload_successful: Gauge,
    calls: Counters<2>,
    call_times: Histograms,
    dispatch: Histogram,
    code: Histogram,
    claims: Counters<1>,
    results: Counters<1>,
    settled: Counters<1>,
    held: Counters<1>,
    breakers: Counters<1>,
    jobs: Counters<2>,
    job_times: Histograms,
    deliveries: Counters<1>,
    market: Counters<2>,
    market_times: Histograms,
    items: Counters<1>,
    database_errors: Counters<1>,
    refusals: Counters<2>,
    registry: Registry,
    started: Instant,
}

impl Metrics {
    #[expect(clippy::too_many_lines, reason = "a list: one entry for each metric")]
    fn new() -> Self {
        let mut r = Registry::with_prefix("orderwatch");
        let reason = |reason| [("reason", reason)];
        let outcomes = |call: &Call| {
            let call = *call;
            let pairs = call.outcomes().iter();
            pairs.map(move |outcome| [call.pair(), outcome.pair()])
        };

        let last_reload_successful = Gauge::default();
        // A process that has started runs on the settings that it was given.
        last_reload_successful.set(1);
        r.register(
            "config_last_reload_successful",
            "Whether the settings of the last reload are in force",
            last_reload_successful.clone(),
        );

        Self {
            calls: counters(
                &mut r,
                "panel_calls",
                "Calls to panels, by what came of them",
                strum::VariantArray::VARIANTS.iter().flat_map(outcomes),
            ),
            call_times: histograms(
                &mut r,
                "panel_call_duration",
                "How long calls to panels took",
                short,
                Call::all(),
            ),
            dispatch: seconds(
                &mut r,
                "dispatch_latency",
                "From the insertion of an order to its request at the panel",
                short(),
            ),
            code: seconds(
                &mut r,
                "time_to_code",
                "From sending an order to its completion",
                long(),
            ),
            check_lateness: seconds(
                &mut r,
                "check_lateness",
                "From the time that a check was due to its claim",
                short(),
            ),
            claims: counters(
                &mut r,
                "claims",
                "Orders that were claimed, to be sent or to be asked about",
                Stream::all(),
            ),
            results: counters(
                &mut r,
                "results",
                "Results that were written, by what they meant for the order",
                RESULTS.map(|kind| [("result", kind.as_str())]),
            ),
            settled: counters(
                &mut r,
                "orders_settled",
                "Watched orders that came to their end",
                ENDINGS.map(|stage| [("ending", stage.as_str())]),
            ),
            held: counters(
                &mut r,
                "orders_held",
                "Orders that were held, by the reason",
                HoldReason::ALL.iter().map(|held| reason(held.as_str())),
            ),
            breakers: counters(
                &mut r,
                "breaker_openings",
                "Circuit breakers that opened",
                Reason::ALL.iter().map(|opened| reason(opened.as_str())),
            ),
            jobs: counters(
                &mut r,
                "job_runs",
                "Ticks of periodic jobs",
                JOBS.into_iter().flat_map(|job| {
                    JobOutcome::all().map(move |[outcome]| [("name", job), outcome])
                }),
            ),
            job_times: histograms(
                &mut r,
                "job_duration",
                "How long runs of periodic jobs took in this process",
                long,
                JOBS.map(|job| [("name", job)]),
            ),
            deliveries: counters(
                &mut r,
                "notices",
                "Tries to deliver a notice about a settled order",
                Delivery::all(),
            ),
            market: counters(
                &mut r,
                "trendyol_requests",
                "Requests to Trendyol",
                Group::all_with::<Reply>(),
            ),
            market_times: histograms(
                &mut r,
                "trendyol_request_duration",
                "How long requests to Trendyol took",
                short,
                Group::all(),
            ),
            items: counters(
                &mut r,
                "stock_items",
                "Items of stock that were sent to Trendyol, and their results",
                Item::all(),
            ),
            group_size: register(
                &mut r,
                "recorder_group_size",
                "Results that were written by one statement",
                Histogram::new(GROUP_SIZES),
            ),
            record_delay: seconds(
                &mut r,
                "recorder_delay",
                "From a result's arrival to the end of its statement",
                short(),
            ),
            database_errors: counters(
                &mut r,
                "database_errors",
                "Statements that failed",
                Fault::all(),
            ),
            refusals: counters(
                &mut r,
                "refused_credentials",
                "Wrong credentials that were shown to the log-in, by programs, and to the webhook",
                Door::all_with::<Refusal>(),
            ),
            connection_wait: seconds(
                &mut r,
                "database_connection_wait",
                "How long a connection to the database was waited for",
                short(),
            ),
            last_reload_successful,
            over_time: OverTime::default(),
            registry: r,
            started: Instant::now(),
        }
    }

    /// Credentials were refused.
    pub(crate) fn refused(&self, door: Door, refusal: Refusal) {
        let labels = [door.pair(), refusal.pair()];
        self.refusals.get_or_create(&labels).inc();
    }

    /// How long ago counting began.
    pub(crate) fn age(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn panel_call(
        &self,
        panel: IntegrationId,
        call: Call,
        outcome: Outcome,
        took: Duration,
    ) {
        let labels = [call.pair(), outcome.pair()];
        self.calls.get_or_create(&labels).inc();
        let times = self.call_times.get_or_create(&[call.pair()]);
        times.observe(took.as_secs_f64());

        let series = match call {
            Call::Purchase => Series::Purchases,
            Call::Status => Series::Checks,
            // No chart shows them.
            Call::Balance | Call::Catalogue => return,
        };
        self.over_time
            .measure((series, Some(panel)), took, outcome.is_error());
    }

    /// An order is about to be sent, this long after the shop inserted it.
    pub(crate) fn dispatched(&self, panel: IntegrationId, after: Duration) {
        self.dispatch.observe(after.as_secs_f64());
        self.over_time
            .measure((Series::Dispatch, Some(panel)), after, false);
    }

    /// An order is completed, this long after it was sent.
    pub(crate) fn completed(&self, panel: IntegrationId, after: Duration) {
        self.code.observe(after.as_secs_f64());
        self.over_time
            .measure((Series::Code, Some(panel)), after, false);
    }

    pub(crate) fn claimed(&self, stream: Stream, orders: usize) {
        add(&self.claims, [stream.pair()], orders);
    }

    /// A result was written that meant this; events of people and of jobs are not counted.
    pub(crate) fn result(&self, kind: EventKind) {
        if RESULTS.contains(&kind) {
            add(&self.results, [("result", kind.as_str())], 1);
        }
    }

    /// An order came into this stage; only those that end its watch are counted.
    pub(crate) fn settled(&self, stage: Stage) {
        if ENDINGS.contains(&stage) {
            add(&self.settled, [("ending", stage.as_str())], 1);
        }
    }

    pub(crate) fn held(&self, reason: HoldReason) {
        add(&self.held, [("reason", reason.as_str())], 1);
    }

    pub(crate) fn breaker_opened(&self, reason: Reason) {
        add(&self.breakers, [("reason", reason.as_str())], 1);
    }

    pub(crate) fn job(&self, name: &'static str, outcome: JobOutcome, took: Duration) {
        add(&self.jobs, [("name", name), outcome.pair()], 1);
        // What ran elsewhere or was stopped half-way has no length to compare.
        if matches!(outcome, JobOutcome::Done | JobOutcome::Failed) {
            let times = self.job_times.get_or_create(&[("name", name)]);
            times.observe(took.as_secs_f64());
        }
    }

    pub(crate) fn delivery(&self, outcome: Delivery) {
        add(&self.deliveries, [outcome.pair()], 1);
    }

    /// A request to the marketplace came to its end.
    pub(crate) fn market_call(&self, group: Group, reply: Reply, took: Duration) {
        add(&self.market, [group.pair(), reply.pair()], 1);
        let times = self.market_times.get_or_create(&[group.pair()]);
        times.observe(took.as_secs_f64());

        // Only pushes have a chart.
        if group == Group::Push {
            self.over_time
                .measure((Series::Pushes, None), took, reply != Reply::Ok);
        }
    }

    pub(crate) fn items(&self, item: Item, number: usize) {
        add(&self.items, [item.pair()], number);
        match item {
            Item::Pushed => self.over_time.count((Series::Items, None), number, 0),
            Item::Refused => self.over_time.count((Series::Items, None), 0, number),
            Item::Confirmed => {}
        }
    }

    pub(crate) fn database_error(&self, fault: Fault) {
        add(&self.database_errors, [fault.pair()], 1);
    }
}

fn add<const N: usize>(counters: &Counters<N>, labels: Labels<N>, number: usize) {
    let number = u64::try_from(number).unwrap_or(u64::MAX);
    counters.get_or_create(&labels).inc_by(number);
}

fn short() -> Histogram {
    histogram(SHORT)
}

fn long() -> Histogram {
    histogram(LONG)
}

fn histogram(bounds: Bounds) -> Histogram {
    let seconds = |bound: &u64| Duration::from_micros(*bound).as_secs_f64();
    Histogram::new(bounds.iter().map(seconds))
}

fn register(registry: &mut Registry, name: &str, help: &str, histogram: Histogram) -> Histogram {
    registry.register(name, help, histogram.clone());
    histogram
}

fn seconds(registry: &mut Registry, name: &str, help: &str, histogram: Histogram) -> Histogram {
    registry.register_with_unit(name, help, Unit::Seconds, histogram.clone());
    histogram
}

fn histograms(
    registry: &mut Registry,
    name: &str,
    help: &str,
    new: fn() -> Histogram,
    all: impl IntoIterator<Item = Labels<1>>,
) -> Histograms {
    let family = Histograms::new_with_constructor(new);
    // Prometheus cannot see an increase from nothing to 1: each series begins at zero.
    for labels in all {
        drop(family.get_or_create(&labels));
    }

    registry.register_with_unit(name, help, Unit::Seconds, family.clone());
    family
}

fn counters<const N: usize>(
    registry: &mut Registry,
    name: &str,
    help: &str,
    all: impl IntoIterator<Item = Labels<N>>,
) -> Counters<N> {
    let family = Counters::default();
    // As in `histograms`: each series begins at zero.
    for labels in all {
        drop(family.get_or_create(&labels));
    }

    registry.register(name, help, family.clone());
    family
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
