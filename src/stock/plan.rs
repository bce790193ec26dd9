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
        deficit: figure.deficit_of(desired),
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
