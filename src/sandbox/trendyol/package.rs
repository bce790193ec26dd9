//! A shipment package: what is in it, where it stands, and how it is written.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::{
    json::{self, Names, Object},
    plan::Product,
    status::{CreatedBy, Status},
};

/// How far `orderDate` is ahead of the true time: it is the clock of Istanbul written as if UTC.
pub(super) const AHEAD: TimeDelta = TimeDelta::hours(3);

/// Beyond what 64 bits hold, as some real tracking numbers are.
const LONG_TRACKING: &str = "7260242095";
const SHORT_TRACKING: &str = "726000";
const GIVEN: [&str; 5] = ["Ayşe", "Mehmet", "Zeynep \"Zey\"", "İbrahim", "Gül"];
const FAMILY: [&str; 4] = ["Yılmaz", "Öztürk", "O'Çelik", "Şahin"];

/// A shipment package.
#[derive(Clone, Debug)]
pub struct Package {
    /// `shipmentPackageId`.
    pub id: i64,
    /// `orderNumber`; other packages may have the same.
    pub order_number: String,
    /// Where it stands.
    pub status: Status,
    /// Why there is it.
    pub created_by: CreatedBy,
    /// `originPackageIds`: the package that it took the place of.
    pub origins: Vec<i64>,
    /// What is in it.
    pub lines: Vec<Line>,
    /// When the order was taken, in true time.
    pub ordered: DateTime<Utc>,
    /// When this package came to be.
    pub created: DateTime<Utc>,
    /// `lastModifiedDate`: grows with every change.
    pub last_modified: DateTime<Utc>,
    /// Every state with the moment it began.
    pub history: Vec<(DateTime<Utc>, Status)>,
    /// Who cancelled it and why, if anyone did.
    pub cancelled: Option<(&'static str, &'static str)>,
    /// The invoice that the seller reported.
    pub invoice: Option<String>,
}

/// A line of a package.
#[derive(Clone, Debug)]
pub struct Line {
    /// `lineId`.
    pub id: i64,
    /// What was bought.
    pub product: Arc<Product>,
    /// How many pieces.
    pub quantity: u32,
    /// What one piece cost, in TRY.
    pub price: Decimal,
}

impl Package {
    /// How many pieces are in it.
    #[must_use]
    pub fn pieces(&self) -> u32 {
        self.lines.iter().map(|line| line.quantity).sum()
    }

    /// How many pieces of a barcode are in it.
    #[must_use]
    pub fn pieces_of(&self, barcode: &str) -> u32 {
        let lines = self.lines.iter();
        lines
            .filter(|line| line.product.barcode == barcode)
            .map(|line| line.quantity)
            .sum()
    }

    /// `cargoTrackingNumber`: digits; beyond 64 bits for every third package.
    #[must_use]
    pub fn tracking(&self) -> String {
        let id = self.id;
        match id % 3 {
            0 => format!("{LONG_TRACKING}{id:010}"),
            _ => format!("{SHORT_TRACKING}{id:010}"),
        }
    }

    fn total(&self) -> Decimal {
        let lines = self.lines.iter();
        lines.map(|l| l.price * Decimal::from(l.quantity)).sum()
    }

    /// The package as it is written.
    pub(super) fn json(&self, names: Names, seller: u64) -> String {
        json::object(names, |o| {
            self.identity(o, seller);
            self.dates(o);
            self.customer(o);
            self.amounts(o);
            self.cargo(o);
            self.rest(o);
            o.list("lines", &self.lines, |o, line| self.line(o, line, seller));
        })
    }

    fn identity(&self, o: &mut Object<'_>, seller: u64) {
        o.raw("shipmentPackageId", self.id)
            .text("orderNumber", &self.order_number)
            .text("status", self.status.as_str())
            .text("shipmentPackageStatus", self.status.as_str())
            .text("createdBy", self.created_by.as_str())
            .raw("supplierId", seller)
            .raw("channelId", 1);
        match &*self.origins {
            [] => o.raw("originPackageIds", "null"),
            ids => {
                let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
                o.written("originPackageIds", ids.iter().map(String::as_str))
            }
        };
    }

    fn dates(&self, o: &mut Object<'_>) {
        let created = self.created.timestamp_millis();
        let agreed = (self.created + TimeDelta::hours(72)).timestamp_millis();
        o.raw("orderDate", (self.ordered + AHEAD).timestamp_millis())
            .raw("lastModifiedDate", self.last_modified.timestamp_millis())
            .raw("originShipmentDate", created)
            .raw("agreedDeliveryDate", agreed)
            .raw("estimatedDeliveryStartDate", agreed)
            .raw("estimatedDeliveryEndDate", agreed + 172_800_000)
            .list("packageHistories", &self.history, |o, (at, status)| {
                o.raw("createdDate", at.timestamp_millis())
                    .text("status", status.as_str());
            });
    }

    fn customer(&self, o: &mut Object<'_>) {
        let (given, family) = (pick(&GIVEN, self.id), pick(&FAMILY, self.id / 7));
        let address = |o: &mut Object<'_>| {
            o.raw("id", self.id + 1)
                .text("firstName", given)
                .text("lastName", family)
                .text("fullName", &format!("{given} {family}"))
                .text(
                    "address1",
                    "Gül Sk. No: 4/12\nKat 3 \"arka\" daire, zil bozuk",
                )
                .text("city", "İstanbul")
                .raw("cityCode", 34)
                .text("district", "Kadıköy")
                .text("countryCode", "TR")
                .text("postalCode", "34710")
                .text("phone", "+90 500 555 01 42")
                .nulls(&["neighborhood"]);
        };
        o.raw("customerId", self.id + 900)
            .text("customerFirstName", given)
            .text("customerLastName", family)
            .text(
                "customerEmail",
                &format!("pf+{}@trendyolmail.com", self.id + 900),
            )
            .text("identityNumber", "11111111111")
            .nulls(&["taxNumber"])
            .object("shipmentAddress", address)
            .object("invoiceAddress", address);
    }

    fn amounts(&self, o: &mut Object<'_>) {
        let total = self.total();
        o.raw("packageGrossAmount", total)
            .raw("packageSellerDiscount", "0.00")
            .raw("packageTyDiscount", "0.00")
            .raw("packageTotalDiscount", "0.00")
            .raw("packageTotalPrice", total)
            .raw("discountDisplays", "[]")
            .text("currencyCode", "TRY")
            .text("paymentMethod", "-")
            .text("orderCountryCode", "TR");
    }

    fn cargo(&self, o: &mut Object<'_>) {
        let tracking = self.tracking();
        o.raw("cargoTrackingNumber", &tracking)
            .text(
                "cargoTrackingLink",
                &format!("https://tracking.example/{tracking}"),
            )
            .text("cargoSenderNumber", &format!("733{}", self.id))
            .text("cargoProviderName", "Trendyol Express Marketplace")
            .raw("cargoDeci", 1)
            .raw("warehouseId", 372_389)
            .text("deliveryType", "normal")
            .text("deliveryAddressType", "Shipment")
            .raw("shipmentNumber", self.id + 600)
            .nulls(&["timeSlotId", "sellerDeliveryMethod", "sellerOtpCode"]);
    }

    fn rest(&self, o: &mut Object<'_>) {
        for flag in [
            "fastDelivery",
            "deliveredByService",
            "commercial",
            "micro",
            "is4P",
            "3pByTrendyol",
            "giftBoxRequested",
            "containsDangerousProduct",
            "isCod",
        ] {
            o.raw(flag, false);
        }
        match &self.invoice {
            Some(number) => o.text("invoiceNumber", number),
            None => o.nulls(&["invoiceNumber"]),
        };
        o.text("fastDeliveryType", "").nulls(&[
            "invoiceLink",
            "invoiceStatus",
            "invoiceRejectedReasonKeys",
            "etgbNo",
            "etgbDate",
            "hsCode",
        ]);
    }

    fn line(&self, o: &mut Object<'_>, line: &Line, seller: u64) {
        line.goods(o);
        o.raw("sellerId", seller)
            .text("orderLineItemStatusName", self.status.as_str())
            .raw("lineGrossAmount", line.price)
            .raw("lineSellerDiscount", "0.00")
            .raw("lineTyDiscount", "0.00")
            .raw("lineTotalDiscount", "0.00")
            .raw("lineUnitPrice", line.price)
            .list("discountDetails", 0..line.quantity, |o, _| {
                o.raw("lineItemPrice", line.price)
                    .raw("lineItemSellerDiscount", "0.00")
                    .raw("lineItemTyDiscount", "0.00");
            })
            .raw("vatRate", 20)
            .raw("commission", "21.5")
            .text("currencyCode", "TRY")
            .text("businessUnit", "Shoes")
            .raw("fastDeliveryOptions", "[]")
            .nulls(&["salesCampaignId", "defectiveClaimListingInsight"]);
        match self.cancelled {
            Some((by, why)) => o
                .text("cancelledBy", by)
                .text("cancelReason", why)
                .raw("cancelReasonCode", 500),
            None => o.nulls(&["cancelledBy", "cancelReason", "cancelReasonCode"]),
        };
    }
}

impl Line {
    fn goods(&self, o: &mut Object<'_>) {
        let product = &self.product;
        o.raw("lineId", self.id)
            .text("barcode", &product.barcode)
            .text("stockCode", &product.stock_code)
            .raw("quantity", self.quantity)
            .raw("contentId", product.content_id)
            .text("productName", &product.name)
            .text("productSize", &product.size)
            .text("productColor", &product.color)
            .text("productOrigin", "TR")
            .raw("productCategoryId", 411);
    }
}

fn pick(names: &[&'static str], number: i64) -> &'static str {
    let place = usize::try_from(number).unwrap_or_default() % names.len().max(1);
    names.get(place).copied().unwrap_or_default()
}
