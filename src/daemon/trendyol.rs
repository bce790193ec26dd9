//! The parts of the Trendyol store, as the configuration says.

use std::{sync::Arc, time::Duration};

use tokio::sync::Notify;

use super::{DaemonError, Parts, build::Shared, limits, planned, sides};
use crate::{
    clock::Clock,
    config::{Config, TrendyolPaths},
    marketplace::trendyol::{AccountSettings, Paths, RateLimits, Trendyol},
    meter::Meter,
    outbound::Http,
    store::{Store, Tick},
    worker::{
        job::{Job, Periodic, Ran, run_tick},
        trendyol::{
            Doorbell, Pull, PullOrders, PullReturns, PushRules, PushStock, Reconciler, Seller,
            Sleep, Turns, VerifyStock,
        },
    },
};

/// The longest that a pass may take before its loop counts as stuck. Reading back 100,000 bar codes
/// at Trendyol's pace takes three minutes.
const LONGEST_PASS: Duration = Duration::from_mins(30);

/// The loop that acts on changes between two passes.
const STOCK_TURNS: &str = "stock-turns";
/// The loop that reads the orders that Trendyol calls about.
const DOORBELL: &str = "order-calls";

/// A job of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreJob {
    /// Read orders.
    PullOrders,
    /// Send stock.
    PushStock {
        /// Whether more than half of what is on sale may be set to zero.
        force: bool,
    },
    /// Compare everything that is on sale.
    VerifyStock,
    /// Read returns.
    PullReturns,
}

impl StoreJob {
    /// Every job, as the daemon runs it.
    pub const ALL: [Self; 4] = [
        Self::PullOrders,
        Self::PushStock { force: false },
        Self::VerifyStock,
        Self::PullReturns,
    ];

    /// Its name, as in `orderwatch once NAME`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PullOrders => "pull-orders",
            Self::PushStock { .. } => "push-stock",
            Self::VerifyStock => "verify-stock",
            Self::PullReturns => "pull-returns",
        }
    }
}

/// The seller's account.
///
/// # Errors
/// [`DaemonError::NoStore`] when there is none, [`DaemonError::Account`] when it cannot be used.
pub fn seller(
    config: &Config,
    store: &Store,
    clock: Arc<dyn Clock>,
) -> Result<Seller, DaemonError> {
    metered_seller(config, store, clock, Meter::new())
}

/// The account that all parts of a daemon share, if one is configured.
pub(super) fn of_daemon(config: &Config, shared: &Shared) -> Result<Option<Seller>, DaemonError> {
    if !config.trendyol.enabled {
        return Ok(None);
    }
    let clock = Arc::clone(&shared.clock);
    metered_seller(config, &shared.store, clock, Arc::clone(&shared.meter)).map(Some)
}

/// The account, measured by this meter.
fn metered_seller(
    config: &Config,
    store: &Store,
    clock: Arc<dyn Clock>,
    meter: Arc<Meter>,
) -> Result<Seller, DaemonError> {
    let trendyol = &config.trendyol;
    if !trendyol.enabled {
        return Err(DaemonError::NoStore);
    }
    let account = AccountSettings {
        seller_id: trendyol.seller_id.clone(),
        api_key: trendyol.api_key.clone(),
        api_secret: trendyol.api_secret.clone(),
        base_url: trendyol.base_url.to_string(),
        integrator: trendyol.integrator.clone(),
        store_front_code: trendyol.store_front_code.clone(),
    };
    let rates = RateLimits {
        orders: trendyol.orders.requests_per_minute,
        stream_every: trendyol.orders.page_interval,
        push: trendyol.stock.requests_per_minute,
        read: trendyol.stock.read_requests_per_minute,
        ..RateLimits::default()
    };
    let http = Http::new(&limits::http(config))?;
    let market = Trendyol::new(&account, &rates, http, trendyol.request_timeout)?
        .with_paths(paths(&trendyol.paths))
        .metered(Arc::clone(&meter));
    Ok(Seller {
        store: store.clone(),
        market: Arc::new(market),
        clock,
        rest: Arc::new(Sleep),
        meter,
    })
}

fn paths(paths: &TrendyolPaths) -> Paths {
    let paths = paths.clone();
    Paths {
        order_stream: paths.order_stream,
        orders: paths.orders,
        stock_push: paths.stock_push,
        batch_results: paths.batch_results,
        read_back: paths.read_back,
        claims: paths.claims,
        packages: paths.packages,
        webhooks: paths.webhooks,
    }
}

/// Runs one pass of a job now.
///
/// # Errors
/// [`DaemonError`] when there is no store, or when the pass fails.
pub async fn store_once(
    config: &Config,
    store: &Store,
    clock: Arc<dyn Clock>,
    job: StoreJob,
) -> Result<Ran, DaemonError> {
    sides::check_keeping(config, store).await?;
    sides::check_account(config, store, clock.now()).await?;
    let store = &store.clone().mirroring(config.trendyol.mirrors());
    let seller = seller(config, store, Arc::clone(&clock))?;
    if job == StoreJob::PullReturns && !config.trendyol.mirrors() {
        return Err(DaemonError::KeptElsewhere);
    }
    let pass = pass(config, &seller, job);
    let tick = Tick {
        job: pass.name(),
        at: clock.now(),
    };
    Ok(run_tick(store, &*clock, &pass, tick).await?)
}

/// Starts the jobs that are enabled.
pub(super) fn jobs(config: &Config, seller: &Seller, parts: &mut Parts) {
    for job in StoreJob::ALL {
        let Some(schedule) = planned::of_store(config, job) else {
            continue;
        };
        let pass = pass(config, seller, job);
        let name = pass.name();
        let periodic = Periodic {
            pass,
            schedule,
            store: seller.store.clone(),
            clock: Arc::clone(&seller.clock),
            pulse: parts.pulses.add(name, LONGEST_PASS),
            meter: Arc::clone(&seller.meter),
        };
        parts.spawn(name, periodic.run(parts.stop.clone()));
    }
    turns(config, seller, parts);
}

/// Starts what acts on changes between two passes.
fn turns(config: &Config, seller: &Seller, parts: &mut Parts) {
    let stock = &config.trendyol.stock;
    if !stock.enabled {
        return;
    }
    let pulse = parts.pulses.add(STOCK_TURNS, LONGEST_PASS);
    let turns = Turns::new(reconciler(config, seller, false), stock.react, pulse);
    parts.spawn(STOCK_TURNS, turns.run(parts.stop.clone()));
}

/// Reads the orders that Trendyol calls about, if it does.
pub(super) fn doorbell(config: &Config, seller: &Seller, bell: &Arc<Notify>, parts: &mut Parts) {
    let trendyol = &config.trendyol;
    if !trendyol.webhook.enabled {
        return;
    }
    let pull = Pull::new(seller.clone(), trendyol.orders.overlap);
    let address = trendyol.webhook.address(&trendyol.seller_id);
    let doorbell = Doorbell::new(Arc::new(pull), Arc::clone(bell), address);
    let pulse = parts.pulses.add(DOORBELL, LONGEST_PASS);
    parts.spawn(DOORBELL, doorbell.run(pulse, parts.stop.clone()));
}

/// What looks at stock and sends what differs.
#[must_use]
pub fn reconciler(config: &Config, seller: &Seller, force: bool) -> Arc<Reconciler> {
    let pull = Pull::new(seller.clone(), config.trendyol.orders.overlap);
    Arc::new(Reconciler::new(Arc::new(pull), push_rules(config, force)))
}

pub(super) fn pass(config: &Config, seller: &Seller, job: StoreJob) -> Arc<dyn Job> {
    let trendyol = &config.trendyol;
    let pull = || Arc::new(Pull::new(seller.clone(), trendyol.orders.overlap));
    let reconciler = |force| reconciler(config, seller, force);
    match job {
        StoreJob::PullOrders => Arc::new(PullOrders(pull())),
        StoreJob::PushStock { force } => Arc::new(PushStock(reconciler(force))),
        StoreJob::VerifyStock => Arc::new(VerifyStock(reconciler(false))),
        StoreJob::PullReturns => {
            Arc::new(PullReturns::new(seller.clone(), trendyol.returns.window))
        }
    }
}

/// How stock is sent.
#[must_use]
pub fn push_rules(config: &Config, force: bool) -> PushRules {
    let stock = &config.trendyol.stock;
    PushRules {
        batch_size: usize::try_from(stock.batch_size).unwrap_or(1),
        safety_stock: stock.safety_stock,
        shelves: stock.shelves,
        on_second_pusher: stock.on_second_pusher,
        max_order_age: stock.max_order_age_for_push,
        settle: stock.settle,
        interval: stock.interval,
        force,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;

    #[test]
    fn the_shipped_paths_are_those_of_the_client() {
        let url = ("DATABASE_URL", "postgres://shop:one@localhost/shop");
        let loaded = Config::load(&Sources::new(None, [url], Vec::new())).unwrap();
        assert_eq!(paths(&loaded.config.trendyol.paths), Paths::default());
    }
}
