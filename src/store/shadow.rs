//! What would have been bought, written down for the days in which another system still buys. Nothing of the
//! shop is written.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Store, StoreError};
use crate::{
    order::{HoldReason, IntegrationId, OrderId, Reference, TenantId},
    provider::Goods,
};

/// What would have become of an order.
#[derive(Clone, Debug)]
pub(crate) struct ShadowOrder {
    pub(crate) order: OrderId,
    pub(crate) tenant: TenantId,
    /// Where it would have gone.
    pub(crate) integration: Option<IntegrationId>,
    /// What would have been bought, under which name, at which price; or why it would be held.
    pub(crate) purchase: Result<(Goods, Reference, Option<Decimal>), HoldReason>,
}

impl Store {
    /// Writes down what would have been bought. Returns how many orders were new.
    pub(crate) async fn note_shadow(
        &self,
        orders: &[ShadowOrder],
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let mut noted = 0;
        for order in orders {
            let bought = order.purchase.as_ref().ok();
            // The first decision stays: it is compared with what the shop did at that time.
            let noting = sqlx::query!(
                "INSERT INTO orderwatch.shadow (order_id, tenant_id, integration_id, reference, at,
                                                product, player_fields, expected, held_reason)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (order_id) DO NOTHING",
                order.order.0,
                order.tenant.0,
                order.integration.map(|id| id.0) as Option<Uuid>,
                bought.map(|(_, reference, _)| reference.as_str()),
                now,
                bought.map(|(goods, ..)| product(goods)),
                bought.map(|(goods, ..)| goods.player.fields.to_string()),
                bought.and_then(|(.., price)| *price) as Option<Decimal>,
                order.purchase.as_ref().err().map(|reason| reason.as_str())
            )
            .execute(&self.pool)
            .await
            .map_err(StoreError::doing("noting what would be bought"))?;
            noted += noting.rows_affected();
        }

        Ok(noted)
    }
}

fn product(goods: &Goods) -> Value {
    let pairs = goods.product.iter();
    let pairs = pairs.map(|(name, value)| (name.clone(), Value::from(value.clone())));
    pairs.collect::<Map<_, _>>().into()
}
