//! What is taken from the shelves for an order.

use crate::{
    stock::{
        details::Row,
        ledger::Facts,
        reserve::{Held, to_take},
    },
    store::PickLine,
};

/// What an order needs, product by product.
#[must_use]
pub fn needed(packages: &[Held], rows: &[Row], facts: &Facts) -> Vec<PickLine> {
    let lines = to_take(packages, rows, facts).into_iter();
    lines
        .map(|(barcode, units)| PickLine {
            barcode,
            units: i32::try_from(units).unwrap_or(i32::MAX),
        })
        .collect()
}
