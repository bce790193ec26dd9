//! What the warehouse's tables show of one package, and of each of its lines.
//!
//! What must stay true: names and units of the columns are those of the warehouse's application, which reads
//! them with its own rows.

use chrono::TimeDelta;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::columns::{Columns, number};
use crate::stock::{Line, Package, Personal};

/// The warehouse's application takes every time but the last change for the clocks of Istanbul; times
/// that stand beside each other in one table must be comparable.
const APPLICATION_SHIFT: TimeDelta = TimeDelta::hours(3);
/// Trendyol's share in percent where it is missing, as the warehouse's application assumes.
const ASSUMED_COMMISSION: i64 = 17;

/// What the tables show of one package.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(super) columns: Map<String, Value>,
    pub(super) details: Vec<Value>,
    #[serde(default)]
    pub(super) cancel_reason: Option<String>,
    #[serde(default)]
    pub(super) amount: Option<Decimal>,
    #[serde(default)]
    pub(super) discount: Option<Decimal>,
}

impl Content {
    pub(crate) fn of(package: &Package) -> Self {
        let mut columns = Columns::default();
        let customer = &package.customer;
        let personal = |text: &Option<Personal>| text.as_ref().map(|text| text.expose().to_owned());

        columns.text("customer_id", personal(&customer.id));
        columns.text("customer_name", personal(&customer.first_name));
        columns.text("customer_surname", personal(&customer.last_name));
        columns.text("customer_address", personal(&customer.address));
        columns.text("currency_code", package.currency_code.clone());

        // A placeholder's number means nothing to the warehouse or to Trendyol.
        let id = Some(package.shipment_package_id).filter(|id| *id > 0);
        let id = id.map(|id| id.to_string());
        columns.text("shipment_package_id", id.clone());
        columns.text("package_number", id);

        let cargo = &package.cargo;
        columns.text("shipping_barcode", cargo.tracking_number.clone());
        columns.text("cargo_tracking_number", cargo.tracking_number.clone());
        columns.text("cargo_provider_name", cargo.provider_name.clone());
        columns.text("cargo_tracking_link", personal(&cargo.tracking_link));

        // `order_date` is right already; the others are shifted as the application would shift them.
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
    columns.text("line_id", line.id.map(|id| id.to_string()));
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

    // Empty rather than missing, as in the application's own rows.
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

fn commission_rate(rate: Option<Decimal>) -> Decimal {
    // The application's profit page leaves out orders without a commission.
    rate.filter(|rate| *rate > Decimal::ZERO)
        .unwrap_or_else(|| Decimal::from(ASSUMED_COMMISSION))
}

/// The lines of a package as its application writes them: one for each product, with its sums.
pub(super) fn lines_of(content: &Content) -> Vec<Value> {
    let mut lines: Vec<Map<String, Value>> = Vec::new();

    for line in content.details.iter().filter_map(Value::as_object) {
        let line = with_sums(line.clone());
        let same = |other: &&mut Map<String, Value>| {
            let key = ["barcode", "color", "size"];
            // By these the application tells products apart.
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
        // Whole numbers stay whole: a quantity is one.
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

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;
    use crate::stock::{
        Amounts,
        package::tests::{line, package},
    };

    #[expect(clippy::unnecessary_wraps, reason = "as the rows have it")]
    fn lira(sum: i64) -> Option<Decimal> {
        Some(Decimal::from(sum))
    }

    #[test]
    fn a_package_is_shown_under_the_columns_of_the_application() {
        let noon = DateTime::<Utc>::from_timestamp(1_800_014_400, 0);
        let mut sold = package();
        sold.customer.first_name = Some(Personal::from("Ayşe".to_owned()));
        sold.amounts.net = lira(90);
        (sold.order_date, sold.agreed_delivery_date) = (noon, noon);
        sold.lines[0].cancel_reason = Some("Vazgeçtim".to_owned());
        let content = Content::of(&sold);

        let columns = &content.columns;
        assert_eq!(columns["customer_name"], "Ayşe");
        assert_eq!(columns["shipment_package_id"], "501");
        assert_eq!(columns["order_date"], "2027-01-15T12:00:00");
        assert_eq!(columns["agreed_delivery_date"], "2027-01-15T09:00:00");
        assert_eq!(columns.get("customer_surname"), None, "nothing is erased");
        assert_eq!(content.cancel_reason.as_deref(), Some("Vazgeçtim"));
        assert_eq!((content.amount, content.discount), (lira(90), None));

        for id in [-4711, 0] {
            sold.shipment_package_id = id;
            let content = Content::of(&sold);
            assert_eq!(content.columns.get("shipment_package_id"), None, "{id}");
        }
    }

    #[test]
    fn a_line_has_its_sums_and_a_commission() {
        for (commission, fee) in [
            (None, 15.3),
            (lira(0), 15.3),
            (lira(-1), 15.3),
            (lira(20), 18.0),
        ] {
            let mut sold = package();
            sold.lines[0].amounts = Amounts {
                net: lira(45),
                ..Amounts::default()
            };
            sold.lines[0].commission = commission;
            let lines = lines_of(&Content::of(&sold));
            let [line] = lines.as_slice() else {
                panic!("{lines:?}");
            };
            assert_eq!(
                (&line["barcode"], &line["quantity"]),
                (&json!("a"), &json!(2))
            );
            assert_eq!(
                (&line["line_id"], &line["color"]),
                (&json!("7"), &json!(""))
            );
            assert_eq!(line["unit_price"], 45.0);
            assert_eq!(line["line_total_price"], 90.0);
            assert_eq!(line["commissionFee"], fee, "{commission:?}");
            assert_eq!(line.get(COMMISSION_RATE), None);
        }
    }

    #[test]
    fn lines_of_one_product_are_one_line() {
        let of = |id, size: Option<&str>| Line {
            id: Some(id),
            product_size: size.map(str::to_owned),
            amounts: Amounts {
                net: lira(45),
                ..Amounts::default()
            },
            ..line()
        };
        let mut sold = package();
        sold.lines = vec![of(7, None), of(8, None), of(9, Some("M"))];
        let lines = lines_of(&Content::of(&sold));
        let shown = lines.iter().map(|line| {
            let [id, units, total] =
                ["line_id", "quantity", "line_total_price"].map(|key| &line[key]);
            format!("{id} {units} {total}")
        });
        let shown: Vec<String> = shown.collect();
        assert_eq!(shown, [r#""7,8" 4 180.0"#, r#""9" 2 90.0"#]);
    }
}
