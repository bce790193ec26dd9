//! How a package is written.

use chrono::TimeDelta;
use rust_decimal::Decimal;

use super::{AHEAD, Line, Package};
use crate::trendyol::{
    json::{self, Object},
    quirks::{AwaitingId, Origins, PackageQuirks, Quirks},
    status::{CreatedBy, Status},
    times::belongs,
};

const GIVEN: [&str; 5] = ["Ayşe", "Mehmet", "Zeynep \"Zey\"", "İbrahim", "Gül"];
const FAMILY: [&str; 4] = ["Yılmaz", "Öztürk", "O'Çelik", "Şahin"];
/// What the official record calls a package that waits for its payment.
const APPROVED: &str = "Approved";

impl Package {
    fn total(&self) -> Decimal {
        let lines = self.lines.iter();
        lines.map(|l| l.price * Decimal::from(l.quantity)).sum()
    }

    /// The package as it is written.
    pub(in crate::trendyol) fn json(&self, quirks: &Quirks, seller: u64) -> String {
        let how = &quirks.packages;
        json::object(quirks.names, |o| {
            self.identity(o, how, seller);
            self.dates(o, how);
            self.customer(o);
            self.amounts(o);
            self.cargo(o);
            self.rest(o);
            o.list("lines", &self.lines, |o, line| {
                self.line(o, how, line, seller);
            });
        })
    }

    fn identity(&self, o: &mut Object<'_>, how: &PackageQuirks, seller: u64) {
        self.name_itself(o, how);
        o.text("orderNumber", &self.order_number);

        if self.is_bare(how) {
            o.text("shipmentPackageStatus", APPROVED)
                .text("createdBy", "");
        } else {
            let status = self.status.as_str();
            let differs = self.lags(how) && self.status == Status::Created;
            let other = if differs { "ReadyToShip" } else { status };
            o.text("status", status)
                .text("shipmentPackageStatus", other)
                .text("createdBy", self.created_by.as_str());
        }

        let (supplier, channel) = if how.live_fields { (0, 9) } else { (seller, 1) };
        o.raw("supplierId", supplier).raw("channelId", channel);

        match self.written_origin(how) {
            None => o.raw("originPackageIds", "null"),
            Some(id) => o.written("originPackageIds", [&*id.to_string()]),
        };
    }

    /// The id, or what stands there until there is one.
    fn name_itself(&self, o: &mut Object<'_>, how: &PackageQuirks) {
        let key = "shipmentPackageId";
        match how.awaiting_id {
            _ if self.status != Status::Awaiting => o.raw(key, self.id),
            AwaitingId::Real => o.raw(key, self.id),
            AwaitingId::Zero => o.raw(key, 0),
            AwaitingId::ZeroText => o.text(key, "0"),
            AwaitingId::Null => o.nulls(&[key]).raw("id", 0),
            AwaitingId::Negative => o.raw(key, -1),
        };
    }

    /// Whether it is written as the official sample of a package that waits for its payment.
    fn is_bare(&self, how: &PackageQuirks) -> bool {
        how.official_awaiting && self.status == Status::Awaiting
    }

    /// Whether its lines are a status behind.
    fn lags(&self, how: &PackageQuirks) -> bool {
        belongs(self.id, 1, how.statuses_differ)
    }

    fn written_origin(&self, how: &PackageQuirks) -> Option<i64> {
        let last = *self.origins.first()?;
        let is_written = match self.created_by {
            CreatedBy::Transfer => true,
            CreatedBy::Cancel => how.origins != Origins::Never,
            _ => how.origins == Origins::Always,
        };
        let named = self.first.filter(|_| how.first_origin).unwrap_or(last);
        is_written.then_some(named)
    }

    fn dates(&self, o: &mut Object<'_>, how: &PackageQuirks) {
        let created = self.created.timestamp_millis();
        let agreed = (self.created + TimeDelta::hours(72)).timestamp_millis();
        o.raw("orderDate", (self.ordered + AHEAD).timestamp_millis());
        if !self.is_bare(how) && !belongs(self.id, 2, how.undated) {
            o.raw("lastModifiedDate", self.last_modified.timestamp_millis());
        }
        let undated = self.is_bare(how) || belongs(self.id, 3, how.zero_histories);

        o.raw("originShipmentDate", created)
            .raw("agreedDeliveryDate", agreed)
            .raw("estimatedDeliveryStartDate", agreed)
            .raw("estimatedDeliveryEndDate", agreed + 172_800_000)
            .list("packageHistories", &self.history, |o, (at, status)| {
                let at = if undated { 0 } else { at.timestamp_millis() };
                o.raw("createdDate", at).text("status", status.as_str());
            });
    }

    fn customer(&self, o: &mut Object<'_>) {
        let (given, family) = (pick(&GIVEN, self.id), pick(&FAMILY, self.id / 7));
        let address = |o: &mut Object<'_>| {
            if !self.addressed {
                return;
            }
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
        let tracking = if self.addressed {
            self.tracking()
        } else {
            "0".to_owned()
        };

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

    fn line(&self, o: &mut Object<'_>, how: &PackageQuirks, line: &Line, seller: u64) {
        line.goods(o);
        o.raw("sellerId", seller)
            .text("orderLineItemStatusName", self.line_status(how, line))
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
            .text("currencyCode", "TRY")
            .text("businessUnit", "Shoes")
            .raw("fastDeliveryOptions", "[]")
            .nulls(&["salesCampaignId", "defectiveClaimListingInsight"]);

        let unknown = how.live_fields && line.id % 7 == 0;
        o.raw("commission", if unknown { "null" } else { "21.5" });

        let cancelled = match self.cancelled {
            Some((by, why)) => Some((by, why, 500)),
            None => line.cancelled.then_some(("CUSTOMER", "Vazgeçtim", 550)),
        };

        match cancelled {
            Some((by, why, code)) => o
                .text("cancelledBy", by)
                .text("cancelReason", why)
                .raw("cancelReasonCode", code),
            None => o.nulls(&["cancelledBy", "cancelReason", "cancelReasonCode"]),
        };
    }

    fn line_status(&self, how: &PackageQuirks, line: &Line) -> &str {
        if line.cancelled {
            return Status::Cancelled.as_str();
        }
        if self.is_bare(how) {
            return APPROVED;
        }
        let before = self.history.iter().rev().nth(1).map(|(_, status)| status);
        // A part that was unpacked for a moment is not unpacked any more.
        let before = before.filter(|status| self.lags(how) && **status != Status::UnPacked);
        before.unwrap_or(&self.status).as_str()
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
