//! Claims of orders that are to be asked about: `src/store/check.rs` and `src/store/sql/claim_due.sql`.

use super::{
    Flaw,
    database::{Database, Token},
    setting::{At, delta},
};
use crate::order::{EventKind, Reference, Stage, Watched};

/// A row of `claim_due.sql`.
#[derive(Clone, Debug)]
pub(super) struct DueOrder {
    pub(super) order: usize,
    pub(super) panel: usize,
    pub(super) reference: Reference,
    pub(super) watched: Watched,
    pub(super) ours: bool,
    pub(super) waited_at: Option<At>,
}

impl Database {
    /// `sql/claim_due.sql`.
    pub(super) fn claim_due(
        &mut self,
        panels: &[usize],
        token: Token,
        now: At,
        lease_until: At,
        limit: usize,
    ) -> Vec<DueOrder> {
        let is_due = |&&order: &&usize| {
            let Some(tracked) = &self.orders[order] else {
                return false;
            };
            let asked = matches!(
                tracked.watched.stage,
                Stage::Dispatching | Stage::Submitted | Stage::Unconfirmed
            );
            let at = tracked.due_at.is_some_and(|at| at <= now);
            asked && at && tracked.panel.is_some_and(|it| panels.contains(&it))
        };
        let due: Vec<usize> = self
            .open
            .iter()
            .filter(is_due)
            .take(limit)
            .copied()
            .collect();
        let leases = due.into_iter();
        leases
            .filter_map(|order| self.lease(order, token, lease_until))
            .collect()
    }

    /// The lease of one order that is to be asked about; one that was being sent may have been bought.
    pub(super) fn lease(&mut self, order: usize, token: Token, until: At) -> Option<DueOrder> {
        let mut tracked = self.orders[order].clone()?;
        tracked.due_at = Some(until);
        tracked.lease = Some(token);
        let expired = tracked.watched.stage == Stage::Dispatching;
        if expired {
            tracked.watched.stage = if self.has(Flaw::SendAfterLease) {
                Stage::Queued
            } else {
                Stage::Unconfirmed
            };
        }

        let due = DueOrder {
            order,
            panel: tracked.panel?,
            reference: tracked.reference.clone()?,
            watched: tracked.watched.clone(),
            ours: tracked.ours,
            waited_at: tracked.waited_at,
        };
        self.put(order, tracked);
        if expired {
            self.event(order, EventKind::LeaseExpired);
        }
        Some(due)
    }

    /// `Store::next_check` and `Store::next_send`, with the time from which an order of the shop waits to be sent.
    pub(super) fn next(&self, sends: bool) -> Option<At> {
        let due = self
            .open
            .iter()
            .filter_map(|&order| match &self.orders[order] {
                Some(tracked) => {
                    let queued = tracked.watched.stage == Stage::Queued;
                    tracked.due_at.filter(|_| queued == sends)
                }
                None => sends.then_some(self.rows[order].created_at),
            });
        due.min()
    }

    /// `poll.lease` and the like, from `now`.
    pub(super) fn until(now: At, lease: std::time::Duration) -> At {
        now + delta(lease)
    }
}
