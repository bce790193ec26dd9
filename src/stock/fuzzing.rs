//! Any row of the warehouse's orders: no line is lost in silence, and no quantity is less than what was sold.

use serde_json::Value;

use super::{
    Barcode,
    details::{OrderRow, Reading},
};
use crate::oracle;

/// The most of one product that an order has.
const MOST: u64 = 20_000;

/// `quantity product_barcode`, and below it `details`.
pub(crate) fn order_rows(data: &[u8]) {
    let (head, details) = oracle::head(data);
    let column = head.rest(1).join(" ");
    let row = OrderRow {
        table: "orders_created".to_owned(),
        id: 7,
        order_number: "4711".to_owned(),
        details: Some(String::from_utf8_lossy(details).into_owned()),
        product_barcode: Some(column).filter(|column| !column.is_empty()),
        quantity: head.word(0).parse().ok(),
    };

    let reading = row.read();
    is_sound(&reading);
    match lines(&row) {
        Some(lines) => is_of(&reading, &lines),
        None => assert!(
            !reading.data_warnings.is_empty(),
            "nothing is said of {row:?}"
        ),
    }
}

fn is_sound(reading: &Reading) {
    for (barcode, quantity) in &reading.lines {
        assert!((1..=MOST).contains(&u64::from(*quantity)));
        // In the form that it has everywhere else.
        assert_eq!(Barcode::parse(barcode.as_str()).as_ref(), Ok(barcode));
    }
}

/// The lines that `details` holds, itself or as a text in it.
fn lines(row: &OrderRow) -> Option<Vec<Value>> {
    let json: Value = serde_json::from_str(row.details.as_deref()?.trim()).ok()?;
    let json = match &json {
        Value::String(inner) => serde_json::from_str(inner).ok()?,
        _ => json,
    };
    match json {
        Value::Array(lines) if !lines.is_empty() => Some(lines),
        Value::Object(_) => Some(vec![json]),
        _ => None,
    }
}

fn is_of(reading: &Reading, lines: &[Value]) {
    // What is not counted is said, unless the line itself says that it is nothing.
    let none = lines
        .iter()
        .filter(|line| amount(&line["quantity"]) == Some(0.0))
        .count();
    let lost = reading
        .data_warnings
        .iter()
        .filter(|warning| warning.lost)
        .count();
    assert!(
        reading.lines.len() + lost + none >= lines.len(),
        "{reading:?} of {lines:?}"
    );
    assert!(reading.lines.len() <= lines.len());

    // Line by line where all of them can be read.
    let clear: Option<Vec<(Barcode, u32)>> = lines.iter().map(clear).collect();
    if let Some(clear) = clear {
        assert_eq!(reading.lines, clear);
        assert!(reading.data_warnings.is_empty(), "{reading:?}");
    }
}

/// A line that can be read in one way only.
fn clear(line: &Value) -> Option<(Barcode, u32)> {
    let barcode = Barcode::parse(line["barcode"].as_str()?).ok()?;
    let quantity = line["quantity"]
        .as_u64()
        .filter(|units| (1..=MOST).contains(units))?;
    Some((barcode, u32::try_from(quantity).ok()?))
}

fn amount(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().replace(',', ".").parse().ok(),
        _ => None,
    }
}
