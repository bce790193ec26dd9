//! What should be on sale of each barcode, what is, and what is done about it.
//!
//! What must stay true: a barcode that the warehouse does not have any more is planned as long as Trendyol
//! has it on sale, or nothing would take it off sale.

use std::{
    collections::{BTreeMap, HashMap},
    hash::BuildHasher,
};

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Barcode,
    listing::{Listing, MADE_TO_ORDER},
    reserve::{Holder, Reserved},
    rule::{Deficit, Figure, Reason, Rules, Verdict, Wait, decide},
    shelf::available,
};
use crate::text::format::Format;

/// One barcode of the plan.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Entry {
    /// Units in the warehouse; null when `central_stock` does not have it any more.
    pub(crate) qty: Option<i32>,
    /// Units that are held for orders.
    pub(crate) reserved: u64,
    /// Units that the warehouse keeps back of this product (`stock_listing_policy`).
    pub(crate) extra_buffer: u32,
    /// Units on its shelves, where they are fewer than `qty`: the others are not sold. Otherwise null.
    pub(crate) shelved: Option<i32>,
    /// Whether it is made to order: always on sale, whatever the shelves hold.
    pub(crate) made_to_order: bool,
    /// Units that should be on sale.
    pub(crate) desired: i32,
    /// Units on sale when it was last checked; null when it never was, or is not listed.
    pub on_sale: Option<i32>,
    /// Fewer are on sale than should be: by how many, and since when.
    #[serde(skip)]
    pub(crate) deficit: Option<Deficit>,
    #[serde(skip)]
    pub verdict: Verdict,
}

/// Plans every barcode of the warehouse, and those that Trendyol still has on sale. `safety` units of each
/// are never put on sale.
#[must_use]
pub(crate) fn plan<S: BuildHasher>(
    stock: &BTreeMap<Barcode, i32>,
    reserved: &Reserved,
    figures: &HashMap<Barcode, Figure, S>,
    listing: &Listing,
    (safety, rules): (u32, &Rules),
) -> BTreeMap<Barcode, Entry> {
    let unknown = Figure::default();
    let mut entries = BTreeMap::new();
    let mut add = |barcode: &Barcode, qty| {
        let figure = figures.get(barcode).unwrap_or(&unknown);
        let held = reserved.units(barcode);
        let entry = entry(qty, held, figure, (barcode, listing), (safety, rules));
        entries.insert(barcode.clone(), entry);
    };

    for (barcode, qty) in stock {
        add(barcode, Some(*qty));
    }
    for barcode in listing.made_to_order() {
        if !stock.contains_key(barcode) {
            add(barcode, None);
        }
    }
    for (barcode, figure) in figures {
        // A push that may still be applied could put it on sale.
        let is_listed = figure.on_sale() > Some(0) || figure.open().is_some();
        if is_listed && !stock.contains_key(barcode) && !listing.is_made_to_order(barcode) {
            add(barcode, None);
        }
    }

    entries
}

fn entry(
    qty: Option<i32>,
    reserved: u64,
    figure: &Figure,
    (barcode, listing): (&Barcode, &Listing),
    (safety, rules): (u32, &Rules),
) -> Entry {
    let counted = qty.unwrap_or(0);
    let made_to_order = listing.is_made_to_order(barcode);
    let shelved = listing.shelved(barcode, counted).filter(|_| !made_to_order);

    // The workshop is the stock: neither shelves nor orders take anything from it.
    let extra_buffer = if made_to_order {
        0
    } else {
        listing.extra(barcode)
    };
    let desired = if made_to_order {
        MADE_TO_ORDER
    } else {
        let kept_back = safety.saturating_add(extra_buffer);
        available(shelved.unwrap_or(counted), reserved, kept_back)
    };

    Entry {
        qty,
        reserved,
        extra_buffer,
        shelved,
        made_to_order,
        desired,
        on_sale: figure.on_sale(),
        deficit: figure.deficit_of(desired, rules.now),
        verdict: decide(desired, figure, rules),
    }
}

/// A product with everything that led to what is done. Of one that waits, `wait` is the kind and
/// `until` its end.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlannedItem {
    pub barcode: String,
    #[serde(flatten)]
    pub entry: Entry,
    /// Units that are kept back: those of every product, and `extra_buffer`.
    pub(crate) safety: u32,
    /// When it was last checked what is on sale.
    pub(crate) observed_at: Option<DateTime<Utc>>,
    /// Since when fewer are on sale than should be.
    pub(crate) deficit_since: Option<DateTime<Utc>>,
    /// The last quantity that was sent.
    pub(crate) sent: Option<i32>,
    /// When it went out.
    pub(crate) sent_at: Option<DateTime<Utc>>,
    /// The store's words, where it refuses the product.
    pub(crate) refused: Option<String>,
    #[serde(flatten)]
    pub(crate) next: Next,
    /// Who holds units.
    pub(crate) holders: Vec<Holder>,
}

/// What is done with a product, for programs and people.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Next {
    /// `in_sync`, `send` or `wait`.
    verdict: &'static str,
    /// What will be sent.
    quantity: Option<i32>,
    /// Why it is this many: `lower`, `raise` or `raise_settled`.
    #[schema(value_type = Option<String>)]
    reason: Option<Reason>,
    /// Why nothing is sent now.
    waits: Option<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    wait: Option<Wait>,
}

impl From<Verdict> for Next {
    fn from(verdict: Verdict) -> Self {
        let mut next = Self {
            verdict: "in_sync",
            quantity: None,
            reason: None,
            waits: None,
            wait: None,
        };

        match verdict {
            Verdict::InSync => {}
            Verdict::Send { quantity, reason } => {
                next.verdict = "send";
                (next.quantity, next.reason) = (Some(quantity), Some(reason));
            }
            Verdict::Wait(wait) => {
                next.verdict = "wait";
                (next.wait, next.waits) = (Some(wait), Some(wait.sentence(&Format::PLAIN)));
            }
        }

        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stock::{
        listing::{ListingRow, ListingRows, ShelfRule},
        pace::{OrderDelay, Pace, Settle},
        rule::{Answer, Observed, Sent},
        shelf::StockRow,
    };

    fn code(text: &str) -> Barcode {
        Barcode::parse(text).unwrap()
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn on_sale(units: i32) -> Figure {
        Figure {
            observed: Some(Observed {
                at: now(),
                answer: Answer::Units(units),
            }),
            ..Figure::default()
        }
    }

    /// Five of `a` and of `w`, which is made in the workshop, as is `m`; one more of `a` is kept back.
    fn planned(figures: &[(&str, Figure)], shelves: &[(&str, i32)]) -> BTreeMap<Barcode, Entry> {
        let stock = BTreeMap::from([(code("a"), 5), (code("w"), 5)]);
        let rule = |barcode: &str, extra_buffer, made_to_order| ListingRow {
            barcode: barcode.to_owned(),
            extra_buffer,
            made_to_order,
        };
        let rows = ListingRows {
            rules: vec![rule("a", 1, false), rule("w", 0, true), rule("m", 0, true)],
            has_shelves: !shelves.is_empty(),
            enforced: true,
        };
        let shelves = shelves.iter().map(|(barcode, qty)| StockRow {
            barcode: (*barcode).to_owned(),
            qty: *qty,
        });
        let (listing, _) = Listing::read(&rows, &shelves.collect::<Vec<_>>(), ShelfRule::Auto);

        let figures = figures
            .iter()
            .map(|(name, figure)| (code(name), figure.clone()));
        let figures: HashMap<Barcode, Figure> = figures.collect();
        let rules = Rules {
            now: now(),
            orders_read_at: Some(now()),
            stale: false,
            looked_since: None,
            pace: Pace::of(OrderDelay::default(), Settle::Auto),
        };
        plan(
            &stock,
            &Reserved::default(),
            &figures,
            &listing,
            (1, &rules),
        )
    }

    #[test]
    fn what_is_there_is_on_sale_but_for_what_is_kept_back() {
        let entries = planned(&[("a", on_sale(9))], &[]);
        let entry = &entries[&code("a")];
        assert_eq!(
            (entry.qty, entry.desired, entry.on_sale),
            (Some(5), 3, Some(9))
        );
        assert_eq!((entry.extra_buffer, entry.shelved), (1, None));
        let lowered = Verdict::Send {
            quantity: 3,
            reason: Reason::Lower,
        };
        assert_eq!(entry.verdict, lowered);

        let entries = planned(&[], &[("a", 4)]);
        let entry = &entries[&code("a")];
        assert_eq!((entry.shelved, entry.desired), (Some(4), 2));
    }

    #[test]
    fn what_is_made_to_order_is_on_sale_whatever_is_there() {
        let entries = planned(&[("m", on_sale(10))], &[("a", 5)]);
        for (name, qty) in [("w", Some(5)), ("m", None)] {
            let entry = &entries[&code(name)];
            assert_eq!((entry.qty, entry.desired), (qty, MADE_TO_ORDER), "{name}");
            assert_eq!((entry.shelved, entry.extra_buffer), (None, 0), "{name}");
        }
    }

    #[test]
    fn what_the_warehouse_has_no_more_is_taken_off_sale() {
        let mut coming = on_sale(0);
        coming.sent = Some(Sent {
            quantity: 2,
            at: now(),
            open_until: Some(now()),
        });
        let figures = [
            ("gone", on_sale(3)),
            ("over", on_sale(0)),
            ("coming", coming),
        ];
        let entries = planned(&figures, &[]);
        for name in ["gone", "coming"] {
            let entry = &entries[&code(name)];
            assert_eq!((entry.qty, entry.desired), (None, 0), "{name}");
            let zero = Verdict::Send {
                quantity: 0,
                reason: Reason::Lower,
            };
            assert_eq!(entry.verdict, zero, "{name}");
        }
        assert!(!entries.contains_key(&code("over")), "it is off sale");
    }

    #[test]
    fn programs_are_told_what_is_done_and_why() {
        let next = |verdict: Verdict| serde_json::to_value(Next::from(verdict)).unwrap();
        assert_eq!(next(Verdict::InSync)["verdict"], "in_sync");
        let sends = next(Verdict::Send {
            quantity: 3,
            reason: Reason::Raise,
        });
        assert_eq!(
            (&sends["verdict"], &sends["quantity"], &sends["reason"]),
            (&"send".into(), &3.into(), &"raise".into())
        );
        let waits = next(Verdict::Wait(Wait::NotListed));
        assert_eq!(
            (&waits["verdict"], &waits["wait"]),
            (&"wait".into(), &"not_listed".into())
        );
        assert_eq!(waits["waits"], "not listed by Trendyol, so nothing is sent");
    }
}
