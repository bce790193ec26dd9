//! One order and the whole, as they are read; and what requests may not say.

use serde_json::{Value, json};
use uuid::Uuid;

use super::Site;
use crate::process::world::{PIN, World};

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_found_shown_and_its_steps_are_listed() {
    let world = World::new().await;
    let process = world.start(&world.settings()).await;
    let site = Site::of(&process).await;
    let order = world.shop.order(PIN, "player-1").await;
    let row = world.shop.completed(order).await;
    let reference = row.referans.unwrap();
    let path = format!("/api/v1/orders/{order}");
    let shown = site.read(&path).await;
    assert_eq!(shown["shop"]["status"], "approved");
    assert_eq!(shown["shop"]["cost"], row.cost.to_string());
    assert_eq!(shown["shop"]["has_pin"], true);
    assert_eq!(shown["tracked"]["reference"], reference);
    let number = shown["shop"]["number"].as_str().unwrap();
    for name in [&order.to_string(), number, &reference] {
        let found = site
            .read(&format!("/api/v1/orders/by-name?name={name}"))
            .await;
        assert_eq!(found, json!({ "orders": [order] }), "{name}");
    }
    let events = site.read(&format!("{path}/events")).await;
    let kinds: Vec<&Value> = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| &event["kind"])
        .collect();
    assert_eq!(kinds.first(), Some(&&json!("claimed")));
    assert_eq!(kinds.last(), Some(&&json!("completed")));
    let listed = site.read("/api/v1/orders?stage=completed").await;
    assert_eq!(listed["items"][0]["reference"], reference);
    let explained = site.read(&format!("{path}/explain")).await;
    assert_eq!(explained["why"], "completed");
    let whole = site.read("/api/v1/overview").await;
    assert_eq!(whole["orders"]["bought_today"]["orders"], 1);
    assert!(whole["orders"]["bought_today"]["money"].is_string());
    assert_eq!(whole["daemons"][0]["alive"], true);
    let jobs = site.read("/api/v1/jobs").await;
    assert_eq!(jobs["jobs"][0]["name"], "sweep");
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_allowed_is_refused_before_the_database_sees_it() {
    let world = World::new().await;
    let process = world.start(&world.settings()).await;
    let site = Site::of(&process).await;
    let nobody = Uuid::new_v4();
    for (path, status, code) in [
        ("/api/v1/orders/7".to_owned(), 400, "bad-request"),
        (format!("/api/v1/orders/{nobody}"), 404, "not-found"),
        (format!("/api/v1/orders/{nobody}/events"), 404, "not-found"),
        (format!("/api/v1/orders/{nobody}/explain"), 404, "not-found"),
        (format!("/api/v1/orders/{nobody}?x=1"), 400, "bad-request"),
        ("/api/v1/orders/by-name".to_owned(), 400, "bad-request"),
        (
            "/api/v1/orders/by-name?name=".to_owned(),
            400,
            "bad-request",
        ),
        (
            "/api/v1/orders/by-name?name=a%00b".to_owned(),
            400,
            "bad-request",
        ),
        ("/api/v1/orders/%ff".to_owned(), 400, "bad-request"),
        (
            format!("/api/v1/orders/by-name?name={}", "x".repeat(300)),
            400,
            "bad-request",
        ),
        (
            "/api/v1/shadow?since=yesterday".to_owned(),
            400,
            "bad-request",
        ),
        (
            "/api/v1/shadow?since=0001-01-01T00:00:00Z".to_owned(),
            400,
            "bad-request",
        ),
        (
            "/api/v1/stock/plan?barcode=%00".to_owned(),
            400,
            "bad-request",
        ),
        (
            "/api/v1/stock/batches/x/items".to_owned(),
            400,
            "bad-request",
        ),
        ("/api/v1/nothing".to_owned(), 404, "not-found"),
    ] {
        assert_eq!(site.get(&path).await.problem(status), code, "{path}");
    }
    let pause = "/api/v1/brakes/pause";
    for (body, code) in [
        (json!({ "by": "", "reason": "x" }), 422),
        (json!({ "by": " ", "reason": "x" }), 422),
        (json!({ "by": "a\u{0}b", "reason": "x" }), 422),
        (json!({ "by": "a", "reason": "x".repeat(501) }), 422),
        (json!({ "by": "a", "reason": "x", "else": 1 }), 422),
        (json!({ "by": 1, "reason": "x" }), 422),
        (json!(["a"]), 422),
    ] {
        assert_eq!(
            site.post(pause, &body).await.problem(code),
            "invalid",
            "{body}"
        );
    }
    let json = ("Content-Type", "application/json");
    let own = ("Sec-Fetch-Site", "same-origin");
    let line = format!("POST {pause}");
    assert_eq!(
        site.send(&line, &[json], "{").await.problem(400),
        "bad-request"
    );
    let text = site
        .send(&line, &[own, ("Content-Type", "text/plain")], "{}")
        .await;
    assert_eq!(text.problem(415), "unsupported-media-type");
    assert_eq!(site.read("/api/v1/brakes").await["pauses"], json!([]));
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_described_address_is_there() {
    let world = World::new().await;
    let process = world.start(&world.settings()).await;
    let site = Site::of(&process).await;
    let description = site.read("/api/openapi.json").await;
    assert!(description["openapi"].as_str().unwrap().starts_with("3."));
    for (path, item) in description["paths"].as_object().unwrap() {
        let filled = path
            .replace("{order}", &Uuid::new_v4().to_string())
            .replace("{job}", "sweep")
            .replace("{batch}", "1");
        assert!(!filled.contains('{'), "{path}");
        for method in item.as_object().unwrap().keys() {
            let line = format!("{} {filled}", method.to_uppercase());
            let answer = site
                .send(&line, &[("Content-Type", "application/json")], "{}")
                .await;
            let known = item[method]["responses"].get(answer.status.to_string());
            assert!(known.is_some(), "{line}: {answer:?}");
            assert_ne!(answer.status, 500, "{line}");
        }
    }
    process.stop().await;
}
