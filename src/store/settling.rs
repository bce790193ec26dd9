//! What the shop has not settled yet, where its wallets are, and which products come with a code.
//!
//! Settling moves customers' money and is the shop's; here it is only counted, so that people see when nobody
//! does it.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Store, StoreError, Transaction, record_shop::SURE_OF_CODE};
use crate::{order::OrderId, overview::MANY};

/// Minutes that the shop has before an order counts as not settled: a listener answers at once, and staff
/// need not hurry.
const PATIENCE_MINUTES: i64 = 5;

/// Orders that have ended and that the shop has not settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unsettled {
    /// How many, at most [`MANY`].
    pub orders: u64,
    /// When the oldest of them ended.
    pub since: Option<DateTime<Utc>>,
}

impl Store {
    /// Where money of customers is kept, which follows what becomes of an order: tables, or a table and
    /// its column.
    pub(crate) async fn wallets(&self) -> Result<Vec<String>, StoreError> {
        sqlx::query_scalar!(
            r#"SELECT 'wallet_transactions' AS "name!"
               WHERE to_regclass('public.wallet_transactions') IS NOT NULL
               UNION ALL
               SELECT c.relname || '.' || a.attname
               FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
               WHERE c.oid IN (to_regclass('public.dj_users'), to_regclass('public.users'))
                 AND a.attname = 'balance' AND NOT a.attisdropped
               ORDER BY 1"#
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("looking for wallets"))
    }

    /// What the shop has not settled, for some minutes at least.
    pub async fn unsettled(&self, now: DateTime<Utc>) -> Result<Unsettled, StoreError> {
        let doing = StoreError::doing("counting orders that are not settled");
        let mut transaction = self.by_index().await.map_err(&doing)?;
        let unsettled = unsettled(&mut transaction, now).await?;
        transaction.commit().await.map_err(&doing)?;
        Ok(unsettled)
    }

    /// Forgets those that were settled since, among the oldest and the newest `limit`. Returns how many.
    pub(crate) async fn forget_settled(&self, limit: i64) -> Result<u64, StoreError> {
        // From both ends and no further: it costs the same where nothing was settled for months.
        let gone = sqlx::query!(
            "WITH looked_at AS MATERIALIZED (
                 (SELECT order_id FROM orderwatch.unsettled ORDER BY finished_at LIMIT $1)
                 UNION
                 (SELECT order_id FROM orderwatch.unsettled ORDER BY finished_at DESC LIMIT $1)
             )
             DELETE FROM orderwatch.unsettled u USING looked_at l
             WHERE u.order_id = l.order_id AND NOT EXISTS (
                 SELECT FROM public.product_orders o
                 WHERE o.id = l.order_id AND orderwatch.is_open(o.status))",
            limit
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("forgetting orders that were settled"))?;

        Ok(gone.rows_affected())
    }

    /// Whether the product of an order came with a code the last times.
    pub(crate) async fn comes_with_code(&self, order: OrderId) -> Result<bool, StoreError> {
        // By the product at the panel: several packages of the shop may sell the same one.
        sqlx::query_scalar!(
            r#"SELECT EXISTS (
                   SELECT FROM orderwatch.orders t
                   JOIN public.product_orders o ON o.id = t.order_id
                   JOIN public.package_mappings m ON m."tenantId" = t.tenant_id
                       AND m.our_package_id = o."packageId"::text
                       AND m.provider_api_id = t.integration_id::text
                   JOIN orderwatch.coded_products p
                       ON (p.integration_id, p.entry) = (t.integration_id, m.provider_package_id)
                   WHERE t.order_id = $1 AND p.in_row >= $2) AS "coded!""#,
            order.0,
            SURE_OF_CODE
        )
        .fetch_one(self.pool.by_index())
        .await
        .map_err(StoreError::doing("asking whether a product has a code"))
    }
}

pub(super) async fn unsettled(
    transaction: &mut Transaction<'_>,
    now: DateTime<Utc>,
) -> Result<Unsettled, StoreError> {
    // The shop's row alone says whether it was settled, so each is read, and no more than are counted.
    let row = sqlx::query!(
        r#"SELECT count(*) AS "orders!", min(finished_at) AS since FROM (
               SELECT u.finished_at FROM orderwatch.unsettled u
               CROSS JOIN LATERAL (
                   SELECT FROM public.product_orders o
                   WHERE o.id = u.order_id AND orderwatch.is_open(o.status) OFFSET 0
               ) o
               WHERE u.finished_at < $1
               ORDER BY u.finished_at LIMIT $2) oldest"#,
        now - TimeDelta::minutes(PATIENCE_MINUTES),
        i64::try_from(MANY).unwrap_or(i64::MAX)
    )
    .fetch_one(&mut *transaction)
    .await
    .map_err(StoreError::doing("counting orders that are not settled"))?;

    Ok(Unsettled {
        orders: u64::try_from(row.orders).unwrap_or(0),
        since: row.since,
    })
}
