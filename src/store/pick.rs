//! Taking an order's units from the shelves, in one transaction: shelves, stock, ledger and the order's row
//! agree at every moment, and the warehouse's application may work on the same order meanwhile.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;

use utoipa::ToSchema;

use super::{
    Store, StoreError, Transaction,
    ledger::{facts, found_rows, owed_rows},
    order_places::{Standing, put_order, standing},
    package_rows::rows_of,
    packages::lock_order,
    pool::whole,
};
use crate::stock::{
    details::OrderRow,
    held::HeldPackage,
    ledger::Facts,
    mirror::OrderRowWrite,
    order_table::OrderTable,
    pick::{OnShelf, PickShelf, take},
    reserve::{barcodes, to_take},
};

/// What is to be picked.
#[derive(Clone, Copy, Debug)]
pub struct PickAsk<'a> {
    pub order: &'a str,
    /// The shelf to take from first.
    pub shelf: Option<&'a str>,
    pub by: &'a str,
    /// Whether nothing is kept.
    pub dry_run: bool,
    pub now: DateTime<Utc>,
}

/// What was taken of one product.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PickLine {
    /// Its main barcode.
    pub barcode: String,
    /// Units that the order needs.
    pub units: i32,
    /// From which shelves.
    pub(crate) shelves: Vec<PickShelf>,
    /// Units by which `central_stock` fell.
    pub(crate) from_stock: i32,
    /// Units that are left there; null when it does not have the product.
    pub(crate) left: Option<i32>,
}

impl PickLine {
    #[must_use]
    pub(crate) fn on_shelves(&self) -> i32 {
        self.shelves.iter().map(|shelf| shelf.units).sum()
    }

    /// Whether something was missing on the shelves or in `central_stock`.
    #[must_use]
    pub(crate) fn is_short(&self) -> bool {
        self.on_shelves() < self.units || self.from_stock < self.units
    }
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum Picked {
    Taken {
        lines: Vec<PickLine>,
        /// Packages whose picking is to be reported to the marketplace.
        to_report: usize,
    },
    /// They were taken before; where the order's row is.
    Already(Option<OrderTable>),
    Cancelled,
    /// Payment is pending, or the order's row is not there: nothing may be sent yet.
    NotReady,
    /// It has no lines that could be read.
    NoLines,
    Unknown,
}

/// An order as it is picked.
struct Snapshot {
    standing: Standing,
    packages: Vec<HeldPackage>,
    /// Whether packages were shipped without being taken, or came after the order was picked.
    owed: bool,
    rows: Vec<OrderRow>,
    facts: Facts,
}

impl Store {
    /// Takes the units of an order: from the shelves, from `central_stock`, and the order moves to
    /// `orders_picking`. Where the warehouse keeps a ledger, it is written down there as the application
    /// does it. When the database fails, nothing was taken.
    pub async fn pick(&self, ask: PickAsk<'_>) -> Result<Picked, StoreError> {
        let work = async {
            let doing = StoreError::doing("picking an order");
            let mut transaction = self.pool.begin().await.map_err(&doing)?;
            lock_order(&mut transaction, ask.order).await?;
            // Locks in the application's order, shelves first: it collects and moves orders meanwhile.
            let before = snapshot(&mut transaction, ask.order).await?;
            let shelves = lock_shelves(&mut transaction, &before).await?;
            lock_rows(&mut transaction, ask.order).await?;

            // Read again under the locks: the application may have taken the order while they were waited for.
            let now = snapshot(&mut transaction, ask.order).await?;
            let picked = match now.refusal() {
                Some(refusal) => refusal,
                None => take_all(&mut transaction, ask, &now, shelves).await?,
            };

            // Everything is done and taken back: a dry run finds what the tables refuse, too.
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

impl Snapshot {
    fn refusal(&self) -> Option<Picked> {
        let stands = self.standing.stands;
        match stands {
            None if self.packages.is_empty() => Some(Picked::Unknown),
            Some(OrderTable::Cancelled) => Some(Picked::Cancelled),
            // Units that left unpicked, or came later, are owed wherever the row stands.
            _ if self.owed => None,
            _ if self.standing.is_taken() => Some(Picked::Already(stands)),
            None | Some(OrderTable::Elsewhere) => Some(Picked::NotReady),
            Some(_) => None,
        }
    }

    fn nothing_needed(&self) -> Picked {
        let stands = self.standing.stands;
        let taken = self.packages.iter().any(|package| package.taken);
        if taken || self.standing.in_ledger || stands.is_some_and(OrderTable::is_taken) {
            Picked::Already(stands)
        } else {
            Picked::NoLines
        }
    }
}

async fn snapshot(transaction: &mut Transaction<'_>, order: &str) -> Result<Snapshot, StoreError> {
    let orders = [order.to_owned()];
    let standing = standing(transaction, order).await?;
    let (packages, owed) = held(transaction, order, standing.is_taken()).await?;
    let facts = facts(transaction, &orders).await?;
    let rows = if packages.is_empty() {
        let found = found_rows(transaction, Some(&orders)).await?;
        let mut rows = owed_rows(found, &facts);
        // Several rows of one order repeat the same units.
        rows.truncate(1);
        rows
    } else {
        Vec::new()
    };

    Ok(Snapshot {
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

/// Locks every shelf with a product of the order.
async fn lock_shelves(
    transaction: &mut Transaction<'_>,
    snapshot: &Snapshot,
) -> Result<Vec<Locked>, StoreError> {
    let doing = StoreError::doing("locking the shelves");
    let names = &snapshot.facts.names;
    let needed = barcodes(&snapshot.packages, &snapshot.rows, names);
    // All of them are read: which barcodes mean a product is decided by `Names` alone, not by SQL.
    let mut written = sqlx::query_scalar!(
        r#"SELECT DISTINCT urun_barkodu AS "barcode!" FROM public.raf_urunleri
           WHERE urun_barkodu IS NOT NULL"#
    )
    .fetch_all(&mut *transaction)
    .await
    .map_err(&doing)?;

    written.retain(|barcode| needed.contains(&names.main(barcode)));

    // In the order of the barcodes, so that two picks do not deadlock.
    let rows = sqlx::query!(
        r#"SELECT id, raf_kodu AS shelf, urun_barkodu AS barcode, COALESCE(adet, 0) AS "units!"
           FROM public.raf_urunleri WHERE urun_barkodu = ANY($1)
           ORDER BY urun_barkodu, id FOR UPDATE"#,
        &written
    )
    .fetch_all(&mut *transaction)
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

async fn lock_rows(transaction: &mut Transaction<'_>, order: &str) -> Result<(), StoreError> {
    sqlx::query!(
        r#"SELECT orderwatch.lock_order_rows($1) AS "locked!: ()""#,
        order
    )
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::doing("waiting for an order's row"))?;
    Ok(())
}

async fn take_all(
    transaction: &mut Transaction<'_>,
    ask: PickAsk<'_>,
    snapshot: &Snapshot,
    shelves: Vec<Locked>,
) -> Result<Picked, StoreError> {
    let mut lines = Vec::new();
    for (barcode, units) in to_take(&snapshot.packages, &snapshot.rows, &snapshot.facts) {
        let units = i32::try_from(units).unwrap_or(i32::MAX);
        let of_product = shelves.iter().filter(|locked| locked.main == barcode);
        let of_product: Vec<OnShelf> = of_product.map(|locked| locked.shelf.clone()).collect();
        let line = PickLine {
            barcode,
            units,
            shelves: take(units, ask.shelf, &of_product),
            from_stock: 0,
            left: None,
        };
        take_from(transaction, ask, &line).await?;
        lines.push(line);
    }

    if lines.is_empty() {
        return Ok(snapshot.nothing_needed());
    }

    // The figures only when every shelf is done: the application locks them after the shelves, too.
    let products = products(transaction).await?;
    for line in &mut lines {
        let named = |barcode: &&String| snapshot.facts.names.main(barcode) == line.barcode;
        let written: Vec<String> = products.iter().filter(named).cloned().collect();
        lower_stock(transaction, (ask, snapshot), &written, line).await?;
    }

    let stands = snapshot.standing.stands;
    // Further on the row says more than that the order was picked, so it stays there.
    if matches!(stands, Some(OrderTable::Created | OrderTable::Preparing)) {
        let at = json!(ask.now.naive_utc());
        let row = OrderRowWrite {
            table: OrderTable::Picking,
            columns: json!({
                "status": "Picking", "updated_at": at, "picking_start_time": at, "picked_by": ask.by,
            }),
        };
        put_order(transaction, ask.order, stands, &row, ask.now).await?;
    }

    let to_report = mark(transaction, ask).await?;
    Ok(Picked::Taken { lines, to_report })
}

/// Takes units of one product from its shelves, and writes that into the ledger.
async fn take_from(
    transaction: &mut Transaction<'_>,
    ask: PickAsk<'_>,
    line: &PickLine,
) -> Result<(), StoreError> {
    let doing = StoreError::doing("taking units from the shelves");

    for take in &line.shelves {
        sqlx::query!(
            "UPDATE public.raf_urunleri SET adet = adet - $2 WHERE id = $1",
            take.id,
            take.units
        )
        .execute(&mut *transaction)
        .await
        .map_err(&doing)?;
    }

    let units = line.on_shelves();

    if units > 0 {
        sqlx::query!(
            r#"SELECT orderwatch.write_pack_out($1, $2, $3, $4, $5, $6) AS "written!: ()""#,
            ask.order,
            line.barcode,
            units,
            line.shelves.first().map(|take| take.shelf.as_str()),
            format!("orderwatch pick, {}", ask.by),
            ask.now.naive_utc()
        )
        .execute(&mut *transaction)
        .await
        .map_err(&doing)?;
    }

    Ok(())
}

/// The barcodes of `central_stock`, as they stand there.
async fn products(transaction: &mut Transaction<'_>) -> Result<Vec<String>, StoreError> {
    sqlx::query_scalar!("SELECT barcode FROM public.central_stock")
        .fetch_all(&mut *transaction)
        .await
        .map_err(StoreError::doing("reading central_stock"))
}

/// Lowers `central_stock` by what was taken, and what must agree with it. `written`: how the product's
/// barcode stands there.
async fn lower_stock(
    transaction: &mut Transaction<'_>,
    (ask, snapshot): (PickAsk<'_>, &Snapshot),
    written: &[String],
    line: &mut PickLine,
) -> Result<(), StoreError> {
    let doing = StoreError::doing("lowering the stock");
    let at = ask.now.naive_utc();
    // With a ledger the figure follows the shelves: `level_stock` sums them up, and nothing is subtracted twice.
    if snapshot.standing.ledger {
        let qty = sqlx::query_scalar!(
            r#"SELECT orderwatch.level_stock(barcode, $2) AS "qty!" FROM public.central_stock
               WHERE barcode = $1"#,
            line.barcode,
            at
        )
        .fetch_optional(&mut *transaction)
        .await
        .map_err(&doing)?;
        line.from_stock = qty.map_or(0, |_| line.on_shelves());
        line.left = qty;
        return Ok(());
    }

    // Never below zero: the figure may have been too low before. Of several spellings the main one comes first.
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
    .fetch_optional(&mut *transaction)
    .await
    .map_err(&doing)?;

    if let Some(row) = central {
        // The application keeps three figures of a product alike, and hangs in its own lock where they differ.
        sqlx::query_scalar!(
            r#"SELECT orderwatch.level_stock($1, $2) AS "qty?""#,
            row.barcode,
            at
        )
        .fetch_one(&mut *transaction)
        .await
        .map_err(&doing)?;
        (line.from_stock, line.left) = (row.taken, Some(row.qty));
    }

    Ok(())
}

/// The packages' units are taken from now on, and what the marketplace does not have as being picked is to
/// be reported to it.
async fn mark(transaction: &mut Transaction<'_>, ask: PickAsk<'_>) -> Result<usize, StoreError> {
    // The report goes into the outbox with the pick itself: neither is there without the other.
    let to_report = sqlx::query_scalar!(
        r#"WITH taken AS (
               UPDATE orderwatch.packages SET taken_at = $2
               WHERE order_number = $1 AND taken_at IS NULL
                 AND (effect IN ('reserved', 'unknown') OR unpicked OR effect = 'superseded')
               RETURNING package_id, order_number, status, effect, lines
           )
           INSERT INTO orderwatch.picking_outbox (package_id, order_number, lines, written_at, due_at)
           SELECT package_id, order_number, lines, $2, $2 FROM taken
           -- One without an id of its own cannot be reported to the marketplace.
           WHERE package_id > 0 AND effect = 'reserved' AND status NOT IN ('Picking', 'Invoiced', 'Awaiting', 'Verified')
           ON CONFLICT (package_id) DO NOTHING RETURNING package_id"#,
        ask.order,
        ask.now
    )
    .fetch_all(&mut *transaction)
    .await
    .map_err(StoreError::doing("noting that an order was picked"))?;

    Ok(to_report.len())
}

async fn held(
    transaction: &mut Transaction<'_>,
    order: &str,
    moved: bool,
) -> Result<(Vec<HeldPackage>, bool), StoreError> {
    let rows = rows_of(transaction, order).await?;
    let mut owed = false;
    let packages = rows.into_iter().map(|row| {
        let late = row.late;
        let package = row.held(moved);
        owed |= !package.taken && (package.unpicked || late);
        package
    });
    let packages = packages.collect();
    Ok((packages, owed))
}
