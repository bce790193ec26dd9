//! `stock_push_log`, which the warehouse's people read.

use chrono::{DateTime, Utc};

use sqlx::{PgConnection, PgExecutor};

use super::{Store, StoreError};

/// A row of it: one pass.
#[derive(Clone, Debug, Default)]
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
    /// Writes a pass down, or what it has done since it was written down. Returns the row's number.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be written.
    pub async fn log_push(&self, row: Option<i32>, pass: &PushLog) -> Result<i32, StoreError> {
        let doing = StoreError::doing("writing stock_push_log");
        let mut connection = self.pool.acquire().await.map_err(doing)?;
        log(&mut connection, row, pass).await
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

/// Writes a pass down, or what it has done since it was written down. Returns the row's number.
pub(super) async fn log(
    connection: &mut PgConnection,
    row: Option<i32>,
    pass: &PushLog,
) -> Result<i32, StoreError> {
    let Some(id) = row else {
        return write(connection, pass).await;
    };
    let written = sqlx::query!(
        "UPDATE public.stock_push_log SET push_time = $2, total_items = $3, total_quantity = $4,
             reserved_quantity = $5, batch_count = $6, success = $7, error_message = $8,
             duration_seconds = $9
         WHERE id = $1",
        id,
        pass.push_time,
        pass.total_items,
        pass.total_quantity,
        pass.reserved_quantity,
        pass.batch_count,
        pass.success,
        pass.error_message,
        pass.duration_seconds
    )
    .execute(&mut *connection)
    .await
    .map_err(StoreError::doing("writing stock_push_log"))?;
    if written.rows_affected() == 0 {
        // Somebody tidied the table up meanwhile.
        return write(connection, pass).await;
    }
    Ok(id)
}

pub(super) async fn write(
    executor: impl PgExecutor<'_>,
    pass: &PushLog,
) -> Result<i32, StoreError> {
    sqlx::query_scalar!(
        "INSERT INTO public.stock_push_log
             (push_time, total_items, total_quantity, reserved_quantity, batch_count, success,
              error_message, duration_seconds)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
        pass.push_time,
        pass.total_items,
        pass.total_quantity,
        pass.reserved_quantity,
        pass.batch_count,
        pass.success,
        pass.error_message,
        pass.duration_seconds
    )
    .fetch_one(executor)
    .await
    .map_err(StoreError::doing("writing stock_push_log"))
}
