//! The figures as words and cells, the same for `status` and `top`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;

use crate::{
    attention::Severity,
    order::explain::Buying,
    overview::{Bought, Endings, JobView, Market, NoticeQueue, PanelView, Situation},
    text::format::Format,
};

pub(super) const PANEL_TITLES: [&str; 9] = [
    "PANEL", "STATE", "BALANCE", "24 H", "OPEN", "NEW", "DUE", "LATE", "HELD",
];
pub(super) const JOB_TITLES: [&str; 4] = ["JOB", "LAST", "OUTCOME", "NEXT"];

/// A time on the operator's clock.
pub(super) fn clock(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%F %T %Z").to_string()
}

/// How long before `now` a time was.
pub(super) fn ago(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let length = now.signed_duration_since(at).to_std();
    // A time that another clock puts a little into the future counts as now.
    Format::PLAIN.span(length.unwrap_or(Duration::ZERO))
}

pub(super) fn daemon(all: &Situation) -> String {
    let alive: Vec<_> = all.alive().collect();
    let Some(first) = alive.first() else {
        let last = all.daemons.first();
        return last.map_or_else(
            || "never seen".to_owned(),
            |last| match last.stopped_at {
                Some(at) => format!("stopped {} ago", ago(at, all.at)),
                None => format!("gone, last seen {} ago", ago(last.seen_at, all.at)),
            },
        );
    };

    let buys = match first.buying {
        Buying::On => "buying",
        Buying::Shadow => "in shadow mode",
        Buying::Off => "not buying",
    };
    let watches = if first.watching {
        "watching"
    } else {
        "not watching"
    };
    // A daemon of the store alone buys and watches nothing, which is no news there.
    let work = if all.shop {
        format!("{buys}, {watches}, ")
    } else {
        String::new()
    };

    let replicas = match alive.len() {
        1 => String::new(),
        several => format!(" ({several} replicas)"),
    };
    format!(
        "running for {}{replicas}, {work}version {}",
        ago(first.started_at, all.at),
        first.version
    )
}

pub(super) fn orders(all: &Situation) -> String {
    let orders = &all.orders;
    let mut text = format!(
        "{} watched, {} queued, {} being sent, {} unconfirmed, {} held",
        orders.submitted,
        orders.queued,
        orders.dispatching,
        orders.unconfirmed,
        orders.held()
    );

    if orders.eligible > 0 {
        text = format!("{} new, {text}", orders.eligible);
    }
    text
}

/// Orders whose time has come.
pub(super) fn due(all: &Situation) -> String {
    let orders = &all.orders;
    match orders.due_since {
        Some(since) if orders.due > 0 => format!(
            "{} due, {} late, the oldest for {}",
            orders.due,
            orders.late,
            ago(since, all.at)
        ),
        _ => format!("{} due, {} late", orders.due, orders.late),
    }
}

/// What ended and what was bought in a time.
pub(super) fn done(ended: Endings, bought: Bought) -> String {
    format!(
        "{} completed, {} failed, {} timed out; {} bought for {}",
        ended.completed,
        ended.failed,
        ended.timed_out,
        bought.orders,
        Format::PLAIN.money(bought.money, "TRY")
    )
}

pub(super) fn market(market: &Market, now: DateTime<Utc>) -> String {
    let read = market.orders_read_at.map_or_else(
        || "never read".to_owned(),
        |at| format!("read {} ago", ago(at, now)),
    );

    let pushed = match (market.pushed_at, market.push_ok) {
        (Some(at), Some(true)) => format!("stock sent {} ago", ago(at, now)),
        (Some(at), _) => format!("stock failed {} ago", ago(at, now)),
        (None, _) => "stock never sent".to_owned(),
    };

    format!(
        "{} packages open, {read}, {pushed}, {} pending, {} refused",
        market.open_packages, market.items_pending, market.items_resting
    )
}

pub(super) fn order_delay(market: &Market) -> String {
    let mean = market.order_delay_seconds.map_or_else(
        || "not measured yet".to_owned(),
        |seconds| format!("mean {seconds:.0} s"),
    );
    format!("order delay: {mean}")
}

/// Notices that wait; `None` where no address is configured.
pub(super) fn notices(queues: &[NoticeQueue]) -> Option<String> {
    if queues.is_empty() {
        return None;
    }
    let all = |count: fn(&NoticeQueue) -> u64| queues.iter().map(count).sum::<u64>();
    Some(format!(
        "{} waiting, {} failing, {} given up in 24 hours",
        all(|queue| queue.waiting),
        all(|queue| queue.failing),
        all(|queue| queue.given_up_24h)
    ))
}

/// Whether orders are bought at a panel, and if not, why.
pub(super) fn panel_state(panel: &PanelView) -> String {
    match &panel.breaker {
        Some(breaker) => format!("circuit open: {}", breaker.reason),
        None if !panel.enabled => "disabled".to_owned(),
        None if panel.paused => "paused".to_owned(),
        None => "works".to_owned(),
    }
}

/// The cells under [`PANEL_TITLES`].
pub(super) fn panel(panel: &PanelView) -> [String; 9] {
    let orders = &panel.orders;
    let spent = match panel.limit {
        Some(limit) => format!("{} of {}", short(panel.bought_24h.money), limit.normalize()),
        None => short(panel.bought_24h.money),
    };

    [
        panel.name.clone(),
        panel_state(panel),
        panel.balance.map_or_else(|| "?".to_owned(), short),
        spent,
        orders.open().to_string(),
        orders.eligible.to_string(),
        orders.due.to_string(),
        orders.late.to_string(),
        orders.held.to_string(),
    ]
}

/// The cells under [`JOB_TITLES`].
pub(super) fn job(job: &JobView, now: DateTime<Utc>) -> [String; 4] {
    let last = job.runs.first();
    // Whether a pass without an end still runs, only the next pass finds out.
    let outcome = last.map(|run| run.outcome.as_deref().unwrap_or("running or cut off"));
    let next = match (job.enabled, job.next_at) {
        (false, _) => "off".to_owned(),
        (true, None) => "-".to_owned(),
        (true, Some(at)) if at > now => format!("in {}", ago(now, at)),
        (true, Some(_)) if job.missing_since.is_some() => "overdue".to_owned(),
        (true, Some(_)) => "now".to_owned(),
    };

    [
        job.name.to_owned(),
        last.map_or_else(
            || "never".to_owned(),
            |run| format!("{} ago", ago(run.started_at, now)),
        ),
        outcome.unwrap_or("-").to_owned(),
        next,
    ]
}

/// Two decimals, without the currency: tables are in TRY.
fn short(amount: Decimal) -> String {
    format!("{amount:.2}")
}

/// The word before a warning.
pub(super) const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "CRITICAL",
        Severity::Warning => "WARNING",
        Severity::Notice => "NOTE",
    }
}
