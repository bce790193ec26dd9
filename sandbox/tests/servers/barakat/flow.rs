//! From a purchase to its end, as a client drives it.

use rust_decimal::Decimal;
use sandbox::barakat::{Ending, Readiness};
use serde_json::{Value, json};

use super::{
    TOKEN, ask, buy, start,
    wire::{get, json},
};

#[tokio::test]
async fn sells_waits_and_delivers_a_code() {
    let panel = start(|plan| plan.readiness = Readiness::after_waits(1)).await;
    assert_eq!(
        buy(&panel, "u-1").await,
        json!({"status": "OK", "data": {
            "order_id": "67890", "status": "wait", "price": "35.00", "replay_api": [],
            "note": "Order received",
        }})
    );
    assert_eq!(
        ask(&panel, "u-1").await,
        json!({"status": "OK", "data": [
            {"order_id": "67890", "status": "wait", "price": "35.00", "note": "Processing"},
        ]})
    );

    let done = json!({"status": "OK", "data": [{
        "order_id": "67890", "status": "success", "price": "35.00",
        "pin": panel.pin_of(TOKEN, "u-1"), "note": "Completed",
    }]});
    for _ in 0..2 {
        assert_eq!(ask(&panel, "u-1").await, done);
    }

    let sale = panel.ledger().sale("u-1").unwrap();
    assert_eq!((sale.asked, sale.settled), (3, Some(Ending::Code)));
    assert_eq!(sale.pin, Some(panel.pin_of(TOKEN, "u-1")));
    assert_eq!(panel.ledger().balance(TOKEN), Some(999_965.into()));
}

#[tokio::test]
async fn a_top_up_has_no_code_and_a_cancellation_is_paid_back() {
    let panel = start(|_| {}).await;
    let order = |rest: &str| format!("/client/api/newOrder/{rest}");
    let top_up = order("502/params?qty=1&uid=5&server=eu&order_uuid=u-1");
    assert_eq!(json(&get(&panel, &top_up).await)["status"], "OK");
    let cancelled = order("503/params?qty=1&uid=5&order_uuid=u-2");
    assert_eq!(json(&get(&panel, &cancelled).await)["status"], "OK");
    assert_eq!(
        panel.ledger().balance(TOKEN),
        Some(Decimal::new(99_993_798, 2))
    );

    let done = ask(&panel, "u-1").await;
    assert_eq!(
        (&done["data"][0]["status"], &done["data"][0]["pin"]),
        (&json!("success"), &Value::Null)
    );
    let paid_back = ask(&panel, "u-2").await;
    assert_eq!(paid_back["data"][0]["status"], "reject");
    assert_eq!(
        panel.ledger().balance(TOKEN),
        Some(Decimal::new(99_998_988, 2))
    );
    assert_eq!(panel.ledger().charged(TOKEN), Decimal::new(6202, 2));
}

#[tokio::test]
async fn several_pieces_cost_several_prices() {
    let panel = start(|_| {}).await;
    let target = "/client/api/newOrder/504/params?qty=3&uid=5&order_uuid=u-1";
    assert_eq!(json(&get(&panel, target).await)["data"]["price"], "22.50");
    let sale = panel.ledger().sale("u-1").unwrap();
    assert_eq!((sale.quantity, sale.cost), (3, Decimal::new(2250, 2)));
}

#[tokio::test]
async fn is_asked_by_either_name_about_several_at_once() {
    let panel = start(|_| {}).await;
    for uuid in ["u-1", "u-2"] {
        buy(&panel, uuid).await;
    }
    for (query, want) in [
        ("orders=%5B67890%5D", &["67890"][..]),
        ("orders=%5B67891%2C67890%5D", &["67891", "67890"]),
        ("orders=%5B%22u-2%22%2Cu-3%5D&uuid=1", &["67891"]),
        ("orders=%5B67890%5D&uuid=1", &[]),
        ("orders=%5Bu-1%5D", &[]),
    ] {
        let seen = json(&get(&panel, &format!("/client/api/check?{query}")).await);
        let entries = seen["data"].as_array().unwrap();
        let ids: Vec<_> = entries
            .iter()
            .filter_map(|e| e["order_id"].as_str())
            .collect();
        assert_eq!((&seen["status"], &*ids), (&json!("OK"), want), "{query}");
    }
}

#[tokio::test]
async fn the_first_of_two_sales_answers_for_their_order_uuid() {
    let panel = start(|_| {}).await;
    let sold = [buy(&panel, "u-1").await, buy(&panel, "u-1").await];
    assert_eq!(sold[0]["data"]["order_id"], "67890");
    assert_eq!(sold[1]["data"]["order_id"], "67891");
    let found = ask(&panel, "u-1").await;
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
    assert_eq!(found["data"][0]["order_id"], "67890");

    let second = json(&get(&panel, "/client/api/check?orders=%5B67891%5D").await);
    assert_ne!(second["data"][0]["pin"], found["data"][0]["pin"]);
}

#[tokio::test]
async fn a_panel_that_refuses_duplicates_sells_once() {
    let panel = start(|plan| plan.refuses_duplicates = true).await;
    buy(&panel, "u-1").await;
    assert_eq!(
        buy(&panel, "u-1").await,
        json!({"status": "ERROR", "message": "order_uuid already exists"})
    );
    assert_eq!(panel.ledger().sale_count(), 1);
    assert_eq!(panel.ledger().references_sent_twice(), ["u-1"]);
}

#[tokio::test]
async fn a_purchase_that_is_never_ready_is_settled_by_hand() {
    let panel = start(|plan| plan.readiness = Readiness::NEVER).await;
    buy(&panel, "u-1").await;
    assert_eq!(ask(&panel, "u-1").await["data"][0]["status"], "wait");
    assert!(!panel.settle("another-token", "u-1", Ending::Cancelled));
    assert!(panel.settle(TOKEN, "u-1", Ending::Cancelled));
    assert_eq!(ask(&panel, "u-1").await["data"][0]["status"], "reject");
    assert!(!panel.settle(TOKEN, "u-1", Ending::Code), "it has ended");
}
