//! Answers that look right and do not match their question, and answers that never come.

use std::time::Duration;

use sandbox::trendyol::{Endpoint, Quirks, StorePlan, TrendyolStore, Unfinished, trouble};
use sandbox::trouble::Fault;
use serde_json::{Value, json};

use super::{
    FIRST, SECOND, start,
    wire::{accepted, get, ids, order_api, order_status, path, read, result},
};

async fn odd(change: impl FnOnce(&mut Quirks)) -> TrendyolStore {
    start(|plan: &mut StorePlan| change(&mut plan.quirks)).await
}

/// What a read-back of the first product says: barcodes and quantities.
async fn figures(store: &TrendyolStore) -> Vec<(String, u64)> {
    let rest = format!("products/approved/inventory-and-price?barcodes={FIRST}");
    let page = read(store, &path("product", &rest)).await;
    let contents = page["content"].as_array().unwrap().clone();
    let variants = contents
        .iter()
        .flat_map(|content| content["variants"].as_array().unwrap().clone());
    let figure = |v: Value| {
        (
            v["barcode"].as_str().unwrap().into(),
            v["quantity"].as_u64().unwrap(),
        )
    };
    variants.map(figure).collect()
}

#[tokio::test]
async fn a_read_back_may_answer_something_else_than_was_asked() {
    let store = odd(|quirks| quirks.answers.ignored_barcodes = 1.0).await;
    assert_eq!(figures(&store).await.len(), 6, "everything");
    let store = odd(|quirks| quirks.answers.left_out = 1.0).await;
    assert_eq!(figures(&store).await, []);
    let store = odd(|quirks| quirks.answers.answered_twice = 1.0).await;
    let twice = figures(&store).await;
    assert_eq!((twice.len(), &twice[0].0), (2, &twice[1].0));
    assert_ne!(twice[0].1, twice[1].1);
}

#[tokio::test]
async fn a_figure_may_be_old_but_not_older_than_planned() {
    let store = odd(|quirks| {
        quirks.answers.old_figures = 1.0;
        quirks.answers.figure_age = Duration::from_mins(1);
    })
    .await;
    store.advance(Duration::from_mins(5));
    store.sell(FIRST, 3).unwrap();
    let mut seen = Vec::new();
    for _ in 0..60 {
        store.advance(Duration::from_secs(2));
        seen.push(figures(&store).await[0].1);
    }
    assert!(seen[..25].contains(&10), "{seen:?}");
    assert!(seen[30..].iter().all(|figure| *figure == 7), "{seen:?}");
}

#[tokio::test]
async fn a_question_for_an_order_may_bring_nothing_or_other_orders() {
    let about = |number: &str| format!("v2/orders?orderNumber={number}");
    let store = odd(|quirks| quirks.answers.no_order = 1.0).await;
    let order = store.sell(FIRST, 1).unwrap();
    let page = order_api(&store, &about(&order.number)).await;
    assert_eq!((&page["totalElements"], ids(&page)), (&json!(0), vec![]));
    let store = odd(|quirks| quirks.answers.other_orders = 1.0).await;
    let order = store.sell(FIRST, 1).unwrap();
    let other = store.sell(SECOND, 1).unwrap();
    store.advance(Duration::from_secs(1));
    assert_eq!(
        ids(&order_api(&store, &about(&order.number)).await),
        other.packages
    );
    let store = odd(|quirks| quirks.answers.orders_last = Some(Duration::from_hours(24))).await;
    let order = store.sell(FIRST, 1).unwrap();
    store.advance(Duration::from_hours(24));
    assert_eq!(
        ids(&order_api(&store, &about(&order.number)).await),
        order.packages
    );
    store.advance(Duration::from_secs(1));
    assert!(ids(&order_api(&store, &about(&order.number)).await).is_empty());
}

#[tokio::test]
async fn a_long_window_may_be_cut_and_a_large_page_clipped_in_silence() {
    let day = Duration::from_hours(24);
    let store = odd(|quirks| {
        quirks.answers.longest_window = Some(day * 12);
        quirks.answers.clipped_size = true;
        quirks.answers.counted_size = true;
    })
    .await;
    let old = store.sell(FIRST, 1).unwrap().packages;
    let began = store.now().timestamp_millis();
    store.advance(day * 13);
    store.sell(FIRST, 1).unwrap();
    let dates = format!(
        "lastModifiedStartDate={began}&lastModifiedEndDate={}",
        store.now().timestamp_millis() + 1
    );
    let page = order_api(&store, &format!("orders/stream?size=500&{dates}")).await;
    assert_eq!(ids(&page), old, "the newest one is missing");
    assert_eq!(
        (&page["size"], &page["nextCursor"]),
        (&json!(1), &json!(""))
    );
}

#[tokio::test]
async fn cursors_may_hold_what_an_address_cannot() {
    let store = odd(|quirks| quirks.answers.base64_cursors = true).await;
    for _ in 0..2 {
        store.sell(FIRST, 1).unwrap();
    }
    let first = order_api(&store, "orders/stream?size=1").await;
    let cursor = first["nextCursor"].as_str().unwrap();
    assert_eq!(cursor.len(), 152);
    assert!(["+", "/", "="].iter().all(|sign| cursor.contains(sign)));
    let bare = order_status(&store, &format!("orders/stream?size=1&nextCursor={cursor}")).await;
    assert_eq!(bare, 400, "a bare + is a blank");
    let escaped = cursor
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D");
    let second = order_api(
        &store,
        &format!("orders/stream?size=1&nextCursor={escaped}"),
    )
    .await;
    assert_ne!(ids(&second), ids(&first));
}

#[tokio::test]
async fn a_report_may_take_twenty_minutes_without_a_word() {
    let store = start(|plan| {
        plan.queue.slow = 1.0;
        plan.quirks.unfinished = Unfinished::Nothing;
    })
    .await;
    let id = accepted(&store, &[(FIRST, 3), (SECOND, 4)]).await;
    let nothing = json!({"batchRequestId": id, "status": "PROCESSING", "items": []});
    for _ in 0..2 {
        assert_eq!(result(&store, &id).await, nothing);
        store.advance(Duration::from_secs(599));
    }
    assert_eq!(store.stock_of(FIRST), Some(3), "the first half is done");
    assert_eq!(result(&store, &id).await, nothing);
    store.advance(Duration::from_secs(2));
    assert_eq!(
        result(&store, &id).await["items"].as_array().unwrap().len(),
        2
    );
}

#[tokio::test]
async fn an_address_may_be_blocked_for_hours_for_one_path_or_for_all() {
    let store = start(|_| {}).await;
    let orders = path("order", "v2/orders");
    let claims = path("order", "claims");
    let statuses = async || {
        [
            get(&store, &orders).await.status(),
            get(&store, &claims).await.status(),
        ]
    };
    store.block(Some(Endpoint::Orders), Duration::from_hours(2));
    assert_eq!(statuses().await, [556, 200]);
    store.advance(Duration::from_hours(2));
    assert_eq!(statuses().await, [200, 200]);
    store.block(None, Duration::from_hours(1));
    let seen = get(&store, &claims).await;
    assert_eq!(seen.status(), 556);
    assert_eq!(seen.text(), r#"{"message":"Service Unavailable"}"#);
    store.advance(Duration::from_hours(1));
    for gone in [trouble::no_such_path(&claims), trouble::moved_path(&claims)] {
        store.faults().next(Endpoint::Claims, Fault::Instead(gone));
        let seen = get(&store, &claims).await;
        assert_eq!(seen.status(), 404);
        assert!(seen.text().contains(&claims), "{}", seen.text());
    }
}
