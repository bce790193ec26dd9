//! What the marketplace still has to be told: packages that are being picked.

use chrono::{DateTime, Utc};
use sqlx::types::Json;

use super::{Store, StoreError};
use crate::stock::reserve::Line;

/// A package whose picking is to be told.
#[derive(Clone, Debug)]
pub struct Telling {
    /// `shipmentPackageId`.
    pub package_id: i64,
    /// Its order.
    pub order_number: String,
    /// Its lines.
    pub lines: Vec<Line>,
    /// When the order was picked.
    pub written_at: DateTime<Utc>,
    /// How often it was tried.
    pub tries: i32,
}

impl Store {
    /// What is to be told now, the oldest first.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be read.
    pub async fn tellings(
        &self,
        now: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<Telling>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT package_id, order_number, lines AS "lines: Json<Vec<Line>>", written_at, tries
               FROM orderwatch.picking_outbox WHERE due_at <= $1 ORDER BY due_at, package_id LIMIT $2"#,
            now,
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("looking for what is to be told"))?;
        Ok(rows
            .into_iter()
            .map(|row| Telling {
                package_id: row.package_id,
                order_number: row.order_number,
                lines: row.lines.0,
                written_at: row.written_at,
                tries: row.tries,
            })
            .collect())
    }

    /// The marketplace was told, or knew already.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be written; it is told once more then.
    pub async fn told(&self, package_id: i64, now: DateTime<Utc>) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE orderwatch.picking_outbox
             SET told_at = $2, due_at = NULL, tries = tries + 1, trouble = NULL
             WHERE package_id = $1",
            package_id,
            now
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("noting what was told"))?;
        Ok(())
    }

    /// It could not be told: when it is tried again, or never.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be written.
    pub async fn not_told(
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
        .map_err(StoreError::doing("noting what could not be told"))?;
        Ok(())
    }

    /// Whether a package is still open and not begun, as far as the marketplace has told.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be read.
    pub async fn is_to_be_begun(&self, package_id: i64) -> Result<bool, StoreError> {
        let to_be = sqlx::query_scalar!(
            r#"SELECT EXISTS (
                   SELECT FROM orderwatch.packages
                   WHERE package_id = $1 AND effect IN ('reserved', 'unknown')
                     AND status NOT IN ('Picking', 'Invoiced')) AS "is!""#,
            package_id
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::doing("looking a package up"))?;
        Ok(to_be)
    }
}
