//! What a package did to the figures that the marketplace has on sale, kept for the next look at them.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{Postgres, Transaction};

use super::StoreError;
use crate::{
    marketplace::{PackageStatus, StockEffect},
    stock::reserve::Line,
};

/// By how much the marketplace's clock may differ from ours when it is asked whether a sale came before
/// a look. Where it does not matter which, more is taken for overwritten: then less is on sale.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::seconds(10);

/// The marketplace has lowered its stock by what is in a new package. Where a push has overwritten
/// that, nothing is left of it; where one is open, or the next one comes without a look, it may be
/// overwritten yet.
pub(super) async fn tell_items(
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
pub(super) async fn give_items_back(
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
pub(super) fn gives_back(status: &PackageStatus) -> bool {
    matches!(
        status.stock_effect(),
        StockEffect::Released | StockEffect::Returned
    )
}

/// Whether a package was known to give back what was in it.
pub(super) async fn is_gone(
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
