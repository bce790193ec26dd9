//! The stock side as its page shows it: requests with their results, what is refused, packages.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Store, StoreError};

/// A request that sent stock.
#[derive(Clone, Debug)]
pub struct BatchView {
    /// Our number of it.
    pub id: i64,
    /// When it went out.
    pub sent_at: DateTime<Utc>,
    /// `stock_batches.state`.
    pub state: String,
    /// `batchRequestId`.
    pub name: Option<String>,
    /// Items in it.
    pub items: i32,
    /// Items that were refused.
    pub failed: i32,
    /// What was said about it.
    pub note: Option<String>,
}

/// A product that the marketplace refused.
#[derive(Clone, Debug)]
pub struct RefusedItem {
    /// Bar code.
    pub barcode: String,
    /// Units on sale when it was last looked at.
    pub observed: Option<i32>,
    /// Refusals in a row.
    pub failures: i32,
    /// Not sent before.
    pub rests_until: Option<DateTime<Utc>>,
    /// The marketplace's words.
    pub refused: Option<String>,
}

/// A package of the marketplace.
#[derive(Clone, Debug)]
pub struct PackageView {
    /// `shipmentPackageId`.
    pub id: i64,
    /// The order's number.
    pub order_number: String,
    /// The marketplace's status.
    pub status: String,
    /// What it means for the stock.
    pub effect: String,
    /// When it changed.
    pub changed_at: DateTime<Utc>,
    /// When its units were taken from the shelves.
    pub taken_at: Option<DateTime<Utc>>,
    /// Bar code, quantity and id of each line.
    pub lines: Value,
    /// Parts that could not be read.
    pub unreadable: Value,
    /// The warehouse's table that orderwatch put its order in.
    pub place: Option<String>,
}

impl Store {
    /// Products that the marketplace refuses, those that rest longest first.
    ///
    /// # Errors
    /// [`StoreError::Database`] when they cannot be read.
    pub async fn refused_items(&self, limit: i64) -> Result<Vec<RefusedItem>, StoreError> {
        sqlx::query_as!(
            RefusedItem,
            "SELECT barcode, observed, failures, rests_until, refused FROM orderwatch.stock_items
             WHERE failures > 0 ORDER BY rests_until DESC NULLS LAST, barcode LIMIT $1",
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading refused products"))
    }

    /// Packages, latest change first, from before a place (`changed_at` and id); of an order or
    /// with a number, where one is given.
    ///
    /// # Errors
    /// [`StoreError::Database`] when they cannot be read.
    pub async fn package_views(
        &self,
        number: Option<&str>,
        before: Option<(DateTime<Utc>, i64)>,
        limit: i64,
    ) -> Result<Vec<PackageView>, StoreError> {
        let id = number.and_then(|number| number.parse::<i64>().ok());
        let rows =
            match number {
                Some(number) => sqlx::query_as!(
                    PackageView,
                    r#"SELECT p.package_id AS id, p.order_number, p.status, p.effect, p.changed_at,
                              p.taken_at, p.lines, p.unreadable, w.place AS "place?"
                       FROM orderwatch.packages p
                       LEFT JOIN orderwatch.order_places w ON w.order_number = p.order_number
                       WHERE p.order_number = $1 OR p.package_id = $2
                       ORDER BY p.changed_at DESC, p.package_id DESC LIMIT $3"#,
                    number,
                    id,
                    limit
                )
                .fetch_all(&self.pool)
                .await,
                None => sqlx::query_as!(
                    PackageView,
                    r#"SELECT p.package_id AS id, p.order_number, p.status, p.effect, p.changed_at,
                              p.taken_at, p.lines, p.unreadable, w.place AS "place?"
                       FROM (SELECT * FROM orderwatch.packages p
                             WHERE $1::timestamptz IS NULL
                                OR (p.changed_at, p.package_id) < ($1, $2::bigint)
                             ORDER BY p.changed_at DESC, p.package_id DESC LIMIT $3) p
                       LEFT JOIN orderwatch.order_places w ON w.order_number = p.order_number
                       ORDER BY p.changed_at DESC, p.package_id DESC"#,
                    before.map(|(at, _)| at),
                    before.map(|(_, id)| id),
                    limit
                )
                .fetch_all(&self.pool)
                .await,
            };
        rows.map_err(StoreError::doing("reading packages"))
    }
}
