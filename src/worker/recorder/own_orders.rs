//! Orders that this process is buying or has bought, whatever the database has lost of them.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::order::OrderId;

#[derive(Debug, Default)]
pub(super) struct OwnOrders {
    orders: Mutex<HashMap<OrderId, Weak<()>>>,
    /// An order that the database says is new is one of them.
    pub(super) missed: Notify,
}

impl OwnOrders {
    /// The order is known for as long as a clone of what is returned lives.
    pub(super) fn note(&self, order: OrderId) -> Arc<()> {
        let mut orders = self.orders.lock();
        let known = orders.get(&order).and_then(Weak::upgrade);
        known.unwrap_or_else(|| {
            let known = Arc::default();
            orders.insert(order, Arc::downgrade(&known));
            known
        })
    }

    pub(super) fn has(&self, order: OrderId) -> bool {
        let orders = self.orders.lock();
        orders
            .get(&order)
            .is_some_and(|known| known.strong_count() > 0)
    }

    /// Clears away those that are known no more.
    pub(super) fn tidy(&self) {
        let mut orders = self.orders.lock();
        orders.retain(|_, known| known.strong_count() > 0);
    }
}
