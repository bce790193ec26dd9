//! Shipment packages, and the rows of the warehouse's application that show their orders.
//!
//! One transaction per package: what is known of it, and the row, are never apart. A record that is
//! older than what is known changes nothing, so the feed may repeat itself in any order.

use std::collections::{BTreeSet, HashSet};

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{Acquire as _, Postgres, Transaction, types::Json};

use super::{
    Store, StoreError,
    order_places::{mirrored, show, standing},
    package_rows::packages_of,
    pool::whole,
};
use crate::{
    marketplace::{PackageStatus, StockEffect},
    stock::{
        owed::{RESTED_AFTER, Settled, settle},
        place::Place,
        reserve::{Held, Line},
    },
};

/// A package as the marketplace told of it.
#[derive(Clone, Debug)]
pub struct NewPackage {
    /// `shipmentPackageId`; negative where there is none yet.
    pub package_id: i64,
    /// Its order.
    pub order_number: String,
    /// Where it stands.
    pub status: PackageStatus,
    /// Why there is it.
    pub created_by: Option<String>,
    /// `lastModifiedDate` in milliseconds; 0 where there is none.
    pub modified_ms: i64,
    /// The same as a time.
    pub changed_at: DateTime<Utc>,
    /// When the customer bought it: from then on the marketplace's stock was lower by it.
    pub sold_at: DateTime<Utc>,
    /// The packages that it replaces.
    pub origins: Vec<i64>,
    /// What is in it.
    pub lines: Vec<Line>,
    /// Parts of it that could not be read.
    pub unreadable: Vec<String>,
    /// What the warehouse's tables show of it.
    pub content: Value,
    /// The same for equal records only.
    pub fingerprint: [u8; 32],
}

/// A package of an order, for the decision where the order's row belongs.
#[derive(Clone, Debug)]
pub struct OrderPackage {
    /// What it means for the stock.
    pub held: Held,
    /// `lastModifiedDate`, or when it was read.
    pub changed_at: DateTime<Utc>,
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
    Changed(Change),
    /// Known, so its units are reserved, but the warehouse's table does not take the row.
    NotShown(Change, StoreError),
}

/// What a record has changed.
#[derive(Clone, Debug)]
pub struct Change {
    /// When its units were sold, where they are new: it begins an order.
    pub sold_at: Option<DateTime<Utc>>,
    /// What the packages of its order hold or held, as it came.
    pub barcodes: BTreeSet<String>,
}

impl Store {
    /// Of the given packages, the places of those that are known as they are, or better: one package may
    /// be told of twice. All of them are written down as heard of.
    ///
    /// # Errors
    /// [`StoreError::Database`] when the database fails.
    pub async fn known_packages(
        &self,
        told: &[NewPackage],
        now: DateTime<Utc>,
    ) -> Result<HashSet<usize>, StoreError> {
        let doing = StoreError::doing("looking packages up");
        let ids: Vec<i64> = told.iter().map(|package| package.package_id).collect();
        let modified: Vec<i64> = told.iter().map(|package| package.modified_ms).collect();
        let prints = told.iter().map(|package| package.fingerprint.to_vec());
        let prints: Vec<Vec<u8>> = prints.collect();
        sqlx::query!(
            "UPDATE orderwatch.packages SET told_at = $2, asked_in_vain = 0
             WHERE package_id = ANY($1) AND effect IN ('reserved', 'unknown') AND told_at < $2",
            &ids,
            now
        )
        .execute(&self.pool)
        .await
        .map_err(&doing)?;
        let places = sqlx::query_scalar!(
            r#"SELECT t.place AS "place!" FROM orderwatch.packages p
             JOIN unnest($1::bigint[], $2::bigint[], $3::bytea[])
                  WITH ORDINALITY AS t (id, modified_ms, fingerprint, place) ON t.id = p.package_id
             WHERE t.modified_ms > 0 AND p.modified_ms > t.modified_ms
                OR p.fingerprint = t.fingerprint AND p.mirrored"#,
            &ids,
            &modified,
            &prints
        )
        .fetch_all(&self.pool)
        .await
        .map_err(&doing)?;
        let places = places
            .into_iter()
            .filter_map(|place| usize::try_from(place - 1).ok());
        Ok(places.collect())
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
            let order = package.order_number.as_str();
            lock_order(&mut transaction, order).await?;
            let standing = standing(&mut transaction, order).await?;
            if standing.is_taken() {
                // Before the package changes: what was open when the warehouse took the order was taken.
                take_over(&mut transaction, order, now).await?;
            }

            let known = known(&mut transaction, package.package_id).await?;
            if known.as_ref().is_some_and(|known| !package.is_news(known)) {
                transaction.commit().await.map_err(&doing)?;
                return Ok(RecordedPackage::Unchanged);
            }
            upsert(
                &mut transaction,
                package,
                known.as_ref(),
                standing.is_taken(),
                now,
            )
            .await?;
            let mut packages = packages_of(&mut transaction, order).await?;
            let held: Vec<Held> = packages
                .iter()
                .map(|package| package.held.clone())
                .collect();
            let settled = settle(&held);
            if known.is_some() || held.len() > 1 || !settled.owing.is_empty() {
                settle_order(&mut transaction, order, &settled, now).await?;
            }
            packages.retain(|package| !settled.replaced.contains(&package.held.package_id));
            if settled.replaced.contains(&package.package_id) {
                // It stood for packages that are known.
                transaction.commit().await.map_err(&doing)?;
                return Ok(RecordedPackage::Unchanged);
            }

            let change = package.change(known, &held, &settled);
            let picture = OrderPicture {
                stands: standing.stands,
                ours: standing.ours,
                packages,
            };
            let mut part = transaction.begin().await.map_err(&doing)?;
            // Without the mirror the warehouse's application writes its rows itself.
            let wanted = self.mirror.then(|| decide(&picture)).flatten();
            let shown = match wanted {
                Some(put) => show(&mut part, order, standing.stands, &put, now).await,
                None => mirrored(&mut part, order).await,
            };
            let recorded = match shown {
                Ok(()) => {
                    part.commit().await.map_err(&doing)?;
                    RecordedPackage::Changed(change)
                }
                // The reservation must not wait for a table that does not take the row.
                Err(error) if !error.is_transient() => {
                    part.rollback().await.map_err(&doing)?;
                    RecordedPackage::NotShown(change, error)
                }
                Err(error) => return Err(error),
            };
            transaction.commit().await.map_err(&doing)?;
            Ok(recorded)
        };
        whole(work, "recording a package").await
    }

    /// Orders whose packages have been open for long and that the feed has not told of lately, and those
    /// that the warehouse's tables did not take: what is told of them again is shown again. Last those of
    /// which nothing but a status is open that nobody knows, and more and more seldom those about which
    /// the marketplace does not answer: there may be many, and asking does not end them.
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
               AND (asked_in_vain = 0 OR told_at < $2 - interval '12 hours' * LEAST(GREATEST(asked_in_vain - 2, 0), 14))
             GROUP BY order_number
             ORDER BY bool_and(effect = 'unknown'), min(told_at), order_number LIMIT $3",
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

    /// Writes down that the marketplace was asked about an order at a time, and which open packages its
    /// answer did not tell of.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be written.
    pub async fn order_was_asked(
        &self,
        order: &str,
        asked_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE orderwatch.packages
             SET told_at = $3,
                 asked_in_vain = CASE WHEN told_at < $2 AND effect IN ('reserved', 'unknown')
                                      THEN asked_in_vain + 1 ELSE 0 END
             WHERE order_number = $1",
            order,
            asked_at,
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
                   AND (taken_at IS NOT NULL OR NOT unpicked AND NOT owing)
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

/// A package as it is known.
struct Known {
    status: PackageStatus,
    modified_ms: i64,
    fingerprint: Option<Vec<u8>>,
    mirrored: bool,
    lines: Vec<Line>,
}

async fn known(
    transaction: &mut Transaction<'_, Postgres>,
    package: i64,
) -> Result<Option<Known>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT status, modified_ms, fingerprint, mirrored, lines AS "lines: Json<Vec<Line>>"
           FROM orderwatch.packages WHERE package_id = $1"#,
        package
    )
    .fetch_optional(&mut **transaction)
    .await
    .map_err(StoreError::doing("looking a package up"))?;
    Ok(row.map(|row| Known {
        status: PackageStatus::parse(&row.status),
        modified_ms: row.modified_ms,
        fingerprint: row.fingerprint,
        mirrored: row.mirrored,
        lines: row.lines.0,
    }))
}

impl NewPackage {
    /// Whether a record is newer than what is known, or says more at the same time. Where a time is
    /// missing or both are the same, the package's life decides: it goes in one direction.
    fn is_news(&self, known: &Known) -> bool {
        let is_new = |line: &Line| !known.lines.contains(line);
        let differs = if self.package_id > 0 {
            known.fingerprint.as_deref() != Some(&self.fingerprint[..])
        } else {
            self.lines.iter().any(is_new)
        };
        if self.modified_ms > 0 && known.modified_ms > 0 && self.modified_ms != known.modified_ms {
            return self.modified_ms > known.modified_ms;
        }
        if self.status == known.status {
            let is_dated = self.modified_ms > 0 || known.modified_ms == 0;
            return differs && is_dated || !known.mirrored;
        }
        self.status.progress() > known.status.progress()
    }

    fn change(&self, known: Option<Known>, packages: &[Held], settled: &Settled) -> Change {
        let begins = known.is_none() && settled.begins.contains(&self.package_id);
        let before = known.into_iter().flat_map(|known| known.lines);
        let lines = packages.iter().flat_map(|package| package.lines.clone());
        Change {
            sold_at: begins.then_some(self.sold_at),
            barcodes: before.chain(lines).map(|line| line.barcode).collect(),
        }
    }

    /// Two packages of an order without an id stand in one row: what only the other one had stays.
    fn lines_with(&self, known: Option<&Known>) -> Vec<Line> {
        let mut lines = self.lines.clone();
        let known = known.filter(|_| self.package_id < 0);
        for line in known.iter().flat_map(|known| &known.lines) {
            let is_same = |other: &Line| match (line.line_id, other.line_id) {
                (Some(one), Some(two)) => one == two,
                _ => line.barcode == other.barcode,
            };
            if !self.lines.iter().any(is_same) {
                lines.push(line.clone());
            }
        }
        lines
    }
}

/// Writes a package down. One that comes after the warehouse has moved its order is late: its units were
/// not among those that were taken. One that a person has released is reserved again when the
/// marketplace tells that it lives on.
async fn upsert(
    transaction: &mut Transaction<'_, Postgres>,
    package: &NewPackage,
    known: Option<&Known>,
    moved: bool,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        r#"INSERT INTO orderwatch.packages AS p
             (package_id, order_number, status, effect, modified_ms, changed_at, first_seen_at,
              told_at, origins, lines, unreadable, content, created_by, transferred, recorded_at,
              fingerprint, late)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $10, $11, $12, $12 IS NOT DISTINCT FROM 'transfer',
                 $7, $13, $14)
         ON CONFLICT (package_id) DO UPDATE SET
             order_number = EXCLUDED.order_number, status = EXCLUDED.status,
             effect = EXCLUDED.effect, modified_ms = GREATEST(p.modified_ms, EXCLUDED.modified_ms),
             changed_at = EXCLUDED.changed_at, told_at = EXCLUDED.told_at, asked_in_vain = 0,
             unpicked = EXCLUDED.effect = 'left'
                 AND (p.unpicked OR p.effect IN ('reserved', 'unknown') AND p.taken_at IS NULL),
             mirrored = false, origins = EXCLUDED.origins, lines = EXCLUDED.lines,
             unreadable = EXCLUDED.unreadable, content = EXCLUDED.content,
             -- Passed on or not, it still began the order.
             created_by = CASE WHEN EXCLUDED.transferred THEN p.created_by
                               ELSE COALESCE(EXCLUDED.created_by, p.created_by) END,
             transferred = p.transferred OR EXCLUDED.transferred,
             recorded_at = CASE WHEN p.fingerprint IS DISTINCT FROM EXCLUDED.fingerprint
                                THEN EXCLUDED.recorded_at ELSE p.recorded_at END,
             fingerprint = EXCLUDED.fingerprint,
             taken_at = CASE WHEN p.released_at IS NOT NULL AND NOT p.transferred
                              AND EXCLUDED.effect IN ('reserved', 'unknown')
                             THEN NULL ELSE p.taken_at END,
             released_at = CASE WHEN p.transferred OR EXCLUDED.effect NOT IN ('reserved', 'unknown')
                                THEN p.released_at END"#,
        package.package_id,
        package.order_number,
        package.status.as_str(),
        effect(&package.status),
        package.modified_ms,
        package.changed_at,
        now,
        &package.origins,
        Json(package.lines_with(known)) as _,
        Json(&package.unreadable) as _,
        package.content,
        package.created_by,
        &package.fingerprint[..],
        moved
    )
    .execute(&mut **transaction)
    .await
    .map_err(StoreError::doing("recording a package"))?;
    Ok(())
}

/// What the packages of an order say of each other: what stood for others goes, and what carries on
/// units that were taken has none to be taken.
async fn settle_order(
    transaction: &mut Transaction<'_, Postgres>,
    order: &str,
    settled: &Settled,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let doing = StoreError::doing("settling the packages of an order");
    if !settled.replaced.is_empty() {
        sqlx::query!(
            "DELETE FROM orderwatch.packages WHERE package_id = ANY($1)",
            &settled.replaced
        )
        .execute(&mut **transaction)
        .await
        .map_err(&doing)?;
    }
    sqlx::query!(
        "UPDATE orderwatch.packages SET
             owing = package_id = ANY($2),
             taken_at = CASE WHEN package_id = ANY($3) THEN $4 ELSE taken_at END
         WHERE order_number = $1
           AND (owing <> (package_id = ANY($2)) OR package_id = ANY($3) AND taken_at IS NULL)",
        order,
        &settled.owing,
        &settled.taken,
        now
    )
    .execute(&mut **transaction)
    .await
    .map_err(&doing)?;
    Ok(())
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

/// Since when a package that ended may still hold what other packages carry on.
pub(super) fn closed_since(now: DateTime<Utc>) -> DateTime<Utc> {
    now - RESTED_AFTER
}
