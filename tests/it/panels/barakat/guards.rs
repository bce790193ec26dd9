//! What keeps an order from being bought when its row or its panel has changed since it was looked at.

use orderwatch::order::{OrderId, Stage};
use sandbox::barakat::Endpoint;
use sqlx::PgPool;

use super::says;
use crate::{
    people::{run, run_by},
    support::{BarakatReseller, PARAMS, Rig, Shop, TOKEN, iso},
};

/// An order that waits to be sent, since the question before its purchase got no answer that means
/// something: the shop may have bought it under the same name.
async fn asked_in_vain(shop: &Shop, reseller: &BarakatReseller, rig: &mut Rig) -> OrderId {
    let order = shop.place(reseller.package("501")).await;
    let faults = reseller.panel.faults();
    faults.next(
        Endpoint::Status,
        says(r#"{"status":"ERROR","message":"Invalid token"}"#),
    );
    rig.buy().await;
    assert_eq!(shop.stage(order).await, Stage::Queued);
    order
}

#[sqlx::test(migrations = false)]
async fn what_may_have_been_bought_is_asked_about_when_staff_decide_it_not_ended(pool: PgPool) {
    let (shop, reseller) = Shop::open_barakat(pool, |_| {}).await;
    let mut rig = Rig::new(&shop);
    let order = asked_in_vain(&shop, &reseller, &mut rig).await;
    shop.set(order, "status = 'rejected'").await;
    let asked = reseller.count(Endpoint::Status);
    rig.step().await;
    let unsure = shop.event(order, "unsure").await;
    assert_eq!(unsure["why"], "decided_by_hand");
    rig.run_out().await;
    assert!(reseller.count(Endpoint::Status) > asked);
    assert_eq!(shop.held(order).await, "unconfirmed");
    assert_eq!(reseller.count(Endpoint::Purchase), 0);
}

#[sqlx::test(migrations = false)]
async fn what_may_have_been_bought_is_asked_about_when_its_row_is_gone(pool: PgPool) {
    let (shop, reseller) = Shop::open_barakat(pool, |_| {}).await;
    let mut rig = Rig::new(&shop);
    let order = asked_in_vain(&shop, &reseller, &mut rig).await;
    shop.sql("DELETE FROM product_orders").await;
    let asked = reseller.count(Endpoint::Status);
    rig.step().await;
    let unsure = shop.event(order, "unsure").await;
    assert_eq!(unsure["why"], "row_gone");
    rig.run_out().await;
    assert!(reseller.count(Endpoint::Status) > asked);
    assert_eq!(reseller.count(Endpoint::Purchase), 0);
}

#[sqlx::test(migrations = false)]
async fn an_account_that_becomes_one_of_another_kind_gets_no_order_by_its_old_name(pool: PgPool) {
    let (shop, reseller) = Shop::open_barakat(pool, |_| {}).await;
    let mut rig = Rig::new(&shop);
    let order = asked_in_vain(&shop, &reseller, &mut rig).await;
    shop.sql("UPDATE integrations SET provider = 'znet', kod = 'bayi', sifre = 'gizli'")
        .await;
    rig.step().await;
    // It may have been bought under that name.
    assert_eq!(shop.held(order).await, "unconfirmed");
    let held = shop.event(order, "held").await;
    assert_eq!(held["cause"], "foreign_reference");
    assert_eq!(reseller.count(Endpoint::Purchase), 0);
}

#[sqlx::test(migrations = false)]
async fn what_staff_sent_while_it_was_held_is_not_released(pool: PgPool) {
    let (shop, reseller) = Shop::open_barakat(pool, |_| {}).await;
    let mut rig = Rig::new(&shop);
    let order = shop.place(reseller.package("502")).await;
    rig.buy().await;
    assert_eq!(shop.held(order).await, "param_empty");

    // As the shop leaves it after it was sent by hand and reset.
    let at = iso(shop.now());
    shop.set(
        order,
        &format!(r#""extraField" = 'asia', "sentAt" = '{at}'"#),
    )
    .await;
    let said = run(&shop, &format!("order retry {order} --reason again")).await;
    assert!(said.refused().contains("sentAt"), "{said:?}");
    assert_eq!(shop.held(order).await, "param_empty");

    // The same when it is sent between the release and the claim.
    shop.set(order, r#""sentAt" = NULL"#).await;
    run(&shop, &format!("order retry {order} --reason again"))
        .await
        .fine();
    shop.carry_over(order).await;
    shop.set(order, &format!(r#""sentAt" = '{at}'"#)).await;
    rig.buy().await;
    assert_eq!(reseller.count(Endpoint::Purchase), 0);
}

#[sqlx::test(migrations = false)]
async fn doctor_says_where_a_panel_does_not_tell_a_name_that_it_does_not_know(pool: PgPool) {
    let (shop, reseller) = Shop::open_barakat(pool, |_| {}).await;
    for (answer, words) in [
        (None, "says that it does not know an order"),
        (
            Some(r#"{"status":"OK","data":[{"order_id":"7","status":"success"}]}"#),
            "answers about an order which nobody has placed",
        ),
        (Some("sorun var"), "does not say clearly"),
    ] {
        if let Some(answer) = answer {
            reseller.panel.faults().next(Endpoint::Status, says(answer));
        }
        let said = run_by(&shop, PARAMS, "doctor").await;
        assert!(said.out.contains(words), "{words}: {said:?}");
        assert!(!said.out.contains(TOKEN), "{said:?}");
    }
}
