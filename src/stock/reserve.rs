//! Who holds which units: open packages whose units still lie on the shelves, and orders that only
//! the warehouse's own table knows.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{
    Oddity, details,
    ledger::{Facts, Unclaimed},
    names::Names,
};
use crate::marketplace::{Barcode, PackageStatus, StockEffect};

/// A package that was dissolved holds its units until its replacements are known, but no longer than
/// this: a part of it may have been cancelled, and then nothing more comes.
pub const REPLACED_WITHIN: TimeDelta = TimeDelta::hours(1);
/// A package that was cancelled holds its units for so long: it may be a part that was cancelled, and
/// the package that carries on the rest is told of later.
pub const CARRIED_ON_WITHIN: TimeDelta = TimeDelta::minutes(15);

/// A line of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The bar code as it came.
    pub barcode: String,
    /// Units.
    pub quantity: u32,
    /// `lineId`.
    pub line_id: Option<i64>,
}

/// A package, as far as it matters for the stock.
#[derive(Clone, Debug)]
pub struct Held {
    /// `shipmentPackageId`.
    pub package_id: i64,
    /// Its order.
    pub order_number: String,
    /// Where it stands.
    pub status: PackageStatus,
    /// When that was so.
    pub changed_at: DateTime<Utc>,
    /// What is in it.
    pub lines: Vec<Line>,
    /// The packages that it replaces.
    pub origins: Vec<i64>,
    /// Whether its units were taken from the shelves.
    pub taken: bool,
    /// Whether it was seen open, and left without being taken.
    pub unpicked: bool,
    /// Whether a person said that it was not taken from these shelves.
    pub released: bool,
}

/// Units held by one package or row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// The order.
    pub order: String,
    /// The package; `None` for a row of the warehouse that no package stands behind.
    pub package: Option<i64>,
    /// Where the package stands; of a row the table.
    pub status: String,
    /// Units.
    pub units: u32,
    /// Whether they were shipped although nobody has taken them from the shelves.
    pub shipped: bool,
}

/// Everything that is held.
#[derive(Clone, Debug, Default)]
pub struct Reserved {
    by_barcode: BTreeMap<Barcode, Vec<Holder>>,
    names: Names,
    /// Records that could not be read, or not as they stand.
    pub oddities: Vec<Oddity>,
    /// Packages that were shipped and all of whose units the ledger accounts for.
    pub accounted: Vec<i64>,
}

impl Reserved {
    /// Units that are held of a product.
    #[must_use]
    pub fn units(&self, barcode: &Barcode) -> u64 {
        let holders = self.holders(barcode).iter();
        holders.map(|holder| u64::from(holder.units)).sum()
    }

    /// Who holds units of a product.
    #[must_use]
    pub fn holders(&self, barcode: &Barcode) -> &[Holder] {
        // The main barcode of an alias need not be one that Trendyol takes.
        let main = Barcode::parse(&self.names.main(barcode.as_str()));
        let key = main.as_ref().unwrap_or(barcode);
        self.by_barcode.get(key).map_or(&[], Vec::as_slice)
    }

    /// Who holds units that were shipped although nobody has taken them, with the barcode.
    pub fn shipped(&self) -> impl Iterator<Item = (&Barcode, &Holder)> {
        let held = |(barcode, holders): (_, _)| {
            let holders: &Vec<Holder> = holders;
            holders.iter().map(move |holder| (barcode, holder))
        };
        self.by_barcode
            .iter()
            .flat_map(held)
            .filter(|(_, holder)| holder.shipped)
    }

    /// All units that are held.
    #[must_use]
    pub fn total(&self) -> u64 {
        let holders = self.by_barcode.values().flatten();
        holders.map(|holder| u64::from(holder.units)).sum()
    }

    fn add(&mut self, barcode: &str, holder: Holder) {
        if holder.units == 0 {
            return;
        }
        let main = self.names.main(barcode);
        match Barcode::parse(&main).or_else(|_| Barcode::parse(barcode)) {
            Ok(barcode) => self.by_barcode.entry(barcode).or_default().push(holder),
            Err(fault) => self.oddities.push(Oddity {
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
pub fn reserve(
    packages: &[Held],
    rows: &[details::Row],
    facts: &Facts,
    now: DateTime<Utc>,
) -> Reserved {
    let mut reserved = Reserved {
        names: facts.names.clone(),
        ..Reserved::default()
    };
    let mut owed = Owed::of(packages, facts);
    for (package, left) in packages.iter().zip(&owed.packages) {
        if matches!(package.status.stock_effect(), StockEffect::Unknown) && !package.taken {
            reserved.oddities.push(Oddity {
                record: format!(
                    "package {} (order {})",
                    package.package_id, package.order_number
                ),
                problem: format!(
                    "its status {:?} is new to orderwatch",
                    package.status.as_str()
                ),
                lost: false,
            });
        }
        if !holds(package, now) {
            continue;
        }
        if facts.movements.is_some()
            && package.status.stock_effect() == StockEffect::Left
            && left.values().all(|units| *units == 0)
        {
            reserved.accounted.push(package.package_id);
        }
        for (barcode, units) in left {
            reserved.add(barcode, package.holder(*units));
        }
    }
    for row in rows {
        let reading = row.read();
        reserved.oddities.extend(reading.oddities);
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

/// Whether a package holds what is in it, apart from what other packages carry on.
fn holds(package: &Held, now: DateTime<Utc>) -> bool {
    let age = now - package.changed_at;
    !package.taken
        && match package.status.stock_effect() {
            StockEffect::Reserved | StockEffect::Unknown => true,
            StockEffect::Superseded => age < REPLACED_WITHIN,
            // Time takes nothing from a shelf: a movement or a person ends it.
            StockEffect::Left => package.unpicked,
            StockEffect::Released => age < CARRIED_ON_WITHIN,
            StockEffect::Returned => false,
        }
}

/// What somebody has to take from the shelves for the packages and rows of an order, by main barcode.
#[must_use]
pub fn to_take(
    packages: &[Held],
    rows: &[details::Row],
    facts: &Facts,
    now: DateTime<Utc>,
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
    for (package, left) in packages.iter().zip(&owed.packages) {
        if is_owed(package, now) {
            for (barcode, units) in left {
                add(barcode, *units);
            }
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
pub fn barcodes(packages: &[Held], rows: &[details::Row], names: &Names) -> BTreeSet<String> {
    let lines = packages.iter().flat_map(|package| &package.lines);
    let lines = lines.map(|line| names.main(&line.barcode));
    let rows = rows.iter().flat_map(|row| row.read().lines);
    let rows = rows.map(|(barcode, _)| names.main(barcode.as_str()));
    lines.chain(rows).collect()
}

/// What of each package neither another package carries on nor the ledger accounts for.
struct Owed<'a> {
    /// In the order of the packages, by barcode as it came.
    packages: Vec<BTreeMap<&'a str, u32>>,
    unclaimed: Unclaimed<'a>,
    names: &'a Names,
}

impl<'a> Owed<'a> {
    fn of(packages: &'a [Held], facts: &'a Facts) -> Self {
        let replacements = Replacements::of(packages);
        let mut left: Vec<BTreeMap<&str, u32>> = packages
            .iter()
            .map(|package| replacements.left(package))
            .collect();
        let mut unclaimed = Unclaimed::of(facts);
        let mut order: Vec<usize> = (0..packages.len()).collect();
        order.sort_by_key(|at| claims_before(&packages[*at]));
        for at in order {
            let package = &packages[at];
            if package.released {
                continue;
            }
            for (barcode, units) in &mut left[at] {
                let main = facts.names.main(barcode);
                *units = unclaimed.claim(&package.order_number, main, *units);
            }
        }
        Self {
            packages: left,
            unclaimed,
            names: &facts.names,
        }
    }

    fn of_row(&mut self, row: &'a details::Row, barcode: &Barcode, units: u32) -> u32 {
        let main = self.names.main(barcode.as_str());
        self.unclaimed.claim(&row.order_number, main, units)
    }
}

/// The ledger names orders, not packages. What is surely taken claims its movement first, so that the
/// rest of an order is not thought taken; what was cancelled claims last, since the rest of it, in
/// another package, is what was picked.
fn claims_before(package: &Held) -> u8 {
    match package.status.stock_effect() {
        _ if package.taken => 0,
        StockEffect::Returned => 1,
        StockEffect::Left if !package.unpicked => 1,
        StockEffect::Left => 2,
        StockEffect::Reserved | StockEffect::Unknown => 3,
        StockEffect::Superseded => 4,
        StockEffect::Released => 5,
    }
}

/// What of each package no other package carries on, by id and bar code; for a package that was
/// dissolved as long as its replacements may still come.
#[must_use]
pub fn not_carried_on(packages: &[Held], now: DateTime<Utc>) -> HashMap<i64, BTreeMap<&str, u32>> {
    let replacements = Replacements::of(packages);
    let is_over = |package: &Held| {
        package.status.stock_effect() == StockEffect::Superseded
            && now - package.changed_at >= REPLACED_WITHIN
    };
    packages
        .iter()
        .map(|package| {
            let left = if is_over(package) {
                BTreeMap::new()
            } else {
                replacements.left(package)
            };
            (package.package_id, left)
        })
        .collect()
}

/// Whether the units of a package were, or will be, sent without having been taken.
fn is_owed(package: &Held, now: DateTime<Utc>) -> bool {
    !package.taken
        && match package.status.stock_effect() {
            StockEffect::Reserved | StockEffect::Unknown => true,
            StockEffect::Left => package.unpicked,
            // The packages that carry it on are not known yet.
            StockEffect::Superseded => now - package.changed_at < REPLACED_WITHIN,
            StockEffect::Released | StockEffect::Returned => false,
        }
}

impl Held {
    fn holder(&self, units: u32) -> Holder {
        Holder {
            order: self.order_number.clone(),
            package: Some(self.package_id),
            status: self.status.as_str().to_owned(),
            units,
            shipped: self.status.stock_effect() == StockEffect::Left,
        }
    }
}

/// Which packages carry on what is in another one.
struct Replacements<'a> {
    by_origin: HashMap<i64, Vec<&'a Held>>,
    /// Packages that do not say what they replace, by order: only a dissolved one needs them.
    unnamed: HashMap<&'a str, Vec<&'a Held>>,
}

impl<'a> Replacements<'a> {
    fn of(packages: &'a [Held]) -> Self {
        let mut found = Self {
            by_origin: HashMap::new(),
            unnamed: HashMap::new(),
        };
        for package in packages {
            for origin in &package.origins {
                found.by_origin.entry(*origin).or_default().push(package);
            }
            if package.origins.is_empty() {
                let order = package.order_number.as_str();
                found.unnamed.entry(order).or_default().push(package);
            }
        }
        found
    }

    /// Units of a package that no other package carries, by bar code.
    fn left<'p>(&self, package: &'p Held) -> BTreeMap<&'p str, u32> {
        let mut left = BTreeMap::new();
        for line in &package.lines {
            let units: &mut u32 = left.entry(line.barcode.as_str()).or_default();
            *units = units.saturating_add(line.quantity);
        }
        let named = self
            .by_origin
            .get(&package.package_id)
            .into_iter()
            .flatten();
        let dissolved = package.status.stock_effect() == StockEffect::Superseded;
        let unnamed = self.unnamed.get(package.order_number.as_str());
        let later = unnamed
            .into_iter()
            .flatten()
            .filter(|other| dissolved && other.package_id > package.package_id);
        for line in named.chain(later).flat_map(|other| &other.lines) {
            if let Some(units) = left.get_mut(line.barcode.as_str()) {
                *units = units.saturating_sub(line.quantity);
            }
        }
        left
    }
}

#[cfg(test)]
mod tests;
