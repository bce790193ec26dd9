//! What the order endpoints show: packages as they were some time ago.
//!
//! A change shows when its delay has passed and no outage hides it. It then carries the date on
//! which it really happened, which may lie before dates that were shown earlier: that is how
//! clients that trust the newest date lose packages.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, HashMap},
    ops::Range,
    sync::Arc,
};

use chrono::{DateTime, Utc};

use super::package::Package;

/// Newest change and id: the order in which packages are listed, reversed.
pub(super) type Place = (DateTime<Utc>, i64);

#[derive(Debug, Default)]
pub(super) struct Feed {
    shown: BTreeMap<Place, Shown>,
    /// Of each package: its date, and which change it was. Two changes may have one date.
    newest: HashMap<i64, (DateTime<Utc>, u64)>,
    orders: HashMap<String, Vec<i64>>,
    waiting: BTreeMap<(DateTime<Utc>, u64), Arc<Package>>,
    outages: Vec<Range<DateTime<Utc>>>,
    seq: u64,
}

/// A package as it is shown.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) package: Arc<Package>,
    json: OnceCell<String>,
}

impl Shown {
    /// The text of the package, written at most once.
    pub(super) fn json(&self, write: impl FnOnce(&Package) -> String) -> &str {
        self.json.get_or_init(|| write(&self.package))
    }

    pub(super) fn place(&self) -> Place {
        (self.package.last_modified, self.package.id)
    }
}

impl Feed {
    /// A change that shows at `due`.
    pub(super) fn publish(&mut self, package: Arc<Package>, due: DateTime<Utc>) {
        self.seq += 1;
        self.waiting.insert((due, self.seq), package);
    }

    /// Changes made within the range stay hidden until its end.
    pub(super) fn outage(&mut self, range: Range<DateTime<Utc>>) {
        self.outages.push(range);
    }

    /// Shows what has become due.
    pub(super) fn tick(&mut self, now: DateTime<Utc>) {
        while let Some(first) = self.waiting.first_entry()
            && first.key().0 <= now
        {
            let seq = first.key().1;
            let package = first.remove();
            let hides = |o: &&Range<DateTime<Utc>>| o.contains(&package.last_modified);
            let ends = self.outages.iter().filter(hides).map(|o| o.end).max();
            match ends.filter(|end| *end > now) {
                Some(end) => drop(self.waiting.insert((end, seq), package)),
                None => self.show(package, seq),
            }
        }
    }

    fn show(&mut self, package: Arc<Package>, seq: u64) {
        let (id, date) = (package.id, package.last_modified);
        match self.newest.get(&id) {
            // An earlier change that was longer under way than a later one.
            Some(newer) if *newer > (date, seq) => return,
            Some((older, _)) => drop(self.shown.remove(&(*older, id))),
            None => {
                let number = package.order_number.clone();
                self.orders.entry(number).or_default().push(id);
            }
        }
        self.newest.insert(id, (date, seq));
        let json = OnceCell::new();
        self.shown.insert((date, id), Shown { package, json });
    }

    /// Packages whose newest change lies within the dates, newest first, after `before`.
    pub(super) fn newest(
        &self,
        dates: Range<DateTime<Utc>>,
        before: Option<Place>,
    ) -> impl Iterator<Item = &Shown> {
        let low = (dates.start, i64::MIN);
        let high = (dates.end, i64::MIN);
        let high = before.map_or(high, |place| place.min(high));
        // A map refuses bounds that cross.
        let range = (low < high).then(|| self.shown.range(low..high));
        range.into_iter().flatten().rev().map(|(_, shown)| shown)
    }

    /// The packages of an order, newest change first.
    pub(super) fn of_order(&self, number: &str) -> Vec<&Shown> {
        let ids = self.orders.get(number).map_or(&[][..], Vec::as_slice);
        let mut found: Vec<&Shown> = ids.iter().filter_map(|id| self.get(*id)).collect();
        found.sort_by_key(|shown| std::cmp::Reverse(shown.place()));
        found
    }

    pub(super) fn get(&self, id: i64) -> Option<&Shown> {
        self.shown.get(&(self.newest.get(&id)?.0, id))
    }
}
