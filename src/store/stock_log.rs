//! `stock_push_log`, which the warehouse's people read.

use chrono::{DateTime, Utc};

use sqlx::PgExecutor;

use super::{Store, StoreError};

/// A row of it: one pass.
#[derive(Clone, Debug)]
pub struct PushLog {
    /// When the pass ended.
    pub push_time: DateTime<Utc>,
    /// Items that Trendyol took.
    pub total_items: i32,
    /// Their units.
    pub total_quantity: i32,
    /// Units that were held back for orders.
    pub reserved_quantity: i32,
    /// Requests that Trendyol took.
    pub batch_count: i32,
    /// Whether everything went well.
    pub success: bool,
    /// What did not.
    pub error_message: Option<String>,
    /// How long it took, in seconds.
    pub duration_seconds: Option<f64>,
}

impl Store {
    /// Writes a pass down.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be written.
    pub async fn log_push(&self, pass: &PushLog) -> Result<(), StoreError> {
        write(&self.pool, pass).await
    }

    /// Writes a pass down that was cut off after it began to send, by what Trendyol took of it: whatever
    /// was sent after the last pass that was written down. To be asked while nobody sends.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be written.
    pub async fn log_cut_off_push(&self) -> Result<bool, StoreError> {
        let logged = sqlx::query!(
            "INSERT INTO public.stock_push_log
                 (push_time, total_items, total_quantity, reserved_quantity, batch_count, success,
                  error_message)
             SELECT max(b.sent_at), count(*) FILTER (WHERE b.taken),
                    LEAST(COALESCE(sum(s.quantity) FILTER (WHERE b.taken), 0), 2147483647), 0,
                    count(DISTINCT b.id) FILTER (WHERE b.taken), false,
                    'the pass was cut off before its end'
             FROM (SELECT id, sent_at, state IN ('queued', 'settled', 'expired') AS taken
                   FROM orderwatch.stock_batches
                   WHERE state <> 'refused' AND sent_at > COALESCE(
                       (SELECT push_time FROM public.stock_push_log ORDER BY id DESC LIMIT 1),
                       '-infinity')) b
             JOIN orderwatch.stock_sends s ON s.batch = b.id
             HAVING count(*) > 0"
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("writing stock_push_log"))?;
        Ok(logged.rows_affected() > 0)
    }

    /// The last passes since a time, newest first.
    ///
    /// # Errors
    /// [`StoreError::Database`] when they cannot be read.
    pub async fn push_log(
        &self,
        since: Option<DateTime<Utc>>,
        limit: i64,
    ) -> Result<Vec<PushLog>, StoreError> {
        sqlx::query_as!(
            PushLog,
            "SELECT push_time, total_items, total_quantity, reserved_quantity, batch_count, success,
                    error_message, duration_seconds
             FROM public.stock_push_log
             WHERE $1::timestamptz IS NULL OR push_time >= $1
             ORDER BY push_time DESC, id DESC LIMIT $2",
            since,
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading stock_push_log"))
    }
}

pub(super) async fn write(executor: impl PgExecutor<'_>, pass: &PushLog) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO public.stock_push_log
             (push_time, total_items, total_quantity, reserved_quantity, batch_count, success,
              error_message, duration_seconds)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        pass.push_time,
        pass.total_items,
        pass.total_quantity,
        pass.reserved_quantity,
        pass.batch_count,
        pass.success,
        pass.error_message,
        pass.duration_seconds
    )
    .execute(executor)
    .await
    .map_err(StoreError::doing("writing stock_push_log"))?;
    Ok(())
}
