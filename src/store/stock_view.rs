//! Everything that a stock pass reads, as of one moment.
//!
//! The warehouse takes units and moves the order's row in one transaction; read at two moments, the
//! units would be missing twice or not at all.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sqlx::{Postgres, Transaction};

use super::{
    Store, StoreError,
    ledger::{facts, found_rows, orders_of, owed_rows},
    order_places::standings,
    package_rows::open_rows,
    packages::closed_since,
    pool::whole,
};
use crate::{
    marketplace::Barcode,
    stock::{
        Oddity,
        details::Row,
        ledger::Facts,
        listing::{ListingRow, ListingRows},
        patience::REPEAT_AFTER,
        plan::{Fate, Known, Missing, Open},
        reserve::Held,
        shelf::StockRow,
    },
};

/// What a stock pass reads.
#[derive(Clone, Debug, Default)]
pub struct StockView {
    /// `central_stock`.
    pub shelves: Vec<StockRow>,
    /// What the warehouse's application keeps off sale, or sells without having it.
    pub listing: ListingRows,
    /// Packages that may hold units, and those of the same orders.
    pub packages: Vec<Held>,
    /// Rows of the warehouse's order tables that no package stands behind.
    pub rows: Vec<Row>,
    /// The names of the products, and what the ledger says of these orders.
    pub facts: Facts,
    /// What is known of each bar code at the marketplace.
    pub known: HashMap<Barcode, Known>,
    /// Parts of open packages that could not be read.
    pub oddities: Vec<Oddity>,
    /// When the orders were last read whole.
    pub orders_read_at: Option<DateTime<Utc>>,
}

impl Store {
    /// Reads everything, as of one moment. `feed` is the one that tells of orders.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub async fn stock_view(
        &self,
        feed: &str,
        now: DateTime<Utc>,
    ) -> Result<StockView, StoreError> {
        let work = async {
            let doing = StoreError::doing("reading the stock");
            let mut transaction = self.pool.begin().await.map_err(&doing)?;
            sqlx::query!("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                .execute(&mut *transaction)
                .await
                .map_err(&doing)?;
            let mut view = StockView {
                shelves: shelves(&mut transaction).await?,
                listing: listing(&mut transaction).await?,
                known: known(&mut transaction, now).await?,
                ..StockView::default()
            };
            packages(&mut transaction, now, &mut view).await?;
            sold(&mut transaction, &mut view).await?;
            unknown_tables(&mut transaction, &mut view).await?;
            view.orders_read_at =
                sqlx::query_scalar!("SELECT good_at FROM orderwatch.feeds WHERE feed = $1", feed)
                    .fetch_optional(&mut *transaction)
                    .await
                    .map_err(&doing)?
                    .flatten();
            transaction.commit().await.map_err(&doing)?;
            Ok(view)
        };
        whole(work, "reading the stock").await
    }
}

async fn shelves(transaction: &mut Transaction<'_, Postgres>) -> Result<Vec<StockRow>, StoreError> {
    sqlx::query_as!(
        StockRow,
        "SELECT barcode, qty FROM public.central_stock ORDER BY barcode"
    )
    .fetch_all(&mut **transaction)
    .await
    .map_err(StoreError::doing("reading central_stock"))
}

async fn listing(transaction: &mut Transaction<'_, Postgres>) -> Result<ListingRows, StoreError> {
    let doing = StoreError::doing("reading what the warehouse keeps off sale");
    let rules = sqlx::query_as!(
        ListingRow,
        r#"SELECT barcode AS "barcode!", extra_buffer AS "extra_buffer!",
                  made_to_order AS "made_to_order!"
           FROM orderwatch.listing_rules()"#
    )
    .fetch_all(&mut **transaction)
    .await
    .map_err(&doing)?;
    let shelves = sqlx::query_as!(
        StockRow,
        r#"SELECT urun_barkodu AS barcode, LEAST(sum(adet), 2000000000)::integer AS "qty!"
           FROM public.raf_urunleri WHERE adet > 0 GROUP BY urun_barkodu"#
    )
    .fetch_all(&mut **transaction)
    .await
    .map_err(&doing)?;
    let enforced =
        sqlx::query_scalar!(r#"SELECT orderwatch.empties_what_no_shelf_has() AS "enforced!""#)
            .fetch_one(&mut **transaction)
            .await
            .map_err(&doing)?;
    Ok(ListingRows {
        rules,
        shelves,
        enforced,
    })
}

/// The rows that no package stands behind, and what was taken for them and for the packages' orders.
async fn sold(
    transaction: &mut Transaction<'_, Postgres>,
    view: &mut StockView,
) -> Result<(), StoreError> {
    let found = found_rows(transaction, None).await?;
    let mut orders = orders_of(&found);
    orders.extend(
        view.packages
            .iter()
            .map(|package| package.order_number.clone()),
    );
    let orders: Vec<String> = orders.into_iter().collect();
    view.facts = facts(transaction, &orders).await?;
    view.rows = owed_rows(found, &view.facts);
    Ok(())
}

async fn unknown_tables(
    transaction: &mut Transaction<'_, Postgres>,
    view: &mut StockView,
) -> Result<(), StoreError> {
    let tables = sqlx::query!(
        r#"SELECT relation::text AS "name!", details AS "details!"
           FROM orderwatch.order_tables() WHERE NOT known"#
    )
    .fetch_all(&mut **transaction)
    .await
    .map_err(StoreError::doing("looking for order tables"))?;
    for table in tables {
        view.oddities.push(Oddity {
            record: table.name,
            problem:
                "orderwatch does not know this table of orders; what stands there counts as sold, \
                      and nothing is moved there"
                    .to_owned(),
            lost: !table.details,
        });
    }
    Ok(())
}

/// Packages of orders in which something may be held. One whose order the warehouse has moved on by
/// itself counts as taken, also before that is written down.
async fn packages(
    transaction: &mut Transaction<'_, Postgres>,
    now: DateTime<Utc>,
    view: &mut StockView,
) -> Result<(), StoreError> {
    let rows = open_rows(transaction, closed_since(now)).await?;
    let orders: HashSet<String> = rows.iter().map(|row| row.order_number.clone()).collect();
    let orders: Vec<String> = orders.into_iter().collect();
    let standings = standings(transaction, &orders).await?;
    for mut row in rows {
        let standing = standings.get(&row.order_number);
        let unreadable = std::mem::take(&mut row.unreadable.0);
        let held = row.held(standing.is_some_and(|at| at.is_taken()));
        for problem in unreadable.into_iter().filter(|_| !held.taken) {
            view.oddities.push(Oddity {
                record: held.to_string(),
                problem,
                lost: true,
            });
        }
        view.packages.push(held);
    }
    Ok(())
}

async fn known(
    transaction: &mut Transaction<'_, Postgres>,
    now: DateTime<Utc>,
) -> Result<HashMap<Barcode, Known>, StoreError> {
    let doing = StoreError::doing("reading what was sent");
    let rows = sqlx::query!("SELECT * FROM orderwatch.stock_items")
        .fetch_all(&mut **transaction)
        .await
        .map_err(&doing)?;
    let mut known = HashMap::with_capacity(rows.len());
    for row in rows {
        let fate = match row.fate.as_deref() {
            Some("queued") => Fate::Queued,
            _ => Fate::Unknown,
        };
        let open = row.sent.zip(row.sent_at);
        let item = Known {
            confirmed: row.confirmed.zip(row.confirmed_at),
            open: open.map(|(quantity, at)| Open { quantity, at, fate }),
            quarantine: row
                .rests_until
                .map(|until| (until, row.refused.unwrap_or_default())),
            told: row.told,
            told_since: row.told_since_look,
            doubted: row.doubted,
            given_back: row.given_back,
            lifted: row.lifted,
            missing: Missing {
                units: row.missing,
                since: row.missing_since,
            },
            ..Known::default()
        };
        known.insert(stored(row.barcode)?, item);
    }
    let recent = sqlx::query!(
        "SELECT s.barcode, s.quantity, b.sent_at
         FROM orderwatch.stock_batches b JOIN orderwatch.stock_sends s ON s.batch = b.id
         WHERE b.sent_at > $1 AND b.state <> 'refused'",
        now - REPEAT_AFTER
    )
    .fetch_all(&mut **transaction)
    .await
    .map_err(&doing)?;
    for row in recent {
        let item = known.entry(stored(row.barcode)?).or_default();
        item.recent.push((row.quantity, row.sent_at));
    }
    Ok(known)
}

/// A bar code that we wrote ourselves.
fn stored(barcode: String) -> Result<Barcode, StoreError> {
    Barcode::parse(&barcode).map_err(|_| StoreError::Inconsistent {
        table: "orderwatch.stock_items",
        column: "barcode",
        row: barcode.clone(),
        value: barcode,
    })
}
