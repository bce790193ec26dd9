//! The panel's ledger held against the shop's rows.

use std::collections::HashMap;

use sandbox::panel::{Ending, Panel, Sale};

use super::shop::Row;

/// How the orders ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) completed: usize,
    pub(crate) cancelled: usize,
    pub(crate) held: usize,
}

/// Proves that nothing was bought twice, nothing was lost, and every PIN arrived. Every order has
/// a player of its own.
pub(crate) fn audit(panel: &Panel, rows: &[Row]) -> Tally {
    let ledger = panel.ledger();
    assert_eq!(ledger.players_sold_twice(), Vec::<String>::new());
    assert_eq!(ledger.references_sold_twice(), Vec::<String>::new());
    assert_eq!(ledger.references_sent_twice(), Vec::<String>::new());
    let mut sales: HashMap<String, Sale> = HashMap::new();
    for sale in ledger.sales() {
        sales.insert(sale.player.clone(), sale);
    }
    let mut tally = Tally::default();
    for row in rows {
        let player = row.player.clone().unwrap_or_default();
        check(row, sales.remove(&player).as_ref(), &mut tally);
    }
    assert!(sales.is_empty(), "sold to nobody's order: {sales:?}");
    tally
}

fn check(row: &Row, sale: Option<&Sale>, tally: &mut Tally) {
    let about = || format!("{row:?}, sale {sale:?}");
    match (row.stage.as_deref(), sale) {
        (Some("completed"), Some(sale)) => {
            tally.completed += 1;
            assert_eq!(row.status, "approved", "{}", about());
            assert_eq!(row.external_status, "done", "{}", about());
            assert_eq!(row.pin_code, sale.pin, "the shop's PIN: {}", about());
            assert_eq!(row.pin, sale.pin, "our PIN: {}", about());
            assert_eq!(row.referans.as_ref(), Some(&sale.reference), "{}", about());
            assert!(row.has_times, "{}", about());
        }
        (Some("failed"), Some(sale)) => {
            tally.cancelled += 1;
            assert_eq!(sale.settled, Some(Ending::Cancelled), "{}", about());
            assert_eq!(row.status, "rejected", "{}", about());
        }
        (Some("held"), None) => {
            tally.held += 1;
            assert_eq!(
                row.held_reason.as_deref(),
                Some("unconfirmed"),
                "{}",
                about()
            );
            assert_eq!(row.status, "pending", "{}", about());
        }
        _ => panic!("an order ended badly: {}", about()),
    }
}
