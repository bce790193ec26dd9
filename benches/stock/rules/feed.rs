//! What the warehouse and the order feed tell: less than what is true, and later.

use chrono::{DateTime, Utc};
use fastrand::Rng;
use orderwatch::stock::pace::{OrderDelay, Sales};

use super::world::{Outage, Shop, time};

/// How long the feed fails, in seconds.
const OUTAGE: i64 = 600;

/// An order, or what is left of it.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) product: usize,
    pub(crate) units: i32,
    pub(crate) created: i64,
    /// From when on the feed tells of it.
    pub(crate) known: i64,
    /// From when on the feed tells that it was cancelled.
    pub(crate) cancelled: Option<i64>,
}

/// An order that has become known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct News {
    pub(crate) product: usize,
    pub(crate) units: u32,
    pub(crate) sold_at: DateTime<Utc>,
}

/// What is known.
#[derive(Debug)]
pub(crate) struct Feed {
    /// When it was last read.
    pub(crate) read_at: i64,
    /// What was measured of its delay.
    pub(crate) delay: OrderDelay,
    /// By product: how fast it sells.
    pub(crate) sales: Vec<Sales>,
    /// By product: counted units less those of the orders that are known.
    left: Vec<i32>,
    orders: Vec<Order>,
    /// By order: when it was read.
    read: Vec<Option<i64>>,
    /// Orders that are not read, or may still be cancelled.
    pending: Vec<usize>,
    /// Orders that became known since they were last asked for.
    news: Vec<News>,
    outage: (i64, Outage),
}

impl Feed {
    pub(crate) fn new(counted: Vec<i32>, shop: Shop, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed ^ 0xfeed);
        let begins = rng.i64(0..(shop.hours * 3600 - OUTAGE).max(1));
        let mut feed = Self {
            read_at: 0,
            delay: OrderDelay::default(),
            sales: vec![Sales::default(); counted.len()],
            left: counted,
            orders: Vec::new(),
            read: Vec::new(),
            pending: Vec::new(),
            news: Vec::new(),
            outage: (begins, shop.outage),
        };
        for _ in 0..100 {
            feed.measured(shop.delay(&mut rng));
        }
        feed
    }

    /// A sale before the simulation began.
    pub(crate) fn remember(&mut self, product: usize, units: i32, created: i64) {
        self.sales[product] = self.sales[product].with(units.unsigned_abs(), time(created));
    }

    /// The warehouse counts so many more, or fewer.
    pub(crate) fn count(&mut self, product: usize, units: i32) {
        self.left[product] += units;
    }

    /// A customer orders.
    pub(crate) fn place(&mut self, order: Order) -> usize {
        self.orders.push(order);
        self.read.push(None);
        self.pending.push(self.orders.len() - 1);
        self.orders.len() - 1
    }

    /// What has become known since the last time.
    pub(crate) fn news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// Product and units of an order.
    pub(crate) fn of(&self, order: usize) -> (usize, i32) {
        (self.orders[order].product, self.orders[order].units)
    }

    /// When an order was read.
    pub(crate) fn read_of(&self, order: usize) -> Option<i64> {
        self.read[order]
    }

    /// Orders of a product that are not read.
    pub(crate) fn hidden(&self, product: usize) -> Vec<(i64, i32)> {
        let orders = self.orders.iter().zip(&self.read);
        let hidden = orders.filter(|(order, read)| order.product == product && read.is_none());
        hidden
            .map(|(order, _)| (order.created, order.units))
            .collect()
    }

    /// When the last of what is not read yet will be known.
    pub(crate) fn last_news(&self) -> i64 {
        let pending = self.pending.iter().map(|order| &self.orders[*order]);
        let news = pending.map(|order| order.cancelled.unwrap_or(order.known));
        news.max().unwrap_or_default()
    }

    /// What should be on sale by what is known.
    pub(crate) fn desired(&self) -> Vec<i32> {
        self.left.iter().map(|left| (*left).max(0)).collect()
    }

    /// Reads what the feed tells by now.
    pub(crate) fn read(&mut self, now: i64) {
        let (begins, outage) = self.outage;
        let fails = (begins..begins + OUTAGE).contains(&now);
        if fails && outage == Outage::Fails {
            return;
        }
        self.read_at = now;
        if fails {
            return;
        }
        for order in std::mem::take(&mut self.pending) {
            if self.take(order, now) {
                self.pending.push(order);
            }
        }
    }

    /// Reads an order. True while there is more to come of it.
    fn take(&mut self, number: usize, now: i64) -> bool {
        let order = &self.orders[number];
        let (product, units, created) = (order.product, order.units, order.created);
        let cancelled = order.cancelled.is_some_and(|at| at <= now);
        let more = order.cancelled.is_some_and(|at| at > now);

        if self.read[number].is_none() && (order.known <= now || cancelled) {
            self.read[number] = Some(now);
            self.left[product] -= units;
            self.remember(product, units, created);
            self.measured(now - created);
            self.news.push(News {
                product,
                units: units.unsigned_abs(),
                sold_at: time(created),
            });
        }
        if cancelled {
            self.left[product] += units;
        }
        more || self.read[number].is_none()
    }

    /// The older orders count for less.
    #[expect(clippy::cast_precision_loss, reason = "a few thousand seconds")]
    fn measured(&mut self, seconds: i64) {
        const KEPT: f64 = 0.995;
        self.delay = self.delay.with(seconds as f64, KEPT);
    }
}
