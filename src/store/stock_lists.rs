//! The stock side in lists: requests with their results, refused products, packages. Each is read by a
//! key that stays where it is: what is inserted meanwhile neither hides a row nor shows one twice.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use utoipa::ToSchema;

use super::{Store, StoreError};
use crate::overview::by_name;

/// A request that sent stock.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct StockBatch {
    /// Its number.
    #[serde(serialize_with = "by_name")]
    #[schema(value_type = String)]
    pub(crate) id: i64,
    /// When it was sent.
    pub(crate) sent_at: DateTime<Utc>,
    /// `sending`, `queued`, `unknown`, `refused`, `settled` or `expired`.
    pub(crate) state: String,
    /// `batchRequestId`.
    pub(crate) name: Option<String>,
    /// Barcodes in it.
    pub(crate) items: i32,
    /// Of those, the ones that were refused.
    pub(crate) failed: i32,
    /// What else is known.
    pub(crate) note: Option<String>,
}

/// A barcode of a request.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SentItem {
    pub(crate) barcode: String,
    /// Units that were sent.
    pub(crate) quantity: i32,
    /// `success`, `failed` or `repeated`; null while there is no result.
    pub(crate) result: Option<String>,
}

/// A product that the store refuses.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RefusedItem {
    pub(crate) barcode: String,
    /// Units on sale, as the store last said.
    pub(crate) on_sale: Option<i32>,
    /// Refusals in a row.
    pub(crate) failures: i32,
    /// Not sent before.
    pub(crate) rests_until: Option<DateTime<Utc>>,
    /// The store's words.
    pub(crate) refused: Option<String>,
}

/// A package.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PackageView {
    /// `shipmentPackageId`.
    #[serde(serialize_with = "by_name")]
    #[schema(value_type = String)]
    pub(crate) package: i64,
    /// The order's number.
    pub(crate) order: String,
    /// The store's status.
    pub(crate) status: String,
    /// What it means for the stock.
    pub(crate) effect: String,
    /// When it changed.
    pub(crate) changed_at: DateTime<Utc>,
    /// When its units were taken from the shelves.
    pub(crate) taken_at: Option<DateTime<Utc>>,
    /// What is in it.
    #[schema(value_type = Vec<PackageLine>)]
    pub(crate) lines: Json<Vec<PackageLine>>,
    /// Parts that could not be read.
    #[schema(value_type = Vec<String>)]
    pub(crate) unreadable: Json<Vec<String>>,
    /// The warehouse's table that its order was put in.
    pub(crate) place: Option<String>,
}

/// Units of one product in a package.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct PackageLine {
    pub(crate) barcode: String,
    pub(crate) quantity: u32,
}

impl Store {
    /// Requests that sent stock before one of them, newest first.
    pub(crate) async fn batches_before(
        &self,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<StockBatch>, StoreError> {
        sqlx::query_as!(
            StockBatch,
            "SELECT id, sent_at, state, name, items, failed, note FROM orderwatch.stock_batches
             WHERE $1::bigint IS NULL OR id < $1 ORDER BY id DESC LIMIT $2",
            before,
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading requests that sent stock"))
    }

    /// The barcodes of such a request after one of them; `None` when there is no such request.
    pub(crate) async fn batch_items_after(
        &self,
        batch: i64,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Option<Vec<SentItem>>, StoreError> {
        let doing = StoreError::doing("reading the barcodes of a request");
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

        // An empty first page may be one of a request that there is not.
        let known = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM orderwatch.stock_batches WHERE id = $1) AS "known!""#,
            batch
        )
        .fetch_one(&self.pool)
        .await
        .map_err(&doing)?;

        Ok(known.then_some(items))
    }

    /// Products that the marketplace refuses, those that rest longest first.
    pub(crate) async fn refused_items(&self, limit: i64) -> Result<Vec<RefusedItem>, StoreError> {
        sqlx::query_as!(
            RefusedItem,
            "SELECT barcode, observed AS on_sale, failures, rests_until, refused
             FROM orderwatch.stock_items
             WHERE failures > 0 ORDER BY rests_until DESC NULLS LAST, barcode LIMIT $1",
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading refused products"))
    }

    /// The same by barcode, after one of them.
    pub(crate) async fn refused_after(
        &self,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Vec<RefusedItem>, StoreError> {
        sqlx::query_as!(
            RefusedItem,
            "SELECT barcode, observed AS on_sale, failures, rests_until, refused
             FROM orderwatch.stock_items
             WHERE failures > 0 AND ($1::text IS NULL OR barcode > $1) ORDER BY barcode LIMIT $2",
            after,
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading a page of refused products"))
    }

    /// Packages, latest change first, from before a place (`changed_at` and number); of an order or
    /// with a number, where one is given.
    pub(crate) async fn package_views(
        &self,
        number: Option<&str>,
        before: Option<(DateTime<Utc>, i64)>,
        limit: i64,
    ) -> Result<Vec<PackageView>, StoreError> {
        // The text may be the number of an order or the id of a package.
        let id = number.and_then(|number| number.parse::<i64>().ok());
        // Two statements, each by an index of its own: the planner cannot choose by a parameter.
        let rows =
            match number {
                Some(number) => sqlx::query_as!(
                    PackageView,
                    r#"SELECT p.package_id AS package, p.order_number AS order, p.status, p.effect,
                              p.changed_at, p.taken_at, p.lines AS "lines: _",
                              p.unreadable AS "unreadable: _", w.place AS "place?"
                       FROM orderwatch.packages p
                       LEFT JOIN orderwatch.order_places w ON w.order_number = p.order_number
                       WHERE (p.order_number = $1 OR p.package_id = $2)
                         AND ($3::timestamptz IS NULL OR (p.changed_at, p.package_id) < ($3, $4::bigint))
                       ORDER BY p.changed_at DESC, p.package_id DESC LIMIT $5"#,
                    number,
                    id,
                    before.map(|(at, _)| at),
                    before.map(|(_, id)| id),
                    limit
                )
                .fetch_all(&self.pool)
                .await,
                None => sqlx::query_as!(
                    PackageView,
                    r#"SELECT p.package_id AS package, p.order_number AS order, p.status, p.effect,
                              p.changed_at, p.taken_at, p.lines AS "lines: _",
                              p.unreadable AS "unreadable: _", w.place AS "place?"
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
