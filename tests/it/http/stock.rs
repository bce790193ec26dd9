//! The stock side over the API, with a store that answers: sending, waiting, picking.

use sandbox::{
    gates::Moment,
    trendyol::{Endpoint, Status, trouble},
    trouble::Fault,
};
use serde_json::{Value, json};
use sqlx::Executor as _;

use super::Site;
use crate::process::{Process, market::Market, until, world::World};

const PUSH: &str = "/api/v1/stock/push";

async fn sql(world: &World, sql: &'static str) {
    world.database.pool.execute(sql).await.unwrap();
}

fn signed() -> Value {
    json!({ "by": "Ayşe", "reason": "counted anew" })
}

/// A shop whose warehouse has more of A and of B than is on sale.
async fn open() -> (World, Market, Process, Site) {
    let world = World::new().await;
    let market = Market::open(&[("A", 3), ("B", 2)]).await;
    sql(
        &world,
        "INSERT INTO central_stock (barcode, qty) VALUES ('A', 5), ('B', 7)",
    )
    .await;
    let settings = market.settings(world.settings());
    // The tests say when stock is sent.
    let settings = settings
        .text("trendyol.stock.react", "0s")
        .text("trendyol.stock.settle", "0s")
        .text("trendyol.request_timeout", "80s");
    let process = world.start(&settings).await;
    let site = Site::of(&process).await;
    (world, market, process, site)
}

/// The store has all that the warehouse has.
async fn on_sale(market: &Market) {
    until("all to be on sale", || async {
        let stocks = ["A", "B"].map(|barcode| market.store.stock_of(barcode));
        (stocks == [Some(5), Some(7)]).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_is_sent_over_the_api_and_every_list_tells_of_it() {
    let (world, market, process, site) = open().await;
    let plan = site.read("/api/v1/stock/plan").await;
    assert_eq!(plan["products"]["items"].as_array().unwrap().len(), 2);
    let pushed = site.post(PUSH, &signed()).await.good();
    assert_eq!(pushed["state"], "done", "{pushed:#}");
    assert_eq!(pushed["report"]["items"], 2, "{pushed:#}");
    assert_eq!(pushed["report"]["units"], 12, "{pushed:#}");
    on_sale(&market).await;

    let log = site.read("/api/v1/stock/log").await;
    assert_eq!(
        (&log["items"][0]["items"], &log["items"][0]["success"]),
        (&json!(2), &json!(true)),
        "{log:#}"
    );
    let batches = site.read("/api/v1/stock/batches").await;
    let batch = batches["items"][0]["id"].as_str().unwrap();
    let lines = site
        .read(&format!("/api/v1/stock/batches/{batch}/items"))
        .await;
    let lines = lines["items"].as_array().unwrap();
    let lines: Vec<_> = lines
        .iter()
        .map(|line| (line["barcode"].as_str().unwrap(), &line["quantity"]))
        .collect();
    assert_eq!(lines, [("A", &json!(5)), ("B", &json!(7))]);
    let runs = site.read("/api/v1/jobs/push-stock/runs").await;
    assert_eq!(runs["items"][0]["outcome"], "done", "{runs:#}");
    let kept: (String, String, String) =
        sqlx::query_as("SELECT who, why, what FROM orderwatch.actions")
            .fetch_one(&world.database.pool)
            .await
            .unwrap();
    assert_eq!((&*kept.0, &*kept.1), ("Ayşe", "counted anew"), "{kept:?}");
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_would_empty_the_store_is_done_only_when_it_is_forced() {
    let (world, market, process, site) = open().await;
    assert_eq!(site.post(PUSH, &signed()).await.good()["state"], "done");
    on_sale(&market).await;
    // Only what the store has confirmed counts as being on sale.
    until("the results to be known", || async {
        let verify = site.post("/api/v1/jobs/verify-stock/runs", &signed()).await;
        let plan = site.read("/api/v1/stock/plan?settled=true").await;
        let settled = plan["products"]["items"].as_array().unwrap().iter();
        let settled = settled.filter(|item| item["verdict"] == "in_sync").count();
        (verify.status == 200 && settled == 2).then_some(())
    })
    .await;
    sql(&world, "UPDATE central_stock SET qty = 0").await;
    let answer = site.post(PUSH, &signed()).await;
    assert_eq!(answer.problem(409), "failed");
    assert!(answer.body.contains("would be set to zero"), "{answer:?}");
    let plan = site.read("/api/v1/stock/plan").await;
    assert!(plan["stopped"].is_string(), "{plan:#}");
    let mut forced = signed();
    forced["force"] = json!(true);
    let pushed = site.post(PUSH, &forced).await.good();
    assert_eq!(pushed["state"], "done", "{pushed:#}");
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_takes_long_is_answered_before_its_end_and_its_result_is_found() {
    let (_world, market, process, site) = open().await;
    let gate = market.store.hold(Endpoint::PushStock, Moment::BeforeAnswer);
    let answer = site.post(PUSH, &signed()).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(answer.json(), json!({ "state": "running", "report": null }));
    assert_eq!(site.post(PUSH, &signed()).await.problem(409), "busy");
    gate.open();
    let run = until("the pass to end", || async {
        let runs = site.read("/api/v1/jobs/push-stock/runs").await;
        let run = runs["items"][0].clone();
        (!run["outcome"].is_null()).then_some(run)
    })
    .await;
    assert_eq!(run["outcome"], "done", "{run:#}");
    assert_eq!(run["report"]["items"], 2, "{run:#}");
    on_sale(&market).await;
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_picked_over_the_api_and_the_store_is_told() {
    let (world, market, process, site) = open().await;
    sql(
        &world,
        "INSERT INTO raf_urunleri (raf_kodu, urun_barkodu, adet)
         VALUES ('R1', 'A', 1), ('R2', 'A', 5)",
    )
    .await;
    let heard = market.store.sell("A", 1).unwrap();
    let unheard = market.store.sell("A", 1).unwrap();
    for order in [&heard, &unheard] {
        until("the order to be read", || async {
            let path = format!("/api/v1/packages?number={}", order.number);
            let pull = site.post("/api/v1/jobs/pull-orders/runs", &signed()).await;
            let found = site.read(&path).await;
            let there = found["items"].as_array().is_some_and(|all| !all.is_empty());
            (pull.status == 200 && there).then_some(())
        })
        .await;
    }
    let mut body = json!({ "order": heard.number, "shelf": "R1", "by": "Ayşe", "dry_run": true });
    let rehearsed = site.post("/api/v1/pick", &body).await.good();
    assert_eq!(
        (&rehearsed["outcome"], &rehearsed["reported"]),
        (&json!("would-take"), &Value::Null)
    );
    body["dry_run"] = json!(false);
    let took = site.post("/api/v1/pick", &body).await.good();
    assert_eq!(
        (&took["outcome"], &took["reported"], &took["short"]),
        (&json!("taken"), &json!(true), &json!(false))
    );
    let shelves = json!([{ "shelf": "R1", "units": 1 }]);
    assert_eq!(took["lines"][0]["shelves"], shelves);
    let status = |package: i64| market.store.package(package).unwrap().status;
    assert_eq!(status(heard.packages[0]), Status::Picking);
    let again = site.post("/api/v1/pick", &body).await.good();
    assert_eq!(
        (&again["outcome"], &again["reported"]),
        (&json!("already"), &Value::Null)
    );

    let fault = trouble::system_error(Endpoint::UpdatePackage, 500);
    let fault = Fault::Instead(fault);
    market.store.faults().next(Endpoint::UpdatePackage, fault);
    let body = json!({ "order": unheard.number, "by": "Ayşe" });
    let took = site.post("/api/v1/pick", &body).await.good();
    assert_eq!(
        (&took["outcome"], &took["reported"]),
        (&json!("taken"), &json!(false))
    );
    assert_eq!(status(unheard.packages[0]), Status::Created);
    process.stop().await;
}
