//! Taking away what is old, in pages, so that no statement holds much for long.
//!
//! What must stay true: nothing of an order that is open or held is touched, and purchases and
//! people's actions stay for ever.

use chrono::{DateTime, Utc};

use super::{Store, StoreError, notices};
use crate::order::OrderId;

/// Where a walk over finished orders has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FinishedOrder {
    /// When it ended.
    pub(crate) at: DateTime<Utc>,
    pub(crate) order: OrderId,
}

/// A page of finished orders whose events were deleted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PrunedPage {
    pub(crate) events: u64,
    /// Where the next page begins.
    pub(crate) last: FinishedOrder,
}

impl Store {
    /// Before this time, finished orders were dealt with by an earlier pass.
    pub async fn events_pruned_until(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        sqlx::query_scalar!("SELECT until FROM orderwatch.pruned WHERE what = 'events'")
            .fetch_optional(&self.pool)
            .await
            .map_err(StoreError::doing("reading how far the retention has come"))
    }

    /// Writes down that finished orders before this time are dealt with. It never moves back.
    pub(crate) async fn set_events_pruned_until(
        &self,
        until: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        // `GREATEST`: an earlier pass that ends late does not move it back.
        sqlx::query!(
            "INSERT INTO orderwatch.pruned AS p (what, until) VALUES ('events', $1)
             ON CONFLICT (what) DO UPDATE SET until = GREATEST(p.until, excluded.until)",
            until
        )
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(StoreError::doing(
            "writing down how far the retention has come",
        ))
    }

    /// Deletes the events before `limit` of the next `page` orders behind `after`, those that ended
    /// before `limit`. `None` when there are no more such orders.
    pub(crate) async fn prune_events(
        &self,
        after: FinishedOrder,
        limit: DateTime<Utc>,
        page: i64,
    ) -> Result<Option<PrunedPage>, StoreError> {
        // Not a statement of ours: the daemon's role may add to the timeline and not delete from it.
        let row = sqlx::query!(
            r#"SELECT last_at AS "at!", last_order AS "order_id!", events AS "events!"
               FROM orderwatch.prune_events($1, $2, $3, $4)"#,
            limit,
            after.at,
            after.order.0,
            page
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(StoreError::doing("deleting old events"))?;

        Ok(row.map(|row| PrunedPage {
            events: u64::try_from(row.events).unwrap_or(0),
            last: FinishedOrder {
                at: row.at,
                order: OrderId(row.order_id),
            },
        }))
    }

    /// Deletes a page of passes whose tick was before `limit`. Returns how many there were.
    pub(crate) async fn prune_job_runs(
        &self,
        limit: DateTime<Utc>,
        page: i64,
    ) -> Result<u64, StoreError> {
        sqlx::query!(
            "DELETE FROM orderwatch.job_runs WHERE (job, tick) IN (
                 SELECT job, tick FROM orderwatch.job_runs WHERE tick < $1 LIMIT $2)",
            limit,
            page
        )
        .execute(&self.pool)
        .await
        .map(|gone| gone.rows_affected())
        .map_err(StoreError::doing("deleting old passes"))
    }

    /// Deletes a page of notices from before `limit` that are delivered, given up, or addressed to
    /// an endpoint that is not in the configuration. Returns how many there were.
    pub(crate) async fn prune_notices(
        &self,
        limit: DateTime<Utc>,
        page: i64,
    ) -> Result<u64, StoreError> {
        // What is addressed to an endpoint that is gone is never delivered, so its age alone counts.
        let (names, _) = notices::columns(&self.audience);
        sqlx::query!(
            "DELETE FROM orderwatch.notices WHERE id IN (
                 SELECT id FROM orderwatch.notices
                 WHERE created_at < $1 AND (due_at IS NULL OR endpoint <> ALL($2)) LIMIT $3)",
            limit,
            &names,
            page
        )
        .execute(&self.pool)
        .await
        .map(|gone| gone.rows_affected())
        .map_err(StoreError::doing("deleting old notices"))
    }

    /// Deletes a page of what shadow mode wrote down before `limit`, but nothing of an order that
    /// is open. Returns how many there were.
    pub(crate) async fn prune_shadow(
        &self,
        limit: DateTime<Utc>,
        page: i64,
    ) -> Result<u64, StoreError> {
        // Nothing of an open order is deleted, whatever table it is in.
        sqlx::query!(
            "DELETE FROM orderwatch.shadow WHERE order_id IN (
                 SELECT s.order_id FROM orderwatch.shadow s
                 WHERE s.at < $1 AND NOT EXISTS (
                     SELECT FROM orderwatch.orders t
                     WHERE t.order_id = s.order_id AND t.finished_at IS NULL)
                 LIMIT $2)",
            limit,
            page
        )
        .execute(&self.pool)
        .await
        .map(|gone| gone.rows_affected())
        .map_err(StoreError::doing("deleting old rows of shadow mode"))
    }

    /// Deletes a page of balances that were asked for before `limit`. Returns how many there were.
    pub(crate) async fn prune_readings(
        &self,
        limit: DateTime<Utc>,
        page: i64,
    ) -> Result<u64, StoreError> {
        // Not one up to which an account is accounted for: the next is compared with it.
        sqlx::query!(
            "DELETE FROM orderwatch.readings WHERE (integration_id, asked_at) IN (
                 SELECT r.integration_id, r.asked_at FROM orderwatch.readings r
                 WHERE r.asked_at < $1 AND NOT EXISTS (
                     SELECT FROM orderwatch.panels p
                     WHERE p.integration_id = r.integration_id AND p.mark_at = r.asked_at)
                 LIMIT $2)",
            limit,
            page
        )
        .execute(&self.pool)
        .await
        .map(|gone| gone.rows_affected())
        .map_err(StoreError::doing("deleting old balances"))
    }
}
