//! Orders that a failover took, and of which a replica holds an answer: `src/store/restore.rs`.

use chrono::TimeDelta;

use super::{
    Flaw,
    database::{Database, Purchase, Tracked},
    record::Outcome,
};
use crate::order::{EventKind, ExternalStatus, Stage, Watched};

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

    /// `Store::forgotten`: the claim is gone, or its result is.
    pub(super) fn has_lost(&self, outcome: &Outcome) -> bool {
        let tracked = self.tracked(outcome.order);
        tracked.is_none_or(|it| it.lease == Some(outcome.token))
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
        let watched = &outcome.decision.watched;
        let claimed_at = watched.dispatched_at.or(watched.sent_at);
        let purchase = Purchase::of_before(panel, reference, claimed_at.unwrap_or(self.now));
        self.put_purchases(order, vec![purchase]);
        let fell_back = self.fallback && panel != self.routes[self.rows[order].product];
        let tracked = Tracked::restored(outcome, row_lost, fell_back);
        let due_at = Some(self.now + LEASE);
        self.put(order, Tracked { due_at, ..tracked });
        if !self.open.contains(&order) {
            self.open.push(order);
        }
        self.event(order, EventKind::Restored);
        self.say_claimed(outcome);
        Restored::Claimed
    }

    /// The part `said` of `restore.sql`.
    fn say_claimed(&mut self, outcome: &Outcome) {
        let mut row = self.rows[outcome.order].clone();
        if row.is_unsent() {
            row.provider = Some(outcome.panel);
            row.referans = Some(outcome.reference.clone());
            row.external = ExternalStatus::Queued;
            self.put_row(outcome.order, row, false);
        }
    }
}

impl Outcome {
    /// `Outcome::may_be_bought`.
    pub(super) fn may_be_bought(&self) -> bool {
        !matches!(
            self.decision.event,
            EventKind::Refused | EventKind::FellBack | EventKind::NotSent
        )
    }
}

impl Tracked {
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
