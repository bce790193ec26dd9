//! `stock_push_log`, which the warehouse's people read: written as their own application wrote it, one row
//! for each pass.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgExecutor;
use utoipa::ToSchema;

use super::{Store, StoreError, Transaction};
use crate::overview::by_name;

/// A pass as it is written down; the fields are the table's columns.
#[derive(Clone, Debug, Default)]
pub(crate) struct PushLog {
    pub(crate) push_time: DateTime<Utc>,
    pub(crate) total_items: i32,
    pub(crate) total_quantity: i32,
    pub(crate) reserved_quantity: i32,
    pub(crate) batch_count: i32,
    pub(crate) success: bool,
    pub(crate) error_message: Option<String>,
    pub(crate) duration_seconds: Option<f64>,
}

/// A pass that sent stock.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct StockPush {
    /// The row's number.
    #[serde(serialize_with = "by_name")]
    #[schema(value_type = String)]
    pub(crate) id: i32,
    /// When it ended.
    pub(crate) at: DateTime<Utc>,
    /// Items that Trendyol accepted.
    pub(crate) items: i32,
    /// Their units.
    pub(crate) units: i32,
    /// Units that were held back for orders.
    pub(crate) reserved: i32,
    /// Requests that Trendyol accepted.
    pub(crate) requests: i32,
    /// Whether everything went well.
    pub(crate) success: bool,
    /// What did not.
    pub(crate) error: Option<String>,
    /// How long it took, in seconds.
    pub(crate) seconds: Option<f64>,
}

impl Store {
    /// Writes a pass down, or what it has done since it was written down. Returns the row's number.
    pub(crate) async fn log_push(
        &self,
        row: Option<i32>,
        pass: &PushLog,
    ) -> Result<i32, StoreError> {
        let doing = StoreError::doing("writing stock_push_log");
        let mut transaction = self.pool.begin().await.map_err(&doing)?;
        let row = log(&mut transaction, row, pass).await?;
        transaction.commit().await.map_err(doing)?;
        Ok(row)
    }

    /// The passes since a time and before one of them, newest first.
    pub(crate) async fn stock_pushes(
        &self,
        since: Option<DateTime<Utc>>,
        before: Option<i32>,
        limit: i64,
    ) -> Result<Vec<StockPush>, StoreError> {
        // By id: the time of a pass moves while it goes on.
        sqlx::query_as!(
            StockPush,
            "SELECT id, push_time AS at, total_items AS items, total_quantity AS units,
                    reserved_quantity AS reserved, batch_count AS requests, success,
                    error_message AS error, duration_seconds AS seconds
             FROM public.stock_push_log
             WHERE ($1::timestamptz IS NULL OR push_time >= $1)
               AND ($2::integer IS NULL OR id < $2)
             ORDER BY id DESC LIMIT $3",
            since,
            before,
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading stock_push_log"))
    }
}

/// Writes a pass down, or what it has done since it was written down. Returns the row's number.
pub(super) async fn log(
    transaction: &mut Transaction<'_>,
    row: Option<i32>,
    pass: &PushLog,
) -> Result<i32, StoreError> {
    // A pass that goes on updates its row: people see it from the first request on.
    let Some(id) = row else {
        return write(transaction, pass).await;
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
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::doing("writing stock_push_log"))?;

    if written.rows_affected() == 0 {
        // Somebody tidied the table up meanwhile.
        return write(transaction, pass).await;
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
