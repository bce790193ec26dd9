//! What the warehouse's application keeps off sale although it is there, and what it sells without having it.
//! orderwatch sends in its place, so the same rules apply.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{
    Barcode, DataWarning,
    shelf::{self, StockRow},
};

/// Units on sale of a product that is made to order, as the warehouse's application sends them.
pub(crate) const MADE_TO_ORDER: i32 = 10;

/// Whether a product is sold that no shelf has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ShelfRule {
    /// Not where the warehouse's application has that rule, too.
    #[default]
    Auto,
    /// Never more of a product than its shelves hold.
    Limit,
    /// What stands in `central_stock` is sold.
    Ignore,
}

/// A rule of the warehouse's application.
#[derive(Clone, Debug)]
pub(crate) struct ListingRow {
    /// Barcode as it stands there.
    pub(crate) barcode: String,
    /// Units that are kept back besides those of every product.
    pub(crate) extra_buffer: i32,
    /// Whether it is sold without being there.
    pub(crate) made_to_order: bool,
}

/// What was read of the rules.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListingRows {
    pub(crate) rules: Vec<ListingRow>,
    /// Whether there is anything on any shelf (`raf_urunleri`).
    pub(crate) has_shelves: bool,
    /// Whether the warehouse's application empties what no shelf has.
    pub(crate) enforced: bool,
}

/// The rules, by the barcode that Trendyol knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listing {
    extra: BTreeMap<Barcode, u32>,
    made_to_order: BTreeSet<Barcode>,
    /// `None` where the shelves limit nothing.
    shelves: Option<BTreeMap<Barcode, i32>>,
}

impl Listing {
    /// Reads the rows; `shelves` are the pieces on the filled shelves, by product.
    #[must_use]
    pub(crate) fn read(
        rows: &ListingRows,
        shelves: &[StockRow],
        rule: ShelfRule,
    ) -> (Self, Vec<DataWarning>) {
        let mut listing = Self::default();
        let mut data_warnings = Vec::new();

        for row in &rows.rules {
            let Ok(barcode) = Barcode::parse(&row.barcode) else {
                data_warnings.push(unreadable(row));
                continue;
            };
            let extra = u32::try_from(row.extra_buffer).unwrap_or(0);
            if row.made_to_order {
                listing.made_to_order.insert(barcode);
            } else {
                // Of two rows for one barcode, the one that sells less counts.
                let most = listing.extra.entry(barcode).or_default();
                *most = extra.max(*most);
            }
        }

        let limits = match rule {
            ShelfRule::Auto => rows.enforced,
            ShelfRule::Limit => true,
            ShelfRule::Ignore => false,
        };
        // Shelves that are all empty limit nothing: that is a warehouse without shelf places, or a broken import,
        // and neither takes the whole shop off sale.
        if limits && rows.has_shelves {
            listing.shelves = Some(shelf::on_shelves(shelves));
        }

        (listing, data_warnings)
    }

    /// Forgets what is made to order besides these.
    pub(crate) fn keep(&mut self, barcodes: &[Barcode]) {
        let kept = barcodes
            .iter()
            .filter(|barcode| self.is_made_to_order(barcode));
        self.made_to_order = kept.cloned().collect();
    }

    /// Units that are kept back besides those of every product.
    #[must_use]
    pub(crate) fn extra(&self, barcode: &Barcode) -> u32 {
        self.extra.get(barcode).copied().unwrap_or(0)
    }

    /// Whether it is sold without being there.
    #[must_use]
    pub(crate) fn is_made_to_order(&self, barcode: &Barcode) -> bool {
        self.made_to_order.contains(barcode)
    }

    /// All that are sold without being there.
    pub(crate) fn made_to_order(&self) -> impl Iterator<Item = &Barcode> {
        self.made_to_order.iter()
    }

    /// Units on its shelves, where they are fewer than `qty`.
    #[must_use]
    pub(crate) fn shelved(&self, barcode: &Barcode, qty: i32) -> Option<i32> {
        let shelves = self.shelves.as_ref()?;
        // On no shelf: the application sets such rows of `central_stock` to 0 before each push.
        let there = shelves.get(barcode).copied().unwrap_or(0);
        (there < qty).then_some(there)
    }

    /// Units of a product that can be sold at all, whoever has ordered them.
    #[must_use]
    pub(crate) fn there(&self, barcode: &Barcode, qty: i32) -> i32 {
        if self.is_made_to_order(barcode) {
            MADE_TO_ORDER
        } else {
            self.shelved(barcode, qty).unwrap_or(qty)
        }
    }
}

fn unreadable(row: &ListingRow) -> DataWarning {
    let table = if row.made_to_order {
        "products"
    } else {
        "stock_listing_policy"
    };
    DataWarning {
        record: format!("{table} {:?}", row.barcode),
        problem: "the barcode is none that Trendyol takes; its rule is for nothing".to_owned(),
        lost: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Barcode {
        Barcode::parse(text).unwrap()
    }

    fn read(enforced: bool, shelves: &[(&str, i32)], rule: ShelfRule) -> Listing {
        let rows = ListingRows {
            has_shelves: !shelves.is_empty(),
            enforced,
            ..ListingRows::default()
        };
        let shelves = shelves.iter().map(|(barcode, qty)| StockRow {
            barcode: (*barcode).to_owned(),
            qty: *qty,
        });
        let shelves: Vec<StockRow> = shelves.collect();
        Listing::read(&rows, &shelves, rule).0
    }

    #[test]
    fn shelves_limit_where_the_application_has_that_rule_and_any_is_filled() {
        use ShelfRule::{Auto, Ignore, Limit};
        let filled = [("a", 3), (" a ", 2)];
        for (name, rule, enforced, shelves, a, b) in [
            ("its rule", Auto, true, &filled[..], Some(5), Some(0)),
            ("no such rule", Auto, false, &filled, None, None),
            ("all empty", Auto, true, &[], None, None),
            ("wanted", Limit, false, &filled, Some(5), Some(0)),
            ("wanted, all empty", Limit, false, &[], None, None),
            ("not wanted", Ignore, true, &filled, None, None),
        ] {
            let listing = read(enforced, shelves, rule);
            let shelved = [code("a"), code("b")].map(|code| listing.shelved(&code, 8));
            assert_eq!(shelved, [a, b], "{name}");
        }
        let listing = read(true, &filled, Auto);
        assert_eq!(listing.shelved(&code("a"), 5), None, "as many as are there");
    }

    #[test]
    fn rules_are_read_by_the_barcode_that_trendyol_keeps() {
        let row = |barcode: &str, extra_buffer, made_to_order| ListingRow {
            barcode: barcode.to_owned(),
            extra_buffer,
            made_to_order,
        };
        let rules = vec![
            row("a", 2, false),
            row(" a", 3, false),
            row("b", -4, false),
            row("c", 0, true),
            row("d/e", 1, false),
        ];
        let rows = ListingRows {
            rules,
            ..ListingRows::default()
        };
        let (listing, data_warnings) = Listing::read(&rows, &[], ShelfRule::Auto);
        let extra = ["a", "b", "c"].map(|name| listing.extra(&code(name)));
        assert_eq!(extra, [3, 0, 0]);
        assert_eq!(listing.made_to_order().collect::<Vec<_>>(), [&code("c")]);
        assert_eq!(
            [listing.there(&code("c"), 0), listing.there(&code("a"), 7)],
            [10, 7]
        );
        let said: Vec<String> = data_warnings.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "stock_listing_policy \"d/e\": the barcode is none that Trendyol takes; its rule is for nothing (counted)"
            ]
        );
    }

    #[test]
    fn where_only_some_products_are_pushed_the_others_made_to_order_are_left_alone() {
        let row = |barcode: &str| ListingRow {
            barcode: barcode.to_owned(),
            extra_buffer: 0,
            made_to_order: true,
        };
        let rows = ListingRows {
            rules: vec![row("c"), row("d")],
            ..ListingRows::default()
        };
        let (mut listing, _) = Listing::read(&rows, &[], ShelfRule::Auto);
        listing.keep(&[code("c"), code("e")]);
        assert_eq!(listing.made_to_order().collect::<Vec<_>>(), [&code("c")]);
    }
}
