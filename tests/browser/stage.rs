//! A shop, a panel, a store, a running daemon, and a browser before it.

use sandbox::{
    panel::Readiness,
    trendyol::{Limits, Product, QueuePlan, StorePlan, TrendyolStore},
};

use super::{
    browser::Browser,
    process::{Process, Signal, settings::Settings, until, world::World},
};

/// What somebody shows to be let in.
pub(crate) const TOKEN: &str = "a-token-for-the-browser-tests";

pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) store: TrendyolStore,
    pub(crate) browser: Browser,
    settings: Settings,
    /// None after it was killed.
    daemon: Option<Process>,
    port: u16,
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
        let settings = settings(set);
        let daemon = world.start(&settings).await;
        let port = port(&daemon).await;
        let stage = Self {
            world,
            store,
            browser,
            settings,
            daemon: Some(daemon),
            port,
        };
        stage.log_in().await;
        Some(stage)
    }

    pub(crate) fn at(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) async fn go(&self, path: &str) {
        self.browser.go(&self.at(path)).await;
    }

    async fn log_in(&self) {
        self.go("/").await;
        self.show_token().await;
    }

    /// Signs in on the page that asks for it.
    pub(crate) async fn show_token(&self) {
        self.browser.fill("input[name=token]", TOKEN).await;
        self.browser.follow("main form button").await;
    }

    /// Runs statements of the shop or the warehouse.
    pub(crate) async fn sql(&self, sql: &str) {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        let pool = &self.world.database.pool;
        sqlx::raw_sql(sql).execute(pool).await.unwrap();
    }

    /// Where the daemon listens.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// The daemon stands still, as one does whose machine is cut off, or goes on.
    pub(crate) fn signal_daemon(&self, signal: Signal) {
        self.daemon.as_ref().unwrap().signal(signal);
    }

    /// The daemon ends at once, by `kill -9`.
    pub(crate) async fn kill_daemon(&mut self) {
        self.daemon.take().unwrap().kill().await;
    }

    /// Another one takes its place, on another port.
    pub(crate) async fn start_daemon(&mut self) {
        let daemon = self.world.start(&self.settings).await;
        self.port = port(&daemon).await;
        self.daemon = Some(daemon);
    }

    /// The daemon ends; the browser stays.
    pub(crate) async fn end_daemon(self) -> Browser {
        self.daemon.unwrap().stop().await;
        self.browser
    }

    pub(crate) async fn close(self) {
        self.browser.close().await;
        self.daemon.unwrap().stop().await;
    }
}

fn store_plan() -> StorePlan {
    let mut plan = StorePlan::new(7);
    plan.clock = sandbox::clock::running();
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
        .with("trendyol.stock.safety_stock", "0")
        .text("trendyol.seller_id", &plan.seller_id.to_string())
        .text("trendyol.api_key", &plan.api_key)
        .text("trendyol.api_secret", &plan.api_secret)
        .text("trendyol.base_url", &store.base_url())
        .with("trendyol.orders.interval", "\"1m\"")
        .with("trendyol.orders.page_interval", "\"50ms\"")
        // The tests say when stock is sent.
        .with("trendyol.stock.first_run_after", "\"1h\"")
        .with("trendyol.stock.settle", "\"0s\"")
}

/// Where the pages are, as the log says.
async fn port(daemon: &Process) -> u16 {
    until("the address in the log", || async {
        let log = daemon.written();
        let (_, rest) = log.split_once("http://127.0.0.1:")?;
        let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
        port.parse().ok()
    })
    .await
}
