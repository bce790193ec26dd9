//! A shop, a panel, a store, a running daemon, and a browser before it.

use orderwatch::sandbox::{
    panel::Readiness,
    trendyol::{Limits, Product, QueuePlan, StorePlan, TrendyolStore},
};

use super::{
    browser::Browser,
    process::{Process, settings::Settings, until, world::World},
};

/// What somebody shows to be let in.
pub(crate) const TOKEN: &str = "a-token-for-the-browser-tests";

pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) store: TrendyolStore,
    pub(crate) browser: Browser,
    daemon: Process,
    address: String,
}

/// Products of the store, and how many of each are on sale.
pub(crate) const PRODUCTS: [(&str, u32); 6] = [
    ("8690000000017", 5),
    ("8690000000024", 9),
    ("8690000000031", 4),
    ("8690000000048", 7),
    ("8690000000055", 3),
    ("8690000000062", 8),
];

impl Stage {
    /// Everything running, somebody logged in; `None` where there is no browser.
    pub(crate) async fn open(settings: impl FnOnce(Settings) -> Settings) -> Option<Self> {
        let browser = Browser::open().await?;
        let world = World::with(|plan| plan.readiness = Readiness::after_waits(2)).await;
        let store = TrendyolStore::start(store_plan()).await.unwrap();
        let set = with_store(world.settings(), &store)
            .text("http.token", TOKEN)
            .text("http.time_zone", "Europe/Istanbul");
        let daemon = world.start(&settings(set)).await;
        let address = address(&daemon).await;
        let stage = Self {
            world,
            store,
            browser,
            daemon,
            address,
        };
        stage.log_in().await;
        Some(stage)
    }

    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    pub(crate) async fn go(&self, path: &str) {
        self.browser.go(&self.at(path)).await;
    }

    async fn log_in(&self) {
        self.go("/").await;
        self.browser.fill("input[name=token]", TOKEN).await;
        self.browser.follow("main form button").await;
    }

    /// Runs statements of the shop or the warehouse.
    pub(crate) async fn sql(&self, sql: &str) {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        let pool = &self.world.database.pool;
        sqlx::raw_sql(sql).execute(pool).await.unwrap();
    }

    /// The daemon ends; the browser stays.
    pub(crate) async fn end_daemon(self) -> Browser {
        self.daemon.stop().await;
        self.browser
    }

    pub(crate) async fn close(self) {
        self.browser.close().await;
        self.daemon.stop().await;
    }
}

fn store_plan() -> StorePlan {
    let mut plan = StorePlan::new(7);
    plan.clock = std::sync::Arc::new(orderwatch::clock::DatabaseClock::new());
    plan.limits = Limits::none();
    plan.queue = QueuePlan::default();
    plan.products = PRODUCTS
        .map(|(barcode, units)| Product::new(barcode, units))
        .to_vec();
    plan
}

fn with_store(settings: Settings, store: &TrendyolStore) -> Settings {
    let plan = StorePlan::new(7);
    settings
        .with("trendyol.enabled", "true")
        .text("trendyol.seller_id", &plan.seller_id.to_string())
        .text("trendyol.api_key", &plan.api_key)
        .text("trendyol.api_secret", &plan.api_secret)
        .text("trendyol.base_url", &store.base_url())
        .with("trendyol.orders.interval", "\"1m\"")
        .with("trendyol.orders.page_interval", "\"50ms\"")
        // The tests say when stock is sent.
        .with("trendyol.stock.first_run_after", "\"1h\"")
        .with("trendyol.stock.look_again_after", "\"0s\"")
}

/// Where the pages are, as the log says.
async fn address(daemon: &Process) -> String {
    until("the address in the log", || async {
        let log = daemon.written();
        let (_, rest) = log.split_once("http://127.0.0.1:")?;
        let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
        (!port.is_empty()).then(|| format!("http://127.0.0.1:{port}"))
    })
    .await
}
