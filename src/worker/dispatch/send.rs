//! Claiming orders, and sending what was claimed.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    Dispatch,
    call::Call,
    sort::{Origin, Ready},
};
use crate::{
    metrics::{METRICS, label::Stream},
    order::{HoldCause, HoldReason, OrderId},
    store::{Claim, Claimed, Lease, NewHold, SpendingLimit, StoreError},
    worker::{after, before, resolve::ROUNDS},
};

/// When a turn began, by both clocks.
#[derive(Clone, Copy)]
pub(super) struct TickStart {
    pub(super) at: DateTime<Utc>,
    pub(super) instant: Instant,
}

impl Dispatch {
    /// Claims what is ready and sends it. Returns how many orders were sent.
    pub(super) async fn send(
        &self,
        ready: Vec<Ready>,
        start: TickStart,
    ) -> Result<usize, StoreError> {
        let mut left = ready;
        let mut started = 0;
        for round in 0..ROUNDS {
            if left.is_empty() {
                break;
            }

            // Each kind has its own statement: the tracked order is there already, or is inserted.
            let (queued, new) = left
                .into_iter()
                .partition(|ready: &Ready| ready.origin == Origin::Queued);
            left = Vec::new();
            for (orders, origin) in [(queued, Origin::Queued), (new, Origin::New)] {
                let (sent, collided) = self.send_round(orders, origin, round, start).await?;
                started += sent;
                left.extend(collided);
            }
        }

        Ok(started)
    }

    /// One round of claims; returns how many were sent, and those whose reference another order has.
    async fn send_round(
        &self,
        mut ready: Vec<Ready>,
        origin: Origin,
        round: u16,
        start: TickStart,
    ) -> Result<(usize, Vec<Ready>), StoreError> {
        if ready.is_empty() {
            return Ok((0, ready));
        }
        if round > 0 {
            for ready in &mut ready {
                ready.rename(round);
            }
        }

        let claims: Vec<Claim> = ready.iter().map(|ready| ready.claim.clone()).collect();
        // From the start of the turn: what the turn took until now counts against the lease.
        let lease = Lease {
            token: Uuid::new_v4(),
            now: start.at,
            until: after(start.at, self.settings().lease),
            give_up_at: after(start.at, self.shop.rules.give_up_after),
        };
        let limit = self.settings().daily_limit.map(|amount| SpendingLimit {
            amount,
            since: before(start.at, super::SPENDING_WINDOW),
        });
        let claimed = self.claim_each(&claims, origin, lease, limit).await?;

        let (sent, rest) = self.start(ready, &claimed.orders, lease, start);
        let rest = self.over_limit(rest, &claimed, origin, start).await?;
        if rest.is_empty() {
            return Ok((sent, rest));
        }

        // The others were claimed elsewhere or decided meanwhile, and are not tried again.
        let rest_claims: Vec<Claim> = rest.iter().map(|ready| ready.claim.clone()).collect();
        let collided: HashSet<OrderId> = self
            .shop
            .store
            .taken(&rest_claims)
            .await?
            .into_iter()
            .collect();
        let again = rest
            .into_iter()
            .filter(|ready| collided.contains(&ready.claim.order))
            .collect();

        Ok((sent, again))
    }

    /// The longest that one call can take.
    fn longest_call(&self) -> Duration {
        self.shop.config.znet.longest_call()
    }

    /// Sends what was claimed; returns how many, and the rest.
    fn start(
        &self,
        ready: Vec<Ready>,
        claimed: &[OrderId],
        lease: Lease,
        start: TickStart,
    ) -> (usize, Vec<Ready>) {
        let claimed: HashSet<&OrderId> = claimed.iter().collect();
        let (mine, rest): (Vec<_>, Vec<_>) = ready
            .into_iter()
            .partition(|ready| claimed.contains(&ready.claim.order));
        let started = mine.len();
        METRICS.claimed(Stream::Dispatch, started);

        for ready in mine {
            tracing::info!(
                order = %ready.claim.order,
                reference = %ready.claim.reference,
                integration = %ready.claim.integration,
                "sending the order to its panel"
            );
            let call = Call {
                // A call that starts later could outlast its lease.
                deadline: start.instant + self.settings().lease.saturating_sub(self.longest_call()),
                token: lease.token,
                claimed_at: lease.now,
                own: self.shop.results.know(ready.claim.order),
                shop: self.shop.clone(),
            };
            self.tasks.spawn(call.make(ready));
        }

        (started, rest)
    }

    /// Holds what would exceed the spending limit; returns the others. Warns when it is near.
    async fn over_limit(
        &self,
        rest: Vec<Ready>,
        claimed: &Claimed,
        origin: Origin,
        start: TickStart,
    ) -> Result<Vec<Ready>, StoreError> {
        for (panel, spent) in &claimed.near_limit {
            tracing::warn!(
                integration = %panel,
                %spent,
                limit = %self.settings().daily_limit.unwrap_or_default(),
                "four fifths of this panel's spending limit for 24 hours are spent"
            );
        }

        let over: HashSet<&OrderId> = claimed.over_limit.iter().collect();
        let (held, rest): (Vec<_>, Vec<_>) = rest
            .into_iter()
            .partition(|ready| over.contains(&ready.claim.order));

        let cause = HoldCause::from(HoldReason::DailyLimit);
        if origin == Origin::Queued {
            for ready in &held {
                let (order, panel) = (ready.claim.order, ready.claim.integration);
                let cause = ready.watched.held_for(cause);
                self.hold_queued(order, panel, cause, start.at).await?;
            }
        } else {
            let holds: Vec<NewHold> = held
                .iter()
                .map(|ready| NewHold {
                    order: ready.claim.order,
                    tenant: ready.tenant,
                    integration: Some(ready.claim.integration),
                    cause,
                })
                .collect();
            self.hold(&holds, start.at).await?;
        }

        Ok(rest)
    }
}

impl Ready {
    /// Takes the reference of another round, since another order has this one.
    fn rename(&mut self, round: u16) {
        let reference = self.panel.reference(self.claim.order, round);
        self.claim.round = round;
        self.claim.reference = reference.clone();
        self.purchase.reference = reference;
    }
}
