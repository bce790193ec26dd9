//! A small shop and its marketplace, second by second, without a database or a network.
//!
//! Customers lower the marketplace's figure, the order feed tells of it later, and a [`Rule`] decides
//! every 20 seconds what to send. The world knows the truth, so it knows of every unit that was sold
//! without being there, and whether the rule could have known better.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;
use orderwatch::stock::{
    deadlines::{REPEAT_AFTER, next_check},
    pace::{OrderDelay, Sales},
};

use super::feed::{Feed, News, Order};

/// From one look to the next, in seconds.
pub(crate) const TURN: i64 = 20;
/// The longest that the marketplace keeps a push in its queue, in seconds.
pub(crate) const QUEUE: i64 = 15;
/// The marketplace refuses the same quantity within this time, in seconds.
const REFUSES: i64 = REPEAT_AFTER.num_seconds() - 60;
/// Orders that are older than this are not enough to put stock on sale: the default of
/// `trendyol.stock.max_order_age_for_push`, in seconds.
const STALE: i64 = 300;
/// After the last news of an order, the world rests for so long before its figures are compared, in seconds.
const REST: i64 = 3600;

/// What is simulated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shop {
    /// Products, the first of which sell most.
    pub(crate) products: usize,
    /// How long it is open.
    pub(crate) hours: i64,
    /// Orders that customers want to place in an hour.
    pub(crate) sales_an_hour: f64,
    /// Mean seconds from an order to the moment at which the feed tells of it.
    pub(crate) order_delay: f64,
    /// Share of the orders of which it tells only after ten minutes.
    pub(crate) late: f64,
    /// What is wrong with the feed for ten minutes.
    pub(crate) outage: Outage,
}

impl Shop {
    /// Seconds until the feed tells of an order.
    pub(crate) fn delay(&self, rng: &mut Rng) -> i64 {
        // Nothing is drawn where none is late: the other shops stay as they are.
        if self.late > 0.0 && rng.f64() < self.late {
            return 600;
        }
        exponential(rng, self.order_delay)
    }
}

/// How the order feed fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outage {
    /// It answers with an error.
    Fails,
    /// It answers, and leaves out whatever is new.
    LeavesOut,
}

/// What a rule is told in a turn.
#[derive(Debug)]
pub(crate) struct View<'a> {
    /// The time.
    pub(crate) now: DateTime<Utc>,
    /// When the feed last answered.
    pub(crate) read_at: DateTime<Utc>,
    /// Whether that is too long ago.
    pub(crate) stale: bool,
    /// What was measured of the feed.
    pub(crate) delay: OrderDelay,
    /// By product: what should be on sale, as far as is known.
    pub(crate) desired: &'a [i32],
    /// By product: what is on sale now.
    pub(crate) on_sale: &'a [i32],
    /// By product: how fast it sells.
    pub(crate) sales: &'a [Sales],
    /// Orders that have become known since the last turn.
    pub(crate) news: &'a [News],
}

/// A way to keep the figures right.
pub(crate) trait Rule {
    /// The quantities that are sent now, by product.
    fn turn(&mut self, view: &View<'_>) -> Vec<(usize, i32)>;
    /// The result of the newest push of a product has come.
    fn result(&mut self, _product: usize) {}
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// Units that were sold.
    pub(crate) sold: i64,
    /// Of these, units that were not there, although the rule could have known.
    pub(crate) oversold: i64,
    /// Of these, units that were not there because of something that nobody could know in time: a sale
    /// between look and application, or a count that was corrected a moment ago.
    pub(crate) unavoidable: i64,
    /// Units too few on sale, times seconds.
    too_few: i64,
    /// Units too many on sale, times seconds.
    too_many: i64,
    /// How long it was measured.
    seconds: i64,
    /// Pushes.
    pub(crate) pushes: i64,
    /// Pushes that the marketplace refused as a repetition.
    pub(crate) refused: i64,
    /// Products whose figure was wrong when the world had rested.
    pub(crate) wrong_at_the_end: Vec<usize>,
    /// How each unit of `oversold` came about.
    pub(crate) record: Vec<String>,
}

impl Outcome {
    /// Mean units too few on sale.
    pub(crate) fn too_few(&self) -> f64 {
        mean(self.too_few, self.seconds)
    }

    /// Mean units too many on sale.
    pub(crate) fn too_many(&self) -> f64 {
        mean(self.too_many, self.seconds)
    }

    /// Adds another world's.
    pub(crate) fn add(&mut self, other: Self) {
        self.sold += other.sold;
        self.oversold += other.oversold;
        self.unavoidable += other.unavoidable;
        self.too_few += other.too_few;
        self.too_many += other.too_many;
        self.seconds += other.seconds;
        self.pushes += other.pushes;
        self.refused += other.refused;
        self.wrong_at_the_end.extend(other.wrong_at_the_end);
        self.record.extend(other.record);
    }
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn mean(sum: i64, seconds: i64) -> f64 {
    sum as f64 / seconds as f64
}

/// A second of the simulation as a time.
pub(crate) fn time(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap_or_default() + TimeDelta::seconds(second)
}

/// A product: what is there, and what the marketplace shows.
#[derive(Debug, Default)]
struct Product {
    /// Units that are really there and not sold; below zero when more were sold.
    there: i32,
    /// Units on sale.
    on_sale: i32,
    /// Sales of the last seconds: when, units, number of the order.
    sold: Vec<(i64, i32, usize)>,
    /// Orders whose units a push has put back on sale without knowing.
    overwritten: Vec<(usize, i32)>,
    /// Counts that were corrected downwards: when, units.
    corrected: Vec<(i64, i32)>,
    /// Quantities that the marketplace has taken, and when.
    taken: BTreeMap<i32, i64>,
    /// The newest push while its result is not known.
    open: Option<Open>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    number: usize,
    sent: i64,
    applied: bool,
    looks: u32,
    next: i64,
}

#[derive(Debug)]
struct Push {
    number: usize,
    product: usize,
    quantity: i32,
    looked: i64,
}

/// Independent sources of chance, so that every rule meets the same customers and the same goods.
#[derive(Debug)]
struct Chance {
    customers: Rng,
    goods: Rng,
    queue: Rng,
}

/// The whole simulation.
#[derive(Debug)]
pub(crate) struct World {
    shop: Shop,
    now: i64,
    chance: Chance,
    /// Running sums of the products' shares of the sales.
    shares: Vec<f64>,
    products: Vec<Product>,
    feed: Feed,
    /// Pushes by the second at which they are applied.
    queued: BTreeMap<i64, Vec<Push>>,
    /// Cancellations by second: number of the order, whether the marketplace puts it back on sale.
    cancelled: BTreeMap<i64, Vec<(usize, bool)>>,
    outcome: Outcome,
}

impl World {
    /// A shop whose figures are right, with a day of sales behind it.
    pub(crate) fn new(shop: Shop, seed: u64) -> Self {
        let mut goods = Rng::with_seed(seed ^ 0x600d);
        let weights =
            (1..=shop.products).map(|rank| 1.0 / f64::from(u32::try_from(rank).unwrap_or(1)));
        let shares: Vec<f64> = weights
            .scan(0.0, |sum, weight| {
                *sum += weight;
                Some(*sum)
            })
            .collect();

        let stock: Vec<i32> = (0..shop.products).map(|_| goods.i32(0..=12)).collect();
        let mut world = Self {
            now: 0,
            chance: Chance {
                customers: Rng::with_seed(seed),
                goods,
                queue: Rng::with_seed(seed ^ 0x0b5e),
            },
            products: stock
                .iter()
                .map(|units| Product {
                    there: *units,
                    on_sale: *units,
                    ..Product::default()
                })
                .collect(),
            feed: Feed::new(stock, shop, seed),
            queued: BTreeMap::new(),
            cancelled: BTreeMap::new(),
            outcome: Outcome::default(),
            shares,
            shop,
        };
        world.remember_a_day();
        world
    }

    /// The sales of the day before: what a database that is not new knows.
    fn remember_a_day(&mut self) {
        for second in -86_400..0 {
            if self.chance.goods.f64() < self.shop.sales_an_hour / 3600.0 {
                let (product, units) = drawn(&mut self.chance.goods, &self.shares);
                self.feed.remember(product, units, second);
            }
        }
        // What sells most is also kept in larger numbers.
        for _ in 0..self.shop.hours * 20 {
            let (product, units) = drawn(&mut self.chance.goods, &self.shares);
            self.arrive(product, units * 3);
            self.products[product].on_sale += units * 3;
        }
    }

    /// Runs it to its end.
    pub(crate) fn run(mut self, rule: &mut dyn Rule) -> Outcome {
        let open = self.shop.hours * 3600;
        while self.now < open {
            self.customers();
            self.warehouse();
            self.second(rule);
            self.measure();
        }
        self.outcome.seconds = open;
        let quiet = self.feed.last_news().max(open);
        while self.now < quiet + REST {
            self.second(rule);
        }

        let products = self.products.iter().enumerate();
        let wrong = products.filter(|(_, product)| product.on_sale != product.there.max(0));
        self.outcome.wrong_at_the_end = wrong.map(|(number, _)| number).collect();
        self.outcome
    }

    /// What happens in every second, also while the shop rests.
    fn second(&mut self, rule: &mut dyn Rule) {
        self.cancel();
        self.apply();
        self.results(rule);
        if self.now % TURN == 0 {
            self.feed.read(self.now);
            self.turn(rule);
        }
        self.now += 1;
    }

    fn customers(&mut self) {
        let customers = &mut self.chance.customers;
        if customers.f64() >= self.shop.sales_an_hour / 3600.0 {
            return;
        }
        let (product, wanted) = drawn(customers, &self.shares);
        let cancelled = (customers.f64() < 0.04).then(|| exponential(customers, 1200.0));
        let restocked = customers.bool();
        let delay = self.shop.delay(customers);
        let delay_of_cancellation = self.shop.delay(customers);

        let units = wanted.min(self.products[product].on_sale);
        if units == 0 {
            return;
        }
        let order = self.feed.place(Order {
            product,
            units,
            created: self.now,
            known: self.now + delay,
            cancelled: cancelled.map(|after| self.now + after + delay_of_cancellation),
        });
        if let Some(after) = cancelled {
            let at = self.cancelled.entry(self.now + after).or_default();
            at.push((order, restocked));
        }
        self.sell(product, units, order);
    }

    fn sell(&mut self, product: usize, units: i32, order: usize) {
        let explained = self.explained(product);
        let sold = &mut self.products[product];
        let excess = (sold.on_sale - sold.there.max(0)).max(0);
        let missing = (units - sold.there.max(0)).max(0);
        let (there, on_sale) = (sold.there, sold.on_sale);
        sold.there -= units;
        sold.on_sale -= units;
        sold.sold.push((self.now, units, order));

        self.outcome.sold += i64::from(units);
        if missing == 0 {
            return;
        }
        let avoidable = missing.min((excess - explained).max(0));
        self.outcome.oversold += i64::from(avoidable);
        self.outcome.unavoidable += i64::from(missing - avoidable);
        if avoidable > 0 {
            let hidden = self.feed.hidden(product);
            self.outcome.record.push(format!(
                "second {}, product {product}: {units} sold of {on_sale} on sale, {there} there, \
                 explained {explained}, hidden orders (created, units): {hidden:?}",
                self.now
            ));
        }
    }

    /// Units too many on sale that no rule can know of yet: a push has overwritten their sale and its
    /// order is not read, or they are missing since a count a moment ago; and so long as it then takes
    /// to lower the figure.
    fn explained(&mut self, product: usize) -> i32 {
        let lowered_by = TURN + QUEUE;
        let (feed, now) = (&self.feed, self.now);
        let product = &mut self.products[product];
        product.corrected.retain(|(at, _)| now - at <= lowered_by);
        product.overwritten.retain(|(order, _)| {
            feed.read_of(*order)
                .is_none_or(|read| now - read <= lowered_by)
        });
        let corrected = product.corrected.iter().map(|(_, units)| units);
        let overwritten = product.overwritten.iter().map(|(_, units)| units);
        corrected.chain(overwritten).sum()
    }

    /// Goods arrive eight times an hour, and six counts an hour are corrected by a unit or two.
    fn warehouse(&mut self) {
        let goods = &mut self.chance.goods;
        let (arrives, counted) = (goods.f64() < 8.0 / 3600.0, goods.f64() < 6.0 / 3600.0);
        let (product, size) = drawn(goods, &self.shares);
        if arrives {
            let units = size * goods.i32(5..=14);
            self.arrive(product, units);
        }
        let goods = &mut self.chance.goods;
        let (product, size) = (goods.usize(..self.shop.products), goods.i32(-2..=2));
        if counted {
            let units = size.max(-self.products[product].there.max(0));
            self.arrive(product, units);
            if units < 0 {
                self.products[product].corrected.push((self.now, -units));
            }
        }
    }

    fn arrive(&mut self, product: usize, units: i32) {
        self.products[product].there += units;
        self.feed.count(product, units);
    }

    fn cancel(&mut self) {
        for (order, restocked) in self.cancelled.remove(&self.now).unwrap_or_default() {
            let (product, units) = self.feed.of(order);
            let product = &mut self.products[product];
            product.there += units;
            if restocked {
                product.on_sale += units;
            }
        }
    }

    fn turn(&mut self, rule: &mut dyn Rule) {
        let on_sale: Vec<i32> = self
            .products
            .iter()
            .map(|product| product.on_sale)
            .collect();
        let desired = self.feed.desired();
        let news = self.feed.news();
        let view = View {
            now: time(self.now),
            read_at: time(self.feed.read_at),
            stale: self.now - self.feed.read_at > STALE,
            delay: self.feed.delay,
            desired: &desired,
            on_sale: &on_sale,
            sales: &self.feed.sales,
            news: &news,
        };
        for (product, quantity) in rule.turn(&view) {
            self.push(product, quantity);
        }
    }

    fn push(&mut self, product: usize, quantity: i32) {
        self.outcome.pushes += 1;
        let number = usize::try_from(self.outcome.pushes).unwrap_or(usize::MAX);
        self.products[product].open = Some(Open {
            number,
            sent: self.now,
            applied: false,
            looks: 0,
            next: self.now + 5,
        });
        let at = self.now + self.chance.queue.i64(1..=QUEUE);
        self.queued.entry(at).or_default().push(Push {
            number,
            product,
            quantity,
            looked: self.now,
        });
    }

    fn apply(&mut self) {
        for push in self.queued.remove(&self.now).unwrap_or_default() {
            let product = &mut self.products[push.product];
            if let Some(open) = product
                .open
                .as_mut()
                .filter(|open| open.number == push.number)
            {
                open.applied = true;
            }
            let before = product.taken.get(&push.quantity);
            if before.is_some_and(|taken| self.now - taken < REFUSES) {
                self.outcome.refused += 1;
                continue;
            }
            product.taken.insert(push.quantity, self.now);

            product.on_sale = push.quantity;
            product.sold.retain(|(at, ..)| self.now - at <= QUEUE);
            let unseen = product.sold.iter().filter(|(at, ..)| *at >= push.looked);
            product.overwritten = unseen.map(|(_, units, order)| (*order, *units)).collect();
        }
    }

    /// The results of pushes are asked for as the product does.
    fn results(&mut self, rule: &mut dyn Rule) {
        for (number, product) in self.products.iter_mut().enumerate() {
            let Some(open) = product.open.as_mut().filter(|open| open.next <= self.now) else {
                continue;
            };
            if open.applied {
                product.open = None;
                rule.result(number);
                continue;
            }
            open.looks += 1;
            let next = next_check(time(open.sent), open.looks, time(self.now));
            open.next = next.map_or(i64::MAX, |next| (next - time(0)).num_seconds());
        }
    }

    fn measure(&mut self) {
        for product in &self.products {
            let over = i64::from(product.on_sale - product.there.max(0));
            self.outcome.too_many += over.max(0);
            self.outcome.too_few += (-over).max(0);
        }
    }
}

/// A product by its share of the sales, and one unit or two.
fn drawn(rng: &mut Rng, shares: &[f64]) -> (usize, i32) {
    let all = shares.last().copied().unwrap_or_default();
    let at = rng.f64() * all;
    let product = shares
        .partition_point(|share| *share <= at)
        .min(shares.len() - 1);
    (product, rng.i32(1..=2))
}

/// Seconds until something that happens by chance after a mean time.
#[expect(clippy::cast_possible_truncation, reason = "a few thousand seconds")]
pub(crate) fn exponential(rng: &mut Rng, mean: f64) -> i64 {
    (-mean * (1.0 - rng.f64()).ln()).round() as i64
}
