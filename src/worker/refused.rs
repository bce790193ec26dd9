//! Orders whose row the shop's database refuses to change, by a constraint or a trigger of its own: one such order
//! must not hold up the others.

use std::slice::from_ref;

use chrono::{DateTime, Utc};

use super::shop::Shop;
use crate::{
    metrics::METRICS,
    order::{HoldReason, IntegrationId, OrderId},
    store::{NewHold, StoreError},
    telemetry::chain,
};

impl Shop {
    /// Holds orders that nobody has sent; returns those that were held.
    pub(crate) async fn hold_each(
        &self,
        holds: &[NewHold],
        now: DateTime<Utc>,
    ) -> Result<Vec<OrderId>, StoreError> {
        match self.store.hold_new(holds, now).await {
            Err(error) if error.refuses_row() => {}
            done => return done,
        }

        let mut held = Vec::new();
        for hold in holds {
            match self.store.hold_new(from_ref(hold), now).await {
                Ok(one) => held.extend(one),
                Err(error) => {
                    self.refuse(hold.order, hold.integration, error, now)
                        .await?;
                }
            }
        }

        Ok(held)
    }

    /// Holds an order whose row was refused; any other error stays one.
    pub(crate) async fn refuse(
        &self,
        order: OrderId,
        integration: Option<IntegrationId>,
        error: StoreError,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        if !error.refuses_row() {
            return Err(error);
        }

        tracing::error!(
            %order,
            error = chain(&error),
            "the database refuses to change the shop's row of this order; it is held"
        );

        // In our own tables alone, since the shop's row cannot say so.
        let words = error.words();
        let held = self
            .store
            .hold_refused(order, integration, &words, now)
            .await?;
        if held {
            METRICS.held(HoldReason::ShopRowRefused);
        }
        Ok(())
    }
}
