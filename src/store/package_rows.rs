//! Packages as they are read for the stock. All of an order's packages are read together: what one of them
//! holds depends on the others.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;

use super::{StoreError, Transaction};
use crate::stock::{
    CreatedBy, PackageStatus,
    held::{HeldLine, HeldPackage},
    mirror::MirroredPackage,
};

/// The columns of a package that matter for the stock.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts of a package"
)]
pub(super) struct PackageRow {
    pub(super) package_id: i64,
    pub(super) order_number: String,
    pub(super) status: String,
    pub(super) created_by: Option<String>,
    pub(super) changed_at: DateTime<Utc>,
    pub(super) since: DateTime<Utc>,
    pub(super) lines: Json<Vec<HeldLine>>,
    pub(super) origins: Vec<i64>,
    pub(super) unreadable: Json<Vec<String>>,
    pub(super) taken: bool,
    pub(super) unpicked: bool,
    pub(super) late: bool,
    pub(super) released: bool,
    pub(super) transferred: bool,
    pub(super) asked_in_vain: i32,
    pub(super) content: Option<Value>,
}

impl PackageRow {
    /// `moved`: whether the warehouse has taken the order, which takes all but what came later.
    pub(super) fn held(self, moved: bool) -> HeldPackage {
        HeldPackage {
            package_id: self.package_id,
            status: PackageStatus::parse(&self.status),
            created_by: self.created_by.as_deref().map(CreatedBy::parse),
            since: self.since,
            lines: self.lines.0,
            origins: self.origins,
            // A late one came after the warehouse had taken the order.
            taken: self.taken || moved && !self.late,
            unpicked: self.unpicked,
            released: self.released,
            transferred: self.transferred,
            asked_in_vain: self.asked_in_vain,
            order_number: self.order_number,
        }
    }
}

/// The packages of an order.
pub(super) async fn rows_of(
    transaction: &mut Transaction<'_>,
    order: &str,
) -> Result<Vec<PackageRow>, StoreError> {
    sqlx::query_as!(
        PackageRow,
        r#"SELECT package_id, order_number, status, created_by, changed_at,
                  GREATEST(changed_at, recorded_at) AS "since!", lines AS "lines: _", origins,
                  unreadable AS "unreadable: _", taken_at IS NOT NULL AS "taken!", unpicked, late,
                  released_at IS NOT NULL AS "released!", transferred, asked_in_vain,
                  content AS "content?"
           FROM orderwatch.packages WHERE order_number = $1 ORDER BY package_id"#,
        order
    )
    .fetch_all(&mut *transaction)
    .await
    .map_err(StoreError::doing("reading the packages of an order"))
}

/// The packages of an order with what the warehouse is shown of them.
pub(super) async fn packages_of(
    transaction: &mut Transaction<'_>,
    order: &str,
) -> Result<Vec<MirroredPackage>, StoreError> {
    let rows = rows_of(transaction, order).await?;
    let packages = rows.into_iter().map(|mut row| MirroredPackage {
        changed_at: row.changed_at,
        content: row.content.take().unwrap_or_default(),
        held: row.held(false),
    });
    Ok(packages.collect())
}

/// All packages of orders in which something may be held: something is open, or left without being
/// taken, or was dissolved and is not in other packages, or ended after `closed_since`. `barcodes`, folded,
/// leaves out orders that have none of them.
pub(super) async fn open_rows(
    transaction: &mut Transaction<'_>,
    closed_since: DateTime<Utc>,
    barcodes: Option<&[String]>,
) -> Result<Vec<PackageRow>, StoreError> {
    let rows = sqlx::query_as!(
        PackageRow,
        r#"-- Barcode by barcode: of hundreds at once, a GIN index would compare each with each.
           WITH untaken AS (
               SELECT p.* FROM unnest($2::text[] || '{*}'::text[]) AS n (name)
               CROSS JOIN LATERAL (
                   SELECT order_number, effect, unpicked, owing, changed_at, recorded_at
                   FROM orderwatch.packages
                   WHERE COALESCE(barcodes, '{*}'::text[]) @> ARRAY[n.name] AND taken_at IS NULL OFFSET 0
               ) p
               WHERE $2 IS NOT NULL
               UNION ALL
               SELECT order_number, effect, unpicked, owing, changed_at, recorded_at
               FROM orderwatch.packages WHERE $2 IS NULL AND taken_at IS NULL
           ), open AS (
               SELECT DISTINCT order_number FROM untaken
               WHERE effect IN ('reserved', 'unknown') OR unpicked OR owing
                  OR effect IN ('superseded', 'released') AND GREATEST(changed_at, recorded_at) > $1
           )
           SELECT p.package_id, p.order_number, p.status, p.created_by, p.changed_at,
                  GREATEST(p.changed_at, p.recorded_at) AS "since!", p.lines AS "lines: _", p.origins,
                  p.unreadable AS "unreadable: _", p.taken_at IS NOT NULL AS "taken!", p.unpicked,
                  p.late, p.released_at IS NOT NULL AS "released!", p.transferred, p.asked_in_vain,
                  NULL::jsonb AS "content?"
           FROM open o
           CROSS JOIN LATERAL (
               SELECT * FROM orderwatch.packages WHERE order_number = o.order_number OFFSET 0
           ) p
           ORDER BY p.package_id"#,
        closed_since,
        barcodes as _
    )
    .fetch_all(&mut *transaction)
    .await;

    rows.map_err(StoreError::doing("reading open packages"))
}
