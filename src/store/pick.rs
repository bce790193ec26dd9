//! Taking an order's units from the shelves, in one transaction.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::{Postgres, Transaction, types::Json};

use super::{
    Put, Store, StoreError,
    order_places::{is_moved, places, put_order},
    packages::lock_order,
    pool::whole,
};
use crate::{
    marketplace::PackageStatus,
    stock::{
        details::Row,
        pick::{OnShelf, Take, take},
        place::Place,
        reserve::{Held, Line, REPLACED_WITHIN},
    },
};

/// What is to be picked.
#[derive(Clone, Copy, Debug)]
pub struct PickAsk<'a> {
    /// `order_number`.
    pub order: &'a str,
    /// The shelf to take from first.
    pub shelf: Option<&'a str>,
    /// Who picks.
    pub by: &'a str,
    /// Whether everything is only looked at.
    pub dry_run: bool,
    /// The time.
    pub now: DateTime<Utc>,
}

/// Units of one product that an order needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PickLine {
    /// Which.
    pub barcode: String,
    /// How many.
    pub units: i32,
}

/// What was taken of one product.
#[derive(Clone, Debug)]
pub struct PickedLine {
    /// Which, and how many were needed.
    pub line: PickLine,
    /// From which shelves.
    pub takes: Vec<Take>,
    /// Units by which `central_stock` fell.
    pub from_stock: i32,
    /// `central_stock.qty` afterwards; `None` when it does not have the product.
    pub qty: Option<i32>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum Picked {
    /// The units were taken.
    Taken {
        /// Product by product.
        lines: Vec<PickedLine>,
        /// Packages of which the marketplace will be told.
        told: usize,
    },
    /// They were taken before.
    Already(Place),
    /// The order was cancelled.
    Cancelled,
    /// Payment is pending, or the order's row is not there: nothing may be sent yet.
    NotReady,
    /// It has no lines that could be read.
    NoLines,
    /// Nobody knows the order.
    Unknown,
}

impl Store {
    /// Takes the units of an order: from the shelves, from `central_stock`, and the order moves to
    /// `orders_picking`. `lines` tells what the packages and rows of an order need.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails; nothing was taken then.
    pub async fn pick(
        &self,
        ask: PickAsk<'_>,
        lines: impl FnOnce(&[Held], &[Row], DateTime<Utc>) -> Vec<PickLine> + Send,
    ) -> Result<Picked, StoreError> {
        let work = async {
            let doing = StoreError::doing("picking an order");
            let mut transaction = self.pool.begin().await.map_err(&doing)?;
            lock_order(&mut transaction, ask.order).await?;
            let (stands, ours) = places(&mut transaction, ask.order).await?;
            let (packages, owed) =
                held(&mut transaction, ask.order, is_moved(stands, ours)).await?;
            let picked = match stands {
                Some(place) if place.is_taken() && !owed => Picked::Already(place),
                Some(Place::Cancelled) => Picked::Cancelled,
                None if packages.is_empty() => Picked::Unknown,
                None => Picked::NotReady,
                Some(stands) => {
                    let rows = row(&mut transaction, ask.order).await?;
                    let rows = if packages.is_empty() {
                        rows
                    } else {
                        Vec::new()
                    };
                    let needed = lines(&packages, &rows, ask.now);
                    if needed.is_empty() {
                        Picked::NoLines
                    } else {
                        take_all(&mut transaction, ask, stands, needed).await?
                    }
                }
            };
            if ask.dry_run {
                transaction.rollback().await.map_err(&doing)?;
            } else {
                transaction.commit().await.map_err(&doing)?;
            }
            Ok(picked)
        };
        whole(work, "picking an order").await
    }
}

async fn take_all(
    transaction: &mut Transaction<'_, Postgres>,
    ask: PickAsk<'_>,
    stands: Place,
    needed: Vec<PickLine>,
) -> Result<Picked, StoreError> {
    let mut lines = Vec::new();
    for line in needed {
        lines.push(take_line(transaction, ask, line).await?);
    }
    if stands == Place::Created {
        let at = json!(ask.now.naive_utc());
        let facts = json!({
            "status": "Picking", "updated_at": at, "picking_start_time": at, "picked_by": ask.by,
        });
        let put = Put {
            place: Place::Picking,
            facts,
        };
        put_order(transaction, ask.order, Some(stands), &put, ask.now).await?;
    }
    let told = mark(transaction, ask).await?;
    Ok(Picked::Taken { lines, told })
}

async fn take_line(
    transaction: &mut Transaction<'_, Postgres>,
    ask: PickAsk<'_>,
    line: PickLine,
) -> Result<PickedLine, StoreError> {
    let doing = StoreError::doing("taking units from the shelves");
    let shelves = sqlx::query_as!(
        OnShelf,
        r#"SELECT id, raf_kodu AS shelf, COALESCE(adet, 0) AS "units!" FROM public.raf_urunleri
           WHERE regexp_replace(urun_barkodu, '\s', '', 'g') = $1 ORDER BY id FOR UPDATE"#,
        line.barcode
    )
    .fetch_all(&mut **transaction)
    .await
    .map_err(&doing)?;
    let takes = take(line.units, ask.shelf, &shelves);
    for take in &takes {
        sqlx::query!(
            "UPDATE public.raf_urunleri SET adet = adet - $2 WHERE id = $1",
            take.id,
            take.units
        )
        .execute(&mut **transaction)
        .await
        .map_err(&doing)?;
    }
    let central = sqlx::query!(
        r#"WITH row AS (
               SELECT barcode, qty, LEAST($2, GREATEST(qty, 0)) AS taken FROM public.central_stock
               WHERE regexp_replace(barcode, '\s', '', 'g') = $1
               ORDER BY barcode = $1 DESC, barcode LIMIT 1 FOR UPDATE
           )
           UPDATE public.central_stock c SET qty = c.qty - r.taken, updated_at = $3
           FROM row r WHERE c.barcode = r.barcode
           RETURNING r.taken AS "taken!", c.qty"#,
        line.barcode,
        line.units,
        ask.now.naive_utc()
    )
    .fetch_optional(&mut **transaction)
    .await
    .map_err(&doing)?;
    Ok(PickedLine {
        line,
        takes,
        from_stock: central.as_ref().map_or(0, |row| row.taken),
        qty: central.map(|row| row.qty),
    })
}

/// The packages' units are taken from now on, and the marketplace will be told of those that it still
/// has as not begun.
async fn mark(
    transaction: &mut Transaction<'_, Postgres>,
    ask: PickAsk<'_>,
) -> Result<usize, StoreError> {
    let told = sqlx::query_scalar!(
        r#"WITH taken AS (
               UPDATE orderwatch.packages SET taken_at = $2
               WHERE order_number = $1 AND taken_at IS NULL
                 AND (effect IN ('reserved', 'unknown') OR unpicked
                      OR effect = 'superseded' AND changed_at > $3)
               RETURNING package_id, order_number, status, effect, lines
           )
           INSERT INTO orderwatch.picking_outbox (package_id, order_number, lines, written_at, due_at)
           SELECT package_id, order_number, lines, $2, $2 FROM taken
           WHERE effect = 'reserved' AND status NOT IN ('Picking', 'Invoiced', 'Awaiting', 'Verified')
           ON CONFLICT (package_id) DO NOTHING RETURNING package_id"#,
        ask.order,
        ask.now,
        ask.now - REPLACED_WITHIN
    )
    .fetch_all(&mut **transaction)
    .await
    .map_err(StoreError::doing("noting that an order was picked"))?;
    Ok(told.len())
}

async fn held(
    transaction: &mut Transaction<'_, Postgres>,
    order: &str,
    moved: bool,
) -> Result<(Vec<Held>, bool), StoreError> {
    let rows = sqlx::query!(
        r#"SELECT package_id, order_number, status, changed_at, lines AS "lines: Json<Vec<Line>>",
                  origins, taken_at IS NOT NULL OR $2 AND NOT late AS "taken!", unpicked, late
           FROM orderwatch.packages WHERE order_number = $1 ORDER BY package_id"#,
        order,
        moved
    )
    .fetch_all(&mut **transaction)
    .await
    .map_err(StoreError::doing("reading the packages of an order"))?;
    let owed = rows
        .iter()
        .any(|row| !row.taken && (row.unpicked || row.late));
    let packages = rows
        .into_iter()
        .map(|row| Held {
            package_id: row.package_id,
            order_number: row.order_number,
            status: PackageStatus::parse(&row.status),
            changed_at: row.changed_at,
            lines: row.lines.0,
            origins: row.origins,
            taken: row.taken,
            unpicked: row.unpicked,
        })
        .collect();
    Ok((packages, owed))
}

async fn row(
    transaction: &mut Transaction<'_, Postgres>,
    order: &str,
) -> Result<Vec<Row>, StoreError> {
    sqlx::query_as!(
        Row,
        "SELECT id, order_number, details, product_barcode, quantity FROM public.orders_created
         WHERE order_number = $1 ORDER BY id LIMIT 1 FOR UPDATE",
        order
    )
    .fetch_all(&mut **transaction)
    .await
    .map_err(StoreError::doing("reading an order's row"))
}
