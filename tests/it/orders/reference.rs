//! The name of a purchase: the same after everything was forgotten, and never another order's.

use std::time::Duration;

use orderwatch::order::{OrderId, Reference, Stage};
use sandbox::panel::Endpoint;
use serde_json::json;
use sqlx::PgPool;

use crate::support::{ACCOUNT, Reseller, Rig, Shop};

/// The database as it was before the order was sent: a backup was put back.
async fn restore_backup(shop: &Shop, order: OrderId) {
    shop.sql("TRUNCATE orderwatch.orders, orderwatch.purchases, orderwatch.events")
        .await;
    let columns = r#"status = 'pending', "providerId" = NULL, "externalOrderId" = NULL,
        provider_referans = NULL, "externalStatus" = 'not_sent', "sentAt" = NULL,
        "completedAt" = NULL, "durationMs" = NULL, "pinCode" = NULL"#;
    shop.set(order, columns).await;
}

#[sqlx::test(migrations = false)]
async fn after_a_backup_was_restored_an_order_keeps_its_name_and_is_settled_by_asking(
    pool: PgPool,
) {
    let (shop, reseller) = Shop::open(pool).await;
    let order = shop.place(reseller.package("2")).await;
    for time in ["before it was settled", "after it was settled"] {
        let mut first = Rig::new(&shop);
        first.buy().await;
        if time.starts_with("after") {
            first.run_out().await;
        }
        restore_backup(&shop, order).await;
        shop.advance(Duration::from_mins(10));
    }
    let reference = reseller.reference(order);
    let mut rig = Rig::new(&shop);
    rig.buy().await;
    // The panel says `4|`: it is asked at once.
    let tracked = shop.tracked(order).await;
    assert_eq!(tracked.watched.stage, Stage::Unconfirmed);
    assert_eq!(tracked.due_at, Some(shop.now()));
    assert!(!tracked.watched.may_resend);
    rig.poll().await;
    let row = shop.shop_row(order).await;
    assert_eq!(row.text("provider_referans"), reference);
    assert_eq!(row.text("externalStatus"), "done");
    let pin = reseller.panel.pin_of(ACCOUNT.0, &reference);
    assert_eq!(row.text("pinCode"), pin);
    assert_eq!(
        shop.events(order).await,
        ["claimed", "unsure", "completed"],
        "settled by asking"
    );
    let ledger = reseller.panel.ledger();
    assert_eq!(ledger.sale_count(), 1);
    let requests = ledger.requests_about(Endpoint::Purchase, &reference);
    assert_eq!(requests.len(), 3, "the same name each time");
}

/// Gives the order's name of this round to another order.
async fn take_name(shop: &Shop, reseller: &Reseller, order: OrderId, round: u16) {
    let name = Reference::derive(order, reseller.id, round);
    let integration = reseller.id;
    shop.sql(&format!(
        "INSERT INTO orderwatch.purchases (reference, integration_id, order_id, claimed_at)
         VALUES ('{name}', '{integration}', gen_random_uuid(), now())"
    ))
    .await;
}

#[sqlx::test(migrations = false)]
async fn a_name_that_another_order_has_is_left_to_it_and_the_next_one_is_used(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let orders = shop.place_many(reseller.package("2"), 4).await;
    let [plain, once, twice, never] = orders[..] else {
        unreachable!("four orders were placed");
    };
    take_name(&shop, &reseller, once, 0).await;
    for round in 0..2 {
        take_name(&shop, &reseller, twice, round).await;
    }
    for round in 0..3 {
        take_name(&shop, &reseller, never, round).await;
    }
    let mut rig = Rig::new(&shop);
    assert_eq!(rig.buy().await, 3);
    for (order, round) in [(plain, 0), (once, 1), (twice, 2)] {
        let name = Reference::derive(order, reseller.id, round);
        let row = shop.shop_row(order).await;
        assert_eq!(row.text("provider_referans"), name.as_str());
        let purchases = shop.purchases(order).await;
        assert_eq!(purchases.len(), 1);
        assert_eq!(*purchases[0].get("round"), json!(round));
        assert!(reseller.panel.ledger().sold(name.as_str()));
    }
    // Nothing is guessed beyond that, and nothing is written.
    assert!(shop.find_tracked(never).await.is_none());
    let row = shop.shop_row(never).await;
    assert_eq!(row.text("externalStatus"), "not_sent");
    assert_eq!(reseller.panel.ledger().sale_count(), 3);
    assert!(shop.purchases(never).await.is_empty());
}

#[sqlx::test(migrations = false)]
async fn the_same_number_at_another_panel_is_no_collision(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let other = shop.reseller(|_| {}).await;
    let order = shop.place(reseller.package("2")).await;
    let name = reseller.reference(order);
    let elsewhere = other.id;
    shop.sql(&format!(
        "INSERT INTO orderwatch.purchases (reference, integration_id, order_id, claimed_at)
         VALUES ('{name}', '{elsewhere}', gen_random_uuid(), now())"
    ))
    .await;
    Rig::new(&shop).buy().await;
    let row = shop.shop_row(order).await;
    assert_eq!(row.text("provider_referans"), name);
}
