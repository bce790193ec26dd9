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
    orders: Mutex<HashMap<OrderId, Noted>>,
    /// An order that the database says is new is one of them.
    pub(super) missed: Notify,
}

#[derive(Debug)]
struct Noted {
    known: Weak<()>,
    at_work: Weak<()>,
}

/// What an order is known by, each for as long as a clone of it lives.
#[derive(Clone, Debug)]
pub(crate) struct OwnOrder {
    /// It is being bought, or was.
    pub(super) known: Arc<()>,
    /// A call is under way, or its result not written yet.
    pub(super) at_work: Arc<()>,
}

impl OwnOrders {
    /// Work on the order begins.
    pub(super) fn note(&self, order: OrderId) -> OwnOrder {
        let mut orders = self.orders.lock();
        let noted = orders.get(&order);
        let known = noted.and_then(|noted| noted.known.upgrade());
        let at_work = noted.and_then(|noted| noted.at_work.upgrade());

        let (known, at_work) = (known.unwrap_or_default(), at_work.unwrap_or_default());
        let noted = Noted {
            known: Arc::downgrade(&known),
            at_work: Arc::downgrade(&at_work),
        };
        orders.insert(order, noted);
        OwnOrder { known, at_work }
    }

    pub(super) fn has(&self, order: OrderId) -> bool {
        let orders = self.orders.lock();
        orders
            .get(&order)
            .is_some_and(|noted| noted.known.strong_count() > 0)
    }

    pub(super) fn is_at_work(&self, order: OrderId) -> bool {
        let orders = self.orders.lock();
        orders
            .get(&order)
            .is_some_and(|noted| noted.at_work.strong_count() > 0)
    }

    /// Clears away those that are known no more.
    pub(super) fn tidy(&self) {
        let mut orders = self.orders.lock();
        orders.retain(|_, noted| noted.known.strong_count() > 0);
    }
}
