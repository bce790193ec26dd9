//! Shipment packages: an order is sent in one or several of them.

use std::fmt;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::{CreatedBy, PackageStatus, Personal, StockEffect};

/// One parcel of an order.
///
/// Texts have no blanks around them, and an empty one is `None`.
#[derive(Clone, Debug)]
pub struct Package {
    /// What tells packages apart; an order number does not. Negative where the marketplace has given
    /// none yet (0, a negative one, nothing): then it stands for the order, and no two orders have the
    /// same: minus the number of the order, or a hash of one that is no plain number.
    pub shipment_package_id: i64,
    /// The order, shared by all of its packages.
    pub order_number: String,
    pub status: PackageStatus,
    /// When the customer ordered: Trendyol sends `orderDate` as the hour in Istanbul, three ahead.
    pub order_date: Option<DateTime<Utc>>,
    /// When it was bought, and its units left what is on sale: `order_date`, or as it came where the
    /// package itself shows that it is not ahead, or else the oldest time there is.
    pub(crate) sold_at: Option<DateTime<Utc>>,
    /// `lastModifiedDate` in milliseconds. Where it is missing: the newest time of `history`; 0 without
    /// any.
    pub(crate) last_modified_ms: i64,
    /// Why there is this package.
    pub(crate) created_by: Option<CreatedBy>,
    /// The packages that this one replaces.
    pub origin_package_ids: Vec<i64>,
    /// The lines that could be read.
    pub lines: Vec<Line>,
    /// What is wrong with the others, with quantities, and with other parts that matter.
    pub unreadable: Vec<Unreadable>,
    /// Whether lines are missing from `lines`, so that nobody knows what was sold.
    pub(crate) lines_missing: bool,
    /// The statuses that it went through, as they came.
    pub(crate) history: Vec<StatusChange>,
    /// Who gets it.
    pub(crate) customer: Customer,
    /// How it gets there.
    pub cargo: Cargo,
    /// The sums of the package.
    pub(crate) amounts: Amounts,
    /// Of all sums, such as `TRY`.
    pub(crate) currency_code: Option<String>,
    /// `originShipmentDate`.
    pub(crate) origin_shipment_date: Option<DateTime<Utc>>,
    /// `estimatedDeliveryStartDate`.
    pub(crate) estimated_delivery_start: Option<DateTime<Utc>>,
    /// `estimatedDeliveryEndDate`.
    pub(crate) estimated_delivery_end: Option<DateTime<Utc>>,
    /// `agreedDeliveryDate`: until when it has to be handed over.
    pub(crate) agreed_delivery_date: Option<DateTime<Utc>>,
}

impl Package {
    /// Whether units may have been sold in it that nobody can reserve.
    #[must_use]
    pub(crate) fn hides_a_sale(&self) -> bool {
        let effect = self.status.stock_effect();
        self.lines_missing && !matches!(effect, StockEffect::Released | StockEffect::Returned)
    }

    /// `last_modified_ms` as a time; `None` when it is unknown.
    #[must_use]
    pub fn last_modified(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_millis(self.last_modified_ms).filter(|_| self.last_modified_ms > 0)
    }
}

/// A product in a package.
#[derive(Clone, Debug)]
pub struct Line {
    pub id: Option<i64>,
    /// The barcode as it came, without blanks around it; never empty.
    pub barcode: String,
    /// Pieces, 0 or more.
    pub quantity: i32,
    /// `stockCode`, `merchantSku` in old answers.
    pub stock_code: Option<String>,
    /// `contentId`, `productCode` in old answers.
    pub(crate) product_code: Option<String>,
    pub(crate) product_main_id: Option<String>,
    pub(crate) product_name: Option<String>,
    pub(crate) product_size: Option<String>,
    pub(crate) product_color: Option<String>,
    /// `orderLineItemStatusName`.
    pub(crate) status: Option<PackageStatus>,
    /// The sums of one piece; `net` is `lineUnitPrice`.
    pub amounts: Amounts,
    /// Trendyol's share of what is paid, in percent.
    pub(crate) commission: Option<Decimal>,
    /// Why it was cancelled.
    pub(crate) cancel_reason: Option<String>,
}

/// Sums of a package or of one piece of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Before discounts.
    pub(crate) gross: Option<Decimal>,
    /// By the seller and by Trendyol together.
    pub(crate) total_discount: Option<Decimal>,
    /// What is paid.
    pub net: Option<Decimal>,
}

/// Who gets a package or sends one back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Customer {
    /// Trendyol's number for this person.
    pub(crate) id: Option<Personal>,
    pub(crate) first_name: Option<Personal>,
    pub(crate) last_name: Option<Personal>,
    /// Where the package goes, in one line.
    pub(crate) address: Option<Personal>,
}

/// The parcel service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cargo {
    /// A number that may be longer than 64 bits, so a text.
    pub tracking_number: Option<String>,
    /// Where the customer follows it. Shows a name on some sites.
    pub(crate) tracking_link: Option<Personal>,
    /// The service's number for the sender.
    pub(crate) sender_number: Option<String>,
    /// The service.
    pub(crate) provider_name: Option<String>,
}

/// One step of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StatusChange {
    pub(crate) at: DateTime<Utc>,
    pub(crate) status: PackageStatus,
}

/// A record, or a part of one, that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Which one: its id where that can be read, otherwise its place on the page (`#0` is the first).
    pub(crate) record: String,
    /// What is wrong with it: names of fields, no values.
    pub(crate) reason: String,
}

/// How the reason ends where units are reserved all the same.
const RESERVED: &str = " reserved";

impl Unreadable {
    /// A line of which it is not known how many pieces it has: so many are reserved.
    #[must_use]
    pub(crate) fn but_reserved(record: String, reason: &str, pieces: i32) -> Self {
        let reason = format!("{reason}; {pieces}{RESERVED}");
        Self { record, reason }
    }

    /// Whether units are reserved although something cannot be read.
    #[must_use]
    pub(crate) fn still_reserves(&self) -> bool {
        still_reserved(&self.reason)
    }
}

/// The same by the words that are kept of it.
#[must_use]
pub(crate) fn still_reserved(unreadable: &str) -> bool {
    unreadable.ends_with(RESERVED)
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.record, self.reason)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// One open package with a line of two `a`, changed at 1,800,000,000 s.
    pub(in crate::stock) fn package() -> Package {
        Package {
            shipment_package_id: 501,
            order_number: "4711".to_owned(),
            status: PackageStatus::Created,
            order_date: None,
            sold_at: None,
            last_modified_ms: 1_800_000_000_000,
            created_by: Some(CreatedBy::OrderCreation),
            origin_package_ids: Vec::new(),
            lines: vec![line()],
            unreadable: Vec::new(),
            lines_missing: false,
            history: Vec::new(),
            customer: Customer::default(),
            cargo: Cargo::default(),
            amounts: Amounts::default(),
            currency_code: None,
            origin_shipment_date: None,
            estimated_delivery_start: None,
            estimated_delivery_end: None,
            agreed_delivery_date: None,
        }
    }

    pub(in crate::stock) fn line() -> Line {
        Line {
            id: Some(7),
            barcode: "a".to_owned(),
            quantity: 2,
            stock_code: None,
            product_code: None,
            product_main_id: None,
            product_name: None,
            product_size: None,
            product_color: None,
            status: None,
            amounts: Amounts::default(),
            commission: None,
            cancel_reason: None,
        }
    }

    #[test]
    fn a_package_without_a_time_has_none() {
        let changed = |last_modified_ms| {
            let package = Package {
                last_modified_ms,
                ..package()
            };
            package.last_modified().map(|time| time.timestamp())
        };
        assert_eq!(
            [1_800_000_000_000, 0, -1].map(changed),
            [Some(1_800_000_000), None, None]
        );
    }

    #[test]
    fn what_is_reserved_all_the_same_says_so() {
        let doubt = Unreadable::but_reserved("7".to_owned(), "quantity is missing", 2);
        assert_eq!(doubt.to_string(), "7: quantity is missing; 2 reserved");
        assert!(still_reserved(&doubt.to_string()));
        assert!(!still_reserved("7: barcode is missing"));
    }

    #[test]
    fn what_could_not_be_read_says_which_and_why() {
        let unreadable = Unreadable {
            record: "#0".to_owned(),
            reason: "quantity".to_owned(),
        };
        assert_eq!(unreadable.to_string(), "#0: quantity");
    }
}
