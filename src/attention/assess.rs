//! From the situation to the warnings.

use std::{cmp::Reverse, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::{Condition, Limits, Panel, Severity, Warning};
use crate::{
    order::explain::{Buying, LATE},
    overview::{Market, PanelView, Situation},
};

/// Orders that nobody has taken up for this long are critical.
const FORGOTTEN: Duration = Duration::from_mins(10);
/// A view of the orders that is older than this sells what is not there.
const BLIND: Duration = Duration::from_hours(1);

/// What needs attention now, the most important first.
#[must_use]
pub fn assess(situation: &Situation, limits: &Limits, now: DateTime<Utc>) -> Vec<Warning> {
    let mut warnings = Warnings(Vec::new());
    warnings.daemons(situation);
    warnings.orders(situation, now);
    for panel in &situation.panels {
        warnings.panel(panel, limits);
    }
    warnings.brakes(situation);
    warnings.jobs(situation);
    if let Some(market) = &situation.market {
        warnings.market(market, limits, now);
    }
    warnings.notices(situation);
    let mut found = warnings.0;
    found.sort_by_key(|warning| warning.severity);
    found
}

struct Warnings(Vec<Warning>);

impl Warnings {
    fn add(&mut self, severity: Severity, since: Option<DateTime<Utc>>, condition: Condition) {
        self.0.push(Warning {
            condition,
            severity,
            since,
        });
    }

    fn daemons(&mut self, situation: &Situation) {
        let mut alive = situation.alive().peekable();
        if alive.peek().is_none() {
            let last = situation
                .daemons
                .iter()
                .map(|daemon| daemon.stopped_at.unwrap_or(daemon.seen_at));
            let seen_at = last.max();
            self.add(Severity::Critical, seen_at, Condition::NoDaemon { seen_at });
        }
        let mut stuck = Vec::new();
        for name in alive.flat_map(|daemon| &daemon.stuck) {
            if !stuck.contains(name) {
                stuck.push(name.clone());
            }
        }
        if !stuck.is_empty() {
            let condition = Condition::DaemonStuck { loops: stuck };
            self.add(Severity::Critical, None, condition);
        }
        if situation.reload_refused {
            self.add(Severity::Warning, None, Condition::ReloadRefused {});
        }
    }

    fn orders(&mut self, situation: &Situation, now: DateTime<Utc>) {
        let orders = &situation.orders;
        self.not_taken_up(situation, now);
        let late = late(situation);
        if late > 0 {
            let condition = Condition::Late { orders: late };
            self.add(Severity::Critical, orders.due_since, condition);
        }
        let watched = orders.submitted + orders.unconfirmed;
        let alive = situation.alive().next().is_some();
        if alive && watched > 0 && !situation.alive().any(|daemon| daemon.watching) {
            let condition = Condition::NotWatched { orders: watched };
            self.add(Severity::Critical, None, condition);
        }
        if orders.unconfirmed > 0 {
            let condition = Condition::Unconfirmed {
                orders: orders.unconfirmed,
            };
            self.add(Severity::Warning, orders.unconfirmed_since, condition);
        }
        if orders.unproven_products > 0 {
            let condition = Condition::PlayerFields {
                products: orders.unproven_products,
            };
            self.add(Severity::Notice, None, condition);
        }
        if orders.unsettled > 0 {
            let condition = Condition::Unsettled {
                orders: orders.unsettled,
                told: situation.notices.iter().any(|queue| queue.configured),
            };
            self.add(Severity::Warning, orders.unsettled_since, condition);
        }
        if !orders.held.is_empty() {
            let mut groups = orders.held.clone();
            groups.sort_by_key(|group| Reverse(group.orders));
            let since = groups.iter().map(|group| group.since).min();
            self.add(Severity::Warning, since, Condition::Held { groups });
        }
    }

    /// Only orders that should be bought now: what is paused waits because somebody wants it so.
    fn not_taken_up(&mut self, situation: &Situation, now: DateTime<Utc>) {
        let nobody = situation.alive().next().is_none();
        if !nobody && !buys(situation) {
            return;
        }
        let waiting = situation.panels.iter().filter(|panel| {
            let since = panel.orders.eligible_since;
            panel.buys() && since.is_some_and(|since| older(since, LATE, now))
        });
        let (orders, since) = waiting.fold((0, None), |(orders, since), panel| {
            let oldest = panel.orders.eligible_since.into_iter().chain(since).min();
            (orders + panel.orders.eligible, oldest)
        });
        if let Some(since) = since {
            let severity = if older(since, FORGOTTEN, now) {
                Severity::Critical
            } else {
                Severity::Warning
            };
            self.add(severity, Some(since), Condition::NotTakenUp { orders });
        }
    }

    fn panel(&mut self, view: &PanelView, limits: &Limits) {
        let panel = || Panel {
            id: view.id,
            name: view.name.clone(),
        };
        if let Some(breaker) = view.breaker {
            let condition = Condition::BreakerOpen {
                panel: panel(),
                reason: breaker.reason,
                until: breaker.until,
            };
            self.add(Severity::Critical, Some(breaker.since), condition);
        }
        self.second(view, panel());
        if !view.enabled {
            return;
        }
        if let Some(balance) = view.balance {
            let empty = balance <= Decimal::ZERO;
            if empty || limits.warn_below.is_some_and(|limit| balance < limit) {
                let condition = Condition::BalanceLow {
                    panel: panel(),
                    balance,
                    limit: limits.warn_below,
                };
                let severity = if empty {
                    Severity::Critical
                } else {
                    Severity::Warning
                };
                self.add(severity, view.balance_at, condition);
            }
        }
        self.spending(view, panel());
    }

    fn second(&mut self, view: &PanelView, panel: Panel) {
        let found = view.second;
        if found.unexplained > Decimal::ZERO {
            let condition = Condition::BalanceUnexplained {
                panel: panel.clone(),
                amount: found.unexplained,
            };
            self.add(Severity::Warning, None, condition);
        }
        if found.overwritten > 0 {
            let condition = Condition::SecondDispatcher {
                panel,
                orders: found.overwritten,
            };
            self.add(Severity::Critical, found.since, condition);
        }
    }

    fn spending(&mut self, view: &PanelView, panel: Panel) {
        let Some(limit) = view.limit else {
            return;
        };
        let spent = view.bought_24h.money;
        if spent >= limit {
            let condition = Condition::SpendingReached {
                panel,
                spent,
                limit,
            };
            self.add(Severity::Critical, None, condition);
        } else if spent >= limit * Decimal::new(8, 1) {
            let condition = Condition::SpendingNear {
                panel,
                spent,
                limit,
            };
            self.add(Severity::Warning, None, condition);
        }
    }

    fn brakes(&mut self, situation: &Situation) {
        for pause in &situation.pauses {
            let condition = Condition::Paused {
                panel: pause
                    .panel
                    .map(|id| pause.name.clone().unwrap_or_else(|| id.to_string())),
                who: pause.who.clone(),
                why: pause.why.clone(),
            };
            self.add(Severity::Warning, Some(pause.at), condition);
        }
        if situation.shop && situation.alive().next().is_some() && !buys(situation) {
            let shadow = situation
                .alive()
                .any(|daemon| daemon.buying == Buying::Shadow);
            self.add(Severity::Notice, None, Condition::NotBuying { shadow });
        }
    }

    fn jobs(&mut self, situation: &Situation) {
        for job in situation.jobs.iter().filter(|job| job.enabled) {
            if let Some(expected) = job.missing_since {
                let condition = Condition::JobMissing {
                    job: job.name,
                    expected,
                };
                self.add(Severity::Warning, Some(expected), condition);
            }
            // What keeps stock from being sent has a warning of its own.
            if let Some(run) = job.failed().filter(|_| job.name != PUSH) {
                let condition = Condition::JobFailing {
                    job: job.name,
                    error: run.error().map(str::to_owned),
                };
                self.add(Severity::Warning, run.finished_at, condition);
            }
        }
    }

    fn market(&mut self, market: &Market, limits: &Limits, now: DateTime<Utc>) {
        if let Some(pause) = &market.paused {
            let condition = Condition::StockPaused {
                who: pause.who.clone(),
                why: pause.why.clone(),
            };
            self.add(Severity::Critical, Some(pause.at), condition);
        }
        // While it is paused each pass fails, and that is said already.
        if market.push_ok == Some(false) && market.paused.is_none() {
            let good = market.push_good_at;
            let long = good.is_none_or(|good| older(good, limits.push_critical_after, now));
            let severity = if long {
                Severity::Critical
            } else {
                Severity::Warning
            };
            let condition = Condition::PushFailing {
                error: market.push_error.clone(),
                good_at: good,
            };
            self.add(severity, good.or(market.pushed_at), condition);
        }
        if let Some(since) = market.webhook_silent_since {
            let condition = Condition::WebhookSilent {};
            self.add(Severity::Warning, Some(since), condition);
        }
        let read_at = market.orders_read_at;
        if read_at.is_none_or(|read| older(read, limits.stale_after, now)) {
            let blind = read_at.is_none_or(|read| older(read, BLIND.max(limits.stale_after), now));
            let severity = if blind {
                Severity::Critical
            } else {
                Severity::Warning
            };
            self.add(severity, read_at, Condition::OrdersStale { read_at });
        }
        if market.shipped_untaken > 0 {
            let condition = Condition::ShippedUntaken {
                packages: market.shipped_untaken,
            };
            self.add(Severity::Warning, market.shipped_untaken_since, condition);
        }
        if !market.unknown_order_tables.is_empty() {
            let condition = Condition::UnknownOrderTables {
                tables: market.unknown_order_tables.clone(),
            };
            self.add(Severity::Warning, None, condition);
        }
        if market.items_resting > 0 {
            let condition = Condition::Quarantine {
                items: market.items_resting,
            };
            self.add(Severity::Warning, None, condition);
        }
    }

    fn notices(&mut self, situation: &Situation) {
        for queue in &situation.notices {
            let endpoint = || queue.endpoint.clone();
            if !queue.configured && queue.waiting > 0 {
                let condition = Condition::NoticesStranded {
                    endpoint: endpoint(),
                    notices: queue.waiting,
                };
                self.add(Severity::Warning, queue.since, condition);
            } else if queue.failing > 0 {
                let condition = Condition::NoticesFailing {
                    endpoint: endpoint(),
                    notices: queue.failing,
                };
                self.add(Severity::Warning, queue.since, condition);
            }
            if queue.given_up_24h > 0 {
                let condition = Condition::NoticesGivenUp {
                    endpoint: endpoint(),
                    notices: queue.given_up_24h,
                };
                self.add(Severity::Warning, None, condition);
            }
        }
    }
}

/// The job that sends stock.
const PUSH: &str = "push-stock";

/// Whether a daemon buys.
fn buys(situation: &Situation) -> bool {
    situation.alive().any(|daemon| daemon.buying == Buying::On)
}

/// Late orders, without those that wait because their panel is left alone, or because buying is
/// paused there: these have a warning of their own.
fn late(situation: &Situation) -> u64 {
    let excused = situation.panels.iter().map(|panel| {
        if panel.breaker.is_some() {
            panel.orders.late
        } else if panel.paused || !panel.enabled || !buys(situation) {
            panel.orders.late.min(panel.orders.queued)
        } else {
            0
        }
    });
    situation.orders.late.saturating_sub(excused.sum())
}

fn older(then: DateTime<Utc>, limit: Duration, now: DateTime<Utc>) -> bool {
    now - then > TimeDelta::from_std(limit).unwrap_or(TimeDelta::MAX)
}
