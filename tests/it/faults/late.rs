//! Answers that come after somebody else has taken the order over.

use std::time::Duration;

use orderwatch::order::{OrderId, Stage};
use sandbox::{
    gates::{CallBarrier, Moment},
    panel::Endpoint,
    trouble::{Fault, Trouble},
};
use serde_json::Value;
use sqlx::PgPool;

use super::lost_rows::buying;
use crate::{
    people::run,
    support::{ACCOUNT, Reseller, Rig, Shop},
};

/// An order whose lease has ended while its purchase was on its way, and that the panel did not know when it was asked.
async fn held_while_it_is_bought(shop: &Shop, reseller: &Reseller) -> (Rig, CallBarrier, OrderId) {
    let (rig, gate, order) = buying(shop, reseller, "2").await;
    let unknown = Fault::Instead(Trouble::says("3|Sipariş bulunamadı"));
    reseller.panel.faults().stand(Endpoint::Status, unknown);
    let mut other = Rig::new(shop);
    shop.advance(Duration::from_mins(10));
    other.run_out().await;
    assert_eq!(shop.held(order).await, "unconfirmed");
    (rig, gate, order)
}

#[sqlx::test(migrations = false)]
async fn a_late_answer_that_it_was_bought_ends_the_doubt(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let (mut rig, gate, order) = held_while_it_is_bought(&shop, &reseller).await;
    reseller.panel.faults().lift(Endpoint::Status);
    gate.open();
    rig.finish().await;
    assert_eq!(shop.stage(order).await, Stage::Submitted);
    assert_eq!(shop.event(order, "late_answer").await["goes_on"], true);
    assert_eq!(shop.purchases(order).await[0].text("cost"), "35");
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    let pin = reseller.panel.pin_of(ACCOUNT.0, &reseller.reference(order));
    assert_eq!(shop.shop_row(order).await.text("pinCode"), pin);
}

/// Whatever that one is told, a refusal for want of the money that this purchase took, for one: it comes late.
#[sqlx::test(migrations = false)]
async fn a_late_answer_takes_the_order_from_another_claim_of_the_same_purchase(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    for stage in ["dispatching", "unconfirmed"] {
        let (mut rig, gate, order) = buying(&shop, &reseller, "2").await;
        let claimed = format!(
            "UPDATE orderwatch.orders SET stage = '{stage}', lease_token = gen_random_uuid() WHERE order_id = '{order}'"
        );
        assert_eq!(shop.sql(&claimed).await, 1);
        gate.open();
        rig.finish().await;
        assert_eq!(shop.stage(order).await, Stage::Submitted);
        assert_eq!(shop.event(order, "late_answer").await["goes_on"], true);
        let held = format!(
            "SELECT count(*) FROM orderwatch.orders WHERE order_id = '{order}' AND lease_token IS NOT NULL"
        );
        assert_eq!(shop.count(&held).await, 0);
        rig.run_out().await;
        assert_eq!(shop.stage(order).await, Stage::Completed);
    }
}

#[sqlx::test(migrations = false)]
async fn a_late_answer_ends_the_wait_for_what_would_have_let_it_be_bought(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let (mut rig, gate, order) = held_while_it_is_bought(&shop, &reseller).await;
    // Sent again by a person, and held for want of a mapping: nobody can say any more that it was bought.
    let retried = format!(
        "UPDATE orderwatch.orders SET held_reason = 'no_mapping', unknowns = 5 WHERE order_id = '{order}'"
    );
    shop.sql(&retried).await;
    reseller.panel.faults().lift(Endpoint::Status);
    gate.open();
    rig.finish().await;
    assert_eq!(shop.stage(order).await, Stage::Submitted);
    assert_eq!(shop.tracked(order).await.watched.unknowns, 0);
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
}

#[sqlx::test(migrations = false)]
async fn a_late_answer_about_an_order_that_was_withdrawn_is_a_contradiction(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let (mut rig, gate, order) = held_while_it_is_bought(&shop, &reseller).await;
    shop.set(order, "status = 'rejected'").await;
    Rig::new(&shop).sweep().await;
    assert_eq!(shop.stage(order).await, Stage::Withdrawn);
    gate.open();
    rig.finish().await;
    assert_eq!(shop.event(order, "contradiction").await["goes_on"], false);
    assert_eq!(shop.purchases(order).await[0].text("cost"), "35");
}

/// It may be all that names a purchase, and its code.
#[sqlx::test(migrations = false)]
async fn a_late_answer_that_cannot_be_kept_now_is_tried_again(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let (mut rig, gate, order) = held_while_it_is_bought(&shop, &reseller).await;
    reseller.panel.faults().lift(Endpoint::Status);
    let fails = "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
                 BEGIN RAISE EXCEPTION 'could not serialize access' USING ERRCODE = '40001'; END $$;
                 CREATE TRIGGER fail BEFORE UPDATE ON orderwatch.purchases FOR EACH ROW EXECUTE FUNCTION fail()";
    shop.sql(fails).await;
    gate.open();
    rig.finish().await;
    assert_eq!(shop.held(order).await, "unconfirmed");
    assert!(!shop.events(order).await.contains(&"late_answer".to_owned()));
    shop.sql("DROP TRIGGER fail ON orderwatch.purchases").await;
    rig.record().await;
    assert_eq!(shop.event(order, "late_answer").await["goes_on"], true);
    assert_eq!(shop.purchases(order).await[0].text("cost"), "35");
}

#[sqlx::test(migrations = false)]
async fn a_late_answer_against_a_persons_word_is_a_contradiction(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let (mut rig, gate, order) = held_while_it_is_bought(&shop, &reseller).await;
    run(
        &shop,
        &format!("order resolve {order} --not-bought --yes --reason looked_up"),
    )
    .await
    .fine();
    assert_eq!(shop.stage(order).await, Stage::Failed);
    gate.open();
    rig.finish().await;
    assert_eq!(shop.stage(order).await, Stage::Failed);
    assert!(
        shop.events(order)
            .await
            .contains(&"contradiction".to_owned())
    );
    assert_eq!(
        shop.purchases(order).await[0].text("cost"),
        "35",
        "the panel's word"
    );
}

/// An order that one process is told to be delivered without a code, while another one's question is on its way.
async fn completed_without_its_code(
    shop: &Shop,
    reseller: &Reseller,
) -> (Rig, CallBarrier, OrderId) {
    let order = shop.place(reseller.package("2")).await;
    let mut slow = Rig::new(shop);
    slow.buy().await;
    shop.advance(Duration::from_mins(2));
    let gate = reseller.panel.hold(Endpoint::Status, Moment::BeforeAnswer);
    slow.begin_poll().await;
    gate.arrived(1).await;
    let completed = format!(
        "UPDATE orderwatch.orders SET stage = 'completed', outcome = 'completed', finished_at = now(), due_at = NULL,
             lease_token = NULL WHERE order_id = '{order}'"
    );
    assert_eq!(shop.sql(&completed).await, 1);
    shop.set(order, r#""externalStatus" = 'done', status = 'approved'"#)
        .await;
    (slow, gate, order)
}

#[sqlx::test(migrations = false)]
async fn a_code_that_comes_after_the_order_was_completed_reaches_the_customer(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let (mut slow, gate, order) = completed_without_its_code(&shop, &reseller).await;
    gate.open();
    slow.finish().await;
    let pin = reseller.panel.pin_of(ACCOUNT.0, &reseller.reference(order));
    assert_eq!(shop.shop_row(order).await.text("pinCode"), pin);
    assert_eq!(shop.pin(order).await, Some(pin));
    assert_eq!(shop.event(order, "late_answer").await["code_given"], true);
}

#[sqlx::test(migrations = false)]
async fn a_code_that_comes_late_for_a_row_that_was_rejected_since_is_a_contradiction(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let (mut slow, gate, order) = completed_without_its_code(&shop, &reseller).await;
    shop.set(order, "status = 'rejected'").await;
    gate.open();
    slow.finish().await;
    assert_eq!(*shop.shop_row(order).await.get("pinCode"), Value::Null);
    let pin = reseller.panel.pin_of(ACCOUNT.0, &reseller.reference(order));
    assert_eq!(shop.pin(order).await, Some(pin), "it is kept");
    assert_eq!(
        shop.event(order, "contradiction").await["code_given"],
        false
    );
}

/// The customer has what the other one delivered.
#[sqlx::test(migrations = false)]
async fn a_code_that_comes_late_of_another_purchase_is_kept_and_is_a_contradiction(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let (mut slow, gate, order) = completed_without_its_code(&shop, &reseller).await;
    let elsewhere = format!(
        "WITH other AS (
             INSERT INTO orderwatch.purchases (reference, integration_id, order_id, claimed_at)
             VALUES ('1111111111111111', '{}', '{order}', now()) RETURNING reference)
         UPDATE orderwatch.orders SET reference = (SELECT reference FROM other) WHERE order_id = '{order}'",
        reseller.id
    );
    shop.sql(&elsewhere).await;
    gate.open();
    slow.finish().await;
    assert_eq!(*shop.shop_row(order).await.get("pinCode"), Value::Null);
    assert_eq!(
        shop.event(order, "contradiction").await["code_given"],
        false
    );
}
