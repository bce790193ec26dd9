//! From the situation to the warnings: which condition is on, and how much it matters.
//!
//! What must stay true: one cause raises one warning, the one that says what to do about it.

use std::{cmp::Reverse, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::{Condition, Kind, Limits, Panel, Severity, Warning};
use crate::{
    marketplace::MAY_BE_BLOCKED,
    order::explain::{Buying, LATE},
    overview::{Market, PanelView, Situation},
};

/// Orders that nobody has claimed for this long are critical.
const FORGOTTEN: Duration = Duration::from_mins(10);
/// A view of the orders that is older than this sells what is not there.
const BLIND: Duration = Duration::from_hours(1);

/// What needs attention now, the most important first.
#[must_use]
pub(crate) fn assess(situation: &Situation, limits: &Limits, now: DateTime<Utc>) -> Vec<Warning> {
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
    // Stable: within a severity they keep the order above.
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
            let daemons = situation.daemons.iter();
            // A proper stop is later than the last heartbeat.
            let last = daemons.map(|daemon| daemon.stopped_at.unwrap_or(daemon.seen_at));
            let seen_at = last.max();
            self.add(Severity::Critical, seen_at, Condition::NoDaemon { seen_at });
        }

        let mut loops = Vec::new();
        for name in alive.flat_map(|daemon| &daemon.stuck) {
            if !loops.contains(name) {
                loops.push(name.clone());
            }
        }
        if !loops.is_empty() {
            self.add(Severity::Critical, None, Condition::WorkerStalled { loops });
        }
        if situation.reload_refused {
            self.add(Severity::Warning, None, Condition::ReloadRefused {});
        }
    }

    fn orders(&mut self, situation: &Situation, now: DateTime<Utc>) {
        let all = &situation.orders;
        self.not_claimed(situation, now);

        let orders = late(situation);
        if orders > 0 {
            let condition = Condition::Late { orders };
            self.add(Severity::Critical, all.due_since, condition);
        }

        // Where no daemon runs at all, the warning about that says enough.
        let orders = all.submitted + all.unconfirmed;
        let alive = situation.alive().next().is_some();
        if alive && orders > 0 && !situation.alive().any(|daemon| daemon.watching) {
            self.add(Severity::Critical, None, Condition::NotWatched { orders });
        }

        let orders = all.unconfirmed;
        if orders > 0 {
            let condition = Condition::Unconfirmed { orders };
            self.add(Severity::Warning, all.unconfirmed_since, condition);
        }

        if !all.losses.is_empty() {
            let groups = all.losses.clone();
            self.add(Severity::Warning, None, Condition::SoldAtALoss { groups });
        }

        let products = all.unproven_products;
        if products > 0 {
            let condition = Condition::PlayerFields { products };
            self.add(Severity::Notice, None, condition);
        }

        let orders = all.unsettled;
        if orders > 0 {
            let reported = situation.notices.iter().any(|queue| queue.configured);
            let condition = Condition::Unsettled { orders, reported };
            self.add(Severity::Warning, all.unsettled_since, condition);
        }

        if !all.held.is_empty() {
            let mut groups = all.held.clone();
            groups.sort_by_key(|group| Reverse(group.orders));
            let since = groups.iter().map(|group| group.since).min();
            self.add(Severity::Warning, since, Condition::Held { groups });
        }
    }

    fn not_claimed(&mut self, situation: &Situation, now: DateTime<Utc>) {
        let nobody = situation.alive().next().is_none();
        // What is switched off or paused waits because somebody wants it so.
        if !nobody && !buys(situation) {
            return;
        }

        let (mut orders, mut oldest) = (0, None);
        for panel in situation.panels.iter().filter(|panel| panel.buys()) {
            let since = panel.orders.eligible_since;
            if let Some(since) = since.filter(|since| older(*since, LATE, now)) {
                orders += panel.orders.eligible;
                oldest = oldest.into_iter().chain([since]).min();
            }
        }

        if let Some(since) = oldest {
            let severity = severity(older(since, FORGOTTEN, now));
            self.add(severity, oldest, Condition::NotClaimed { orders });
        }
    }

    fn panel(&mut self, view: &PanelView, limits: &Limits) {
        let panel = Panel {
            id: view.id,
            name: view.name.clone(),
        };

        if let Some(breaker) = view.breaker {
            let condition = Condition::BreakerOpen {
                panel: panel.clone(),
                reason: breaker.reason,
                until: breaker.until,
            };
            self.add(Severity::Critical, Some(breaker.since), condition);
        }

        self.second_dispatcher(view, &panel);

        // What was bought there is asked about whether it is enabled or not.
        if view.plain_http && (view.enabled || view.orders.open() > 0) {
            let panel = panel.clone();
            // Permitted in the configuration, hence no more than a reminder.
            self.add(Severity::Notice, None, Condition::PlainHttp { panel });
        }

        // What is not bought from needs no money.
        if view.enabled {
            self.balance(view, &panel, limits.warn_below);
            self.spending(view, panel);
        }
    }

    fn second_dispatcher(&mut self, view: &PanelView, panel: &Panel) {
        let found = view.second;
        if found.unexplained > Decimal::ZERO {
            let condition = Condition::BalanceUnexplained {
                panel: panel.clone(),
                amount: found.unexplained,
            };
            self.add(Severity::Warning, None, condition);
        }

        if found.overwritten > 0 {
            // Each of these orders has another purchase beside ours.
            let condition = Condition::SecondDispatcher {
                panel: panel.clone(),
                orders: found.overwritten,
            };
            self.add(Severity::Critical, found.since, condition);
        }
    }

    fn balance(&mut self, view: &PanelView, panel: &Panel, limit: Option<Decimal>) {
        let Some(balance) = view.balance else {
            return;
        };

        let empty = balance <= Decimal::ZERO;
        if empty || limit.is_some_and(|limit| balance < limit) {
            let condition = Condition::BalanceLow {
                panel: panel.clone(),
                balance,
                limit,
            };
            self.add(severity(empty), view.balance_at, condition);
        }
    }

    fn spending(&mut self, view: &PanelView, panel: Panel) {
        let Some(limit) = view.limit else {
            return;
        };

        let spent = view.bought_24h.money;
        let reached = spent >= limit;
        if reached {
            let condition = Condition::SpendingReached {
                panel,
                spent,
                limit,
            };
            self.add(Severity::Critical, None, condition);
        } else if spent >= limit * Decimal::new(8, 1) {
            // Four fifths: in time to raise the limit before orders are held.
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
            let name = |id| pause.name.clone().unwrap_or_else(|| format!("{id}"));
            let condition = Condition::Paused {
                panel: pause.panel.map(name),
                who: pause.who.clone(),
                why: pause.why.clone(),
            };
            self.add(Severity::Warning, Some(pause.at), condition);
        }

        if situation.shop && situation.alive().next().is_some() && !buys(situation) {
            // Set so in the configuration, hence no more than a reminder.
            let mut alive = situation.alive();
            let shadow = alive.any(|daemon| daemon.buying == Buying::Shadow);
            self.add(Severity::Notice, None, Condition::NotBuying { shadow });
        }
    }

    fn jobs(&mut self, situation: &Situation) {
        for view in situation.jobs.iter().filter(|job| job.enabled) {
            let job = view.name;
            if let Some(expected) = view.missing_since {
                let condition = Condition::JobOverdue { job, expected };
                self.add(Severity::Warning, Some(expected), condition);
            }
            // What keeps stock from being sent has a warning of its own.
            if let Some(run) = view.failed().filter(|_| job != PUSH) {
                let error = run.error().map(str::to_owned);
                if is_blocked(error.as_deref()) {
                    self.blocked(job, error, run.finished_at);
                } else {
                    let condition = Condition::JobFailing { job, error };
                    self.add(Severity::Warning, run.finished_at, condition);
                }
            }
        }
    }

    fn market(&mut self, market: &Market, limits: &Limits, now: DateTime<Utc>) {
        self.pushes(market, limits.push_critical_after, now);

        if let Some(since) = market.webhook_silent_since {
            self.add(Severity::Warning, Some(since), Condition::WebhookSilent {});
        }

        let read_at = market.orders_read_at;
        let unread = |limit| read_at.is_none_or(|read| older(read, limit, now));
        if unread(limits.stale_after) {
            // Never critical before it is stale, whatever the configuration calls stale.
            let severity = severity(unread(BLIND.max(limits.stale_after)));
            self.add(severity, read_at, Condition::OrdersStale { read_at });
        }

        let packages = market.shipped_untaken;
        if packages > 0 {
            let condition = Condition::ShippedUntaken { packages };
            self.add(Severity::Warning, market.shipped_untaken_since, condition);
        }

        if !market.unknown_order_tables.is_empty() {
            let tables = market.unknown_order_tables.clone();
            let condition = Condition::UnknownOrderTables { tables };
            self.add(Severity::Warning, None, condition);
        }

        let items = market.items_resting;
        if items > 0 {
            self.add(Severity::Warning, None, Condition::Quarantine { items });
        }
    }

    fn pushes(&mut self, market: &Market, critical_after: Duration, now: DateTime<Utc>) {
        if let Some(pause) = &market.paused {
            let condition = Condition::StockPaused {
                who: pause.who.clone(),
                why: pause.why.clone(),
            };
            self.add(Severity::Critical, Some(pause.at), condition);
        } else if market.push_ok == Some(false) {
            // While it is paused each pass fails, and that is said already.
            let good_at = market.push_good_at;
            let long = good_at.is_none_or(|good| older(good, critical_after, now));
            let error = market.push_error.clone();
            let since = good_at.or(market.pushed_at);
            if is_blocked(error.as_deref()) {
                self.blocked(PUSH, error, since);
            } else {
                let condition = Condition::PushFailing { error, good_at };
                self.add(severity(long), since, condition);
            }
        }
    }

    /// Nothing here ends it, and nothing passes until somebody acts. One warning says so, whichever job is hit.
    fn blocked(&mut self, job: &'static str, error: Option<String>, since: Option<DateTime<Utc>>) {
        let severity = severity(job == PUSH || job == PULL);
        let is_said = |warning: &&mut Warning| warning.condition.kind() == Kind::AddressBlocked;

        if let Some(said) = self.0.iter_mut().find(is_said) {
            said.severity = said.severity.min(severity);
        } else {
            self.add(severity, since, Condition::AddressBlocked { job, error });
        }
    }

    fn notices(&mut self, situation: &Situation) {
        for queue in &situation.notices {
            let endpoint = queue.endpoint.clone();
            // Nobody tries these, so nothing of them fails.
            if !queue.configured && queue.waiting > 0 {
                let condition = Condition::NoticesStranded {
                    endpoint: endpoint.clone(),
                    notices: queue.waiting,
                };
                self.add(Severity::Warning, queue.since, condition);
            } else if queue.failing > 0 {
                let condition = Condition::NoticesFailing {
                    endpoint: endpoint.clone(),
                    notices: queue.failing,
                };
                self.add(Severity::Warning, queue.since, condition);
            }

            let notices = queue.given_up_24h;
            if notices > 0 {
                let condition = Condition::NoticesGivenUp { endpoint, notices };
                self.add(Severity::Warning, None, condition);
            }
        }
    }
}

/// Whether the marketplace most likely does not serve this address. A run is kept as what it said.
fn is_blocked(error: Option<&str>) -> bool {
    error.is_some_and(|error| error.contains(MAY_BE_BLOCKED))
}

/// The job that reads orders.
const PULL: &str = "pull-orders";
/// The job that sends stock.
const PUSH: &str = "push-stock";

const fn severity(is_critical: bool) -> Severity {
    if is_critical {
        Severity::Critical
    } else {
        Severity::Warning
    }
}

/// Whether a daemon buys.
fn buys(situation: &Situation) -> bool {
    situation.alive().any(|daemon| daemon.buying == Buying::On)
}

/// Late orders, without those that wait because their panel's circuit is open, or because buying is
/// paused there: these have a warning of their own.
fn late(situation: &Situation) -> u64 {
    let excused = situation.panels.iter().map(|panel| {
        if panel.breaker.is_some() {
            panel.orders.late
        } else if panel.paused || !panel.enabled || !buys(situation) {
            // Only what is to be sent waits there; what was bought is asked about all the same.
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
