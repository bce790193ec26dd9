//! What a failover to a server that lags behind takes back.

use super::{
    database::{Database, Purchase, ShopRow, Tracked},
    setting::At,
    tally::Path,
};

/// What a failover puts back.
pub(super) enum Undo {
    Row(usize, Box<ShopRow>),
    Order(usize, Box<Option<Tracked>>),
    Purchases(usize, Vec<Purchase>),
}

impl Database {
    pub(super) fn keep(&mut self, undo: impl FnOnce() -> Undo) {
        if self.keeps_undo {
            self.undo.push_back((self.now, undo()));
        }
    }

    /// Forgets what no failover can take back any more.
    pub(super) fn forget_undo(&mut self, before: At) {
        while self.undo.front().is_some_and(|(at, _)| *at < before) {
            self.undo.pop_front();
        }
    }

    /// A failover to a server that has not got the commits since then.
    pub(super) fn fail_over(&mut self, since: At) {
        while self.undo.back().is_some_and(|(at, _)| *at >= since) {
            let Some((_, undo)) = self.undo.pop_back() else {
                break;
            };
            match undo {
                Undo::Row(order, row) => {
                    if self.rows[order].exists && !row.exists && row.status.is_none() {
                        self.tally.path(Path::OrderUndone);
                    }
                    self.rows[order] = *row;
                    self.note(order, "a failover took back a change of the row".to_owned());
                }
                Undo::Order(order, tracked) => {
                    self.orders[order] = *tracked;
                    self.stands_since[order] = self.now;
                    self.note(order, "a failover took back a step".to_owned());
                }
                Undo::Purchases(order, purchases) => {
                    if purchases.len() < self.purchases[order].len() {
                        self.tally.path(Path::ClaimUndone);
                        self.undone[order] = true;
                        self.heard[order] = false;
                    }
                    self.purchases[order] = purchases;
                }
            }
        }

        self.names.clear();
        for (order, purchases) in self.purchases.iter().enumerate() {
            let names = purchases.iter().map(|p| (p.panel, p.reference.clone()));
            self.names.extend(names.map(|name| (name, order)));
        }
        self.open = (0..self.rows.len()).collect();
        self.tidy();
    }
}
