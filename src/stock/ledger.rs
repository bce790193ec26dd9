//! What left the shelves for each order, by the warehouse's ledger (`stock_movement`).
//!
//! What must stay true: each unit of the ledger accounts for one unit of one package only.

use std::{collections::HashMap, sync::Arc};

use super::names::Names;

/// Units that were taken for one order and did not come back, of one barcode.
#[derive(Clone, Debug)]
pub(crate) struct Movement {
    pub(crate) order: String,
    /// `barcode` as the ledger has it.
    pub(crate) barcode: String,
    /// Not positive where as many came back.
    pub(crate) units: i32,
}

/// What is known of the warehouse besides its shelves and its orders.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// Which barcodes mean the same product.
    pub(crate) names: Arc<Names>,
    /// What was taken; `None` where the warehouse keeps no ledger, and its order tables have to show it.
    pub(crate) movements: Option<Vec<Movement>>,
}

/// Units of the ledger that no package has accounted for yet, by order and main barcode.
pub(super) struct Unclaimed<'a>(HashMap<(&'a str, String), u32>);

impl<'a> Unclaimed<'a> {
    pub(super) fn of(facts: &'a Facts) -> Self {
        let mut units: HashMap<(&str, String), u32> = HashMap::new();
        for movement in facts.movements.iter().flatten() {
            let key = (movement.order.as_str(), facts.names.main(&movement.barcode));
            let sum = units.entry(key).or_default();
            // What came back more often than it went is nothing that a package could claim.
            *sum = sum.saturating_add(u32::try_from(movement.units).unwrap_or(0));
        }
        Self(units)
    }

    /// Takes up to `wanted` units of what was taken for an order. Returns what is still owed.
    pub(super) fn claim(&mut self, order: &'a str, main: String, wanted: u32) -> u32 {
        let Some(units) = self.0.get_mut(&(order, main)) else {
            return wanted;
        };

        let claimed = wanted.min(*units);
        *units -= claimed;
        wanted - claimed
    }
}
