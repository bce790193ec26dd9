//! The shop's staff, who decide rows while their orders are under way, and the operator's, who act on what waits for
//! them.
//!
//! Staff look an order up at the panel before they say what became of it, and tell the truth: a wrong word of theirs
//! is no fault that a program could bear.

use chrono::TimeDelta;

use super::{
    Flaw,
    database::{ShopRow, Tracked},
    panel::{End, Sale},
    setting::{At, CALM, LATEST, delta, span},
    tally::Path,
    world::{Event, World},
};
use crate::order::{
    EventKind, ExternalStatus, HoldReason, Settle, ShopStatus, Stage, WayOut,
    person::{OperatorAction, Plan, Verdict},
};

/// What somebody does to an order's row in the shop.
#[derive(Clone, Copy, Debug)]
pub(super) enum ShopAct {
    Reject,
    /// `true` with a code of their own.
    Approve(bool),
    Delete,
    /// A forgotten transaction.
    Lock,
    /// The shop's own function, after the notice that the order has ended.
    Settle,
}

/// What a person has decided to do, as things stood.
pub(super) struct Carrying {
    order: usize,
    panel: Option<usize>,
    plan: Plan,
    /// When it had been claimed last.
    claimed_at: Option<At>,
}

impl World {
    /// Whether somebody will touch the order's row, and when.
    pub(super) fn plan_staff(&mut self, order: usize) {
        if !self.fault(self.setting.faults.staff) {
            return;
        }
        let act = match self.rng.usize(..8) {
            0..3 => ShopAct::Reject,
            3..5 => ShopAct::Approve(self.rng.bool()),
            5 => ShopAct::Delete,
            _ => ShopAct::Lock,
        };
        let delay = span(&mut self.rng, 0.02, 7200.0);
        self.after(delay, Event::Shop(order, act));
    }

    /// With `orders.settle = "shop"` the shop's listener decides the row.
    pub(super) fn shop_settles(&mut self, order: usize) {
        if self.setting.rules.settle == Settle::Shop {
            let delay = span(&mut self.rng, 0.05, 60.0);
            self.after(delay, Event::Shop(order, ShopAct::Settle));
        }
    }

    pub(super) fn shop_acts(&mut self, order: usize, act: ShopAct) {
        if !self.db_up {
            let later = TimeDelta::seconds(60);
            self.after(later, Event::Shop(order, act));
            return;
        }
        let mut row = self.db.rows[order].clone();
        if !row.is_pending() {
            return;
        }

        match act {
            ShopAct::Reject => {
                self.db.tally.path(Path::RowRejected);
                row.status = Some(ShopStatus::Rejected);
                row.external = ExternalStatus::Failed;
            }
            ShopAct::Approve(own_code) => {
                self.db.tally.path(Path::RowApproved);
                row.status = Some(ShopStatus::Approved);
                if own_code && row.pin.is_none() {
                    row.pin = Some(hand_code(order));
                }
            }
            ShopAct::Delete => {
                self.db.tally.path(Path::RowDeleted);
                row.exists = false;
            }
            ShopAct::Lock => row.locked_until = self.db.now + span(&mut self.rng, 1.0, 300.0),
            ShopAct::Settle => settle(&mut row, self.db.tracked(order)),
        }
        self.db.put_row(order, row, false);
        self.db.note(order, format!("in the shop: {act:?}"));
    }

    /// The operator's staff review what is held or unconfirmed.
    pub(super) fn review(&mut self) {
        let next = TimeDelta::seconds(self.rng.i64(60..1200));
        self.after(next, Event::Review);
        if !self.db_up {
            return;
        }
        for order in self.db.open.clone() {
            let waits = self
                .db
                .tracked(order)
                .is_some_and(|it| it.held.is_some() || it.watched.stage == Stage::Unconfirmed);
            if waits && (self.is_calm() || self.rng.usize(..3) == 0) {
                self.act_on(order);
            }
        }
    }

    pub(super) fn is_calm(&self) -> bool {
        self.db.now >= self.begin + CALM
    }

    fn act_on(&mut self, order: usize) {
        let Some(tracked) = self.db.tracked(order).cloned() else {
            return;
        };
        let action = self.choose(order, &tracked);
        let Some(action) = action else { return };

        self.fix_cause(order);
        let facts = self.db.facts(order, &self.panels, self.db.clock());
        let id = self.db.rows[order].id;
        match action.plan(id, &facts) {
            Ok(plan) => {
                let to = match &plan {
                    Plan::Release(release) => {
                        self.panels.iter().position(|it| it.id == release.panel)
                    }
                    Plan::Resolve(..) => None,
                };
                let carrying = Carrying {
                    order,
                    panel: to,
                    plan,
                    claimed_at: self.claimed_at(order),
                };
                // From reading to the click.
                let delay = span(&mut self.rng, 0.05, 1200.0);
                self.after(delay, Event::CarryOut(Box::new(carrying)));
            }
            Err(_) => self.db.tally.path(Path::ActionRefused),
        }
    }

    /// What is right, or now and then something that cannot be done.
    fn choose(&mut self, order: usize, tracked: &Tracked) -> Option<OperatorAction> {
        let way_out = tracked.held.map_or(WayOut::Confirm, HoldReason::way_out);
        if self.rng.usize(..10) == 0 && !self.is_calm() {
            return Some(match way_out {
                WayOut::Decide => OperatorAction::Retry,
                _ => OperatorAction::Resolve(Verdict::GiveCode),
            });
        }

        let never_sent = tracked
            .watched
            .dispatched_at
            .or(tracked.watched.sent_at)
            .is_none();
        // The limit is of a day: who tries again every few minutes only learns that it is still reached.
        let limited = tracked.held == Some(HoldReason::DailyLimit) && !self.is_calm();
        match way_out {
            WayOut::Retry if limited && self.rng.usize(..20) > 0 => None,
            WayOut::Retry | WayOut::RetryAlone => Some(OperatorAction::Retry),
            WayOut::Settle if tracked.held == Some(HoldReason::ShopRowRefused) && never_sent => {
                Some(OperatorAction::Retry)
            }
            WayOut::Confirm => self.confirm(order),
            WayOut::Settle => self.settle_by_truth(order),
            WayOut::Decide => {
                let delivered = tracked.held == Some(HoldReason::DecidedThenDelivered);
                let gives = delivered && self.rng.bool() && self.db.rows[order].exists;
                Some(OperatorAction::Resolve(if gives {
                    Verdict::GiveCode
                } else {
                    Verdict::KeepBack
                }))
            }
        }
    }

    /// Staff look the purchase up at the panel, and not before the last request can have arrived there.
    fn confirm(&mut self, order: usize) -> Option<OperatorAction> {
        if self.db.now - self.sent[order] < LATEST * 2 {
            return None;
        }
        let wanted = self.db.rows[order].is_pending();
        Some(OperatorAction::Resolve(match self.bought[order] {
            0 if wanted && self.rng.bool() => Verdict::SendAgain,
            0 => Verdict::NotBought,
            _ => Verdict::Bought,
        }))
    }

    fn settle_by_truth(&self, order: usize) -> Option<OperatorAction> {
        let sale = self.sale_of(order);
        let now = self.db.now;
        let verdict = match sale {
            Some(sale) if sale.end == End::Delivered && sale.done_at <= now => Verdict::Bought,
            // Not yet: the panel works on it.
            Some(sale) if sale.end == End::Delivered => return None,
            _ => Verdict::NotBought,
        };
        Some(OperatorAction::Resolve(verdict))
    }

    /// What the panels have sold for an order.
    pub(super) fn sale_of(&self, order: usize) -> Option<&Sale> {
        let mut sales = self.panels.iter().flat_map(|panel| panel.sold_for(order));
        sales.next().map(|(_, sale)| sale)
    }

    /// Mostly the cause is fixed before the order is released.
    fn fix_cause(&mut self, order: usize) {
        let mut row = self.db.rows[order].clone();
        if self.is_calm() || self.rng.usize(..4) > 0 {
            row.broken = None;
            row.refuses = false;
            self.db.put_row(order, row, false);
        }
    }

    fn claimed_at(&self, order: usize) -> Option<At> {
        self.db.purchases[order]
            .iter()
            .map(|it| it.claimed_at)
            .max()
    }

    pub(super) fn carry_out(&mut self, carrying: &Carrying) {
        let (done, _) = self.commits();
        // `person.sql` compares it: stage and reason are the same once more after another try.
        let overtaken = self.claimed_at(carrying.order) != carrying.claimed_at;
        if overtaken && !self.db.has(Flaw::StaleVerdict) {
            self.db.tally.path(Path::ActionOvertaken);
            return;
        }
        let now = self.db.clock();
        let give_up_at = now + delta(self.setting.rules.give_up_after);
        let order = carrying.order;
        let target = (order, carrying.panel);
        if done && self.db.carry_out(target, &carrying.plan, now, give_up_at) {
            self.wake_both();
            self.recorded(order);
        } else {
            self.db.tally.path(Path::ActionOvertaken);
        }
    }
}

/// The code that staff give by hand.
pub(super) fn hand_code(order: usize) -> String {
    format!("HAND-{order}")
}

/// What the shop's own function makes of an order that has ended. What timed out is left to staff.
fn settle(row: &mut ShopRow, tracked: Option<&Tracked>) {
    let Some(tracked) = tracked else { return };
    row.status = match (tracked.watched.stage, tracked.outcome) {
        (Stage::Completed, _) => Some(ShopStatus::Approved),
        (_, Some(EventKind::Refused | EventKind::Cancelled)) => Some(ShopStatus::Rejected),
        _ => None,
    };
}
