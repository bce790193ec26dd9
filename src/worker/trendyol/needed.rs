//! What is taken from the shelves for an order.

use chrono::{DateTime, Utc};

use crate::{
    stock::{
        details::Row,
        reserve::{Held, to_take},
    },
    store::PickLine,
};

/// What an order needs, product by product.
#[must_use]
pub fn needed(packages: &[Held], rows: &[Row], now: DateTime<Utc>) -> Vec<PickLine> {
    let lines = to_take(packages, rows, now).into_iter();
    lines
        .map(|(barcode, units)| PickLine {
            barcode,
            units: i32::try_from(units).unwrap_or(i32::MAX),
        })
        .collect()
}
