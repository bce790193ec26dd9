//! What the demo proves of the orders: both panels' ledgers held against the shop's rows.

use std::{collections::HashMap, fmt};

use super::{
    database::{Database, Order},
    panels::{Kind, Panels, Sale, bought_twice},
};

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Summary {
    orders: usize,
    bought: usize,
    at_znet: usize,
    at_barakat: usize,
    fell_back: usize,
    completed: usize,
    failed: usize,
    held: usize,
    open: usize,
    twice: usize,
    lost: usize,
}

impl Summary {
    /// Holds the panels' ledgers against the shop's rows.
    pub(super) async fn of(database: &Database, panels: &Panels) -> anyhow::Result<Self> {
        let orders = database.orders().await?;
        Ok(Self::compare(&orders, panels.sales()))
    }

    fn compare(orders: &[Order], sales: Vec<Sale>) -> Self {
        let at = |kind| sales.iter().filter(|sale| sale.kind == kind).count();
        let mut summary = Self {
            orders: orders.len(),
            at_znet: at(Kind::Znet),
            at_barakat: at(Kind::Barakat),
            twice: bought_twice(&sales),
            ..Self::default()
        };

        // Every order of the demo has a player of its own.
        let mut by_player: HashMap<String, Vec<Sale>> = HashMap::new();
        for sale in sales {
            let player = sale.player.clone();
            by_player.entry(player).or_default().push(sale);
        }

        for order in orders {
            let player = order.player.as_deref().unwrap_or_default();
            summary.count(order, &by_player.remove(player).unwrap_or_default());
        }
        // What was sold for no order at all.
        summary.lost += by_player.len();

        summary
    }

    fn count(&mut self, order: &Order, sales: &[Sale]) {
        match order.stage.as_deref() {
            Some("completed") => self.completed += 1,
            Some("failed" | "timed_out" | "withdrawn") => self.failed += 1,
            Some("held") => self.held += 1,
            Some(_) | None => self.open += 1,
        }
        self.bought += usize::from(!sales.is_empty());
        self.fell_back += usize::from(order.fell_back);
        self.lost += usize::from(is_lost(order, sales));
    }

    /// Whether nothing was bought twice and nothing was lost.
    pub(super) fn is_sound(&self) -> bool {
        self.twice == 0 && self.lost == 0
    }
}

/// An order is lost when orderwatch does not know of its purchase, ended without what was bought, or
/// gave what no panel sold for it.
fn is_lost(order: &Order, sales: &[Sale]) -> bool {
    let mut paid = sales.iter().filter(|sale| sale.is_paid());
    match order.stage.as_deref() {
        Some("completed") => order.status != "approved" || !paid.any(|sale| sale.pin == order.pin),
        // Staff decide about what a panel refused; what it cancelled is rejected.
        Some("failed") => paid.next().is_some() || !sales.is_empty() && order.status != "rejected",
        Some("dispatching" | "submitted" | "unconfirmed" | "held") => false,
        // Not tracked, to be sent again or to the fallback, or ended without it.
        _ => !sales.is_empty(),
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = [
            ("orders", self.orders),
            ("bought", self.bought),
            ("at znet", self.at_znet),
            ("at barakat", self.at_barakat),
            ("fell back", self.fell_back),
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

#[cfg(test)]
mod tests {
    use super::{
        super::panels::{State, tests::sale},
        *,
    };

    fn order(stage: &str, status: &str, pin: Option<&str>) -> Order {
        Order {
            player: Some("a".to_owned()),
            stage: Some(stage.to_owned()),
            fell_back: false,
            status: status.to_owned(),
            pin: pin.map(str::to_owned),
        }
    }

    /// How often an order was bought twice, and whether it is lost.
    fn found(order: Order, sales: &[(Kind, State, Option<&str>)]) -> (usize, usize) {
        let sales = sales.iter();
        let sales = sales.map(|&(kind, state, pin)| sale(kind, "a", state, pin));
        let summary = Summary::compare(&[order], sales.collect());
        (summary.twice, summary.lost)
    }

    #[test]
    fn codes_are_held_against_the_ledger_of_the_panel_that_sold() {
        use Kind::{Barakat, Znet};
        use State::{ChargedBack, Delivered};
        let completed = || order("completed", "approved", Some("C-1"));
        let code = Some("C-1");

        assert_eq!(found(completed(), &[(Barakat, Delivered, code)]), (0, 0));
        assert_eq!(
            found(completed(), &[(Barakat, Delivered, Some("C-2"))]),
            (0, 1)
        );
        assert_eq!(found(completed(), &[]), (0, 1), "nobody sold it");
        let again = [(Znet, ChargedBack, None), (Barakat, Delivered, code)];
        assert_eq!(found(completed(), &again), (0, 0));
        let twice = [(Znet, Delivered, Some("C-3")), (Barakat, Delivered, code)];
        assert_eq!(found(completed(), &twice), (1, 0));
    }

    #[test]
    fn an_order_that_failed_keeps_nothing_that_was_paid() {
        use State::{ChargedBack, Delivered, Waiting};
        for kind in [Kind::Znet, Kind::Barakat] {
            for (stage, status, state, lost) in [
                ("failed", "rejected", ChargedBack, 0),
                ("failed", "pending", ChargedBack, 1),
                ("failed", "rejected", Delivered, 1),
                ("timed_out", "rejected", Waiting, 1),
                ("queued", "pending", Waiting, 1),
                ("unconfirmed", "pending", Waiting, 0),
                ("held", "pending", Delivered, 0),
            ] {
                let found = found(order(stage, status, None), &[(kind, state, None)]);
                assert_eq!(found, (0, lost), "{kind:?} {stage} {status} {state:?}");
            }
        }
        assert_eq!(found(order("failed", "pending", None), &[]), (0, 0));
    }
}
