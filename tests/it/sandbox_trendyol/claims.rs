//! Returns: one element a piece, cut at 500 without a word.

use std::time::Duration;

use sandbox::trendyol::{ClaimDates, ClaimStatus, NoClaims, TrendyolStore};
use serde_json::{Value, json};

use super::{
    FIRST, SECOND, start,
    wire::{order_api, order_status},
};

async fn page(store: &TrendyolStore, query: &str) -> Value {
    order_api(store, &format!("claims?{query}")).await
}

fn ids(page: &Value) -> Vec<String> {
    let content = page["content"].as_array().unwrap().iter();
    content
        .map(|c| c["claimId"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn each_piece_is_an_element_of_its_own() {
    let store = start(|_| {}).await;
    let order = store.sell_parcels(&[&[(FIRST, 3), (SECOND, 1)]]).unwrap();
    store.advance(Duration::from_hours(1));
    let id = store.claim(order.packages[0], FIRST, 2).unwrap();
    store.decide(id, &ClaimStatus::WaitingInAction).unwrap();
    let claim = page(&store, "").await["content"][0].clone();
    let package = store.package(order.packages[0]).unwrap();
    for (field, want) in [
        ("claimId", json!(id.to_string())),
        ("orderNumber", json!(order.number)),
        ("orderOutboundPackageId", json!(package.id)),
        (
            "orderDate",
            json!(package.ordered.timestamp_millis() + 10_800_000),
        ),
        ("claimDate", json!(store.now().timestamp_millis())),
        (
            "lastModifiedDate",
            json!(store.now().timestamp_millis() + 1),
        ),
        ("status", Value::Null),
    ] {
        assert_eq!(claim[field], want, "{field}");
    }
    let items = claim["items"].as_array().unwrap();
    let pieces = items[0]["claimItems"].as_array().unwrap();
    assert_eq!((items.len(), pieces.len()), (1, 2));
    assert_eq!(items[0]["orderLine"]["barcode"], FIRST);
    assert_eq!(items[0]["orderLine"]["merchantSku"], format!("SKU-{FIRST}"));
    assert_eq!(pieces[0]["claimItemStatus"]["name"], "WaitingInAction");
    assert_ne!(pieces[0]["id"], pieces[1]["id"]);
    assert_eq!(pieces[0]["quantity"], Value::Null);
    assert!(store.claim(order.packages[0], SECOND, 2).is_err());
}

#[tokio::test]
async fn none_at_all_is_an_empty_list_or_404() {
    for (no_claims, want) in [(NoClaims::Empty, 200), (NoClaims::NotFound, 404)] {
        let store = start(|plan| plan.quirks.no_claims = no_claims).await;
        assert_eq!(order_status(&store, "claims").await, want);
        let id = store.sell(FIRST, 1).unwrap().packages[0];
        store.claim(id, FIRST, 1).unwrap();
        assert_eq!(order_status(&store, "claims").await, 200);
        assert_eq!(order_status(&store, "claims?page=3").await, 200);
        let status = order_status(&store, "claims?orderNumber=1").await;
        assert_eq!(status, want);
    }
}

#[tokio::test]
async fn claims_are_filtered_by_the_planned_date() {
    for (dates, decided_later) in [(ClaimDates::Created, 0), (ClaimDates::Modified, 1)] {
        let store = start(|plan| plan.quirks.claim_dates = dates).await;
        let sold = store.sell_parcels(&[&[(FIRST, 2)]]).unwrap();
        let claim = |barcode| store.claim(sold.packages[0], barcode, 1).unwrap();
        let (first, second) = (claim(FIRST), claim(FIRST));
        store.advance(Duration::from_hours(1));
        let later = store.now().timestamp_millis();
        store.decide(first, &ClaimStatus::Accepted).unwrap();
        let since = page(&store, &format!("startDate={later}")).await;
        assert_eq!(ids(&since).len(), decided_later, "{dates:?}");
        let accepted = page(&store, "claimItemStatus=Accepted").await;
        assert_eq!(ids(&accepted), [first.to_string()]);
        let waiting = page(&store, "claimItemStatus=Created").await;
        assert_eq!(ids(&waiting), [second.to_string()]);
        // With ids everything else is ignored.
        let by_id = page(
            &store,
            &format!("claimIds={second}&claimItemStatus=Accepted"),
        )
        .await;
        assert_eq!(ids(&by_id), [second.to_string()]);
    }
}

#[tokio::test]
async fn one_question_never_sees_more_than_500() {
    let store = start(|plan| plan.products[0].stock = 1000).await;
    let package = store.sell(FIRST, 600).unwrap().packages[0];
    let middle = {
        for n in 0..600 {
            store.claim(package, FIRST, 1).unwrap();
            if n < 599 {
                store.advance(Duration::from_secs(1));
            }
        }
        store.now().timestamp_millis() - 300_000
    };
    let first = page(&store, "size=200").await;
    assert_eq!(
        (&first["totalElements"], &first["totalPages"]),
        (&json!(500), &json!(3))
    );
    let last = page(&store, "size=200&page=2").await;
    assert_eq!(
        (
            ids(&last).len(),
            ids(&page(&store, "size=200&page=3").await).len()
        ),
        (100, 0)
    );
    // Halves of the time show them all.
    let early = page(&store, &format!("endDate={middle}")).await;
    let late = page(&store, &format!("startDate={middle}")).await;
    let sum = [early, late].map(|p| p["totalElements"].as_u64().unwrap());
    assert_eq!(sum.iter().sum::<u64>(), 600);
    assert_eq!(order_status(&store, "claims?size=201").await, 400);
}
