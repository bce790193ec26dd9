//! Orders that no stream would ever end: at their time limit the sweep does.

use std::time::Duration;

use orderwatch::order::Stage;
use sandbox::{
    panel::Endpoint,
    trouble::{Fault, Trouble},
};
use sqlx::PgPool;

use crate::support::{Rig, Shop, iso};

const DAY: Duration = Duration::from_hours(24);
/// For which it is asked about longer when nobody has answered.
const HOUR: Duration = Duration::from_hours(1);

#[sqlx::test(migrations = false)]
async fn an_order_whose_panel_is_gone_ends_at_its_time_limit(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let order = shop.place(reseller.package("2")).await;
    rig.buy().await;
    let sent_at = shop.now();
    shop.sql("DELETE FROM integrations").await;
    shop.advance(DAY.saturating_sub(Duration::from_micros(1)));
    rig.poll().await;
    assert_eq!(rig.sweep().await.orphans, 0);
    assert_eq!(shop.stage(order).await, Stage::Submitted);
    shop.advance(Duration::from_micros(1));
    assert_eq!(rig.sweep().await.orphans, 0);
    assert_eq!(
        shop.stage(order).await,
        Stage::Submitted,
        "the panel may come back"
    );
    shop.advance(HOUR);
    assert_eq!(rig.sweep().await.orphans, 1);
    assert_eq!(shop.stage(order).await, Stage::TimedOut);
    let row = shop.shop_row(order).await;
    assert_eq!(row.text("lastMessage"), "Timeout: no response after 24h");
    assert_eq!(row.text("status"), "pending");
    assert_eq!(
        shop.tracked(order).await.finished_at,
        Some(sent_at + DAY + HOUR)
    );
}

#[sqlx::test(migrations = false)]
async fn an_order_whose_panel_is_gone_while_nobody_knows_whether_it_was_bought_is_held(
    pool: PgPool,
) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let order = shop.place(reseller.package("2")).await;
    let fault = Fault::After(Trouble::Close);
    reseller.panel.faults().next(Endpoint::Purchase, fault);
    rig.buy().await;
    shop.sql("DELETE FROM integrations").await;
    shop.advance(DAY);
    assert_eq!(rig.sweep().await.orphans, 1);
    assert_eq!(shop.held(order).await, "unconfirmed");
}

#[sqlx::test(migrations = false)]
async fn more_orphans_than_results_may_wait_for_the_recorder_are_ended_in_one_sweep(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let orders = 1_200;
    let (tenant, gone) = (shop.tenant, reseller.id);
    let now = iso(shop.now());
    let sent = iso(shop.now() - DAY - HOUR);
    shop.sql(&format!(
        r#"WITH placed AS (
               INSERT INTO product_orders ("tenantId", "externalStatus", "createdAt")
               SELECT '{tenant}', 'sent', '{now}' FROM generate_series(1, {orders}) RETURNING id)
           INSERT INTO orderwatch.orders (order_id, tenant_id, integration_id, reference, stage,
                                          due_at, tracked_at, sent_at, give_up_at)
           SELECT id, '{tenant}', '{gone}', '17', 'submitted', '{now}', '{sent}', '{sent}', '{now}'
           FROM placed"#
    ))
    .await;
    shop.sql("DELETE FROM integrations").await;
    let mut rig = Rig::new(&shop);
    assert_eq!(rig.sweep().await.orphans, orders);
    let failed = r#"SELECT count(*) FROM product_orders WHERE "externalStatus" = 'failed'"#;
    let failed: i64 = sqlx::query_scalar(failed)
        .fetch_one(&shop.pool)
        .await
        .unwrap();
    assert_eq!(u64::try_from(failed), Ok(orders));
}

#[sqlx::test(migrations = false)]
async fn an_order_that_could_not_be_sent_for_a_day_is_not_sent_any_more(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    shop.place(reseller.package("2")).await;
    rig.buy().await;
    let order = shop.place(reseller.package("2")).await;
    reseller.panel.pause_listening().await.unwrap();
    rig.dispatch().await;
    assert_eq!(shop.stage(order).await, Stage::Queued);
    // Then somebody disables the panel and forgets it.
    shop.sql("UPDATE integrations SET enabled = false").await;
    shop.advance(DAY * 3);
    reseller.panel.resume_listening().await.unwrap();
    shop.sql("UPDATE integrations SET enabled = true").await;
    assert_eq!(rig.buy().await, 0);
    rig.poll().await;
    assert_eq!(rig.next_due().await, None, "nobody turns in vain");
    assert_eq!(rig.sweep().await.orphans, 1);
    assert_eq!(shop.stage(order).await, Stage::TimedOut);
    let row = shop.shop_row(order).await;
    assert_eq!(
        row.text("lastMessage"),
        "Timeout: could not be sent within 24h; nothing was bought."
    );
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 1);
}
