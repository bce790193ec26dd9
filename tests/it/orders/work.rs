//! What a hundred orders cost from the purchase to the code: a regression is a number that has changed.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::{collections::BTreeMap, time::Duration};

use orderwatch::{order::Stage, worker::jobs::sweep::SweepReport};
use sandbox::panel::{Endpoint, Readiness};
use sqlx::PgPool;

use crate::support::{Allowed, Meter, Reseller, Rig, Shop};

const ORDERS: usize = 100;
/// Longer than any pause between two checks of a young order.
const LATER: Duration = Duration::from_mins(10);

/// Found, claimed with a reference and an intent, bought, recorded.
const BOUGHT: Allowed = &[
    ("orderwatch.events inserted", 200),
    ("orderwatch.orders inserted", 100),
    ("orderwatch.orders updated", 100),
    ("orderwatch.purchases inserted", 100),
    ("orderwatch.purchases updated", 100),
    ("orderwatch.purchases updated (HOT)", 100),
    ("public.product_orders updated", 200),
    ("requests to pin_ekle.php", 100),
    ("statements", 7),
    ("transactions", 3),
];

/// The panel is known to work on the orders from now on, and the shop is shown that.
const WAITING_FIRST: Allowed = &[
    ("orderwatch.events inserted", 100),
    ("orderwatch.orders updated", 200),
    ("orderwatch.purchases updated", 100),
    ("orderwatch.purchases updated (HOT)", 100),
    ("public.product_orders updated", 100),
    ("requests to pin_kontrol.php", 100),
    ("statements", 5),
    ("transactions", 2),
];

/// Another answer than before is an event.
const WAITING_SECOND: Allowed = &[
    ("orderwatch.events inserted", 100),
    ("orderwatch.orders updated", 200),
    ("requests to pin_kontrol.php", 100),
    ("statements", 5),
    ("transactions", 2),
];

/// The same answer is none.
const WAITING_AGAIN: Allowed = &[
    ("orderwatch.orders updated", 200),
    ("requests to pin_kontrol.php", 100),
    ("statements", 5),
    ("transactions", 2),
];

const DONE: Allowed = &[
    ("orderwatch.coded_products updated", 1),
    ("orderwatch.coded_products updated (HOT)", 1),
    ("orderwatch.events inserted", 100),
    ("orderwatch.orders updated", 200),
    ("orderwatch.purchases updated", 100),
    ("orderwatch.purchases updated (HOT)", 100),
    ("orderwatch.unsettled inserted", 100),
    ("public.product_orders updated", 100),
    ("requests to pin_kontrol.php", 100),
    ("statements", 5),
    ("transactions", 2),
];

/// A turn of the dispatcher and one of the poller.
const SCANS: Allowed = &[("statements", 7), ("transactions", 1)];

const SWEEP: Allowed = &[("statements", 8), ("transactions", 1)];

fn requests(reseller: &Reseller) -> BTreeMap<String, i64> {
    let ledger = reseller.panel.ledger();
    let count = |endpoint: Endpoint| {
        let requests = i64::try_from(ledger.count(endpoint)).unwrap();
        (format!("requests to {}", endpoint.file()), requests)
    };
    Endpoint::ALL.map(count).into()
}

#[sqlx::test(migrations = false)]
async fn a_hundred_orders_cost_what_they_did(pool: PgPool) {
    let (shop, reseller) =
        Shop::open_at(pool, |plan| plan.readiness = Readiness::after_waits(3)).await;
    // As many at once as there are: a pass is one group, whatever the pace of the machine.
    let settings = [
        ("dispatch.max_in_flight", "100"),
        ("znet.max_in_flight", "0"),
    ];
    let mut rig = Rig::with(&shop, &settings);
    let requests = || requests(&reseller);
    // The price list is fetched, and every connection knows its statements.
    shop.place(reseller.package("2")).await;
    rig.buy().await;
    for _ in 0..4 {
        rig.advance(LATER);
        rig.poll().await;
    }
    let meter = Meter::new(&shop.pool, &shop.daemon).await;
    let orders = shop.place_many(reseller.package("2"), ORDERS).await;

    meter
        .hold("100 orders are bought", BOUGHT, requests, async || {
            assert_eq!(rig.dispatch().await.started, ORDERS);
        })
        .await;
    for (number, allowed) in [
        ("first", WAITING_FIRST),
        ("second", WAITING_SECOND),
        ("third", WAITING_AGAIN),
    ] {
        rig.advance(LATER);
        let what = format!("a {number} check of each says waiting");
        meter
            .hold(&what, allowed, requests, async || {
                assert_eq!(rig.poll().await.started, ORDERS);
            })
            .await;
    }
    rig.advance(LATER);
    meter
        .hold(
            "a last check of each says done",
            DONE,
            requests,
            async || {
                assert_eq!(rig.poll().await.started, ORDERS);
            },
        )
        .await;
    for order in orders {
        assert_eq!(shop.stage(order).await, Stage::Completed);
    }

    meter
        .hold(
            "scans without anything to do",
            SCANS,
            requests,
            async || {
                assert_eq!(rig.dispatch().await.started + rig.poll().await.started, 0);
            },
        )
        .await;
    meter
        .hold(
            "a sweep without anything to do",
            SWEEP,
            requests,
            async || {
                assert_eq!(rig.sweep().await, SweepReport::default());
            },
        )
        .await;
    meter.finish();
}
