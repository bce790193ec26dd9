//! Results on their way into the database: `src/worker/recorder.rs`.

use chrono::TimeDelta;

use super::{
    call::Call,
    record::{Outcome, Recorded},
    replica::Process,
    restore::Restored,
    setting::{At, span},
    tally::Path,
    world::{Event, Step, Stream, World},
};
use crate::order::{Decision, EventKind, HoldReason, Stage};

/// `recorder::lost::MEMORY`.
const MEMORY: TimeDelta = TimeDelta::minutes(5);

impl World {
    /// `Results::submit`.
    pub(super) fn submit(&mut self, process: Process, call: &Call, decision: Decision, at: At) {
        let outcome = Outcome {
            order: call.order,
            panel: call.panel,
            reference: call.reference.clone(),
            token: call.token,
            ours: call.ours,
            sent_by: call.sent_by,
            reroute: decision
                .reroute
                .is_some()
                .then(|| call.elsewhere.as_ref().or(call.fallback.as_ref()))
                .flatten()
                .map(|(panel, _)| *panel),
            decision,
            at,
        };
        self.go_on(process, Step::Record(Box::new(outcome)));
    }

    /// `Recorder::write` and `Recorder::recorded`, of one result.
    pub(super) fn record(&mut self, process: Process, outcome: Box<Outcome>) {
        let (done, heard) = self.commits();
        if !done {
            self.record_later(process, outcome);
            return;
        }

        let recorded = self.db.record(&outcome);
        let twice = recorded == Recorded::Done && self.fault(self.setting.faults.repeated);
        if twice {
            self.db.tally.path(Path::OutcomeTwice);
        }
        if !heard || twice {
            // The same group again. How long after does not matter to what is written: it may be much later.
            let retry = span(&mut self.rng, 1.0, 200.0);
            let again = outcome.clone();
            self.after(retry, Event::Step(process, Step::Record(again)));
        }
        match recorded {
            Recorded::Done => {
                self.recorded(outcome.order);
                self.remember(process, *outcome);
            }
            Recorded::Before => {
                self.db.tally.path(Path::Before);
                self.remember(process, *outcome);
            }
            Recorded::LeaseLost => self.late(process, outcome),
            Recorded::Forgotten => self.restore(process, outcome),
            Recorded::Busy => self.record_later(process, outcome),
            Recorded::Refused => {
                if let Some(less) = refused(*outcome) {
                    self.go_on(process, Step::Record(Box::new(less)));
                }
            }
        }
        self.crashes(process);
    }

    /// Kept, and tried again.
    fn record_later(&mut self, process: Process, outcome: Box<Outcome>) {
        let retry = TimeDelta::seconds(1);
        self.after(retry, Event::Step(process, Step::Record(outcome)));
    }

    /// `Recorder::restore`.
    fn restore(&mut self, process: Process, mut outcome: Box<Outcome>) {
        complete(&self.replicas[process.replica].recent, &mut outcome);
        match self.db.restore(&outcome) {
            Restored::Claimed => {
                self.db.witness(&outcome);
                self.go_on(process, Step::Record(outcome));
            }
            Restored::Busy => self.record_later(process, outcome),
            Restored::Nothing => {
                self.db.witness(&outcome);
                self.late(process, outcome);
            }
        }
    }

    /// `Recorder::late_answers`.
    fn late(&mut self, process: Process, outcome: Box<Outcome>) {
        if self.db.keep_late(&outcome) {
            self.recorded(outcome.order);
        } else {
            self.record_later(process, outcome);
        }
    }

    /// `Recent::keep`.
    fn remember(&mut self, process: Process, mut outcome: Outcome) {
        let event = outcome.decision.event;
        let recent = &mut self.replicas[process.replica].recent;
        if matches!(event, EventKind::Refused | EventKind::FellBack) {
            recent.retain(|older| older.order != outcome.order);
        }
        if !outcome.may_be_bought() || event == EventKind::Checked {
            return;
        }
        complete(recent, &mut outcome);
        recent.retain(|older| older.order != outcome.order);
        recent.push(outcome);
    }

    /// `Results::is_at_work`, and `Results::miss` of an order that the database says may be sent: whether this process
    /// knows better. What it knows is then written again.
    pub(super) fn is_known(&mut self, process: Process, order: usize, may_resend: bool) -> bool {
        if self.is_at_work(process, order) {
            self.db.tally.path(Path::KnownHere);
            return true;
        }
        let recent = &self.replicas[process.replica].recent;
        let known = may_resend && recent.iter().any(|outcome| outcome.order == order);
        if known {
            self.db.tally.path(Path::KnownHere);
            self.after(TimeDelta::zero(), Event::LookBack(process));
        }
        known
    }

    /// `Recorder::look_back`.
    pub(super) fn look_back(&mut self, process: Process) {
        if !self.lives(process) || !self.db_up {
            return;
        }

        let since = self.clock(process.replica) - MEMORY;
        let recent = std::mem::take(&mut self.replicas[process.replica].recent);
        let (gone, there): (Vec<_>, Vec<_>) = recent.into_iter().partition(|outcome| {
            // One that has a newer answer on its way says less than that.
            !self.is_at_work(process, outcome.order) && self.db.has_lost(outcome)
        });
        let recent = &mut self.replicas[process.replica].recent;
        *recent = there;
        recent.retain(|outcome| outcome.at > since);
        for outcome in gone {
            self.db.tally.path(Path::WrittenAgain);
            self.go_on(process, Step::Record(Box::new(outcome)));
        }
    }

    /// `Recorder::done`: who has to look next.
    pub(super) fn recorded(&mut self, order: usize) {
        let Some(tracked) = self.db.tracked(order) else {
            return;
        };
        let queued = tracked.watched.stage == Stage::Queued;
        let (due, settled) = (tracked.due_at, tracked.watched.stage.is_final());
        if let Some(due) = due {
            let stream = if queued {
                Stream::Dispatch
            } else {
                Stream::Poll
            };
            self.wake_due(stream, due);
        }
        if settled {
            self.shop_settles(order);
        }
    }
}

/// `Recent::complete`.
fn complete(recent: &[Outcome], outcome: &mut Outcome) {
    let of_it = |older: &&Outcome| {
        (older.order, older.panel, &older.reference)
            == (outcome.order, outcome.panel, &outcome.reference)
    };
    if let Some(older) = recent.iter().find(of_it) {
        let (new, old) = (&mut outcome.decision, &older.decision);
        new.pin = new.pin.take().or_else(|| old.pin.clone());
        new.cost = new.cost.or(old.cost);
        new.balance = new.balance.or(old.balance);
    }
}

/// `recorder::refused`: the same result without what the shop's row would say.
fn refused(mut outcome: Outcome) -> Option<Outcome> {
    let decision = outcome.decision;
    decision.shop.as_ref()?;
    let goes_on = decision.due_at.is_some() && decision.reroute.is_none();
    if goes_on {
        outcome.decision = Decision {
            shop: None,
            ..decision
        };
        return Some(outcome);
    }

    let mut watched = decision.watched;
    watched.stage = Stage::Held;
    outcome.reroute = None;
    outcome.decision = Decision {
        watched,
        held: Some(HoldReason::ShopRowRefused),
        due_at: None,
        shop: None,
        reroute: None,
        refusal: None,
        event: EventKind::Held,
        ..decision
    };
    Some(outcome)
}
