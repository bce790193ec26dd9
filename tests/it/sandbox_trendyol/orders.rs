//! Packages as they are written, and the pages in which they come.

use std::time::Duration;

use chrono::TimeDelta;
use sandbox::trendyol::{CreatedBy, Names, Status, TrendyolStore};
use serde_json::{Value, json};

use super::{
    FIRST, SECOND, THIRD, start,
    wire::{get, ids, order_api, order_status, path},
};

const DAY: Duration = Duration::from_hours(24);

async fn page(store: &TrendyolStore, query: &str) -> Value {
    order_api(store, &format!("v2/orders?{query}")).await
}

async fn only(store: &TrendyolStore) -> Value {
    page(store, "").await["content"][0].clone()
}

#[tokio::test]
async fn a_package_has_the_documented_fields() {
    let store = start(|_| {}).await;
    let order = store.sell_parcels(&[&[(FIRST, 2), (SECOND, 1)]]).unwrap();
    let package = only(&store).await;
    let now = store.now().timestamp_millis();
    for (field, want) in [
        ("shipmentPackageId", json!(order.packages[0])),
        ("orderNumber", json!(order.number)),
        ("status", json!("Created")),
        ("shipmentPackageStatus", json!("Created")),
        // Three hours ahead: the clock of Istanbul as if it were UTC.
        ("orderDate", json!(now + 10_800_000)),
        ("lastModifiedDate", json!(now)),
        ("originShipmentDate", json!(now)),
        (
            "packageHistories",
            json!([{"createdDate": now, "status": "Created"}]),
        ),
        ("createdBy", json!("order-creation")),
        ("originPackageIds", Value::Null),
        ("supplierId", json!(107_703)),
        ("paymentMethod", json!("-")),
    ] {
        assert_eq!(package[field], want, "{field}");
    }
    // 2 × 498.90 + 499.90
    assert_eq!(package["packageTotalPrice"].to_string(), "1497.7");
    let line = &package["lines"][0];
    for (field, want) in [
        ("barcode", json!(FIRST)),
        ("stockCode", json!(format!("SKU-{FIRST}"))),
        ("quantity", json!(2)),
        ("orderLineItemStatusName", json!("Created")),
        ("sellerId", json!(107_703)),
        ("vatRate", json!(20)),
        ("cancelReason", Value::Null),
    ] {
        assert_eq!(line[field], want, "{field}");
    }
    assert_eq!(line["discountDetails"].as_array().unwrap().len(), 2);
    assert!(line["lineId"].is_i64() && line["contentId"].is_i64());
    assert!(package["shipmentAddress"]["fullName"].is_string());
}

#[tokio::test]
async fn the_old_names_can_be_had() {
    let store = start(|plan| plan.quirks.names = Names::Old).await;
    let order = store.sell(FIRST, 1).unwrap();
    let package = only(&store).await;
    assert_eq!(package["id"], order.packages[0]);
    assert_eq!(package["shipmentPackageId"], Value::Null);
    let line = &package["lines"][0];
    assert_eq!(line["merchantSku"], format!("SKU-{FIRST}"));
    assert!(line["id"].is_i64() && line["price"].is_number() && line["amount"].is_number());
    assert_eq!(
        (&line["vatBaseAmount"], &line["lineId"]),
        (&json!(20), &Value::Null)
    );
}

#[tokio::test]
async fn some_tracking_numbers_are_beyond_64_bits() {
    let store = start(|_| {}).await;
    for _ in 0..3 {
        store.sell(FIRST, 1).unwrap();
    }
    let seen = get(&store, &path("order", "v2/orders")).await;
    for package in store.packages() {
        let written = format!(r#""cargoTrackingNumber":{},"#, package.tracking());
        assert!(seen.text().contains(&written), "{written}");
    }
    let long = |p: &sandbox::trendyol::Package| p.tracking().parse::<u64>().is_err();
    assert_eq!(store.packages().iter().filter(|p| long(p)).count(), 1);
}

/// Six packages, one a minute, the newest with the highest id; the second was cancelled last.
async fn six() -> (TrendyolStore, Vec<i64>) {
    let store = start(|_| {}).await;
    let mut sold = Vec::new();
    for _ in 0..6 {
        sold.extend(store.sell(FIRST, 1).unwrap().packages);
        store.advance(Duration::from_mins(1));
    }
    store.cancel(sold[1]).unwrap();
    (store, sold)
}

#[tokio::test]
async fn pages_are_filtered_and_sorted() {
    let (store, p) = six().await;
    let begin = (store.now() - TimeDelta::minutes(6)).timestamp_millis();
    let number = store.package(p[3]).unwrap().order_number;
    let at = |minutes: i64| begin + minutes * 60_000;
    for (query, want) in [
        (String::new(), vec![p[1], p[5], p[4], p[3], p[2], p[0]]),
        (
            "orderByDirection=ASC".into(),
            vec![p[0], p[2], p[3], p[4], p[5], p[1]],
        ),
        (
            "orderByField=CreatedDate&orderByDirection=ASC".into(),
            p.clone(),
        ),
        ("status=Cancelled".into(), vec![p[1]]),
        ("status=Cancelled,UnSupplied".into(), vec![p[1]]),
        ("status=Picking".into(), vec![]),
        (format!("orderNumber={number}"), vec![p[3]]),
        ("orderNumber=1".into(), vec![]),
        (
            format!("shipmentPackageIds={},{}", p[0], p[2]),
            vec![p[0], p[2]],
        ),
        // From the first moment on, up to before the last.
        (
            format!("startDate={}&endDate={}", at(2), at(4)),
            vec![p[3], p[2]],
        ),
        (format!("startDate={}", at(5)), vec![p[1], p[5]]),
        ("size=2&page=1".into(), vec![p[4], p[3]]),
        ("size=4&page=1".into(), vec![p[2], p[0]]),
        ("page=7".into(), vec![]),
    ] {
        assert_eq!(ids(&page(&store, &query).await), want, "{query}");
    }
    let counted = page(&store, "size=4&page=1").await;
    let envelope = ["totalElements", "totalPages", "page", "size"].map(|f| counted[f].as_u64());
    assert_eq!(envelope, [6, 2, 1, 4].map(Some));
}

#[tokio::test]
async fn requests_that_reach_too_far_are_refused() {
    let (store, _) = six().await;
    let now = store.now().timestamp_millis();
    let ago = |days: i64| now - days * 86_400_000;
    for (query, want) in [
        ("size=201".to_owned(), 400),
        ("size=0".to_owned(), 400),
        ("page=-1".to_owned(), 400),
        ("startDate=yesterday".to_owned(), 400),
        ("startDate=99999999999999999".to_owned(), 400),
        (format!("startDate={}&endDate={now}", ago(14)), 200),
        (format!("startDate={}&endDate={}", ago(14), now + 1), 400),
        (format!("startDate={now}&endDate={}", ago(1)), 400),
        (format!("startDate={}", ago(15)), 400),
        ("size=200&page=49".to_owned(), 200),
        ("size=200&page=50".to_owned(), 429),
        ("orderByField=Name".to_owned(), 400),
    ] {
        let status = order_status(&store, &format!("v2/orders?{query}")).await;
        assert_eq!(status, want, "{query}");
    }
}

#[tokio::test]
async fn old_packages_leave_the_default_window_but_not_the_look_up() {
    let store = start(|_| {}).await;
    let order = store.sell(FIRST, 1).unwrap();
    let shows = async |query: &str| ids(&page(&store, query).await).len();
    store.advance(DAY * 7);
    assert_eq!(shows("").await, 1);
    store.advance(Duration::from_millis(1));
    assert_eq!(shows("").await, 0);
    store.advance(DAY * 33);
    let begin = (store.now() - TimeDelta::days(41)).timestamp_millis();
    // A month of history is all there is.
    let dates = format!("startDate={begin}&endDate={}", begin + 1_209_600_000);
    assert_eq!(shows(&dates).await, 0);
    assert_eq!(shows(&format!("orderNumber={}", order.number)).await, 1);
    store.cancel(order.packages[0]).unwrap();
    assert_eq!(shows("").await, 1);
}

#[tokio::test]
async fn dates_may_be_read_as_the_clock_of_istanbul() {
    let store = start(|plan| plan.quirks.istanbul_dates = true).await;
    store.sell(FIRST, 1).unwrap();
    let now = store.now().timestamp_millis();
    let shows = async |end: i64| {
        let query = format!("startDate={}&endDate={end}", now - 86_400_000);
        ids(&page(&store, &query).await).len()
    };
    assert_eq!(shows(now + 60_000).await, 0);
    assert_eq!(shows(now + 10_800_001).await, 1);
}

#[tokio::test]
async fn a_split_leaves_the_old_package_and_two_new_ones() {
    let store = start(|_| {}).await;
    let lines = store
        .sell_parcels(&[&[(FIRST, 1), (SECOND, 1), (THIRD, 2)]])
        .unwrap();
    let pieces = store.sell(FIRST, 3).unwrap();
    let [first, second] = store.split(lines.packages[0]).unwrap();
    let content = |id: i64| -> Vec<(String, u32)> {
        let lines = store.package(id).unwrap().lines;
        lines
            .into_iter()
            .map(|l| (l.product.barcode.clone(), l.quantity))
            .collect()
    };
    assert_eq!(content(first), [(FIRST.into(), 1)]);
    assert_eq!(content(second), [(SECOND.into(), 1), (THIRD.into(), 2)]);
    let [third, fourth] = store.split(pieces.packages[0]).unwrap();
    assert_eq!(
        (content(third), content(fourth)),
        (vec![(FIRST.into(), 1)], vec![(FIRST.into(), 2)])
    );
    let found = page(&store, &format!("orderNumber={}", lines.number)).await;
    for package in found["content"].as_array().unwrap() {
        let (id, old) = (&package["shipmentPackageId"], lines.packages[0]);
        let shown = [
            &package["status"],
            &package["createdBy"],
            &package["originPackageIds"],
        ];
        if *id == json!(old) {
            assert_eq!(
                shown,
                [&json!("UnPacked"), &json!("order-creation"), &Value::Null]
            );
        } else {
            assert_eq!(shown, [&json!("Created"), &json!("split"), &json!([old])]);
        }
    }
    assert_eq!(ids(&found).len(), 3);
    assert!(store.split(first).is_err());
}

#[tokio::test]
async fn a_partial_cancellation_carries_the_rest_on() {
    let store = start(|plan| plan.restocks = true).await;
    let sold = store.sell_parcels(&[&[(FIRST, 3), (SECOND, 1)]]).unwrap();
    let rest = store.cancel_pieces(sold.packages[0], FIRST, 2).unwrap();
    let rest = store.package(rest).unwrap();
    assert_eq!(
        (rest.created_by, &*rest.origins),
        (CreatedBy::Cancel, &*sold.packages)
    );
    assert_eq!((rest.pieces_of(FIRST), rest.pieces_of(SECOND)), (1, 1));
    assert_eq!(store.stock_of(FIRST), Some(9));
    let old = page(&store, "status=Cancelled").await["content"][0].clone();
    assert_eq!(old["lines"][0]["cancelledBy"], "CUSTOMER");
    assert!(store.cancel_pieces(rest.id, THIRD, 1).is_err());
}

#[tokio::test]
async fn one_order_may_have_several_packages_and_any_state() {
    let store = start(|_| {}).await;
    let order = store
        .sell_parcels(&[&[(FIRST, 1)], &[(SECOND, 1)]])
        .unwrap();
    let look_up = format!("orderNumber={}", order.number);
    assert_eq!(ids(&page(&store, &look_up).await).len(), 2);
    store
        .move_to(order.packages[0], Status::Other("Repack".into()))
        .unwrap();
    store.unsupply(order.packages[1]).unwrap();
    let statuses = page(&store, &look_up).await;
    let statuses: Vec<_> = statuses["content"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| &p["status"])
        .collect();
    assert_eq!(statuses, ["UnSupplied", "Repack"]);
}

#[tokio::test]
async fn every_change_has_a_later_date_even_when_the_clock_stands() {
    let store = start(|_| {}).await;
    let id = store.sell(FIRST, 1).unwrap().packages[0];
    let mut dates = vec![store.package(id).unwrap().last_modified];
    for status in [Status::Picking, Status::Invoiced, Status::Shipped] {
        store.move_to(id, status).unwrap();
        dates.push(store.package(id).unwrap().last_modified);
    }
    assert!(dates.is_sorted_by(|a, b| a < b), "{dates:?}");
}

#[tokio::test]
async fn changes_show_late_and_with_the_dates_on_which_they_were_made() {
    let late = Duration::from_secs(30);
    let store = start(|plan| plan.feed_delay = late..=late).await;
    let made = store.now().timestamp_millis();
    let order = store.sell(FIRST, 1).unwrap();
    let query = format!("orderNumber={}", order.number);
    assert!(ids(&page(&store, &query).await).is_empty());
    store.advance(late);
    assert_eq!(only(&store).await["lastModifiedDate"], made);
    store.cancel(order.packages[0]).unwrap();
    assert_eq!(only(&store).await["status"], "Created");
    store.advance(late);
    assert_eq!(only(&store).await["status"], "Cancelled");
}

#[tokio::test]
async fn changes_of_an_outage_show_after_it() {
    let store = start(|_| {}).await;
    let before = store.sell(FIRST, 1).unwrap().packages[0];
    store.advance(Duration::from_mins(1));
    let begin = store.now();
    store.outage(begin..begin + TimeDelta::minutes(30));
    let within = store.sell(FIRST, 1).unwrap().packages[0];
    store.cancel(before).unwrap();
    store.advance(Duration::from_mins(29));
    let shown = page(&store, "").await;
    assert_eq!(
        (ids(&shown), &shown["content"][0]["status"]),
        (vec![before], &json!("Created"))
    );
    store.advance(Duration::from_mins(1));
    let after = store.sell(FIRST, 1).unwrap().packages[0];
    let shown = page(&store, "").await;
    assert_eq!(ids(&shown), [after, within, before]);
    let dates: Vec<_> = shown["content"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["lastModifiedDate"].as_i64())
        .collect();
    assert_eq!(dates[2], Some(begin.timestamp_millis()));
}
