//! The program beside a Trendyol store: killed with a request open, counted, and silent about customers.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::time::Duration;

use chrono::TimeDelta;
use orderwatch::clock::{Clock as _, DatabaseClock};
use sandbox::{
    gates::Moment,
    trendyol::{
        Endpoint, Limits, Product, ProductState, Status, StorePlan, TrendyolStore, trouble,
    },
    trouble::{Fault, Trouble},
};
use serde_json::json;
use sqlx::{AssertSqlSafe, Executor as _, Row as _};

use crate::{
    http::Site,
    process::{Process, settings::Settings, until, within, world::World},
};

/// A store, and a world with a warehouse.
pub(super) struct Market {
    pub(super) world: World,
    pub(super) shop: TrendyolStore,
}

impl Market {
    /// Five of A and of B lie there, and nothing is on sale.
    pub(super) async fn new() -> Self {
        Self::with_results_after(Duration::ZERO).await
    }

    async fn with_results_after(results_after: Duration) -> Self {
        let mut plan = StorePlan::new(7);
        plan.clock = sandbox::clock::running();
        plan.limits = Limits::none();
        plan.queue.delay = results_after..=results_after;
        plan.products = ["A", "B"].map(|barcode| Product::new(barcode, 0)).to_vec();
        let market = Self {
            world: World::new().await,
            shop: TrendyolStore::start(plan).await.unwrap(),
        };
        market
            .sql("INSERT INTO central_stock (barcode, qty) VALUES ('A', 5), ('B', 5)")
            .await;
        market
    }

    /// One pass of each job at the start, and no other.
    pub(super) fn settings(&self) -> Settings {
        let settings = self
            .world
            .settings()
            .with("trendyol.enabled", "true")
            .with("trendyol.stock.safety_stock", "0");
        // Half a day away, by the clocks of Istanbul.
        let far = (DatabaseClock::new().now() + TimeDelta::hours(15))
            .format("%H:%M")
            .to_string();
        [
            ("seller_id", "107703"),
            ("api_key", "anahtar"),
            ("api_secret", "gizli-anahtar"),
            ("base_url", &self.shop.base_url()),
            ("orders.interval", "1h"),
            ("orders.page_interval", "0s"),
            ("stock.interval", "1h"),
            ("stock.first_run_after", "0s"),
            ("stock.react", "0s"),
            ("stock.settle", "0s"),
            ("stock.verify_at", &far),
            ("returns.at", &far),
        ]
        .iter()
        .fold(settings, |settings, (key, value)| {
            settings.text(&format!("trendyol.{key}"), value)
        })
    }

    async fn start(&self) -> Process {
        self.world.start(&self.settings()).await
    }

    async fn sql(&self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        self.world.database.pool.execute(sql).await.unwrap();
    }

    /// Everything that was sent is older.
    pub(super) async fn time_passes(&self) {
        let older = "SET sent_at = sent_at - interval '30 minutes'";
        self.sql(&format!(
            "UPDATE orderwatch.stock_batches {older};
             UPDATE orderwatch.stock_items {older}, open_until = open_until - interval '30 minutes'"
        ))
        .await;
    }

    /// Waits until all five of both are known to be on sale.
    pub(super) async fn settled(&self) {
        let settled =
            "SELECT count(*) FROM orderwatch.stock_items WHERE observed = 5 AND open_until IS NULL";
        until("what was sent to be settled", || async {
            let items = sqlx::query_scalar(settled);
            let items: i64 = items.fetch_one(&self.world.database.pool).await.unwrap();
            (items == 2).then_some(())
        })
        .await;
        self.on_sale(5).await;
    }

    /// Waits until Trendyol has said what became of all that was sent.
    async fn results_are_known(&self) {
        until("the results", || async {
            let open = "SELECT count(*) FROM orderwatch.stock_items WHERE open_until IS NOT NULL";
            let open = sqlx::query_scalar(open);
            let open: i64 = open.fetch_one(&self.world.database.pool).await.unwrap();
            (open == 0).then_some(())
        })
        .await;
    }

    async fn on_sale(&self, want: u32) {
        until("what is there to be on sale", || async {
            let stocks = self.shop.stocks();
            stocks.iter().all(|(_, n)| *n == want).then_some(())
        })
        .await;
    }

    /// Waits until so many passes that send stock were written down.
    pub(super) async fn pushed(&self, passes: i64) {
        until("a pass to end", || async {
            let ended = self.passes().await;
            (ended >= passes).then_some(())
        })
        .await;
    }

    /// Passes that were written down.
    pub(super) async fn passes(&self) -> i64 {
        let ended = sqlx::query_scalar("SELECT count(*) FROM stock_push_log");
        ended.fetch_one(&self.world.database.pool).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_is_cut_by_a_kill_is_looked_at_and_sent_again_only_if_it_was_lost() {
    for is_lost in [true, false] {
        let market = Market::new().await;
        let gate = market.shop.hold(Endpoint::PushStock, Moment::BeforeAnswer);
        if is_lost {
            let lost = Fault::Instead(Trouble::Hang);
            market.shop.faults().next(Endpoint::PushStock, lost);
        }
        // A tick that was begun is not begun again, so the next one has to come.
        let settings = market.settings().text("trendyol.stock.interval", "2s");
        let process = market.world.start(&settings).await;
        within("the push", gate.arrived(1)).await;
        process.kill().await;
        gate.open();
        let process = market.world.start(&settings).await;
        market.pushed(1).await;
        let early = market.shop.ledger().count(Endpoint::PushStock);
        assert_eq!(early, 1, "nobody knows yet whether it was lost");
        market.time_passes().await;
        market.settled().await;
        process
            .wait_for_line("before the answer to its push was written down")
            .await;
        process.stop().await;
        let runs = "SELECT report ->> 'error' FROM orderwatch.job_runs
                    WHERE job = 'push-stock' ORDER BY tick LIMIT 1";
        let run = sqlx::query_scalar(runs);
        let said: String = run.fetch_one(&market.world.database.pool).await.unwrap();
        assert_eq!(said, "its process ended before it did");
        let pushes = market.shop.ledger().requests_to(Endpoint::PushStock);
        let worked: Vec<_> = pushes.iter().map(|push| push.worked).collect();
        let want: &[_] = if is_lost {
            &[None, Some(200)]
        } else {
            &[Some(200)]
        };
        assert_eq!(worked, want);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_does_not_come_keeps_no_stock_from_being_lowered() {
    let market = Market::new().await;
    let gate = market
        .shop
        .hold(Endpoint::BatchResult, Moment::BeforeAnswer);
    let settings = market.settings().text("trendyol.stock.react", "1s");
    let settings = settings.text("trendyol.request_timeout", "5m");
    let process = market.world.start(&settings).await;
    within("the question for the result", gate.arrived(1)).await;
    market.on_sale(5).await;

    market.sql("UPDATE central_stock SET qty = 2").await;
    market.on_sale(2).await;
    gate.open();
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_do_is_measured_also_by_hand() {
    // The results are asked for more than once, and every item is counted once.
    let market = Market::with_results_after(Duration::from_secs(2)).await;
    market
        .sql("INSERT INTO central_stock (barcode, qty) VALUES ('C', 5)")
        .await;
    market
        .shop
        .put(Product::new("C", 5).state(ProductState::OnSale));
    market.shop.sell("C", 1).unwrap();
    market.shop.set_state("B", ProductState::Locked).unwrap();
    let now = Some(Duration::from_secs(1));
    let refusal = trouble::too_many(Endpoint::PushStock, now);
    market
        .shop
        .faults()
        .next(Endpoint::PushStock, Fault::Instead(refusal));
    let process = market.start().await;
    market.pushed(1).await;
    let site = Site::of(&process).await;
    let body = json!({ "by": "Can", "reason": "looking" });
    site.post("/api/v1/jobs/push-stock/runs", &body).await;
    market.pushed(2).await;
    market.results_are_known().await;
    let good = site
        .post("/api/v1/jobs/push-stock/runs", &body)
        .await
        .good();
    assert_eq!(good["report"]["waiting"]["quarantined"], 1, "{good}");
    until("the pass of the start", || async {
        let job = "SELECT EXISTS (SELECT FROM orderwatch.job_runs WHERE job = 'pull-orders' AND outcome = 'done')";
        let done: bool = sqlx::query_scalar(job).fetch_one(&market.world.database.pool).await.unwrap();
        done.then_some(())
    })
    .await;
    let reset = Fault::Instead(Trouble::Reset);
    market.shop.faults().next(Endpoint::Claims, reset);
    site.post("/api/v1/jobs/pull-returns/runs", &body).await;
    let told = site.get("/metrics").await.body;
    let whole = |name: &str| figure(&told, name).to_string();
    let ledger = market.shop.ledger();
    for (group, endpoints) in [
        ("orders", vec![Endpoint::OrderStream, Endpoint::Orders]),
        ("push", vec![Endpoint::PushStock]),
        ("read", vec![Endpoint::ReadBack, Endpoint::BatchResult]),
        ("packages", vec![Endpoint::UpdatePackage]),
    ] {
        let came: u64 = endpoints.iter().map(|to| ledger.count(*to)).sum();
        let of =
            |outcome| format!("trendyol_requests_total{{group={group:?},outcome={outcome:?}}}");
        let refused = u64::from(group == "push");
        assert_eq!(whole(&of("rate_limited")), refused.to_string(), "{group}");
        assert_eq!(whole(&of("ok")), (came - refused).to_string(), "{group}");
        let timed = format!("trendyol_request_duration_seconds_count{{group={group:?}}}");
        assert_eq!(whole(&timed), came.to_string());
    }
    for (name, want) in [
        (
            "trendyol_requests_total{group=\"claims\",outcome=\"no_answer\"}",
            1,
        ),
        (
            "trendyol_requests_total{group=\"claims\",outcome=\"ok\"}",
            0,
        ),
        ("stock_items_total{result=\"pushed\"}", 2),
        ("stock_items_total{result=\"confirmed\"}", 1),
        ("stock_items_total{result=\"refused\"}", 1),
    ] {
        assert_eq!(whole(name), want.to_string(), "{name}");
    }
    until("figures of the whole", || async {
        let told = site.get("/metrics").await.body;
        let is = |name: &str, want: f64| figure(&told, name).to_string() == want.to_string();
        let all = is("stock_items_quarantined", 1.0)
            && is("stock_items_pending", 0.0)
            && is("packages_open", 1.0)
            && !is("trendyol_last_good_pull_timestamp_seconds", 0.0)
            && !is("trendyol_last_good_push_timestamp_seconds", 0.0);
        all.then_some(())
    })
    .await;
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_of_the_store_do_what_they_say() {
    let market = Market::new().await;
    let settings = market.settings();
    let run = async |args: &[&str]| market.world.program(&settings, args).run().await;
    let dry = run(&["stock", "push", "--dry-run"]).await.good();
    assert!(dry.starts_with("0 products differ"), "{dry}");
    let rest = "\n2 wait; `orderwatch stock plan` says why.\n\
                The orders were not read lately; a pass reads them first.\n";
    assert!(dry.ends_with(rest), "{dry}");
    assert_eq!(market.shop.ledger().total(), 0);
    for job in ["pull-orders", "push-stock", "verify-stock", "pull-returns"] {
        let figures = run(&["once", job]).await.good();
        let figures: serde_json::Value = serde_json::from_str(&figures).unwrap();
        assert!(figures.is_object(), "{job}: {figures}");
    }
    market.on_sale(5).await;

    market.sql("UPDATE central_stock SET qty = 0").await;
    for args in [&["stock", "push"][..], &["stock", "push", "--dry-run"]] {
        let ended = run(args).await;
        assert_eq!(ended.code(), 1, "{ended:?}");
        assert!(
            ended
                .stderr
                .contains("2 of 2 products on sale would be set to zero"),
            "{ended:?}"
        );
    }
    market.on_sale(5).await;
    run(&["stock", "push", "--force"]).await.good();
    market.on_sale(0).await;
    market
        .sql("INSERT INTO stock_push_log (id, push_time, success) VALUES (0, now() - interval '2 days', true)")
        .await;
    let rows = async |args: &[&str]| {
        let text = run(args).await.good();
        text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    let log = rows(&["stock", "log", "-n", "3"]).await;
    assert!(log[0].ends_with("done"), "{log:?}");
    assert!(log[1].contains("failed: 2 of 2 products"), "{log:?}");
    let all = rows(&["stock", "log"]).await;
    assert_eq!((log.len(), all.len()), (3, 5), "{all:?}");
    assert!(!rows(&["stock", "log", "--today"]).await.contains(&all[4]));
}

/// A figure of `/metrics`.
fn figure(told: &str, name: &str) -> f64 {
    let start = format!("orderwatch_{name} ");
    let line = told.lines().find_map(|line| line.strip_prefix(&start));
    let value = line.unwrap_or_else(|| panic!("no {name} in:\n{told}"));
    value.trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_about_a_customer_or_the_key_is_logged_or_kept_in_reports() {
    let market = Market::new().await;
    market.shop.put(Product::new("C", 9));
    market
        .sql("ALTER TABLE orders_created ADD CONSTRAINT narrow CHECK (quantity < 3)")
        .await;
    let shown = market.shop.sell("C", 1).unwrap().packages[0];
    market.shop.sell("C", 3).unwrap();
    market.shop.move_to(shown, Status::Delivered).unwrap();
    let odd = market.shop.sell("C", 2).unwrap().packages[0];
    let new = Status::Other("OnTheMoon".into());
    market.shop.move_to(odd, new).unwrap();
    market.shop.claim(shown, "C", 1).unwrap();
    let broken = Fault::Instead(trouble::system_error(Endpoint::Claims, 500));
    let settings = market
        .settings()
        .text("log.level", "trace,hyper=trace,reqwest=trace,sqlx=trace");
    let world = &market.world;
    for job in [
        "pull-orders",
        "push-stock",
        "pull-returns",
        "verify-stock",
        "pull-returns",
    ] {
        let ended = world.program(&settings, &["once", job]).run().await;
        is_silent(&[ended.stdout, ended.stderr], job);
        market.shop.faults().next(Endpoint::Claims, broken.clone());
    }
    let process = world.start(&settings).await;
    market.pushed(3).await;
    process.wait_for_line("does not take an order").await;
    process.wait_for_line("is new to orderwatch").await;
    let ended = process.stop().await;
    is_silent(&[ended.stdout, ended.stderr], "run");
    is_silent(&[reports(&market).await], "reports");
}

/// Names, address, mail address, number of identity; key, secret, and both as they travel.
fn is_silent(texts: &[String], what: &str) {
    let canaries = [
        "Şahin",
        "Yılmaz",
        "Kadıköy",
        "Gül Sk",
        "trendyolmail",
        "11111111111",
        "gizli-anahtar",
        "YW5haHRhcjpnaXpsaS1hbmFodGFy",
    ];
    for text in texts {
        for canary in canaries {
            let line = text.lines().find(|line| line.contains(canary));
            assert_eq!(line, None, "{canary} in {what}");
        }
    }
}

/// All that is kept, but for what the warehouse is shown.
async fn reports(market: &Market) -> String {
    let pool = &market.world.database.pool;
    let tables =
        "SELECT format('SELECT (to_jsonb(t) - ''content'')::text FROM orderwatch.%I t', table_name)
                  FROM information_schema.tables WHERE table_schema = 'orderwatch'
                  UNION SELECT 'SELECT to_jsonb(t)::text FROM stock_push_log t'";
    let mut all = String::new();
    for table in sqlx::query(tables).fetch_all(pool).await.unwrap() {
        let rows = AssertSqlSafe(table.get::<String, _>(0));
        for row in sqlx::query(rows).fetch_all(pool).await.unwrap() {
            all += &row.get::<String, _>(0);
        }
    }
    assert!(
        all.contains("pull-returns") && all.contains("do not take: 1"),
        "{all}"
    );
    all
}
