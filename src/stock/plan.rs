//! What is sent for each bar code, and why not.
//!
//! Trendyol takes absolute quantities and lowers them itself when it sells: whatever is sent
//! overwrites sales that happen meanwhile. So as little is sent as possible, and a difference is
//! looked at first ([`Verdict::Check`]): most of them are Trendyol's own sales, and it has counted
//! those already.

use std::{
    collections::{BTreeMap, HashMap},
    hash::BuildHasher,
};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    listing::{Listing, MADE_TO_ORDER},
    patience::{DOUBTED_WITHIN, REPEAT_AFTER, TOLD_WITHIN},
    reserve::{Holder, Reserved},
    shelf::available,
};
use crate::marketplace::Barcode;

/// What is known of one bar code at Trendyol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Units on sale, as Trendyol last said.
    pub confirmed: Option<(i32, DateTime<Utc>)>,
    /// A quantity whose fate is not known yet.
    pub open: Option<Open>,
    /// Refused: until when it rests, and why.
    pub quarantine: Option<(DateTime<Utc>, String)>,
    /// Quantities that went out within the last minutes, and when.
    pub recent: Vec<(i32, DateTime<Utc>)>,
    /// Whether it was read back just now.
    pub checked: bool,
    /// Whether that was for the first time: what was sold just before is not told of yet.
    pub is_new: bool,
    /// Units of the orders that became known since `confirmed` was true and that were sold before the
    /// last look: Trendyol has lowered its stock by them, also where the order was cancelled since.
    pub told: i32,
    /// The same of those that were sold since the last look. A push overwrites them.
    pub told_since: i32,
    /// Units of the orders that a push may have overwritten: they explain nothing, and are a reason to look.
    pub doubted: i32,
    /// Units of the packages that were cancelled since: Trendyol may have put them back on sale by
    /// itself, also where they have left the shelf. Nobody says whether it has.
    pub given_back: i32,
    /// Units that Trendyol has counted as sold and the orders have not told of yet.
    pub missing: Missing,
    /// Units of `confirmed` that Trendyol has put on sale by itself, such as those of a cancelled order.
    pub lifted: i32,
}

impl Known {
    /// Whether Trendyol has changed its stock by itself since `confirmed` was true.
    fn moved(&self) -> bool {
        self.told_in_all() != 0 || self.doubted != 0 || self.given_back != 0
    }

    /// Units of all orders that became known since `confirmed` was true.
    #[must_use]
    pub fn told_in_all(&self) -> i32 {
        self.told.saturating_add(self.told_since)
    }

    /// What Trendyol has put on sale by itself when `quantity` is found to be on sale.
    #[must_use]
    pub fn lifted_at(&self, quantity: i32) -> i32 {
        let Some((listed, _)) = self.confirmed else {
            return 0;
        };
        let ours = match self.open {
            Some(open) if open.quantity == quantity => return 0,
            Some(open) => open.quantity.max(listed),
            None => listed,
        };
        let rose = quantity
            .saturating_add(self.told_in_all())
            .saturating_sub(ours);
        self.lifted.saturating_add(rose).clamp(0, quantity.max(0))
    }
}

/// Sales that nobody has told of: Trendyol's stock fell by more than the orders explain. They stay
/// on the books until an order explains them, or until it is clear that none will.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// Units.
    pub units: i32,
    /// Since when there are any.
    pub since: Option<DateTime<Utc>>,
}

impl Missing {
    /// The books after another look.
    ///
    /// What Trendyol has put back by itself hides as many sales. So the whole of it counts as put
    /// back, though for a while only where nothing but that speaks for a sale.
    #[must_use]
    pub fn after(self, moved: Moved, now: DateTime<Utc>) -> Self {
        let known = self.still(now);
        let sold = moved.fell.saturating_sub(moved.told);
        let hidden = moved.given_back.max(0);
        let units = known.units.saturating_add(sold).saturating_add(hidden);
        if units <= 0 {
            return Self::default();
        }
        let doubted = now - (TOLD_WITHIN - DOUBTED_WITHIN);
        let since = if sold > 0 {
            now
        } else {
            known.since.unwrap_or(doubted)
        };
        Self {
            units,
            since: Some(since),
        }
    }

    /// What is still on the books.
    #[must_use]
    pub fn still(self, now: DateTime<Utc>) -> Self {
        let over = self.since.is_some_and(|since| now - since > TOLD_WITHIN);
        if over { Self::default() } else { self }
    }
}

/// How a product has moved at Trendyol from one look to the next, in units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// By which its stock fell.
    pub fell: i32,
    /// Of the orders that became known meanwhile.
    pub told: i32,
    /// Of the packages that were cancelled meanwhile.
    pub given_back: i32,
}

impl Moved {
    /// Whether the orders that are known can be all that has happened.
    #[must_use]
    pub fn is_explained(self) -> bool {
        let put_back = self.told.saturating_sub(self.fell);
        (0..=self.given_back.max(0)).contains(&put_back)
    }
}

/// A quantity that was sent and is not settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// The quantity.
    pub quantity: i32,
    /// When.
    pub at: DateTime<Utc>,
    /// What is waited for.
    pub fate: Fate,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The result of its batch.
    Queued,
    /// It may have been lost: reading it back tells.
    Unknown,
}

/// The rules.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Units of each product that are never put on sale.
    pub safety: u32,
    /// Whether the view of the orders is old: then stock is only lowered.
    pub stale: bool,
    /// Whether what is on sale cannot be looked at: then stock is only set to zero. Anything else
    /// might be more than what is on sale, whatever was there when it was last looked at.
    pub blind: bool,
    /// The time.
    pub now: DateTime<Utc>,
}

/// What is to be done for a bar code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// Trendyol has what is available.
    Settled,
    /// It differs: read back first.
    Check,
    /// This quantity is sent.
    Send {
        /// Units; fewer than are available where the same number was sent minutes ago.
        quantity: i32,
    },
    /// Nothing is sent now.
    Wait(Why),
}

/// Why nothing is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum Why {
    /// Its last push has no result yet.
    InFlight,
    /// Its last push may have been lost, and may still come.
    Unknown,
    /// Trendyol refuses it.
    Quarantined {
        /// When it is tried again.
        until: DateTime<Utc>,
    },
    /// The orders were not read lately: there may be sales that nobody has counted.
    StaleOrders,
    /// What is on sale could not be looked at.
    Unseen,
    /// It was looked at for the first time just now, and sales from before may not be known yet.
    JustSeen,
    /// The same was sent minutes ago.
    Repeated {
        /// When it may be sent again.
        until: DateTime<Utc>,
    },
}

impl Why {
    /// A sentence.
    #[must_use]
    pub fn sentence(self) -> String {
        match self {
            Self::InFlight => "its last push has no result yet".to_owned(),
            Self::Unknown => "its last push may have been lost; it is read back".to_owned(),
            Self::Quarantined { until } => {
                format!(
                    "Trendyol refused it; tried again at {}",
                    until.format("%F %R")
                )
            }
            Self::StaleOrders => {
                "the orders were not read lately, so stock is only lowered".to_owned()
            }
            Self::Unseen => "what is on sale could not be read".to_owned(),
            Self::JustSeen => {
                "it was looked at for the first time; the orders are read once more".to_owned()
            }
            Self::Repeated { until } => format!(
                "the same was sent within 15 minutes; sent again at {}",
                until.format("%F %R")
            ),
        }
    }
}

/// One bar code of the plan.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Units in the warehouse; `None` when `central_stock` does not have it any more.
    pub qty: Option<i32>,
    /// Units that are held.
    pub reserved: u64,
    /// Units of this product that the warehouse keeps back besides those of every product.
    pub extra_buffer: u32,
    /// Units on its shelves, where they are fewer than `qty`: the others are not sold.
    pub shelved: Option<i32>,
    /// Whether it is sold without being there.
    pub made_to_order: bool,
    /// Units that may be on sale.
    pub available: i32,
    /// Units of them that Trendyol has sold already, as it seems, though no order tells of it yet.
    pub missing: i32,
    /// What is done.
    pub verdict: Verdict,
}

/// What is done for every bar code.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// By bar code.
    pub entries: BTreeMap<Barcode, Entry>,
}

impl Plan {
    /// Whether any bar code waits for this reason.
    #[must_use]
    pub fn waits(&self, why: Why) -> bool {
        let mut entries = self.entries.values();
        entries.any(|entry| entry.verdict == Verdict::Wait(why))
    }

    /// What is sent, lowered stock first.
    #[must_use]
    pub fn sends(&self, known: &HashMap<Barcode, Known>) -> Vec<(Barcode, i32)> {
        let mut sends: Vec<(bool, Barcode, i32)> = Vec::new();
        for (barcode, entry) in &self.entries {
            if let Verdict::Send { quantity } = entry.verdict {
                let listed = known.get(barcode).and_then(|known| known.confirmed);
                let raises = listed.is_none_or(|(listed, _)| quantity > listed);
                sends.push((raises, barcode.clone(), quantity));
            }
        }
        sends.sort();
        sends
            .into_iter()
            .map(|(_, barcode, n)| (barcode, n))
            .collect()
    }

    /// What is read back first: what may have to be lowered before the rest.
    #[must_use]
    pub fn checks(&self, known: &HashMap<Barcode, Known>) -> Vec<Barcode> {
        let entries = self.entries.iter();
        let mut checks: Vec<(bool, &Barcode)> = entries
            .filter(|(_, entry)| entry.verdict == Verdict::Check)
            .map(|(barcode, entry)| {
                let listed = known.get(barcode).and_then(|known| known.confirmed);
                (
                    listed.is_some_and(|(listed, _)| entry.available > listed),
                    barcode,
                )
            })
            .collect();
        checks.sort();
        checks
            .into_iter()
            .map(|(_, barcode)| barcode.clone())
            .collect()
    }
}

/// Plans every bar code of the warehouse, and those that Trendyol still has on sale.
#[must_use]
pub fn plan<S: BuildHasher>(
    shelves: &BTreeMap<Barcode, i32>,
    reserved: &Reserved,
    known: &HashMap<Barcode, Known, S>,
    listing: &Listing,
    rules: Rules,
) -> Plan {
    let nothing = Known::default();
    let mut entries = BTreeMap::new();
    let mut add = |barcode: &Barcode, qty, known| {
        let entry = entry(
            qty,
            reserved.units(barcode),
            known,
            (barcode, listing),
            rules,
        );
        entries.insert(barcode.clone(), entry);
    };
    for (barcode, qty) in shelves {
        add(barcode, Some(*qty), known.get(barcode).unwrap_or(&nothing));
    }
    for barcode in listing.made_to_order() {
        if !shelves.contains_key(barcode) {
            add(barcode, None, known.get(barcode).unwrap_or(&nothing));
        }
    }
    for (barcode, known) in known {
        let listed = known.confirmed.is_some_and(|(listed, _)| listed > 0) || known.open.is_some();
        let planned = shelves.contains_key(barcode) || listing.is_made_to_order(barcode);
        if listed && !planned {
            add(barcode, None, known);
        }
    }
    Plan { entries }
}

fn entry(
    qty: Option<i32>,
    reserved: u64,
    known: &Known,
    (barcode, listing): (&Barcode, &Listing),
    rules: Rules,
) -> Entry {
    let missing = known.missing.still(rules.now).units;
    let counted = qty.unwrap_or(0);
    let mut entry = Entry {
        qty,
        reserved,
        extra_buffer: listing.extra(barcode),
        shelved: listing.shelved(barcode, counted),
        made_to_order: listing.is_made_to_order(barcode),
        available: MADE_TO_ORDER,
        missing,
        verdict: Verdict::Settled,
    };
    if entry.made_to_order {
        // The workshop is the stock: neither shelves nor orders nor sales take anything from it.
        (entry.shelved, entry.extra_buffer) = (None, 0);
        entry.verdict = verdict(MADE_TO_ORDER, known, rules);
        return entry;
    }

    let safety = rules.safety.saturating_add(entry.extra_buffer);
    let sold = entry.shelved.unwrap_or(counted);
    entry.available = available(sold, reserved, safety);
    entry.verdict = verdict(entry.available.saturating_sub(missing).max(0), known, rules);
    entry
}

/// Decides about one bar code.
#[must_use]
pub fn verdict(available: i32, known: &Known, rules: Rules) -> Verdict {
    if let Some((until, _)) = &known.quarantine
        && *until > rules.now
    {
        return Verdict::Wait(Why::Quarantined { until: *until });
    }
    match (known.open, known.confirmed) {
        (Some(open), _) => while_open(available, open, known, rules),
        (None, Some((listed, _))) if listed == available && !known.moved() => Verdict::Settled,
        (None, listed) if rules.stale && listed.is_none_or(|(n, _)| available > n) => {
            Verdict::Wait(Why::StaleOrders)
        }
        // What is on sale of it is not known at all, so not what would be taken off sale either.
        (None, None) if rules.blind => Verdict::Wait(Why::Unseen),
        (None, _) if !known.checked => look(available, known, rules),
        (None, Some((listed, _))) if known.is_new && available > listed => {
            Verdict::Wait(Why::JustSeen)
        }
        (None, Some((listed, _))) => send(available, available < listed, known, rules),
        (None, None) => send(available, false, known, rules),
    }
}

/// Looks before it sends. Only nothing at all is sure to be no more than what is on sale.
fn look(available: i32, known: &Known, rules: Rules) -> Verdict {
    match (rules.blind, available) {
        (false, _) => Verdict::Check,
        (true, 0) => send(0, true, known, rules),
        (true, _) => Verdict::Wait(Why::Unseen),
    }
}

/// While a push is open, only less than it may be sent: that is right whichever comes last. With an
/// old view of the orders even that may be more than what is on sale.
fn while_open(available: i32, open: Open, known: &Known, rules: Rules) -> Verdict {
    let lowers = available < open.quantity && (!rules.stale || available == 0);
    match open.fate {
        Fate::Unknown if !known.checked => look(available, known, rules),
        _ if lowers => send(available, true, known, rules),
        Fate::Queued => Verdict::Wait(Why::InFlight),
        Fate::Unknown => Verdict::Wait(Why::Unknown),
    }
}

/// Sends, unless the same was sent minutes ago. Where stock has to be lowered and the number was used
/// lately, the next lower one that was not serves until then: fewer are on sale, never more.
fn send(available: i32, lowers: bool, known: &Known, rules: Rules) -> Verdict {
    let used = |quantity: i32| {
        let recent = known.recent.iter().filter(|(n, _)| *n == quantity);
        let until = recent.map(|(_, at)| *at + REPEAT_AFTER).max();
        until.filter(|until| *until > rules.now)
    };
    let Some(until) = used(available) else {
        return Verdict::Send {
            quantity: available,
        };
    };
    let lower = (0..available).rev().find(|n| used(*n).is_none());
    match lower.filter(|_| lowers) {
        Some(quantity) => Verdict::Send { quantity },
        None => Verdict::Wait(Why::Repeated { until }),
    }
}

/// A bar code of the plan with everything that led to it, for people.
#[derive(Clone, Debug, Serialize)]
pub struct Explained<'a> {
    /// Which.
    pub barcode: &'a str,
    /// The plan.
    #[serde(flatten)]
    pub entry: &'a Entry,
    /// Who holds units.
    pub holders: &'a [Holder],
    /// Units that are kept back, those of every product and those of this one.
    pub safety: u32,
    /// Units on sale, as Trendyol last said.
    pub confirmed: Option<i32>,
    /// When it said so.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// The last quantity without a result.
    pub sent: Option<i32>,
    /// When it went out.
    pub sent_at: Option<DateTime<Utc>>,
    /// Trendyol's words, where it refuses the bar code.
    pub refused: Option<&'a str>,
}

#[cfg(test)]
mod tests;
