//! Everything that the plan of some barcodes is made of, as of one moment.
//!
//! The warehouse takes units and moves the order's row in one transaction; read at two moments, the
//! units would be missing twice or not at all. What changes seldom and is large (rules, names of the
//! products) is the [`Catalogue`], which is read once for several plans.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};

use super::{
    ORDER_FEED, Store, StoreError, Transaction,
    ledger::{found_rows, movements, names, orders_of, owed_rows},
    order_delays::order_delay,
    order_places::standings,
    package_rows::open_rows,
    packages::closed_since,
    pool::whole,
    stock_items::stored,
};
use crate::stock::{
    Barcode, DataWarning,
    deadlines::{REPEAT_AFTER, lowered_from},
    details::OrderRow,
    held::HeldPackage,
    ledger::Facts,
    listing::{ListingRow, ListingRows},
    names::Names,
    pace::{OrderDelay, Sales},
    rule::{Answer, Deficit, Figure, Observed, Quarantine, Sent},
    shelf::StockRow,
    still_reserved,
};

/// What is known of the products whatever is on sale of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalogue {
    /// Which barcodes mean the same product.
    pub(crate) names: Arc<Names>,
    /// What the warehouse's application keeps off sale, or sells without having it.
    pub(crate) listing: ListingRows,
    /// Barcodes that the warehouse's tables write in another way than the marketplace.
    written: HashMap<Barcode, Vec<String>>,
    /// Records that could not be read, or not as they stand.
    pub(crate) data_warnings: Vec<DataWarning>,
}

/// What the plan of some barcodes is made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct StockView {
    /// `central_stock`.
    pub(crate) stock: Vec<StockRow>,
    /// The pieces on the filled shelves (`raf_urunleri`).
    pub(crate) shelves: Vec<StockRow>,
    /// Packages that may hold units, and those of the same orders.
    pub(crate) packages: Vec<HeldPackage>,
    /// Rows of the warehouse's order tables that no package stands behind.
    pub(crate) rows: Vec<OrderRow>,
    /// The names of the products, and what the ledger says of these orders.
    pub(crate) facts: Facts,
    /// What is known of each barcode at the marketplace.
    pub(crate) figures: HashMap<Barcode, Figure>,
    /// Parts of open packages that could not be read.
    pub(crate) data_warnings: Vec<DataWarning>,
    /// When the orders were last read whole.
    pub(crate) orders_read_at: Option<DateTime<Utc>>,
    /// How late orders become known.
    pub(crate) delay: OrderDelay,
}

impl Store {
    /// Reads what is known of the products.
    pub(crate) async fn catalogue(&self) -> Result<Catalogue, StoreError> {
        let work = async {
            let doing = StoreError::doing("reading the catalogue");
            let mut transaction = self.pool.begin().await.map_err(&doing)?;
            let mut catalogue = Catalogue {
                names: Arc::new(names(&mut transaction).await?),
                listing: listing(&mut transaction).await?,
                written: written(&mut transaction).await?,
                data_warnings: Vec::new(),
            };

            unknown_tables(&mut transaction, &mut catalogue).await?;
            transaction.commit().await.map_err(&doing)?;
            Ok(catalogue)
        };

        whole(work, "reading the catalogue").await
    }

    /// What is known of some barcodes at the marketplace.
    pub(crate) async fn figures(
        &self,
        barcodes: &[Barcode],
        now: DateTime<Utc>,
    ) -> Result<HashMap<Barcode, Figure>, StoreError> {
        let scope = Scope::of(barcodes, &Catalogue::default());
        let work = async {
            let mut transaction = self
                .pool
                .begin()
                .await
                .map_err(StoreError::doing("reading what is on sale"))?;
            figures(&mut transaction, Some(&scope), now).await
        };
        whole(work, "reading what is on sale").await
    }

    /// Reads what the plan of some barcodes is made of, or of all of them.
    pub(crate) async fn stock_view(
        &self,
        catalogue: &Catalogue,
        barcodes: Option<&[Barcode]>,
        now: DateTime<Utc>,
    ) -> Result<StockView, StoreError> {
        let work = async {
            let doing = StoreError::doing("reading the stock");
            let mut transaction = self.pool.begin().await.map_err(&doing)?;
            // One snapshot for all of it: an order that moves meanwhile would count twice or not at all.
            sqlx::query!("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                .execute(&mut transaction)
                .await
                .map_err(&doing)?;

            let scope = barcodes.map(|barcodes| Scope::of(barcodes, catalogue));
            let mut view = StockView {
                stock: stock(&mut transaction, scope.as_ref()).await?,
                shelves: shelves(&mut transaction, scope.as_ref()).await?,
                figures: figures(&mut transaction, scope.as_ref(), now).await?,
                delay: order_delay(&mut transaction, now).await?,
                ..StockView::default()
            };

            packages(&mut transaction, scope.as_ref(), now, &mut view).await?;
            sold(&mut transaction, catalogue, &mut view).await?;
            view.orders_read_at = sqlx::query_scalar!(
                "SELECT good_at FROM orderwatch.feeds WHERE feed = $1",
                ORDER_FEED
            )
            .fetch_optional(&mut transaction)
            .await
            .map_err(&doing)?
            .flatten();

            transaction.commit().await.map_err(&doing)?;
            Ok(view)
        };

        whole(work, "reading the stock").await
    }
}

impl Store {
    /// All of `central_stock`, and the pieces on the filled shelves.
    pub(crate) async fn stock_and_shelves(
        &self,
    ) -> Result<(Vec<StockRow>, Vec<StockRow>), StoreError> {
        let work = async {
            let doing = StoreError::doing("reading the stock");
            let mut transaction = self.pool.begin().await.map_err(doing)?;
            let stock = stock(&mut transaction, None).await?;
            Ok((stock, shelves(&mut transaction, None).await?))
        };
        whole(work, "reading the stock").await
    }
}

/// Which rows of each table some barcodes are about.
struct Scope {
    /// As the marketplace writes them.
    barcodes: Vec<String>,
    /// As the warehouse's stock may write them.
    written: Vec<String>,
    /// As orders may write them: folded, with the aliases of the same product.
    ordered: Vec<String>,
}

impl Scope {
    fn of(barcodes: &[Barcode], catalogue: &Catalogue) -> Self {
        let own = |barcode: &Barcode| barcode.as_str().to_owned();
        let odd = barcodes.iter().filter_map(|b| catalogue.written.get(b));
        let ordered = barcodes.iter().flat_map(|barcode| {
            let names = &catalogue.names;
            names.written(&names.main(barcode.as_str()))
        });

        Self {
            barcodes: barcodes.iter().map(own).collect(),
            written: barcodes
                .iter()
                .map(own)
                .chain(odd.flatten().cloned())
                .collect(),
            ordered: ordered.collect(),
        }
    }
}

async fn stock(
    transaction: &mut Transaction<'_>,
    scope: Option<&Scope>,
) -> Result<Vec<StockRow>, StoreError> {
    sqlx::query_as!(
        StockRow,
        "SELECT barcode, qty FROM public.central_stock
         WHERE $1::text[] IS NULL OR barcode = ANY($1) ORDER BY barcode",
        scope.map(|scope| &scope.written[..]) as _
    )
    .fetch_all(&mut *transaction)
    .await
    .map_err(StoreError::doing("reading central_stock"))
}

async fn shelves(
    transaction: &mut Transaction<'_>,
    scope: Option<&Scope>,
) -> Result<Vec<StockRow>, StoreError> {
    // Capped: one absurd count on a shelf must not fail the reading of all.
    sqlx::query_as!(
        StockRow,
        r#"SELECT urun_barkodu AS barcode, LEAST(sum(adet), 2000000000)::integer AS "qty!"
           FROM public.raf_urunleri
           WHERE adet > 0 AND ($1::text[] IS NULL OR urun_barkodu = ANY($1)) GROUP BY urun_barkodu"#,
        scope.map(|scope| &scope.written[..]) as _
    )
    .fetch_all(&mut *transaction)
    .await
    .map_err(StoreError::doing("reading the shelves"))
}

async fn listing(transaction: &mut Transaction<'_>) -> Result<ListingRows, StoreError> {
    let doing = StoreError::doing("reading what the warehouse keeps off sale");
    let rules = sqlx::query_as!(
        ListingRow,
        r#"SELECT barcode AS "barcode!", extra_buffer AS "extra_buffer!",
                  made_to_order AS "made_to_order!"
           FROM orderwatch.listing_rules()"#
    )
    .fetch_all(&mut *transaction)
    .await
    .map_err(&doing)?;

    let shelves = sqlx::query!(
        r#"SELECT EXISTS (SELECT FROM public.raf_urunleri WHERE adet > 0) AS "any!",
                  orderwatch.empties_what_no_shelf_has() AS "enforced!""#
    )
    .fetch_one(&mut *transaction)
    .await
    .map_err(&doing)?;

    Ok(ListingRows {
        rules,
        has_shelves: shelves.any,
        enforced: shelves.enforced,
    })
}

/// Barcodes that may be written differently: all others are the same text everywhere.
async fn written(
    transaction: &mut Transaction<'_>,
) -> Result<HashMap<Barcode, Vec<String>>, StoreError> {
    let odd = sqlx::query_scalar!(
        r#"SELECT barcode AS "barcode!" FROM public.central_stock WHERE barcode ~ '[^A-Za-z0-9._-]'
           UNION SELECT urun_barkodu FROM public.raf_urunleri WHERE urun_barkodu ~ '[^A-Za-z0-9._-]'"#
    )
    .fetch_all(&mut *transaction)
    .await
    .map_err(StoreError::doing("reading how barcodes are written"))?;

    let mut written: HashMap<Barcode, Vec<String>> = HashMap::new();

    for text in odd {
        if let Ok(barcode) = Barcode::parse(&text)
            && barcode.as_str() != text
        {
            written.entry(barcode).or_default().push(text);
        }
    }

    Ok(written)
}

/// The rows that no package stands behind, and what was taken for them and for the packages' orders.
async fn sold(
    transaction: &mut Transaction<'_>,
    catalogue: &Catalogue,
    view: &mut StockView,
) -> Result<(), StoreError> {
    let found = found_rows(transaction, None).await?;
    let mut orders = orders_of(&found);
    let packages = view.packages.iter();
    orders.extend(packages.map(|package| package.order_number.clone()));
    let orders: Vec<String> = orders.into_iter().collect();
    // The names are those of the catalogue, so that one plan folds barcodes in one way.
    view.facts = Facts {
        names: Arc::clone(&catalogue.names),
        movements: movements(transaction, &orders).await?,
    };
    view.rows = owed_rows(found, &view.facts);
    Ok(())
}

async fn unknown_tables(
    transaction: &mut Transaction<'_>,
    catalogue: &mut Catalogue,
) -> Result<(), StoreError> {
    let tables = sqlx::query!(
        r#"SELECT relation::text AS "name!", details AS "details!"
           FROM orderwatch.order_tables() WHERE NOT known"#
    )
    .fetch_all(&mut *transaction)
    .await
    .map_err(StoreError::doing("looking for order tables"))?;

    for table in tables {
        catalogue.data_warnings.push(DataWarning {
            record: table.name,
            problem:
                "orderwatch does not know this table of orders; what stands there counts as sold, \
                      and nothing is moved there"
                    .to_owned(),
            // Without `details` nothing can be counted from its rows.
            lost: !table.details,
        });
    }

    Ok(())
}

/// Packages of orders in which something may be held.
async fn packages(
    transaction: &mut Transaction<'_>,
    scope: Option<&Scope>,
    now: DateTime<Utc>,
    view: &mut StockView,
) -> Result<(), StoreError> {
    let ordered = scope.map(|scope| &scope.ordered[..]);
    let rows = open_rows(transaction, closed_since(now), ordered).await?;
    let orders: HashSet<String> = rows.iter().map(|row| row.order_number.clone()).collect();
    let orders: Vec<String> = orders.into_iter().collect();
    // What the warehouse has moved on by itself counts as taken, also before that is written down.
    let standings = standings(transaction, &orders).await?;

    for mut row in rows {
        let standing = standings.get(&row.order_number);
        let unreadable = std::mem::take(&mut row.unreadable.0);
        let held = row.held(standing.is_some_and(|at| at.is_taken()));
        for problem in unreadable.into_iter().filter(|_| !held.taken) {
            view.data_warnings.push(DataWarning {
                record: held.to_string(),
                lost: !still_reserved(&problem),
                problem,
            });
        }
        view.packages.push(held);
    }

    Ok(())
}

async fn figures(
    transaction: &mut Transaction<'_>,
    scope: Option<&Scope>,
    now: DateTime<Utc>,
) -> Result<HashMap<Barcode, Figure>, StoreError> {
    let doing = StoreError::doing("reading what is on sale");
    let barcodes = scope.map(|scope| &scope.barcodes[..]);
    let rows = sqlx::query!(
        "SELECT barcode, observed, observed_at, contradictory, deficit, deficit_since, sent, sent_at,
                open_until, rests_until, failures, refused, sold_orders, sold_units, sold_at,
                CASE WHEN rests_until IS NOT NULL THEN
                    (SELECT max(COALESCE(s.result_at, b.sent_at))
                     FROM orderwatch.stock_sends s JOIN orderwatch.stock_batches b ON b.id = s.batch
                     WHERE s.barcode = i.barcode AND (s.result = 'failed' OR b.state = 'refused'))
                END AS refused_at
         FROM orderwatch.stock_items i WHERE $1::text[] IS NULL OR barcode = ANY($1)",
        barcodes as _
    )
    .fetch_all(&mut *transaction)
    .await
    .map_err(&doing)?;

    let mut figures = HashMap::with_capacity(rows.len());

    for row in rows {
        let answer = match (row.contradictory, row.observed) {
            (true, _) => Answer::Contradictory,
            (false, Some(units)) => Answer::Units(units),
            (false, None) => Answer::NotListed,
        };
        let figure = Figure {
            observed: row.observed_at.map(|at| Observed { at, answer }),
            deficit: row
                .deficit
                .zip(row.deficit_since)
                .map(|(units, since)| Deficit { units, since }),
            sent: row.sent.zip(row.sent_at).map(|(quantity, at)| Sent {
                quantity,
                at,
                open_until: row.open_until,
            }),
            quarantine: row.rests_until.map(|until| Quarantine {
                until,
                // Where the refusal itself is forgotten, it is long past.
                lowered_from: row.refused_at.map_or(DateTime::UNIX_EPOCH, |refused_at| {
                    lowered_from(until, u32::try_from(row.failures).unwrap_or(0), refused_at)
                }),
                words: row.refused.unwrap_or_default(),
            }),
            recent: Vec::new(),
            sales: Sales {
                orders: row.sold_orders,
                units: row.sold_units,
                at: row.sold_at,
            },
            unread: false,
        };
        figures.insert(stored(row.barcode)?, figure);
    }

    // What went out lately must not go out again: the marketplace would refuse it.
    let recent = sqlx::query!(
        "SELECT s.barcode, s.quantity, b.sent_at
         FROM orderwatch.stock_batches b JOIN orderwatch.stock_sends s ON s.batch = b.id
         WHERE b.sent_at > $1 AND b.state <> 'refused' AND ($2::text[] IS NULL OR s.barcode = ANY($2))",
        now - REPEAT_AFTER,
        barcodes as _
    )
    .fetch_all(&mut *transaction)
    .await
    .map_err(&doing)?;

    for row in recent {
        let figure = figures.entry(stored(row.barcode)?).or_default();
        figure.recent.push((row.quantity, row.sent_at));
    }

    Ok(figures)
}
