//! Packages: what Trendyol's order answers say.
//!
//! What must stay true: a package without an order number, and a line without a barcode, are named and not
//! guessed; a line whose quantity cannot be read is named, and stands for one piece at least; a package is kept
//! when one of its lines cannot be read, and one whose id is none (0, negative, nothing) is kept under the
//! number of its order.

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};

use super::wire::{self, Fields, each, missing};
use crate::{
    marketplace::{Cursor, MarketError, Next, Page, StreamPage},
    stock::{
        Amounts, Cargo, CreatedBy, Customer, Line, Package, PackageStatus, Personal, StatusChange,
        Unreadable,
    },
};

/// The largest page that Trendyol gives; larger ones are clipped silently.
pub(super) const PAGE_SIZE: usize = 200;
/// Packages that a question reaches, whatever it finds.
pub(super) const REACH: usize = 10_000;
/// How far `orderDate` is ahead of the true time: the hour in Istanbul, sent as if it were UTC.
const ORDER_DATE_AHEAD: TimeDelta = TimeDelta::hours(3);
/// An order and its package are this close together at most when they are made at once.
const AT_ONCE: TimeDelta = TimeDelta::minutes(10);

/// Reads a page of the stream that was asked for with `cursor`.
pub(super) fn stream(text: &str, cursor: Option<&Cursor>) -> Result<StreamPage, MarketError> {
    let body = wire::body(text)?;
    let more = body.flag(&["hasMore"]);
    let (packages, unreadable) = content(&body, more == Some(false))?;
    // Without `hasMore` and a cursor, only a page that is not full shows that nothing comes after it.
    let full = packages.len() + unreadable.len() >= PAGE_SIZE;

    let next = body.text(&["nextCursor"]).map(Cursor);
    let next = match (more, next) {
        (Some(false), _) => Next::End,
        // The same place again would go round for ever.
        (_, Some(next)) if Some(&next) == cursor => Next::Lost,
        (_, Some(next)) => Next::More(next),
        (None, None) if !full => Next::End,
        (_, None) => Next::Lost,
    };

    Ok(StreamPage {
        packages,
        unreadable,
        next,
    })
}

/// Reads a page (the first is 0) of a list.
pub(super) fn page(text: &str, page: u32) -> Result<Page<Package>, MarketError> {
    let body = wire::body(text)?;
    let none = body.int(&["totalElements"]) == Some(0);
    let (records, unreadable) = content(&body, none)?;
    Ok(wire::page(&body, records, unreadable, page, PAGE_SIZE))
}

fn content(
    body: &Fields<'_>,
    may_be_none: bool,
) -> Result<(Vec<Package>, Vec<Unreadable>), MarketError> {
    let list = wire::content(body, may_be_none)?;
    let (packages, unreadable) = each(&list, "", &ID, package);
    warn_of_another_clock(&packages);
    Ok((packages, unreadable))
}

fn package(fields: &Fields<'_>) -> Result<Package, String> {
    let order_number = fields
        .text(&["orderNumber"])
        .ok_or_else(|| missing("orderNumber"))?;
    let shipment_package_id = package_id(fields, &order_number);
    let order_date = fields.int(&["orderDate"]).filter(|ms| *ms > 0);
    let order_date = order_date
        .and_then(DateTime::from_timestamp_millis)
        .map(|ahead| ahead - ORDER_DATE_AHEAD);

    let history = history(fields);
    let (lines, mut unreadable) = lines(fields);
    let lines_missing = unreadable.iter().any(|part| !part.still_reserves());

    let mut package = Package {
        shipment_package_id,
        order_number,
        status: status(fields),
        order_date,
        sold_at: None,
        last_modified_ms: last_modified_ms(fields, &history),
        created_by: fields.text(&["createdBy"]).as_deref().map(CreatedBy::parse),
        origin_package_ids: origins(fields, &mut unreadable),
        lines,
        unreadable,
        lines_missing,
        history,
        customer: customer(fields),
        cargo: cargo(fields),
        amounts: sums(fields),
        currency_code: fields.text(&["currencyCode"]),
        origin_shipment_date: fields.time(&["originShipmentDate"]),
        estimated_delivery_start: fields.time(&["estimatedDeliveryStartDate"]),
        estimated_delivery_end: fields.time(&["estimatedDeliveryEndDate"]),
        agreed_delivery_date: fields.time(&["agreedDeliveryDate"]),
    };

    package.sold_at = sold_at(&package);
    Ok(package)
}

/// The names of a package's id, today's first.
const ID: [&str; 2] = ["shipmentPackageId", "id"];

/// The id, or what stands for the order as long as there is none.
fn package_id(fields: &Fields<'_>, order: &str) -> i64 {
    let mut ids = ID.iter().filter_map(|name| fields.int(&[name]));
    ids.find(|id| *id > 0).unwrap_or_else(|| placeholder(order))
}

/// The largest order number that is its own placeholder; hashes lie beyond it.
const PLAIN: i64 = 1_000_000_000_000_000_000;

/// A negative number that no other order has.
fn placeholder(order: &str) -> i64 {
    // Only a number that is written in one way: `007` and `7` are two orders.
    let number = order.parse::<i64>().ok();
    let number = number.filter(|n| *n > 0 && *n < PLAIN && n.to_string() == order);

    number.map_or_else(
        || {
            let hash = Sha256::digest(order.as_bytes());
            let hash = hash
                .iter()
                .take(8)
                .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
            let spread = hash % (i64::MAX - PLAIN).unsigned_abs();
            -PLAIN - i64::try_from(spread).unwrap_or(0)
        },
        |number| -number,
    )
}

fn status(fields: &Fields<'_>) -> PackageStatus {
    let status = fields.text(&["status", "shipmentPackageStatus"]);
    let status = PackageStatus::parse(&status.unwrap_or_default());
    // That is the payment's status; the package's own is the newest of its history.
    if !status.as_str().eq_ignore_ascii_case("Approved") {
        return status;
    }

    let list = fields.list(&["packageHistories"]).unwrap_or_default();
    let steps = list.into_iter().filter_map(Fields::of);
    let newest = steps.max_by_key(|step| step.time(&["createdDate"]));
    newest
        .and_then(|step| step.text(&["status"]))
        .map_or(status, |step| PackageStatus::parse(&step))
}

fn last_modified_ms(fields: &Fields<'_>, history: &[StatusChange]) -> i64 {
    // Packages whose payment is pending come without it.
    let newest = || history.iter().map(|change| change.at).max();
    let time = fields.time(&["lastModifiedDate"]).or_else(newest);
    time.map_or(0, |time| time.timestamp_millis())
}

fn history(fields: &Fields<'_>) -> Vec<StatusChange> {
    let list = fields.list(&["packageHistories"]).unwrap_or_default();
    let changes = list.into_iter().filter_map(|raw| {
        let fields = Fields::of(raw)?;
        Some(StatusChange {
            at: fields.time(&["createdDate"])?,
            status: status(&fields),
        })
    });
    changes.collect()
}

fn origins(fields: &Fields<'_>, unreadable: &mut Vec<Unreadable>) -> Vec<i64> {
    let mut ids = Vec::new();
    let list = fields.list(&["originPackageIds"]).unwrap_or_default();

    for (index, raw) in list.into_iter().enumerate() {
        match wire::int(raw) {
            Some(id) => ids.push(id),
            // Named, because an origin that is missing may have units counted twice.
            None => unreadable.push(Unreadable {
                record: format!("originPackageIds#{index}"),
                reason: "it is no whole number".to_owned(),
            }),
        }
    }

    ids
}

fn lines(fields: &Fields<'_>) -> (Vec<Line>, Vec<Unreadable>) {
    let Some(list) = fields.list(&["lines"]) else {
        let none = Unreadable {
            record: "lines".to_owned(),
            reason: missing("lines"),
        };
        return (Vec::new(), vec![none]);
    };

    let (read, mut unreadable) = each(&list, "lines", &LINE_ID, line);
    let mut lines = Vec::with_capacity(read.len());
    for (line, doubt) in read {
        lines.push(line);
        unreadable.extend(doubt);
    }

    (lines, unreadable)
}

/// The names of a line's id, today's first.
const LINE_ID: [&str; 2] = ["lineId", "id"];

/// A line, and what is wrong with it where its units are reserved all the same.
fn line(fields: &Fields<'_>) -> Result<(Line, Option<Unreadable>), String> {
    let barcode = fields
        .text(&["barcode"])
        .ok_or_else(|| missing("barcode"))?;
    let quantity = fields.count(&["quantity"]);
    let doubt = quantity.is_none().then(|| {
        let record = fields.text(&LINE_ID).unwrap_or_else(|| barcode.clone());
        Unreadable::but_reserved(record, &missing("quantity"), at_least(fields))
    });

    let line = Line {
        id: fields.int(&LINE_ID),
        barcode,
        quantity: quantity.unwrap_or_else(|| at_least(fields)),
        stock_code: fields.text(&["stockCode", "merchantSku"]),
        product_code: fields.text(&["contentId", "productCode"]),
        product_main_id: fields.text(&["productMainId"]),
        product_name: fields.text(&["productName"]),
        product_size: fields.text(&["productSize"]),
        product_color: fields.text(&["productColor"]),
        status: fields
            .text(&["orderLineItemStatusName"])
            .as_deref()
            .map(PackageStatus::parse),
        amounts: line_sums(fields),
        commission: fields.decimal(&["commission", "commissionFee"]),
        cancel_reason: fields.text(&["cancelReason"]),
    };
    Ok((line, doubt))
}

/// Pieces of a line whose quantity is no number of pieces. It is there because something was sold, and a part of
/// a piece cannot be.
fn at_least(fields: &Fields<'_>) -> i32 {
    let written = fields.decimal(&["quantity"]).map(|number| number.ceil());
    let pieces = written.and_then(|number| i32::try_from(number).ok());
    pieces.unwrap_or(1).max(1)
}

fn line_sums(fields: &Fields<'_>) -> Amounts {
    Amounts {
        gross: fields.decimal(&["lineGrossAmount", "amount"]),
        total_discount: fields.decimal(&["lineTotalDiscount"]),
        net: fields.decimal(&["lineUnitPrice", "price"]),
    }
}

fn sums(fields: &Fields<'_>) -> Amounts {
    Amounts {
        gross: fields.decimal(&["packageGrossAmount", "grossAmount"]),
        total_discount: fields.decimal(&["packageTotalDiscount"]),
        net: fields.decimal(&["packageTotalPrice", "totalPrice"]),
    }
}

fn customer(fields: &Fields<'_>) -> Customer {
    // Addresses of micro-export orders may be empty first and filled later.
    let address = fields.object(&["shipmentAddress"]).unwrap_or_default();

    Customer {
        id: fields.personal(&["customerId"]),
        first_name: fields
            .personal(&["customerFirstName"])
            .or_else(|| address.personal(&["firstName"])),
        last_name: fields
            .personal(&["customerLastName"])
            .or_else(|| address.personal(&["lastName"])),
        address: address
            .personal(&["fullAddress"])
            .or_else(|| address_in_parts(&address)),
    }
}

fn address_in_parts(address: &Fields<'_>) -> Option<Personal> {
    let names = ["address1", "address2", "neighborhood", "district", "city"];
    let parts: Vec<String> = names
        .iter()
        .filter_map(|name| address.text(&[name]))
        .collect();
    (!parts.is_empty()).then(|| parts.join(" ").into())
}

pub(super) fn cargo(fields: &Fields<'_>) -> Cargo {
    Cargo {
        tracking_number: fields.text(&["cargoTrackingNumber"]),
        tracking_link: fields.personal(&["cargoTrackingLink"]),
        sender_number: fields.text(&["cargoSenderNumber"]),
        provider_name: fields.text(&["cargoProviderName"]),
    }
}

fn warn_of_another_clock(packages: &[Package]) {
    // The three hours are nowhere promised. One package that shows them is enough: others may be odd.
    let ahead: Vec<bool> = packages.iter().filter_map(is_ahead).collect();
    if !ahead.is_empty() && !ahead.contains(&true) {
        tracing::warn!(
            packages = ahead.len(),
            "Trendyol's orderDate is no longer three hours ahead: order dates are now wrong by as much"
        );
    }
}

/// Whether `orderDate` is three hours ahead, as far as a package shows it: one that came with its
/// order has a time of its own in UTC.
fn is_ahead(package: &Package) -> Option<bool> {
    if package.created_by != Some(CreatedBy::OrderCreation) {
        return None;
    }

    let made = package.history.iter().map(|change| change.at).min()?;
    let late = made - package.order_date?;
    let near = |want: TimeDelta| (late - want).abs() <= AT_ONCE;

    match () {
        () if near(TimeDelta::zero()) => Some(true),
        // The three hours were taken off a date that was right.
        () if near(ORDER_DATE_AHEAD) => Some(false),
        () => None,
    }
}

fn sold_at(package: &Package) -> Option<DateTime<Utc>> {
    let ordered = match is_ahead(package) {
        Some(false) => package.order_date.map(|late| late + ORDER_DATE_AHEAD),
        _ => package.order_date,
    };
    let oldest = || package.history.iter().map(|change| change.at).min();
    ordered.or_else(oldest).or_else(|| package.last_modified())
}

#[cfg(test)]
mod tests;
