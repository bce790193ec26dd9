//! Which of the warehouse's tables an order belongs in, and when its row may be moved there.
//!
//! The warehouse moves rows by itself, and where it keeps no ledger, a row in `orders_picking` says that the
//! units were taken. What must stay true: no row is moved there because of what Trendyol says, and none is
//! moved back from where the warehouse has put it.

use serde::{Deserialize, Serialize};

use super::{PackageStatus, StockEffect};

/// The tables, one per status of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OrderTable {
    /// `orders_created`: to be picked.
    Created,
    /// `orders_hazirlaniyor`: reported to Trendyol as being picked; to be collected.
    #[serde(rename = "hazirlaniyor")]
    Preparing,
    /// `orders_picking`: its units were taken from the shelves.
    Picking,
    /// `orders_ready_to_ship`.
    #[serde(rename = "ready_to_ship")]
    ReadyToShip,
    /// `orders_shipped`.
    Shipped,
    /// `orders_delivered`.
    Delivered,
    /// `orders_cancelled`.
    Cancelled,
    /// In a table into and out of which orderwatch moves nothing: an archive, or one that it does not know.
    Elsewhere,
}

impl OrderTable {
    /// Those whose rows may be moved, in the order of an order's life.
    pub(crate) const ALL: [Self; 7] = [
        Self::Created,
        Self::Preparing,
        Self::Picking,
        Self::ReadyToShip,
        Self::Shipped,
        Self::Delivered,
        Self::Cancelled,
    ];

    /// The table's name after `orders_`.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Preparing => "hazirlaniyor",
            Self::Picking => "picking",
            Self::ReadyToShip => "ready_to_ship",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
            Self::Elsewhere => "elsewhere",
        }
    }

    /// Reads the table's name after `orders_`.
    #[must_use]
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|place| place.as_str() == text)
    }

    /// Reads the name of any order table.
    #[must_use]
    pub(crate) fn of_table(name: &str) -> Self {
        Self::parse(name).unwrap_or(Self::Elsewhere)
    }

    /// Whether the order is still to be sent.
    #[must_use]
    pub(crate) fn is_before_shipping(self) -> bool {
        self < Self::Shipped
    }

    /// Whether a row that the warehouse has put here says that the units were taken, where it keeps no
    /// ledger.
    #[must_use]
    pub(crate) const fn is_taken(self) -> bool {
        matches!(self, Self::Picking | Self::Shipped | Self::Delivered)
    }
}

/// Where an order belongs by what Trendyol says of its packages; `None` when they do not say it:
/// payment is pending, a status is new, or the packages that carry on are not known yet.
#[must_use]
pub(crate) fn wanted<'a>(
    packages: impl IntoIterator<Item = &'a PackageStatus>,
) -> Option<OrderTable> {
    let mut found: Option<OrderTable> = None;
    let mut undecided = false;

    for status in packages {
        let place = match (status, status.stock_effect()) {
            (PackageStatus::Awaiting | PackageStatus::Verified, _) | (_, StockEffect::Unknown) => {
                undecided = true;
                continue;
            }
            (_, StockEffect::Superseded) => continue,
            (_, StockEffect::Reserved) => OrderTable::Created,
            (PackageStatus::Delivered, _) | (_, StockEffect::Returned) => OrderTable::Delivered,
            (_, StockEffect::Left) => OrderTable::Shipped,
            (_, StockEffect::Released) => OrderTable::Cancelled,
        };
        // The package that is furthest behind decides: somebody has to pick it.
        found = Some(found.map_or(place, |other| other.min(place)));
    }

    found.filter(|place| !undecided || *place == OrderTable::Created)
}

/// The table to write the row into; `None` when it is not touched.
///
/// `stands` is where it is, `ours` where orderwatch put it last.
#[must_use]
pub(crate) fn target(
    stands: Option<OrderTable>,
    ours: Option<OrderTable>,
    wanted: Option<OrderTable>,
) -> Option<OrderTable> {
    match (stands, ours) {
        // The warehouse has removed it, or put it where orderwatch moves nothing.
        (None, Some(_)) | (Some(OrderTable::Elsewhere), _) => None,
        (None, None) => wanted,
        // Picked, or moved by the warehouse: only forward.
        (Some(stands), ours)
            if stands == OrderTable::Picking || ours.is_some_and(|o| o != stands) =>
        {
            Some(wanted.map_or(stands, |wanted| wanted.max(stands)))
        }
        // Ours, or a row that was there before orderwatch.
        (Some(stands), Some(_)) => Some(wanted.unwrap_or(stands)),
        (Some(stands), None) => Some(wanted.map_or(stands, |wanted| wanted.max(stands))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted_of(statuses: &str) -> Option<OrderTable> {
        let statuses: Vec<PackageStatus> = statuses
            .split_whitespace()
            .map(PackageStatus::parse)
            .collect();
        wanted(&statuses)
    }

    #[test]
    fn the_package_furthest_behind_decides() {
        use OrderTable::{Cancelled, Created, Delivered, Shipped};
        for (statuses, want) in [
            ("Created", Some(Created)),
            // Said in the seller's panel; nobody has taken anything yet.
            ("Picking", Some(Created)),
            ("Invoiced", Some(Created)),
            ("Shipped", Some(Shipped)),
            ("AtCollectionPoint", Some(Shipped)),
            ("UnDelivered", Some(Shipped)),
            ("Delivered", Some(Delivered)),
            ("Returned", Some(Delivered)),
            ("Cancelled", Some(Cancelled)),
            ("UnSupplied", Some(Cancelled)),
            ("Shipped Created", Some(Created)),
            ("Delivered Shipped", Some(Shipped)),
            ("Cancelled Delivered", Some(Delivered)),
            ("UnPacked Created Shipped", Some(Created)),
            // Nothing may be shipped yet, so the warehouse does not see it.
            ("Awaiting", None),
            ("Verified", None),
            ("OnTheMoon", None),
            ("UnPacked", None),
            ("OnTheMoon Created", Some(Created)),
            ("Awaiting Cancelled", None),
            ("", None),
        ] {
            assert_eq!(wanted_of(statuses), want, "{statuses}");
        }
    }

    #[test]
    fn a_row_is_never_moved_back_from_where_the_warehouse_put_it() {
        use OrderTable::{
            Cancelled, Created, Delivered, Elsewhere, Picking, Preparing, ReadyToShip, Shipped,
        };
        for (stands, ours, wanted, want) in [
            (None, None, Some(Created), Some(Created)),
            (None, None, None, None),
            (None, Some(Created), Some(Created), None),
            (Some(Created), Some(Created), Some(Created), Some(Created)),
            (
                Some(Created),
                Some(Created),
                Some(Cancelled),
                Some(Cancelled),
            ),
            (Some(Created), None, Some(Shipped), Some(Shipped)),
            (Some(Created), Some(Created), None, Some(Created)),
            // A partial cancellation: the rest comes as a new package.
            (
                Some(Cancelled),
                Some(Cancelled),
                Some(Created),
                Some(Created),
            ),
            (
                Some(Cancelled),
                Some(Created),
                Some(Created),
                Some(Cancelled),
            ),
            (Some(Picking), Some(Created), Some(Created), Some(Picking)),
            (Some(Picking), Some(Picking), Some(Created), Some(Picking)),
            (Some(Picking), None, Some(Shipped), Some(Shipped)),
            (
                Some(Picking),
                Some(Picking),
                Some(Cancelled),
                Some(Cancelled),
            ),
            (Some(Shipped), Some(Picking), Some(Created), Some(Shipped)),
            (
                Some(Shipped),
                Some(Created),
                Some(Delivered),
                Some(Delivered),
            ),
            (Some(Shipped), None, Some(Created), Some(Shipped)),
            // Collected by the application, which moves it on itself unless it is over.
            (Some(Preparing), None, Some(Created), Some(Preparing)),
            (
                Some(Preparing),
                Some(Created),
                Some(Created),
                Some(Preparing),
            ),
            (Some(Preparing), Some(Created), None, Some(Preparing)),
            (Some(Preparing), Some(Created), Some(Shipped), Some(Shipped)),
            (
                Some(Preparing),
                Some(Created),
                Some(Cancelled),
                Some(Cancelled),
            ),
            (
                Some(ReadyToShip),
                Some(Created),
                Some(Created),
                Some(ReadyToShip),
            ),
            (Some(Elsewhere), None, Some(Created), None),
            (Some(Elsewhere), Some(Created), Some(Cancelled), None),
        ] {
            assert_eq!(
                target(stands, ours, wanted),
                want,
                "{stands:?} {ours:?} {wanted:?}"
            );
        }
    }

    #[test]
    fn names_come_back() {
        for place in OrderTable::ALL {
            assert_eq!(OrderTable::parse(place.as_str()), Some(place));
        }
        assert_eq!(OrderTable::parse("archived"), None);
        for name in ["archived", "archive", "elsewhere", "of_next_year"] {
            assert_eq!(OrderTable::of_table(name), OrderTable::Elsewhere);
        }
    }

    #[test]
    fn the_table_says_whether_it_is_to_be_sent_and_whether_it_was_taken() {
        use OrderTable::{Created, Delivered, Picking, Preparing, ReadyToShip, Shipped};
        let tables = OrderTable::ALL;
        let open: Vec<_> = tables
            .into_iter()
            .filter(|t| t.is_before_shipping())
            .collect();
        assert_eq!(open, [Created, Preparing, Picking, ReadyToShip]);
        let taken: Vec<_> = tables.into_iter().filter(|t| t.is_taken()).collect();
        assert_eq!(taken, [Picking, Shipped, Delivered]);
    }
}
