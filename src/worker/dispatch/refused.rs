//! Rows that the shop's database refuses to change, by a constraint or a trigger of its own.
//!
//! A claim is one statement for many orders, so one such row would stop all of them, of every
//! tenant, for ever. Each is tried by itself then, and the one that is refused is held (`Shop::refuse`).

use std::slice::from_ref;

use chrono::{DateTime, Utc};

use super::{Dispatch, sort::Origin};
use crate::{
    metrics::METRICS,
    order::{HoldCause, HoldReason, IntegrationId, OrderId},
    store::{Claim, Claimed, Lease, SpendingLimit, StoreError},
    telemetry::chain,
};

impl Dispatch {
    /// Claims orders all at once or, when that is refused, one by one.
    pub(super) async fn claim_each(
        &self,
        claims: &[Claim],
        origin: Origin,
        lease: Lease,
        limit: Option<SpendingLimit>,
    ) -> Result<Claimed, StoreError> {
        match self.claim(claims, origin, lease, limit).await {
            Err(error) if error.refuses_row() => {}
            done => return done,
        }

        // One row has stopped the whole statement: each by itself stops only its own.
        let mut all = Claimed::default();
        for claim in claims {
            let done = match self.claim(from_ref(claim), origin, lease, limit).await {
                Ok(claimed) => {
                    all.orders.extend(claimed.orders);
                    all.over_limit.extend(claimed.over_limit);
                    all.near_limit.extend(claimed.near_limit);
                    Ok(())
                }
                Err(error) => {
                    self.shop
                        .refuse(claim.order, Some(claim.integration), error, lease.now)
                        .await
                }
            };

            match done {
                Ok(()) => {}
                Err(error) if all.orders.is_empty() => return Err(error),
                // What is claimed has to be sent, whatever happens to the rest.
                Err(error) => {
                    tracing::warn!(error = chain(&error), "some orders cannot be claimed now");
                    break;
                }
            }
        }

        Ok(all)
    }

    async fn claim(
        &self,
        claims: &[Claim],
        origin: Origin,
        lease: Lease,
        limit: Option<SpendingLimit>,
    ) -> Result<Claimed, StoreError> {
        match origin {
            Origin::New => self.shop.store.claim_new(claims, lease, limit).await,
            Origin::Queued => self.shop.store.claim_queued(claims, lease, limit).await,
        }
    }

    pub(super) async fn hold_queued(
        &self,
        order: OrderId,
        integration: IntegrationId,
        cause: HoldCause,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        match self.shop.store.hold_queued(order, cause, now).await {
            Ok(_) => {
                METRICS.held(cause.reason);
                let behind = cause.behind.map(HoldReason::as_str);
                tracing::warn!(%order, reason = cause.reason.as_str(), cause = behind, "the order is held");
                Ok(())
            }
            Err(error) => self.shop.refuse(order, Some(integration), error, now).await,
        }
    }
}
