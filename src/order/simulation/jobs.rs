//! What comes round by itself: the sweep of `src/worker/jobs/sweep.rs`, the probe of `src/worker/probe.rs`, and a
//! database that fails over.

use chrono::TimeDelta;

use super::{
    Flaw,
    check::DueOrder,
    record::Outcome,
    replica::Process,
    setting::{At, delta, span},
    sweep::Adoption,
    tally::Path,
    world::{Event, Step, World},
};
use crate::order::{HoldReason, NotSent, PurchaseOutcome, Stage, StatusAnswer, decide};

/// `recorder::LOOK_BACK`, in seconds.
const LOOK_BACK: f64 = 30.0;

impl World {
    /// `Sweep::sweep`.
    pub(super) fn sweep(&mut self) {
        self.after(delta(self.setting.sweep_every), Event::Sweep);
        let before = self.db.now - TimeDelta::seconds(60);
        self.db.forget_undo(before);
        self.db.tidy();
        self.audit_neglect();

        let Some(replica) = self.any_replica().filter(|_| self.db_up) else {
            return;
        };
        let process = self.process(replica);
        for order in self.db.open.clone() {
            // What was done until then stands.
            if self.crashes(process) {
                break;
            }
            // One statement that fails is one page less.
            if self.commits().0 {
                self.sweep_one(process, order);
            }
        }
        self.wake_both();
    }

    fn sweep_one(&mut self, process: Process, order: usize) {
        let now = self.clock(process.replica);
        self.adopt(order, now);

        let spread = delta(self.setting.spread.mul_f64(self.rng.f64()));
        if !self.db.has(Flaw::NoRevival) {
            self.db.revive(order, now, spread);
        }
        self.db.end_settled_hold(order, now);

        let from = now - delta(self.setting.rules.give_up_after);
        let until = now - delta(self.setting.max_order_age);
        if self.db.is_stale(order, from, until) {
            self.db.hold_new(order, None, HoldReason::WaitedTooLong);
        }

        let known = self.askable(process.replica);
        let token = self.token();
        let lease = now + delta(self.setting.check_lease);
        if let Some(orphan) = self.db.claim_orphan(order, &known, token, now, lease) {
            self.end_orphan(process, orphan, token);
        }
    }

    /// `Sweep::adopt`.
    fn adopt(&mut self, order: usize, now: At) {
        let give_up_after = delta(self.setting.rules.give_up_after);
        let (from, until) = (now - give_up_after, now - delta(self.setting.min_age));
        if !self.db.is_unwatched(order, from, until) {
            return;
        }
        let row = &self.db.rows[order];
        let (Some(panel), Some(sent_at)) = (row.provider, row.sent_at) else {
            return;
        };

        let naming = self.panels[panel].kind.naming;
        let reference = row.referans.clone().filter(|name| naming.admits(name));
        let unsure = reference
            .as_ref()
            .is_some_and(|name| name.as_str() == row.id.to_string());
        let mut adoption = Adoption {
            panel,
            sent_at,
            processing: false,
            reference: reference.ok_or(HoldReason::NoReference),
            unsure,
            give_up_at: sent_at + give_up_after,
            due_at: now + delta(self.setting.spread.mul_f64(self.rng.f64())),
        };
        if !self.db.adopt(order, &adoption) {
            // `Sweep::hold_namesake`.
            adoption.reference = Err(HoldReason::ReferenceShared);
            self.db.adopt(order, &adoption);
        }
    }

    /// `Sweep::end`.
    fn end_orphan(&mut self, process: Process, orphan: DueOrder, token: u64) {
        let now = self.clock(process.replica);
        let rules = &self.setting.rules;
        let watched = orphan.watched;
        let decision = if watched.stage == Stage::Queued {
            let not_sent = PurchaseOutcome::NotSent(NotSent::Connect);
            decide::after_purchase(watched, not_sent, None, now, rules, 0.5)
        } else {
            decide::after_check(watched, StatusAnswer::Unclear, now, rules, self.rng.f64())
        };

        let outcome = Outcome {
            order: orphan.order,
            panel: orphan.panel,
            reference: orphan.reference,
            sent_by: None,
            token,
            ours: orphan.ours,
            decision,
            at: now,
            reroute: None,
        };
        self.go_on(process, Step::Record(Box::new(outcome)));
    }

    /// A failover: the new server lacks what was committed in the last seconds.
    pub(super) fn fail_over(&mut self) {
        if !self.db_up {
            return;
        }
        self.db.tally.path(Path::Failover);
        let since = self.db.now - span(&mut self.rng, 0.1, 30.0);
        self.db.fail_over(since);
        self.db_up = false;
        // Longer than a request is on its way.
        let down = span(&mut self.rng, 30.0, 90.0);
        self.after(down, Event::DatabaseBack);
        // What takes the server may take replicas with it, and what they know.
        for replica in 0..self.replicas.len() {
            if self.replicas[replica].up && self.rng.bool() {
                self.crash(replica);
            }
        }
        self.move_clocks();
        if self.setting.faults.clock_sets > 0 && self.rng.bool() {
            self.set_clock();
        }
    }

    pub(super) fn database_back(&mut self) {
        self.db_up = true;
        for replica in 0..self.replicas.len() {
            self.replicas[replica].server_since = self.db.seen_since(self.clock(replica));
            let delay = span(&mut self.rng, 0.01, LOOK_BACK);
            self.after(delay, Event::LookBack(self.process(replica)));
        }
        self.wake_both();
    }
}
