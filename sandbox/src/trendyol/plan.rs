//! What a store is configured with before it starts.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    ops::RangeInclusive,
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;
use rust_decimal::Decimal;

use super::{Endpoint, Limits, Quirks};
use crate::{
    clock::{self, Clock},
    faults::FaultPlan,
};

/// When a store begins by default: 2026-11-20, 09:00 UTC.
const BEGINNING: i64 = 1_795_165_200;
/// What a slow report takes.
const SLOW: Duration = Duration::from_mins(20);

/// Everything about a store.
#[derive(Clone)]
pub struct StorePlan {
    /// Source of all that is random.
    pub seed: u64,
    /// Where to listen; port 0 means any free one.
    pub listen: SocketAddr,
    /// `sellerId`.
    pub seller_id: u64,
    /// The name of the key pair.
    pub api_key: String,
    /// The secret of the key pair.
    pub api_secret: String,
    /// What time it is. The default stands still until the store is advanced.
    pub clock: Clock,
    /// What can be sold.
    pub products: Vec<Product>,
    /// How stock reports are worked off.
    pub queue: QueuePlan,
    /// How long a change of a package stays out of sight; drawn evenly for each change.
    pub feed_delay: RangeInclusive<Duration>,
    /// From a change of a package to the call of the webhooks; drawn evenly for each change.
    pub hook_delay: RangeInclusive<Duration>,
    /// Whether webhooks are called by themselves, for a clock that runs. Without it they are called
    /// by [`TrendyolStore::deliver_hooks`](super::TrendyolStore::deliver_hooks).
    pub hooks_run: bool,
    /// Share of orders that begin as `Awaiting`, 0 to 1.
    pub awaiting: f64,
    /// Whether a cancellation gives the pieces back to the stock that is on sale.
    pub restocks: bool,
    /// How many requests are taken.
    pub limits: Limits,
    /// Behaviour that no document settles.
    pub quirks: Quirks,
    /// What goes wrong by chance.
    pub faults: FaultPlan<Endpoint>,
    /// Whether every request is kept; without it they are only counted.
    pub keeps_requests: bool,
}

impl StorePlan {
    /// A sound store with nothing in it, on any free port of this machine.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let beginning = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(BEGINNING);
        Self {
            seed,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seller_id: 107_703,
            api_key: "anahtar".to_owned(),
            api_secret: "gizli-anahtar".to_owned(),
            clock: clock::still(beginning),
            products: Vec::new(),
            queue: QueuePlan::default(),
            feed_delay: Duration::ZERO..=Duration::ZERO,
            hook_delay: Duration::ZERO..=Duration::ZERO,
            hooks_run: false,
            awaiting: 0.0,
            restocks: false,
            limits: Limits::default(),
            quirks: Quirks::default(),
            faults: FaultPlan::default(),
            keeps_requests: true,
        }
    }

    /// A sound store with so many products, ten pieces of each on sale.
    #[must_use]
    pub fn sample(seed: u64, products: u32) -> Self {
        let mut plan = Self::new(seed);
        plan.products = (0..products).map(|n| Product::sample(n, 10)).collect();
        plan
    }

    /// Turns on everything that real stores were seen to do, as often and as badly as chance says:
    /// [`Quirks::all`], a queue in which some reports need up to 20 minutes, packages that are
    /// published late, and orders that are not paid yet. Products, limits and faults stay as they are.
    pub fn turn_quirks_on(&mut self, rng: &mut Rng) {
        self.quirks = Quirks::all(rng);
        self.feed_delay = Duration::ZERO..=Duration::from_secs(rng.u64(0..=60));
        self.hook_delay = Duration::ZERO..=Duration::from_secs(rng.u64(0..=120));
        self.awaiting = 0.3 * rng.f64();
        self.restocks = rng.bool();

        self.queue = QueuePlan {
            delay: Duration::ZERO..=Duration::from_secs(rng.u64(0..=30)),
            keeps_order: rng.bool(),
            item_failures: 0.05 * rng.f64(),
            swallowed: 0.05 * rng.f64(),
            slow: 0.05 * rng.f64(),
            ..QueuePlan::default()
        };
    }
}

impl fmt::Debug for StorePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StorePlan")
            .field("seed", &self.seed)
            .field("products", &self.products.len())
            .finish_non_exhaustive()
    }
}

/// A product in the store.
#[derive(Clone, Debug)]
pub struct Product {
    /// Its barcode, as the store imported it.
    pub barcode: String,
    /// `stockCode`.
    pub stock_code: String,
    /// `contentId`: the same for all sizes and colours of one thing.
    pub content_id: i64,
    /// `productName`.
    pub name: String,
    /// `productSize`.
    pub size: String,
    /// `productColor`.
    pub color: String,
    /// What one piece is sold for, in TRY.
    pub price: Decimal,
    /// Pieces on sale at the start.
    pub stock: u32,
    /// Whether it can be sold.
    pub state: ProductState,
}

impl Product {
    /// A product on sale.
    #[must_use]
    pub fn new(barcode: impl Into<String>, stock: u32) -> Self {
        let barcode = barcode.into();
        Self {
            stock_code: format!("SKU-{barcode}"),
            content_id: 800_000,
            name: "Kadın Spor Ayakkabı".to_owned(),
            size: " 38".to_owned(),
            color: "Siyah".to_owned(),
            price: Decimal::new(49_890, 2),
            stock,
            state: ProductState::OnSale,
            barcode,
        }
    }

    /// Product number `n` of a shoe shop: three sizes of each shoe, barcodes `8683772000000` on.
    #[must_use]
    pub fn sample(n: u32, stock: u32) -> Self {
        let mut product = Self::new((8_683_772_000_000 + u64::from(n)).to_string(), stock);
        product.content_id += i64::from(n / 3);
        product.size = (36 + n % 3).to_string();
        product.price += Decimal::from(n % 50);
        product
    }

    /// The same product in another state.
    #[must_use]
    pub const fn state(mut self, state: ProductState) -> Self {
        self.state = state;
        self
    }
}

/// Whether a product can be sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProductState {
    /// It can.
    OnSale,
    /// Not yet approved.
    Unapproved,
    /// Put away by the seller.
    Archived,
    /// Locked by the marketplace.
    Locked,
}

/// How stock reports are worked off.
#[derive(Clone, Debug)]
pub struct QueuePlan {
    /// From the acceptance of a report to its last item; drawn evenly for each report.
    pub delay: RangeInclusive<Duration>,
    /// Whether reports are worked off in the order they came in. Without it a later one may
    /// overtake an earlier one.
    pub keeps_order: bool,
    /// Share of items that fail for no reason of theirs, 0 to 1.
    pub item_failures: f64,
    /// Share of reports that are accepted and then never worked off, 0 to 1.
    pub swallowed: f64,
    /// Share of reports that take [`Self::slow_delay`], 0 to 1. If reports keep their order, later
    /// ones wait for them.
    pub slow: f64,
    /// How long a slow report takes.
    pub slow_delay: RangeInclusive<Duration>,
}

impl Default for QueuePlan {
    fn default() -> Self {
        Self {
            delay: Duration::ZERO..=Duration::ZERO,
            keeps_order: true,
            item_failures: 0.0,
            swallowed: 0.0,
            slow: 0.0,
            slow_delay: SLOW..=SLOW,
        }
    }
}
