//! Lists in pages: every row once, whatever is inserted meanwhile.

use std::collections::HashSet;

use serde_json::Value;
use uuid::Uuid;

use super::Site;
use crate::process::{
    Process,
    world::{PIN, World},
};

async fn open() -> (World, Process, Site) {
    let world = World::new().await;
    let settings = world
        .settings()
        .with("dispatch.enabled", "false")
        .with("poll.enabled", "false")
        .with("sweep.enabled", "false");
    let process = world.start(&settings).await;
    let site = Site::of(&process).await;
    (world, process, site)
}

/// Tracked orders, many of them at the same moment.
async fn track(world: &World, count: i32, seconds_ago: i32) {
    sqlx::query(
        "INSERT INTO orderwatch.orders (order_id, tenant_id, stage, held_reason, tracked_at)
         SELECT gen_random_uuid(), $1, 'held', 'no_mapping',
                now() - make_interval(secs => $3 + n / 7)
         FROM generate_series(1, $2) AS n",
    )
    .bind(world.shop.tenant)
    .bind(count)
    .bind(f64::from(seconds_ago))
    .execute(&world.database.pool)
    .await
    .unwrap();
}

fn ids(rows: &[Value]) -> Vec<&str> {
    rows.iter()
        .map(|row| row["order"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_is_listed_once_while_new_ones_come() {
    let (world, process, site) = open().await;
    track(&world, 60, 100).await;
    let all = site.pages("/api/v1/orders", 500).await.remove(0);
    assert_eq!(all.len(), 60);
    let mut seen = Vec::new();
    let mut path = "/api/v1/orders?limit=7".to_owned();
    loop {
        let page = site.read(&path).await;
        seen.extend(page["items"].as_array().unwrap().clone());
        track(&world, 5, 0).await;
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("/api/v1/orders?limit=7&cursor={next}");
    }
    assert_eq!(ids(&seen), ids(&all));
    // From the other end the new ones come last.
    let pages = site.pages("/api/v1/orders?sort=oldest&stage=held", 9).await;
    let rows = pages.concat();
    let once: HashSet<&str> = ids(&rows).into_iter().collect();
    assert_eq!(once.len(), rows.len());
    assert_eq!(rows.len(), 60 + 9 * 5);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_and_what_they_refuse() {
    let (world, process, site) = open().await;
    track(&world, 3, 0).await;
    let tenant = world.shop.tenant;
    let count = async |query: &str| {
        let path = format!("/api/v1/orders?{query}");
        site.read(&path).await["items"].as_array().unwrap().len()
    };
    assert_eq!(count("stage=held").await, 3);
    assert_eq!(count("stage=timed_out").await, 0);
    assert_eq!(count("reason=no_mapping").await, 3);
    assert_eq!(count("reason=sold_at_a_loss").await, 0);
    assert_eq!(count("reason=no_mapping&stage=submitted").await, 0);
    assert_eq!(count(&format!("tenant={tenant}")).await, 3);
    assert_eq!(count(&format!("tenant={}", Uuid::nil())).await, 0);
    assert_eq!(count("late=true").await, 0);
    for query in [
        "stage=gone",
        "reason=gone",
        "stage=held&stage=held",
        "limit=0",
        "limit=501",
        "limit=-1",
        "limit=99999999999",
        "late=yes",
        "tenant=7",
        "cursor=x",
        "cursor=",
        "stag=held",
        "sort=up",
    ] {
        let answer = site.get(&format!("/api/v1/orders?{query}")).await;
        assert_eq!(answer.problem(400), "bad-request", "{query}");
    }
    // A cursor belongs to its list.
    let page = site.read("/api/v1/orders?limit=1").await;
    let cursor = page["next"].as_str().unwrap();
    let answer = site
        .get(&format!("/api/v1/stock/log?cursor={cursor}"))
        .await;
    assert_eq!(answer.problem(400), "bad-request");
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_orders_than_one_step_retries_are_not_passed_over_in_silence() {
    let (world, process, site) = open().await;
    track(&world, 250, 0).await;
    let page = site.get("/inbox/retry?reason=no_mapping").await.body;
    assert!(
        page.contains("200 of 250 orders: no more are retried at once."),
        "{page}"
    );

    let form = async |who: &str| {
        let value = |name: &str| {
            let (_, rest) = page
                .split_once(&format!("name=\"{name}\" value=\""))
                .unwrap();
            rest.split('"').next().unwrap().to_owned()
        };
        let (orders, total) = (value("orders"), value("total"));
        let body = format!("orders={orders}&total={total}&who={who}&why=mapped");
        let headers = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Sec-Fetch-Site", "same-origin"),
        ];
        site.send("POST /inbox/retry", &headers, &body).await.body
    };
    let unsigned = form("").await;
    assert!(unsigned.contains("200 of 250 orders"), "{unsigned}");
    let done = form("A").await;
    assert!(done.contains("of 200. Not in this step: 50."), "{done}");

    // What went on since it was selected is said as well.
    let first = &site.read("/api/v1/orders?reason=no_mapping&limit=1").await["items"][0];
    let order = first["order"].as_str().unwrap();
    let chosen = format!("/inbox/retry?order={order}&order={}", Uuid::nil());
    let page = site.get(&chosen).await.body;
    assert!(page.contains("a reason that a retry can fix: 1."), "{page}");
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_search_names_exactly_is_on_its_first_page_alone() {
    let (world, process, site) = open().await;
    let mut orders = Vec::new();
    for _ in 0..7 {
        orders.push(world.shop.order(PIN, "player-1").await.to_string());
    }
    // Those of other players fit as well.
    for _ in 0..4 {
        orders.push(world.shop.order(PIN, "player-12").await.to_string());
    }
    sqlx::query(
        r#"INSERT INTO orderwatch.orders (order_id, tenant_id, stage, held_reason, tracked_at)
           SELECT id, "tenantId", 'held', 'no_mapping', now() FROM product_orders"#,
    )
    .execute(&world.database.pool)
    .await
    .unwrap();

    let pages = site.pages("/api/v1/orders/search?q=player-1", 3).await;
    let rows = pages.concat();
    let mut found = ids(&rows);
    found.sort_unstable();
    orders.sort_unstable();
    assert_eq!(found, orders);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_packages_of_one_order_are_read_page_by_page() {
    let (world, process, site) = open().await;
    let sql = "
        INSERT INTO orderwatch.packages
            (package_id, order_number, status, effect, modified_ms, changed_at, first_seen_at,
             last_seen_at, lines, content)
        SELECT n, '10654411111', 'Created', 'reserved', 0, now(), now(), now(), '[]', '{}'
        FROM generate_series(1, 60) n;
        UPDATE orderwatch.packages SET order_number = 'another' WHERE package_id > 55;";
    sqlx::raw_sql(sql)
        .execute(&world.database.pool)
        .await
        .unwrap();

    let path = "/api/v1/packages?number=10654411111";
    let pages = site.pages(path, 20).await;
    let sizes: Vec<usize> = pages.iter().map(Vec::len).collect();
    assert_eq!(sizes, [20, 20, 15]);
    let rows = pages.concat();
    let packages = rows.iter().map(|row| row["package"].to_string());
    assert_eq!(packages.collect::<HashSet<_>>().len(), 55);

    // The page shows 50, and leads to the others of the same order.
    let first = site.get("/packages?q=10654411111").await.body;
    let (_, link) = first.split_once("href=\"/packages?before=").unwrap();
    let link = link.split('"').next().unwrap().replace("&#38;", "&");
    let second = site.get(&format!("/packages?before={link}")).await.body;
    assert_eq!(second.matches("10654411111</").count(), 5, "{second}");
    assert!(!second.contains("another"), "{second}");
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lists_of_the_stock_side_have_every_row_once() {
    let (world, process, site) = open().await;
    let sql = "
        INSERT INTO orderwatch.stock_batches (fingerprint, sent_at, state, items, failed)
            SELECT 'x', now(), 'settled', 1, 0 FROM generate_series(1, 23);
        INSERT INTO orderwatch.stock_sends (batch, barcode, quantity, result)
            SELECT 1, 'B' || n, n, 'success' FROM generate_series(1, 23) n;
        INSERT INTO orderwatch.stock_items (barcode, failures, refused)
            SELECT 'B' || n, n - 1, 'words' FROM generate_series(1, 24) n;
        INSERT INTO stock_push_log (total_items) SELECT n FROM generate_series(1, 23) n;
        INSERT INTO orderwatch.shadow (order_id, tenant_id, at, expected)
            SELECT gen_random_uuid(), gen_random_uuid(), now(), 12.5 FROM generate_series(1, 23);
        INSERT INTO orderwatch.job_runs (job, tick, started_at)
            SELECT 'sweep', now() - make_interval(mins => n), now() FROM generate_series(1, 23) n;
        INSERT INTO orderwatch.events (order_id, at, kind, detail)
            SELECT '00000000-0000-4000-8000-000000000001', now(), 'checked', '{}'
            FROM generate_series(1, 23);
        INSERT INTO orderwatch.orders (order_id, tenant_id, stage, tracked_at, finished_at)
            VALUES ('00000000-0000-4000-8000-000000000001', gen_random_uuid(), 'failed', now(), now())";
    sqlx::raw_sql(sql)
        .execute(&world.database.pool)
        .await
        .unwrap();
    for path in [
        "/api/v1/stock/batches",
        "/api/v1/stock/batches/1/items",
        "/api/v1/stock/refused",
        "/api/v1/stock/log",
        "/api/v1/shadow/orders",
        "/api/v1/jobs/sweep/runs",
        "/api/v1/orders/00000000-0000-4000-8000-000000000001/events",
    ] {
        let pages = site.pages(path, 5).await;
        let sizes: Vec<usize> = pages.iter().map(Vec::len).collect();
        assert_eq!(sizes, [5, 5, 5, 5, 3], "{path}");
        let rows: HashSet<String> = pages.concat().iter().map(ToString::to_string).collect();
        // Passes of a job that look alike differ by their tick, all others by an id.
        assert_eq!(rows.len(), 23, "{path}");
    }
    let sums = site.read("/api/v1/shadow").await;
    assert_eq!(sums["panels"][0]["would_buy"], 23);
    assert_eq!(sums["panels"][0]["expected"], "287.50");
    let none = site.get("/api/v1/stock/batches/99/items").await;
    assert_eq!(none.problem(404), "not-found");
    process.stop().await;
}
