//! What really lies in the warehouse and is on sale, by the practice store's own books and the
//! warehouse's. Nothing in here asks orderwatch what it thinks.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;

use sandbox::trendyol::{Endpoint, Package, Status, TrendyolStore};

use super::{database::Database, warehouse::has_ended};

/// The books; clones see the same ones.
#[derive(Clone)]
pub(super) struct Books {
    pub(super) database: Database,
    pub(super) trendyol: TrendyolStore,
    notes: Arc<Mutex<Notes>>,
}

/// What only the demo itself knows.
#[derive(Default)]
pub(super) struct Notes {
    /// What was taken for each order.
    pub(super) picked: HashMap<String, HashMap<String, i32>>,
    /// Sales of pieces that were not there.
    pub(super) oversold: Vec<String>,
}

/// The stock and the store at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct StockFigures {
    pub(super) products: usize,
    /// Products of which exactly what is available is on sale.
    pub(super) right: usize,
    /// Products of which less is.
    pub(super) fewer: usize,
    /// Products of which more is.
    pub(super) more: usize,
    pub(super) oversold: usize,
    pub(super) sales: usize,
    pub(super) open_packages: usize,
    pub(super) pushes: u64,
    pub(super) looks: u64,
}

impl Books {
    pub(super) fn new(database: Database, trendyol: TrendyolStore) -> Self {
        Self {
            database,
            trendyol,
            notes: Arc::default(),
        }
    }

    /// Gives access to what is written down; `work` awaits nothing and takes no second note.
    pub(super) fn note<T>(&self, work: impl FnOnce(&mut Notes) -> T) -> T {
        work(&mut self.notes.lock())
    }

    /// What should be on sale: what lies there, less what the open packages still want.
    pub(super) async fn free(&self) -> anyhow::Result<HashMap<String, i64>> {
        let stock = self.database.stock().await?.into_iter();
        let mut free: HashMap<String, i64> =
            stock.map(|(name, qty)| (name, i64::from(qty))).collect();
        let mut owed: HashMap<(String, String), i64> = HashMap::new();
        let packages = self.trendyol.packages();

        for package in packages.iter().filter(|package| !has_ended(package)) {
            for line in &package.lines {
                let key = (package.order_number.clone(), line.product.barcode.clone());
                *owed.entry(key).or_default() += i64::from(line.quantity);
            }
        }

        self.note(|notes| {
            for ((order, barcode), pieces) in owed {
                let taken = notes.picked.get(&order).and_then(|t| t.get(&barcode));
                let left = pieces - i64::from(taken.copied().unwrap_or(0));
                *free.entry(barcode).or_default() -= left.max(0);
            }
        });

        Ok(free)
    }

    /// Holds what is on sale against what should be.
    pub(super) async fn figures(&self) -> anyhow::Result<StockFigures> {
        let free = self.free().await?;
        let ledger = self.trendyol.ledger();
        let packages = self.trendyol.packages();

        let mut figures = StockFigures {
            oversold: self.note(|notes| notes.oversold.len()),
            sales: ledger.sales().len(),
            open_packages: packages.iter().filter(|p| is_open(p)).count(),
            pushes: ledger.count(Endpoint::PushStock),
            looks: ledger.count(Endpoint::ReadBack),
            ..StockFigures::default()
        };

        for (barcode, listed) in self.trendyol.stocks() {
            let wanted = free.get(&barcode).copied().unwrap_or(0).max(0);
            figures.products += 1;
            *match i64::from(listed).cmp(&wanted) {
                std::cmp::Ordering::Equal => &mut figures.right,
                std::cmp::Ordering::Less => &mut figures.fewer,
                std::cmp::Ordering::Greater => &mut figures.more,
            } += 1;
        }

        Ok(figures)
    }
}

/// Whether its units are still to be taken from the shelves, or to be packed.
fn is_open(package: &Package) -> bool {
    matches!(
        package.status,
        Status::Awaiting | Status::Verified | Status::Created | Status::Picking | Status::Invoiced
    )
}
