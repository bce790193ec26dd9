//! The warehouse of the demo, its store on Trendyol, and everything that happens to both: sales,
//! cancellations, splits, picks, parcels, returns, goods that come in and go out.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;
use tokio_util::sync::CancellationToken;

use super::{books::Books, settings::Setting, stock::Comparison};
use crate::{
    cli::clock,
    clock::Clock,
    config::Config,
    daemon::trendyol::{StoreJob, push_rules, store_once},
    shutdown::Stop,
    stock::rule::{Verdict, Wait},
    store::{PickAsk, Picked, Store},
    worker::trendyol::{Forecast, ORDERS, needed},
};
use sandbox::{
    faults::{Chance, FaultPlan},
    trendyol::{Endpoint, Limits, Package, QueuePlan, Status, StorePlan, TrendyolStore},
    trouble::{Fault, Trouble},
};

/// Products of the warehouse.
pub(super) const PRODUCTS: u32 = 40;
/// Between two sales of one product: what is sold while a push is under way is lowered after it.
const BETWEEN_SALES: Duration = Duration::from_secs(4);
/// Pieces on sale below which nothing goes out elsewhere.
const PLENTY: u32 = 8;
/// From one pass over the returns to the next.
const RETURNS_EVERY: Duration = Duration::from_secs(4);
/// How long it may take at the end until what is on sale is what is available.
const SETTLING: Duration = Duration::from_mins(1);
/// A change of a package is seen by then.
const FEED_DELAY: Duration = Duration::from_millis(500);
/// Share of the questions that go wrong.
const TROUBLE: f64 = 0.03;

/// The warehouse and its store.
pub(super) struct Warehouse {
    pub(super) books: Books,
    store: Store,
    trendyol: TrendyolStore,
    clock: Arc<dyn Clock>,
    plan: StorePlan,
    config: Option<Config>,
    dice: Rng,
    /// Pieces of each product that ever lay there, less those that went out elsewhere.
    ever: HashMap<String, i64>,
    last_sale: HashMap<String, Instant>,
    claimed: HashSet<i64>,
    returns_at: Instant,
    /// How it came out, where there was time for everything on sale to become what is available.
    pub(super) settled: Option<Comparison>,
}

impl Warehouse {
    /// Fills the warehouse and starts the store. Everything in the store lies in the warehouse.
    pub(super) async fn open(store: &Store, seed: u64) -> anyhow::Result<Self> {
        let clock = clock(store).await?;
        let plan = plan(seed, Arc::clone(&clock));
        let mut dice = Rng::with_seed(seed);
        let goods: Vec<(String, i32)> = plan
            .products
            .iter()
            .map(|product| {
                let there = product.stock + dice.u32(..6);
                (product.barcode.clone(), i32::try_from(there).unwrap_or(0))
            })
            .collect();
        store.open_practice_warehouse(&goods).await?;
        let ever = goods.into_iter().map(|(name, n)| (name, i64::from(n)));
        let trendyol = TrendyolStore::start(plan.clone()).await?;
        Ok(Self {
            books: Books::new(store.clone(), trendyol.clone()),
            store: store.clone(),
            trendyol,
            clock,
            plan,
            config: None,
            dice,
            ever: ever.collect(),
            last_sale: HashMap::new(),
            claimed: HashSet::new(),
            returns_at: Instant::now() + RETURNS_EVERY,
            settled: None,
        })
    }

    /// The account, as settings.
    pub(super) fn account(&self) -> [Setting; 6] {
        [
            // Without its account there is no store.
            ("ORDERWATCH__TRENDYOL__ENABLED", "true".to_owned()),
            ("ORDERWATCH__TRENDYOL__BASE_URL", self.trendyol.base_url()),
            (
                "ORDERWATCH__TRENDYOL__SELLER_ID",
                self.plan.seller_id.to_string(),
            ),
            ("ORDERWATCH__TRENDYOL__API_KEY", self.plan.api_key.clone()),
            (
                "ORDERWATCH__TRENDYOL__API_SECRET",
                self.plan.api_secret.clone(),
            ),
            // What is on sale is held against all that is there.
            ("ORDERWATCH__TRENDYOL__STOCK__SAFETY_STOCK", "0".to_owned()),
        ]
    }

    /// Reads returns every few seconds; the daemon does it once a day.
    pub(super) fn with_returns(&mut self, config: &Config) {
        self.config = Some(config.clone());
    }

    /// Keeps it busy until the shop closes, then waits until what is on sale is what is available.
    pub(super) async fn keep(
        &mut self,
        closing: &CancellationToken,
        stop: &Stop,
    ) -> anyhow::Result<()> {
        loop {
            let pause = Duration::from_millis(self.dice.u64(100..400));
            let goes_on = closing.run_until_cancelled(tokio::time::sleep(pause)).await;
            if goes_on.is_none() || stop.soft.is_cancelled() {
                break;
            }
            self.sell();
            self.change();
            self.move_goods().await?;
            self.pick().await?;
            self.send();
            self.read_returns().await;
        }
        self.settle(stop).await
    }

    /// A customer buys something.
    fn sell(&mut self) {
        let barcode = self.product();
        let lately = |at: &Instant| at.elapsed() < BETWEEN_SALES;
        if self.last_sale.get(&barcode).is_some_and(lately) {
            return;
        }
        if self.trendyol.sell(&barcode, self.dice.u32(1..=2)).is_err() {
            // Sold out.
            return;
        }
        self.last_sale.insert(barcode.clone(), Instant::now());
        let sold = self.sold(&barcode);
        let there = self.ever.get(&barcode).copied().unwrap_or(0);
        if sold > there {
            let oversold = format!("{barcode}: {sold} sold, {there} there");
            self.books.note(|notes| notes.oversold.push(oversold));
        }
    }

    fn product(&mut self) -> String {
        let product = self.dice.choice(&self.plan.products);
        product.map_or_else(String::new, |product| product.barcode.clone())
    }

    /// Pieces in packages that somebody will get or has got.
    fn sold(&self, barcode: &str) -> i64 {
        let packages = self.trendyol.packages();
        let alive = packages.iter().filter(|package| !has_ended(package));
        alive.map(|package| pieces_of(package, barcode)).sum()
    }

    /// A customer pays, cancels, or gets the order in two parcels.
    fn change(&mut self) {
        let packages = self.trendyol.packages();
        let unpaid = packages.iter().find(|p| p.status == Status::Awaiting);
        if let Some(package) = unpaid.filter(|_| self.dice.u8(..100) < 30) {
            drop(self.trendyol.move_to(package.id, Status::Created));
        }
        let open: Vec<&Package> = self.books.note(|notes| {
            let open = packages.iter().filter(|p| p.status == Status::Created);
            open.filter(|p| !notes.picked.contains_key(&p.order_number))
                .collect()
        });
        let Some(package) = self.dice.choice(&open) else {
            return;
        };
        // A package of one piece cannot be split; then nothing happens.
        match self.dice.u8(..100) {
            0..3 => drop(self.trendyol.cancel(package.id)),
            3..8 => drop(self.trendyol.split(package.id)),
            _ => {}
        }
    }

    /// Goods come in, or are sold elsewhere.
    async fn move_goods(&mut self) -> anyhow::Result<()> {
        let barcode = self.product();
        let pieces = match self.dice.u8(..100) {
            0..8 => self.dice.i32(6..20),
            8..12 if self.trendyol.stock_of(&barcode) >= Some(PLENTY) => -self.dice.i32(1..=2),
            _ => return Ok(()),
        };
        if self.store.move_practice_goods(&barcode, pieces).await? {
            *self.ever.entry(barcode).or_default() += i64::from(pieces);
        }
        Ok(())
    }

    /// Somebody in the warehouse picks the oldest order.
    async fn pick(&mut self) -> anyhow::Result<()> {
        if self.dice.u8(..100) >= 60 {
            return Ok(());
        }
        let waiting = self.store.practice_orders_to_pick().await?;
        let Some(order) = waiting.first() else {
            return Ok(());
        };
        let ask = PickAsk {
            order,
            shelf: None,
            by: "demo",
            dry_run: false,
            now: self.clock.now(),
        };
        if let Picked::Taken { lines, .. } = self.store.pick(ask, needed).await? {
            let taken = lines.into_iter();
            let taken = taken.map(|line| (line.line.barcode, line.from_stock));
            let picked = taken.collect();
            self.books
                .note(|notes| notes.picked.insert(order.clone(), picked));
        }
        Ok(())
    }

    /// What was picked goes out, arrives, and comes back now and then.
    fn send(&mut self) {
        for package in self.trendyol.packages() {
            let dice = self.dice.u8(..100);
            let next = match package.status {
                Status::Picking if dice < 20 => Status::Shipped,
                Status::Shipped if dice < 20 => Status::Delivered,
                Status::Delivered if dice < 5 && self.claimed.insert(package.id) => {
                    if let Some(line) = package.lines.first() {
                        let barcode = &line.product.barcode;
                        drop(self.trendyol.claim(package.id, barcode, 1));
                    }
                    continue;
                }
                _ => continue,
            };
            drop(self.trendyol.move_to(package.id, next));
        }
    }

    async fn read_returns(&mut self) {
        let Some(config) = self.config.as_ref() else {
            return;
        };
        if Instant::now() < self.returns_at {
            return;
        }
        self.returns_at = Instant::now() + RETURNS_EVERY;
        let clock = Arc::clone(&self.clock);
        if let Err(error) = store_once(config, &self.store, clock, StoreJob::PullReturns).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(
                error,
                "the returns could not be read; the next pass does it"
            );
        }
    }

    async fn settle(&mut self, stop: &Stop) -> anyhow::Result<()> {
        let closed = self.clock.now();
        let deadline = Instant::now() + SETTLING;
        while Instant::now() < deadline {
            if stop.soft.is_cancelled() {
                return Ok(());
            }
            if self.knows_all(closed).await? {
                let comparison = Comparison::of(self).await?;
                if comparison.is_settled() {
                    self.settled = Some(comparison);
                    return Ok(());
                }
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        self.settled = Some(Comparison::of(self).await?);
        Ok(())
    }

    /// Whether every sale is known, and every push answered.
    async fn knows_all(&self, closed: DateTime<Utc>) -> anyhow::Result<bool> {
        let seen = closed + TimeDelta::from_std(FEED_DELAY)? * 2;
        let feed = self.store.feed(ORDERS).await?;
        let has_read = feed.good_at.is_some_and(|at| at > seen);
        let has_passed = !self.store.stock_pushes(None, None, 1).await?.is_empty();
        Ok(has_read && has_passed && self.trendyol.reports_waiting() == 0)
    }

    /// What orderwatch thinks is available and on sale.
    pub(super) async fn forecast(&self) -> anyhow::Result<Forecast> {
        let Some(config) = self.config.as_ref() else {
            anyhow::bail!("the demo has no settings");
        };
        let rules = push_rules(config, false);
        Ok(Forecast::read(&self.store, rules, self.clock.now()).await?)
    }

    /// Ends the store.
    pub(super) async fn close(&self) -> anyhow::Result<()> {
        Ok(self.trendyol.stop().await?)
    }
}

/// Whether nothing more will happen soon.
pub(super) fn rests(verdict: Verdict) -> bool {
    match verdict {
        Verdict::InSync => true,
        Verdict::Wait(why) => matches!(
            why,
            Wait::Repeated { .. } | Wait::Quarantined { .. } | Wait::Settling { .. }
        ),
        Verdict::Send { .. } => false,
    }
}

pub(super) fn has_ended(package: &Package) -> bool {
    matches!(
        package.status,
        Status::Cancelled | Status::UnSupplied | Status::UnPacked
    )
}

fn pieces_of(package: &Package, barcode: &str) -> i64 {
    let lines = package.lines.iter();
    let lines = lines.filter(|line| line.product.barcode == barcode);
    lines.map(|line| i64::from(line.quantity)).sum()
}

/// A store that works a little slowly, and whose answers to questions are lost now and then.
fn plan(seed: u64, clock: Arc<dyn Clock>) -> StorePlan {
    let mut plan = StorePlan::sample(seed, PRODUCTS);
    plan.clock = Arc::new(move || clock.now());
    plan.limits = Limits::none();
    plan.queue = QueuePlan {
        delay: Duration::ZERO..=Duration::from_secs(2),
        ..QueuePlan::default()
    };
    plan.feed_delay = Duration::ZERO..=FEED_DELAY;
    plan.awaiting = 0.05;
    let questions = [
        Endpoint::OrderStream,
        Endpoint::ReadBack,
        Endpoint::BatchResult,
    ];
    let chance = |endpoint, trouble| Chance {
        endpoint,
        fault: Fault::Instead(trouble),
        share: TROUBLE / 2.0,
    };
    plan.faults = FaultPlan {
        chances: questions
            .into_iter()
            .flat_map(|q| [chance(q, Trouble::Reset), chance(q, Trouble::Page(502))])
            .collect(),
        latency: Duration::from_millis(10)..=Duration::from_millis(60),
        ..FaultPlan::default()
    };
    plan
}
