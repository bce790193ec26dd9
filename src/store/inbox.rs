//! What waits for a person, with the evidence side by side: what the shop's row says, what was sent,
//! what the panel answered.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::Value;
use uuid::Uuid;

use super::{Place, Store, StoreError, orders::inconsistent};
use crate::order::{HoldReason, OrderId, Stage};

/// An order of the inbox.
#[derive(Clone, Debug)]
pub struct InboxOrder {
    /// The order.
    pub order: OrderId,
    /// Where it stands: held or unconfirmed.
    pub stage: Stage,
    /// Why it is held.
    pub held: Option<HoldReason>,
    /// Since when it is tracked.
    pub tracked_at: DateTime<Utc>,
    /// When it is looked at next by itself.
    pub due_at: Option<DateTime<Utc>>,
    /// The panel's name.
    pub panel: Option<String>,
    /// What the shop's row says; `None` when it is gone.
    pub shop: Option<InboxShop>,
    /// What was sent last, or may have been.
    pub sent: Option<InboxPurchase>,
    /// The last step that holds an answer of the panel.
    pub answer: Option<InboxAnswer>,
}

/// The shop's row.
#[derive(Clone, Debug)]
pub struct InboxShop {
    /// `"orderNo"`.
    pub order_no: Option<i32>,
    /// `status`.
    pub status: String,
    /// `"externalStatus"`.
    pub external_status: String,
    /// `"lastMessage"`.
    pub message: Option<String>,
    /// `"userIdentifier"`.
    pub player: Option<String>,
    /// `"extraField"`.
    pub extra: Option<String>,
    /// The package's name.
    pub package: Option<String>,
    /// `quantity`.
    pub quantity: i32,
    /// `"createdAt"`.
    pub created_at: DateTime<Utc>,
}

/// A purchase as the ledger has it.
#[derive(Clone, Debug)]
pub struct InboxPurchase {
    /// Our name for it.
    pub reference: String,
    /// When it was taken up.
    pub claimed_at: DateTime<Utc>,
    /// What came of it, as the kind of an event.
    pub outcome: Option<String>,
    /// The price in the panel's list, in TRY.
    pub expected: Option<Decimal>,
    /// What the panel charged, in TRY.
    pub cost: Option<Decimal>,
}

/// A step that holds an answer.
#[derive(Clone, Debug)]
pub struct InboxAnswer {
    /// When.
    pub at: DateTime<Utc>,
    /// [`EventKind::as_str`](crate::order::EventKind::as_str).
    pub kind: String,
    /// Its facts.
    pub detail: Value,
}

struct Row {
    order_id: Uuid,
    stage: String,
    held_reason: Option<String>,
    tracked_at: DateTime<Utc>,
    due_at: Option<DateTime<Utc>>,
    panel: Option<String>,
    order_no: Option<i32>,
    status: Option<String>,
    external_status: Option<String>,
    message: Option<String>,
    player: Option<String>,
    extra: Option<String>,
    package: Option<String>,
    quantity: Option<i32>,
    created_at: Option<DateTime<Utc>>,
    reference: Option<String>,
    claimed_at: Option<DateTime<Utc>>,
    outcome: Option<String>,
    expected: Option<Decimal>,
    cost: Option<Decimal>,
    answered_at: Option<DateTime<Utc>>,
    kind: Option<String>,
    detail: Option<Value>,
}

impl Store {
    /// A page of the orders that are held or unconfirmed, longest waiting first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or a row cannot be understood.
    pub async fn inbox(
        &self,
        after: Option<Place>,
        limit: i64,
    ) -> Result<Vec<InboxOrder>, StoreError> {
        let rows = sqlx::query_as!(
            Row,
            r#"WITH page AS MATERIALIZED (
                   SELECT t.* FROM orderwatch.orders t
                   WHERE t.stage IN ('held', 'unconfirmed')
                     AND ($1::timestamptz IS NULL OR (t.tracked_at, t.order_id) > ($1, $2::uuid))
                   ORDER BY t.tracked_at, t.order_id LIMIT $3)
               SELECT t.order_id AS "order_id!", t.stage AS "stage!", t.held_reason,
                      t.tracked_at AS "tracked_at!", t.due_at, i.name AS "panel?",
                      o."orderNo" AS "order_no?", o.status AS "status?",
                      o."externalStatus" AS "external_status?", o."lastMessage" AS message,
                      o."userIdentifier" AS player, o."extraField" AS extra,
                      k.name AS package, o.quantity AS "quantity?", o."createdAt" AS "created_at?",
                      p.reference AS "reference?", p.claimed_at AS "claimed_at?", p.outcome,
                      p.expected, p.cost, e.at AS "answered_at?", e.kind AS "kind?",
                      e.detail AS "detail?"
               FROM page t
               LEFT JOIN public.product_orders o ON o.id = t.order_id
               LEFT JOIN public.product_packages k ON k.id = o."packageId"
               LEFT JOIN public.integrations i ON i.id = t.integration_id
               LEFT JOIN LATERAL (
                   SELECT p.* FROM orderwatch.purchases p WHERE p.order_id = t.order_id
                   ORDER BY p.claimed_at DESC LIMIT 1) p ON true
               LEFT JOIN LATERAL (
                   SELECT e.at, e.kind, e.detail FROM orderwatch.events e
                   WHERE e.order_id = t.order_id
                     AND COALESCE(e.detail -> 'evidence', e.detail) ? 'answer'
                   ORDER BY e.id DESC LIMIT 1) e ON true
               ORDER BY t.tracked_at, t.order_id"#,
            after.map(|place| place.at),
            after.map(|place| place.order.0),
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading the inbox"))?;
        rows.into_iter().map(InboxOrder::try_from).collect()
    }
}

impl TryFrom<Row> for InboxOrder {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let held = row.held_reason.as_deref().map(|name| {
            HoldReason::parse(name).ok_or_else(|| inconsistent("held_reason", row.order_id, name))
        });
        let shop = row
            .status
            .zip(row.created_at)
            .map(|(status, created_at)| InboxShop {
                order_no: row.order_no,
                status,
                external_status: row.external_status.unwrap_or_default(),
                message: row.message,
                player: row.player,
                extra: row.extra,
                package: row.package,
                quantity: row.quantity.unwrap_or_default(),
                created_at,
            });
        let sent = row.reference.zip(row.claimed_at);
        let answer = row.answered_at.zip(row.kind);
        Ok(Self {
            order: OrderId(row.order_id),
            stage: Stage::parse(&row.stage)
                .ok_or_else(|| inconsistent("stage", row.order_id, &row.stage))?,
            held: held.transpose()?,
            tracked_at: row.tracked_at,
            due_at: row.due_at,
            panel: row.panel,
            shop,
            sent: sent.map(|(reference, claimed_at)| InboxPurchase {
                reference,
                claimed_at,
                outcome: row.outcome,
                expected: row.expected,
                cost: row.cost,
            }),
            answer: answer.map(|(at, kind)| InboxAnswer {
                at,
                kind,
                detail: row.detail.unwrap_or_default(),
            }),
        })
    }
}
