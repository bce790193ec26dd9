//! What people do to such orders: whatever they decide, the panel is asked before it is bought from.

use orderwatch::order::{OrderId, Stage};
use sandbox::{
    barakat::Endpoint,
    trouble::{Fault, Trouble},
};
use serde_json::json;
use sqlx::PgPool;

use super::{asked, purchases, says};
use crate::{
    people::{PERSON, run, run_by},
    support::{BarakatReseller, PARAMS, Rig, Shop},
};

/// An order that is held since a field that its product needs is empty.
async fn held(shop: &Shop, reseller: &BarakatReseller, rig: &mut Rig) -> OrderId {
    let order = shop.place(reseller.package("502")).await;
    rig.buy().await;
    assert_eq!(shop.held(order).await, "param_empty");
    order
}

async fn retry(shop: &Shop, order: OrderId) -> String {
    let line = format!("order retry {order} --reason filled_in");
    let said = run(shop, &line).await.fine().to_owned();
    shop.carry_over(order).await;
    said
}

#[sqlx::test(migrations = false)]
async fn a_retry_asks_before_it_buys_however_often_it_is_repeated(pool: PgPool) {
    let (shop, reseller) = Shop::open_barakat(pool, |_| {}).await;
    let mut rig = Rig::new(&shop);
    let order = held(&shop, &reseller, &mut rig).await;
    let want = format!("Released by {PERSON}: it will be sent to panel 0 as {order}.");
    assert_eq!(retry(&shop, order).await, want);
    // Its cause is still there.
    assert_eq!(rig.buy().await, 0);
    assert_eq!(shop.held(order).await, "param_empty");
    assert_eq!(asked(&reseller), []);

    shop.set(order, r#""extraField" = 'asia'"#).await;
    assert_eq!(retry(&shop, order).await, want);
    assert_eq!(rig.buy().await, 1);
    let (asks, buys) = ((Endpoint::Status, true), (Endpoint::Purchase, false));
    assert_eq!(asked(&reseller), [asks, asks, buys]);
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    assert_eq!(reseller.panel.ledger().sale_count(), 1);
    let again = run(&shop, &format!("order retry {order} --reason again")).await;
    assert!(again.refused().contains("The order is final"), "{again:?}");
}

#[sqlx::test(migrations = false)]
async fn what_the_shop_bought_while_it_was_held_is_found_by_the_retry(pool: PgPool) {
    let (shop, reseller) = Shop::open_barakat(pool, |_| {}).await;
    let mut rig = Rig::new(&shop);
    let order = held(&shop, &reseller, &mut rig).await;
    shop.set(order, r#""extraField" = 'asia'"#).await;
    let player = shop.player(order).await;
    let params = [("uid", &*player), ("server", "asia")];
    reseller
        .sell_to_shop(&order.to_string(), "502", &params)
        .await;
    retry(&shop, order).await;
    assert_eq!(rig.buy().await, 1);
    assert_eq!(shop.stage(order).await, Stage::Completed);
    assert_eq!(purchases(&reseller, order), 1, "the shop's own");
    assert_eq!(reseller.panel.ledger().sale_count(), 1);
}

#[sqlx::test(migrations = false)]
async fn what_a_person_sends_again_is_asked_about_first(pool: PgPool) {
    let (shop, reseller) = Shop::open_barakat(pool, |_| {}).await;
    let mut rig = Rig::new(&shop);
    for (fault, sold) in [
        (Fault::After(Trouble::Close), true),
        (Fault::Instead(Trouble::Close), false),
    ] {
        let order = shop.place(reseller.package("501")).await;
        let faults = reseller.panel.faults();
        faults.next(Endpoint::Purchase, fault);
        rig.buy().await;
        assert_eq!(shop.stage(order).await, Stage::Unconfirmed);
        // For a while the panel says that it does not know the order.
        faults.stand(Endpoint::Status, says(r#"{"status":"OK","data":[]}"#));
        rig.run_out().await;
        assert_eq!(shop.held(order).await, "unconfirmed");
        faults.lift(Endpoint::Status);

        let line = format!("order resolve {order} --not-bought --resend --reason seen_there --yes");
        run(&shop, &line).await.fine();
        shop.carry_over(order).await;
        assert_eq!(rig.buy().await, 1);
        rig.run_out().await;
        assert_eq!(shop.stage(order).await, Stage::Completed, "{sold}");
        let row = shop.shop_row(order).await;
        assert_eq!(row.text("pinCode"), reseller.pin(order), "{sold}");
        // A second request only where nothing was sold.
        assert_eq!(purchases(&reseller, order), 1 + usize::from(!sold));
    }
    assert_eq!(reseller.panel.ledger().sale_count(), 2);
    assert!(reseller.panel.ledger().references_sold_twice().is_empty());
}

#[sqlx::test(migrations = false)]
async fn the_rule_that_filled_the_parameters_is_shown_and_confirmed(pool: PgPool) {
    let (shop, reseller) = Shop::open_barakat(pool, |_| {}).await;
    let order = shop.place(reseller.package("502")).await;
    shop.set(order, r#""extraField" = 'asia'"#).await;
    let mut rig = Rig::new(&shop);
    rig.buy().await;
    rig.run_out().await;
    let rule = r#"{"server":"extraField","uid":"userIdentifier"}"#;
    assert_eq!(shop.purchases(order).await[0].text("player_fields"), rule);

    let show = format!("order show {order} --json");
    let shown = run_by(&shop, PARAMS, &show).await.json();
    let player = shop.player(order).await;
    let want = json!({
        "fields": rule, "server": "asia", "uid": player, "sent": true, "confirmed": false,
    });
    assert_eq!(shown[0]["player"], want);
    let confirm = format!("order confirm {order} --reason the_customer_has_it");
    let said = run_by(&shop, PARAMS, &confirm).await;
    assert!(said.fine().starts_with("Confirmed by ayse"), "{said:?}");
    let event = shop.event(order, "confirmed").await;
    assert_eq!(event["fields"], rule);
    let shown = run_by(&shop, PARAMS, &show).await.json();
    assert_eq!(shown[0]["player"]["confirmed"], true);
}
