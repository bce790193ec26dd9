//! The panel's ledger held against the shop's rows.

use std::collections::HashMap;

use sandbox::{
    barakat::{self, Barakat},
    panel::{Ending, Panel, Sale},
};

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
    let (tally, strays) = audit_known(panel, rows);
    assert!(strays.is_empty(), "sold to nobody's order: {strays:?}");
    tally
}

/// The same where orders may have been lost: also returns what was sold to none of these.
pub(crate) fn audit_known(panel: &Panel, rows: &[Row]) -> (Tally, Vec<Sale>) {
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
    (tally, sales.into_values().collect())
}

/// The same for a panel of the kind barakat, where each sale bears the order's own id. Returns how many
/// were completed, and what was sold to none of these.
pub(crate) fn audit_barakat(
    panel: &Barakat,
    token: &str,
    rows: &[Row],
) -> (usize, Vec<barakat::Sale>) {
    let ledger = panel.ledger();
    assert_eq!(ledger.references_sold_twice(), Vec::<String>::new());
    let mut sales: HashMap<String, barakat::Sale> = HashMap::new();
    for sale in ledger.sales() {
        sales.insert(sale.order_uuid.clone(), sale);
    }
    let mut completed = 0;
    for row in rows {
        let id = row.id.to_string();
        let bought = sales.remove(&id).is_some();
        if row.is_completed() {
            completed += 1;
            let pin = panel.pin_of(token, &id);
            assert!(bought, "{row:?}");
            assert_eq!(row.pin_code.as_ref(), Some(&pin), "{row:?}");
            assert_eq!(row.referans.as_ref(), Some(&id), "{row:?}");
        } else {
            assert_eq!(row.held_reason.as_deref(), Some("unconfirmed"), "{row:?}");
            assert!(!bought, "bought and not found: {row:?}");
        }
    }
    (completed, sales.into_values().collect())
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
