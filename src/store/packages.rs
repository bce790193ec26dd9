//! Shipment packages, and the rows of the warehouse's application that show their orders.
//!
//! One transaction per package: what is known of it, and the row, are never apart. A record that is
//! older than what is known changes nothing, so the feed may repeat itself in any order.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{Acquire as _, Postgres, Transaction, types::Json};

use super::{
    Store, StoreError,
    order_places::{mirrored, show, standing},
    package_sales::{give_items_back, gives_back, is_gone, tell_items},
    pool::whole,
};
use crate::{
    marketplace::{PackageStatus, StockEffect},
    stock::{place::Place, reserve::Line},
};

/// A package as the marketplace told of it.
#[derive(Clone, Debug)]
pub struct NewPackage {
    /// `shipmentPackageId`.
    pub package_id: i64,
    /// Its order.
    pub order_number: String,
    /// Where it stands.
    pub status: PackageStatus,
    /// `lastModifiedDate` in milliseconds.
    pub modified_ms: i64,
    /// The same as a time.
    pub changed_at: DateTime<Utc>,
    /// When the customer bought it: from then on the marketplace's stock was lower by it.
    pub sold_at: DateTime<Utc>,
    /// The packages that it replaces.
    pub origins: Vec<i64>,
    /// Whether it carries on what was left when a part of another one was cancelled.
    pub is_rest: bool,
    /// What is in it.
    pub lines: Vec<Line>,
    /// Parts of it that could not be read.
    pub unreadable: Vec<String>,
    /// What the warehouse's tables show of it.
    pub content: Value,
}

/// A package of an order, for the decision where the order's row belongs.
#[derive(Clone, Debug)]
pub struct OrderPackage {
    /// `shipmentPackageId`.
    pub package_id: i64,
    /// Where it stands.
    pub status: PackageStatus,
    /// When that was so.
    pub changed_at: DateTime<Utc>,
    /// What is in it.
    pub lines: Vec<Line>,
    /// The packages that it replaces.
    pub origins: Vec<i64>,
    /// What the warehouse's tables show of it.
    pub content: Value,
}

/// An order with its packages, and where its row is.
#[derive(Clone, Debug)]
pub struct OrderPicture {
    /// Where the row is.
    pub stands: Option<Place>,
    /// Where orderwatch put it last.
    pub ours: Option<Place>,
    /// All packages of the order.
    pub packages: Vec<OrderPackage>,
}

/// A row to be written.
#[derive(Clone, Debug)]
pub struct Put {
    /// Where.
    pub place: Place,
    /// Columns and their values.
    pub facts: Value,
}

/// What came of a package.
#[derive(Debug)]
pub enum RecordedPackage {
    /// Nothing new.
    Unchanged,
    /// Known, and shown to the warehouse.
    Changed,
    /// Known, so its units are reserved, but the warehouse's table does not take the row.
    NotShown(StoreError),
}

impl Store {
    /// Of the given packages (id, `lastModifiedDate`, status), those that are known as they are. All
    /// of them are written down as heard of.
    ///
    /// # Errors
    /// [`StoreError::Database`] when the database fails.
    pub async fn known_packages(
        &self,
        told: &[(i64, i64, String)],
        now: DateTime<Utc>,
    ) -> Result<Vec<i64>, StoreError> {
        let doing = StoreError::doing("looking packages up");
        let ids: Vec<i64> = told.iter().map(|(id, _, _)| *id).collect();
        let modified: Vec<i64> = told.iter().map(|(_, ms, _)| *ms).collect();
        let statuses: Vec<String> = told.iter().map(|(_, _, s)| s.clone()).collect();
        sqlx::query!(
            "UPDATE orderwatch.packages SET told_at = $2
             WHERE package_id = ANY($1) AND effect IN ('reserved', 'unknown') AND told_at < $2",
            &ids,
            now
        )
        .execute(&self.pool)
        .await
        .map_err(&doing)?;
        sqlx::query_scalar!(
            "SELECT p.package_id FROM orderwatch.packages p
             JOIN unnest($1::bigint[], $2::bigint[], $3::text[]) AS t (id, modified_ms, status)
               ON t.id = p.package_id
             WHERE p.modified_ms > t.modified_ms
                OR p.modified_ms = t.modified_ms AND p.status = t.status AND p.mirrored",
            &ids,
            &modified,
            &statuses
        )
        .fetch_all(&self.pool)
        .await
        .map_err(&doing)
    }

    /// Records a package and shows its order to the warehouse, as `decide` says.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails; nothing is written then.
    pub async fn record_package(
        &self,
        package: &NewPackage,
        now: DateTime<Utc>,
        decide: impl FnOnce(&OrderPicture) -> Option<Put> + Send,
    ) -> Result<RecordedPackage, StoreError> {
        let work = async {
            let doing = StoreError::doing("recording a package");
            let mut transaction = self.pool.begin().await.map_err(&doing)?;
            lock_order(&mut transaction, &package.order_number).await?;
            let standing = standing(&mut transaction, &package.order_number).await?;
            let (stands, ours) = (standing.stands, standing.ours);
            let moved = standing.is_taken();
            if moved {
                // Before the package changes: what was open when the warehouse took the order was taken.
                take_over(&mut transaction, &package.order_number, now).await?;
            }
            let was_gone = is_gone(&mut transaction, package.package_id).await?;
            match upsert(&mut transaction, package, now).await? {
                None => {
                    transaction.commit().await.map_err(&doing)?;
                    return Ok(RecordedPackage::Unchanged);
                }
                Some(true) => {
                    arrive(&mut transaction, package, moved, now).await?;
                }
                Some(false) => {}
            }
            if !was_gone && gives_back(&package.status) {
                give_items_back(&mut transaction, &package.lines, 1).await?;
            }
            let picture = OrderPicture {
                stands,
                ours,
                packages: packages_of(&mut transaction, &package.order_number).await?,
            };
            let mut part = transaction.begin().await.map_err(&doing)?;
            // Without the mirror the warehouse's application writes its rows itself.
            let wanted = self.mirror.then(|| decide(&picture)).flatten();
            let shown = match wanted {
                Some(put) => show(&mut part, &package.order_number, stands, &put, now).await,
                None => mirrored(&mut part, &package.order_number).await,
            };
            let recorded = match shown {
                Ok(()) => {
                    part.commit().await.map_err(&doing)?;
                    RecordedPackage::Changed
                }
                // The reservation must not wait for a table that does not take the row.
                Err(error) if !error.is_transient() => {
                    part.rollback().await.map_err(&doing)?;
                    RecordedPackage::NotShown(error)
                }
                Err(error) => return Err(error),
            };
            transaction.commit().await.map_err(&doing)?;
            Ok(recorded)
        };
        whole(work, "recording a package").await
    }

    /// Orders whose packages have been open for long and that the feed has not told of lately, and those
    /// that the warehouse's tables did not take: what is told of them again is shown again.
    ///
    /// # Errors
    /// [`StoreError::Database`] when they cannot be read.
    pub async fn forgotten_orders(
        &self,
        seen_before: DateTime<Utc>,
        told_before: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<String>, StoreError> {
        sqlx::query_scalar!(
            "SELECT order_number FROM orderwatch.packages
             WHERE effect IN ('reserved', 'unknown')
               AND (first_seen_at < $1 AND told_at < $2 OR NOT mirrored)
             GROUP BY order_number ORDER BY min(told_at), order_number LIMIT $3",
            seen_before,
            told_before,
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("looking for packages that are open long"))
    }

    /// Orders with an open package whose row the warehouse's tables did not take.
    ///
    /// # Errors
    /// [`StoreError::Database`] when they cannot be read.
    pub async fn unshown_orders(&self) -> Result<Vec<String>, StoreError> {
        sqlx::query_scalar!(
            "SELECT DISTINCT order_number FROM orderwatch.packages
             WHERE effect IN ('reserved', 'unknown') AND NOT mirrored ORDER BY 1"
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("looking for orders that are not shown"))
    }

    /// Writes down that the marketplace was asked about an order.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be written.
    pub async fn order_was_asked(&self, order: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE orderwatch.packages SET told_at = $2 WHERE order_number = $1",
            order,
            now
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("noting that an order was asked about"))?;
        Ok(())
    }

    /// Forgets packages that ended before a time, and where their orders were put. Returns how many.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be written.
    pub async fn forget_packages(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let gone = sqlx::query!(
            "WITH gone AS (
                 DELETE FROM orderwatch.packages
                 WHERE effect NOT IN ('reserved', 'unknown') AND changed_at < $1 AND first_seen_at < $1
                   AND (taken_at IS NOT NULL OR NOT unpicked)
                 RETURNING order_number
             ), places AS (
                 DELETE FROM orderwatch.order_places o
                 WHERE o.order_number IN (SELECT order_number FROM gone) AND o.put_at < $1
             )
             SELECT order_number FROM gone",
            before
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("forgetting old packages"))?;
        Ok(u64::try_from(gone.len()).unwrap_or(u64::MAX))
    }
}

/// One writer per order, whatever it writes.
pub(super) async fn lock_order(
    transaction: &mut Transaction<'_, Postgres>,
    order: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        r#"SELECT pg_advisory_xact_lock(hashtextextended('orderwatch order ' || $1, 0)) AS "locked!: ()""#,
        order
    )
    .execute(&mut **transaction)
    .await
    .map_err(StoreError::doing("waiting for an order"))?;
    Ok(())
}

async fn upsert(
    transaction: &mut Transaction<'_, Postgres>,
    package: &NewPackage,
    now: DateTime<Utc>,
) -> Result<Option<bool>, StoreError> {
    sqlx::query_scalar!(
        r#"INSERT INTO orderwatch.packages AS p
             (package_id, order_number, status, effect, modified_ms, changed_at, first_seen_at,
              told_at, origins, lines, unreadable, content)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $10, $11)
         ON CONFLICT (package_id) DO UPDATE SET
             order_number = EXCLUDED.order_number, status = EXCLUDED.status,
             effect = EXCLUDED.effect, modified_ms = EXCLUDED.modified_ms,
             changed_at = EXCLUDED.changed_at, told_at = EXCLUDED.told_at,
             unpicked = EXCLUDED.effect = 'left'
                 AND (p.unpicked OR p.effect IN ('reserved', 'unknown') AND p.taken_at IS NULL),
             mirrored = false, origins = EXCLUDED.origins, lines = EXCLUDED.lines,
             unreadable = EXCLUDED.unreadable, content = EXCLUDED.content
         WHERE p.modified_ms < EXCLUDED.modified_ms
            OR p.modified_ms = EXCLUDED.modified_ms
               AND (NOT p.mirrored OR p.status <> EXCLUDED.status OR p.lines <> EXCLUDED.lines
                    OR p.origins <> EXCLUDED.origins)
         RETURNING p.xmax = 0 AS "new!""#,
        package.package_id,
        package.order_number,
        package.status.as_str(),
        effect(&package.status),
        package.modified_ms,
        package.changed_at,
        now,
        &package.origins,
        Json(&package.lines) as _,
        Json(&package.unreadable) as _,
        package.content
    )
    .fetch_optional(&mut **transaction)
    .await
    .map_err(StoreError::doing("recording a package"))
}

fn effect(status: &PackageStatus) -> &'static str {
    match status.stock_effect() {
        StockEffect::Reserved => "reserved",
        StockEffect::Left => "left",
        StockEffect::Released => "released",
        StockEffect::Superseded => "superseded",
        StockEffect::Returned => "returned",
        StockEffect::Unknown => "unknown",
    }
}

/// Units that the warehouse took: it has moved the row.
async fn take_over(
    transaction: &mut Transaction<'_, Postgres>,
    order: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE orderwatch.packages SET taken_at = $2
         WHERE order_number = $1 AND taken_at IS NULL AND NOT late
           AND (effect IN ('reserved', 'unknown', 'superseded') OR unpicked)",
        order,
        now
    )
    .execute(&mut **transaction)
    .await
    .map_err(StoreError::doing("noting what the warehouse took"))?;
    Ok(())
}

/// A package that was not known before: it carries on what was taken for another one, or it is late,
/// or it was sold just now.
async fn arrive(
    transaction: &mut Transaction<'_, Postgres>,
    package: &NewPackage,
    moved: bool,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "WITH taken AS (
             SELECT EXISTS (
                 SELECT FROM orderwatch.packages o
                 WHERE o.order_number = $2 AND o.package_id <> $1 AND o.taken_at IS NOT NULL
                   AND CASE WHEN $3::bigint[] = '{}' THEN o.effect IN ('superseded', 'released')
                            ELSE o.package_id = ANY($3) END) AS before
         )
         UPDATE orderwatch.packages p
         SET taken_at = CASE WHEN t.before THEN $5::timestamptz END, late = $4 AND NOT t.before
         FROM taken t WHERE p.package_id = $1",
        package.package_id,
        package.order_number,
        &package.origins,
        moved,
        now
    )
    .execute(&mut **transaction)
    .await
    .map_err(StoreError::doing("recording a new package"))?;
    // What another package carried on was told of before.
    if package.origins.is_empty() {
        tell_items(transaction, &package.lines, package.sold_at).await?;
    } else if package.is_rest {
        give_items_back(transaction, &package.lines, -1).await?;
    }
    Ok(())
}

async fn packages_of(
    transaction: &mut Transaction<'_, Postgres>,
    order: &str,
) -> Result<Vec<OrderPackage>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT package_id, status, changed_at, lines AS "lines: Json<Vec<Line>>", origins, content
           FROM orderwatch.packages WHERE order_number = $1 ORDER BY package_id"#,
        order
    )
    .fetch_all(&mut **transaction)
    .await
    .map_err(StoreError::doing("reading the packages of an order"))?;
    Ok(rows
        .into_iter()
        .map(|row| OrderPackage {
            package_id: row.package_id,
            status: PackageStatus::parse(&row.status),
            changed_at: row.changed_at,
            lines: row.lines.0,
            origins: row.origins,
            content: row.content,
        })
        .collect())
}

/// Since when a package that ended may still hold what other packages carry on.
pub(super) fn closed_since(now: DateTime<Utc>) -> DateTime<Utc> {
    now - crate::stock::reserve::REPLACED_WITHIN.max(crate::stock::reserve::CARRIED_ON_WITHIN)
}
