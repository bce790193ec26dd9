//! The outbox of packages whose picking is to be reported to the marketplace. Rows are written with the pick
//! (`pick.rs`) and stay until the marketplace has it, whatever happens to the process.

use chrono::{DateTime, Utc};
use sqlx::types::Json;

use super::{Store, StoreError};
use crate::stock::{PackageStatus, held::HeldLine};

#[derive(Clone, Debug)]
pub(crate) struct PickingReport {
    pub(crate) package_id: i64,
    pub(crate) order_number: String,
    /// When the order was picked.
    pub(crate) written_at: DateTime<Utc>,
    pub(crate) tries: i32,
}

impl Store {
    /// What is to be reported now, the oldest first.
    pub(crate) async fn due_picking_reports(
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
        .map_err(StoreError::doing("looking for picking to report"))
    }

    /// The marketplace has it, or knew already. Where this fails, it is reported once more.
    pub(crate) async fn picking_was_reported(
        &self,
        package_id: i64,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE orderwatch.picking_outbox
             SET reported_at = $2, due_at = NULL, tries = tries + 1, trouble = NULL
             WHERE package_id = $1",
            package_id,
            now
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("noting that picking was reported"))?;
        Ok(())
    }

    /// It could not be reported: when it is tried again; `None` for never.
    pub(crate) async fn put_off_picking_report(
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
        .map_err(StoreError::doing("noting that picking was not reported"))?;
        Ok(())
    }

    /// The lines of a package that is open and that the marketplace does not have as being picked, without
    /// those that were cancelled or moved to another package. `None` when there are none.
    pub(crate) async fn lines_to_begin(
        &self,
        package_id: i64,
    ) -> Result<Option<Vec<HeldLine>>, StoreError> {
        // A package without an id of its own cannot be named to the marketplace.
        let row = sqlx::query!(
            r#"SELECT status, lines AS "lines: Json<Vec<HeldLine>>" FROM orderwatch.packages
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
        // A line that was cancelled would be refused, and the whole package with it.
        lines.retain(|line| line.effect(&status) == status.stock_effect());
        Ok(Some(lines).filter(|lines| !lines.is_empty()))
    }
}
