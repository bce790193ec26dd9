//! What fell through: `src/store/sweep.rs`, and what the sweep asks of `src/store/dispatch.rs`.

use chrono::TimeDelta;

use super::{
    check::DueOrder,
    database::{Database, Purchase, Token, Tracked},
    setting::At,
    tally::Path,
};
use crate::order::{EventKind, ExternalStatus, HoldReason, Reference, Stage, Watched};

/// `jobs::sweep::BLOCKED`.
const BLOCKED: TimeDelta = TimeDelta::days(7);

/// `store::Adoption`.
pub(super) struct Adoption {
    pub(super) panel: usize,
    pub(super) sent_at: At,
    pub(super) processing: bool,
    pub(super) reference: Result<Reference, HoldReason>,
    pub(super) unsure: bool,
    pub(super) give_up_at: At,
    pub(super) due_at: At,
}

impl Database {
    /// `Store::unwatched`: whether the shop itself has sent it and nobody watches it.
    pub(super) fn is_unwatched(&self, order: usize, from: At, until: At) -> bool {
        let row = &self.rows[order];
        let over = [
            ExternalStatus::NotSent,
            ExternalStatus::Done,
            ExternalStatus::Failed,
        ];
        let sent = row.sent_at.is_some_and(|at| at >= from && at <= until);
        let taken = |it: &Tracked| {
            it.watched.stage != Stage::Held
                || it.watched.dispatched_at.is_some()
                || it.watched.sent_at.is_some()
                || it.held == Some(HoldReason::ShopRowRefused)
        };
        row.is_pending()
            && !over.contains(&row.external)
            && sent
            && row.provider.is_some()
            && !self.orders[order].as_ref().is_some_and(taken)
    }

    /// `Store::adopt`. False when somebody else has it, or its number belongs to another order.
    pub(super) fn adopt(&mut self, order: usize, adoption: &Adoption) -> bool {
        let name = adoption.reference.clone().ok();
        if let Some(name) = &name {
            let key = (adoption.panel, name.clone());
            let taken = self.names.get(&key).is_some_and(|&of| of != order);
            if taken || self.shop_sent_before(order, name, adoption) {
                return false;
            }
        }
        let free = |it: &Tracked| {
            let watched = &it.watched;
            watched.stage == Stage::Held
                && watched.dispatched_at.is_none()
                && watched.sent_at.is_none()
        };
        if !self.orders[order].as_ref().is_none_or(free) {
            return false;
        }

        if let Some(name) = &name {
            self.put_purchases(order, vec![Purchase::adopted(adoption, name.clone())]);
        }
        self.put(order, Tracked::adopted(adoption, name));
        self.event(
            order,
            adoption
                .reference
                .as_ref()
                .map_or(EventKind::Held, |_| EventKind::Adopted),
        );
        true
    }

    /// Whether the shop sent another order under this number before.
    fn shop_sent_before(&self, order: usize, name: &Reference, adoption: &Adoption) -> bool {
        let own = (adoption.sent_at, self.rows[order].id.0);
        self.rows.iter().any(|row| {
            row.exists
                && row.referans.as_ref() == Some(name)
                && row.provider == Some(adoption.panel)
                && row.sent_at.is_some_and(|at| (at, row.id.0) < own)
        })
    }

    /// `Store::revive`, of one order; `place` is its share of the spread.
    pub(super) fn revive(&mut self, order: usize, now: At, place: TimeDelta) {
        let parked = |it: &&Tracked| it.watched.stage == Stage::Submitted && it.due_at.is_none();
        let Some(mut tracked) = self.tracked(order).filter(parked).cloned() else {
            return;
        };
        self.tally.path(Path::Revived);
        tracked.due_at = Some(now + place);
        self.put(order, tracked);
        self.event(order, EventKind::Swept);
    }

    /// `Store::stale`: whether it waits since before `until` and after `from`.
    pub(super) fn is_stale(&self, order: usize, from: At, until: At) -> bool {
        let row = &self.rows[order];
        row.is_unsent()
            && row.may_go_to(self.routes[row.product])
            && row.created_at > from
            && row.created_at <= until
            && self.orders[order].is_none()
    }

    /// `Store::claim_orphans`, of one order.
    pub(super) fn claim_orphan(
        &mut self,
        order: usize,
        known: &[usize],
        token: Token,
        now: At,
        until: At,
    ) -> Option<DueOrder> {
        let tracked = self.tracked(order)?;
        let works = !tracked.watched.stage.is_final() && tracked.held.is_none();
        let alone = tracked.panel.is_some_and(|panel| !known.contains(&panel))
            || tracked.watched.stage == Stage::Queued;
        let due = tracked.due_at.is_some_and(|at| at <= now);
        let over = tracked.watched.give_up_at.is_some_and(|at| at <= now);
        // All panels are known here: one that cannot be asked has its circuit open.
        let waits = tracked.panel.is_some_and(|panel| !known.contains(&panel))
            && tracked.watched.stage == Stage::Submitted
            && tracked.watched.sent_at.is_some_and(|at| at > now - BLOCKED);
        if !works || !alone || !due || !over || waits {
            return None;
        }
        self.tally.path(Path::Orphan);
        self.lease(order, token, until)
    }
}

impl Purchase {
    fn adopted(adoption: &Adoption, reference: Reference) -> Self {
        Self::of_before(adoption.panel, reference, adoption.sent_at)
    }

    /// One that was not claimed here.
    pub(super) fn of_before(panel: usize, reference: Reference, claimed_at: At) -> Self {
        Self {
            panel,
            reference,
            claimed_at,
            outcome: None,
            recorded_at: None,
            expected: rust_decimal::Decimal::ZERO,
            cost: None,
        }
    }
}

impl Tracked {
    fn adopted(adoption: &Adoption, reference: Option<Reference>) -> Self {
        let stage = match (&adoption.reference, adoption.unsure) {
            (Err(_), _) => Stage::Held,
            (Ok(_), true) => Stage::Unconfirmed,
            (Ok(_), false) => Stage::Submitted,
        };
        Self {
            panel: Some(adoption.panel),
            due_at: reference.is_some().then_some(adoption.due_at),
            reference,
            watched: Watched {
                stage,
                dispatched_at: None,
                sent_at: Some(adoption.sent_at),
                give_up_at: Some(adoption.give_up_at),
                processing: adoption.processing,
                attempts: 0,
                errors: 0,
                unknowns: 0,
                may_resend: false,
            },
            held: adoption.reference.as_ref().err().copied(),
            lease: None,
            recorded: None,
            finished_at: None,
            waited_at: None,
            pin: None,
            fell_back: false,
            row_lost: false,
            ours: false,
            outcome: None,
        }
    }
}
