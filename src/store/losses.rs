//! What held orders would lose, as it was written down when they were held.

use std::collections::HashMap;

use uuid::Uuid;

use super::{Store, StoreError, TrackedOrder};
use crate::order::{HoldReason, OrderId, money::Loss};

impl Store {
    /// What an order would lose, where it is held for that.
    pub(crate) async fn loss_of(
        &self,
        order: OrderId,
        known: Option<&TrackedOrder>,
    ) -> Result<Option<Loss>, StoreError> {
        let held = known.and_then(|known| known.held);
        if held != Some(HoldReason::SoldAtALoss) {
            return Ok(None);
        }

        Ok(self.losses(&[order]).await?.remove(&order))
    }

    /// The loss for which each was held last; none of those that an older version held.
    pub(crate) async fn losses(
        &self,
        orders: &[OrderId],
    ) -> Result<HashMap<OrderId, Loss>, StoreError> {
        // Seldom any, and this is asked in every turn of the dispatcher.
        if orders.is_empty() {
            return Ok(HashMap::new());
        }

        let ids: Vec<Uuid> = orders.iter().map(|order| order.0).collect();
        let rows = sqlx::query!(
            r#"SELECT o.id AS "id!", e.cost AS "cost!", e.sold_for AS "sold_for!"
               FROM unnest($1::uuid[]) AS o (id)
               CROSS JOIN LATERAL (
                   SELECT (e.detail ->> 'cost')::numeric AS cost,
                          (e.detail ->> 'sold_for')::numeric AS sold_for
                   FROM orderwatch.events e
                   WHERE e.order_id = o.id AND e.kind = 'held' AND e.detail ->> 'reason' = $2
                   ORDER BY e.id DESC LIMIT 1
               ) e
               WHERE e.cost IS NOT NULL AND e.sold_for IS NOT NULL"#,
            &ids,
            HoldReason::SoldAtALoss.as_str()
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading what held orders would lose"))?;

        let losses = rows.into_iter().map(|row| {
            let (cost, sold_for) = (row.cost, row.sold_for);
            (OrderId(row.id), Loss { cost, sold_for })
        });
        Ok(losses.collect())
    }
}
