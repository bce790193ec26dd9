//! The lines of an order as the warehouse's application keeps them: `details`, a text that should hold JSON.
//!
//! Real rows hold quantities as text, barcodes with blanks or none, broken JSON, an object instead of a
//! list, or nothing. What must stay true: what can be understood is counted, by the row's other columns if
//! need be; what cannot is named. Where two readings are possible, the one that reserves more is taken.

use serde_json::Value;

use super::{Barcode, DataWarning};

/// No order has more of one product: it is also the most that Trendyol has on sale. Larger numbers are
/// mistakes.
const MOST: i64 = 20_000;

/// A row of one of the warehouse's order tables, as far as it shows what was sold.
#[derive(Clone, Debug, Default)]
pub(crate) struct OrderRow {
    pub(crate) table: String,
    pub(crate) id: i32,
    pub(crate) order_number: String,
    pub(crate) details: Option<String>,
    /// `product_barcode`: one barcode, or several with commas between them.
    pub(crate) product_barcode: Option<String>,
    /// `quantity`, of all lines.
    pub(crate) quantity: Option<i32>,
}

/// What a row says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Sold units by barcode, in the order of the lines.
    pub(crate) lines: Vec<(Barcode, u32)>,
    pub(crate) data_warnings: Vec<DataWarning>,
}

impl OrderRow {
    #[must_use]
    pub(crate) fn read(&self) -> Reading {
        let mut reader = Reader {
            row: self,
            reading: Reading::default(),
        };

        match self.lines() {
            Ok(lines) => reader.lines(&lines),
            Err(problem) => reader.fall_back(&problem),
        }

        reader.reading
    }

    /// The lines of `details`, or why there are none.
    fn lines(&self) -> Result<Vec<Value>, String> {
        let text = self.details.as_deref().unwrap_or_default().trim();
        if text.is_empty() {
            return Err("details is empty".to_owned());
        }

        let mut value: Value =
            serde_json::from_str(text).map_err(|_| "details is no JSON".to_owned())?;
        // Written by an application that encoded it twice.
        if let Value::String(inner) = &value {
            value = serde_json::from_str(inner)
                .map_err(|_| "details is a text instead of a list of lines".to_owned())?;
        }

        match value {
            Value::Array(lines) if lines.is_empty() => Err("details has no lines".to_owned()),
            Value::Array(lines) => Ok(lines),
            Value::Object(_) => Ok(vec![value]),
            _ => Err("details is neither a list nor a line".to_owned()),
        }
    }
}

struct Reader<'a> {
    row: &'a OrderRow,
    reading: Reading,
}

impl Reader<'_> {
    fn lines(&mut self, lines: &[Value]) {
        for (at, line) in lines.iter().enumerate() {
            let barcode = barcode(line).or_else(|problem| {
                // With one line, the row's own column can only mean that line.
                let column = self.row.product_barcode.as_deref().unwrap_or_default();
                match Barcode::parse(column) {
                    Ok(barcode) if lines.len() == 1 => {
                        self.odd(
                            format!("{problem}; product_barcode was taken instead"),
                            false,
                        );
                        Ok(barcode)
                    }
                    _ => Err(problem),
                }
            });

            match barcode {
                Ok(barcode) => self.quantity(at, line, barcode),
                Err(problem) => self.odd(format!("line {}: {problem}", at + 1), true),
            }
        }
    }

    fn quantity(&mut self, at: usize, line: &Value, barcode: Barcode) {
        match quantity(line.get("quantity")) {
            Ok(0) => {}
            Ok(quantity) => self.reading.lines.push((barcode, quantity)),
            Err(Doubt { problem, reserve }) => {
                let at = at + 1;
                self.odd(
                    format!("line {at} ({barcode}): {problem}; {reserve} reserved"),
                    reserve == 0,
                );

                if reserve > 0 {
                    self.reading.lines.push((barcode, reserve));
                }
            }
        }
    }

    /// `product_barcode` and `quantity` instead of `details`.
    fn fall_back(&mut self, problem: &str) {
        let column = self.row.product_barcode.as_deref().unwrap_or_default();
        let names: Vec<&str> = column.split(',').filter(|t| !t.trim().is_empty()).collect();
        if names.is_empty() {
            self.odd(format!("{problem}, and product_barcode is empty"), true);
            return;
        }

        let each = match self.row.quantity {
            // One of each, the only way in which the sum fits.
            Some(sum) if usize::try_from(sum) == Ok(names.len()) => 1,
            // Nobody knows how the sum is distributed, so each product may have all of it.
            Some(sum) => u32::try_from(i64::from(sum).min(MOST)).unwrap_or(0),
            None => 1,
        };

        for name in names {
            match Barcode::parse(name) {
                Ok(barcode) if each > 0 => {
                    let said = match self.row.quantity {
                        Some(_) => "product_barcode and quantity were taken instead",
                        None => "product_barcode was taken instead, quantity is empty: 1 reserved",
                    };
                    self.odd(format!("{problem}; {said} ({barcode}, {each})"), false);
                    self.reading.lines.push((barcode, each));
                }
                Ok(_) => self.odd(format!("{problem}, and quantity is not above 0"), true),
                Err(fault) => self.odd(format!("{problem}, and of product_barcode {fault}"), true),
            }
        }
    }

    fn odd(&mut self, problem: String, lost: bool) {
        self.reading.data_warnings.push(DataWarning {
            record: format!(
                "{} {} (order {})",
                self.row.table, self.row.id, self.row.order_number
            ),
            problem,
            lost,
        });
    }
}

fn barcode(line: &Value) -> Result<Barcode, String> {
    if !line.is_object() {
        return Err("it is not an object".to_owned());
    }
    let text = match line.get("barcode") {
        Some(Value::String(text)) => text.clone(),
        // A fraction or a sign shows that the digits are not those of the barcode any more.
        Some(Value::Number(number)) if number.is_u64() => number.to_string(),
        None | Some(Value::Null) => return Err("it has no barcode".to_owned()),
        Some(_) => return Err("its barcode is neither text nor a whole number".to_owned()),
    };
    Barcode::parse(&text).map_err(|fault| fault.to_string())
}

/// Why a quantity cannot be read.
struct Doubt {
    problem: String,
    /// What is reserved all the same.
    reserve: u32,
}

fn quantity(value: Option<&Value>) -> Result<u32, Doubt> {
    let doubt = |problem: &str, reserve| {
        Err(Doubt {
            problem: problem.to_owned(),
            reserve,
        })
    };

    let number = match value {
        // A line is there because something was sold, so at least one unit is reserved.
        None | Some(Value::Null) => return doubt("it has no quantity", 1),
        Some(Value::Number(number)) => number.as_f64(),
        // Turkish texts write the decimal sign as a comma.
        Some(Value::String(text)) => text.trim().replace(',', ".").parse::<f64>().ok(),
        Some(_) => None,
    };

    let Some(number) = number.filter(|number| number.is_finite()) else {
        return doubt("its quantity is no number", 1);
    };
    if number < 0.0 {
        return doubt("its quantity is negative", 0);
    }

    // A part of a unit cannot be sold, so the whole one is kept.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "finite and not negative; `as` saturates above i64"
    )]
    let whole = number.ceil() as i64;
    // Reserving all of a mistyped number would take the product off sale.
    if whole > MOST {
        return doubt("its quantity is too large to be true", 1);
    }
    Ok(u32::try_from(whole).unwrap_or(0))
}

#[cfg(test)]
mod tests;
