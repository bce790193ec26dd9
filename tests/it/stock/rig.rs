//! A warehouse, the practice store, and one orderwatch whose passes the test takes by hand.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, Utc};
use orderwatch::{
    clock::{Clock, ManualClock},
    config::{Config, Sources, TrendyolStock},
    marketplace::trendyol::{AccountSettings, RateLimits, Trendyol},
    outbound::{Http, HttpSettings},
    stock::pace::Settle,
    worker::{
        job::{Job, JobError},
        trendyol::{Pull, PullOrders, PullReturns, PushReport, Reconciler, Seller, VerifyStock},
    },
};
use sandbox::trendyol::{Endpoint, Limits, Product, StorePlan, TrendyolStore};
use serde_json::Value;
use sqlx::PgPool;

use super::{
    unsteady::{Tide, TideRest, Unsteady, Weather},
    warehouse::Warehouse,
};

/// Far from the database's own clock.
const BEGIN: i64 = 1_900_000_000;

/// What happens as time passes, besides the passing.
pub(crate) type Hook = Arc<Mutex<Option<Box<dyn FnMut(&TrendyolStore) + Send>>>>;

pub(crate) struct Rig {
    pub(crate) warehouse: Warehouse,
    pub(crate) shop: TrendyolStore,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) market: Arc<Unsteady>,
    pub(crate) seller: Seller,
    pub(crate) pull: Arc<Pull>,
    pub(crate) hook: Hook,
    tide: Tide,
    pub(crate) rules: TrendyolStock,
    pub(crate) force: bool,
}

impl Rig {
    pub(crate) async fn new(pool: PgPool, products: &[(&str, u32)]) -> Self {
        let products = products.iter().map(|(b, n)| Product::new(*b, *n)).collect();
        Self::over(Warehouse::new(pool).await, |plan| plan.products = products).await
    }

    pub(crate) async fn over(warehouse: Warehouse, change: impl FnOnce(&mut StorePlan)) -> Self {
        Self::with(warehouse, http(), change).await
    }

    /// `http` may be shared by all rigs of one test: building it takes longer than a simulated hour.
    pub(crate) async fn with(
        warehouse: Warehouse,
        http: Http,
        change: impl FnOnce(&mut StorePlan),
    ) -> Self {
        let begin = DateTime::from_timestamp(BEGIN, 0).unwrap();
        let clock = Arc::new(ManualClock::new(begin));
        let mut plan = StorePlan::new(7);
        let shown = Arc::clone(&clock);
        plan.clock = Arc::new(move || shown.now());
        plan.limits = Limits::none();
        change(&mut plan);
        let account = AccountSettings {
            seller_id: plan.seller_id.to_string(),
            api_key: plan.api_key.clone().into(),
            api_secret: plan.api_secret.clone().into(),
            base_url: String::new(),
            integrator: "SelfIntegration".to_owned(),
            store_front_code: None,
        };
        let shop = TrendyolStore::start(plan).await.unwrap();
        let hook = Hook::default();
        let tide = tide(&clock, &shop, &hook);
        let account = AccountSettings {
            base_url: shop.base_url(),
            ..account
        };
        let client = client(&account, http);
        let market = Arc::new(Unsteady::new(Arc::new(client), Arc::clone(&tide)));
        let seller = Seller {
            store: warehouse.store.clone(),
            market: Arc::clone(&market) as _,
            clock: Arc::clone(&clock) as _,
            rest: Arc::new(TideRest(Arc::clone(&tide))),
        };
        let database = ("DATABASE_URL", "postgres://localhost/not-used");
        let shipped = Config::load(&Sources::new(None, [database], [])).unwrap();
        let rules = TrendyolStock {
            safety_stock: 0,
            settle: Settle::Fixed(Duration::ZERO),
            ..shipped.config.trendyol.stock
        };
        Self {
            pull: Arc::new(Pull::new(seller.clone(), Duration::from_mins(15))),
            warehouse,
            shop,
            clock,
            market,
            seller,
            hook,
            tide,
            rules,
            force: false,
        }
    }

    /// Lets time pass, with all that happens meanwhile.
    pub(crate) fn wait(&self, time: Duration) {
        (self.tide)(time);
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(crate) fn weather(&self, change: impl FnOnce(&mut Weather)) {
        self.market.weather(change);
    }

    pub(crate) fn reconciler(&self) -> Arc<Reconciler> {
        Arc::new(Reconciler::new(
            Arc::clone(&self.pull),
            self.rules,
            self.force,
        ))
    }

    /// As if the orders had just been read, and none had changed: the next pass begins now.
    pub(crate) async fn feed_was_read(&self) {
        let read = format!(
            "UPDATE orderwatch.feeds SET read_until = '{now}'::timestamptz + interval '15 minutes', wide_at = '{now}',
                 good_at = '{now}'",
            now = self.now()
        );
        self.warehouse.run(&read).await;
    }

    /// A pass over the catalogue.
    pub(crate) async fn push(&self) -> Result<PushReport, JobError> {
        self.reconciler().pass(false).await
    }

    /// A turn over what is watched.
    pub(crate) async fn turn(&self) -> Result<Option<PushReport>, JobError> {
        self.reconciler().turn().await
    }

    pub(crate) async fn pull(&self) -> Result<Value, JobError> {
        PullOrders(Arc::clone(&self.pull)).run().await
    }

    pub(crate) async fn verify(&self) -> Result<Value, JobError> {
        VerifyStock(self.reconciler()).run().await
    }

    pub(crate) async fn returns(&self) -> Result<Value, JobError> {
        PullReturns::new(self.seller.clone(), Duration::from_hours(72))
            .run()
            .await
    }

    /// Requests about stock so far: pushes, read-backs, results.
    pub(crate) fn requests(&self) -> [u64; 3] {
        [
            Endpoint::PushStock,
            Endpoint::ReadBack,
            Endpoint::BatchResult,
        ]
        .map(|endpoint| self.shop.ledger().count(endpoint))
    }

    /// What is on sale, as `barcode units`.
    pub(crate) fn on_sale(&self) -> Vec<String> {
        let mut stocks = self.shop.stocks();
        stocks.sort();
        stocks.iter().map(|(b, n)| format!("{b} {n}")).collect()
    }

    /// The rows of `stock_push_log`.
    pub(crate) async fn log(&self) -> Vec<String> {
        self.warehouse
            .rows(
                "SELECT total_items, total_quantity, reserved_quantity, batch_count, success,
                        error_message FROM stock_push_log ORDER BY id",
            )
            .await
    }
}

fn tide(clock: &Arc<ManualClock>, shop: &TrendyolStore, hook: &Hook) -> Tide {
    let (clock, shop, hook) = (Arc::clone(clock), shop.clone(), Arc::clone(hook));
    Arc::new(move |time: Duration| {
        for _ in 0..time.as_secs() {
            clock.advance(Duration::from_secs(1));
            if let Some(hook) = hook.lock().unwrap().as_mut() {
                hook(&shop);
            }
        }
    })
}

fn client(account: &AccountSettings, http: Http) -> Trendyol {
    // The pace of the client is real time, and has tests of its own.
    let unpaced = RateLimits {
        orders: 0,
        stream_every: Duration::ZERO,
        push: 0,
        read: 0,
        claims: 0,
        packages: 0,
        path: 0,
    };
    Trendyol::new(account, &unpaced, http, Duration::from_secs(30)).unwrap()
}

pub(crate) fn http() -> Http {
    Http::new(&HttpSettings {
        connect_timeout: Duration::from_secs(5),
        request_timeout: Duration::from_secs(30),
    })
    .unwrap()
}
