//! Who holds which units: open packages whose units are still on the shelves, and orders that only the
//! warehouse's own tables know.
//!
//! What must stay true: a unit is held until somebody took it, and one that the ledger shows as taken is not
//! held a second time.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::{
    Barcode, DataWarning, StockEffect, details,
    held::HeldPackage,
    ledger::{Facts, Unclaimed},
    names::Names,
    owed::{ASKED_IN_VAIN, Account, NAMED_AFTER},
};

/// Units held by one order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Holder {
    /// The order's number.
    pub(crate) order: String,
    /// Its package; null for a row of the warehouse that no package stands behind.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = Option<String>)]
    pub(crate) package: Option<i64>,
    /// Where the package stands; of a row the table.
    pub(crate) status: String,
    pub(crate) units: u32,
    /// Whether they were shipped although nobody has taken them from the shelves.
    pub(crate) shipped: bool,
}

/// Ids are texts: programs lose digits of numbers.
#[expect(clippy::ref_option, reason = "serde hands over a reference")]
fn as_text<S: Serializer>(id: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
    id.map(|id| id.to_string()).serialize(serializer)
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Reserved {
    by_barcode: BTreeMap<Barcode, Vec<Holder>>,
    names: Arc<Names>,
    /// Records that could not be read, or not as they stand.
    pub(crate) data_warnings: Vec<DataWarning>,
    /// Packages that were shipped and all of whose units the ledger accounts for.
    pub(crate) accounted: Vec<i64>,
}

impl Reserved {
    /// Units that are held of a product.
    #[must_use]
    pub(crate) fn units(&self, barcode: &Barcode) -> u64 {
        let holders = self.holders(barcode).iter();
        holders.map(|holder| u64::from(holder.units)).sum()
    }

    /// Whether this is the name under which units of a product are held, not another one of it.
    #[must_use]
    pub(crate) fn is_main(&self, barcode: &Barcode) -> bool {
        let main = Barcode::parse(&self.names.main(barcode.as_str()));
        main.is_ok_and(|main| main == *barcode)
    }

    #[must_use]
    pub(crate) fn holders(&self, barcode: &Barcode) -> &[Holder] {
        // The main barcode of an alias need not be one that Trendyol takes.
        let main = Barcode::parse(&self.names.main(barcode.as_str()));
        let key = main.as_ref().unwrap_or(barcode);
        self.by_barcode.get(key).map_or(&[], Vec::as_slice)
    }

    /// Who holds units that were shipped although nobody has taken them, with the barcode.
    pub(crate) fn shipped(&self) -> impl Iterator<Item = (&Barcode, &Holder)> {
        let held = |(barcode, holders): (_, _)| {
            let holders: &Vec<Holder> = holders;
            holders.iter().map(move |holder| (barcode, holder))
        };
        self.by_barcode
            .iter()
            .flat_map(held)
            .filter(|(_, holder)| holder.shipped)
    }

    #[cfg(test)]
    pub(crate) fn total(&self) -> u64 {
        let holders = self.by_barcode.values().flatten();
        holders.map(|holder| u64::from(holder.units)).sum()
    }

    fn add(&mut self, barcode: &str, holder: Holder) {
        if holder.units == 0 {
            return;
        }
        let main = self.names.main(barcode);

        // Where the main barcode is none that Trendyol takes, the one that was sold still holds its units.
        match Barcode::parse(&main).or_else(|_| Barcode::parse(barcode)) {
            Ok(barcode) => self.by_barcode.entry(barcode).or_default().push(holder),
            Err(fault) => self.data_warnings.push(DataWarning {
                record: format!(
                    "package {} (order {})",
                    holder.package.unwrap_or_default(),
                    holder.order
                ),
                problem: format!("{} units of {barcode:?}: {fault}", holder.units),
                lost: true,
            }),
        }
    }
}

/// Adds up what is held. `packages` are those that may hold something and those of the same orders;
/// `rows` are the rows of the warehouse's order tables that no package stands behind.
#[must_use]
pub(crate) fn reserve(
    packages: &[HeldPackage],
    rows: &[details::OrderRow],
    facts: &Facts,
    now: DateTime<Utc>,
) -> Reserved {
    let mut reserved = Reserved {
        names: facts.names.clone(),
        ..Reserved::default()
    };

    let mut owed = Owed::of(packages, facts);

    for (at, package) in packages.iter().enumerate() {
        let held = owed.held(at, now);
        reserved
            .data_warnings
            .extend(package.problem(&held, now, owed.is_dissolved(at)));
        // The caller writes these down, so that they need not be read and compared again.
        let is_accounted = facts.movements.is_some() && package.is_shipped_untaken();
        if is_accounted && held.is_empty() {
            reserved.accounted.push(package.package_id);
        }
        for (barcode, units) in held {
            reserved.add(barcode, package.holder(units));
        }
    }

    for row in rows {
        let reading = row.read();
        reserved.data_warnings.extend(reading.data_warnings);
        for (barcode, units) in reading.lines {
            let holder = Holder {
                order: row.order_number.clone(),
                package: None,
                status: row.table.clone(),
                units: owed.of_row(row, &barcode, units),
                shipped: false,
            };
            reserved.add(barcode.as_str(), holder);
        }
    }

    reserved
}

/// What somebody has to take from the shelves for the packages and rows of an order, by main barcode.
#[must_use]
pub(crate) fn to_take(
    packages: &[HeldPackage],
    rows: &[details::OrderRow],
    facts: &Facts,
) -> BTreeMap<String, u32> {
    let mut owed = Owed::of(packages, facts);
    let mut taken: BTreeMap<String, u32> = BTreeMap::new();
    let mut add = |barcode: &str, units: u32| {
        let main = facts.names.main(barcode);
        if Barcode::parse(&main).is_ok() {
            let sum = taken.entry(main).or_default();
            *sum = sum.saturating_add(units);
        }
    };

    for at in 0..packages.len() {
        for (barcode, units) in owed.sent(at) {
            add(barcode, units);
        }
    }

    for row in rows {
        for (barcode, units) in row.read().lines {
            add(barcode.as_str(), owed.of_row(row, &barcode, units));
        }
    }

    taken.retain(|_, units| *units > 0);
    taken
}

/// Every barcode that the packages and rows of an order name, by its main barcode.
#[must_use]
pub(crate) fn barcodes(
    packages: &[HeldPackage],
    rows: &[details::OrderRow],
    names: &Names,
) -> BTreeSet<String> {
    let lines = packages.iter().flat_map(|package| &package.lines);
    let lines = lines.map(|line| names.main(&line.barcode));
    let rows = rows.iter().flat_map(|row| row.read().lines);
    let rows = rows.map(|(barcode, _)| names.main(barcode.as_str()));
    lines.chain(rows).collect()
}

/// What of each line neither another package carries on, nor was taken, nor the ledger accounts for.
struct Owed<'a> {
    packages: &'a [HeldPackage],
    account: Account<'a>,
    left: Vec<Vec<u32>>,
    unclaimed: Unclaimed<'a>,
    names: &'a Names,
}

impl<'a> Owed<'a> {
    fn of(packages: &'a [HeldPackage], facts: &'a Facts) -> Self {
        let account = Account::of(packages, &facts.names);
        let mut unclaimed = Unclaimed::of(facts);
        let mut left = Vec::with_capacity(packages.len());

        // What is surely taken claims its movement first, so that the rest of an order is not thought taken.
        for (package, parts) in packages.iter().zip(&account.parts) {
            let mut of_package = Vec::with_capacity(parts.len());
            for part in parts {
                let all = package.was_taken().then_some(part.units);
                let taken = all.unwrap_or(part.taken);
                unclaimed.claim(&package.order_number, part.main.clone(), taken);
                of_package.push(part.units.saturating_sub(taken));
            }
            left.push(of_package);
        }

        let mut owed = Self {
            packages,
            account,
            left,
            unclaimed,
            names: &facts.names,
        };

        owed.claim();
        owed
    }

    /// Distributes what the ledger says was taken over the packages of each order.
    fn claim(&mut self) {
        // The ledger names orders, not packages, so the likeliest package claims first.
        let mut order: Vec<(u8, usize, usize)> = Vec::new();
        for (at, package) in self.packages.iter().enumerate() {
            let parts = self.account.parts[at].iter().enumerate();
            // A person said that it was not taken from these shelves: no movement can be its.
            let parts = parts.filter(|_| !package.released);
            order.extend(parts.map(|(line, part)| (claims_before(package, part.effect), at, line)));
        }

        order.sort_unstable();

        for (_, at, line) in order {
            let main = self.account.parts[at][line].main.clone();
            let left = &mut self.left[at][line];
            *left = self
                .unclaimed
                .claim(&self.packages[at].order_number, main, *left);
        }
    }

    /// Units of a package that are held, by barcode as it came.
    fn held(&self, at: usize, now: DateTime<Utc>) -> BTreeMap<&'a str, u32> {
        self.sum(at, |effect| self.account.holds(at, effect, now))
    }

    /// Units of a package that were, or will be, sent without having been taken.
    fn sent(&self, at: usize) -> BTreeMap<&'a str, u32> {
        self.sum(at, |effect| self.account.sends(at, effect))
    }

    fn sum(&self, at: usize, counts: impl Fn(StockEffect) -> bool) -> BTreeMap<&'a str, u32> {
        let mut sums: BTreeMap<&str, u32> = BTreeMap::new();
        let parts = self.account.parts[at].iter().zip(&self.left[at]);
        for (line, (part, left)) in self.packages[at].lines.iter().zip(parts) {
            if *left > 0 && counts(part.effect) {
                let sum = sums.entry(&line.barcode).or_default();
                *sum = sum.saturating_add(*left);
            }
        }
        sums
    }

    /// Whether the packages that carry a dissolved one on are not known, and nothing else ends it.
    fn is_dissolved(&self, at: usize) -> bool {
        self.account.sends(at, StockEffect::Superseded)
            && self.packages[at].status.stock_effect() == StockEffect::Superseded
    }

    fn of_row(&mut self, row: &'a details::OrderRow, barcode: &Barcode, units: u32) -> u32 {
        let main = self.names.main(barcode.as_str());
        self.unclaimed.claim(&row.order_number, main, units)
    }
}

fn claims_before(package: &HeldPackage, effect: StockEffect) -> u8 {
    match effect {
        // What has left was most likely taken; what is open may not be yet.
        StockEffect::Returned => 1,
        StockEffect::Left if !package.unpicked => 1,
        StockEffect::Left => 2,
        StockEffect::Reserved | StockEffect::Unknown => 3,
        StockEffect::Superseded => 4,
        // Last, since the rest of it, in another package, is what was picked.
        StockEffect::Released => 5,
    }
}

impl HeldPackage {
    fn holder(&self, units: u32) -> Holder {
        Holder {
            order: self.order_number.clone(),
            package: Some(self.package_id),
            status: self.status.as_str().to_owned(),
            units,
            shipped: self.status.stock_effect() == StockEffect::Left,
        }
    }

    fn is_shipped_untaken(&self) -> bool {
        !self.taken && self.unpicked && self.status.stock_effect() == StockEffect::Left
    }

    /// What somebody should know of a package that holds units.
    fn problem(
        &self,
        held: &BTreeMap<&str, u32>,
        now: DateTime<Utc>,
        dissolved: bool,
    ) -> Option<DataWarning> {
        let unknown = self.status.stock_effect() == StockEffect::Unknown;
        if self.taken || held.is_empty() && !unknown {
            return None;
        }

        // Splits and transfers arrive in pieces, minutes apart: before that there is nothing to report.
        let open_long = now - self.since >= NAMED_AFTER;
        let problem = if open_long && dissolved {
            "it was dissolved, and no package of the order carries this on"
        } else if open_long && self.transferred {
            "the marketplace passes it on between sellers, and does not say whether to or from this one"
        } else if self.asked_in_vain >= ASKED_IN_VAIN {
            "it is open, and the marketplace does not answer about it any more"
        } else if unknown {
            return Some(self.warning(format!(
                "its status {:?} is new to orderwatch",
                self.status.as_str()
            )));
        } else {
            return None;
        };

        let units: Vec<String> = held.iter().map(|(b, n)| format!("{n} × {b}")).collect();
        Some(self.warning(format!(
            "{problem}; {} stay reserved: look the order up in the seller panel, then pick it, or end the \
             reservation with `orderwatch stock release {}`",
            units.join(", "),
            self.order_number
        )))
    }

    fn warning(&self, problem: String) -> DataWarning {
        DataWarning {
            record: self.to_string(),
            problem,
            lost: false,
        }
    }
}

#[cfg(test)]
mod tests;
