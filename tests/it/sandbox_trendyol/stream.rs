//! The order stream: cursor by cursor, newest change first.

use std::time::Duration;

use sandbox::trendyol::{Limits, Status, TrendyolStore};
use serde_json::Value;

use super::{
    FIRST, SECOND, start,
    wire::{ids, order_api, order_status},
};

/// A store with so many packages, one a second, by id.
async fn filled(packages: usize) -> (TrendyolStore, Vec<i64>) {
    let store = start(|plan| {
        plan.limits = Limits::none();
        plan.products[0].stock = 20_000;
    })
    .await;
    let mut sold = Vec::new();
    for _ in 0..packages {
        sold.extend(store.sell(FIRST, 1).unwrap().packages);
        store.advance(Duration::from_secs(1));
    }
    (store, sold)
}

async fn step(store: &TrendyolStore, query: &str) -> Value {
    order_api(store, &format!("orders/stream?{query}")).await
}

/// Follows the cursors to the end.
async fn walk(store: &TrendyolStore, query: &str) -> (Vec<i64>, usize) {
    let (mut seen, mut steps, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        let said = step(store, &format!("{query}&nextCursor={cursor}")).await;
        seen.extend(ids(&said));
        steps += 1;
        cursor = said["nextCursor"].as_str().unwrap().into();
        assert_eq!(said["hasMore"], !cursor.is_empty());
        if cursor.is_empty() {
            return (seen, steps);
        }
    }
}

#[tokio::test]
async fn a_walk_shows_every_package_once_newest_first() {
    let (store, mut sold) = filled(121).await;
    sold.reverse();
    for (size, steps) in [(50, 3), (200, 1), (121, 1), (1, 121)] {
        let walked = walk(&store, &format!("size={size}")).await;
        assert_eq!(walked, (sold.clone(), steps), "size {size}");
    }
    let first = step(&store, "").await;
    assert_eq!((ids(&first).len(), first["size"].as_u64()), (50, Some(50)));
    assert_eq!(first["totalElements"], Value::Null);
}

#[tokio::test]
async fn a_walk_can_be_bounded_by_dates_and_states() {
    let (store, sold) = filled(10).await;
    store.move_to(sold[2], Status::Picking).unwrap();
    let begin = store
        .package(sold[4])
        .unwrap()
        .last_modified
        .timestamp_millis();
    let dates = format!(
        "lastModifiedStartDate={begin}&lastModifiedEndDate={}",
        begin + 3000
    );
    let (seen, _) = walk(&store, &format!("size=2&{dates}")).await;
    assert_eq!(seen, [sold[6], sold[5], sold[4]]);
    let (seen, _) = walk(&store, "packageItemStatuses=Picking,Invoiced").await;
    assert_eq!(seen, [sold[2]]);
}

#[tokio::test]
async fn what_changes_during_a_walk_is_for_the_next_one() {
    let (store, sold) = filled(4).await;
    let first = step(&store, "size=2").await;
    assert_eq!(ids(&first), [sold[3], sold[2]]);
    store.cancel(sold[1]).unwrap();
    store.sell(SECOND, 1).unwrap();
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = step(&store, &format!("size=2&nextCursor={cursor}")).await;
    assert_eq!(
        (ids(&second), &second["hasMore"]),
        (vec![sold[0]], &Value::Bool(false))
    );
    let (again, _) = walk(&store, "").await;
    assert_eq!((again.len(), again[2]), (5, sold[3]));
    assert!(again[..2].contains(&sold[1]));
}

#[tokio::test]
async fn a_cursor_is_bound_to_its_filters_and_its_time() {
    let (store, _) = filled(3).await;
    let first = step(&store, "size=1").await;
    let cursor = first["nextCursor"].as_str().unwrap();
    for (query, want) in [
        (format!("nextCursor={cursor}"), 200),
        (format!("nextCursor={cursor}&size=2"), 200),
        (
            format!("nextCursor={cursor}&packageItemStatuses=Created"),
            400,
        ),
        (format!("nextCursor={cursor}&lastModifiedStartDate=1"), 400),
        (
            "nextCursor=609ca79b-1fdf-4c4e-a814-498ce9c1c039".into(),
            400,
        ),
        ("size=201".into(), 400),
        (
            "lastModifiedStartDate=1&lastModifiedEndDate=1209600002".into(),
            400,
        ),
    ] {
        let status = order_status(&store, &format!("orders/stream?{query}")).await;
        assert_eq!(status, want, "{query}");
    }
    store.advance(Duration::from_mins(30));
    let late = order_status(&store, &format!("orders/stream?nextCursor={cursor}")).await;
    assert_eq!(late, 400);
}

#[tokio::test]
async fn without_dates_the_last_two_weeks_show() {
    let (store, _) = filled(1).await;
    store.advance(Duration::from_hours(24 * 13));
    assert_eq!(walk(&store, "").await.0.len(), 1);
    store.advance(Duration::from_hours(24));
    assert_eq!(walk(&store, "").await.0.len(), 0);
}
