//! Which orders are in a database that is to be taken over, and what orderwatch has not ended when it is given
//! back.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{ShopSent, Store, StoreError};
use crate::{
    order::{HoldReason, OrderId, Reference, Stage},
    provider::kind::Kind,
};

/// More kinds of orders than this are not distinguished.
const KINDS: i64 = 100;

/// Orders that look alike, in the words of the shop's own rows.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OrderKind {
    /// `status`, in its own letters.
    pub(crate) status: String,
    /// `"externalStatus"`.
    pub(crate) external_status: String,
    /// Whether the row says when it was sent.
    pub(crate) sent: bool,
    /// `"providerType"` of an automatic route, otherwise its mode; null where the package has no route.
    pub(crate) route: Option<String>,
    /// Where the route leads to: name and kind.
    pub(crate) panel: Option<String>,
    pub(crate) provider: Option<String>,
    pub(crate) orders: i64,
    /// When the oldest of them was placed.
    pub(crate) oldest: Option<DateTime<Utc>>,
}

/// What people know an order by.
#[derive(Clone, Debug, Default)]
pub(crate) struct OrderLabel {
    pub(crate) number: Option<String>,
    /// The package's name.
    pub(crate) product: Option<String>,
}

/// Orders that would be bought, were buying not paused, and that nobody has sent; no more than the limit are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LeftUnsent {
    /// Orders that nobody tracks.
    pub(crate) untracked: i64,
    /// Orders that are held because they waited too long.
    pub(crate) too_late: i64,
}

/// Orders that orderwatch has not ended.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct UnderWay {
    pub(crate) stage: Stage,
    /// The panel's name; null where there is none.
    pub(crate) panel: Option<String>,
    pub(crate) orders: i64,
}

impl Store {
    /// The orders that were placed since a time and are not decided, by what their rows say.
    pub(crate) async fn order_kinds(
        &self,
        since: DateTime<Utc>,
    ) -> Result<Vec<OrderKind>, StoreError> {
        // No rule of ours: which words mean that somebody has decided, a migrated database says.
        let kinds = sqlx::query_as!(
            OrderKind,
            r#"SELECT o.status AS "status!", o."externalStatus" AS "external_status!",
                      o."sentAt" IS NOT NULL AS "sent!",
                      CASE WHEN r.mode = 'auto' THEN r."providerType" ELSE r.mode END AS route,
                      i.name AS "panel?", i.provider AS "provider?",
                      count(*) AS "orders!", min(o."createdAt")::timestamptz AS oldest
               FROM public.product_orders o
               LEFT JOIN public.package_routing r
                      ON r."tenantId" = o."tenantId" AND r.package_id = o."packageId"
               LEFT JOIN public.integrations i ON i.id::text = r."primaryProviderId"
               WHERE o."createdAt" > $1
                 AND lower(o.status COLLATE "C") NOT IN ('approved', 'rejected')
               GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 7 DESC, 1, 2 LIMIT $2"#,
            since,
            KINDS
        );

        kinds
            .fetch_all(&self.pool)
            .await
            .map_err(StoreError::doing("counting the shop's orders"))
    }

    /// Orders that are open and that orderwatch does not track, placed or sent since a time, the newest first.
    pub(crate) async fn open_untracked(
        &self,
        since: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<OrderId>, StoreError> {
        sqlx::query_scalar!(
            r#"SELECT o.id AS "id!: OrderId" FROM public.product_orders o
               WHERE orderwatch.is_open(o.status) AND (o."createdAt" > $1 OR o."sentAt" > $1)
                 AND NOT EXISTS (SELECT FROM orderwatch.orders t WHERE t.order_id = o.id)
               ORDER BY o."createdAt" DESC LIMIT $2"#,
            since,
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("looking for open orders"))
    }

    /// How many open orders are older; at most `limit` are counted.
    pub(crate) async fn older_untracked(
        &self,
        before: DateTime<Utc>,
        limit: i64,
    ) -> Result<i64, StoreError> {
        sqlx::query_scalar!(
            r#"SELECT count(*) AS "orders!" FROM (
                   SELECT FROM public.product_orders o
                   WHERE orderwatch.is_open(o.status) AND o."createdAt" <= $1
                     AND (o."sentAt" IS NULL OR o."sentAt" <= $1)
                     AND NOT EXISTS (SELECT FROM orderwatch.orders t WHERE t.order_id = o.id)
                   LIMIT $2) n"#,
            before,
            limit
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::doing("counting older orders"))
    }

    /// Which of these names of purchases belong to another order already, in our tables or in the shop's: as
    /// [`Store::adopt`] asks it of each.
    pub(crate) async fn names_of_others(
        &self,
        names: &[(&ShopSent, Reference)],
    ) -> Result<Vec<OrderId>, StoreError> {
        let orders: Vec<Uuid> = names.iter().map(|(sent, _)| sent.order.0).collect();
        let panels: Vec<Uuid> = names.iter().map(|(sent, _)| sent.integration.0).collect();
        let times: Vec<DateTime<Utc>> = names.iter().map(|(sent, _)| sent.sent_at).collect();
        let references: Vec<String> = names
            .iter()
            .map(|(_, reference)| reference.as_str().to_owned())
            .collect();

        sqlx::query_scalar!(
            r#"SELECT w.order_id AS "id!: OrderId"
               FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[])
                    AS w (order_id, panel, reference, sent_at)
               WHERE EXISTS (
                         SELECT FROM orderwatch.purchases p
                         WHERE p.reference = w.reference AND p.integration_id = w.panel
                           AND p.order_id <> w.order_id)
                  OR EXISTS (
                         SELECT FROM public.product_orders o
                         WHERE o.provider_referans = w.reference AND o.id <> w.order_id
                           AND (o."sentAt", o.id) < (w.sent_at, w.order_id)
                           AND btrim(o."providerId") = w.panel::text)"#,
            &orders,
            &panels,
            &references,
            &times
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("comparing the names of purchases"))
    }

    /// What people know these orders by.
    pub(crate) async fn order_labels(
        &self,
        orders: &[OrderId],
    ) -> Result<HashMap<OrderId, OrderLabel>, StoreError> {
        let ids: Vec<Uuid> = orders.iter().map(|order| order.0).collect();
        let rows = sqlx::query!(
            r#"SELECT o.id AS "id!: OrderId", o."orderNo"::text AS number, p.name AS "product?"
               FROM public.product_orders o
               LEFT JOIN public.product_packages p ON p.id = o."packageId"
               WHERE o.id = ANY($1)"#,
            &ids
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading the numbers of orders"))?;

        let labels = rows.into_iter().map(|row| {
            let label = OrderLabel {
                number: row.number,
                product: row.product,
            };
            (row.id, label)
        });
        Ok(labels.collect())
    }

    /// The orders that orderwatch has not ended, by stage and panel.
    pub(crate) async fn under_way(&self) -> Result<Vec<UnderWay>, StoreError> {
        sqlx::query_as!(
            UnderWay,
            r#"SELECT t.stage AS "stage: Stage", i.name AS "panel?", count(*) AS "orders!"
               FROM orderwatch.orders t
               LEFT JOIN public.integrations i ON i.id = t.integration_id
               WHERE t.finished_at IS NULL
               GROUP BY t.stage, i.name ORDER BY t.stage, i.name"#
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("counting the orders that are open"))
    }

    /// The orders for panels of our kinds that nobody has sent, placed since then or held since they waited too long.
    pub(crate) async fn left_unsent(
        &self,
        since: DateTime<Utc>,
        limit: i64,
    ) -> Result<LeftUnsent, StoreError> {
        let untracked = sqlx::query_file!(
            "src/store/sql/count_eligible.sql",
            since,
            Kind::names(),
            limit,
            self.buy_chained
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("counting orders that nobody has sent"))?;

        let too_late = sqlx::query_scalar!(
            r#"SELECT count(*) AS "orders!" FROM (
                   SELECT FROM orderwatch.orders t
                   WHERE t.finished_at IS NULL AND t.stage = 'held' AND t.held_reason = $1
                     AND t.dispatched_at IS NULL AND t.sent_at IS NULL
                   LIMIT $2) n"#,
            HoldReason::WaitedTooLong.as_str(),
            limit
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::doing("counting orders that waited too long"))?;

        Ok(LeftUnsent {
            untracked: untracked.iter().map(|panel| panel.orders).sum(),
            too_late,
        })
    }

    /// Notices that wait to be delivered.
    pub(crate) async fn notices_waiting(&self) -> Result<i64, StoreError> {
        sqlx::query_scalar!(
            r#"SELECT count(*) AS "notices!" FROM orderwatch.notices
               WHERE delivered_at IS NULL AND given_up_at IS NULL"#
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::doing("counting the notices that wait"))
    }

    /// Pushes whose results are awaited, and packages whose pick was not reported yet.
    pub(crate) async fn market_work_open(&self) -> Result<(i64, i64), StoreError> {
        let row = sqlx::query!(
            r#"SELECT (SELECT count(*) FROM orderwatch.stock_batches
                       WHERE state IN ('sending', 'queued')) AS "batches!",
                      (SELECT count(*) FROM orderwatch.picking_outbox
                       WHERE reported_at IS NULL) AS "picks!""#
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::doing(
            "counting what Trendyol is still to answer",
        ))?;
        Ok((row.batches, row.picks))
    }
}
