//! Recording a package: what is known of it, and the warehouse's row of its order.
//!
//! One transaction per package, so the two are never apart. A record that is older than what is known
//! changes nothing, so the feed may repeat itself in any order.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sqlx::types::Json;

use super::{
    RecordedPackage, Store, StoreError, Transaction,
    order_delays::measure,
    order_places::{Standing, mirrored, show, standing},
    package_rows::packages_of,
    packages::lock_order,
    pool::whole,
    stock_items::{count_sale, touch},
};
use crate::stock::{
    Barcode, PackageStatus, StockEffect,
    held::{HeldLine, HeldPackage},
    mirror::{self, MirroredPackage},
    names::fold,
    owed::{Settled, settle},
    package_record::{KnownPackage, PackageRecord},
};

impl Store {
    /// Records a package, and shows its order to the warehouse. `None` where it is no news. When the
    /// database fails, nothing is written.
    pub(crate) async fn record_package(
        &self,
        package: &PackageRecord,
        now: DateTime<Utc>,
    ) -> Result<Option<RecordedPackage>, StoreError> {
        let work = async {
            let doing = StoreError::doing("recording a package");
            let mut transaction = self.pool.begin().await.map_err(&doing)?;
            let order = package.order_number.as_str();
            // Before anything is read: what follows is decided by the packages as they stand.
            lock_order(&mut transaction, order).await?;

            let standing = standing(&mut transaction, order).await?;
            let news = record(&mut transaction, package, standing, now).await?;
            let Some((begins, packages)) = news else {
                transaction.commit().await.map_err(&doing)?;
                return Ok(None);
            };

            let mut part = transaction.begin().await.map_err(&doing)?;
            // Without the mirror the warehouse's application writes its rows itself.
            let places = (standing.stands, standing.ours);
            let row = self
                .mirror
                .then(|| mirror::row(order, &packages, places, now));
            let shown = match row.flatten() {
                Some(row) => show(&mut part, order, standing.stands, &row, now).await,
                None => mirrored(&mut part, order).await,
            };

            let not_shown = match shown {
                Ok(()) => {
                    part.commit().await.map_err(&doing)?;
                    None
                }
                // The reservation must not wait for a table that does not take the row.
                Err(error) if !error.is_transient() => {
                    part.rollback().await.map_err(&doing)?;
                    Some(error)
                }
                Err(error) => return Err(error),
            };

            transaction.commit().await.map_err(&doing)?;
            Ok(Some(RecordedPackage { begins, not_shown }))
        };

        whole(work, "recording a package").await
    }
}

/// Writes a record down, and what follows for the packages of its order. Returns whether it begins the
/// order, and the packages; `None` where it is no news.
async fn record(
    transaction: &mut Transaction<'_>,
    package: &PackageRecord,
    standing: Standing,
    now: DateTime<Utc>,
) -> Result<Option<(bool, Vec<MirroredPackage>)>, StoreError> {
    let (order, moved) = (package.order_number.as_str(), standing.is_taken());
    if moved {
        // Before the package changes: what was open when the warehouse took the order was taken.
        take_over(transaction, order, now).await?;
    }
    let known = known(transaction, package.package_id).await?;
    if known.as_ref().is_some_and(|known| !package.is_news(known)) {
        return Ok(None);
    }

    upsert(transaction, package, known.as_ref(), standing, now).await?;
    let mut packages = packages_of(transaction, order).await?;
    let held: Vec<HeldPackage> = packages.iter().map(|p| p.held.clone()).collect();
    let settled = settle(&held);
    // A first package that stands alone has nothing to settle: the common case costs no write.
    if known.is_some() || held.len() > 1 || !settled.owing.is_empty() {
        settle_order(transaction, order, &settled, now).await?;
    }
    // It stood for packages that are known.
    if settled.replaced.contains(&package.package_id) {
        return Ok(None);
    }
    packages.retain(|p| !settled.replaced.contains(&p.held.package_id));

    // One that was known is no new sale, whatever the account says now.
    let begins = known.is_none() && settled.begins.contains(&package.package_id);
    // Also what it held before: a line that is gone frees its units.
    let before = known.iter().flat_map(|known| &known.lines);
    watch(
        transaction,
        before.chain(held.iter().flat_map(|p| &p.lines)),
        now,
    )
    .await?;

    if begins {
        count_order(transaction, package, now).await?;
    }

    Ok(Some((begins, packages)))
}

/// The products of an order's lines are compared soon.
async fn watch(
    transaction: &mut Transaction<'_>,
    lines: impl Iterator<Item = &HeldLine>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    // What is no barcode cannot be on sale, so there is nothing to compare.
    let barcodes = lines.filter_map(|line| Barcode::parse(&line.barcode).ok());
    let barcodes: BTreeSet<Barcode> = barcodes.collect();
    let names: Vec<&str> = barcodes.iter().map(Barcode::as_str).collect();
    touch(&mut *transaction, &names, now).await?;
    // What is watched is compared now, not only at the next turn.
    wake_turns(transaction).await
}

/// A package that begins an order shows how fast its products sell, and how late the feed is.
async fn count_order(
    transaction: &mut Transaction<'_>,
    package: &PackageRecord,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let mut units: BTreeMap<Barcode, u32> = BTreeMap::new();
    for line in &package.lines {
        if let Ok(barcode) = Barcode::parse(&line.barcode) {
            // Two lines of one product are one sale of it.
            let sum = units.entry(barcode).or_default();
            *sum = sum.saturating_add(line.quantity);
        }
    }

    for (barcode, units) in &units {
        count_sale(transaction, barcode, *units, package.sold_at).await?;
    }
    measure(transaction, package.sold_at, now).await
}

/// Not with the queue of notices half full, which could fail the commit: the turns also come by themselves.
async fn wake_turns(transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
    sqlx::query!(
        r#"SELECT pg_notify('orderwatch_stock', '') AS "notified!: ()"
           WHERE pg_notification_queue_usage() < 0.5"#
    )
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::doing("waking the stock turns"))?;
    Ok(())
}

async fn known(
    transaction: &mut Transaction<'_>,
    package: i64,
) -> Result<Option<KnownPackage>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT status, modified_ms, fingerprint, mirrored, lines AS "lines: Json<Vec<HeldLine>>"
           FROM orderwatch.packages WHERE package_id = $1"#,
        package
    )
    .fetch_optional(&mut *transaction)
    .await
    .map_err(StoreError::doing("looking a package up"))?;

    Ok(row.map(|row| KnownPackage {
        status: PackageStatus::parse(&row.status),
        modified_ms: row.modified_ms,
        fingerprint: row.fingerprint,
        mirrored: row.mirrored,
        lines: row.lines.0,
    }))
}

/// Writes a package down. `standing`: where the warehouse has its order.
async fn upsert(
    transaction: &mut Transaction<'_>,
    package: &PackageRecord,
    known: Option<&KnownPackage>,
    standing: Standing,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let lines = package.lines_with(known);
    let barcodes: Vec<String> = lines.iter().map(|line| fold(&line.barcode)).collect();

    // One that comes after the warehouse has moved its order is late: its units were not among those that were taken.
    // Not so the first of its order: the warehouse was faster than the feed. One that has left when it is first seen
    // was not taken where the order still waits, or where it carries on what is held. One that a person has released is
    // reserved again when the marketplace shows that it lives.
    sqlx::query!(
        r#"INSERT INTO orderwatch.packages AS p
             (package_id, order_number, status, effect, modified_ms, changed_at, first_seen_at,
              last_seen_at, origins, lines, unreadable, content, created_by, transferred, recorded_at,
              fingerprint, late, barcodes, unpicked)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $10, $11, $12, $12 IS NOT DISTINCT FROM 'transfer',
                 $7, $13, $14 AND EXISTS (SELECT FROM orderwatch.packages o WHERE o.order_number = $2), $15,
                 $4 = 'left' AND ($16 OR EXISTS (
                     SELECT FROM orderwatch.packages o
                     WHERE o.order_number = $2 AND o.taken_at IS NULL
                       AND o.effect IN ('reserved', 'unknown', 'superseded'))))
         ON CONFLICT (package_id) DO UPDATE SET
             order_number = EXCLUDED.order_number, status = EXCLUDED.status,
             effect = EXCLUDED.effect, modified_ms = GREATEST(p.modified_ms, EXCLUDED.modified_ms),
             changed_at = EXCLUDED.changed_at, last_seen_at = EXCLUDED.last_seen_at, asked_in_vain = 0,
             unpicked = EXCLUDED.effect = 'left'
                 AND (p.unpicked OR p.effect IN ('reserved', 'unknown') AND p.taken_at IS NULL),
             mirrored = false, origins = EXCLUDED.origins, lines = EXCLUDED.lines,
             unreadable = EXCLUDED.unreadable, content = EXCLUDED.content,
             barcodes = EXCLUDED.barcodes,
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
        Json(lines) as _,
        Json(&package.unreadable) as _,
        package.content,
        package.created_by,
        &package.fingerprint[..],
        standing.is_taken(),
        &barcodes,
        standing.waits()
    )
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::doing("recording a package"))?;

    Ok(())
}

/// What the packages of an order say of each other: what stood for others goes, and what carries on
/// units that were taken has none to be taken.
async fn settle_order(
    transaction: &mut Transaction<'_>,
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
        .execute(&mut *transaction)
        .await
        .map_err(&doing)?;
    }

    // Only rows that really change: most records change nothing for the other packages.
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
    .execute(&mut *transaction)
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
    transaction: &mut Transaction<'_>,
    order: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    // Not a late one: it was not there when the units were taken.
    sqlx::query!(
        "UPDATE orderwatch.packages SET taken_at = $2
         WHERE order_number = $1 AND taken_at IS NULL AND NOT late
           AND (effect IN ('reserved', 'unknown', 'superseded') OR unpicked)",
        order,
        now
    )
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::doing("noting what the warehouse took"))?;
    Ok(())
}
