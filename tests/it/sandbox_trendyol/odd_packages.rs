//! Packages as real ones were seen, which the guide does not show.

use std::time::Duration;

use fastrand::Rng;
use sandbox::trendyol::{
    AwaitingId, CreatedBy, LineIds, Origins, PackageQuirks, Quirks, Status, StorePlan,
    TrendyolStore,
};
use serde_json::{Value, json};

use super::{FIRST, SECOND, THIRD, start, wire::order_api};

async fn odd(change: impl FnOnce(&mut PackageQuirks)) -> TrendyolStore {
    start(|plan: &mut StorePlan| change(&mut plan.quirks.packages)).await
}

async fn of_order(store: &TrendyolStore, number: &str) -> Vec<Value> {
    let page = order_api(store, &format!("v2/orders?orderNumber={number}")).await;
    page["content"].as_array().unwrap().clone()
}

fn told(packages: &[Value], field: &str) -> Vec<Value> {
    packages.iter().map(|p| p[field].clone()).collect()
}

/// An exact delay.
fn after(minutes: u64) -> std::ops::RangeInclusive<Duration> {
    Duration::from_mins(minutes)..=Duration::from_mins(minutes)
}

#[tokio::test]
async fn parts_may_come_minutes_later_first_unpacked_and_without_their_origin() {
    let store = odd(|how| {
        how.origins = Origins::CancelOnly;
        how.parts_delay = after(3);
        how.parts_unpacked_first = 1.0;
    })
    .await;
    let order = store.sell(FIRST, 2).unwrap();
    let [first, second] = store.split(order.packages[0]).unwrap();
    let statuses = async || told(&of_order(&store, &order.number).await, "status");
    assert_eq!(statuses().await, ["UnPacked"]);
    store.advance(Duration::from_mins(3));
    assert_eq!(statuses().await, ["UnPacked"; 3]);
    store.advance(Duration::from_mins(3));
    assert_eq!(statuses().await, ["Created", "Created", "UnPacked"]);
    let parts = &of_order(&store, &order.number).await[..2];
    assert_eq!(told(parts, "originPackageIds"), [Value::Null, Value::Null]);
    // The truth is there from the start.
    let truth = |id| store.package(id).unwrap();
    assert_eq!(truth(first).pieces() + truth(second).pieces(), 2);
    assert_eq!(truth(first).origins, order.packages);
}

#[tokio::test]
async fn a_chain_may_name_the_first_package_of_all() {
    let store = odd(|how| how.first_origin = true).await;
    let root = store.sell(FIRST, 4).unwrap().packages[0];
    let [part, _] = store.split(root).unwrap();
    let rest = store.cancel_pieces(part, FIRST, 1).unwrap();
    let number = store.package(rest).unwrap().order_number;
    let packages = of_order(&store, &number).await;
    let named = packages.iter().find(|p| p["shipmentPackageId"] == rest);
    assert_eq!(named.unwrap()["originPackageIds"], json!([root]));
    assert_eq!(store.package(rest).unwrap().origins, [part]);
    assert!(store.cancel(root).is_err(), "its parts live on");
}

#[tokio::test]
async fn line_ids_are_kept_or_new() {
    let ids = async |how: LineIds| {
        let store = odd(|packages| packages.line_ids = how).await;
        let origin = store.sell(FIRST, 2).unwrap().packages[0];
        let line = |id| store.package(id).unwrap().lines[0].id;
        let parts = store.split(origin).unwrap();
        parts.map(|part| line(part) == line(origin))
    };
    assert_eq!(ids(LineIds::Mixed).await, [true, false]);
    assert_eq!(ids(LineIds::Kept).await, [true, true]);
    assert_eq!(ids(LineIds::New).await, [false, false]);
}

#[tokio::test]
async fn a_package_that_waits_for_its_payment_may_have_no_id_yet() {
    for (id, want) in [
        (AwaitingId::Zero, json!([0, null])),
        (AwaitingId::ZeroText, json!(["0", null])),
        (AwaitingId::Null, json!([null, 0])),
        (AwaitingId::Negative, json!([-1, null])),
    ] {
        let store = start(|plan| {
            plan.awaiting = 1.0;
            plan.quirks.packages.awaiting_id = id;
            plan.quirks.packages.official_awaiting = true;
        })
        .await;
        let orders = [FIRST, SECOND].map(|barcode| store.sell(barcode, 1).unwrap());
        let page = order_api(&store, "v2/orders").await;
        assert_eq!(page["totalElements"], 2, "both are told of: {id:?}");
        let package = &page["content"][0];
        let ids = json!([package["shipmentPackageId"], package["id"]]);
        assert_eq!(ids, want, "{id:?}");
        for (field, want) in [
            ("status", Value::Null),
            ("shipmentPackageStatus", json!("Approved")),
            ("createdBy", json!("")),
            ("lastModifiedDate", Value::Null),
            (
                "packageHistories",
                json!([{"createdDate": 0, "status": "Awaiting"}]),
            ),
        ] {
            assert_eq!(package[field], want, "{field}");
        }
        let paid = orders[0].packages[0];
        store.move_to(paid, Status::Created).unwrap();
        let package = &of_order(&store, &orders[0].number).await[0];
        assert_eq!(package["shipmentPackageId"], paid);
    }
}

#[tokio::test]
async fn one_line_is_cancelled_and_the_package_lives_on() {
    let store = start(|plan| plan.restocks = true).await;
    let sold = store
        .sell_parcels(&[&[(FIRST, 1), (SECOND, 2), (THIRD, 1)]])
        .unwrap();
    let id = sold.packages[0];
    store.cancel_line(id, SECOND).unwrap();
    let package = &of_order(&store, &sold.number).await[0];
    assert_eq!(package["status"], "Created");
    let lines = package["lines"].as_array().unwrap();
    assert_eq!(
        told(lines, "orderLineItemStatusName"),
        ["Created", "Cancelled", "Created"]
    );
    assert_eq!(lines[1]["cancelReasonCode"], 550);
    assert_eq!(store.package(id).unwrap().pieces_of(SECOND), 0);
    assert_eq!(store.stock_of(SECOND), Some(10));
    assert!(store.cancel_line(id, SECOND).is_err(), "it is cancelled");
    store.cancel_line(id, FIRST).unwrap();
    assert!(store.cancel_line(id, THIRD).is_err(), "it is the last one");
}

#[tokio::test]
async fn an_address_may_come_later_with_nothing_else_changed() {
    let store = odd(|how| how.late_addresses = 1.0).await;
    let order = store.sell(FIRST, 1).unwrap();
    let first = of_order(&store, &order.number).await.remove(0);
    assert_eq!(first["shipmentAddress"], json!({}));
    assert_eq!(first["cargoTrackingNumber"], 0);
    store.advance(Duration::from_mins(4));
    let mut second = of_order(&store, &order.number).await.remove(0);
    assert!(second["shipmentAddress"]["city"].is_string());
    for field in ["shipmentAddress", "invoiceAddress", "cargoTrackingNumber"] {
        second[field] = first[field].clone();
    }
    second["cargoTrackingLink"] = first["cargoTrackingLink"].clone();
    assert_eq!(second, first, "the date, too");
}

#[tokio::test]
async fn orders_go_from_seller_to_seller() {
    let store = start(|plan| plan.restocks = true).await;
    let came = store.transfer_here(FIRST, 2).unwrap();
    assert_eq!(store.ledger().pieces_sold(FIRST), 2);
    let package = of_order(&store, &came.number).await.remove(0);
    assert_eq!(package["createdBy"], "transfer");
    let foreign = package["originPackageIds"][0].as_i64().unwrap();
    assert_eq!(store.package(foreign).map(|p| p.id), None);
    let gone = store.sell(SECOND, 1).unwrap();
    store.transfer_away(gone.packages[0]).unwrap();
    let package = of_order(&store, &gone.number).await.remove(0);
    assert_eq!(
        (&package["createdBy"], &package["status"]),
        (&json!("transfer"), &json!("Created"))
    );
    let truth = store.package(gone.packages[0]).unwrap();
    assert!(!truth.is_owed() && truth.created_by == CreatedBy::Transfer);
    assert_eq!(store.stock_of(SECOND), Some(10));
}

#[tokio::test]
async fn dates_may_be_missing_equal_or_of_1970() {
    let store = odd(|how| {
        how.equal_dates = 1.0;
        how.zero_histories = 1.0;
        how.statuses_differ = 1.0;
    })
    .await;
    let order = store.sell(FIRST, 1).unwrap();
    let before = of_order(&store, &order.number).await.remove(0);
    assert_eq!(before["shipmentPackageStatus"], "ReadyToShip");
    store.advance(Duration::from_secs(5));
    store.move_to(order.packages[0], Status::Picking).unwrap();
    let after = of_order(&store, &order.number).await.remove(0);
    assert_eq!(after["lastModifiedDate"], before["lastModifiedDate"]);
    assert_eq!(after["status"], "Picking");
    assert_eq!(after["packageHistories"][1]["createdDate"], 0);
    assert_eq!(after["lines"][0]["orderLineItemStatusName"], "Created");
    let store = odd(|how| how.undated = 1.0).await;
    let order = store.sell(FIRST, 1).unwrap();
    let package = of_order(&store, &order.number).await.remove(0);
    assert_eq!(package["lastModifiedDate"], Value::Null);
}

#[tokio::test]
async fn with_every_quirk_the_books_still_agree() {
    for seed in 0..20 {
        let store = start(|plan| {
            let mut rng = Rng::with_seed(seed);
            plan.seed = seed;
            plan.restocks = true;
            plan.quirks = Quirks::all(&mut rng);
        })
        .await;
        let mut rng = Rng::with_seed(seed);
        for _ in 0..150 {
            store.advance(Duration::from_secs(20));
            match rng.u8(..4) {
                0 => drop(store.sell_random(&mut rng)),
                1 => drop(store.sell_parcels(&[&[(FIRST, 1), (SECOND, 1)]])),
                _ => drop(store.live(&mut rng)),
            }
        }
        let sold: u32 = store.ledger().sales().iter().map(|sale| sale.pieces).sum();
        let (mut owed, mut free) = (0, 0);
        for package in store.packages() {
            for line in &package.lines {
                match package.status {
                    _ if line.cancelled => free += line.quantity,
                    Status::UnPacked => {}
                    _ if package.is_owed() => owed += line.quantity,
                    _ => free += line.quantity,
                }
            }
        }
        assert_eq!(owed + free, sold, "seed {seed}");
        let left: u32 = store.stocks().iter().map(|(_, stock)| stock).sum();
        assert_eq!(left + owed, 60, "seed {seed}");
    }
}
