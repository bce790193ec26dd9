//! How many requests are taken, by the store's clock.

use std::time::Duration;

use sandbox::trendyol::{Bursts, Endpoint, Group, TrendyolStore};

use super::{
    FIRST, start,
    wire::{self, get, path, push},
};

async fn asked(store: &TrendyolStore, times: usize) -> Vec<u16> {
    let mut seen = Vec::new();
    for _ in 0..times {
        seen.push(get(store, &path("order", "v2/orders")).await.status());
    }
    seen
}

#[tokio::test]
async fn the_51st_request_of_ten_seconds_is_refused() {
    let store = start(|plan| plan.limits.order_read = 0).await;
    assert_eq!(asked(&store, 50).await, [200; 50]);
    let seen = get(&store, &path("order", "v2/orders")).await;
    assert_eq!((seen.status(), seen.header("Retry-After")), (429, None));
    assert_eq!(wire::json(&seen)["error"], "too.many.requests");
    // Another endpoint counts for itself.
    assert_eq!(push(&store, &[(FIRST, 1)]).await.status(), 200);
    store.advance(Duration::from_secs(10));
    assert_eq!(asked(&store, 1).await, [200]);
}

#[tokio::test]
async fn a_group_has_its_minute_and_may_say_when_it_ends() {
    let store = start(|plan| plan.limits.says_when = true).await;
    assert_eq!(asked(&store, 29).await, [200; 29]);
    store.advance(Duration::from_millis(20_500));
    let stream = path("order", "orders/stream");
    assert_eq!(get(&store, &stream).await.status(), 200);
    let seen = get(&store, &stream).await;
    assert_eq!(seen.status(), 429);
    assert_eq!(seen.header("Retry-After").as_deref(), Some("40"));
    store.advance(Duration::from_millis(39_500));
    assert_eq!(asked(&store, 30).await[..29], [200; 29]);
}

#[tokio::test]
async fn a_group_can_be_shut_for_a_while() {
    let store = start(|_| {}).await;
    store.shut(Group::InventoryWrite, Duration::from_mins(2));
    let seen = push(&store, &[(FIRST, 1)]).await;
    assert_eq!(seen.status(), 429);
    assert_eq!(wire::json(&seen)["errors"][0]["key"], "too.many.requests");
    assert_eq!(asked(&store, 1).await, [200]);
    store.advance(Duration::from_mins(2));
    assert_eq!(push(&store, &[(FIRST, 1)]).await.status(), 200);
    let records = store.ledger().requests_to(Endpoint::PushStock);
    let worked: Vec<_> = records.iter().map(|r| r.worked).collect();
    assert_eq!(worked, [Some(429), Some(200)]);
}

#[tokio::test]
async fn bursts_come_by_chance_and_repeat_with_their_seed() {
    let run = async || {
        let burst = Bursts {
            share: 0.1,
            lasts: Duration::from_secs(9),
        };
        let store = start(|plan| {
            plan.limits.bursts = Some(burst);
            plan.limits.order_read = 0;
        })
        .await;
        let mut seen = Vec::new();
        for _ in 0..60 {
            seen.extend(asked(&store, 1).await);
            store.advance(Duration::from_secs(3));
        }
        seen
    };
    let first = run().await;
    assert_eq!(first, run().await);
    assert!(first.contains(&200) && first.windows(3).any(|w| w == [429; 3]));
}
