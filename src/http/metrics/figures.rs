//! The figures of the whole as gauges. No id and no name is a label: where each panel has a figure,
//! the worst of them is given, and the page and `orderwatch status` say which panel it is.

use chrono::{DateTime, Utc};
use prometheus_client::{
    metrics::{gauge::ConstGauge, info::Info},
    registry::{Registry, Unit},
};
use rust_decimal::{Decimal, prelude::ToPrimitive};

use super::{Whole, family, gauge, gauges};
use crate::{
    attention::{Kind, Severity, Warning},
    metrics::JOBS,
    order::HoldReason,
    overview::{Market, NoticeQueue, Orders, PanelView, Situation},
    stock::pace::DELAY_BINS,
};

pub(super) fn register_build(registry: &mut Registry) {
    let build = [("version", env!("CARGO_PKG_VERSION"))];
    registry.register("build", "The program that runs", Info::new(build));
}

pub(super) fn register(registry: &mut Registry, whole: &Whole) {
    let situation = &whole.situation;
    orders(registry, &situation.orders);
    ages(registry, &situation.orders, situation.at);
    panels(registry, situation);
    jobs(registry, situation);
    // Where there is no store, nothing was ever read and nothing waits.
    market(registry, &situation.market.clone().unwrap_or_default());
    rest(registry, situation);
    warnings(registry, &whole.warnings);
}

fn orders(registry: &mut Registry, orders: &Orders) {
    let by_stage = [
        ("queued", orders.queued),
        ("dispatching", orders.dispatching),
        ("submitted", orders.submitted),
        ("unconfirmed", orders.unconfirmed),
        ("held", orders.held()),
    ];
    gauges(
        registry,
        "orders",
        "Orders that are not final, by stage",
        by_stage.map(|(stage, number)| ([("stage", stage)], real(number))),
    );

    let held = |reason: &HoldReason| {
        let group = orders.held.iter().find(|group| group.reason == *reason);
        let number = group.map_or(0, |group| group.orders);
        ([("reason", reason.as_str())], real(number))
    };
    // Every reason, also at zero: an alert cannot be built on a series that comes and goes.
    gauges(
        registry,
        "held_orders",
        "Orders that need review, by the reason",
        HoldReason::ALL.iter().map(held),
    );

    for (name, help, number) in [
        (
            "orders_due",
            "Orders whose time to be sent or asked about has come",
            orders.due,
        ),
        (
            "orders_late",
            "Orders that are due for more than a minute, or past their time limit",
            orders.late,
        ),
        (
            "orders_unsettled",
            "Orders that have ended minutes ago and that the shop has not settled; large numbers are cut",
            orders.unsettled,
        ),
        (
            "orders_eligible",
            "Orders of the shop that are to be bought and were not claimed; large numbers are cut",
            orders.eligible,
        ),
        (
            "purchases_24h",
            "Purchases of the last 24 hours",
            orders.bought_24h.orders,
        ),
    ] {
        gauge(registry, name, help, real(number));
    }
    gauge(
        registry,
        "spent_24h_lira",
        "What they cost, in TRY",
        money(orders.bought_24h.money),
    );
}

fn ages(registry: &mut Registry, orders: &Orders, now: DateTime<Utc>) {
    let oldest = [
        ("eligible", orders.eligible_since),
        ("due", orders.due_since),
        ("unconfirmed", orders.unconfirmed_since),
        ("held", orders.held.iter().map(|group| group.since).min()),
        ("unsettled", orders.unsettled_since),
    ];

    let age = |since: Option<DateTime<Utc>>| {
        let age = since.and_then(|since| (now - since).to_std().ok());
        // A time that lies ahead of the reading is no age.
        age.unwrap_or_default().as_secs_f64()
    };

    registry.register_with_unit(
        "oldest_order_age",
        "How long the oldest of these orders waits; 0 when there is none",
        Unit::Seconds,
        family(oldest.map(|(state, since)| ([("state", state)], age(since)))),
    );
}

fn panels(registry: &mut Registry, situation: &Situation) {
    let count = |of: fn(&PanelView) -> bool| {
        let number = situation.panels.iter().filter(|panel| of(panel)).count();
        real(u64::try_from(number).unwrap_or(u64::MAX))
    };
    // Counts rather than a series for each panel: no name is a label.
    for (name, help, number) in [
        (
            "panels",
            "Reseller accounts that the shop uses",
            count(|panel| panel.enabled),
        ),
        (
            "panels_paused",
            "Reseller accounts at which buying is paused",
            count(|panel| panel.enabled && panel.paused),
        ),
        (
            "breakers_open",
            "Reseller accounts whose circuit is open",
            count(|panel| panel.breaker.is_some()),
        ),
    ] {
        gauge(registry, name, help, number);
    }

    // No series without a balance: a zero would raise an alarm.
    let enabled = situation.panels.iter().filter(|panel| panel.enabled);
    if let Some(lowest) = enabled.filter_map(|panel| panel.balance).min() {
        gauge(
            registry,
            "lowest_balance_lira",
            "The lowest balance of an account that the shop uses, in TRY",
            money(lowest),
        );
    }

    let used = situation.panels.iter().filter_map(|panel| {
        // Nothing is a part of zero.
        let limit = panel.limit.filter(|limit| !limit.is_zero())?;
        panel.bought_24h.money.checked_div(limit)
    });
    unit(
        registry,
        "spending_limit_used",
        "The largest part of its spending limit that an account has used; 0 without a limit",
        Unit::Other("ratio".to_owned()),
        money(used.max().unwrap_or_default()),
    );
}

fn jobs(registry: &mut Registry, situation: &Situation) {
    let find = |name: &str| situation.jobs.iter().find(|job| job.name == name);
    registry.register_with_unit(
        "job_last_success_timestamp",
        "When the last run ended that did all of its work; 0 for never",
        Unit::Seconds,
        family(JOBS.map(|name| {
            let at = find(name).and_then(|job| job.done_at);
            ([("name", name)], at.map_or(0.0, timestamp))
        })),
    );

    gauges(
        registry,
        "job_enabled",
        "Whether the configuration asks for the job",
        JOBS.map(|name| {
            let is_enabled = find(name).is_some_and(|job| job.enabled);
            ([("name", name)], flag(is_enabled))
        }),
    );
}

fn market(registry: &mut Registry, market: &Market) {
    for (name, help, at) in [
        (
            "trendyol_last_good_pull_timestamp",
            "When Trendyol's orders were last read whole; 0 for never",
            market.orders_read_at,
        ),
        (
            "trendyol_last_good_push_timestamp",
            "When the last push of stock ended that went well; 0 for never",
            market.push_good_at,
        ),
    ] {
        unit(
            registry,
            name,
            help,
            Unit::Seconds,
            at.map_or(0.0, timestamp),
        );
    }

    for (name, help, number) in [
        (
            "stock_items_quarantined",
            "Barcodes that Trendyol has refused and that rest",
            market.items_resting,
        ),
        (
            "stock_items_pending",
            "Barcodes that were sent and whose result is not known yet",
            market.items_pending,
        ),
        (
            "stock_items_watched",
            "Barcodes that every turn checks, because something happened to them",
            market.items_watched,
        ),
        (
            "stock_items_in_deficit",
            "Barcodes of which fewer are on sale than should be",
            market.items_in_deficit,
        ),
        (
            "packages_open",
            "Packages that may hold units",
            market.open_packages,
        ),
    ] {
        gauge(registry, name, help, real(number));
    }
    order_delay(registry, market);
}

/// Labels of [`DELAY_BINS`], which grow with what they hold as the buckets of a histogram do.
const UP_TO: [&str; DELAY_BINS.len()] = [
    "5", "10", "20", "30", "60", "120", "180", "300", "600", "1800", "3600", "+Inf",
];

fn order_delay(registry: &mut Registry, market: &Market) {
    unit(
        registry,
        "order_delay_mean",
        "From a sale at Trendyol to the moment at which the orders tell of it; NaN until it is measured",
        Unit::Seconds,
        market.order_delay_seconds.unwrap_or(f64::NAN),
    );

    let within = |bound: i32| -> f64 {
        let bins = market.order_delays.iter();
        let within = bins.filter(|bin| bin.up_to.unwrap_or(i32::MAX) <= bound);
        within.map(|bin| bin.orders).sum()
    };

    // Not a histogram of Prometheus: it decays, so its figures also fall, which no counter may.
    gauges(
        registry,
        "order_delay_orders",
        "Orders that became known within so many seconds; those of a day before count for half",
        UP_TO
            .into_iter()
            .zip(DELAY_BINS)
            .map(|(name, bound)| ([("up_to", name)], within(bound))),
    );
}

fn rest(registry: &mut Registry, situation: &Situation) {
    let notices = |of: fn(&NoticeQueue) -> u64| -> u64 { situation.notices.iter().map(of).sum() };

    let alive = u64::try_from(situation.alive().count()).unwrap_or(u64::MAX);
    for (name, help, number) in [
        (
            "notices_waiting",
            "Notices that are not delivered yet",
            notices(|queue| queue.waiting),
        ),
        (
            "notices_failing",
            "Notices that were tried at least once and are not delivered yet",
            notices(|queue| queue.failing),
        ),
        (
            "notices_given_up_24h",
            "Notices that were given up in the last 24 hours",
            notices(|queue| queue.given_up_24h),
        ),
        ("daemons", "Daemons at work on this database", alive),
    ] {
        gauge(registry, name, help, real(number));
    }
}

fn warnings(registry: &mut Registry, warnings: &[Warning]) {
    let of = |kind: Kind, severity: Severity| {
        let mut all = warnings.iter();
        let is_on = all.any(|w| w.condition.kind() == kind && w.severity == severity);
        let labels = [
            ("condition", kind.as_str()),
            ("severity", severity.as_str()),
        ];
        (labels, flag(is_on))
    };

    // Each at zero, too: an alert cannot be built on a series that comes and goes.
    let severities = [Severity::Critical, Severity::Warning, Severity::Notice];
    gauges(
        registry,
        "warnings",
        "What needs attention (1), as in `orderwatch status` and on the page",
        Kind::ALL
            .iter()
            .flat_map(|kind| severities.map(|severity| of(*kind, severity))),
    );
}

/// A gauge whose name ends with its unit.
fn unit(registry: &mut Registry, name: &str, help: &str, unit: Unit, value: f64) {
    registry.register_with_unit(name, help, unit, ConstGauge::new(value));
}

fn flag(is_on: bool) -> f64 {
    f64::from(u8::from(is_on))
}

/// Counts; beyond what Prometheus' numbers hold exactly they are cut.
fn real(number: u64) -> f64 {
    u32::try_from(number).map_or(f64::from(u32::MAX), f64::from)
}

fn money(sum: Decimal) -> f64 {
    sum.to_f64().unwrap_or(f64::NAN)
}

pub(super) fn timestamp(at: DateTime<Utc>) -> f64 {
    Decimal::new(at.timestamp_millis(), 3)
        .to_f64()
        .unwrap_or(0.0)
}
