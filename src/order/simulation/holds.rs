//! Orders that are held before they are sent, and those that the shop takes back: `src/store/hold.rs`.

use super::{
    database::{Database, Tracked},
    setting::At,
    tally::Path,
};
use crate::order::{EventKind, HoldReason, ShopStatus, Stage, Watched};

impl Database {
    /// `Store::hold_new`.
    pub(super) fn hold_new(
        &mut self,
        order: usize,
        panel: Option<usize>,
        reason: HoldReason,
    ) -> bool {
        let free = self.is_free(order);
        let row = &self.rows[order];
        let named = row.provider.is_none_or(|it| it == self.routes[row.product]);
        if !free || !row.is_unsent() || !named || self.orders[order].is_some() {
            return false;
        }
        if row.refuses {
            return self.hold_refused(order, panel);
        }

        self.put(order, Tracked::held(panel, reason));
        self.event(order, EventKind::Held);
        true
    }

    /// `Store::hold_queued`.
    pub(super) fn hold_queued(&mut self, order: usize, reason: HoldReason) -> bool {
        if self.rows[order].refuses {
            return self.hold_refused(order, None);
        }
        self.hold_if_queued(order, reason)
    }

    fn hold_if_queued(&mut self, order: usize, reason: HoldReason) -> bool {
        let queued = |it: &&Tracked| it.watched.stage == Stage::Queued;
        let Some(mut tracked) = self.tracked(order).filter(queued).cloned() else {
            return false;
        };
        tracked.watched.stage = Stage::Held;
        tracked.held = Some(reason);
        tracked.due_at = None;
        self.put(order, tracked);
        self.event(order, EventKind::Held);
        true
    }

    /// `Store::hold_refused`.
    pub(super) fn hold_refused(&mut self, order: usize, panel: Option<usize>) -> bool {
        self.tally.path(Path::RowRefused);
        let reason = HoldReason::ShopRowRefused;
        if self.orders[order].is_some() {
            return self.hold_if_queued(order, reason);
        }
        if !self.rows[order].exists {
            return false;
        }
        self.put(order, Tracked::held(panel, reason));
        self.event(order, EventKind::Held);
        true
    }

    /// `Store::withdraw_queued`.
    pub(super) fn withdraw_queued(&mut self, order: usize, now: At) -> bool {
        let queued = |it: &&Tracked| it.watched.stage == Stage::Queued;
        let Some(mut tracked) = self.tracked(order).filter(queued).cloned() else {
            return false;
        };
        self.tally.path(Path::Unwanted);
        tracked.watched.stage = Stage::Withdrawn;
        tracked.due_at = None;
        tracked.finished_at = Some(now);
        self.put(order, tracked);
        self.event(order, EventKind::Withdrawn);
        true
    }

    /// `Store::ask_queued`.
    pub(super) fn ask_queued(&mut self, order: usize, now: At) {
        let queued = |it: &&Tracked| it.watched.stage == Stage::Queued;
        let Some(mut tracked) = self.tracked(order).filter(queued).cloned() else {
            return;
        };

        self.tally.path(Path::Unwanted);
        let watched = &mut tracked.watched;
        watched.stage = Stage::Unconfirmed;
        watched.dispatched_at = watched.dispatched_at.or(Some(now));
        (watched.unknowns, watched.errors) = (0, 0);
        tracked.due_at = Some(now);
        self.put(order, tracked);
        self.event(order, EventKind::Unsure);
    }

    /// `Store::end_settled_holds`.
    pub(super) fn end_settled_hold(&mut self, order: usize, now: At) -> bool {
        let decides = [
            HoldReason::DecidedThenDelivered,
            HoldReason::DecidedThenCancelled,
        ];
        let lost = |it: &Tracked| it.row_lost && !self.rows[order].exists;
        let settled =
            |it: &&Tracked| it.held.is_some_and(|held| !decides.contains(&held)) && !lost(it);
        if self.rows[order].is_pending() {
            return false;
        }
        let Some(mut tracked) = self.tracked(order).filter(settled).cloned() else {
            return false;
        };

        self.tally.path(Path::HoldEnded);
        let pin = tracked.pin.as_deref();
        let contradiction = pin.and_then(|pin| self.contradiction(order, true, false, Some(pin)));
        if contradiction.is_some() {
            tracked.held = contradiction;
            self.put(order, tracked);
            self.event(order, EventKind::Contradiction);
            return true;
        }

        tracked.watched.stage = if tracked.pin.is_some() {
            Stage::Completed
        } else {
            Stage::Withdrawn
        };
        tracked.held = None;
        tracked.finished_at = Some(now);
        self.put(order, tracked);
        self.event(order, EventKind::Withdrawn);
        true
    }

    /// `orderwatch.contradiction`: what staff decided against what the panel did.
    pub(super) fn contradiction(
        &self,
        order: usize,
        delivered: bool,
        not_delivered: bool,
        pin: Option<&str>,
    ) -> Option<HoldReason> {
        use crate::order::ExternalStatus::Failed;
        let row = &self.rows[order];
        if !row.exists {
            return None;
        }
        let other_code = || pin.is_some() && row.pin.is_some() && row.pin.as_deref() != pin;
        let rejected = row.status == Some(ShopStatus::Rejected) || row.external == Failed;
        if delivered && (rejected || other_code()) {
            return Some(HoldReason::DecidedThenDelivered);
        }
        let approved = row.status == Some(ShopStatus::Approved);
        (not_delivered && approved).then_some(HoldReason::DecidedThenCancelled)
    }
}

impl Tracked {
    /// What `hold_new` inserts.
    fn held(panel: Option<usize>, reason: HoldReason) -> Self {
        Self {
            panel,
            reference: None,
            watched: Watched {
                stage: Stage::Held,
                dispatched_at: None,
                sent_at: None,
                give_up_at: None,
                processing: false,
                attempts: 0,
                errors: 0,
                unknowns: 0,
                may_resend: true,
            },
            held: Some(reason),
            due_at: None,
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
