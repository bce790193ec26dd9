//! What needs review, with the evidence side by side: what the shop's row says, what was sent, what the
//! panel answered.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::Value;

use super::{OrderCursor, Store, StoreError};
use crate::order::{HoldReason, OrderId, Stage};

/// An order of the inbox: held or unconfirmed.
#[derive(Clone, Debug)]
pub(crate) struct InboxOrder {
    pub(crate) order: OrderId,
    pub(crate) stage: Stage,
    pub(crate) held: Option<HoldReason>,
    pub(crate) tracked_at: DateTime<Utc>,
    /// When it is checked next by itself.
    pub(crate) due_at: Option<DateTime<Utc>>,
    /// The panel's name.
    pub(crate) panel: Option<String>,

    // What the shop's row says; `None` when it is gone.
    pub(crate) number: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) external_status: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) player: Option<String>,
    pub(crate) extra: Option<String>,
    /// The package's name.
    pub(crate) package: Option<String>,
    pub(crate) quantity: Option<i32>,
    pub(crate) created_at: Option<DateTime<Utc>>,
    /// The purchase that the row names, orderwatch's or somebody else's.
    pub(crate) given: Option<String>,

    // What was sent last, or may have been, as the ledger has it.
    pub(crate) reference: Option<String>,
    pub(crate) claimed_at: Option<DateTime<Utc>>,
    /// What came of it, as the kind of an event.
    pub(crate) outcome: Option<String>,
    /// The price in the panel's list, in TRY.
    pub(crate) expected: Option<Decimal>,
    /// What the panel charged, in TRY.
    pub(crate) cost: Option<Decimal>,

    // The last step that holds an answer of the panel.
    pub(crate) answered_at: Option<DateTime<Utc>>,
    /// [`EventKind::as_str`](crate::order::EventKind::as_str).
    pub(crate) answer_kind: Option<String>,
    pub(crate) answer: Option<Value>,
}

impl InboxOrder {
    #[must_use]
    pub(crate) const fn cursor(&self) -> OrderCursor {
        OrderCursor {
            at: self.tracked_at,
            order: self.order,
        }
    }
}

impl Store {
    /// A page of the orders that are held or unconfirmed, longest waiting first.
    pub(crate) async fn inbox(
        &self,
        after: Option<OrderCursor>,
        limit: i64,
    ) -> Result<Vec<InboxOrder>, StoreError> {
        // The page is cut before anything is joined, so that its cost does not grow with the inbox.
        let page = sqlx::query_as!(
            InboxOrder,
            r#"WITH page AS MATERIALIZED (
                   SELECT t.* FROM orderwatch.orders t
                   WHERE t.stage IN ('held', 'unconfirmed')
                     AND ($1::timestamptz IS NULL OR (t.tracked_at, t.order_id) > ($1, $2::uuid))
                   ORDER BY t.tracked_at, t.order_id LIMIT $3)
               SELECT t.order_id AS "order!: OrderId", t.stage AS "stage!: Stage",
                      t.held_reason AS "held: HoldReason",
                      t.tracked_at AS "tracked_at!", t.due_at, i.name AS "panel?",
                      o."orderNo"::text AS number, o.status AS "status?",
                      o."externalStatus" AS "external_status?", o."lastMessage" AS message,
                      o."userIdentifier" AS player, o."extraField" AS extra,
                      k.name AS "package?", o.quantity AS "quantity?",
                      o."createdAt" AS "created_at?",
                      orderwatch.given_reference(o.provider_referans, o."externalOrderId") AS given,
                      p.reference AS "reference?", p.claimed_at AS "claimed_at?", p.outcome,
                      p.expected, p.cost, e.at AS "answered_at?", e.kind AS "answer_kind?",
                      e.detail AS "answer?"
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
            after.map(|cursor| cursor.at),
            after.map(|cursor| cursor.order.0),
            limit
        )
        .fetch_all(&self.pool)
        .await;

        page.map_err(StoreError::doing("reading the inbox"))
    }
}
