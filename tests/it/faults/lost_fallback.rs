//! A failover takes back that an order went to its fallback panel: the first panel knows nothing of it, and may sell now.

use std::time::Duration;

use chrono::TimeDelta;
use orderwatch::order::{OrderId, Stage};
use sandbox::{
    gates::Moment,
    panel::Endpoint,
    trouble::{Fault, Trouble},
};
use sqlx::PgPool;

use super::lost_rows::{Lost, copy_to_standby, fail_over_to_standby, lose};
use crate::{
    people::run,
    support::{ACCOUNT, Reseller, Rig, Shop},
};

/// Two panels, which sell again whatever is sent to them.
async fn two_panels(pool: PgPool) -> (Shop, Reseller, Reseller) {
    let (shop, first) = Shop::open_at(pool, |plan| plan.refuses_duplicates = false).await;
    let second = shop.reseller(|plan| plan.refuses_duplicates = false).await;
    shop.fall_back(first.package("2"), second.id, "2").await;
    (shop, first, second)
}

/// An order that the first panel has refused, after the standby has got its claim there, and that is bought at the second
/// one.
async fn bought_at_the_second(shop: &Shop, first: &Reseller, rig: &mut Rig) -> OrderId {
    let refusal = Fault::Instead(Trouble::says("3|Yetersiz bakiye"));
    first.panel.faults().next(Endpoint::Purchase, refusal);
    let gate = first.panel.hold(Endpoint::Purchase, Moment::BeforeAnswer);
    let order = shop.place(first.package("2")).await;
    rig.dispatch().await;
    rig.begin_dispatch().await;
    gate.arrived(1).await;
    copy_to_standby(shop).await;
    shop.advance(Duration::from_secs(1));
    gate.open();
    rig.finish().await;
    rig.buy().await;
    assert_eq!(shop.stage(order).await, Stage::Submitted);
    order
}

fn sold(resellers: [&Reseller; 2]) -> [usize; 2] {
    resellers.map(|reseller| reseller.panel.ledger().sale_count())
}

async fn assert_completed_at(shop: &Shop, order: OrderId, second: &Reseller) {
    assert_eq!(shop.stage(order).await, Stage::Completed);
    let row = shop.shop_row(order).await;
    let reference = second.reference(order);
    assert_eq!(row.text("provider_referans"), reference);
    assert_eq!(row.text("providerId"), second.id.to_string());
    assert_eq!(
        row.text("pinCode"),
        second.panel.pin_of(ACCOUNT.0, &reference)
    );
}

#[sqlx::test(migrations = false)]
async fn a_purchase_at_the_second_panel_is_restored_over_the_claim_at_the_first(pool: PgPool) {
    let (shop, first, second) = two_panels(pool).await;
    let mut rig = Rig::new(&shop);
    let order = bought_at_the_second(&shop, &first, &mut rig).await;
    fail_over_to_standby(&shop, order).await;
    let columns = format!(
        r#"provider_referans = '{}', "providerId" = '{}'"#,
        first.reference(order),
        first.id
    );
    shop.set(order, &columns).await;
    assert_eq!(shop.stage(order).await, Stage::Dispatching);

    rig.look_back().await;
    assert_eq!(shop.stage(order).await, Stage::Submitted);
    assert!(shop.events(order).await.contains(&"restored".to_owned()));
    rig.run_out().await;
    assert_completed_at(&shop, order, &second).await;
    assert_eq!(sold([&first, &second]), [0, 1]);
    assert_eq!(shop.purchases(order).await.len(), 2, "both names are kept");
}

#[sqlx::test(migrations = false)]
async fn an_order_that_looks_new_is_found_at_the_second_panel_by_another_process(pool: PgPool) {
    let (shop, first, second) = two_panels(pool).await;
    let mut rig = Rig::new(&shop);
    let order = bought_at_the_second(&shop, &first, &mut rig).await;
    lose(&shop, order, Lost::Claim).await;
    drop(rig);

    // The first panel would sell it now.
    let mut other = Rig::with(&shop, &[("dispatch.ask_first", "true")]);
    other.buy().await;
    other.run_out().await;
    assert_completed_at(&shop, order, &second).await;
    assert_eq!(sold([&first, &second]), [0, 1]);
}

#[sqlx::test(migrations = false)]
async fn an_order_that_looks_new_is_found_there_also_where_the_shops_clock_is_ahead(pool: PgPool) {
    let (shop, first, second) = two_panels(pool).await;
    let mut rig = Rig::new(&shop);
    let order = bought_at_the_second(&shop, &first, &mut rig).await;
    lose(&shop, order, Lost::Claim).await;
    drop(rig);

    // The server that took over has a clock that is behind that of the one before.
    let placed = shop.now() + TimeDelta::minutes(40);
    shop.set(order, &format!(r#""createdAt" = '{placed}'"#))
        .await;
    let mut other = Rig::with(&shop, &[("dispatch.ask_first", "true")]);
    other.buy().await;
    other.run_out().await;
    assert_completed_at(&shop, order, &second).await;
    assert_eq!(sold([&first, &second]), [0, 1]);
}

#[sqlx::test(migrations = false)]
async fn an_order_that_looks_new_waits_until_the_second_panel_says_something(pool: PgPool) {
    let (shop, first, second) = two_panels(pool).await;
    let mut rig = Rig::new(&shop);
    let order = bought_at_the_second(&shop, &first, &mut rig).await;
    lose(&shop, order, Lost::Claim).await;
    drop(rig);
    shop.pause(Some(second.id)).await;
    let mut other = Rig::with(&shop, &[("dispatch.ask_first", "true")]);
    // An error that is none of the order.
    let itself = Fault::Instead(Trouble::says("3|Sistem bakımda"));
    second.panel.faults().next(Endpoint::Status, itself);
    other.buy().await;
    assert_eq!(shop.stage(order).await, Stage::Queued);
    assert!(shop.events(order).await.contains(&"not_sent".to_owned()));

    // Also once it has waited anew, as after a person's retry: its row is of before the change of the server.
    shop.advance(Duration::from_mins(10));
    let anew = format!(
        "UPDATE orderwatch.orders SET give_up_at = '{}' WHERE order_id = '{order}'",
        shop.now() + TimeDelta::hours(24)
    );
    shop.sql(&anew).await;
    other.buy().await;
    assert_eq!(sold([&first, &second]), [0, 1], "paused, and knows it");
    let tracked = shop.tracked(order).await;
    let stands = (tracked.watched.stage, tracked.integration);
    assert_eq!(stands, (Stage::Queued, Some(second.id)));
    shop.resume(Some(second.id)).await;
    other.run_out().await;
    assert_completed_at(&shop, order, &second).await;
    assert_eq!(sold([&first, &second]), [0, 1]);
}

/// What the second panel has said is all that names its purchase.
#[sqlx::test(migrations = false)]
async fn what_the_second_panel_knows_does_not_end_unasked_when_staff_reject_it(pool: PgPool) {
    let (shop, first, second) = two_panels(pool).await;
    let mut rig = Rig::new(&shop);
    let order = bought_at_the_second(&shop, &first, &mut rig).await;
    lose(&shop, order, Lost::Claim).await;
    drop(rig);
    shop.pause(Some(second.id)).await;
    let mut other = Rig::with(&shop, &[("dispatch.ask_first", "true")]);
    other.buy().await;
    let tracked = shop.tracked(order).await;
    let stands = (tracked.watched.stage, tracked.integration);
    assert_eq!(stands, (Stage::Queued, Some(second.id)));

    shop.set(order, "status = 'rejected'").await;
    shop.resume(Some(second.id)).await;
    other.run_out().await;
    assert_eq!(shop.held(order).await, "decided_then_delivered");
    assert_eq!(sold([&first, &second]), [0, 1]);
}

#[sqlx::test(migrations = false)]
async fn an_order_that_looks_new_waits_where_the_second_panel_has_no_account(pool: PgPool) {
    let (shop, first, second) = two_panels(pool).await;
    let mut rig = Rig::new(&shop);
    let order = bought_at_the_second(&shop, &first, &mut rig).await;
    lose(&shop, order, Lost::Claim).await;
    drop(rig);
    let broken = format!(
        "UPDATE integrations SET kod = '' WHERE id = '{}'",
        second.id
    );
    assert_eq!(shop.sql(&broken).await, 1);
    let mut other = Rig::with(&shop, &[("dispatch.ask_first", "true")]);
    assert_eq!(other.buy().await, 0);
    assert_eq!(sold([&first, &second]), [0, 1]);

    let mended = format!(
        "UPDATE integrations SET kod = '{}' WHERE id = '{}'",
        ACCOUNT.0, second.id
    );
    assert_eq!(shop.sql(&mended).await, 1);
    other.buy().await;
    other.run_out().await;
    assert_completed_at(&shop, order, &second).await;
}

#[sqlx::test(migrations = false)]
async fn a_purchase_of_an_order_that_goes_on_elsewhere_is_a_contradiction(pool: PgPool) {
    let (shop, first, second) = two_panels(pool).await;
    let mut rig = Rig::new(&shop);
    let order = bought_at_the_second(&shop, &first, &mut rig).await;
    lose(&shop, order, Lost::Claim).await;
    // Whoever is not told to ask first buys at the first panel, which knows nothing of it.
    let mut other = Rig::new(&shop);
    other.buy().await;
    assert_eq!(sold([&first, &second]), [1, 1]);

    rig.look_back().await;
    assert!(
        shop.events(order)
            .await
            .contains(&"contradiction".to_owned())
    );
    let purchases = shop.purchases(order).await;
    assert_eq!(purchases.len(), 2, "the money of both is counted");
    let shown = run(&shop, &format!("order show {order}")).await;
    assert!(shown.fine().contains(&second.reference(order)), "{shown:?}");
}
