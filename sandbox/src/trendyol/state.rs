//! Everything that the store knows, as one value that changes only when it is given the time.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;

use super::{
    Sale, StoreError,
    claims::Claim,
    feed::Feed,
    orders::Cursors,
    package::{Line, Package},
    plan::StorePlan,
    push::Repetitions,
    queue::Queue,
    shelf::Shelf,
    status::{CreatedBy, Status},
    times::{chance, drawn, span},
    webhooks::Webhooks,
};

const FIRST_PACKAGE: i64 = 3_330_111_111;
const FIRST_ORDER: i64 = 10_654_411_111;
const FIRST_LINE: i64 = 4_765_111_111;
/// From a package to the one that it had at another seller.
const FOREIGN: i64 = 900_000_000;
/// Two changes that are closer together may have one date.
const AT_ONCE: TimeDelta = TimeDelta::minutes(1);

/// An order as the store took it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// `orderNumber`.
    pub number: String,
    /// The packages that it became at first.
    pub packages: Vec<i64>,
}

pub(super) struct State {
    pub(super) plan: Arc<StorePlan>,
    pub(super) rng: Rng,
    pub(super) shelf: Shelf,
    pub(super) packages: BTreeMap<i64, Package>,
    pub(super) feed: Feed,
    pub(super) cursors: Cursors,
    pub(super) queue: Queue,
    pub(super) repetitions: Repetitions,
    pub(super) claims: Vec<Claim>,
    pub(super) sales: Vec<Sale>,
    pub(super) webhooks: Webhooks,
    orders: i64,
    lines: i64,
    /// The last moment that was given; earlier ones count as this one.
    now: DateTime<Utc>,
}

impl State {
    pub(super) fn new(plan: Arc<StorePlan>, now: DateTime<Utc>) -> Self {
        Self {
            rng: Rng::with_seed(plan.seed ^ 0x5e11_e125),
            shelf: Shelf::new(&plan.products),
            packages: BTreeMap::new(),
            feed: Feed::default(),
            cursors: Cursors::default(),
            queue: Queue::default(),
            repetitions: Repetitions::default(),
            claims: Vec::new(),
            sales: Vec::new(),
            webhooks: Webhooks::default(),
            orders: FIRST_ORDER,
            lines: FIRST_LINE,
            now,
            plan,
        }
    }

    /// Lets happen what is due by `now`, in the order in which it was due.
    pub(super) fn tick(&mut self, now: DateTime<Utc>) {
        self.now = self.now.max(now);
        let failures = self.plan.queue.item_failures;
        let (goods, rng) = (&mut self.shelf, &mut self.rng);
        while self.queue.work(goods, failures, rng, self.now).is_some() {}
        self.feed.tick(self.now);
    }

    pub(super) const fn now(&self) -> DateTime<Utc> {
        self.now
    }

    pub(super) fn outage(&mut self, range: Range<DateTime<Utc>>) {
        self.feed.outage(range);
    }

    /// Takes an order, each list of which becomes a package of its own.
    pub(super) fn sell(&mut self, parcels: &[&[(&str, u32)]]) -> Result<Order, StoreError> {
        let by = if chance(self.plan.quirks.packages.transfers, &mut self.rng) {
            CreatedBy::Transfer
        } else {
            CreatedBy::Order
        };
        self.take(parcels, by)
    }

    /// Takes an order that began here or, if it was transferred, at another seller.
    pub(super) fn take(
        &mut self,
        parcels: &[&[(&str, u32)]],
        created_by: CreatedBy,
    ) -> Result<Order, StoreError> {
        let mut wanted: BTreeMap<&str, u32> = BTreeMap::new();
        for (barcode, pieces) in parcels.iter().copied().flatten() {
            let sum = wanted.entry(barcode).or_default();
            *sum = sum.saturating_add(*pieces);
        }

        if parcels.iter().any(|parcel| parcel.is_empty()) || wanted.is_empty() {
            return Err(StoreError::Empty);
        }

        for (barcode, pieces) in wanted {
            self.shelf.check(barcode, pieces)?;
        }
        self.orders += 1;
        let number = self.orders.to_string();
        let waits = self.plan.awaiting > 0.0 && self.rng.f64() < self.plan.awaiting;

        let status = if waits {
            Status::Awaiting
        } else {
            Status::Created
        };

        let packages = parcels
            .iter()
            .map(|parcel| self.pack(&number, status.clone(), created_by, parcel))
            .collect::<Result<_, _>>()?;

        Ok(Order { number, packages })
    }

    /// Takes pieces off the shelf into a new package.
    fn pack(
        &mut self,
        number: &str,
        status: Status,
        created_by: CreatedBy,
        parcel: &[(&str, u32)],
    ) -> Result<i64, StoreError> {
        let id = self.next_package();
        let mut lines = Vec::with_capacity(parcel.len());

        for &(barcode, pieces) in parcel {
            self.shelf.check(barcode, pieces)?;
            let Some(good) = self.shelf.get_mut(barcode) else {
                continue;
            };
            self.sales.push(Sale {
                at: self.now,
                order_number: number.to_owned(),
                package: id,
                barcode: barcode.to_owned(),
                pieces,
                shown: good.stock,
            });
            good.take(pieces, self.now);
            self.lines += 1;
            lines.push(Line {
                id: self.lines,
                product: Arc::clone(&good.product),
                quantity: pieces,
                price: good.sale_price,
                cancelled: false,
            });
        }

        let mut package = self.blank(id, number, status, created_by, lines);
        if created_by == CreatedBy::Transfer {
            package.origins = vec![id - FOREIGN];
        }
        self.enter(package);

        Ok(id)
    }

    fn next_package(&self) -> i64 {
        let last = self.packages.last_key_value();
        last.map_or(FIRST_PACKAGE, |(id, _)| id + 1)
    }

    fn blank(
        &self,
        id: i64,
        number: &str,
        status: Status,
        created_by: CreatedBy,
        lines: Vec<Line>,
    ) -> Package {
        Package {
            id,
            order_number: number.to_owned(),
            history: vec![(self.now, status.clone())],
            status,
            created_by,
            origins: Vec::new(),
            lines,
            ordered: self.now,
            created: self.now,
            last_modified: self.now,
            cancelled: None,
            invoice: None,
            first: None,
            transferred: false,
            told_from: self.now,
            address_from: None,
            addressed: true,
        }
    }

    /// A package that carries lines of an earlier one on. It begins some time after its end.
    pub(super) fn succeed(
        &mut self,
        origin: &Package,
        created_by: CreatedBy,
        status: Status,
        lines: Vec<Line>,
    ) -> i64 {
        let how = &self.plan.quirks.packages;
        let (unpacked_first, delay) = (how.parts_unpacked_first, how.parts_delay.clone());
        let id = self.next_package();
        let mut part = self.blank(id, &origin.order_number, status, created_by, lines);
        part.origins = vec![origin.id];
        part.first = origin.first.or(Some(origin.id));
        part.ordered = origin.ordered;
        let begins = self.now.max(origin.told_from) + span(drawn(&delay, &mut self.rng));
        part.begin(begins);

        if chance(unpacked_first, &mut self.rng) {
            let settled = begins + span(drawn(&delay, &mut self.rng));
            part = self.enter_unpacked(part, settled);
        }
        self.enter(part);

        id
    }

    /// Publishes a part as unpacked. Returns it as it really is, to be published from `settled` on.
    fn enter_unpacked(&mut self, mut part: Package, settled: DateTime<Utc>) -> Package {
        let mut first = part.clone();
        first.status = Status::UnPacked;
        first.history = vec![(first.created, Status::UnPacked)];
        self.publish(&first);
        part.told_from = settled;
        part.last_modified = settled.max(part.created + TimeDelta::milliseconds(1));
        part.history = first.history;
        part.history.push((part.last_modified, part.status.clone()));
        part
    }

    fn enter(&mut self, mut package: Package) {
        let how = &self.plan.quirks.packages;
        let (late, delay) = (how.late_addresses, how.address_delay.clone());
        if chance(late, &mut self.rng) {
            let known = package.created + span(drawn(&delay, &mut self.rng));
            package.address_from = Some(known);
        }
        self.publish(&package);
        self.packages.insert(package.id, package);
    }

    /// Puts a package into the feed as it is now, and once more when its address is known.
    fn publish(&mut self, package: &Package) {
        let delay = span(drawn(&self.plan.feed_delay, &mut self.rng));
        let due = self.now.max(package.told_from) + delay;
        let mut package = package.clone();

        if let Some(known) = package.address_from.filter(|known| *known > due) {
            package.addressed = false;
            self.announce(&package);
            self.feed.publish(Arc::new(package.clone()), due);
            package.addressed = true;
            self.feed.publish(Arc::new(package), known);
        } else {
            self.announce(&package);
            self.feed.publish(Arc::new(package), due);
        }

        self.feed.tick(self.now);
    }

    /// Webhooks have a delay of their own: they may come before the feed shows the change.
    fn announce(&mut self, package: &Package) {
        if self.webhooks.is_empty() {
            return;
        }
        let delay = span(drawn(&self.plan.hook_delay, &mut self.rng));
        let due = self.now.max(package.told_from) + delay;
        self.webhooks.announce(package, &self.plan, due);
    }

    pub(super) fn package(&self, id: i64) -> Result<&Package, StoreError> {
        let package = self.packages.get(&id);
        package.ok_or(StoreError::UnknownPackage(id))
    }

    /// Changes a package. Its date grows, even where the clock stands still.
    pub(super) fn change(
        &mut self,
        id: i64,
        change: impl FnOnce(&mut Package),
    ) -> Result<(), StoreError> {
        let same_date = chance(self.plan.quirks.packages.equal_dates, &mut self.rng);
        let package = self.packages.get_mut(&id);
        let package = package.ok_or(StoreError::UnknownPackage(id))?;

        // Nothing happens to a part before it begins.
        let now = self.now.max(package.told_from);
        let before = package.status.clone();
        change(package);

        if !same_date || now - package.last_modified > AT_ONCE {
            let later = package.last_modified + TimeDelta::milliseconds(1);
            package.last_modified = now.max(later);
        }

        if package.status != before {
            package.history.push((now, package.status.clone()));
        }
        let package = package.clone();
        self.publish(&package);

        Ok(())
    }

    pub(super) const fn next_line(&mut self) -> i64 {
        self.lines += 1;
        self.lines
    }
}
