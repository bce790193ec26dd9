//! Orders at panels of the kind barakat, from the shop's row to their end.
//!
//! These panels sell again under a name that they know, so a second request would show as a second
//! sale. What must stay true: an order is bought once whatever comes, and what may have been bought is
//! asked about, never sent again by itself.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

mod guards;
mod held;
mod life;
mod people;
mod shop_sent;
mod unsure;

use orderwatch::order::OrderId;
use sandbox::{
    barakat::Endpoint,
    trouble::{Fault, Trouble},
};

use crate::support::BarakatReseller;

/// An answer with this text in place of the true one; nothing is done.
fn says(text: impl Into<String>) -> Fault {
    let text: String = text.into();
    Fault::Instead(Trouble::says(text))
}

/// Purchases that were sent for an order, whether or not they sold.
fn purchases(reseller: &BarakatReseller, order: OrderId) -> usize {
    let ledger = reseller.panel.ledger();
    ledger
        .requests_about(Endpoint::Purchase, &order.to_string())
        .len()
}

/// What the panel was asked about, oldest first: the endpoint, and whether by our name for the order.
fn asked(reseller: &BarakatReseller) -> Vec<(Endpoint, bool)> {
    let requests = reseller.panel.ledger().requests().into_iter();
    let orders = requests.filter(|request| !request.references.is_empty());
    orders
        .map(|request| {
            let by_uuid = request.param("uuid") == Some("1");
            (request.endpoint, by_uuid)
        })
        .collect()
}
