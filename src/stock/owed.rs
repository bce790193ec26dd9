//! What is owed: units are conserved by order and product, whatever its packages say.
//!
//! Splits, partial cancellations and transfers come in any order, minutes apart, and mostly without
//! naming what they replace, or naming the first package of the order in place of the last. So units
//! are not followed from package to package but counted as on an account:
//!
//! * a package that begins an order adds its units,
//! * a package that was born of others (a split, a cancellation, a transfer) adds nothing: what is in
//!   it comes off earlier packages of the order, dissolved ones first, then cancelled ones, and off an
//!   open one where that is named, shares a line, or is all there is of an order known from its start,
//! * what nobody carries on stays with its package: a dissolved one holds it without a limit of time,
//! * a cancellation ends its units when it has rested, and so does the rest of what was dissolved in
//!   an order of which a part was cancelled,
//! * units that were taken with a package stay taken in those that carry them on.
//!
//! As long as every package that began an order is known, in whatever state, no fewer units are held than
//! are truly owed, whichever others are known and in whatever order they came; where a part was cancelled,
//! that holds until the cancellation has rested, and after it for the packages that are known. When all
//! are known and have rested, exactly what is owed is held.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
};

use chrono::{DateTime, TimeDelta, Utc};

use super::{CreatedBy, StockEffect, held::HeldPackage, names::Names};

/// A cancellation ends its units only after this time: it may be of a part, and the package that carries on
/// the rest comes later.
pub(crate) const RESTED_AFTER: TimeDelta = TimeDelta::minutes(15);
/// What stays open for longer than this needs review.
pub(crate) const NAMED_AFTER: TimeDelta = TimeDelta::hours(1);
/// A package that this many answers in a row did not contain needs review.
pub(crate) const ASKED_IN_VAIN: i32 = 3;

/// What is left of a line of a package.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// The product's barcode.
    pub(crate) main: String,
    /// What the line means for the stock.
    pub(crate) effect: StockEffect,
    /// Units that no other package carries on.
    pub(crate) units: u32,
    /// Those of them that were taken with the package from which they came.
    pub(crate) taken: u32,
}

/// The packages of some orders, and what of each is left.
pub(crate) struct Account<'a> {
    packages: &'a [HeldPackage],
    /// By package and line.
    pub(crate) parts: Vec<Vec<Part>>,
    /// Of packages of an order of which a part was cancelled: the time of the last record of it.
    cut: Vec<Option<DateTime<Utc>>>,
    begins: Vec<bool>,
    /// Which package carries on what a cancellation left of each.
    rests: Vec<Option<usize>>,
}

impl<'a> Account<'a> {
    /// Settles each order.
    #[must_use]
    pub(crate) fn of(packages: &'a [HeldPackage], names: &Names) -> Self {
        let parts = packages.iter().map(|package| package.parts(names));
        let mut account = Self {
            packages,
            parts: parts.collect(),
            cut: vec![None; packages.len()],
            begins: vec![true; packages.len()],
            rests: vec![None; packages.len()],
        };

        let mut orders: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, package) in packages.iter().enumerate() {
            orders.entry(&package.order_number).or_default().push(at);
        }
        for mut order in orders.into_values() {
            // The ids grow, so what a package replaces comes before it.
            order.sort_by_key(|at| packages[*at].package_id);
            account.settle(&order);
        }

        account
    }

    fn settle(&mut self, order: &[usize]) {
        let mut part_cancelled = false;

        for (place, child) in order.iter().enumerate() {
            let earlier = &order[..place];
            // Before its lines: what a package may carry on depends on whether it began the order.
            self.begins[*child] = !self.is_born(*child, earlier);
            for line in 0..self.parts[*child].len() {
                part_cancelled |= self.carry(*child, line, earlier);
            }
        }

        if part_cancelled {
            // The rest begins with the newest record: another package of the order may still come.
            let news = order.iter().map(|at| &self.packages[*at]);
            let news = news.filter(|p| p.is_dissolved() || p.is_rest());
            let newest = news.map(|package| package.since).max();
            for at in order {
                self.cut[*at] = newest;
            }
        }
    }

    /// Whether a package came of earlier ones of its order.
    fn is_born(&self, child: usize, earlier: &[usize]) -> bool {
        let package = &self.packages[child];
        let mut others = earlier.iter().map(|at| &self.packages[*at]);
        match package.created_by {
            Some(CreatedBy::Split | CreatedBy::Cancel | CreatedBy::Transfer) => true,
            // An origin that is known says more than the word.
            Some(CreatedBy::OrderCreation) => others.any(|other| package.names(other)),
            // One line is in one place: where it stands in two packages, the later one has it.
            None | Some(CreatedBy::Unknown(_)) => {
                others.any(|other| package.names(other) || package.shares_line(other))
            }
        }
    }

    /// Takes what is in a line off earlier packages. Returns whether it is the rest of a dissolved one
    /// of which a part was cancelled.
    fn carry(&mut self, child: usize, line: usize, earlier: &[usize]) -> bool {
        let mut wanted = self.packages[child].lines[line].quantity;
        let mut is_rest = false;

        for (source, at) in self.sources(child, line, earlier) {
            let (package, part) = (&self.packages[source], &mut self.parts[source][at]);
            let moved = wanted.min(part.units);
            part.units -= moved;
            wanted -= moved;
            // Units that were taken stay taken in the package that carries them on.
            let with_it = if package.was_taken() {
                moved
            } else {
                moved.min(part.taken)
            };
            part.taken = part.taken.saturating_sub(with_it);
            self.parts[child][line].taken += with_it;

            if moved > 0 && self.packages[child].is_rest() {
                is_rest |= self.parts[source][at].effect == StockEffect::Superseded;
                self.rests[source].get_or_insert(child);
            }
        }

        is_rest
    }

    /// The lines from which a line may have come, the likeliest first.
    fn sources(&self, child: usize, line: usize, earlier: &[usize]) -> Vec<(usize, usize)> {
        let package = &self.packages[child];
        let (main, id) = (&self.parts[child][line].main, package.lines[line].line_id);
        let begins = self.begins[child];
        let named = earlier.iter().any(|at| package.names(&self.packages[*at]));
        let from_start = earlier.iter().any(|at| self.begins[*at]);
        let mut found = Vec::new();

        for source in earlier {
            let other = &self.packages[*source];
            for (at, part) in self.parts[*source].iter().enumerate() {
                // A package that begins an order replaces only what stood for it before it had an id.
                if part.main != *main || part.units == 0 || begins && !other.is_placeholder() {
                    continue;
                }

                let same_line = id.is_some() && other.lines[at].line_id == id;
                let likely = Likely {
                    evidence: u8::from(package.names(other)) + 2 * u8::from(same_line),
                    unknown_origin: !named && !package.origins.is_empty(),
                    from_start,
                    has_rest: self.rests[*source].is_some_and(|rest| rest != child),
                };
                let rank = likely.rank(package, other, part.effect);
                found.extend(rank.map(|rank| (rank, *source, at)));
            }
        }

        // Stable: of equally likely ones, the older package comes first.
        found.sort_by_key(|(rank, _, _)| *rank);
        found
            .into_iter()
            .map(|(_, source, at)| (source, at))
            .collect()
    }

    /// Whether what is left of a line is held at a time, unless it was taken.
    #[must_use]
    pub(crate) fn holds(&self, package: usize, effect: StockEffect, now: DateTime<Utc>) -> bool {
        let held = &self.packages[package];
        let rested = |since: DateTime<Utc>| now - since >= RESTED_AFTER;
        !held.taken
            && match effect {
                StockEffect::Reserved | StockEffect::Unknown => true,
                // Without a cancellation in the order, what nobody carries on has no end: it is still owed.
                StockEffect::Superseded => !self.cut[package].is_some_and(rested),
                // Time takes nothing from a shelf: a movement or a person ends it.
                StockEffect::Left => held.unpicked,
                StockEffect::Released => !rested(held.since),
                // Its return decides about it.
                StockEffect::Returned => false,
            }
    }

    /// Whether what is left of a line was, or will be, sent, unless it was taken.
    #[must_use]
    pub(crate) fn sends(&self, package: usize, effect: StockEffect) -> bool {
        let held = &self.packages[package];
        !held.taken
            && match effect {
                StockEffect::Reserved | StockEffect::Unknown => true,
                StockEffect::Left => held.unpicked,
                // The packages that carry it on are not known yet.
                StockEffect::Superseded => self.cut[package].is_none(),
                StockEffect::Released | StockEffect::Returned => false,
            }
    }
}

/// What speaks for a line having come from another one.
struct Likely {
    /// 1 for its name, 2 for the same line.
    evidence: u8,
    /// Whether the package names only packages that never came.
    unknown_origin: bool,
    /// Whether a package that began the order is known, so that all units come of such ones.
    from_start: bool,
    /// Whether another package is known to carry on what a cancellation left of the source.
    has_rest: bool,
}

impl Likely {
    /// The lower the likelier; `None` where it did not.
    fn rank(&self, child: &HeldPackage, source: &HeldPackage, effect: StockEffect) -> Option<Rank> {
        let evidence = self.evidence;
        let transfer = child.created_by == Some(CreatedBy::Transfer);
        let rank = match effect {
            // It stands for packages that are to come.
            _ if source.is_placeholder() => 0,
            // Received from another seller.
            StockEffect::Superseded | StockEffect::Released
                if evidence == 0 && transfer && self.unknown_origin =>
            {
                return None;
            }
            // Ended ones first: what is left of an open one is surely owed.
            StockEffect::Superseded => 1,
            StockEffect::Released => 2,
            StockEffect::Reserved | StockEffect::Unknown => {
                // A guess moves units between two packages that both hold them, so it frees none.
                let guessed =
                    self.from_start && !transfer && !self.unknown_origin && child.still_holds();
                (evidence > 0 || guessed).then_some(5)?
            }
            // What was sent cannot be sent again in another package, unless that says so.
            StockEffect::Left | StockEffect::Returned => (evidence > 0).then_some(6)?,
        };

        // Of what the rest was left, its name or a line of it says, and not whether that was dissolved;
        // but of each package one rest is left.
        let says = evidence > 0 && child.is_rest() && !self.has_rest;
        let group = if rank == 2 && says { 1 } else { rank };
        Some((group, Reverse(evidence), rank))
    }
}

/// What is likelier comes first: which sources at all, then what speaks for one, then its state.
type Rank = (u8, Reverse<u8>, u8);

impl HeldPackage {
    fn parts(&self, names: &Names) -> Vec<Part> {
        let part = |line: &super::held::HeldLine| Part {
            main: names.main(&line.barcode),
            effect: line.effect(&self.status),
            units: line.quantity,
            taken: 0,
        };
        self.lines.iter().map(part).collect()
    }
}

/// What the packages of an order say of each other.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Settled {
    /// Stand for packages that are known by now.
    pub(crate) replaced: Vec<i64>,
    /// Hold nothing that was not taken with an earlier package.
    pub(crate) taken: Vec<i64>,
    /// Were dissolved, and not all of their units are in other packages.
    pub(crate) owing: Vec<i64>,
    /// Began the order.
    pub(crate) begins: Vec<i64>,
}

/// Settles packages, to be written down.
#[must_use]
pub(crate) fn settle(packages: &[HeldPackage]) -> Settled {
    let account = Account::of(packages, &Names::default());
    let mut settled = Settled::default();
    let is_known = packages.iter().any(|package| !package.is_placeholder());

    for (at, package) in packages.iter().enumerate() {
        let id = package.package_id;
        let parts = &account.parts[at];
        let sum = |units: fn(&Part) -> u32| -> u64 {
            parts.iter().map(|part| u64::from(units(part))).sum()
        };
        let (units, taken) = (sum(|part| part.units), sum(|part| part.taken));

        if package.is_placeholder() && is_known && units == 0 {
            settled.replaced.push(id);
        }
        if account.begins[at] {
            settled.begins.push(id);
        }
        if !package.taken && units > 0 && units == taken {
            settled.taken.push(id);
        } else if package.is_dissolved() && account.cut[at].is_none() && units > taken {
            settled.owing.push(id);
        }
    }

    settled
}

/// Units of each package's lines that are shown to the warehouse, by package.
#[must_use]
pub(crate) fn shown(packages: &[HeldPackage]) -> HashMap<i64, Vec<u32>> {
    let account = Account::of(packages, &Names::default());
    let all = packages.iter().enumerate().map(|(at, package)| {
        let mut parts = account.parts[at].iter();
        // Of a package that is cancelled whole, the warehouse sees what was cancelled.
        let is_cancelled = parts.all(|part| part.effect == StockEffect::Released);
        let units = account.parts[at].iter().map(|part| match part.effect {
            StockEffect::Superseded if account.cut[at].is_some() => 0,
            StockEffect::Released if !is_cancelled => 0,
            _ => part.units,
        });
        (package.package_id, units.collect())
    });

    all.collect()
}

#[cfg(test)]
mod tests;
