//! The columns of an order's row, as far as they have a value: nothing that the warehouse knows is erased.

use chrono::{DateTime, Utc};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde_json::{Map, Value, json};

/// Columns with a value.
#[derive(Default)]
pub(super) struct Columns(pub(super) Map<String, Value>);

impl Columns {
    pub(super) fn set(&mut self, name: &str, value: Option<Value>) {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value);
        }
    }

    /// Postgres takes no NUL in a text.
    pub(super) fn text(&mut self, name: &str, text: Option<String>) {
        self.set(name, text.map(|text| Value::from(text.replace('\0', ""))));
    }

    /// The tables keep UTC without a zone.
    pub(super) fn time(&mut self, name: &str, time: Option<DateTime<Utc>>) {
        self.set(name, time.map(|time| json!(time.naive_utc())));
    }

    /// `details`, and the columns in which the lines' values stand side by side.
    pub(super) fn lines(&mut self, lines: &[Value]) {
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
        // A sum of nothing would say that there is no commission.
        if !fees.is_empty() {
            self.set("commission", Some(json!(fees.iter().sum::<f64>())));
        }

        // Trendyol sends the rate, not the base; so its application writes nothing else.
        self.set("vat_base_amount", Some(json!(0.0)));

        let quantity: i64 = lines
            .iter()
            .filter_map(|line| line.get("quantity")?.as_i64())
            .sum();
        self.set("quantity", Some(json!(quantity)));
        // Encoded twice: the column is a text that holds JSON.
        self.set("details", Some(json!(json!(lines).to_string())));
    }
}

/// The tables keep sums as floating point numbers; nothing is reckoned with them here.
pub(super) fn number(sum: Decimal) -> Option<Value> {
    sum.to_f64().map(Value::from)
}
