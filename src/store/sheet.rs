//! One order as its page shows it: the shop's row in full, and its steps page by page.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::{Store, StoreError, StoredEvent};
use crate::order::OrderId;

/// The shop's row and what stands around it. Codes are in neither.
#[derive(Clone, Debug)]
pub struct OrderSheet {
    /// `"orderNo"`.
    pub order_no: Option<i32>,
    /// `status`.
    pub status: String,
    /// `"externalStatus"`.
    pub external_status: String,
    /// `"lastMessage"`.
    pub message: Option<String>,
    /// `"providerMessage"`.
    pub provider_message: Option<String>,
    /// `"userIdentifier"`.
    pub player: Option<String>,
    /// `"extraField"`.
    pub extra: Option<String>,
    /// The package's name.
    pub package: Option<String>,
    /// `quantity`.
    pub quantity: i32,
    /// `"costAmount"` and `"costCurrency"`.
    pub cost: (Decimal, String),
    /// `provider_referans`.
    pub reference: Option<String>,
    /// `"createdAt"`.
    pub created_at: DateTime<Utc>,
    /// `"sentAt"`.
    pub sent_at: Option<DateTime<Utc>>,
    /// `"completedAt"`.
    pub completed_at: Option<DateTime<Utc>>,
}

/// A step with its place in the timeline.
#[derive(Clone, Debug)]
pub struct PlacedEvent {
    /// Its place; later steps have larger ones.
    pub id: i64,
    /// The step.
    pub event: StoredEvent,
}

impl Store {
    /// The shop's row; `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be read.
    pub async fn order_sheet(&self, order: OrderId) -> Result<Option<OrderSheet>, StoreError> {
        let row = sqlx::query!(
            r#"SELECT o."orderNo" AS "order_no?", o.status,
                      o."externalStatus" AS external_status, o."lastMessage" AS message,
                      o."providerMessage" AS provider_message, o."userIdentifier" AS player,
                      o."extraField" AS extra, k.name AS package, o.quantity,
                      o."costAmount" AS cost, o."costCurrency" AS currency,
                      o.provider_referans AS reference, o."createdAt" AS created_at,
                      o."sentAt" AS sent_at, o."completedAt" AS completed_at
               FROM public.product_orders o
               LEFT JOIN public.product_packages k ON k.id = o."packageId"
               WHERE o.id = $1"#,
            order.0
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(StoreError::doing("reading the shop's order"))?;
        Ok(row.map(|row| OrderSheet {
            order_no: row.order_no,
            status: row.status,
            external_status: row.external_status,
            message: row.message,
            provider_message: row.provider_message,
            player: row.player,
            extra: row.extra,
            package: row.package,
            quantity: row.quantity,
            cost: (row.cost, row.currency),
            reference: row.reference,
            created_at: row.created_at,
            sent_at: row.sent_at,
            completed_at: row.completed_at,
        }))
    }

    /// Whether the order has a code, of ours or in the shop's row.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be read.
    pub async fn has_pin(&self, order: OrderId) -> Result<bool, StoreError> {
        sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM orderwatch.orders
                              WHERE order_id = $1 AND COALESCE(pin, '') <> '') AS "has!""#,
            order.0
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::doing("looking for a code"))
    }

    /// The steps of an order before a place, newest first.
    ///
    /// # Errors
    /// [`StoreError::Database`] when they cannot be read.
    pub async fn events_before(
        &self,
        order: OrderId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<PlacedEvent>, StoreError> {
        let rows = sqlx::query!(
            "SELECT id, at, kind, detail FROM orderwatch.events
             WHERE order_id = $1 AND ($2::bigint IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
            order.0,
            before,
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading events"))?;
        let placed = rows.into_iter().map(|row| PlacedEvent {
            id: row.id,
            event: StoredEvent {
                at: row.at,
                kind: row.kind,
                detail: row.detail,
            },
        });
        Ok(placed.collect())
    }
}
