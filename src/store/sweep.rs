//! What fell through: orders that nobody watches. The sweep only takes them over or makes them due; they are
//! settled on the same path as all others.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{DueOrder, Store, StoreError, orders};
use crate::{
    order::{HoldReason, IntegrationId, OrderId, Reference, TenantId},
    provider::kind::Kind,
};

/// An order that the shop itself has sent and nobody watches.
#[derive(Clone, Debug)]
pub(crate) struct ShopSent {
    pub(crate) order: OrderId,
    pub(crate) tenant: TenantId,
    /// Where it was sent to.
    pub(crate) integration: IntegrationId,
    pub(crate) kind: &'static Kind,
    /// `provider_referans`, otherwise `"externalOrderId"`.
    pub(crate) reference: Option<String>,
    /// `"sentAt"`.
    pub(crate) sent_at: DateTime<Utc>,
    /// Whether the shop's row says that the panel is working on it.
    pub(crate) processing: bool,
    /// Whether its package is routed automatically: we would have sent it.
    pub(crate) automatic: bool,
}

impl ShopSent {
    /// The name to ask its panel by, or why there is none.
    pub(crate) fn name(&self) -> Result<Reference, HoldReason> {
        self.reference
            .as_deref()
            .and_then(|text| Reference::parse(text).ok())
            .filter(|reference| self.kind.naming.admits(reference))
            .ok_or(HoldReason::NoReference)
    }
}

/// What becomes of it.
#[derive(Clone, Debug)]
pub(crate) struct Adoption {
    pub(crate) sent: ShopSent,
    /// The number to ask by, or why there is none.
    pub(crate) reference: Result<Reference, HoldReason>,
    /// Whether it may not have been bought at all.
    pub(crate) unsure: bool,
    /// When waiting ends.
    pub(crate) give_up_at: DateTime<Utc>,
    /// First check.
    pub(crate) due_at: DateTime<Utc>,
}

/// An order past its time limit that no stream will end: its panel is gone from the shop's tables
/// or cannot be asked, or it was never sent.
pub(crate) type Orphan = DueOrder;

/// The panels at which orders are watched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watchable<'a> {
    pub(crate) askable: &'a [IntegrationId],
    /// Whose circuit is open. Orders that were bought there since a time wait for it to close.
    pub(crate) blocked: &'a [IntegrationId],
    pub(crate) since: DateTime<Utc>,
}

/// A page of orders that were made due again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Revived {
    pub revived: u64,
    /// Time limit and id of the last one; `None` when there were no more.
    pub last: Option<(DateTime<Utc>, OrderId)>,
}

impl Store {
    /// Orders that the shop itself sent between two times and that nobody watches, in the order of
    /// `"sentAt"` and id, beginning after the given one.
    pub(crate) async fn unwatched(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        after: Option<(DateTime<Utc>, OrderId)>,
        limit: i64,
    ) -> Result<Vec<ShopSent>, StoreError> {
        // By a key that stays where it is: the next page begins where this one ended, whatever changes meanwhile.
        let (after_at, after_id) = after.unzip();
        let rows = sqlx::query!(
            r#"SELECT o.id, o."tenantId" AS tenant_id, i.id AS integration_id, i.provider,
                      n.reference,
                      o."sentAt" AS "sent_at!",
                      lower(o."externalStatus" COLLATE "C") = 'processing' AS "processing!",
                      r.panel IS NOT NULL AS "automatic!"
               FROM public.product_orders o
               CROSS JOIN LATERAL (
                   SELECT orderwatch.asked_by(o.provider_referans, o."externalOrderId",
                                              o."orderNo"::text) AS reference
               ) n
               LEFT JOIN LATERAL (
                   SELECT COALESCE(r."primaryProviderId", '') AS panel FROM public.package_routing r
                   WHERE r."tenantId" = o."tenantId" AND r.package_id = o."packageId"
                     AND r.mode = 'auto' AND r."providerType" = 'external' LIMIT 1
               ) r ON true
               -- Where the row does not name the panel, it is that of its route, if there is a
               -- number to ask it by.
               JOIN public.integrations i
                 ON i."tenantId" = o."tenantId"
                AND i.id::text = COALESCE(NULLIF(btrim(o."providerId"), ''), CASE
                        WHEN orderwatch.is_number(n.reference) THEN r.panel END)
               WHERE orderwatch.is_in_flight(o.status, o."externalStatus")
                 AND (orderwatch.is_number(n.reference)
                      OR NOT orderwatch.is_forwarded(o.id, o."externalStatus", o."externalOrderId"))
                 AND o."sentAt" >= $1 AND o."sentAt" <= $2 AND i.provider = ANY($3)
                 AND ($4::timestamptz IS NULL OR (o."sentAt", o.id) > ($4, $5))
                 -- One that was held before it was sent, and that the shop then sent, is taken over.
                 AND NOT EXISTS (SELECT FROM orderwatch.orders t WHERE t.order_id = o.id
                                 AND (t.stage <> 'held' OR t.dispatched_at IS NOT NULL
                                      OR t.sent_at IS NOT NULL OR t.held_reason = $7))
               ORDER BY o."sentAt", o.id LIMIT $6"#,
            from,
            until,
            Kind::names(),
            after_at,
            after_id.map(|id| id.0),
            limit,
            HoldReason::ShopRowRefused.as_str()
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("looking for orders that the shop sent"))?;

        Ok(rows
            .into_iter()
            .filter_map(|row| {
                Some(ShopSent {
                    order: OrderId(row.id),
                    tenant: TenantId(row.tenant_id),
                    integration: IntegrationId(row.integration_id),
                    kind: Kind::of(&row.provider)?,
                    reference: row.reference,
                    sent_at: row.sent_at,
                    processing: row.processing,
                    automatic: row.automatic,
                })
            })
            .collect())
    }

    /// Takes one of them over: watched from now on, or held. False when somebody else has it, or
    /// when its number belongs to another order already.
    pub(crate) async fn adopt(
        &self,
        adoption: &Adoption,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let sent = &adoption.sent;
        // Without a number that the panel knows nobody can ask it, so a person has to find out.
        let (stage, reference, reason, due_at) = match &adoption.reference {
            Ok(reference) => (
                if adoption.unsure {
                    "unconfirmed"
                } else {
                    "submitted"
                },
                Some(reference.as_str()),
                None,
                Some(adoption.due_at),
            ),
            Err(reason) => ("held", None, Some(*reason), None),
        };

        let sentence = reason.map(|reason| reason.said_in(self.language));
        let kind = if reason.is_some() { "held" } else { "adopted" };

        // The reference first: one that belongs to another order must not be watched twice. Never to be sent again:
        // the shop has bought it.
        let adopted = sqlx::query!(
            r#"WITH named AS (
                   INSERT INTO orderwatch.purchases AS p
                       (reference, integration_id, order_id, claimed_at)
                   SELECT $4, $3, $1, $7 WHERE $4::text IS NOT NULL
                     -- Nor one by which the shop itself has got a code already.
                     AND NOT EXISTS (
                         SELECT FROM public.product_orders o
                         WHERE o.provider_referans = $4 AND o.id <> $1 AND (o."sentAt", o.id) < ($7, $1)
                           AND btrim(o."providerId") = $3::uuid::text)
                   ON CONFLICT (reference, integration_id) DO UPDATE
                       SET claimed_at = p.claimed_at WHERE p.order_id = EXCLUDED.order_id
                   RETURNING p.order_id
               ), tracked AS (
                   INSERT INTO orderwatch.orders AS t
                       (order_id, tenant_id, integration_id, reference, stage, held_reason, due_at,
                        tracked_at, sent_at, give_up_at, processing, may_resend)
                   SELECT $1, $2, $3, $4, $5, $6, $9, $10, $7, $8, $11, false
                   WHERE $4::text IS NULL OR EXISTS (SELECT FROM named)
                   ON CONFLICT (order_id) DO UPDATE
                       SET integration_id = EXCLUDED.integration_id, reference = EXCLUDED.reference,
                           stage = EXCLUDED.stage, held_reason = EXCLUDED.held_reason,
                           due_at = EXCLUDED.due_at, sent_at = EXCLUDED.sent_at,
                           give_up_at = EXCLUDED.give_up_at, processing = EXCLUDED.processing,
                           may_resend = false
                       WHERE t.stage = 'held' AND t.dispatched_at IS NULL AND t.sent_at IS NULL
                   RETURNING order_id
               ), said AS (
                   UPDATE public.product_orders o SET "lastMessage" = $12, "lastSyncAt" = $10
                   FROM tracked t WHERE o.id = t.order_id AND $12::text IS NOT NULL
               )
               INSERT INTO orderwatch.events (order_id, at, kind, detail)
               SELECT order_id, $10, $13, jsonb_strip_nulls(
                          jsonb_build_object('reference', $4::text, 'reason', $6::text))
               FROM tracked"#,
            sent.order.0,
            sent.tenant.0,
            sent.integration.0,
            reference,
            stage,
            reason.map(HoldReason::as_str),
            sent.sent_at,
            adoption.give_up_at,
            due_at,
            now,
            sent.processing,
            sentence.as_deref(),
            kind
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("adopting an order"))?;

        Ok(adopted.rows_affected() == 1)
    }

    /// Makes orders due whose attempts ran out, in the order of their time limit and id, beginning
    /// after the given one, spread evenly over `spread`.
    pub async fn revive(
        &self,
        now: DateTime<Utc>,
        spread: std::time::Duration,
        after: Option<(DateTime<Utc>, OrderId)>,
        limit: i64,
    ) -> Result<Revived, StoreError> {
        let (after_at, after_id) = after.unzip();
        // Spread out: due all at once, they would come to the panels in one burst.
        let rows = sqlx::query!(
            r#"WITH parked AS MATERIALIZED (
                 SELECT order_id, give_up_at,
                        row_number() OVER (ORDER BY give_up_at, order_id) - 1 AS place FROM (
                     SELECT order_id, give_up_at FROM orderwatch.orders
                     WHERE stage = 'submitted' AND due_at IS NULL
                       AND ($4::timestamptz IS NULL OR (give_up_at, order_id) > ($4, $5))
                     ORDER BY give_up_at, order_id LIMIT $3 FOR UPDATE SKIP LOCKED) p
             ), due AS (
                 UPDATE orderwatch.orders t
                 SET due_at = $1::timestamptz
                     + make_interval(secs => $2::float8 * p.place / $3::bigint)
                 FROM parked p WHERE t.order_id = p.order_id
                 RETURNING t.order_id
             ), noted AS (
                 INSERT INTO orderwatch.events (order_id, at, kind)
                 SELECT order_id, $1, 'swept' FROM due
             )
             SELECT p.order_id, p.give_up_at AS "give_up_at?" FROM parked p ORDER BY p.place"#,
            now,
            spread.as_secs_f64(),
            limit,
            after_at,
            after_id.map(|id| id.0)
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("making parked orders due"))?;

        // Orders without a time limit sort last, and end the walk.
        let last = rows.last();
        Ok(Revived {
            last: last.and_then(|row| Some((row.give_up_at?, OrderId(row.order_id)))),
            revived: u64::try_from(rows.len()).unwrap_or(u64::MAX),
        })
    }

    /// Claims orders past their time limit whose panel cannot be asked, or which were never sent, so that they
    /// end too.
    ///
    /// A row that cannot be understood is an error in the list, and no reason to leave the others.
    pub(crate) async fn claim_orphans(
        &self,
        panels: Watchable<'_>,
        token: Uuid,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<Result<Orphan, StoreError>>, StoreError> {
        let ids =
            |panels: &[IntegrationId]| -> Vec<Uuid> { panels.iter().map(|id| id.0).collect() };
        // One that was being sent may have been bought: it becomes unconfirmed, and is never sent from here.
        let rows = sqlx::query_as!(
            orders::Row,
            r#"WITH due AS MATERIALIZED (
                   SELECT t.order_id FROM orderwatch.orders t
                   WHERE t.stage IN ('queued', 'dispatching', 'submitted', 'unconfirmed')
                     AND (t.integration_id <> ALL($1) OR t.stage = 'queued')
                     AND NOT (t.integration_id = ANY($6) AND t.stage = 'submitted' AND t.sent_at > $7)
                     AND t.due_at <= $3 AND t.give_up_at <= $3
                   LIMIT $5 FOR UPDATE SKIP LOCKED
               )
               UPDATE orderwatch.orders t
               SET due_at = $4, lease_token = $2,
                   stage = CASE WHEN t.stage = 'dispatching' THEN 'unconfirmed' ELSE t.stage END
               FROM due d WHERE t.order_id = d.order_id
               RETURNING t.order_id, t.tenant_id, t.integration_id, t.reference, t.stage,
                         t.held_reason, t.due_at, t.tracked_at, t.dispatched_at, t.sent_at,
                         t.give_up_at, t.finished_at, t.processing, t.attempts, t.errors,
                         t.unknowns, t.may_resend, t.package_id, t.waited_at, t.answer"#,
            &ids(panels.askable),
            token,
            now,
            lease_until,
            limit,
            &ids(panels.blocked),
            panels.since
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("claiming orders without a panel"))?;

        Ok(rows.into_iter().map(Orphan::try_from).collect())
    }
}
