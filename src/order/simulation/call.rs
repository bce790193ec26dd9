//! One call to a panel: `src/worker/dispatch/call.rs` and the question of `src/worker/poll.rs`, over a network that
//! loses, delays and repeats.

use std::time::Duration;

use chrono::TimeDelta;

use super::{
    Flaw,
    database::Token,
    replica::Process,
    setting::{At, PRODUCTS},
    tally::Path,
    world::{Step, World},
};
use crate::{
    breaker::Signal,
    order::{
        Decision, EventKind, NotSent, PurchaseOutcome, Reference, Reroute, Stage, StatusAnswer,
        Watched, decide,
        schedule::{ENOUGH, Known},
    },
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// Claimed; nothing is sent yet.
    Begin,
    /// Its fallback panel is asked, which may know it.
    AskElsewhere,
    /// The panel is asked before it is bought.
    AskFirst,
    Buy,
    Check,
}

#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) order: usize,
    pub(super) panel: usize,
    pub(super) reference: Reference,
    pub(super) token: Token,
    pub(super) watched: Watched,
    pub(super) doing: Doing,
    /// A purchase that starts later could outlast its lease.
    pub(super) deadline: At,
    pub(super) fallback: Option<(usize, Reroute)>,
    /// `dispatch::elsewhere::Elsewhere`.
    pub(super) elsewhere: Option<(usize, Reroute)>,
    pub(super) is_doubtful: bool,
    /// It was asked about before it was to be bought.
    pub(super) asked: bool,
    pub(super) ours: bool,
    /// `Call::claimed_at`, of a purchase.
    pub(super) sent_by: Option<At>,
    pub(super) waited_at: Option<At>,
}

/// What came back, and what it says about the panel.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    Purchase(PurchaseOutcome, Option<Signal>),
    Status(StatusAnswer, Signal),
}

impl Reply {
    /// Nothing, or nothing that means anything.
    pub(super) fn nothing(doing: Doing, signal: Signal) -> Self {
        match doing {
            Doing::Buy => Self::Purchase(PurchaseOutcome::Unsure, Some(signal)),
            _ => Self::Status(StatusAnswer::Unclear, signal),
        }
    }
}

impl Call {
    /// Whom it asks now, by which name.
    pub(super) fn addressee(&self) -> (usize, &Reference) {
        match &self.elsewhere {
            Some((panel, route)) if self.doing == Doing::AskElsewhere => (*panel, &route.reference),
            _ => (self.panel, &self.reference),
        }
    }
}

impl World {
    /// What the process does next with its order.
    pub(super) fn send(&mut self, process: Process, mut call: Box<Call>) {
        let kind = self.panels[call.panel].kind;
        let asks = self.setting.ask_first || !kind.refuses_repeats;
        call.doing = match call.doing {
            Doing::Begin if call.elsewhere.is_some() => Doing::AskElsewhere,
            Doing::Begin if asks && !self.db.has(Flaw::BuyUnasked) => Doing::AskFirst,
            Doing::Begin => Doing::Buy,
            doing => doing,
        };

        if call.doing == Doing::AskFirst {
            self.db.tally.path(Path::AskedFirst);
        }
        if call.doing == Doing::Buy {
            // The last checks before the money is spent.
            let breaker = &self.replicas[process.replica].breakers[call.panel];
            let why = if self.db.now > call.deadline {
                Some(NotSent::NoTimeLeft)
            } else {
                breaker.open_until().map(|_| NotSent::CircuitOpen)
            };
            if let Some(why) = why {
                let reply = Reply::Purchase(PurchaseOutcome::NotSent(why), None);
                self.answer(process, call, reply);
                return;
            }
        }

        self.transmit(process, call);
    }

    /// The process has its answer.
    pub(super) fn answer(&mut self, process: Process, call: Box<Call>, reply: Reply) {
        let signal = match &reply {
            Reply::Purchase(_, signal) => *signal,
            Reply::Status(_, signal) => Some(*signal),
        };
        let outcome = match reply {
            Reply::Purchase(outcome, _) => Some(self.decide_purchase(process, &call, outcome)),
            Reply::Status(answer, _) => self.decide_answer(process, &call, answer),
        };
        let Some((decision, at)) = outcome else {
            // It was asked first, and may be bought now.
            let next = match call.doing {
                Doing::AskElsewhere => Call {
                    doing: Doing::Begin,
                    elsewhere: None,
                    ..*call
                },
                _ => Call {
                    doing: Doing::Buy,
                    asked: true,
                    ..*call
                },
            };
            self.go_on(process, Step::Send(Box::new(next)));
            return;
        };

        self.audit_code(&call, &decision);
        self.submit(process, &call, decision, at);
        if call.doing != Doing::AskElsewhere {
            self.note_signal(process, call.panel, signal);
        }
    }

    /// `Call::decide`.
    fn decide_purchase(
        &mut self,
        process: Process,
        call: &Call,
        outcome: PurchaseOutcome,
    ) -> (Decision, At) {
        let now = self.clock(process.replica);
        let refuses_repeats = self.panels[call.panel].kind.refuses_repeats;
        let mut watched = call.watched.clone();
        match outcome {
            PurchaseOutcome::Unsure => watched.may_resend &= refuses_repeats,
            PurchaseOutcome::NotSent(NotSent::AskedInVain) => {
                watched.may_resend &= refuses_repeats && !call.is_doubtful;
            }
            PurchaseOutcome::Refused(_) => watched.may_resend |= call.asked,
            _ => {}
        }
        let unsure = outcome == PurchaseOutcome::Unsure;
        let outcome = match outcome {
            PurchaseOutcome::Unsure if self.db.has(Flaw::UnsureIsRefused) => {
                PurchaseOutcome::Refused("Stok yok".to_owned())
            }
            PurchaseOutcome::Unsure if self.db.has(Flaw::UnsureIsNotSent) => {
                PurchaseOutcome::NotSent(NotSent::Connect)
            }
            outcome => outcome,
        };

        let fallback = call.fallback.as_ref().map(|(_, reroute)| reroute.clone());
        let jitter = self.rng.f64();
        let rules = &self.setting.rules;
        let mut decision = decide::after_purchase(watched, outcome, fallback, now, rules, jitter);
        if unsure && self.db.has(Flaw::UnsureIsNotSent) {
            decision.watched.dispatched_at = None;
        }
        self.place_check(process, call, &mut decision, now);
        if decision.event == EventKind::NotSent && self.db.has(Flaw::NeverSentAgain) {
            decision.due_at = decision.watched.give_up_at;
        }
        (decision, now)
    }

    /// `Call::ask` and `Question::ask`. `None` where the panel does not know the order, and it is to be bought.
    fn decide_answer(
        &mut self,
        process: Process,
        call: &Call,
        answer: StatusAnswer,
    ) -> Option<(Decision, At)> {
        let answer = self.with_memory(call.order, answer);
        let mut watched = call.watched.clone();
        if matches!(call.doing, Doing::AskFirst | Doing::AskElsewhere) {
            match answer {
                StatusAnswer::NotKnown { .. } => return None,
                StatusAnswer::Unclear => {
                    let in_vain = PurchaseOutcome::NotSent(NotSent::AskedInVain);
                    return Some(self.decide_purchase(process, call, in_vain));
                }
                _ => {}
            }
            if let Some((_, route)) = call.elsewhere.as_ref() {
                self.db.tally.path(Path::KnownElsewhere);
                let now = self.clock(process.replica);
                let rules = &self.setting.rules;
                return Some((
                    decide::known_elsewhere(watched, route.clone(), now, rules),
                    now,
                ));
            }
            self.db.tally.path(Path::KnownBefore);
            // `Call::bought_before`.
            watched.stage = Stage::Unconfirmed;
        } else {
            watched.may_resend &= self.panels[call.panel].kind.refuses_repeats;
            self.learn(process, call, &answer);
        }

        let now = self.clock(process.replica);
        let jitter = self.rng.f64();
        let early = self.db.has(Flaw::GiveUpEarly) && watched.stage == Stage::Submitted;
        let soon = now + TimeDelta::hours(23);
        let asked_at = if early && watched.give_up_at.is_some_and(|end| end <= soon) {
            soon
        } else {
            now
        };
        let mut decision =
            decide::after_check(watched, answer, asked_at, &self.setting.rules, jitter);
        if call.doing == Doing::Check {
            self.place_check(process, call, &mut decision, now);
        }
        if decision.event == EventKind::CheckFailed && self.db.has(Flaw::NeverAskedAgain) {
            decision.due_at = decision.watched.give_up_at;
        }
        Some((decision, now))
    }

    /// `poll::with_memory`.
    fn with_memory(&mut self, order: usize, answer: StatusAnswer) -> StatusAnswer {
        let StatusAnswer::Done { pin: None, text } = answer else {
            return answer;
        };
        if !self.db_up {
            return StatusAnswer::Unclear;
        }
        if let Some(pin) = self.db.tracked(order).and_then(|it| it.pin.clone()) {
            self.db.tally.path(Path::CodeRemembered);
            let pin = Some(pin.into());
            return StatusAnswer::Done { pin, text };
        }
        if self.db.comes_with_code(order) && !self.db.has(Flaw::CodeNotMissed) {
            StatusAnswer::DoneWithoutCode { text }
        } else {
            StatusAnswer::Done { pin: None, text }
        }
    }

    /// `Learning::place`.
    fn place_check(&mut self, process: Process, call: &Call, decision: &mut Decision, now: At) {
        let learned = &self.replicas[process.replica].learned[call.panel];
        let own = &learned[self.db.rows[call.order].product];
        let times = if own.samples() >= ENOUGH && call.ours {
            own
        } else {
            &learned[PRODUCTS]
        };
        let known = Known {
            times: Some(times).filter(|times| times.samples() > 0),
            ..Known::default()
        };
        let random = self.rng.f64();
        self.setting.schedule.apply(decision, known, now, random);
    }

    /// `Question::learn`.
    fn learn(&mut self, process: Process, call: &Call, answer: &StatusAnswer) {
        let done = matches!(
            answer,
            StatusAnswer::Done { .. }
                | StatusAnswer::DoneWithoutCode { .. }
                | StatusAnswer::Cancelled { .. }
        );
        let seen = call.watched.unknowns == 0
            && call.ours
            && (call.waited_at.is_some() || !call.watched.processing);
        let Some(sent_at) = call.watched.sent_at.filter(|_| done && seen) else {
            return;
        };

        let since = |at: At| (at - sent_at).to_std().unwrap_or_default();
        let after = call.waited_at.map_or(Duration::ZERO, since);
        let until = since(self.clock(process.replica));
        if until > after {
            let product = self.db.rows[call.order].product;
            let learned = &mut self.replicas[process.replica].learned[call.panel];
            learned[product].learn(after, until);
            learned[PRODUCTS].learn(after, until);
        }
    }

    /// A code is never lost where its product is known to have one.
    fn audit_code(&mut self, call: &Call, decision: &Decision) {
        let ends = decision.event == EventKind::Completed && decision.pin.is_none();
        let coded = || {
            self.sale_of(call.order)
                .is_some_and(|sale| sale.code.is_some())
        };
        if !ends || !coded() {
            return;
        }
        if self.db.comes_with_code(call.order) {
            self.db
                .fail(call.order, "completed without the code of its product");
        }
        self.db.tally.path(Path::CodeUnlearned);
    }
}
