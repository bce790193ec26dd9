//! What a pass over the orders has read: the report of its run, as `orderwatch once` and the job list show it.

use serde::Serialize;

use crate::{
    marketplace::StreamPage,
    stock::{Package, Unreadable},
};

/// Records named in a report.
const NAMED: usize = 20;

#[derive(Clone, Debug, Default, Serialize)]
pub struct PullReport {
    /// Packages in the answers.
    pub(crate) packages: usize,
    /// Packages that were new or had changed.
    pub(crate) changed: usize,
    /// Those that began an order that was not known.
    pub new_orders: usize,
    /// Whether a day was read.
    pub(crate) wide: bool,
    /// Orders that were asked about by their number.
    pub(crate) asked: usize,
    /// Records, or parts of them, that could not be read; the first ones are named.
    pub(crate) unreadable: usize,
    /// Whether something was sold that none of them shows.
    #[serde(skip)]
    pub(crate) hides_sales: bool,
    /// Orders that the warehouse's tables did not take; their units are reserved all the same.
    pub(crate) not_shown: usize,
    /// What was wrong with the first ones.
    pub(crate) named: Vec<String>,
    /// What the database said of the last order that it did not take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refusal: Option<String>,
}

impl PullReport {
    pub(super) fn name(&mut self, unreadable: &[Unreadable]) {
        self.unreadable += unreadable.len();
        for record in unreadable {
            tracing::error!(%record, "a record of the orders cannot be read");
            self.remember(record.to_string());
        }
    }

    /// Notes whether a page of the feed shows everything that was sold, also where nothing of it is new.
    pub(super) fn note_hidden(&mut self, page: &StreamPage) {
        let mut packages = page.packages.iter();
        self.hides_sales |= !page.unreadable.is_empty() || packages.any(Package::hides_a_sale);
    }

    pub(super) fn name_parts(&mut self, package: &Package) {
        let (id, order) = (package.shipment_package_id, package.order_number.as_str());
        self.unreadable += package.unreadable.len();
        for part in &package.unreadable {
            tracing::error!(package = id, order, %part, "a part of a package cannot be read");
            self.remember(format!("package {id} (order {order}): {part}"));
        }
    }

    pub(super) fn remember(&mut self, text: String) {
        // The rest is in the log; a report is one row of the database.
        if self.named.len() < NAMED {
            self.named.push(text);
        }
    }
}
