//! An order's row in the warehouse's tables, as the warehouse's application writes it.
//!
//! One row per order: where an order has several packages, their lines stand together in `details`,
//! each with its package, and the row's other columns are those of the first package that is still
//! alive. Only columns that have a value are written, so nothing that the warehouse knows is erased.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::place::Place;
use crate::marketplace::{Line, Package, PackageStatus, StockEffect};

/// Where an order comes from, in the words of the warehouse's application.
const SOURCE: &str = "TRENDYOL";
/// The warehouse's application takes every time but the last change for the clocks of Istanbul; times
/// that stand beside each other in one table must be comparable.
const APPLICATION_SHIFT: TimeDelta = TimeDelta::hours(3);
/// Trendyol's share in percent where it does not tell it, as the warehouse's application assumes.
const ASSUMED_COMMISSION: i64 = 17;

/// What the tables show of one package.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Content {
    columns: Map<String, Value>,
    details: Vec<Value>,
    #[serde(default)]
    cancel_reason: Option<String>,
    #[serde(default)]
    amount: Option<Decimal>,
    #[serde(default)]
    discount: Option<Decimal>,
}

/// A package of an order, for its row.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Where it stands.
    pub status: PackageStatus,
    /// When that was so.
    pub changed_at: DateTime<Utc>,
    /// What is shown of it.
    pub content: Content,
}

impl Shown {
    /// Shows only these units of each line: what other packages carry on, or what was cancelled, is
    /// shown there or not at all.
    pub fn reduce(&mut self, units: &[u32]) {
        for (line, units) in self.content.details.iter_mut().zip(units) {
            let stands = line.get("quantity").and_then(Value::as_u64).unwrap_or(0);
            line["quantity"] = json!(stands.min(u64::from(*units)));
        }
        self.content
            .details
            .retain(|line| line["quantity"] != json!(0));
    }

    /// Whether other packages carry on all of it.
    fn is_gone(&self) -> bool {
        let superseded = self.status.stock_effect() == StockEffect::Superseded;
        superseded && self.content.details.is_empty()
    }
}

impl Content {
    /// Takes what the tables show of a package.
    #[must_use]
    pub fn of(package: &Package) -> Self {
        let mut columns = Columns::default();
        let customer = &package.customer;
        let personal = |text: &Option<crate::marketplace::Personal>| {
            text.as_ref().map(|text| text.expose().to_owned())
        };
        columns.text("customer_id", personal(&customer.id));
        columns.text("customer_name", personal(&customer.first_name));
        columns.text("customer_surname", personal(&customer.last_name));
        columns.text("customer_address", personal(&customer.address));
        columns.text("currency_code", package.currency_code.clone());
        let id = Some(package.shipment_package_id).filter(|id| *id > 0);
        let id = id.map(|id| id.to_string());
        columns.text("shipment_package_id", id.clone());
        columns.text("package_number", id);
        let cargo = &package.cargo;
        columns.text("shipping_barcode", cargo.tracking_number.clone());
        columns.text("cargo_tracking_number", cargo.tracking_number.clone());
        columns.text("cargo_provider_name", cargo.provider_name.clone());
        columns.text("cargo_tracking_link", personal(&cargo.tracking_link));
        columns.time("order_date", package.order_date);
        for (name, time) in [
            ("origin_shipment_date", package.origin_shipment_date),
            ("estimated_delivery_start", package.estimated_delivery_start),
            ("estimated_delivery_end", package.estimated_delivery_end),
            ("agreed_delivery_date", package.agreed_delivery_date),
        ] {
            columns.time(name, time.map(|time| time - APPLICATION_SHIFT));
        }
        columns.time("last_modified_date", package.last_modified());
        let reasons = package
            .lines
            .iter()
            .find_map(|line| line.cancel_reason.clone());
        let line = |line: &Line| detail(package.shipment_package_id, line);
        Self {
            columns: columns.0,
            details: package.lines.iter().map(line).collect(),
            cancel_reason: reasons,
            amount: package.amounts.net.or(package.amounts.gross),
            discount: package.amounts.total_discount,
        }
    }
}

/// A line as `details` has it: the keys of the warehouse's application, and those of other readers.
fn detail(package_id: i64, line: &Line) -> Value {
    let mut columns = Columns::default();
    columns.text("barcode", Some(line.barcode.clone()));
    columns.set("quantity", Some(json!(line.quantity)));
    columns.text("line_id", line.line_id.map(|id| id.to_string()));
    columns.set("shipmentPackageId", Some(json!(package_id)));
    columns.text("sku", line.stock_code.clone());
    columns.text("merchantSku", line.stock_code.clone());
    columns.text("stockCode", line.stock_code.clone());
    columns.text(
        "productCode",
        line.stock_code
            .clone()
            .or_else(|| line.product_code.clone()),
    );
    columns.text("product_main_id", line.product_code.clone());
    columns.text("productMainId", line.product_main_id.clone());
    columns.text("productName", line.product_name.clone());
    columns.text("productSize", line.product_size.clone());
    columns.text("productColor", line.product_color.clone());
    let plain = |text: &Option<String>| Some(text.clone().unwrap_or_default());
    columns.text("size", plain(&line.product_size));
    columns.text("color", plain(&line.product_color));
    columns.set("amount", line.amounts.gross.and_then(number));
    columns.set("discount", line.amounts.total_discount.and_then(number));
    columns.set("price", line.amounts.net.and_then(number));
    let net = line.amounts.net.unwrap_or_default();
    columns.set("unit_price", number(net));
    columns.set(COMMISSION_RATE, number(commission_rate(line.commission)));
    Value::Object(columns.0)
}

/// Known of each line until its row is written; not part of `details`.
const COMMISSION_RATE: &str = "commissionRate";

fn commission_rate(told: Option<Decimal>) -> Decimal {
    told.filter(|rate| *rate > Decimal::ZERO)
        .unwrap_or_else(|| Decimal::from(ASSUMED_COMMISSION))
}

/// The lines of a package as its application writes them: one for each product, with its sums.
fn lines_of(content: &Content) -> Vec<Value> {
    let mut lines: Vec<Map<String, Value>> = Vec::new();
    for line in content.details.iter().filter_map(Value::as_object) {
        let line = with_sums(line.clone());
        let same = |other: &&mut Map<String, Value>| {
            let key = ["barcode", "color", "size"];
            key.iter().all(|key| other.get(*key) == line.get(*key))
        };
        match lines.iter_mut().find(same) {
            Some(first) => merge(first, &line),
            None => lines.push(line),
        }
    }
    lines.into_iter().map(Value::Object).collect()
}

fn with_sums(mut line: Map<String, Value>) -> Map<String, Value> {
    let sum = |line: &Map<String, Value>, key: &str| {
        let value = line.get(key)?.as_f64()?;
        Decimal::try_from(value).ok()
    };
    let rate = sum(&line, COMMISSION_RATE);
    line.remove(COMMISSION_RATE);
    let (Some(price), Some(units)) = (sum(&line, "unit_price"), sum(&line, "quantity")) else {
        // Written down by an older version.
        return line;
    };
    let total = price.saturating_mul(units);
    let fee = rate.map(|rate| total.saturating_mul(rate) / Decimal::ONE_HUNDRED);
    let mut columns = Columns(line);
    columns.set("line_total_price", number(total));
    columns.set("commissionFee", fee.and_then(number));
    columns.0
}

/// Another line of the same product.
fn merge(first: &mut Map<String, Value>, other: &Map<String, Value>) {
    for key in ["quantity", "line_total_price", "commissionFee"] {
        let (Some(one), Some(two)) = (first.get(key), other.get(key)) else {
            continue;
        };
        let both = match (one.as_i64(), two.as_i64()) {
            (Some(one), Some(two)) => json!(one.saturating_add(two)),
            _ => json!(one.as_f64().unwrap_or(0.0) + two.as_f64().unwrap_or(0.0)),
        };
        first.insert(key.to_owned(), both);
    }
    if let (Some(Value::String(one)), Some(Value::String(two))) =
        (first.get("line_id"), other.get("line_id"))
    {
        let both = format!("{one},{two}");
        first.insert("line_id".to_owned(), both.into());
    }
}

/// The status as the warehouse's application names it; one that it does not know is that of the table.
fn status_name(status: &PackageStatus, place: Place) -> &'static str {
    match status {
        PackageStatus::Created | PackageStatus::ReadyToShip => "Created",
        PackageStatus::Picking | PackageStatus::Invoiced => "Picking",
        PackageStatus::Shipped => "Shipped",
        PackageStatus::Delivered => "Delivered",
        PackageStatus::Cancelled | PackageStatus::UnSupplied => "Cancelled",
        _ => match place {
            // The application moves the row on as it is.
            Place::Created | Place::Preparing | Place::Elsewhere => "Created",
            Place::Picking => "Picking",
            Place::ReadyToShip => "ReadyToShip",
            Place::Shipped => "Shipped",
            Place::Delivered => "Delivered",
            Place::Cancelled => "Cancelled",
        },
    }
}

/// The columns of an order's row in a table. `status_name` and times come from the packages.
#[must_use]
pub fn facts(
    order: &str,
    packages: &[Shown],
    place: Place,
    new: bool,
    now: DateTime<Utc>,
) -> Value {
    let alive = |shown: &&Shown| match shown.status.stock_effect() {
        _ if shown.is_gone() => false,
        StockEffect::Released => place == Place::Cancelled,
        // What has left is not to be picked.
        StockEffect::Left | StockEffect::Returned => place >= Place::Picking,
        StockEffect::Reserved | StockEffect::Superseded | StockEffect::Unknown => true,
    };
    let mut parts: Vec<&Shown> = packages.iter().filter(alive).collect();
    if parts.is_empty() {
        parts = packages.iter().collect();
    }
    let mut columns = Columns::default();
    if let Some(first) = parts.first() {
        columns.0.clone_from(&first.content.columns);
    }
    let lines: Vec<Value> = parts.iter().flat_map(|p| lines_of(&p.content)).collect();
    columns.lines(&lines);
    let sum = |part: fn(&Content) -> Option<Decimal>| {
        let values: Vec<Decimal> = parts.iter().filter_map(|p| part(&p.content)).collect();
        (!values.is_empty()).then(|| values.iter().sum::<Decimal>())
    };
    columns.set("amount", sum(|c| c.amount).and_then(number));
    columns.set("discount", sum(|c| c.discount).and_then(number));
    let behind = parts.iter().filter(|p| place_of(&p.status).is_some());
    let behind = behind.min_by_key(|p| place_of(&p.status)).or(parts.first());
    columns.text(
        "status",
        behind.map(|p| status_name(&p.status, place).to_owned()),
    );
    columns.text("order_number", Some(order.to_owned()));
    columns.time("updated_at", Some(now));
    if new {
        columns.time("created_at", Some(now));
        // Where the table has the column, it takes no row without it.
        columns.text("source", Some(SOURCE.to_owned()));
    }
    let at = parts.iter().map(|p| p.changed_at).max();
    match place {
        Place::Shipped => columns.time("shipping_time", at),
        Place::Delivered => columns.time("delivery_date", at),
        Place::Cancelled => {
            columns.time("cancellation_date", at);
            let reason = parts.iter().find_map(|p| p.content.cancel_reason.clone());
            columns.text("cancellation_reason", reason);
        }
        Place::Created
        | Place::Preparing
        | Place::Picking
        | Place::ReadyToShip
        | Place::Elsewhere => {}
    }
    Value::Object(columns.0)
}

fn place_of(status: &PackageStatus) -> Option<Place> {
    super::place::wanted([status])
}

/// Columns with a value.
#[derive(Default)]
struct Columns(Map<String, Value>);

impl Columns {
    fn set(&mut self, name: &str, value: Option<Value>) {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value);
        }
    }

    /// Postgres takes no NUL in a text.
    fn text(&mut self, name: &str, text: Option<String>) {
        self.set(name, text.map(|text| Value::from(text.replace('\0', ""))));
    }

    /// The tables keep UTC without a zone.
    fn time(&mut self, name: &str, time: Option<DateTime<Utc>>) {
        let plain = |time: DateTime<Utc>| -> NaiveDateTime { time.naive_utc() };
        self.set(name, time.map(|time| json!(plain(time))));
    }

    /// `details`, and the columns in which the lines' values stand side by side.
    fn lines(&mut self, lines: &[Value]) {
        let joined = |key: &str, between: &str| {
            let values: Vec<String> = lines
                .iter()
                .filter_map(|line| match line.get(key)? {
                    Value::String(text) => Some(text.clone()),
                    other => Some(other.to_string()),
                })
                .collect();
            (!values.is_empty()).then(|| values.join(between))
        };
        for (column, key) in [
            ("merchant_sku", "merchantSku"),
            ("product_barcode", "barcode"),
            ("product_name", "productName"),
            ("product_code", "productCode"),
            ("product_size", "productSize"),
            ("product_color", "productColor"),
            ("product_main_id", "product_main_id"),
            ("stockCode", "stockCode"),
        ] {
            self.text(column, joined(key, ", "));
        }
        self.text("line_id", joined("line_id", ","));
        let fees: Vec<f64> = lines
            .iter()
            .filter_map(|line| line.get("commissionFee")?.as_f64())
            .collect();
        if !fees.is_empty() {
            self.set("commission", Some(json!(fees.iter().sum::<f64>())));
        }
        // Trendyol tells the rate, not the base; so its application writes nothing else.
        self.set("vat_base_amount", Some(json!(0.0)));
        let quantity: i64 = lines
            .iter()
            .filter_map(|line| line.get("quantity")?.as_i64())
            .sum();
        self.set("quantity", Some(json!(quantity)));
        self.set("details", Some(json!(json!(lines).to_string())));
    }
}

/// The tables keep sums as floating point numbers; nothing is reckoned with them here.
fn number(sum: Decimal) -> Option<Value> {
    sum.to_f64().map(Value::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(id: i64, status: &str, lines: &[(&str, u32)]) -> Shown {
        let details = lines.iter().map(|(barcode, quantity)| {
            json!({ "barcode": barcode, "quantity": quantity, "line_id": id, "shipmentPackageId": id })
        });
        let columns = json!({ "customer_name": "Ayşe", "shipment_package_id": id.to_string() });
        Shown {
            status: PackageStatus::parse(status),
            changed_at: DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
            content: Content {
                columns: columns.as_object().unwrap().clone(),
                details: details.collect(),
                cancel_reason: Some("Vazgeçtim".to_owned()),
                amount: Some(Decimal::new(4990, 2)),
                discount: None,
            },
        }
    }

    fn row(packages: &[Shown], place: Place) -> Value {
        let now = DateTime::from_timestamp(1_800_000_060, 0).unwrap();
        facts("4711", packages, place, true, now)
    }

    #[test]
    fn an_order_of_two_packages_is_one_row() {
        let packages = [
            shown(1, "Shipped", &[("a", 1)]),
            shown(2, "Created", &[("b", 2), ("c", 1)]),
            shown(3, "Picking", &[("b", 1)]),
            shown(4, "Cancelled", &[("d", 1)]),
        ];
        let row = row(&packages, Place::Created);
        assert_eq!(row["product_barcode"], "b, c, b");
        assert_eq!(
            (&row["quantity"], &row["amount"]),
            (&json!(4), &json!(99.8))
        );
        assert_eq!(
            (&row["status"], &row["shipment_package_id"]),
            (&json!("Created"), &json!("2"))
        );
        assert_eq!(row["created_at"], "2027-01-15T08:01:00");
        let details: Vec<Value> = serde_json::from_str(row["details"].as_str().unwrap()).unwrap();
        let ids: Vec<_> = details
            .iter()
            .map(|line| line["shipmentPackageId"].clone())
            .collect();
        assert_eq!(ids, [2, 2, 3]);
        assert_eq!(row.get("shipping_time"), None);
    }

    #[test]
    fn each_table_has_its_own_columns() {
        let at = json!("2027-01-15T08:00:00");
        let cancelled = row(&[shown(1, "Cancelled", &[("a", 1)])], Place::Cancelled);
        assert_eq!(cancelled["cancellation_date"], at);
        assert_eq!(cancelled["cancellation_reason"], "Vazgeçtim");
        assert_eq!(
            row(&[shown(1, "Shipped", &[("a", 1)])], Place::Shipped)["shipping_time"],
            at
        );
        assert_eq!(
            row(&[shown(1, "Delivered", &[("a", 1)])], Place::Delivered)["delivery_date"],
            at
        );
    }

    #[test]
    fn what_other_packages_carry_on_is_shown_there() {
        let mut split = shown(1, "UnPacked", &[("a", 2), ("a", 2), ("b", 1)]);
        split.reduce(&[2, 1, 0]);
        let part = shown(2, "Created", &[("b", 1)]);
        let row = row(&[split, part], Place::Created);
        assert_eq!(
            (&row["product_barcode"], &row["quantity"]),
            (&json!("a, b"), &json!(4))
        );
        assert_eq!(row["status"], "Created");
    }
}
