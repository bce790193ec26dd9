//! Shipment packages: an order is sent in one or several of them.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::{Personal, Unreadable};

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
    /// Where it stands.
    pub status: PackageStatus,
    /// `orderDate` as it came, in milliseconds.
    pub order_date_raw_ms: Option<i64>,
    /// When the customer ordered: Trendyol sends `orderDate` as the hour in Istanbul, three ahead.
    pub order_date: Option<DateTime<Utc>>,
    /// When it was bought, and its units left what is on sale: `order_date`, or as it came where the
    /// package itself shows that it is not ahead, or else the oldest time there is.
    pub sold_at: Option<DateTime<Utc>>,
    /// `lastModifiedDate` in milliseconds. Where it is missing: the newest time of `history`; 0 without
    /// any.
    pub last_modified_ms: i64,
    /// Why there is this package.
    pub created_by: Option<CreatedBy>,
    /// The packages that this one replaces.
    pub origin_package_ids: Vec<i64>,
    /// The lines that could be read.
    pub lines: Vec<Line>,
    /// Those that could not, and other parts that matter and could not.
    pub unreadable: Vec<Unreadable>,
    /// The statuses that it went through, as they came.
    pub history: Vec<StatusChange>,
    /// Who gets it.
    pub customer: Customer,
    /// How it gets there.
    pub cargo: Cargo,
    /// The sums of the package.
    pub amounts: Amounts,
    /// Of all sums, such as `TRY`.
    pub currency_code: Option<String>,
    /// `shipmentNumber`.
    pub shipment_number: Option<String>,
    /// `originShipmentDate`.
    pub origin_shipment_date: Option<DateTime<Utc>>,
    /// `estimatedDeliveryStartDate`.
    pub estimated_delivery_start: Option<DateTime<Utc>>,
    /// `estimatedDeliveryEndDate`.
    pub estimated_delivery_end: Option<DateTime<Utc>>,
    /// `agreedDeliveryDate`: until when it has to be handed over.
    pub agreed_delivery_date: Option<DateTime<Utc>>,
}

impl Package {
    /// `last_modified_ms` as a time; `None` when it is unknown.
    #[must_use]
    pub fn last_modified(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_millis(self.last_modified_ms).filter(|_| self.last_modified_ms > 0)
    }
}

/// A product in a package.
#[derive(Clone, Debug)]
pub struct Line {
    /// `lineId`.
    pub line_id: Option<i64>,
    /// The bar code as it came, without blanks around it; never empty.
    pub barcode: String,
    /// Pieces, 0 or more.
    pub quantity: i32,
    /// `stockCode`, `merchantSku` in old answers.
    pub stock_code: Option<String>,
    /// `contentId`, `productCode` in old answers.
    pub product_code: Option<String>,
    /// `productMainId`.
    pub product_main_id: Option<String>,
    /// `productName`.
    pub product_name: Option<String>,
    /// `productSize`.
    pub product_size: Option<String>,
    /// `productColor`.
    pub product_color: Option<String>,
    /// `orderLineItemStatusName`.
    pub status: Option<PackageStatus>,
    /// The sums of one piece; `net` is `lineUnitPrice`.
    pub amounts: Amounts,
    /// In percent.
    pub vat_rate: Option<Decimal>,
    /// Trendyol's share of what is paid, in percent.
    pub commission: Option<Decimal>,
    /// Of the sums.
    pub currency_code: Option<String>,
    /// Why it was cancelled.
    pub cancel_reason: Option<String>,
}

/// Sums of a package or of one piece of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Before discounts.
    pub gross: Option<Decimal>,
    /// Given by the seller.
    pub seller_discount: Option<Decimal>,
    /// Given by Trendyol.
    pub trendyol_discount: Option<Decimal>,
    /// Both together.
    pub total_discount: Option<Decimal>,
    /// What is paid.
    pub net: Option<Decimal>,
}

/// Who gets a package or sends one back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Customer {
    /// Trendyol's number for this person.
    pub id: Option<Personal>,
    /// First name.
    pub first_name: Option<Personal>,
    /// Family name.
    pub last_name: Option<Personal>,
    /// Where the package goes, in one line.
    pub address: Option<Personal>,
}

/// The parcel service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cargo {
    /// A number that may be longer than 64 bits, so a text.
    pub tracking_number: Option<String>,
    /// Where the customer follows it. Shows a name on some sites.
    pub tracking_link: Option<Personal>,
    /// The service's number for the sender.
    pub sender_number: Option<String>,
    /// The service.
    pub provider_name: Option<String>,
}

/// One step of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusChange {
    /// When.
    pub at: DateTime<Utc>,
    /// The status then.
    pub status: PackageStatus,
}

/// Why there is a package.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CreatedBy {
    /// The order came in.
    OrderCreation,
    /// A part of the earlier package was cancelled.
    Cancel,
    /// The earlier package was split.
    Split,
    /// It was passed on between sellers, because the first has none. Whether to this one or from it is
    /// nowhere promised.
    Transfer,
    /// One that nobody knows yet, as it came.
    Unknown(String),
}

impl CreatedBy {
    /// Reads Trendyol's name.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            "order-creation" => Self::OrderCreation,
            "cancel" => Self::Cancel,
            "split" => Self::Split,
            "transfer" => Self::Transfer,
            other => Self::Unknown(other.to_owned()),
        }
    }

    /// Trendyol's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::OrderCreation => "order-creation",
            Self::Cancel => "cancel",
            Self::Split => "split",
            Self::Transfer => "transfer",
            Self::Unknown(text) => text,
        }
    }
}

/// Where a package stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PackageStatus {
    /// Payment is pending.
    Awaiting,
    /// The order is being verified.
    Verified,
    /// Ready to be prepared.
    Created,
    /// Being picked, said the seller.
    Picking,
    /// Invoiced, said the seller.
    Invoiced,
    /// An older name for packed and waiting.
    ReadyToShip,
    /// To be packed again.
    Repack,
    /// On its way.
    Shipped,
    /// At a collection point.
    AtCollectionPoint,
    /// With the customer.
    Delivered,
    /// Could not be delivered.
    UnDelivered,
    /// Cancelled.
    Cancelled,
    /// The seller could not supply it.
    UnSupplied,
    /// Dissolved; other packages carry what was in it.
    UnPacked,
    /// Came back.
    Returned,
    /// Could not be delivered, and came back.
    UnDeliveredAndReturned,
    /// One that nobody knows yet, as it came; empty when there was none.
    Unknown(String),
}

/// What a package means for the stock on the shelves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StockEffect {
    /// It needs its units until they are taken from the shelves.
    Reserved,
    /// Its units have left.
    Left,
    /// Its units are free again.
    Released,
    /// Other packages carry its units.
    Superseded,
    /// Its units came back; its return decides about them.
    Returned,
    /// Not known: to be treated as [`StockEffect::Reserved`], and somebody has to look.
    Unknown,
}

impl PackageStatus {
    const KNOWN: [(&'static str, Self); 16] = [
        ("Awaiting", Self::Awaiting),
        ("Verified", Self::Verified),
        ("Created", Self::Created),
        ("Picking", Self::Picking),
        ("Invoiced", Self::Invoiced),
        ("ReadyToShip", Self::ReadyToShip),
        ("Repack", Self::Repack),
        ("Shipped", Self::Shipped),
        ("AtCollectionPoint", Self::AtCollectionPoint),
        ("Delivered", Self::Delivered),
        ("UnDelivered", Self::UnDelivered),
        ("Cancelled", Self::Cancelled),
        ("UnSupplied", Self::UnSupplied),
        ("UnPacked", Self::UnPacked),
        ("Returned", Self::Returned),
        ("UnDeliveredAndReturned", Self::UnDeliveredAndReturned),
    ];

    /// Reads Trendyol's name, also as its notifications write it (`AT_COLLECTION_POINT`).
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        let bare = text.replace('_', "");
        let known = Self::KNOWN.iter();
        let mut known = known.filter(|(name, _)| name.eq_ignore_ascii_case(&bare));
        known.next().map_or_else(
            || Self::Unknown(text.to_owned()),
            |(_, status)| status.clone(),
        )
    }

    /// Trendyol's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        if let Self::Unknown(text) = self {
            return text;
        }
        let mut known = Self::KNOWN.iter();
        known
            .find(|(_, status)| status == self)
            .map_or("", |(name, _)| name)
    }

    /// How far a package is in its life. Of two records of the same time, the further one is the newer.
    #[must_use]
    pub const fn progress(&self) -> u8 {
        match self {
            Self::Awaiting => 0,
            Self::Verified => 1,
            Self::Created => 2,
            Self::Picking | Self::Repack => 3,
            Self::Invoiced => 4,
            Self::ReadyToShip | Self::Unknown(_) => 5,
            Self::Shipped => 6,
            Self::AtCollectionPoint => 7,
            Self::UnDelivered => 8,
            Self::Delivered => 9,
            Self::Cancelled
            | Self::UnSupplied
            | Self::UnPacked
            | Self::Returned
            | Self::UnDeliveredAndReturned => 10,
        }
    }

    /// What it means for the stock.
    #[must_use]
    pub const fn stock_effect(&self) -> StockEffect {
        match self {
            Self::Awaiting
            | Self::Verified
            | Self::Created
            | Self::Picking
            | Self::Invoiced
            | Self::ReadyToShip
            | Self::Repack => StockEffect::Reserved,
            Self::Shipped | Self::AtCollectionPoint | Self::Delivered | Self::UnDelivered => {
                StockEffect::Left
            }
            Self::Cancelled | Self::UnSupplied => StockEffect::Released,
            Self::UnPacked => StockEffect::Superseded,
            Self::Returned | Self::UnDeliveredAndReturned => StockEffect::Returned,
            Self::Unknown(_) => StockEffect::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_keeps_its_name_however_it_is_written() {
        for (name, status) in &PackageStatus::KNOWN {
            assert_eq!(&PackageStatus::parse(name), status);
            assert_eq!(status.as_str(), *name);
            assert_eq!(&PackageStatus::parse(&name.to_uppercase()), status);
        }
        assert_eq!(
            PackageStatus::parse("AT_COLLECTION_POINT"),
            PackageStatus::AtCollectionPoint
        );
        let back = PackageStatus::parse("UN_DELIVERED_AND_RETURNED");
        assert_eq!(back.stock_effect(), StockEffect::Returned);
        let new = PackageStatus::parse("OnTheMoon_2");
        assert_eq!(new.as_str(), "OnTheMoon_2");
        assert_eq!(new.stock_effect(), StockEffect::Unknown);
    }
}
