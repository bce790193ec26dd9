//! The JSON of an answer, read as plainly as can be.

use rust_decimal::Decimal;
use serde_json::Value;

use crate::oracle::{Exact, is_written};

/// Where codes stand.
pub(super) const CODES: [&str; 4] = ["pin", "code", "voucher", "serial"];

/// Whether an order or a code is in it; over all of it `code` may number an error.
pub(super) fn speaks_of_an_order(json: &Value, top: bool) -> bool {
    match json {
        Value::Object(object) => object.iter().any(|(key, value)| {
            let key = key.to_ascii_lowercase();
            let named = key == "order_id" || CODES.contains(&&*key);
            let number = top && key == "code" && scalar(value).is_some_and(|text| text.len() <= 3);
            (named && !number && is_code(value)) || speaks_of_an_order(value, false)
        }),
        Value::Array(list) => list.iter().any(|value| speaks_of_an_order(value, false)),
        _ => false,
    }
}

/// A code for certain: a text with a letter or a digit in it, or a number other than 0.
pub(super) fn is_code(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(|c: char| c.is_ascii_alphanumeric()),
        Value::Number(number) => number.as_f64() != Some(0.0),
        _ => false,
    }
}

/// The entry of an answer about one order, if no key is in it twice.
pub(super) fn entry(json: &Value) -> Option<&Value> {
    match &json["data"] {
        Value::Array(list) => list.first().filter(|_| list.len() == 1),
        data => Some(data),
    }
}

pub(super) fn strings(json: &Value) -> Box<dyn Iterator<Item = &str> + '_> {
    match json {
        Value::String(text) => Box::new(std::iter::once(&**text)),
        Value::Array(list) => Box::new(list.iter().flat_map(strings)),
        Value::Object(object) => Box::new(object.values().flat_map(strings)),
        _ => Box::new(std::iter::empty()),
    }
}

pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Where the JSON itself was read as a float, a long number is only about the same.
pub(super) fn is_same(text: &str, sum: Decimal) -> bool {
    let written = Exact::of(text);
    is_written(text, sum)
        || written == Some(sum.into())
        || written.is_some_and(|number| !number.survives_a_float())
}

pub(super) fn word(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}
