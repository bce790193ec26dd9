//! What the demo proves: the panel's ledger held against the shop's rows.

use std::{collections::HashMap, fmt};

use crate::{
    order::Stage,
    store::{Practised, Store},
};
use sandbox::panel::{Panel, Sale};

/// Sales of the panel by player; every order of the demo has a player of its own.
type Sales = HashMap<String, Vec<Sale>>;

/// The figures at the end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Summary {
    orders: usize,
    bought: usize,
    completed: usize,
    failed: usize,
    held: usize,
    open: usize,
    twice: usize,
    lost: usize,
}

impl Summary {
    /// Holds the panel's ledger against the shop's rows.
    pub(super) async fn of(store: &Store, panel: &Panel) -> anyhow::Result<Self> {
        let orders = store.practised().await?;
        let mut sales = Sales::new();
        for sale in panel.ledger().sales() {
            sales.entry(sale.player.clone()).or_default().push(sale);
        }
        let mut summary = Self {
            orders: orders.len(),
            ..Self::default()
        };
        for order in &orders {
            let player = order.player.as_deref().unwrap_or_default();
            summary.count(order, sales.get(player).map_or(&[], Vec::as_slice));
        }
        Ok(summary)
    }

    fn count(&mut self, order: &Practised, sales: &[Sale]) {
        let stage = order.stage.as_deref().and_then(Stage::parse);
        match stage {
            Some(Stage::Completed) => self.completed += 1,
            Some(Stage::Failed | Stage::TimedOut | Stage::Withdrawn) => self.failed += 1,
            Some(Stage::Held) => self.held += 1,
            Some(_) | None => self.open += 1,
        }
        self.bought += usize::from(!sales.is_empty());
        self.twice += usize::from(sales.len() > 1);
        self.lost += usize::from(sales.iter().any(|sale| is_lost(order, stage, sale)));
    }

    /// Whether nothing was bought twice and nothing was lost.
    pub(super) fn is_sound(&self) -> bool {
        self.twice == 0 && self.lost == 0
    }
}

/// A purchase is lost when orderwatch does not know of it, or ended without what was bought.
fn is_lost(order: &Practised, stage: Option<Stage>, sale: &Sale) -> bool {
    match stage {
        None | Some(Stage::Queued | Stage::TimedOut | Stage::Withdrawn) => true,
        Some(Stage::Completed) => order.pin != sale.pin || order.status != "approved",
        Some(Stage::Failed) => order.status != "rejected",
        Some(Stage::Dispatching | Stage::Submitted | Stage::Unconfirmed | Stage::Held) => false,
    }
}

impl Practised {
    /// Whether somebody still works on it.
    pub(super) fn is_open(&self) -> bool {
        !self.is_final && self.stage.as_deref() != Some(Stage::Held.as_str())
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = [
            ("orders", self.orders),
            ("bought", self.bought),
            ("completed", self.completed),
            ("failed", self.failed),
            ("held", self.held),
            ("under way", self.open),
            ("bought twice", self.twice),
            ("lost", self.lost),
        ];
        writeln!(f, "\nSummary")?;
        for (name, number) in rows {
            writeln!(f, "  {name:<14}{number:>6}")?;
        }
        Ok(())
    }
}
