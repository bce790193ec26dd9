//! What the demo proves of the stock: the store's books held against the warehouse's.

use std::{collections::HashMap, fmt};

use sandbox::trendyol::Endpoint;

use super::{api::Planned, books::Books, warehouse::Warehouse};

#[derive(Clone, Debug, Default)]
pub(super) struct StockSummary {
    sales: usize,
    picked: usize,
    returns: usize,
    passes: usize,
    pushes: u64,
    /// Sales of pieces that were not there.
    oversold: Vec<String>,
    comparison: Comparison,
    was_waited_for: bool,
}

/// What is on sale against what is there, at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Comparison {
    products: usize,
    /// Products of which exactly what is available is on sale.
    right: usize,
    /// Products of which less is on sale for a while, for a reason.
    less: usize,
    /// Products of which something else is on sale.
    wrong: Vec<String>,
    /// Products of which orderwatch has yet to see or to send something.
    unsettled: usize,
}

impl StockSummary {
    /// Holds what is on sale against what is there.
    pub(super) async fn of(warehouse: &Warehouse) -> anyhow::Result<Self> {
        let books = &warehouse.books;
        let ledger = books.trendyol.ledger();
        let (returns, passes) = books.database.returns_and_passes().await?;
        let (picked, oversold) = books.note(|notes| (notes.picked.len(), notes.oversold.clone()));

        // What was waited for is judged as it was then: the daemon goes on until the shop is done.
        let comparison = match &warehouse.settled {
            Some(settled) => settled.clone(),
            None => Comparison::of(books, &[]).await?,
        };
        Ok(Self {
            sales: ledger.sales().len(),
            picked,
            returns: usize::try_from(returns)?,
            passes: usize::try_from(passes)?,
            pushes: ledger.count(Endpoint::PushStock),
            oversold,
            comparison,
            was_waited_for: warehouse.settled.is_some(),
        })
    }

    /// Whether nothing was sold that is not there, and everything came out right in the end. Where
    /// nobody waited for the end, there is none.
    pub(super) fn is_sound(&self) -> bool {
        self.oversold.is_empty() && (self.comparison.wrong.is_empty() || !self.was_waited_for)
    }
}

impl Comparison {
    /// Of the store and the warehouse, and what orderwatch would do about it. They are read one after
    /// the other, so a push in between shows as something that has yet to be seen.
    pub(super) async fn of(books: &Books, plan: &[Planned]) -> anyhow::Result<Self> {
        let mut found = Self::default();
        let plan: HashMap<&str, &Planned> =
            plan.iter().map(|row| (row.barcode.as_str(), row)).collect();
        let free = books.free().await?;
        for (barcode, listed) in books.trendyol.stocks() {
            let listed = i64::from(listed);
            let free = free.get(&barcode).copied().unwrap_or(0).max(0);
            found.products += 1;

            // What waits is held back for a while: it was cancelled minutes ago, is the rest of a deficit, or
            // was sent lately. That counts only where orderwatch knows what is on sale.
            let planned = plan.get(barcode.as_str());
            let is_settled =
                planned.is_some_and(|row| row.on_sale == Some(listed) && row.verdict != "send");
            found.unsettled += usize::from(!is_settled);

            if listed == free {
                found.right += 1;
            } else if listed < free && (is_settled || plan.is_empty()) {
                found.less += 1;
            } else {
                found
                    .wrong
                    .push(format!("{barcode}: {listed} on sale, {free} available"));
            }
        }
        Ok(found)
    }

    /// Whether nothing more will happen soon.
    pub(super) fn is_settled(&self) -> bool {
        self.unsettled == 0
    }
}

impl fmt::Display for StockSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = [
            ("products", self.comparison.products),
            ("sales", self.sales),
            ("picked", self.picked),
            ("returns", self.returns),
            ("stock passes", self.passes),
            ("pushes", usize::try_from(self.pushes).unwrap_or(usize::MAX)),
            ("oversold", self.oversold.len()),
            ("on sale right", self.comparison.right),
            ("fewer for now", self.comparison.less),
            ("on sale wrong", self.comparison.wrong.len()),
        ];

        writeln!(f)?;
        for (name, number) in rows {
            writeln!(f, "  {name:<14}{number:>6}")?;
        }

        if !self.was_waited_for {
            writeln!(f, "  (ended before the stock could come out even)")?;
        }

        for line in self.oversold.iter().chain(&self.comparison.wrong) {
            writeln!(f, "  {line}")?;
        }

        Ok(())
    }
}
