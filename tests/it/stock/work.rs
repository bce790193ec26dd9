//! What a pass over a hundred products costs: a regression is a number that has changed.

use std::{collections::BTreeMap, time::Duration};

use orderwatch::store::{Sides, Store};
use sandbox::trendyol::{Endpoint, Product, TrendyolStore};
use sqlx::PgPool;

use super::{rig::Rig, warehouse::Warehouse};
use crate::{
    process::roles,
    support::{Allowed, Meter},
};

const PRODUCTS: u32 = 100;
/// After it a product may be looked at and sent again.
const LATER: Duration = Duration::from_mins(30);

/// Every product is looked at, and found as it should be.
const UNCHANGED: Allowed = &[
    ("orderwatch.feeds updated", 1),
    ("orderwatch.feeds updated (HOT)", 1),
    ("orderwatch.stock_items updated", 100),
    ("orderwatch.stock_items updated (HOT)", 100),
    ("public.stock_push_log inserted", 1),
    ("requests: OrderStream", 1),
    ("requests: ReadBack", 2),
    ("statements", 37),
    ("transactions", 3),
    ("transactions rolled back", 1),
];

const FIVE: Allowed = &[
    ("orderwatch.feeds updated", 1),
    ("orderwatch.feeds updated (HOT)", 1),
    ("orderwatch.stock_batches inserted", 1),
    ("orderwatch.stock_batches updated", 1),
    ("orderwatch.stock_items updated", 110),
    ("orderwatch.stock_items updated (HOT)", 100),
    ("orderwatch.stock_sends inserted", 5),
    ("public.stock_push_log inserted", 1),
    ("public.stock_push_log updated", 1),
    ("public.stock_push_log updated (HOT)", 1),
    ("requests: OrderStream", 1),
    ("requests: PushStock", 1),
    ("requests: ReadBack", 3),
    ("statements", 60),
    ("transactions", 6),
    ("transactions rolled back", 2),
];

/// What was sent is looked at, and its batch is settled.
const AFTER: Allowed = &[
    ("orderwatch.feeds updated", 1),
    ("orderwatch.feeds updated (HOT)", 1),
    ("orderwatch.stock_batches updated", 1),
    ("orderwatch.stock_items updated", 115),
    ("orderwatch.stock_items updated (HOT)", 110),
    ("orderwatch.stock_sends updated", 5),
    ("orderwatch.stock_sends updated (HOT)", 5),
    ("public.central_stock updated", 5),
    ("public.central_stock updated (HOT)", 5),
    ("public.stock_push_log inserted", 1),
    ("requests: BatchResult", 1),
    ("requests: OrderStream", 1),
    ("requests: ReadBack", 3),
    ("statements", 60),
    ("transactions", 5),
    ("transactions rolled back", 2),
];

fn requests(store: &TrendyolStore) -> BTreeMap<String, i64> {
    let count = |endpoint: Endpoint| {
        let requests = i64::try_from(store.ledger().count(endpoint)).unwrap();
        (format!("requests: {endpoint:?}"), requests)
    };
    Endpoint::ALL.map(count).into()
}

#[sqlx::test(migrations = false)]
async fn passes_over_a_hundred_products_cost_what_they_did(pool: PgPool) {
    let daemon = roles::migrate(&pool, Sides::BOTH).await;
    let store = Store::from_pool(daemon.clone());
    let meter = Meter::new(&pool, &daemon).await;
    let warehouse = Warehouse { pool, store };
    let rig = Rig::over(warehouse, |plan| {
        plan.products = (0..PRODUCTS).map(|n| Product::sample(n, 0)).collect();
    })
    .await;
    for (barcode, _) in rig.shop.stocks() {
        rig.warehouse.stock(&barcode, 5).await;
    }
    // What was sent is known to have arrived.
    for _ in 0..2 {
        rig.push().await.unwrap();
        rig.wait(LATER);
    }
    let requests = || requests(&rig.shop);

    meter
        .hold("a pass without changes", UNCHANGED, requests, async || {
            assert_eq!(rig.push().await.unwrap().items, 0);
        })
        .await;
    rig.wait(LATER);
    let changed = "UPDATE central_stock SET qty = 4
        WHERE barcode IN (SELECT barcode FROM central_stock ORDER BY barcode LIMIT 5)";
    rig.warehouse.run(changed).await;
    meter
        .hold("a pass that sends five", FIVE, requests, async || {
            assert_eq!(rig.push().await.unwrap().items, 5);
        })
        .await;
    rig.wait(LATER);
    meter
        .hold("the pass after it", AFTER, requests, async || {
            assert_eq!(rig.push().await.unwrap().items, 0);
        })
        .await;
    meter.finish();
}
