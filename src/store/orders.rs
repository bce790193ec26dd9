//! Tracked orders as they are read, for workers and for people.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use secrecy::SecretString;
use uuid::Uuid;

use super::{Store, StoreError};
use crate::order::{HoldReason, IntegrationId, OrderId, Reference, Stage, TenantId, Watched};

/// One row of `orderwatch.orders`, without the PIN.
#[derive(Clone, Debug)]
pub struct TrackedOrder {
    /// The order.
    pub order: OrderId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Where it goes; `None` while it is held without a panel.
    pub integration: Option<IntegrationId>,
    /// Its name there.
    pub reference: Option<Reference>,
    /// What is known about it.
    pub watched: Watched,
    /// Why it is held.
    pub held: Option<HoldReason>,
    /// When somebody looks at it next by itself.
    pub due_at: Option<DateTime<Utc>>,
    /// Since when it is tracked.
    pub tracked_at: DateTime<Utc>,
    /// When it became final.
    pub finished_at: Option<DateTime<Utc>>,
}

/// What the shop's own row shows of an order.
#[derive(Clone, Debug)]
pub struct ShopView {
    /// `"orderNo"`.
    pub order_no: Option<i32>,
    /// `status`.
    pub status: String,
    /// `"externalStatus"`.
    pub external_status: String,
    /// `"lastMessage"`.
    pub last_message: Option<String>,
    /// `"costAmount"` and `"costCurrency"`.
    pub cost: (Decimal, String),
    /// Whether `"pinCode"` holds something.
    pub has_pin: bool,
    /// `"createdAt"`.
    pub created_at: DateTime<Utc>,
    /// `"completedAt"`.
    pub completed_at: Option<DateTime<Utc>>,
}

/// The columns of `orderwatch.orders` that every reader takes.
pub(super) struct Row {
    pub(super) order_id: Uuid,
    pub(super) tenant_id: Uuid,
    pub(super) integration_id: Option<Uuid>,
    pub(super) reference: Option<String>,
    pub(super) stage: String,
    pub(super) held_reason: Option<String>,
    pub(super) due_at: Option<DateTime<Utc>>,
    pub(super) tracked_at: DateTime<Utc>,
    pub(super) dispatched_at: Option<DateTime<Utc>>,
    pub(super) sent_at: Option<DateTime<Utc>>,
    pub(super) give_up_at: Option<DateTime<Utc>>,
    pub(super) finished_at: Option<DateTime<Utc>>,
    pub(super) processing: bool,
    pub(super) attempts: i32,
    pub(super) errors: i32,
    pub(super) unknowns: i32,
    pub(super) may_resend: bool,
}

impl Store {
    /// The tracked order, or `None` when orderwatch does not know it.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or the row cannot be understood.
    pub async fn tracked(&self, order: OrderId) -> Result<Option<TrackedOrder>, StoreError> {
        let row = sqlx::query_as!(
            Row,
            r#"SELECT order_id, tenant_id, integration_id, reference, stage, held_reason, due_at,
                      tracked_at, dispatched_at, sent_at, give_up_at, finished_at, processing,
                      attempts, errors, unknowns, may_resend
               FROM orderwatch.orders WHERE order_id = $1"#,
            order.0
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(StoreError::doing("reading a tracked order"))?;
        row.map(TrackedOrder::try_from).transpose()
    }

    /// What the shop's row shows, or `None` when there is no such row.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be read.
    pub async fn shop_view(&self, order: OrderId) -> Result<Option<ShopView>, StoreError> {
        let row = sqlx::query!(
            r#"SELECT "orderNo" AS "order_no?", status, "externalStatus" AS external_status,
                      "lastMessage" AS last_message, "costAmount" AS cost_amount,
                      "costCurrency" AS cost_currency,
                      COALESCE("pinCode", '') <> '' AS "has_pin!", "createdAt" AS created_at,
                      "completedAt" AS completed_at
               FROM public.product_orders WHERE id = $1"#,
            order.0
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(StoreError::doing("reading the shop's order"))?;
        Ok(row.map(|row| ShopView {
            order_no: row.order_no,
            status: row.status,
            external_status: row.external_status,
            last_message: row.last_message,
            cost: (row.cost_amount, row.cost_currency),
            has_pin: row.has_pin,
            created_at: row.created_at,
            completed_at: row.completed_at,
        }))
    }

    /// The whole code of an order, if it has one.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be read.
    pub async fn pin(&self, order: OrderId) -> Result<Option<SecretString>, StoreError> {
        let pin = sqlx::query_scalar!(
            "SELECT pin FROM orderwatch.orders WHERE order_id = $1",
            order.0
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(StoreError::doing("reading a code"))?;
        Ok(pin.flatten().map(SecretString::from))
    }

    /// Orders that people may mean by a text: an order's id, a reference, or the shop's number.
    ///
    /// # Errors
    /// [`StoreError::Database`] when they cannot be read.
    pub async fn find_orders(&self, text: &str) -> Result<Vec<OrderId>, StoreError> {
        let id = Uuid::parse_str(text).ok();
        let number = text.parse::<i32>().ok();
        let found = sqlx::query_scalar!(
            r#"SELECT id AS "id!" FROM public.product_orders
               WHERE id = $1 OR provider_referans = $2 OR "orderNo" = $3
               UNION SELECT order_id FROM orderwatch.orders WHERE order_id = $1
               UNION SELECT order_id FROM orderwatch.purchases WHERE reference = $2
               LIMIT 20"#,
            id,
            text,
            number
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("looking for an order"))?;
        Ok(found.into_iter().map(OrderId).collect())
    }
}

impl TryFrom<Row> for TrackedOrder {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let stage = Stage::parse(&row.stage)
            .ok_or_else(|| inconsistent("stage", row.order_id, &row.stage))?;
        let held = row
            .held_reason
            .map(|name| {
                HoldReason::parse(&name)
                    .ok_or_else(|| inconsistent("held_reason", row.order_id, &name))
            })
            .transpose()?;
        let reference = row
            .reference
            .map(|text| reference(row.order_id, &text))
            .transpose()?;
        Ok(Self {
            order: OrderId(row.order_id),
            tenant: TenantId(row.tenant_id),
            integration: row.integration_id.map(IntegrationId),
            reference,
            watched: Watched {
                stage,
                dispatched_at: row.dispatched_at,
                sent_at: row.sent_at,
                give_up_at: row.give_up_at,
                processing: row.processing,
                attempts: count(row.attempts),
                errors: count(row.errors),
                unknowns: count(row.unknowns),
                may_resend: row.may_resend,
            },
            held,
            due_at: row.due_at,
            tracked_at: row.tracked_at,
            finished_at: row.finished_at,
        })
    }
}

/// A counter that never was negative.
fn count(value: i32) -> u32 {
    u32::try_from(value).unwrap_or(0)
}

pub(super) fn reference(order: Uuid, text: &str) -> Result<Reference, StoreError> {
    Reference::parse(text).map_err(|_| inconsistent("reference", order, text))
}

pub(super) fn inconsistent(column: &'static str, order: Uuid, value: &str) -> StoreError {
    StoreError::Inconsistent {
        table: "orderwatch.orders",
        column,
        row: order.to_string(),
        value: value.to_owned(),
    }
}
