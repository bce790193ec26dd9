//! Lists that are read page by page, each by a key that stays where it is: what is inserted
//! meanwhile neither hides a row nor shows one twice.

use chrono::{DateTime, Utc};

use super::{BatchView, JobRun, Person, PushLog, RefusedItem, Store, StoreError, StoredEvent};
use crate::order::OrderId;

/// A step of an order, with its place in the timeline.
#[derive(Clone, Debug)]
pub struct NumberedEvent {
    /// Ascends with time.
    pub id: i64,
    /// The step.
    pub event: StoredEvent,
}

/// A bar code of such a request.
#[derive(Clone, Debug)]
pub struct SentItem {
    /// Which.
    pub barcode: String,
    /// Units that were sent.
    pub quantity: i32,
    /// `success`, `failed` or `repeated`; `None` while there is no result.
    pub result: Option<String>,
}

impl Store {
    /// The steps of an order after one of them, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Database`] when they cannot be read.
    pub async fn events_after(
        &self,
        order: OrderId,
        after: Option<i64>,
        limit: i64,
    ) -> Result<Vec<NumberedEvent>, StoreError> {
        let rows = sqlx::query!(
            "SELECT id, at, kind, detail FROM orderwatch.events
             WHERE order_id = $1 AND ($2::bigint IS NULL OR id > $2) ORDER BY id LIMIT $3",
            order.0,
            after,
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading a page of events"))?;
        Ok(rows
            .into_iter()
            .map(|row| NumberedEvent {
                id: row.id,
                event: StoredEvent {
                    at: row.at,
                    kind: row.kind,
                    detail: row.detail,
                },
            })
            .collect())
    }

    /// The passes of a job before one of them, newest first.
    ///
    /// # Errors
    /// [`StoreError::Database`] when they cannot be read.
    pub async fn job_runs_before(
        &self,
        job: &str,
        before: Option<DateTime<Utc>>,
        limit: i64,
    ) -> Result<Vec<JobRun>, StoreError> {
        sqlx::query_as!(
            JobRun,
            "SELECT tick, started_at, finished_at, outcome, report FROM orderwatch.job_runs
             WHERE job = $1 AND ($2::timestamptz IS NULL OR tick < $2)
             ORDER BY tick DESC LIMIT $3",
            job,
            before,
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading a page of passes"))
    }

    /// The rows of `stock_push_log` before one of them, newest first, each with its id.
    ///
    /// # Errors
    /// [`StoreError::Database`] when they cannot be read.
    pub async fn push_log_before(
        &self,
        before: Option<i32>,
        limit: i64,
    ) -> Result<Vec<(i32, PushLog)>, StoreError> {
        let rows = sqlx::query!(
            "SELECT id, push_time, total_items, total_quantity, reserved_quantity, batch_count,
                    success, error_message, duration_seconds
             FROM public.stock_push_log
             WHERE $1::integer IS NULL OR id < $1 ORDER BY id DESC LIMIT $2",
            before,
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading a page of stock_push_log"))?;
        Ok(rows
            .into_iter()
            .map(|row| {
                let log = PushLog {
                    push_time: row.push_time,
                    total_items: row.total_items,
                    total_quantity: row.total_quantity,
                    reserved_quantity: row.reserved_quantity,
                    batch_count: row.batch_count,
                    success: row.success,
                    error_message: row.error_message,
                    duration_seconds: row.duration_seconds,
                };
                (row.id, log)
            })
            .collect())
    }

    /// Requests that sent stock before one of them, newest first.
    ///
    /// # Errors
    /// [`StoreError::Database`] when they cannot be read.
    pub async fn batches_before(
        &self,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<BatchView>, StoreError> {
        sqlx::query_as!(
            BatchView,
            "SELECT id, sent_at, state, name, items, failed, note FROM orderwatch.stock_batches
             WHERE $1::bigint IS NULL OR id < $1 ORDER BY id DESC LIMIT $2",
            before,
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing(
            "reading a page of requests that sent stock",
        ))
    }

    /// The bar codes of such a request after one of them; `None` when there is no such request.
    ///
    /// # Errors
    /// [`StoreError::Database`] when they cannot be read.
    pub async fn batch_items_after(
        &self,
        batch: i64,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Option<Vec<SentItem>>, StoreError> {
        let doing = StoreError::doing("reading the bar codes of a request");
        let items = sqlx::query_as!(
            SentItem,
            "SELECT barcode, quantity, result FROM orderwatch.stock_sends
             WHERE batch = $1 AND ($2::text IS NULL OR barcode > $2) ORDER BY barcode LIMIT $3",
            batch,
            after,
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(&doing)?;
        if !items.is_empty() || after.is_some() {
            return Ok(Some(items));
        }
        let known = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM orderwatch.stock_batches WHERE id = $1) AS "known!""#,
            batch
        )
        .fetch_one(&self.pool)
        .await
        .map_err(&doing)?;
        Ok(known.then_some(items))
    }

    /// Bar codes that the marketplace refuses, after one of them.
    ///
    /// # Errors
    /// [`StoreError::Database`] when they cannot be read.
    pub async fn resting_after(
        &self,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Vec<RefusedItem>, StoreError> {
        sqlx::query_as!(
            RefusedItem,
            "SELECT barcode, observed, failures, rests_until, refused FROM orderwatch.stock_items
             WHERE failures > 0 AND ($1::text IS NULL OR barcode > $1) ORDER BY barcode LIMIT $2",
            after,
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading a page of refused products"))
    }

    /// Keeps what a person did that no other record shows.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be written.
    pub async fn record_action(
        &self,
        person: &Person,
        what: &str,
        target: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "INSERT INTO orderwatch.actions (at, who, what, target, why)
             VALUES ($1, $2, $3, $4, $5)",
            now,
            person.who,
            what,
            target,
            person.why
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("keeping what a person did"))?;
        Ok(())
    }
}
