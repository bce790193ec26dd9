//! Orders held for review, and orders that the shop takes back.
//!
//! Here an order is held before it is sent, with a reason that the shop's staff can read; what is held after
//! sending is written by `record.rs` and `record_shop.rs`.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{Store, StoreError};
use crate::order::{HoldCause, HoldReason, IntegrationId, OrderId, TenantId};

/// An order that cannot be sent as it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewHold {
    pub(crate) order: OrderId,
    pub(crate) tenant: TenantId,
    /// Where it was routed to, when that is known.
    pub(crate) integration: Option<IntegrationId>,
    pub(crate) cause: HoldCause,
}

/// Why an order is no longer ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Release {
    /// Staff decided it, or sent it another way.
    DecidedByHand,
    RowGone,
}

impl Store {
    /// Holds orders that nobody has sent: tracked with a reason, and said in the shop's row, whose
    /// `"externalStatus"` stays. Returns those that were held; the others were decided meanwhile.
    pub(crate) async fn hold_new(
        &self,
        holds: &[NewHold],
        now: DateTime<Utc>,
    ) -> Result<Vec<OrderId>, StoreError> {
        let orders: Vec<Uuid> = holds.iter().map(|hold| hold.order.0).collect();
        let integrations: Vec<Option<Uuid>> = holds
            .iter()
            .map(|hold| hold.integration.map(|id| id.0))
            .collect();
        let reasons: Vec<String> = holds
            .iter()
            .map(|hold| hold.cause.reason.as_str().to_owned())
            .collect();
        // In the language of the customers: the shop shows them `lastMessage`.
        let sentences: Vec<String> = holds
            .iter()
            .map(|hold| hold.cause.reason.said_in(self.language))
            .collect();
        let costs: Vec<Option<Decimal>> = holds.iter().map(|hold| hold.cause.cost()).collect();
        let prices: Vec<Option<Decimal>> = holds.iter().map(|hold| hold.cause.sold_for()).collect();

        // One statement: no order is held without the sentence that says why. A row that somebody has locked is left
        // for the next scan.
        let held = sqlx::query_scalar!(
            r#"WITH locked AS MATERIALIZED (
                   SELECT o.id, o."tenantId" AS tenant_id, i.integration_id, i.reason, i.sentence,
                          i.cost, i.sold_for,
                          orderwatch.given_reference(o.provider_referans, o."externalOrderId") AS given
                   FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $7::numeric[], $8::numeric[])
                        AS i (order_id, integration_id, reason, sentence, cost, sold_for)
                   CROSS JOIN LATERAL (
                       -- By its key alone, as in sql/claim_new.sql.
                       SELECT o.id, o."tenantId", o."packageId", o.status, o."externalStatus",
                              o."sentAt", o."providerId", o."externalOrderId", o.provider_referans
                       FROM public.product_orders o
                       WHERE o.id = i.order_id OFFSET 0 FOR UPDATE SKIP LOCKED
                   ) o
                   WHERE orderwatch.is_unsent(o.status, o."externalStatus", o."sentAt" IS NULL,
                                              o."externalOrderId", o.provider_referans, $6)
                     AND (orderwatch.may_go_to(o."providerId", NULL) OR EXISTS (
                         SELECT FROM public.package_routing r
                         WHERE r."tenantId" = o."tenantId" AND r.package_id = o."packageId"
                           AND r."primaryProviderId" = o."providerId" OFFSET 0))
               ), tracked AS (
                   INSERT INTO orderwatch.orders
                       (order_id, tenant_id, integration_id, stage, held_reason, tracked_at)
                   SELECT id, tenant_id, integration_id, 'held', reason, $5 FROM locked
                   ON CONFLICT (order_id) DO NOTHING
                   RETURNING order_id
               ), said AS (
                   UPDATE public.product_orders o
                   SET "lastMessage" = l.sentence, "lastSyncAt" = $5,
                       notes = orderwatch.notes_of(o.notes) || orderwatch.note(l.sentence, $5),
                       "notesCount" = 1 + jsonb_array_length(orderwatch.notes_of(o.notes))
                   FROM locked l JOIN tracked t ON t.order_id = l.id WHERE o.id = l.id
               ), noted AS (
                   INSERT INTO orderwatch.events (order_id, at, kind, detail)
                   SELECT l.id, $5, 'held', jsonb_strip_nulls(jsonb_build_object(
                              'reason', l.reason, 'cost', l.cost::text, 'sold_for', l.sold_for::text,
                              -- To be looked up at the panel; a retry overwrites it in the row.
                              'reference', CASE WHEN l.reason = 'foreign_reference' THEN l.given END))
                   FROM locked l JOIN tracked t ON t.order_id = l.id
               )
               SELECT order_id FROM tracked"#,
            &orders,
            &integrations as &[Option<Uuid>],
            &reasons,
            &sentences,
            now,
            self.buy_chained,
            &costs as &[Option<Decimal>],
            &prices as &[Option<Decimal>]
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("holding orders"))?;

        Ok(held.into_iter().map(OrderId).collect())
    }

    /// Holds a queued order again: its cause is still, or newly, there.
    pub(crate) async fn hold_queued(
        &self,
        order: OrderId,
        cause: HoldCause,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        // Only while it is queued: one that was claimed meanwhile may be at the panel.
        let held = sqlx::query!(
            r#"WITH tracked AS (
                   UPDATE orderwatch.orders
                   SET stage = 'held', held_reason = $2, due_at = NULL
                   WHERE order_id = $1 AND stage = 'queued'
                   RETURNING order_id
               ), said AS (
                   UPDATE public.product_orders o
                   SET "lastMessage" = $3, "lastSyncAt" = $4
                   FROM tracked t WHERE o.id = t.order_id
               )
               INSERT INTO orderwatch.events (order_id, at, kind, detail)
               SELECT order_id, $4, 'held', jsonb_strip_nulls(jsonb_build_object(
                          'reason', $2::text, 'cause', $7::text,
                          'cost', $5::numeric::text, 'sold_for', $6::numeric::text,
                          'reference', (
                              SELECT orderwatch.given_reference(o.provider_referans, o."externalOrderId")
                              FROM public.product_orders o
                              WHERE o.id = order_id AND $2::text = 'foreign_reference')))
               FROM tracked"#,
            order.0,
            cause.reason.as_str(),
            &cause.reason.said_in(self.language),
            now,
            cause.cost(),
            cause.sold_for(),
            cause.behind.map(HoldReason::as_str)
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("holding an order"))?;

        Ok(held.rows_affected() == 1)
    }

    /// Holds an order, new or queued, whose row the shop's database refuses to change, so that
    /// only our own tables can say so. False when it has moved on meanwhile.
    pub(crate) async fn hold_refused(
        &self,
        order: OrderId,
        integration: Option<IntegrationId>,
        words: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let reason = HoldReason::ShopRowRefused.as_str();
        // The shop's row is read and not written: its database has just refused that.
        let held = sqlx::query!(
            r#"WITH tracked AS (
                   INSERT INTO orderwatch.orders AS t
                       (order_id, tenant_id, integration_id, stage, held_reason, tracked_at)
                   SELECT o.id, o."tenantId", $2, 'held', $3, $5
                   FROM public.product_orders o WHERE o.id = $1
                   ON CONFLICT (order_id) DO UPDATE
                       SET stage = 'held', held_reason = $3, due_at = NULL
                       WHERE t.stage = 'queued'
                   RETURNING order_id
               )
               INSERT INTO orderwatch.events (order_id, at, kind, detail)
               SELECT order_id, $5, 'held',
                      jsonb_build_object('reason', $3::text, 'database', $4::text)
               FROM tracked"#,
            order.0,
            integration.map(|id| id.0),
            reason,
            words,
            now
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("holding an order"))?;

        Ok(held.rows_affected() == 1)
    }

    /// Ends held orders that nobody has to decide any more: staff settled them in the shop, the shop
    /// forwarded them to another tenant, or its row is gone. One whose code is here counts as completed; where staff have
    /// rejected that one, the code is theirs to decide about.
    /// Returns how many, at most `limit`.
    pub(crate) async fn end_settled_holds(
        &self,
        now: DateTime<Utc>,
        limit: i64,
    ) -> Result<u64, StoreError> {
        // A page at a time, and none that is locked: whoever holds it may be deciding it.
        let ended = sqlx::query!(
            "WITH settled AS MATERIALIZED (
                 SELECT t.order_id, o.id IS NULL AS row_gone,
                        -- Its code is here, and the customer has the money back.
                        CASE WHEN t.pin IS NOT NULL THEN orderwatch.contradiction(
                            o.status, o.\"externalStatus\", o.\"pinCode\", true, false, t.pin) END AS contradiction
                 FROM orderwatch.orders t
                 LEFT JOIN public.product_orders o ON o.id = t.order_id
                 WHERE t.stage = 'held'
                   -- Nobody has decided a row that the database lost.
                   AND NOT (t.row_lost AND o.id IS NULL)
                   -- What staff have decided is why these wait.
                   AND t.held_reason NOT IN ('decided_then_delivered', 'decided_then_cancelled')
                   -- What the shop sent itself may carry other words than pending while it waits.
                   AND (NOT COALESCE(orderwatch.is_pending(o.status) OR orderwatch.is_open(o.status)
                                     AND COALESCE(t.sent_at, t.dispatched_at) IS NOT NULL, false)
                        -- The shop has forwarded it to another tenant meanwhile.
                        OR t.dispatched_at IS NULL AND t.sent_at IS NULL
                           AND orderwatch.is_forwarded(o.id, o.\"externalStatus\", o.\"externalOrderId\")
                           AND NOT orderwatch.is_unsent(
                               o.status, o.\"externalStatus\", o.\"sentAt\" IS NULL,
                               o.\"externalOrderId\", o.provider_referans, $5))
                 LIMIT $2 FOR UPDATE OF t SKIP LOCKED
             ), ended AS (
                 UPDATE orderwatch.orders t
                 SET stage = CASE WHEN s.contradiction IS NOT NULL THEN 'held'
                                  WHEN t.pin IS NULL THEN 'withdrawn' ELSE 'completed' END,
                     held_reason = s.contradiction,
                     finished_at = CASE WHEN s.contradiction IS NULL THEN $1::timestamptz END
                 FROM settled s WHERE t.order_id = s.order_id
                 RETURNING t.order_id, s.row_gone, s.contradiction
             )
             INSERT INTO orderwatch.events (order_id, at, kind, detail)
             SELECT order_id, $1, CASE WHEN contradiction IS NULL THEN 'withdrawn' ELSE 'contradiction' END,
                    jsonb_strip_nulls(jsonb_build_object('reason', contradiction, 'why',
                        CASE WHEN row_gone THEN $3::text ELSE $4::text END))
             FROM ended",
            now,
            limit,
            Release::RowGone.as_str(),
            Release::DecidedByHand.as_str(),
            self.buy_chained
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("ending held orders that were settled"))?;

        Ok(ended.rows_affected())
    }

    /// Has the panel asked about a queued order that the shop no longer wants, since it may have been bought.
    pub(crate) async fn ask_queued(
        &self,
        order: OrderId,
        why: Release,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        // Only while it is queued: a claimed one is asked about anyway.
        let asked = sqlx::query!(
            "WITH asked AS (
                 UPDATE orderwatch.orders
                 SET stage = 'unconfirmed', due_at = $2, unknowns = 0, errors = 0,
                     dispatched_at = COALESCE(dispatched_at, $2)
                 WHERE order_id = $1 AND stage = 'queued'
                 RETURNING order_id
             )
             INSERT INTO orderwatch.events (order_id, at, kind, detail)
             SELECT order_id, $2, 'unsure', jsonb_build_object('why', $3::text) FROM asked",
            order.0,
            now,
            why.as_str()
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("asking about an order"))?;

        Ok(asked.rows_affected() == 1)
    }

    /// Ends a queued order that the shop no longer wants from us. Nothing of it is at the panel.
    pub(crate) async fn withdraw_queued(
        &self,
        order: OrderId,
        why: Release,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        // Only while it is queued: a claimed one may have been bought, and is watched to its end.
        let ended = sqlx::query!(
            "WITH ended AS (
                 UPDATE orderwatch.orders
                 SET stage = 'withdrawn', due_at = NULL, finished_at = $2
                 WHERE order_id = $1 AND stage = 'queued'
                 RETURNING order_id
             )
             INSERT INTO orderwatch.events (order_id, at, kind, detail)
             SELECT order_id, $2, 'withdrawn', jsonb_build_object('why', $3::text) FROM ended",
            order.0,
            now,
            why.as_str()
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("ending an order"))?;

        Ok(ended.rows_affected() == 1)
    }
}

impl Release {
    /// The name used in events.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::DecidedByHand => "decided_by_hand",
            Self::RowGone => "row_gone",
        }
    }
}
