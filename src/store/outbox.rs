//! What is still to be reported to the marketplace: packages that are being picked.

use chrono::{DateTime, Utc};
use sqlx::types::Json;

use super::{Store, StoreError};
use crate::{marketplace::PackageStatus, stock::reserve::Line};

/// A package whose picking is to be reported.
#[derive(Clone, Debug)]
pub struct PickingReport {
    /// `shipmentPackageId`.
    pub package_id: i64,
    /// Its order.
    pub order_number: String,
    /// When the order was picked.
    pub written_at: DateTime<Utc>,
    /// How often it was tried.
    pub tries: i32,
}

impl Store {
    /// What is to be reported now, the oldest first.
    pub async fn picking_reports_due(
        &self,
        now: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<PickingReport>, StoreError> {
        sqlx::query_as!(
            PickingReport,
            "SELECT package_id, order_number, written_at, tries
             FROM orderwatch.picking_outbox WHERE due_at <= $1 ORDER BY due_at, package_id LIMIT $2",
            now,
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading the picking reports that are due"))
    }

    /// The marketplace got the report, or knew already.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be written; it is reported once more then.
    pub async fn picking_reported(
        &self,
        package_id: i64,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE orderwatch.picking_outbox
             SET told_at = $2, due_at = NULL, tries = tries + 1, trouble = NULL
             WHERE package_id = $1",
            package_id,
            now
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("noting a picking report"))?;

        Ok(())
    }

    /// It could not be reported: when it is retried, or never.
    pub async fn picking_not_reported(
        &self,
        package_id: i64,
        trouble: &str,
        due_at: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE orderwatch.picking_outbox SET tries = tries + 1, trouble = $2, due_at = $3
             WHERE package_id = $1",
            package_id,
            trouble,
            due_at
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("noting a picking report that failed"))?;

        Ok(())
    }

    /// The lines of a package that is still open and not started, as far as the marketplace says,
    /// without those that were cancelled or moved to another package. `None` when there are none.
    pub async fn lines_to_pick(&self, package_id: i64) -> Result<Option<Vec<Line>>, StoreError> {
        let row = sqlx::query!(
            r#"SELECT status, lines AS "lines: Json<Vec<Line>>" FROM orderwatch.packages
               WHERE package_id = $1 AND package_id > 0 AND effect IN ('reserved', 'unknown')
                 AND status NOT IN ('Picking', 'Invoiced')"#,
            package_id
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(StoreError::doing("looking a package up"))?;

        let Some(row) = row else {
            return Ok(None);
        };
        let status = PackageStatus::parse(&row.status);
        let mut lines = row.lines.0;
        lines.retain(|line| line.effect(&status) == status.stock_effect());
        Ok(Some(lines).filter(|lines| !lines.is_empty()))
    }
}
