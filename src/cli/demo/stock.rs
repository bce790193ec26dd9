//! What the demo proves of the stock: the store's books held against the warehouse's.

use std::{collections::HashMap, fmt};

use super::warehouse::{Warehouse, rests};
use sandbox::trendyol::Endpoint;

/// Passes that are counted at most.
const PASSES: i64 = 10_000;

/// The figures at the end.
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
        let ledger = warehouse.books.trendyol.ledger();
        let log = warehouse
            .books
            .store
            .stock_pushes(None, None, PASSES)
            .await?;
        let returns = warehouse.books.store.practice_returns().await?;
        let (picked, oversold) = warehouse
            .books
            .note(|notes| (notes.picked.len(), notes.oversold.clone()));
        // What was waited for is judged as it was then: the daemon goes on until the shop is done.
        let comparison = match &warehouse.settled {
            Some(settled) => settled.clone(),
            None => Comparison::of(warehouse).await?,
        };
        Ok(Self {
            sales: ledger.sales().len(),
            picked,
            returns: usize::try_from(returns)?,
            passes: log.len(),
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
    /// One by one, so a push in between shows as something that has yet to be seen.
    pub(super) async fn of(warehouse: &Warehouse) -> anyhow::Result<Self> {
        let mut found = Self::default();
        let on_sale: HashMap<String, u32> = warehouse.books.trendyol.stocks().into_iter().collect();
        let free = warehouse.books.free().await?;
        let forecast = warehouse.forecast().await?;
        for (barcode, entry) in &forecast.plan().entries {
            let barcode = barcode.as_str();
            let listed = on_sale.get(barcode).copied().map_or(0, i64::from);
            let free = free.get(barcode).copied().unwrap_or(0).max(0);
            found.products += 1;
            // Held back for a while: what was cancelled minutes ago, the rest of a deficit, or the number
            // was sent lately. Only where orderwatch knows what is on sale.
            let is_known = entry.on_sale.map(i64::from) == Some(listed);
            let is_settled = is_known && rests(entry.verdict);
            found.unsettled += usize::from(!is_settled);
            let held_back = listed < free && is_settled;
            if listed == free {
                found.right += 1;
            } else if held_back {
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
