//! Others who ask and buy at the same panel: a second dispatcher is noticed, replicas share one
//! pace, and an answer that comes too late is kept.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use orderwatch::order::{OrderId, Stage};
use sandbox::{
    gates::Moment,
    panel::Endpoint,
    trouble::{Fault, Trouble},
};
use sqlx::PgPool;

use crate::support::{ACCOUNT, Reseller, Rig, Shop, iso};

/// An order that somebody else sends at this time.
async fn sent_by_another(shop: &Shop, reseller: &Reseller, at: DateTime<Utc>) -> OrderId {
    let order = shop.place(reseller.package("2")).await;
    let columns = format!(
        r#""providerId" = '{}', "externalStatus" = 'sent', "sentAt" = '{}',
           provider_referans = ("orderNo" + 1000000)::text"#,
        reseller.id,
        iso(at)
    );
    shop.set(order, &columns).await;
    order
}

#[sqlx::test(migrations = false)]
async fn a_second_dispatcher_is_noticed_and_its_orders_are_watched_not_bought(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let handed_over = sent_by_another(&shop, &reseller, shop.now() - TimeDelta::minutes(5)).await;
    let mut rig = Rig::new(&shop);
    let report = rig.sweep().await;
    assert_eq!(report.adopted, 1);
    assert_eq!(report.sent_by_others, 0, "sent before this daemon began");
    shop.advance(Duration::from_secs(1));
    let beside = sent_by_another(&shop, &reseller, shop.now()).await;
    // Staff may send what is not routed automatically.
    let by_hand = sent_by_another(&shop, &reseller, shop.now()).await;
    let package = shop.package(reseller.id, "2").await;
    shop.set(by_hand, &format!(r#""packageId" = '{package}'"#))
        .await;
    shop.sql(&format!(
        "UPDATE package_routing SET mode = 'manual' WHERE package_id = '{package}'"
    ))
    .await;
    shop.advance(Duration::from_mins(2));
    let report = rig.sweep().await;
    assert_eq!((report.adopted, report.sent_by_others), (2, 1));
    // Said once: they are watched from now on.
    let report = rig.sweep().await;
    assert_eq!((report.adopted, report.sent_by_others), (0, 0));
    for order in [handed_over, beside, by_hand] {
        assert_eq!(shop.stage(order).await, Stage::Submitted);
    }
    rig.buy().await;
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 0);
}

#[sqlx::test(migrations = false)]
async fn an_order_that_the_other_dispatcher_took_between_look_and_claim_is_not_bought(
    pool: PgPool,
) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    shop.place(reseller.package("2")).await;
    rig.buy().await;
    let order = shop.place(reseller.package("2")).await;
    // It has locked the row and writes its own reference before it lets go.
    let mut other = shop.pool.begin().await.unwrap();
    let take = r#"UPDATE product_orders SET "providerId" = $2, "externalOrderId" = '1614823567123456'
                  WHERE id = $1"#;
    sqlx::query(take)
        .bind(order.0)
        .bind(reseller.id.to_string())
        .execute(&mut *other)
        .await
        .unwrap();
    assert_eq!(rig.buy().await, 0);
    other.commit().await.unwrap();
    assert_eq!(rig.buy().await, 0);
    assert!(shop.find_tracked(order).await.is_none());
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 1);
}

#[sqlx::test(migrations = false)]
async fn replicas_share_one_pace(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    // 10 ms a turn; five of them are reserved at once.
    let paced = [
        ("znet.requests_per_second", "100"),
        ("znet.max_in_flight", "0"),
    ];
    let (mut one, mut two) = (Rig::with(&shop, &paced), Rig::with(&shop, &paced));
    shop.place_many(reseller.package("2"), 40).await;
    let bought = futures::join!(one.buy(), two.buy());
    assert_eq!(bought.0 + bought.1, 40);
    // The clock stands still, so the turns that were taken add up to the time of the next one.
    let sql = "SELECT next_at FROM orderwatch.paces WHERE integration_id = $1";
    let next: DateTime<Utc> = sqlx::query_scalar(sql)
        .bind(reseller.id.0)
        .fetch_one(&shop.pool)
        .await
        .unwrap();
    let taken = next - shop.now();
    assert!(taken >= TimeDelta::milliseconds(10 * 40), "{taken}");
    assert!(
        taken <= TimeDelta::milliseconds(10 * (40 + 2 * 4)),
        "{taken}"
    );
    // Questions take their turns from the same row.
    shop.advance(Duration::from_mins(1));
    let begun = shop.now();
    let asked = futures::join!(one.poll(), two.poll());
    assert_eq!(asked.0.started + asked.1.started, 40);
    let next: DateTime<Utc> = sqlx::query_scalar(sql)
        .bind(reseller.id.0)
        .fetch_one(&shop.pool)
        .await
        .unwrap();
    assert!(next - begun >= TimeDelta::milliseconds(10 * (40 - 2 * 4)));
}

/// A question whose answer is on its way when its lease ends, and the daemon that asked it.
async fn slow_question(shop: &Shop, reseller: &Reseller) -> (Rig, OrderId) {
    let order = shop.place(reseller.package("2")).await;
    let mut slow = Rig::new(shop);
    slow.buy().await;
    shop.advance(Duration::from_mins(1));
    let gate = reseller.panel.hold(Endpoint::Status, Moment::BeforeAnswer);
    slow.begin_poll().await;
    gate.arrived(1).await;
    // Its answer is ready; it is written when the daemon comes to it.
    gate.open();
    shop.advance(Duration::from_mins(2));
    (slow, order)
}

#[sqlx::test(migrations = false)]
async fn a_code_that_comes_after_the_panel_cancelled_is_kept_and_the_contradiction_said(
    pool: PgPool,
) {
    let (shop, reseller) = Shop::open(pool).await;
    let (mut slow, order) = slow_question(&shop, &reseller).await;
    let mut quick = Rig::new(&shop);
    let cancelled = Fault::Instead(Trouble::says("OK|3| |iptal"));
    reseller.panel.faults().next(Endpoint::Status, cancelled);
    quick.poll().await;
    let row = shop.shop_row(order).await;
    assert_eq!(row.text("externalStatus"), "failed");
    let version = shop.version(order).await;
    slow.finish().await;
    assert_eq!(shop.version(order).await, version, "final stays final");
    assert_eq!(shop.stage(order).await, Stage::Failed);
    let pin = reseller.panel.pin_of(ACCOUNT.0, &reseller.reference(order));
    assert_eq!(shop.pin(order).await, Some(pin.clone()));
    assert_eq!(
        shop.events(order).await,
        ["claimed", "accepted", "cancelled", "contradiction"]
    );
    let event = shop.event(order, "contradiction").await;
    assert_eq!(event["result"], "completed");
    assert_eq!(event["stage"], "failed");
    assert!(!event.to_string().contains(&pin), "masked");
}

#[sqlx::test(migrations = false)]
async fn a_code_that_comes_before_the_newer_answer_is_kept_and_the_order_goes_on(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let (mut slow, order) = slow_question(&shop, &reseller).await;
    let mut quick = Rig::new(&shop);
    let waiting = Fault::Instead(Trouble::says("OK|1| |işleniyor"));
    reseller.panel.faults().next(Endpoint::Status, waiting);
    quick.poll().await;
    slow.finish().await;
    let pin = reseller.panel.pin_of(ACCOUNT.0, &reseller.reference(order));
    assert_eq!(shop.pin(order).await, Some(pin.clone()));
    assert_eq!(shop.stage(order).await, Stage::Submitted);
    assert_eq!(
        shop.event(order, "late_answer").await["result"],
        "completed"
    );
    quick.run_out().await;
    assert_eq!(shop.shop_row(order).await.text("pinCode"), pin);
    assert_eq!(shop.stage(order).await, Stage::Completed);
}
