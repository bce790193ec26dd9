//! What becomes of a request on its way: lost, late, sent twice, or answered.

use chrono::TimeDelta;

use super::{
    call::{Call, Doing, Reply},
    panel::Health,
    replica::Process,
    setting::{LATEST, span},
    tally::Path,
    world::{Event, Step, World},
};
use crate::{
    breaker::Signal,
    order::{NotSent, PurchaseOutcome},
};

/// From the request to the time-out.
const PATIENCE: TimeDelta = TimeDelta::seconds(20);

/// What becomes of a request.
#[derive(Clone, Copy)]
enum Fate {
    NeverLeaves,
    Lost,
    Late,
    Arrives,
}

impl World {
    pub(super) fn transmit(&mut self, process: Process, call: Box<Call>) {
        if call.doing == Doing::Buy {
            self.sent[call.order] = self.db.now;
        }

        match self.fate() {
            Fate::NeverLeaves => self.never_leaves(process, call),
            Fate::Lost => {
                self.db.tally.path(Path::RequestLost);
                self.time_out(process, call);
            }
            Fate::Late => {
                // The process gives it up; the panel takes it all the same.
                self.db.tally.path(Path::TooLate);
                let longest = self.longest_way();
                let delay = span(&mut self.rng, 20.0, longest);
                let late = Event::Arrives(process, call.clone(), false);
                self.time_out(process, call);
                self.after(delay, late);
            }
            Fate::Arrives => self.deliver(process, call),
        }
    }

    /// Of what goes wrong on the way there, as much does in each way.
    fn fate(&mut self) -> Fate {
        if !self.fault(self.setting.faults.lost * 0.75) {
            return Fate::Arrives;
        }
        [Fate::NeverLeaves, Fate::Lost, Fate::Late][self.rng.usize(..3)]
    }

    fn never_leaves(&mut self, process: Process, call: Box<Call>) {
        self.db.tally.path(Path::NeverLeft);
        let reply = if call.doing == Doing::Buy {
            let never = PurchaseOutcome::NotSent(NotSent::Connect);
            Reply::Purchase(never, Some(Signal::Failure))
        } else {
            Reply::nothing(call.doing, Signal::Failure)
        };
        let delay = span(&mut self.rng, 0.01, 5.0);
        self.after(delay, Event::Step(process, Step::Answer(call, reply)));
    }

    /// Seconds that a request may be on its way. Where commits are lost, no longer than the failover takes: the order may
    /// be sent again after it, and a refusal of the second request says nothing about the first.
    fn longest_way(&self) -> f64 {
        if self.setting.faults.failovers > 0 {
            29.0
        } else {
            140.0
        }
    }

    fn deliver(&mut self, process: Process, call: Box<Call>) {
        let delay = span(&mut self.rng, 0.01, 4.0);
        let repeats = self.panels[call.panel].kind.refuses_repeats;
        // Something on the way sends it twice, and passes on what the panel says to the second.
        if call.doing == Doing::Buy && repeats && self.fault(self.setting.faults.repeated / 10.0) {
            self.db.tally.path(Path::RequestTwice);
            self.after(delay, Event::Arrives(process, call.clone(), false));
            let again = delay + span(&mut self.rng, 0.01, 2.0);
            self.after(again, Event::Arrives(process, call, true));
        } else {
            self.after(delay, Event::Arrives(process, call, true));
        }
    }

    fn time_out(&mut self, process: Process, call: Box<Call>) {
        let reply = Reply::nothing(call.doing, Signal::Failure);
        self.after(PATIENCE, Event::Step(process, Step::Answer(call, reply)));
    }

    /// The request is at the panel.
    pub(super) fn arrive(&mut self, process: Process, call: Box<Call>, awaited: bool) {
        let reply = self.panel_answers(&call);
        if !awaited {
            return;
        }
        if self.fault(self.setting.faults.lost / 2.0) {
            self.db.tally.path(Path::AnswerLost);
            self.time_out(process, call);
            return;
        }
        let delay = span(&mut self.rng, 0.01, 4.0);
        self.after(delay, Event::Step(process, Step::Answer(call, reply)));
    }

    fn panel_answers(&mut self, call: &Call) -> Reply {
        let now = self.db.now;
        let (addressee, name) = call.addressee();
        let ill = match self.panels[addressee].health {
            Health::Down => Some(Signal::Failure),
            Health::Blocking => Some(Signal::Blocked),
            Health::Well | Health::Refusing => None,
        };
        if let Some(signal) = ill {
            self.db.tally.path(Path::PanelDown);
            return Reply::nothing(call.doing, signal);
        }

        let panel = &mut self.panels[addressee];
        if call.doing != Doing::Buy {
            return Reply::Status(panel.tell(name, now), Signal::Fine);
        }
        let wanted = self.db.rows[call.order].wanted(call.order);
        let outcome = panel.sell(&call.reference, &wanted, now, &mut self.rng);
        match &outcome {
            PurchaseOutcome::Accepted { .. } => self.was_bought(call),
            PurchaseOutcome::SentBefore => self.db.tally.path(Path::SentBefore),
            _ => self.db.tally.path(Path::Refused),
        }
        Reply::Purchase(outcome, Some(Signal::Fine))
    }

    /// Books what the panel has just sold.
    fn was_bought(&mut self, call: &Call) {
        let order = call.order;
        self.db.tally.path(Path::Bought);
        self.db.note(
            order,
            format!("bought at panel {} as {}", call.panel, call.reference),
        );
        self.bought[order] += 1;
        self.audit_purchase(order, call.panel, &call.reference);
        debug_assert!(self.db.now - self.sent[order] <= LATEST);
    }
}
