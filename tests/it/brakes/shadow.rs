//! Shadow mode: another system buys, and this one writes down what it would have bought.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::time::Duration;

use orderwatch::order::{OrderId, Stage};
use sandbox::panel::Endpoint;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Rig, Shop, iso};

const SHADOW: &[(&str, &str)] = &[("dispatch.mode", "shadow")];

/// What is written down about an order.
async fn noted(shop: &Shop, order: OrderId) -> Value {
    let sql = "SELECT to_jsonb(s) - 'at' || jsonb_build_object('expected', s.expected::text)
               FROM orderwatch.shadow s WHERE order_id = $1";
    let noted = sqlx::query_scalar(sql).bind(order.0);
    noted.fetch_one(&shop.pool).await.unwrap()
}

#[sqlx::test(migrations = false)]
async fn it_writes_down_what_it_would_buy_or_hold_and_touches_nothing(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::with(&shop, SHADOW);
    let good = shop.place_many(reseller.package("2"), 2).await;
    let faulty = shop.place(reseller.package("2")).await;
    shop.set(faulty, "quantity = 2").await;
    let lost = shop.package(reseller.id, "2").await;
    shop.sql(&format!(
        r#"UPDATE package_routing SET "primaryProviderId" = 'gone' WHERE package_id = '{lost}'"#
    ))
    .await;
    let unrouted = shop.place(lost).await;
    let all = [good[0], good[1], faulty, unrouted];
    let mut versions = Vec::new();
    for order in all {
        versions.push(shop.version(order).await);
    }
    for _ in 0..5 {
        assert_eq!(rig.dispatch().await.next, None);
        rig.poll().await;
        shop.advance(Duration::from_mins(5));
    }
    for (order, version) in all.into_iter().zip(versions) {
        assert_eq!(shop.version(order).await, version);
        assert!(shop.find_tracked(order).await.is_none());
        assert_eq!(shop.events(order).await, Vec::<String>::new());
    }
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 0);
    assert_eq!(reseller.panel.ledger().count(Endpoint::Status), 0);
    let one_row_each = "SELECT count(*) FROM orderwatch.shadow";
    assert_eq!(shop.count(one_row_each).await, 4);
    for order in good {
        let want = json!({
            "order_id": order.0, "tenant_id": shop.tenant.0, "integration_id": reseller.id.0,
            "reference": reseller.reference(order), "expected": "35",
            "product": {"oyun": "1", "kupur": "325"}, "player_fields": "sheet", "held_reason": null,
        });
        assert_eq!(noted(&shop, order).await, want);
    }
    assert_eq!(
        noted(&shop, faulty).await["held_reason"],
        "quantity_not_one"
    );
    let reason = noted(&shop, unrouted).await["held_reason"].clone();
    assert_eq!(reason, "contradictory_routing");
}

#[sqlx::test(migrations = false)]
async fn what_the_other_system_sends_is_left_to_it_and_what_we_sent_is_watched(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let ours = shop.place(reseller.package("2")).await;
    let mut live = Rig::new(&shop);
    live.buy().await;
    drop(live);
    let theirs = shop.place(reseller.package("2")).await;
    let columns = format!(
        r#""providerId" = '{}', "externalStatus" = 'sent', "sentAt" = '{}',
           provider_referans = '1614823567123456'"#,
        reseller.id,
        iso(shop.now())
    );
    shop.set(theirs, &columns).await;
    let mut rig = Rig::with(&shop, SHADOW);
    shop.advance(Duration::from_mins(10));
    rig.dispatch().await;
    let report = rig.sweep().await;
    assert_eq!((report.adopted, report.held), (0, 0));
    assert_eq!(report.sent_by_others, 0, "that is what is expected here");
    rig.run_out().await;
    assert!(shop.find_tracked(theirs).await.is_none());
    assert_eq!(shop.stage(ours).await, Stage::Completed);
    // Switched to live, it takes over: new orders are bought, also those that it had written down.
    let noted = shop.place(reseller.package("2")).await;
    rig.dispatch().await;
    rig.dispatch().await;
    let mut live = Rig::new(&shop);
    assert_eq!(live.buy().await, 1);
    assert_eq!(live.sweep().await.adopted, 1);
    live.run_out().await;
    assert_eq!(shop.stage(noted).await, Stage::Completed);
    let count = "SELECT count(*) FROM orderwatch.shadow";
    assert_eq!(
        shop.count(count).await,
        2,
        "also what was sent before it was seen"
    );
}
