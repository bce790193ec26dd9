//! Taking an order's units from the shelves, in one transaction.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::{Postgres, Transaction};

use super::{
    Put, Store, StoreError,
    ledger::{facts, found_rows, owed_rows},
    order_places::{Standing, put_order, standing},
    package_rows::rows_of,
    packages::lock_order,
    pool::whole,
};
use crate::stock::{
    details::Row,
    ledger::Facts,
    pick::{OnShelf, Take, take},
    place::Place,
    reserve::{Held, barcodes},
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
    /// They were taken before; where the order's row is.
    Already(Option<Place>),
    /// The order was cancelled.
    Cancelled,
    /// Payment is pending, or the order's row is not there: nothing may be sent yet.
    NotReady,
    /// It has no lines that could be read.
    NoLines,
    /// Nobody knows the order.
    Unknown,
}

/// An order as it is picked.
struct Picture {
    standing: Standing,
    packages: Vec<Held>,
    /// Whether packages were shipped without being taken, or came after the order was picked.
    owed: bool,
    rows: Vec<Row>,
    facts: Facts,
}

impl Store {
    /// Takes the units of an order: from the shelves, from `central_stock`, and the order moves to
    /// `orders_picking`. Where the warehouse keeps a ledger, it is written down there as the application
    /// does it. `lines` tells what the packages and rows of an order need.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails; nothing was taken then.
    pub async fn pick(
        &self,
        ask: PickAsk<'_>,
        lines: impl FnOnce(&[Held], &[Row], &Facts) -> Vec<PickLine> + Send,
    ) -> Result<Picked, StoreError> {
        let work = async {
            let doing = StoreError::doing("picking an order");
            let mut transaction = self.pool.begin().await.map_err(&doing)?;
            lock_order(&mut transaction, ask.order).await?;
            // Locks in the application's order, shelves first: it collects and moves orders meanwhile.
            let before = picture(&mut transaction, ask.order).await?;
            let shelves = lock_shelves(&mut transaction, &before).await?;
            lock_rows(&mut transaction, ask.order).await?;
            let now = picture(&mut transaction, ask.order).await?;
            let picked = if let Some(refusal) = now.refusal() {
                refusal
            } else {
                let needed = lines(&now.packages, &now.rows, &now.facts);
                if needed.is_empty() {
                    now.nothing_needed()
                } else {
                    take_all(&mut transaction, ask, &now, shelves, needed).await?
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

impl Picture {
    fn refusal(&self) -> Option<Picked> {
        let stands = self.standing.stands;
        match stands {
            None if self.packages.is_empty() => Some(Picked::Unknown),
            Some(Place::Cancelled) => Some(Picked::Cancelled),
            _ if self.owed => None,
            _ if self.standing.is_taken() => Some(Picked::Already(stands)),
            None | Some(Place::Elsewhere) => Some(Picked::NotReady),
            Some(_) => None,
        }
    }

    fn nothing_needed(&self) -> Picked {
        let stands = self.standing.stands;
        let taken = self.packages.iter().any(|package| package.taken);
        if taken || self.standing.in_ledger || stands.is_some_and(Place::is_taken) {
            Picked::Already(stands)
        } else {
            Picked::NoLines
        }
    }
}

async fn picture(
    transaction: &mut Transaction<'_, Postgres>,
    order: &str,
) -> Result<Picture, StoreError> {
    let orders = [order.to_owned()];
    let standing = standing(transaction, order).await?;
    let (packages, owed) = held(transaction, order, standing.is_taken()).await?;
    let facts = facts(transaction, &orders).await?;
    let rows = if packages.is_empty() {
        let found = found_rows(transaction, Some(&orders)).await?;
        let mut rows = owed_rows(found, &facts);
        rows.truncate(1);
        rows
    } else {
        Vec::new()
    };
    Ok(Picture {
        standing,
        packages,
        owed,
        rows,
        facts,
    })
}

/// A shelf that nobody else changes now.
struct Locked {
    main: String,
    shelf: OnShelf,
}

/// Locks every shelf with a product of the order, in the order of their barcodes. Which barcodes mean a
/// product is decided by [`Names`](crate::stock::names::Names) alone.
async fn lock_shelves(
    transaction: &mut Transaction<'_, Postgres>,
    picture: &Picture,
) -> Result<Vec<Locked>, StoreError> {
    let doing = StoreError::doing("locking the shelves");
    let names = &picture.facts.names;
    let needed = barcodes(&picture.packages, &picture.rows, names);
    let mut written = sqlx::query_scalar!(
        r#"SELECT DISTINCT urun_barkodu AS "barcode!" FROM public.raf_urunleri
           WHERE urun_barkodu IS NOT NULL"#
    )
    .fetch_all(&mut **transaction)
    .await
    .map_err(&doing)?;
    written.retain(|barcode| needed.contains(&names.main(barcode)));

    let rows = sqlx::query!(
        r#"SELECT id, raf_kodu AS shelf, urun_barkodu AS barcode, COALESCE(adet, 0) AS "units!"
           FROM public.raf_urunleri WHERE urun_barkodu = ANY($1)
           ORDER BY urun_barkodu, id FOR UPDATE"#,
        &written
    )
    .fetch_all(&mut **transaction)
    .await
    .map_err(&doing)?;
    let locked = rows.into_iter().map(|row| Locked {
        main: names.main(&row.barcode),
        shelf: OnShelf {
            id: row.id,
            shelf: row.shelf,
            units: row.units,
        },
    });
    Ok(locked.collect())
}

async fn lock_rows(
    transaction: &mut Transaction<'_, Postgres>,
    order: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        r#"SELECT orderwatch.lock_order_rows($1) AS "locked!: ()""#,
        order
    )
    .execute(&mut **transaction)
    .await
    .map_err(StoreError::doing("waiting for an order's row"))?;
    Ok(())
}

async fn take_all(
    transaction: &mut Transaction<'_, Postgres>,
    ask: PickAsk<'_>,
    picture: &Picture,
    shelves: Vec<Locked>,
    needed: Vec<PickLine>,
) -> Result<Picked, StoreError> {
    let mut lines = Vec::new();
    for line in needed {
        let of_product = shelves.iter().filter(|locked| locked.main == line.barcode);
        let of_product: Vec<OnShelf> = of_product.map(|locked| locked.shelf.clone()).collect();
        let takes = take(line.units, ask.shelf, &of_product);
        take_from(transaction, ask, &line, &takes).await?;
        lines.push((line, takes));
    }
    // The figures only when every shelf is done: the application locks them after the shelves, too.
    let products = products(transaction).await?;
    let mut picked = Vec::new();
    for (line, takes) in lines {
        let named = |barcode: &&String| picture.facts.names.main(barcode) == line.barcode;
        let written: Vec<String> = products.iter().filter(named).cloned().collect();
        picked.push(lower_stock(transaction, (ask, picture), &written, line, takes).await?);
    }
    let stands = picture.standing.stands;
    if matches!(stands, Some(Place::Created | Place::Preparing)) {
        let at = json!(ask.now.naive_utc());
        let facts = json!({
            "status": "Picking", "updated_at": at, "picking_start_time": at, "picked_by": ask.by,
        });
        let put = Put {
            place: Place::Picking,
            facts,
        };
        put_order(transaction, ask.order, stands, &put, ask.now).await?;
    }
    let told = mark(transaction, ask).await?;
    Ok(Picked::Taken {
        lines: picked,
        told,
    })
}

/// Takes units of one product from its shelves, and writes that into the ledger.
async fn take_from(
    transaction: &mut Transaction<'_, Postgres>,
    ask: PickAsk<'_>,
    line: &PickLine,
    takes: &[Take],
) -> Result<(), StoreError> {
    let doing = StoreError::doing("taking units from the shelves");
    for take in takes {
        sqlx::query!(
            "UPDATE public.raf_urunleri SET adet = adet - $2 WHERE id = $1",
            take.id,
            take.units
        )
        .execute(&mut **transaction)
        .await
        .map_err(&doing)?;
    }
    let units: i32 = takes.iter().map(|take| take.units).sum();
    if units > 0 {
        sqlx::query!(
            r#"SELECT orderwatch.write_pack_out($1, $2, $3, $4, $5, $6) AS "written!: ()""#,
            ask.order,
            line.barcode,
            units,
            takes.first().map(|take| take.shelf.as_str()),
            format!("orderwatch pick, {}", ask.by),
            ask.now.naive_utc()
        )
        .execute(&mut **transaction)
        .await
        .map_err(&doing)?;
    }
    Ok(())
}

/// The barcodes of `central_stock`, as they stand there.
async fn products(transaction: &mut Transaction<'_, Postgres>) -> Result<Vec<String>, StoreError> {
    sqlx::query_scalar!("SELECT barcode FROM public.central_stock")
        .fetch_all(&mut **transaction)
        .await
        .map_err(StoreError::doing("reading central_stock"))
}

/// Lowers `central_stock` by what was taken, and what must agree with it. `written`: how the product's
/// barcode stands there.
async fn lower_stock(
    transaction: &mut Transaction<'_, Postgres>,
    (ask, picture): (PickAsk<'_>, &Picture),
    written: &[String],
    line: PickLine,
    takes: Vec<Take>,
) -> Result<PickedLine, StoreError> {
    let doing = StoreError::doing("lowering the stock");
    let at = ask.now.naive_utc();
    if picture.standing.ledger {
        let qty = sqlx::query_scalar!(
            r#"SELECT orderwatch.level_stock(barcode, $2) AS "qty!" FROM public.central_stock
               WHERE barcode = $1"#,
            line.barcode,
            at
        )
        .fetch_optional(&mut **transaction)
        .await
        .map_err(&doing)?;
        let from_stock = qty.map_or(0, |_| takes.iter().map(|take| take.units).sum());
        return Ok(PickedLine {
            line,
            takes,
            from_stock,
            qty,
        });
    }
    let central = sqlx::query!(
        r#"WITH row AS (
               SELECT barcode, qty, LEAST($2, GREATEST(qty, 0)) AS taken FROM public.central_stock
               WHERE barcode = ANY($4)
               ORDER BY barcode = $1 DESC, barcode LIMIT 1 FOR UPDATE
           )
           UPDATE public.central_stock c SET qty = c.qty - r.taken, updated_at = $3
           FROM row r WHERE c.barcode = r.barcode
           RETURNING r.taken AS "taken!", c.qty, c.barcode"#,
        line.barcode,
        line.units,
        at,
        written
    )
    .fetch_optional(&mut **transaction)
    .await
    .map_err(&doing)?;
    if let Some(row) = &central {
        sqlx::query_scalar!(
            r#"SELECT orderwatch.level_stock($1, $2) AS "qty?""#,
            row.barcode,
            at
        )
        .fetch_one(&mut **transaction)
        .await
        .map_err(&doing)?;
    }
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
                 AND (effect IN ('reserved', 'unknown') OR unpicked OR effect = 'superseded')
               RETURNING package_id, order_number, status, effect, lines
           )
           INSERT INTO orderwatch.picking_outbox (package_id, order_number, lines, written_at, due_at)
           SELECT package_id, order_number, lines, $2, $2 FROM taken
           -- One without an id of its own is nothing that the marketplace could be told of.
           WHERE package_id > 0 AND effect = 'reserved' AND status NOT IN ('Picking', 'Invoiced', 'Awaiting', 'Verified')
           ON CONFLICT (package_id) DO NOTHING RETURNING package_id"#,
        ask.order,
        ask.now
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
    let rows = rows_of(transaction, order).await?;
    let packages = rows.into_iter().map(|row| {
        let late = row.late;
        (row.held(moved), late)
    });
    let packages: Vec<(Held, bool)> = packages.collect();
    let owed = packages
        .iter()
        .any(|(package, late)| !package.taken && (package.unpicked || *late));
    Ok((
        packages.into_iter().map(|(package, _)| package).collect(),
        owed,
    ))
}
