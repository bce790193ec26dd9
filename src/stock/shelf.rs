//! What is in the warehouse: `central_stock`, by the barcode that Trendyol knows.
//!
//! What must stay true: where two readings are possible, the one that sells less counts.

use std::collections::BTreeMap;

use super::{Barcode, DataWarning, MAX_QUANTITY};

/// A row of `central_stock`.
#[derive(Clone, Debug)]
pub(crate) struct StockRow {
    /// `barcode` as it stands there.
    pub(crate) barcode: String,
    pub(crate) qty: i32,
}

/// Reads the rows. Two rows that are the same barcode for Trendyol count as the smaller of them.
#[must_use]
pub(crate) fn read(rows: Vec<StockRow>) -> (BTreeMap<Barcode, i32>, Vec<DataWarning>) {
    let mut shelves = BTreeMap::new();
    let mut data_warnings = Vec::new();

    for row in rows {
        let mut odd = |problem: String, lost| {
            data_warnings.push(DataWarning {
                record: format!("central_stock {:?}", row.barcode),
                problem,
                lost,
            });
        };
        match Barcode::parse(&row.barcode) {
            Err(fault) => odd(format!("{fault}; it is not pushed"), true),
            Ok(barcode) => match shelves.get_mut(&barcode) {
                None => {
                    shelves.insert(barcode, row.qty);
                }
                Some(qty) => {
                    odd(
                        format!("another row is {barcode}, too; the smaller quantity counts"),
                        false,
                    );
                    // Which one is right nobody knows; the smaller sells nothing that is not there.
                    *qty = row.qty.min(*qty);
                }
            },
        }
    }

    (shelves, data_warnings)
}

/// Adds up what is on the shelves.
#[must_use]
pub(crate) fn on_shelves(rows: &[StockRow]) -> BTreeMap<Barcode, i32> {
    let mut there: BTreeMap<Barcode, i32> = BTreeMap::new();

    for row in rows {
        // A barcode that cannot be read belongs to no product that is sold.
        if let Ok(barcode) = Barcode::parse(&row.barcode) {
            let units = there.entry(barcode).or_default();
            // A count below zero is a mistake and must not hide the units of another shelf.
            *units = units.saturating_add(row.qty.max(0));
        }
    }

    there
}

/// What may be on sale: never more than is there unsold, and never more than Trendyol takes.
#[must_use]
pub(crate) fn available(qty: i32, reserved: u64, safety: u32) -> i32 {
    // In 64 bits, so that no input wraps around into stock that is not there.
    let reserved = i64::try_from(reserved).unwrap_or(i64::MAX);
    let free = i64::from(qty)
        .saturating_sub(reserved)
        .saturating_sub(i64::from(safety));
    i32::try_from(free.clamp(0, i64::from(MAX_QUANTITY))).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rows_are_read_by_the_barcode_that_trendyol_keeps() {
        let rows = [
            ("8699", 5),
            (" 86 99", 3),
            ("a/b", 1),
            ("TSH-1", -2),
            ("", 9),
        ];
        let rows = rows.map(|(barcode, qty)| StockRow {
            barcode: barcode.to_owned(),
            qty,
        });
        let (shelves, data_warnings) = read(rows.to_vec());
        let shelves: Vec<_> = shelves.iter().map(|(b, q)| (b.as_str(), *q)).collect();
        assert_eq!(shelves, [("8699", 3), ("TSH-1", -2)]);
        let said: Vec<String> = data_warnings.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "central_stock \" 86 99\": another row is 8699, too; the smaller quantity counts (counted)",
                "central_stock \"a/b\": the barcode holds '/', which Trendyol does not take; it is not pushed (not counted)",
                "central_stock \"\": the barcode is empty; it is not pushed (not counted)",
            ]
        );
    }

    #[test]
    fn available_is_what_is_left() {
        for (qty, reserved, safety, want) in [
            (10, 3, 0, 7),
            (10, 3, 2, 5),
            (3, 3, 0, 0),
            (3, 4, 0, 0),
            (-5, 0, 0, 0),
            (50_000, 0, 0, 20_000),
            (50_000, 40_000, 0, 10_000),
            (i32::MIN, u64::MAX, u32::MAX, 0),
        ] {
            assert_eq!(
                available(qty, reserved, safety),
                want,
                "{qty} {reserved} {safety}"
            );
        }
    }

    proptest! {
        #[test]
        fn more_sold_is_never_more_on_sale(qty: i32, reserved: u64, more: u32, safety: u32) {
            let now = available(qty, reserved, safety);
            prop_assert!((0..=MAX_QUANTITY).contains(&now));
            prop_assert!(available(qty, reserved.saturating_add(more.into()), safety) <= now);
            prop_assert!(i64::from(now) <= i64::from(qty.max(0)));
        }
    }
}
