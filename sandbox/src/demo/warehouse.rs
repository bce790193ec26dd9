//! The warehouse of the demo, its store on Trendyol, and everything that happens to both: sales,
//! cancellations, splits, picks, parcels, returns, goods that come in and go out.

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;
use sandbox::{
    clock,
    faults::{Chance, FaultPlan},
    trendyol::{Endpoint, Limits, Package, QueuePlan, Status, StorePlan, TrendyolStore},
    trouble::{Fault, Trouble},
};
use tokio_util::sync::CancellationToken;

use super::{
    api::Api, books::Books, database::Database, log::Log, program::Setting, stock::Comparison,
    stop::Stop,
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
    /// Where orderwatch is asked, once it runs.
    pub(super) api: Option<Api>,
    log: Log,
    trendyol: TrendyolStore,
    plan: StorePlan,
    random: Rng,
    /// Pieces of each product that ever lay there, less those that went out elsewhere.
    ever: HashMap<String, i64>,
    last_sale: HashMap<String, Instant>,
    claimed: HashSet<i64>,
    returns_at: Instant,
    /// How it came out, where there was time for everything on sale to become what is available.
    pub(super) settled: Option<Comparison>,
}

impl Warehouse {
    /// Starts the store. Everything in it will lie in the warehouse.
    pub(super) async fn open(database: &Database, seed: u64, log: &Log) -> anyhow::Result<Self> {
        let plan = plan(seed);
        let trendyol = TrendyolStore::start(plan.clone()).await?;

        Ok(Self {
            books: Books::new(database.clone(), trendyol.clone()),
            api: None,
            log: log.clone(),
            trendyol,
            plan,
            random: Rng::with_seed(seed),
            ever: HashMap::new(),
            last_sale: HashMap::new(),
            claimed: HashSet::new(),
            returns_at: Instant::now() + RETURNS_EVERY,
            settled: None,
        })
    }

    /// Puts on the shelves what is on sale, and a little more.
    pub(super) async fn fill(&mut self) -> anyhow::Result<()> {
        let mut goods = Vec::new();
        for product in &self.plan.products {
            let pieces = i32::try_from(product.stock + self.random.u32(..6))?;
            self.ever.insert(product.barcode.clone(), i64::from(pieces));
            goods.push((product.barcode.clone(), pieces));
        }
        Ok(self.books.database.open_warehouse(&goods).await?)
    }

    /// The account, as settings.
    pub(super) fn account(&self) -> [Setting; 4] {
        let seller = self.plan.seller_id.to_string();
        [
            ("ORDERWATCH__TRENDYOL__BASE_URL", self.trendyol.base_url()),
            ("ORDERWATCH__TRENDYOL__SELLER_ID", seller),
            ("ORDERWATCH__TRENDYOL__API_KEY", self.plan.api_key.clone()),
            (
                "ORDERWATCH__TRENDYOL__API_SECRET",
                self.plan.api_secret.clone(),
            ),
        ]
    }

    /// Keeps it busy until the shop closes, then waits until what is on sale is what is available.
    pub(super) async fn keep(
        &mut self,
        closing: &CancellationToken,
        stop: &Stop,
    ) -> anyhow::Result<()> {
        loop {
            let pause = Duration::from_millis(self.random.u64(100..400));
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

        if self
            .trendyol
            .sell(&barcode, self.random.u32(1..=2))
            .is_err()
        {
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
        let product = self.random.choice(&self.plan.products);
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
        if let Some(package) = unpaid.filter(|_| self.random.u8(..100) < 30) {
            drop(self.trendyol.move_to(package.id, Status::Created));
        }

        let open: Vec<&Package> = self.books.note(|notes| {
            let open = packages.iter().filter(|p| p.status == Status::Created);
            open.filter(|p| !notes.picked.contains_key(&p.order_number))
                .collect()
        });

        let Some(package) = self.random.choice(&open) else {
            return;
        };

        // A package of one piece cannot be split; then nothing happens.
        match self.random.u8(..100) {
            0..3 => drop(self.trendyol.cancel(package.id)),
            3..8 => drop(self.trendyol.split(package.id)),
            _ => {}
        }
    }

    /// Goods come in, or are sold elsewhere.
    async fn move_goods(&mut self) -> anyhow::Result<()> {
        let barcode = self.product();
        let pieces = match self.random.u8(..100) {
            0..8 => self.random.i32(6..20),
            8..12 if self.trendyol.stock_of(&barcode) >= Some(PLENTY) => -self.random.i32(1..=2),
            _ => return Ok(()),
        };
        if self.books.database.move_goods(&barcode, pieces).await? {
            *self.ever.entry(barcode).or_default() += i64::from(pieces);
        }
        Ok(())
    }

    /// Somebody in the warehouse picks the oldest order.
    async fn pick(&mut self) -> anyhow::Result<()> {
        if self.random.u8(..100) >= 60 {
            return Ok(());
        }

        let Some(api) = &self.api else {
            return Ok(());
        };

        let Some(order) = self.books.database.order_to_pick().await? else {
            return Ok(());
        };

        if let Some(taken) = api.pick(&order).await? {
            self.books.note(|notes| notes.picked.insert(order, taken));
        }

        Ok(())
    }

    /// What was picked goes out, arrives, and comes back now and then.
    fn send(&mut self) {
        for package in self.trendyol.packages() {
            let chance = self.random.u8(..100);
            let next = match package.status {
                Status::Picking if chance < 20 => Status::Shipped,
                Status::Shipped if chance < 20 => Status::Delivered,
                Status::Delivered if chance < 5 && self.claimed.insert(package.id) => {
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

    /// Reads returns every few seconds; the daemon by itself does it once a day.
    async fn read_returns(&mut self) {
        let Some(api) = self
            .api
            .as_ref()
            .filter(|_| Instant::now() >= self.returns_at)
        else {
            return;
        };
        self.returns_at = Instant::now() + RETURNS_EVERY;
        if let Err(error) = api.pull_returns().await {
            let what = "the returns could not be read; the next time does it";
            self.log.warn(format_args!("{what}: {error:#}"));
        }
    }

    async fn settle(&mut self, stop: &Stop) -> anyhow::Result<()> {
        let Some(api) = self.api.clone() else {
            return Ok(());
        };
        let closed = self.books.database.now().await?;
        let deadline = Instant::now() + SETTLING;

        loop {
            if stop.soft.is_cancelled() {
                return Ok(());
            }
            let is_over = Instant::now() >= deadline;
            if is_over || self.knows_all(closed).await? {
                let comparison = Comparison::of(&self.books, &api.plan().await?).await?;
                if is_over || comparison.is_settled() {
                    self.settled = Some(comparison);
                    return Ok(());
                }
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Whether every sale is known, and what became of every push.
    async fn knows_all(&self, closed: DateTime<Utc>) -> anyhow::Result<bool> {
        let seen = closed + TimeDelta::from_std(FEED_DELAY)? * 2;
        Ok(self.trendyol.reports_waiting() == 0 && self.books.database.knows_all(seen).await?)
    }

    pub(super) async fn close(&self) -> anyhow::Result<()> {
        Ok(self.trendyol.stop().await?)
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
fn plan(seed: u64) -> StorePlan {
    let mut plan = StorePlan::sample(seed, PRODUCTS);
    plan.clock = clock::running();
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
