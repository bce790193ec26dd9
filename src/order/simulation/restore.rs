//! Orders that a failover took, and of which a replica holds an answer: `src/store/restore.rs`.

use chrono::TimeDelta;

use super::{
    Flaw,
    database::{Database, Purchase, Tracked},
    record::Outcome,
    setting::At,
};
use crate::order::{EventKind, ExternalStatus, HoldReason, Reference, Stage, Watched};

/// `restore::LEASE`.
const LEASE: TimeDelta = TimeDelta::minutes(1);

/// `store::Restored`.
pub(super) enum Restored {
    Claimed,
    Busy,
    Nothing,
}

impl Database {
    /// An answer has reached the database: from now on its purchase must be known there.
    pub(super) fn witness(&mut self, outcome: &Outcome) {
        if outcome.may_be_bought() {
            self.undone[outcome.order] = false;
            self.heard[outcome.order] = true;
        }
    }

    /// `Store::forgotten`: the claim is gone, or its result is, or both of a second claim under the same name.
    pub(super) fn has_lost(&self, outcome: &Outcome) -> bool {
        let tracked = self.tracked(outcome.order);
        let waits =
            tracked.is_some_and(|it| it.watched.stage == Stage::Queued && it.is_named(outcome));
        tracked.is_none_or(|it| it.lease == Some(outcome.token))
            || self.lacks_purchase(outcome)
            || waits && outcome.decision.is_bought()
            || self.knows_less(outcome)
            || outcome.decision.is_bought() && tracked.is_some_and(|it| it.denies(outcome))
    }

    /// Whether it waits to be sent under the same name, says an earlier claim.
    pub(super) fn knows_less(&self, outcome: &Outcome) -> bool {
        let waits = self.tracked(outcome.order).is_some_and(|it| {
            let dispatched = it.watched.dispatched_at;
            it.watched.stage == Stage::Queued
                && it.is_named(outcome)
                && dispatched.is_none_or(|at| at < outcome.claimed_at())
        });
        if !waits {
            return false;
        }

        let purchases = &self.purchases[outcome.order];
        let named = |p: &&Purchase| (p.panel, &p.reference) == (outcome.panel, &outcome.reference);
        let recorded_at = purchases.iter().find(named).and_then(|p| p.recorded_at);
        recorded_at.is_some_and(|at| at < outcome.at)
    }

    /// Whether the claim is gone, also where an earlier one was kept.
    pub(super) fn lacks_purchase(&self, outcome: &Outcome) -> bool {
        let purchases = &self.purchases[outcome.order];
        !purchases
            .iter()
            .any(|p| (p.panel, &p.reference) == (outcome.panel, &outcome.reference))
    }

    /// `Store::restore`.
    pub(super) fn restore(&mut self, outcome: &Outcome) -> Restored {
        let order = outcome.order;
        let row_lost = !self.rows[order].exists;
        if !row_lost && !self.is_free(order) {
            return Restored::Busy;
        }
        let name = (outcome.panel, outcome.reference.clone());
        let taken = self.names.get(&name).is_some_and(|&of| of != order);
        if row_lost && !outcome.may_be_bought() || taken || self.has(Flaw::ForgetLost) {
            return Restored::Nothing;
        }

        let (panel, reference) = name;
        let claimed_at = outcome.claimed_at();
        if self.lacks_purchase(outcome) {
            let mut purchases = self.purchases[order].clone();
            purchases.push(Purchase::of_before(panel, reference, claimed_at));
            self.put_purchases(order, purchases);
        }
        if self
            .tracked(order)
            .is_some_and(|it| !it.ended_before(claimed_at))
        {
            return Restored::Nothing;
        }

        let fell_back = self.fallback && panel != self.routes[self.rows[order].product];
        let was = self.tracked(order).cloned();
        let mut tracked = Tracked::restored(outcome, row_lost, fell_back);
        tracked.due_at = Some(self.clock() + LEASE);
        if let Some(was) = &was {
            tracked = Tracked {
                watched: Watched {
                    stage: Stage::Dispatching,
                    ..was.watched.clone()
                },
                recorded: was.recorded,
                pin: was.pin.clone(),
                fell_back: was.fell_back || fell_back,
                row_lost: was.row_lost,
                outcome: was.outcome,
                ..tracked
            };
        }
        self.put_back(order, tracked);
        if !self.open.contains(&order) {
            self.open.push(order);
        }
        self.event(order, EventKind::Restored);
        self.say_claimed(outcome, was.and_then(|was| was.reference).as_ref());
        Restored::Claimed
    }

    /// The part `said` of `restore.sql`.
    fn say_claimed(&mut self, outcome: &Outcome, was: Option<&Reference>) {
        let mut row = self.rows[outcome.order].clone();
        let as_before = row.is_pending() && was.is_some() && row.referans.as_ref() == was;
        if row.is_unsent() || as_before {
            row.provider = Some(outcome.panel);
            row.referans = Some(outcome.reference.clone());
            row.external = ExternalStatus::Queued;
            self.put_row(outcome.order, row, false);
        }
    }
}

impl Outcome {
    /// `Outcome::claimed_at`.
    fn claimed_at(&self) -> At {
        let watched = &self.decision.watched;
        let known = self.sent_by.or(watched.dispatched_at).or(watched.sent_at);
        known.unwrap_or(self.at)
    }

    /// `Outcome::may_be_bought`.
    pub(super) fn may_be_bought(&self) -> bool {
        !matches!(
            self.decision.event,
            EventKind::Refused | EventKind::FellBack | EventKind::NotSent
        )
    }
}

impl Tracked {
    /// Whether it has ended as not bought, or goes on as another purchase.
    fn denies(&self, outcome: &Outcome) -> bool {
        let ended = match self.outcome {
            Some(EventKind::Refused | EventKind::NotSent) => true,
            // By a person.
            Some(EventKind::Resolved) => self.watched.stage == Stage::Failed,
            _ => false,
        };
        ended || !self.is_named(outcome)
    }

    /// Whether its claim had ended when another one was made at this time.
    fn ended_before(&self, claimed_at: At) -> bool {
        let open = [Stage::Queued, Stage::Dispatching, Stage::Unconfirmed];
        let unsettled =
            open.contains(&self.watched.stage) || self.held == Some(HoldReason::Unconfirmed);
        unsettled && self.watched.dispatched_at.is_none_or(|at| at < claimed_at)
    }

    /// What `restore.sql` inserts.
    fn restored(outcome: &Outcome, row_lost: bool, fell_back: bool) -> Self {
        let watched = &outcome.decision.watched;

        Self {
            panel: Some(outcome.panel),
            reference: Some(outcome.reference.clone()),
            watched: Watched {
                stage: Stage::Dispatching,
                processing: false,
                attempts: 0,
                errors: 0,
                unknowns: 0,
                ..watched.clone()
            },
            held: None,
            due_at: None,
            lease: Some(outcome.token),
            recorded: None,
            finished_at: None,
            waited_at: None,
            pin: None,
            fell_back,
            row_lost,
            ours: outcome.ours,
            outcome: None,
        }
    }
}
