//! An hour of a store, over many seeds: sales, cancellations, splits, picks and deliveries at random
//! moments, also while a call is under way, on a marketplace that loses answers, refuses calls, tells
//! late of orders and works its queue off slowly.
//!
//! Customers buy the same product every 40 s at most. That is the bound under which nothing may ever
//! be sold twice: the marketplace takes absolute quantities, so a raise overwrites the sales between
//! the look at what is on sale and the moment at which it applies.
//!
//! `ORDERWATCH_SEEDS` is how many hours (200 without it), `ORDERWATCH_SEED` the first one. They are
//! shared out among four tests, which run side by side.

use std::{
    collections::{BTreeMap, HashMap},
    env,
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, Utc};
use fastrand::Rng;
use orderwatch::outbound::Http;
use orderwatch::sandbox::trendyol::{
    Endpoint, Line, Product, QueuePlan, Quirks, Repeats, Status, StorePlan, TrendyolStore,
};
use orderwatch::worker::{periodic::JobError, trendyol::Forecast};
use sqlx::PgPool;

use super::{
    rig::{Rig, http},
    warehouse::Warehouse,
};

const PRODUCTS: usize = 12;
const HOUR: u64 = 3600;
/// Between two sales of one product.
const BETWEEN_SALES: i64 = 40;
const QUARTER: Duration = Duration::from_mins(15);

/// What really is there and what was really sold.
struct World {
    rng: Rng,
    open: bool,
    /// Units that ever lay in the warehouse.
    ever: HashMap<String, u32>,
    /// Products that were once on sale as they should be, with the units sold by then: what the
    /// system before has sold too much is not orderwatch's doing.
    ours: HashMap<String, u32>,
    last_sale: HashMap<String, DateTime<Utc>>,
    sales: usize,
    oversold: Vec<String>,
    /// What happened to each product, for whoever has to find out why.
    story: Vec<String>,
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            open: true,
            ever: HashMap::new(),
            ours: HashMap::new(),
            last_sale: HashMap::new(),
            sales: 0,
            oversold: Vec::new(),
            story: Vec::new(),
        }
    }

    /// A second of the store's life.
    fn second(&mut self, shop: &TrendyolStore) {
        if !self.open {
            return;
        }
        if self.rng.f64() < 0.04 {
            self.sell(shop);
        }
        if self.rng.f64() < 0.004 {
            self.change(shop);
        }
    }

    fn sell(&mut self, shop: &TrendyolStore) {
        let barcode = name(self.rng.usize(..PRODUCTS));
        let now = shop.now();
        let soon = |at: &DateTime<Utc>| (now - *at).num_seconds() < BETWEEN_SALES;
        if self.last_sale.get(&barcode).is_some_and(soon) {
            return;
        }
        let pieces = self.rng.u32(1..=2);
        if shop.sell(&barcode, pieces).is_err() {
            return;
        }
        self.sales += 1;
        let left = shop.stock_of(&barcode).unwrap_or(0);
        self.story.push(format!(
            "{now} {barcode}: {pieces} sold, {left} left on sale"
        ));
        self.last_sale.insert(barcode.clone(), now);
        let sold = sold(shop).remove(&barcode).unwrap_or(0);
        let there = self.ever.get(&barcode).copied().unwrap_or(0);
        if self
            .ours
            .get(&barcode)
            .is_some_and(|before| sold > there.max(*before))
        {
            self.oversold
                .push(format!("{barcode}: {sold} sold of {there} at {now}"));
        }
    }

    /// A customer or the marketplace changes a package that nobody has begun.
    fn change(&mut self, shop: &TrendyolStore) {
        let packages = shop.packages();
        let open: Vec<_> = packages
            .iter()
            .filter(|p| p.status == Status::Created)
            .collect();
        let Some(package) = self.rng.choice(&open) else {
            return;
        };
        let barcode = package.lines[0].product.barcode.clone();
        let kind = self.rng.u8(0..4);
        let name = ["cancelled", "split", "cancelled in part", "not supplied"][usize::from(kind)];
        self.story.push(format!(
            "{} {barcode}: package {} {name}",
            shop.now(),
            package.id
        ));
        // A package of one piece cannot be split; then nothing happens.
        match kind {
            0 => drop(shop.cancel(package.id)),
            1 => drop(shop.split(package.id)),
            2 => drop(shop.cancel_pieces(package.id, &package.lines[0].product.barcode, 1)),
            _ => drop(shop.unsupply(package.id)),
        }
    }
}

fn name(n: usize) -> String {
    format!("86900000{n:05}")
}

/// Whether nobody gets what is in a package.
fn has_ended(status: &Status) -> bool {
    matches!(
        status,
        Status::Cancelled | Status::UnSupplied | Status::UnPacked
    )
}

/// Units in packages that somebody will get or has got, by bar code.
fn sold(shop: &TrendyolStore) -> HashMap<String, u32> {
    let mut units = HashMap::new();
    for package in shop.packages() {
        for line in package.lines.iter().filter(|_| !has_ended(&package.status)) {
            *units.entry(line.product.barcode.clone()).or_default() += line.quantity;
        }
    }
    units
}

/// One hour, and what it took.
struct Hour {
    rig: Rig,
    world: Arc<Mutex<World>>,
    rng: Rng,
    /// What was taken from the shelves for each order that was picked.
    picked: HashMap<String, HashMap<String, i32>>,
}

impl Hour {
    async fn new(warehouse: &Warehouse, http: &Http, seed: u64) -> Self {
        warehouse.clear().await;
        let mut rng = Rng::with_seed(seed);
        let mut world = World::new(rng.u64(..));
        let mut products = Vec::new();
        for n in 0..PRODUCTS {
            let (barcode, qty) = (name(n), rng.u32(0..8));
            // What the system before left on sale may be too much.
            products.push(Product::new(barcode.clone(), rng.u32(0..8)));
            warehouse.stock(&barcode, i32::try_from(qty).unwrap()).await;
            world.ever.insert(barcode, qty);
        }
        let plan = |plan: &mut StorePlan| {
            plan.seed = seed;
            plan.products = products;
            plan.queue = QueuePlan {
                delay: Duration::ZERO..=Duration::from_secs(rng.u64(0..=15)),
                item_failures: if rng.bool() { 0.02 } else { 0.0 },
                swallowed: if rng.bool() { 0.05 } else { 0.0 },
                ..QueuePlan::default()
            };
            plan.feed_delay = Duration::ZERO..=Duration::from_secs(rng.u64(0..=30));
            plan.awaiting = 0.1;
            plan.restocks = rng.bool();
            plan.quirks = Quirks {
                repeats: [Repeats::Body, Repeats::Content, Repeats::Item][rng.usize(..3)],
                istanbul_dates: rng.bool(),
                ..Quirks::default()
            };
        };
        let rig = Rig::with(warehouse.clone(), http.clone(), plan).await;
        let world = Arc::new(Mutex::new(world));
        let living = Arc::clone(&world);
        *rig.hook.lock().unwrap() = Some(Box::new(move |shop: &TrendyolStore| {
            living.lock().unwrap().second(shop);
        }));
        let weather = rng.fork();
        rig.weather(|day| {
            day.refused = 0.04;
            day.lost = 0.04;
            day.seconds = 2;
            day.rng = weather;
        });
        Self {
            rig,
            world,
            rng,
            picked: HashMap::new(),
        }
    }

    fn second(&self) -> u64 {
        let began = 1_900_000_000;
        u64::try_from(self.rig.now().timestamp() - began).unwrap()
    }

    /// An hour of passes at their periods, and of work in the warehouse between them.
    async fn live(&mut self) {
        let (mut pull_at, mut push_at) = (0, 180);
        let outage = self.rng.u64(600..2400);
        while self.second() < HOUR {
            let now = self.second();
            self.rig
                .weather(|day| day.feed_out = (outage..outage + 500).contains(&now));
            if now >= pull_at {
                // What fails is made up for by the next one.
                self.tell("pull", &self.rig.pull().await);
                pull_at = now + 240;
            }
            if now >= push_at {
                self.tell("push", &self.rig.push().await);
                push_at = now + 600;
                self.has_had_its_say();
            }
            self.work().await;
            self.rig.wait(Duration::from_secs(1));
        }
    }

    fn tell<T: std::fmt::Debug>(&self, what: &str, came: &Result<T, JobError>) {
        let all: Vec<String> = (0..PRODUCTS).map(name).collect();
        let line = format!("{} {what} {came:?} {}", self.rig.now(), all.join(" "));
        self.world.lock().unwrap().story.push(line);
    }

    /// From now on, whatever is sold too much of these products is our fault.
    fn has_had_its_say(&self) {
        let mut world = self.world.lock().unwrap();
        let sold = sold(&self.rig.shop);
        for (barcode, listed) in self.rig.shop.stocks() {
            let sold = sold.get(&barcode).copied().unwrap_or(0);
            if sold + listed <= world.ever[&barcode].max(sold) {
                world.ours.entry(barcode).or_insert(sold);
            }
        }
    }

    /// The warehouse: goods come in, orders are picked and go out.
    async fn work(&mut self) {
        if self.rng.f64() < 0.003 {
            let (barcode, units) = (name(self.rng.usize(..PRODUCTS)), self.rng.u32(1..4));
            *self
                .world
                .lock()
                .unwrap()
                .ever
                .entry(barcode.clone())
                .or_default() += units;
            self.rig
                .warehouse
                .run(&format!(
                    "UPDATE central_stock SET qty = qty + {units} WHERE barcode = '{barcode}'"
                ))
                .await;
        }
        if self.rng.f64() < 0.008 {
            let orders = self
                .rig
                .warehouse
                .rows("SELECT order_number FROM orders_created ORDER BY 1")
                .await;
            if let Some(order) = self.rng.choice(&orders).cloned() {
                let taken = self.rig.warehouse.picked_by_the_application(&order).await;
                let line = format!("{} picked {order}: {taken:?}", self.rig.now());
                self.world.lock().unwrap().story.push(line);
                self.picked.insert(order, taken);
            }
        }
        if self.rng.f64() < 0.01 {
            let packages = self.rig.shop.packages().into_iter();
            let ready: Vec<_> = packages
                .filter(|p| p.status.is_open() && self.picked.contains_key(&p.order_number))
                .collect();
            if let Some(package) = self.rng.choice(&ready) {
                drop(self.rig.shop.move_to(package.id, Status::Shipped));
            }
        }
    }

    /// Nobody buys any more and everything works: passes until nothing is left to do.
    async fn settle(&self) {
        self.world.lock().unwrap().open = false;
        self.rig.weather(|day| {
            day.refused = 0.0;
            day.lost = 0.0;
            day.feed_out = false;
        });
        for _ in 0..40 {
            self.rig.wait(Duration::from_mins(8));
            drop(self.rig.pull().await);
            let pushed = self.rig.push().await;
            let rests = |why: &&str| *why == "quarantined";
            let is_idle = pushed.is_ok_and(|p| p.items == 0 && p.waiting.keys().all(rests));
            if is_idle && self.rig.shop.reports_waiting() == 0 {
                return;
            }
        }
    }

    /// What should be on sale, by the store's own books and the warehouse's.
    async fn available(&self) -> BTreeMap<String, i32> {
        let mut available: BTreeMap<String, i32> =
            self.rig.warehouse.stocks().await.into_iter().collect();
        let mut needed: HashMap<(String, String), i32> = HashMap::new();
        for package in self.rig.shop.packages() {
            let key = |line: &Line| (package.order_number.clone(), line.product.barcode.clone());
            for line in package.lines.iter().filter(|_| !has_ended(&package.status)) {
                *needed.entry(key(line)).or_default() += i32::try_from(line.quantity).unwrap();
            }
        }
        for ((order, barcode), units) in needed {
            let taken = self
                .picked
                .get(&order)
                .and_then(|taken| taken.get(&barcode));
            *available.get_mut(&barcode).unwrap() -= (units - taken.unwrap_or(&0)).max(0);
        }
        for units in available.values_mut() {
            *units = (*units).max(0);
        }
        available
    }

    /// What orderwatch thinks of the products that are not as they should be.
    async fn why(
        &self,
        on_sale: &BTreeMap<String, i32>,
        available: &BTreeMap<String, i32>,
    ) -> String {
        let store = &self.rig.warehouse.store;
        let forecast = Forecast::read(store, self.rig.rules, self.rig.now())
            .await
            .unwrap();
        let wrong = forecast
            .explained()
            .filter(|e| on_sale.get(e.barcode) != available.get(e.barcode));
        let wrong = wrong.map(|explained| format!("{explained:#?}"));
        wrong.collect::<Vec<_>>().join("\n")
    }

    /// Everything that happened to one product.
    fn story(&self, world: &World, barcode: &str) -> String {
        let mut story: Vec<String> = world
            .story
            .iter()
            .filter(|line| line.contains(barcode))
            .cloned()
            .collect();
        for push in self.rig.shop.ledger().requests_to(Endpoint::PushStock) {
            for (_, units) in push.items.iter().filter(|(pushed, _)| pushed == barcode) {
                story.push(format!(
                    "{} {barcode}: {units} pushed, {:?}",
                    push.at, push.worked
                ));
            }
        }
        story.sort();
        story.join("\n")
    }

    fn nothing_oversold(&self) -> Result<(), String> {
        let world = self.world.lock().unwrap();
        if let Some(first) = world.oversold.first() {
            let story = self.story(&world, &first[..name(0).len()]);
            return Err(format!("{first}\n{story}"));
        }
        // Otherwise there was nothing to be seen.
        assert!(world.ours.len() > PRODUCTS / 2, "{:?}", world.ours);
        Ok(())
    }

    async fn check(&self) -> Result<(), String> {
        self.nothing_oversold()?;
        let resting = self.rig.warehouse.quarantined().await;
        let mut on_sale: BTreeMap<String, i32> = self
            .rig
            .shop
            .stocks()
            .into_iter()
            .map(|(barcode, units)| (barcode, i32::try_from(units).unwrap()))
            .collect();
        let mut available = self.available().await;
        on_sale.retain(|barcode, _| !resting.contains(barcode));
        available.retain(|barcode, _| !resting.contains(barcode));
        if on_sale != available {
            let why = self.why(&on_sale, &available).await;
            return Err(format!(
                "on sale {on_sale:?}, available {available:?}\n{why}"
            ));
        }
        let ledger = self.rig.shop.ledger();
        let bodies = ledger.repeated_bodies(QUARTER);
        let items = ledger.repeated_items(QUARTER);
        if bodies.is_empty() && items.is_empty() {
            Ok(())
        } else {
            Err(format!("repeated: {bodies:?} {items:?}"))
        }
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

/// How many calls the hours took.
type Totals = BTreeMap<&'static str, u64>;

fn count(hour: &Hour, totals: &mut Totals) {
    let ledger = hour.rig.shop.ledger();
    for (name, endpoint) in [
        ("pushes", Endpoint::PushStock),
        ("read-backs", Endpoint::ReadBack),
        ("results", Endpoint::BatchResult),
        ("pages of orders", Endpoint::OrderStream),
    ] {
        *totals.entry(name).or_default() += ledger.count(endpoint);
    }
    let sales = hour.world.lock().unwrap().sales;
    *totals.entry("sales").or_default() += u64::try_from(sales).unwrap();
    *totals.entry("hours").or_default() += 1;
}

/// Nothing is sold twice, and everything ends as it should: every fourth hour, from `share` on.
async fn every_fourth_hour(pool: PgPool, share: u64) -> Totals {
    // Nothing in here survives a power cut; without waiting for the disk it is over in time.
    let options = pool.connect_options().as_ref().clone();
    let quick = options.options([("synchronous_commit", "off")]);
    let pool = PgPool::connect_with(quick).await.unwrap();
    let warehouse = Warehouse::new(pool).await;
    let first = number("ORDERWATCH_SEED", 1);
    let http = http();
    let mut totals = Totals::new();
    let mut wrong = Vec::new();
    for seed in first..first + number("ORDERWATCH_SEEDS", 200) {
        if seed % 4 != share {
            continue;
        }
        let mut hour = Hour::new(&warehouse, &http, seed).await;
        hour.live().await;
        count(&hour, &mut totals);
        hour.settle().await;
        if let Err(why) = hour.check().await {
            wrong.push(format!("seed {seed}: {why}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    warehouse.store.close().await;
    totals
}

#[sqlx::test(migrations = false)]
async fn nothing_is_sold_twice_within_an_hour(pool: PgPool) {
    println!("requests: {:?}", every_fourth_hour(pool, 1).await);
}

#[sqlx::test(migrations = false)]
async fn nothing_is_sold_twice_within_other_hours(pool: PgPool) {
    println!("requests: {:?}", every_fourth_hour(pool, 2).await);
}

#[sqlx::test(migrations = false)]
async fn nothing_is_sold_twice_within_still_other_hours(pool: PgPool) {
    println!("requests: {:?}", every_fourth_hour(pool, 3).await);
}

#[sqlx::test(migrations = false)]
async fn nothing_is_sold_twice_within_the_last_hours(pool: PgPool) {
    println!("requests: {:?}", every_fourth_hour(pool, 0).await);
}
