//! Shadow mode: nothing is claimed, what would have been bought is written down.

use chrono::{DateTime, Utc};

use super::{Dispatch, sort::Ready};
use crate::store::{NewHold, ShadowOrder, StoreError};

impl Dispatch {
    /// Writes down what would have been bought. Returns how many orders were new.
    pub(super) async fn only_note(
        &self,
        ready: Vec<Ready>,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        let orders: Vec<ShadowOrder> = ready
            .into_iter()
            .map(|ready| ShadowOrder {
                order: ready.claim.order,
                tenant: ready.tenant,
                integration: Some(ready.claim.integration),
                purchase: Ok((
                    ready.purchase.goods,
                    ready.claim.reference,
                    ready.claim.expected,
                )),
            })
            .collect();

        self.note(&orders, now).await
    }

    /// Writes down what would have been held. Returns how many orders were new.
    pub(super) async fn only_note_holds(
        &self,
        holds: &[NewHold],
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        let orders: Vec<ShadowOrder> = holds
            .iter()
            .map(|hold| ShadowOrder {
                order: hold.order,
                tenant: hold.tenant,
                integration: hold.integration,
                purchase: Err(hold.cause.reason),
            })
            .collect();
        self.note(&orders, now).await
    }

    async fn note(&self, orders: &[ShadowOrder], now: DateTime<Utc>) -> Result<usize, StoreError> {
        let noted = self.shop.store.note_shadow(orders, now).await?;
        // Each turn meets the same orders again; only new ones are reported.
        if noted > 0 {
            tracing::info!(orders = noted, "shadow mode: written down, not sent");
        }
        Ok(usize::try_from(noted).unwrap_or(usize::MAX))
    }
}
