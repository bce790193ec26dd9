//! What the demo proves: the panel's ledger held against the shop's rows.

use std::{collections::HashMap, fmt};

use sandbox::panel::{Panel, Sale};

use super::database::{Database, Order};

/// Sales of the panel by player; every order of the demo has a player of its own.
type Sales = HashMap<String, Vec<Sale>>;

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
    pub(super) async fn of(database: &Database, panel: &Panel) -> anyhow::Result<Self> {
        let orders = database.orders().await?;
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

    fn count(&mut self, order: &Order, sales: &[Sale]) {
        let stage = order.stage.as_deref();
        match stage {
            Some("completed") => self.completed += 1,
            Some("failed" | "timed_out" | "withdrawn") => self.failed += 1,
            Some("held") => self.held += 1,
            Some(_) | None => self.open += 1,
        }
        self.bought += usize::from(!sales.is_empty());
        self.twice += usize::from(sales.len() > 1);
        self.lost += usize::from(sales.iter().any(|sale| is_lost(order, sale)));
    }

    /// Whether nothing was bought twice and nothing was lost.
    pub(super) fn is_sound(&self) -> bool {
        self.twice == 0 && self.lost == 0
    }
}

/// A purchase is lost when orderwatch does not know of it, or ended without what was bought.
fn is_lost(order: &Order, sale: &Sale) -> bool {
    match order.stage.as_deref() {
        Some("completed") => order.pin != sale.pin || order.status != "approved",
        Some("failed") => order.status != "rejected",
        Some("dispatching" | "submitted" | "unconfirmed" | "held") => false,
        // Not tracked, to be sent again, or ended without it.
        _ => true,
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
