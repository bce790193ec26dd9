//! Claims of orders that are to be sent: `src/store/{dispatch,claim,spending}.rs` and
//! `src/store/sql/{queued,claim_new,claim_queued}.sql`.

use rust_decimal::Decimal;

use super::{
    Flaw,
    database::{Database, Purchase, Token, Tracked},
    setting::At,
    tally::Path,
};
use crate::order::{EventKind, ExternalStatus, Reference, Stage, Watched};

/// `store::Claim` and `store::Lease`.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    pub(super) order: usize,
    pub(super) panel: usize,
    pub(super) reference: Reference,
    pub(super) expected: Decimal,
    pub(super) token: Token,
    pub(super) now: At,
    pub(super) until: At,
    pub(super) give_up_at: At,
}

/// A row of `queued.sql`.
pub(super) struct QueuedOrder {
    pub(super) order: usize,
    pub(super) panel: usize,
    pub(super) reference: Reference,
    pub(super) watched: Watched,
    pub(super) wanted: bool,
    pub(super) may_fall_back: bool,
}

impl Database {
    /// `Store::newest_order`.
    pub(super) fn newest_order(&self) -> Option<At> {
        let may_be_sent = |order: &usize| match &self.orders[*order] {
            Some(tracked) => self.rows[*order].exists && !tracked.watched.stage.is_final(),
            None => self.rows[*order].is_unsent(),
        };
        let there = self.open.iter().copied().filter(may_be_sent);
        there.map(|order| self.rows[order].created_at).max()
    }

    /// `Store::new_candidates`.
    pub(super) fn new_candidates(
        &self,
        panels: &[usize],
        created_after: At,
        limit: usize,
    ) -> Vec<usize> {
        let wanted = |&&order: &&usize| {
            let row = &self.rows[order];
            let panel = self.routes[row.product];
            row.is_unsent()
                && row.may_go_to(panel)
                && row.created_at > created_after
                && panels.contains(&panel)
                && self.orders[order].is_none()
        };
        self.open
            .iter()
            .filter(wanted)
            .take(limit)
            .copied()
            .collect()
    }

    /// `Store::queued_candidates`, `sql/queued.sql`.
    pub(super) fn queued_candidates(
        &self,
        panels: &[usize],
        now: At,
        limit: usize,
    ) -> Vec<QueuedOrder> {
        let candidates = self.open.iter().filter_map(|&order| {
            let tracked = self.orders[order].as_ref()?;
            let watched = &tracked.watched;
            let panel = tracked.panel.filter(|panel| panels.contains(panel))?;
            let due = watched.stage == Stage::Queued && tracked.due_at.is_some_and(|at| at <= now);
            if !due || watched.give_up_at.is_some_and(|end| end <= now) {
                return None;
            }

            Some(QueuedOrder {
                order,
                panel,
                reference: tracked.reference.clone()?,
                watched: Watched {
                    stage: Stage::Dispatching,
                    dispatched_at: watched.dispatched_at.or(Some(now)),
                    sent_at: None,
                    processing: false,
                    attempts: 0,
                    unknowns: 0,
                    ..watched.clone()
                },
                wanted: self.rows[order].is_pending() && self.may_be_sent(order, panel, tracked),
                may_fall_back: !tracked.fell_back,
            })
        });
        candidates.take(limit).collect()
    }

    /// `may_go_to` or, after a refusal, the panel that refused it: the row still names that one.
    fn may_be_sent(&self, order: usize, panel: usize, tracked: &Tracked) -> bool {
        let row = &self.rows[order];
        let refused_there = || {
            let there = |purchase: &Purchase| Some(purchase.panel) == row.provider;
            tracked.fell_back && self.purchases[order].iter().any(there)
        };
        row.may_go_to(panel) || refused_there()
    }

    /// `spending::admit`: whether the limit has room for it.
    pub(super) fn admits(&self, claim: &Claim, limit: Decimal, since: At) -> bool {
        let counts = |p: &&Purchase| {
            let not_bought = [EventKind::Refused, EventKind::FellBack, EventKind::NotSent];
            let surely = p.outcome.is_some_and(|it| not_bought.contains(&it));
            p.panel == claim.panel && p.claimed_at > since && (p.cost.is_some() || !surely)
        };
        let all = self.purchases.iter().flatten().filter(counts);
        let spent: Decimal = all.map(|p| p.cost.unwrap_or(p.expected)).sum();
        spent < limit && spent + claim.expected <= limit
    }

    /// `sql/claim_new.sql`. False for one that is somebody else's, no longer eligible, or whose name another order has.
    pub(super) fn claim_new(&mut self, claim: &Claim) -> bool {
        let (order, panel) = (claim.order, claim.panel);
        let free = self.is_free(order);
        let row = &self.rows[order];
        let unsent = row.is_unsent() && row.may_go_to(panel) && self.routes[row.product] == panel;
        let untracked = self.orders[order].is_none();
        let eligible = unsent && untracked || self.has(Flaw::ClaimUnchecked);
        if !free || !eligible || self.paused[panel] || !self.name(claim) {
            return false;
        }

        let watched = Watched {
            stage: Stage::Dispatching,
            dispatched_at: Some(claim.now),
            sent_at: None,
            give_up_at: Some(claim.give_up_at),
            processing: false,
            attempts: 0,
            errors: 0,
            unknowns: 0,
            may_resend: true,
        };
        let tracked = Tracked {
            panel: Some(panel),
            reference: Some(claim.reference.clone()),
            watched,
            held: None,
            due_at: Some(claim.until),
            lease: Some(claim.token),
            recorded: None,
            finished_at: None,
            waited_at: None,
            pin: None,
            fell_back: false,
            row_lost: false,
            ours: true,
            outcome: None,
        };
        self.claimed(claim, tracked);
        true
    }

    /// `sql/claim_queued.sql`.
    pub(super) fn claim_queued(&mut self, claim: &Claim) -> bool {
        let (order, panel) = (claim.order, claim.panel);
        let free = self.is_free(order);
        let Some(tracked) = self.orders[order].clone() else {
            return false;
        };
        let row = &self.rows[order];
        let watched = &tracked.watched;
        let ours = watched.dispatched_at.or(watched.sent_at).is_some() || tracked.fell_back;
        let due = watched.stage == Stage::Queued
            && tracked.panel == Some(panel)
            && tracked.due_at.is_some_and(|at| at <= claim.now);
        let wanted = row.is_pending() && (row.sent_at.is_none() || ours);
        let named_by_us = row
            .referans
            .as_ref()
            .is_none_or(|given| self.is_ours(order, given, &tracked, claim));
        if !free || !due || !wanted || !named_by_us || self.paused[panel] {
            return false;
        }
        if !self.may_be_sent(order, panel, &tracked) || !self.name(claim) {
            return false;
        }

        let mut claimed = tracked;
        claimed.watched.stage = Stage::Dispatching;
        claimed.watched.dispatched_at = claimed.watched.dispatched_at.or(Some(claim.now));
        claimed.due_at = Some(claim.until);
        claimed.lease = Some(claim.token);
        claimed.reference = Some(claim.reference.clone());
        claimed.waited_at = None;
        claimed.ours = true;
        self.claimed(claim, claimed);
        true
    }

    fn is_ours(&self, order: usize, given: &Reference, tracked: &Tracked, claim: &Claim) -> bool {
        Some(given) == tracked.reference.as_ref()
            || *given == claim.reference
            || self.purchases[order].iter().any(|p| p.reference == *given)
    }

    /// The part `named` of both claims: the name is given, or was this order's before.
    fn name(&mut self, claim: &Claim) -> bool {
        let name = (claim.panel, claim.reference.clone());
        if self.names.get(&name).is_some_and(|&of| of != claim.order) {
            return false;
        }

        let mut purchases = self.purchases[claim.order].clone();
        let same = |p: &&mut Purchase| (p.panel, &p.reference) == (claim.panel, &claim.reference);
        match purchases.iter_mut().find(same) {
            Some(purchase) => {
                purchase.claimed_at = claim.now;
                purchase.outcome = None;
                purchase.expected = claim.expected;
            }
            None => purchases.push(Purchase {
                panel: claim.panel,
                reference: claim.reference.clone(),
                claimed_at: claim.now,
                outcome: None,
                recorded_at: None,
                expected: claim.expected,
                cost: None,
            }),
        }
        self.put_purchases(claim.order, purchases);
        true
    }

    /// The parts `tracked`, `said` and `noted` of both claims.
    fn claimed(&mut self, claim: &Claim, tracked: Tracked) {
        self.put(claim.order, tracked);
        let mut row = self.rows[claim.order].clone();
        row.referans = Some(claim.reference.clone());
        row.provider = Some(claim.panel);
        row.external = ExternalStatus::Queued;
        self.put_row(claim.order, row, false);
        self.event(claim.order, EventKind::Claimed);
    }

    /// `Store::taken`: whether another order has the name.
    pub(super) fn taken(&mut self, claim: &Claim) -> bool {
        let name = (claim.panel, claim.reference.clone());
        let taken = self.names.get(&name).is_some_and(|&of| of != claim.order);
        self.tally.path(if taken {
            Path::Collision
        } else {
            Path::ClaimLost
        });
        taken
    }
}
