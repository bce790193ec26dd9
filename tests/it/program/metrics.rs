//! What Prometheus reads: exact, complete from the start, and without a secret or an id.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use sandbox::panel::Endpoint;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::process::{
    Process, Signal,
    audit::audit,
    proxy::Proxy,
    until, within,
    world::{CANCELLED, KOD, PIN, SIFRE, TOP_UP, World},
};

const SUCCESSFUL: &str = "orderwatch_config_last_reload_successful";
const WARNED: &str = "orderwatch_warnings{condition=\"reload_refused\",severity=\"warning\"}";

/// What a scrape said, by the whole of a line before its value.
struct Scrape {
    text: String,
    values: BTreeMap<String, f64>,
}

/// Where the program says that it listens.
fn address(process: &Process) -> String {
    let written = process.written();
    let (_, rest) = written.rsplit_once("the page is at http://").unwrap();
    rest.split('/').next().unwrap().to_owned()
}

async fn get(process: &Process, accept: &str) -> String {
    process.wait_for_line("the page is at http://").await;
    let address = address(process);
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let request = format!(
        "GET /metrics HTTP/1.1\r\nHost: {address}\r\nAccept: {accept}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    within("the metrics", stream.read_to_end(&mut answer))
        .await
        .unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    answer
}

async fn scrape(process: &Process) -> Scrape {
    let answer = get(process, "*/*").await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(
        head.to_lowercase()
            .contains("content-type: text/plain; version=0.0.4"),
        "{head}"
    );
    let line = Regex::new(r"(?m)^([a-z_][a-z0-9_]*(?:\{[^}]*\})?) (\S+)\r?$").unwrap();
    let values = line.captures_iter(body);
    Scrape {
        text: body.to_owned(),
        values: values
            .map(|found| (found[1].to_owned(), found[2].parse().unwrap()))
            .collect(),
    }
}

impl Scrape {
    fn value(&self, name: &str) -> f64 {
        let value = self.values.get(name);
        *value.unwrap_or_else(|| panic!("no {name} in:\n{}", self.text))
    }

    /// A count; the tests count little.
    fn count(&self, name: &str) -> u64 {
        let value = format!("{}", self.value(name));
        value.parse().unwrap()
    }

    /// All values of a family together.
    fn sum(&self, family: &str) -> f64 {
        let of = |name: &&String| name.split('{').next() == Some(family);
        let found: Vec<_> = self.values.keys().filter(of).collect();
        assert!(!found.is_empty(), "no {family}");
        found.iter().map(|name| self.values[*name]).sum()
    }

    /// Families that are declared.
    fn families(&self) -> BTreeSet<&str> {
        let types = self
            .text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE "));
        types.map(|line| line.split(' ').next().unwrap()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_told_from_the_start_at_zero() {
    let world = World::new().await;
    let settings = world.settings().with("balance.enabled", "false");
    let process = world.start(&settings).await;
    let scrape = until("figures of the whole", || async {
        let scrape = scrape(&process).await;
        (scrape.value("orderwatch_database_up") > 0.0).then_some(scrape)
    })
    .await;
    for name in [
        "orderwatch_panel_calls_total{call=\"purchase\",outcome=\"accepted\"}",
        "orderwatch_panel_calls_total{call=\"catalogue\",outcome=\"unreadable\"}",
        "orderwatch_panel_call_duration_seconds_count{call=\"status\"}",
        "orderwatch_results_total{result=\"late_answer\"}",
        "orderwatch_orders_settled_total{ending=\"timed_out\"}",
        "orderwatch_orders_held_total{reason=\"unconfirmed\"}",
        "orderwatch_breaker_openings_total{reason=\"blocked\"}",
        "orderwatch_job_runs_total{name=\"pull-returns\",outcome=\"failed\"}",
        "orderwatch_notices_total{outcome=\"given_up\"}",
        "orderwatch_trendyol_requests_total{group=\"push\",outcome=\"rate_limited\"}",
        "orderwatch_stock_items_total{result=\"refused\"}",
        WARNED,
        "orderwatch_dispatch_latency_seconds_bucket{le=\"+Inf\"}",
        "orderwatch_time_to_code_seconds_sum",
        "orderwatch_orders{stage=\"held\"}",
        "orderwatch_held_orders{reason=\"no_mapping\"}",
        "orderwatch_oldest_order_age_seconds{state=\"due\"}",
        "orderwatch_warnings{condition=\"breaker_open\",severity=\"critical\"}",
        "orderwatch_breakers_open",
        "orderwatch_notices_failing",
    ] {
        assert_eq!(scrape.count(name), 0, "{name}");
    }
    assert!(
        scrape.text.contains("orderwatch_build_info{version="),
        "{}",
        scrape.text
    );
    assert!(scrape.count("orderwatch_database_connection_wait_seconds_count") > 0);
    assert!(scrape.value("process_resident_memory_bytes") > 1e6);
    assert!(scrape.value("process_open_fds") > 3.0);
    assert!(scrape.count("orderwatch_tasks") > 5);
    let open = get(&process, "application/openmetrics-text;version=1.0.0").await;
    assert!(open.contains("application/openmetrics-text") && open.ends_with("# EOF\n"));
    // A family that is declared says what it is, and has a value.
    for family in scrape.families() {
        assert!(
            scrape.text.contains(&format!("# HELP {family} ")),
            "{family}"
        );
        let has = |name: &String| name.starts_with(family);
        assert!(scrape.values.keys().any(has), "{family}");
    }
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_reload_is_a_metric_and_a_warning_until_the_next_good_one() {
    let world = World::new().await;
    let settings = world.settings();
    let process = world.start(&settings).await;
    settings
        .clone()
        .with("poll.lease", "7")
        .write(world.folder());
    process.signal(Signal::HUP);
    process.wait_for_line("the old ones stay").await;
    let refused = scrape(&process).await;
    assert_eq!(refused.count(SUCCESSFUL), 0);
    assert_eq!(refused.count(WARNED), 1);

    settings.text("poll.lease", "9s").write(world.folder());
    process.signal(Signal::HUP);
    process.wait_for_lines("orderwatch is running", 2).await;
    let applied = scrape(&process).await;
    assert_eq!(applied.count(SUCCESSFUL), 1);
    assert_eq!(applied.count(WARNED), 0);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn counters_agree_with_the_panels_ledger() {
    let world = World::new().await;
    let process = world.start(&world.settings()).await;
    world.shop.orders(PIN, "pin", 7).await;
    world.shop.orders(TOP_UP, "top-up", 4).await;
    world.shop.orders(CANCELLED, "cancelled", 3).await;
    let rows = world.shop.settled().await;
    let tally = audit(&world.panel, &rows);
    let scrape = until("the last result", || async {
        let scrape = scrape(&process).await;
        (scrape.sum("orderwatch_orders_settled_total") > 13.5).then_some(scrape)
    })
    .await;
    let ledger = world.panel.ledger();
    let sold = u64::try_from(ledger.sale_count()).unwrap();
    assert_eq!(sold, 14);
    let purchases = "orderwatch_panel_calls_total{call=\"purchase\",outcome=\"accepted\"}";
    assert_eq!(scrape.count(purchases), sold);
    let calls = |call| {
        scrape.count(&format!(
            "orderwatch_panel_call_duration_seconds_count{{call={call:?}}}"
        ))
    };
    assert_eq!(calls("purchase"), ledger.count(Endpoint::Purchase));
    assert_eq!(calls("status"), ledger.count(Endpoint::Status));
    let ended = |ending| {
        scrape.count(&format!(
            "orderwatch_orders_settled_total{{ending={ending:?}}}"
        ))
    };
    assert_eq!(ended("completed"), u64::try_from(tally.completed).unwrap());
    assert_eq!(ended("failed"), u64::try_from(tally.cancelled).unwrap());
    assert_eq!(
        scrape.count("orderwatch_dispatch_latency_seconds_count"),
        sold
    );
    assert_eq!(
        scrape.count("orderwatch_time_to_code_seconds_count"),
        ended("completed")
    );
    assert_eq!(
        scrape.count("orderwatch_claims_total{stream=\"dispatch\"}"),
        sold
    );
    assert_eq!(
        scrape.count("orderwatch_claims_total{stream=\"poll\"}"),
        calls("status")
    );
    assert_eq!(
        scrape.count("orderwatch_check_lateness_seconds_count"),
        calls("status")
    );
    let results = format!("{}", scrape.sum("orderwatch_results_total"));
    assert_eq!(results, (calls("status") + sold).to_string());
    assert_eq!(
        scrape.count("orderwatch_recorder_delay_seconds_count"),
        calls("status") + sold
    );

    says_nothing_that_it_should_not(&world, &scrape);
    is_told_and_explained(&scrape);
    process.stop().await;
    let pool = &world.database.pool;
    let stored: (i64, i64) = sqlx::query_as(
        "SELECT sum(count) FILTER (WHERE series = 'purchases')::bigint,
                sum(count) FILTER (WHERE series = 'checks')::bigint FROM orderwatch.stats
         WHERE integration_id = $1",
    )
    .bind(world.shop.integration)
    .fetch_one(pool)
    .await
    .unwrap();
    assert_eq!(stored.0, i64::try_from(sold).unwrap());
    assert_eq!(
        stored.1,
        i64::try_from(ledger.count(Endpoint::Status)).unwrap()
    );
}

/// No account, address, code, id or reference.
fn says_nothing_that_it_should_not(world: &World, scrape: &Scrape) {
    let address = world.panel.base_url();
    let host = address.trim_start_matches("http://").trim_end_matches('/');
    for secret in [KOD, SIFRE, host, &world.database.url()] {
        assert!(!scrape.text.contains(secret), "{secret}");
    }
    for sale in world.panel.ledger().sales() {
        assert!(!scrape.text.contains(&sale.reference), "{}", sale.reference);
        let pin = sale.pin.unwrap_or_else(|| "no PIN".to_owned());
        assert!(!scrape.text.contains(&pin), "{pin}");
    }
    let id = Regex::new(r"[0-9a-f]{8}-[0-9a-f]{4}-").unwrap();
    assert_eq!(id.find(&scrape.text).map(|found| found.as_str()), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn counters_are_told_while_the_database_is_away() {
    let world = World::new().await;
    let mut proxy = Proxy::before(world.database.options()).await;
    let settings = world
        .settings()
        .text("database.url", &proxy.url())
        .text("database.acquire_timeout", "1s");
    let process = world.program(&settings, &["run"]).spawn();
    // Not even started yet.
    let scrape_before = scrape(&process).await;
    assert_eq!(scrape_before.count("orderwatch_database_up"), 0);
    proxy.open().await;
    let order = world.shop.order(PIN, "player-1").await;
    world.shop.completed(order).await;
    let up = async |wanted: u64| {
        until("the state of the database", || async {
            let scrape = scrape(&process).await;
            (scrape.count("orderwatch_database_up") == wanted).then_some(scrape)
        })
        .await
    };
    up(1).await;
    proxy.cut().await;
    let away = up(0).await;
    let bought = "orderwatch_panel_calls_total{call=\"purchase\",outcome=\"accepted\"}";
    assert_eq!(away.count(bought), 1);
    assert!(
        !away.values.contains_key("orderwatch_orders_due"),
        "{}",
        away.text
    );
    proxy.open().await;
    let back = up(1).await;
    assert_eq!(back.count("orderwatch_orders_due"), 0);
    process.stop().await;
}

/// Rules and dashboard ask for nothing that is not told, and docs/metrics.md explains everything.
fn is_told_and_explained(scrape: &Scrape) {
    let names = Regex::new(r"\b(?:orderwatch|process)_[a-z0-9_]+\b").unwrap();
    let told: BTreeSet<&str> = scrape
        .values
        .keys()
        .map(|name| name.split('{').next().unwrap())
        .collect();
    let json: serde_json::Value =
        serde_json::from_str(include_str!("../../../config/grafana/orderwatch.json")).unwrap();
    let mut asked: Vec<String> = Vec::new();
    expressions(&json, &mut asked);
    assert!(asked.len() > 30, "{asked:?}");
    let rules = include_str!("../../../config/prometheus/orderwatch.rules.yml").lines();
    asked.extend(
        rules
            .filter(|line| line.contains("expr:"))
            .map(str::to_owned),
    );
    for name in asked.iter().flat_map(|text| names.find_iter(text)) {
        assert!(
            told.contains(name.as_str()),
            "nobody tells {}",
            name.as_str()
        );
    }
    let page = include_str!("../../../docs/metrics.md");
    for family in scrape.families() {
        assert!(
            page.contains(&format!("`{family}`")),
            "docs/metrics.md does not explain {family}"
        );
    }
}

/// All expressions in a dashboard.
fn expressions(json: &serde_json::Value, found: &mut Vec<String>) {
    match json {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), value) {
                    ("expr" | "query", serde_json::Value::String(text)) => found.push(text.clone()),
                    _ => expressions(value, found),
                }
            }
        }
        serde_json::Value::Array(items) => {
            for item in items {
                expressions(item, found);
            }
        }
        _ => {}
    }
}
