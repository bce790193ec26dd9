//! Shipment packages, and the rows of the warehouse's application that show their orders.
//!
//! One transaction per package: what is known of it, and the row, are never apart. A record that is
//! older than what is known changes nothing, so the feed may repeat itself in any order.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use sqlx::{Acquire, Postgres, Transaction, types::Json};

use super::{Store, StoreError, pool::whole};
use crate::{
    marketplace::{PackageStatus, StockEffect},
    stock::{place::Place, reserve::Line},
};

/// By how much the marketplace's clock may differ from ours when it is asked whether a sale came before
/// a look. Where it does not matter which, more is taken for overwritten: then less is on sale.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::seconds(10);

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

/// How far a feed was read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Feed {
    /// Everything that changed before is known.
    pub read_until: Option<DateTime<Utc>>,
    /// When a wide pass was last read whole.
    pub wide_at: Option<DateTime<Utc>>,
    /// When a pass was last read whole.
    pub good_at: Option<DateTime<Utc>>,
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
            let (stands, ours) = places(&mut transaction, &package.order_number).await?;
            let moved = is_moved(stands, ours);
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
            let shown = match decide(&picture) {
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

    /// Orders whose packages have been open for long and that the feed has not told of lately.
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
             WHERE effect IN ('reserved', 'unknown') AND first_seen_at < $1 AND told_at < $2
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

    /// How far a feed was read.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be read.
    pub async fn feed(&self, feed: &str) -> Result<Feed, StoreError> {
        let row = sqlx::query_as!(
            Feed,
            "SELECT read_until, wide_at, good_at FROM orderwatch.feeds WHERE feed = $1",
            feed
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(StoreError::doing("reading how far a feed was read"))?;
        Ok(row.unwrap_or_default())
    }

    /// A feed was read whole, up to a time. It never goes back.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be written.
    pub async fn feed_was_read(
        &self,
        feed: &str,
        until: DateTime<Utc>,
        wide: bool,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "INSERT INTO orderwatch.feeds AS f (feed, read_until, good_at, wide_at)
             VALUES ($1, $2::timestamptz, $2, CASE WHEN $3 THEN $2 END)
             ON CONFLICT (feed) DO UPDATE SET
                 read_until = GREATEST(f.read_until, EXCLUDED.read_until),
                 good_at = GREATEST(f.good_at, EXCLUDED.good_at),
                 wide_at = GREATEST(f.wide_at, EXCLUDED.wide_at)",
            feed,
            until,
            wide
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("noting how far a feed was read"))?;
        Ok(())
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

/// The marketplace has lowered its stock by what is in a new package. Where a push has overwritten
/// that, nothing is left of it; where one is open, or the next one comes without a look, it may be
/// overwritten yet.
async fn tell_items(
    transaction: &mut Transaction<'_, Postgres>,
    lines: &[Line],
    sold_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let doing = StoreError::doing("counting what was sold");
    let (barcodes, units) = units_of(lines);
    // First the locks: the pushes are read as they are once no result is being written down.
    sqlx::query!(
        r"SELECT i.barcode FROM orderwatch.stock_items i
          WHERE i.barcode IN (SELECT regexp_replace(t.barcode, '\s', '', 'g')
                              FROM unnest($1::text[]) AS t (barcode))
          ORDER BY i.barcode FOR UPDATE",
        &barcodes
    )
    .fetch_all(&mut **transaction)
    .await
    .map_err(&doing)?;
    sqlx::query!(
        r"WITH sold AS (
              SELECT regexp_replace(t.barcode, '\s', '', 'g') AS barcode, sum(t.units)::integer AS units
              FROM unnest($1::text[], $2::integer[]) AS t (barcode, units) GROUP BY 1
          ), items AS (
              SELECT i.barcode, s.units,
                     CASE WHEN EXISTS (SELECT FROM orderwatch.stock_sends p
                                       WHERE p.barcode = i.barcode
                                         AND $4 >= p.looked_at AND $3 <= p.settled_at) THEN 'doubted'
                          WHEN $4 >= COALESCE(i.looked_at, '-infinity') THEN 'since'
                          ELSE 'told' END AS kind
              FROM orderwatch.stock_items i JOIN sold s ON s.barcode = i.barcode
          )
          UPDATE orderwatch.stock_items i SET
              told = i.told + CASE s.kind WHEN 'told' THEN s.units ELSE 0 END,
              told_since_look = i.told_since_look + CASE s.kind WHEN 'since' THEN s.units ELSE 0 END,
              doubted = i.doubted + CASE s.kind WHEN 'doubted' THEN s.units ELSE 0 END
          FROM items s WHERE i.barcode = s.barcode",
        &barcodes,
        &units,
        sold_at - CLOCKS_DIFFER,
        sold_at + CLOCKS_DIFFER
    )
    .execute(&mut **transaction)
    .await
    .map_err(&doing)?;
    Ok(())
}

/// The marketplace may have put what was in a package back on sale; with a `factor` of -1, what
/// another package carries on it has not.
async fn give_items_back(
    transaction: &mut Transaction<'_, Postgres>,
    lines: &[Line],
    factor: i32,
) -> Result<(), StoreError> {
    let (barcodes, units) = units_of(lines);
    sqlx::query!(
        r"WITH gone AS (
              SELECT regexp_replace(t.barcode, '\s', '', 'g') AS barcode, sum(t.units)::integer AS units
              FROM unnest($1::text[], $2::integer[]) AS t (barcode, units) GROUP BY 1
          ), items AS (
              SELECT i.barcode, g.units FROM orderwatch.stock_items i
              JOIN gone g ON g.barcode = i.barcode ORDER BY i.barcode FOR UPDATE OF i
          )
          UPDATE orderwatch.stock_items i SET given_back = i.given_back + $3 * g.units
          FROM items g WHERE i.barcode = g.barcode",
        &barcodes,
        &units,
        factor
    )
    .execute(&mut **transaction)
    .await
    .map_err(StoreError::doing("noting what was cancelled"))?;
    Ok(())
}

/// Bar codes and their units, side by side.
fn units_of(lines: &[Line]) -> (Vec<String>, Vec<i32>) {
    let units = |line: &Line| i32::try_from(line.quantity).unwrap_or(i32::MAX);
    lines
        .iter()
        .map(|line| (line.barcode.clone(), units(line)))
        .unzip()
}

/// Whether the marketplace may put back on sale what was in a package.
fn gives_back(status: &PackageStatus) -> bool {
    matches!(
        status.stock_effect(),
        StockEffect::Released | StockEffect::Returned
    )
}

/// Whether a package was known to give back what was in it.
async fn is_gone(
    transaction: &mut Transaction<'_, Postgres>,
    package: i64,
) -> Result<bool, StoreError> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM orderwatch.packages
                          WHERE package_id = $1 AND effect IN ('released', 'returned')) AS "gone!""#,
        package
    )
    .fetch_one(&mut **transaction)
    .await
    .map_err(StoreError::doing("looking a package up"))
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

/// Where the row is, and where we put it. Of several rows the furthest counts.
pub(super) async fn places(
    transaction: &mut Transaction<'_, Postgres>,
    order: &str,
) -> Result<(Option<Place>, Option<Place>), StoreError> {
    let row = sqlx::query!(
        r#"SELECT ARRAY(
               SELECT 'created' FROM public.orders_created WHERE order_number = $1
               UNION ALL SELECT 'picking' FROM public.orders_picking WHERE order_number = $1
               UNION ALL SELECT 'shipped' FROM public.orders_shipped WHERE order_number = $1
               UNION ALL SELECT 'delivered' FROM public.orders_delivered WHERE order_number = $1
               UNION ALL SELECT 'cancelled' FROM public.orders_cancelled WHERE order_number = $1
           ) AS "stands!",
           (SELECT place FROM orderwatch.order_places WHERE order_number = $1) AS ours"#,
        order
    )
    .fetch_one(&mut **transaction)
    .await
    .map_err(StoreError::doing("looking for an order's row"))?;
    let stands = row.stands.iter().filter_map(|place| Place::parse(place));
    Ok((stands.max(), row.ours.as_deref().and_then(Place::parse)))
}

/// Whether the warehouse has moved the row to where orders are whose units were taken.
pub(super) fn is_moved(stands: Option<Place>, ours: Option<Place>) -> bool {
    stands.is_some_and(|stands| {
        stands.is_taken() && (stands == Place::Picking || ours != Some(stands))
    })
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

async fn show(
    transaction: &mut Transaction<'_, Postgres>,
    order: &str,
    stands: Option<Place>,
    put: &Put,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    put_order(transaction, order, stands, put, now).await?;
    mirrored(transaction, order).await
}

/// Writes the row where it belongs, and remembers where that is.
pub(super) async fn put_order(
    transaction: &mut Transaction<'_, Postgres>,
    order: &str,
    stands: Option<Place>,
    put: &Put,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let doing = StoreError::doing("writing an order into the warehouse's table");
    sqlx::query!(
        r#"SELECT orderwatch.put_order($1, $2, $3, $4) AS "put!: ()""#,
        order,
        stands.map(Place::as_str),
        put.place.as_str(),
        put.facts
    )
    .execute(&mut **transaction)
    .await
    .map_err(&doing)?;
    sqlx::query!(
        "INSERT INTO orderwatch.order_places AS o (order_number, place, put_at)
         SELECT $1, $2, $3 WHERE $4::text IS DISTINCT FROM $2 OR $2 = 'created'
         ON CONFLICT (order_number) DO UPDATE SET place = EXCLUDED.place, put_at = EXCLUDED.put_at
         WHERE o.place <> EXCLUDED.place",
        order,
        put.place.as_str(),
        now,
        // A row that the warehouse has put there stays marked as such.
        stands.map(Place::as_str)
    )
    .execute(&mut **transaction)
    .await
    .map_err(&doing)?;
    Ok(())
}

async fn mirrored(
    transaction: &mut Transaction<'_, Postgres>,
    order: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE orderwatch.packages SET mirrored = true WHERE order_number = $1 AND NOT mirrored",
        order
    )
    .execute(&mut **transaction)
    .await
    .map_err(StoreError::doing("noting that an order is shown"))?;
    Ok(())
}

/// How long a package that holds units without being open is looked at.
pub(super) fn closed_since(now: DateTime<Utc>) -> DateTime<Utc> {
    let longest = crate::stock::reserve::COUNTED_WITHIN.max(crate::stock::reserve::REPLACED_WITHIN);
    now - longest.max(TimeDelta::zero())
}
