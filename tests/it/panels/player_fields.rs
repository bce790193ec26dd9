//! What is sent about the player: by the vendor's sheet or as the shop has sent it, and not trusted
//! before a person has confirmed one real order of each product.

use orderwatch::order::{OrderId, Stage};
use sandbox::panel::StatusMode;
use serde_json::json;
use sqlx::PgPool;

use crate::{
    people::run_with,
    support::{Rig, Shop},
};

const SHOP: [(&str, &str); 1] = [("ZNET__PLAYER_FIELDS", "shop")];

/// One line without the breaks of a terminal.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The Django shop's table allows orders without a number, and its orders have none.
async fn numberless(shop: &Shop) {
    shop.sql(r#"ALTER TABLE product_orders ALTER COLUMN "orderNo" DROP NOT NULL"#)
        .await;
}

/// `order show --json` of one order.
async fn shown(shop: &Shop, settings: &[(&str, &str)], order: OrderId) -> serde_json::Value {
    let said = run_with(shop, settings, &format!("order show {order} --json")).await;
    said.json()[0]["player"].clone()
}

#[sqlx::test(migrations = false)]
async fn the_rule_that_is_set_is_sent_recorded_shown_and_confirmed_by_a_delivered_order(
    pool: PgPool,
) {
    let (shop, reseller) = Shop::open_at(pool, |plan| plan.status = StatusMode::AlwaysDone).await;
    numberless(&shop).await;
    let order = shop.place(reseller.package("2")).await;
    shop.set(
        order,
        r#""userIdentifier" = '+905551112233', "extraField" = '987456', "orderNo" = NULL"#,
    )
    .await;
    let would = shown(&shop, &[], order).await;
    assert_eq!(would["fields"], "sheet");
    assert_eq!(would["sent"], false);
    let mut rig = Rig::with(&shop, &[("znet.player_fields", "shop")]);
    rig.buy().await;
    let sale = reseller.panel.ledger().sales().remove(0);
    assert_eq!(sale.phone.as_deref(), Some("+905551112233"));
    assert_eq!(sale.player, "987456");
    assert_eq!(shop.purchases(order).await[0].text("player_fields"), "shop");
    // By which rule it was sent does not change with the configuration.
    let sent = json!({
        "fields": "shop", "musteri_tel": "+905551112233", "oyuncu_bilgi": "987456",
        "sent": true, "confirmed": false,
    });
    assert_eq!(shown(&shop, &[], order).await, sent);

    let confirm = format!("order confirm {order} --reason the_customer_has_it");
    let early = run_with(&shop, &SHOP, &confirm).await;
    assert_eq!(
        early.refused(),
        "error: the order is submitted: only one that was delivered tells whether its player \
         fields are right"
    );
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    let warned = "1 product is sold with player fields that nobody has confirmed by a real order.";
    let status = flat(&run_with(&shop, &SHOP, "status").await.out);
    assert!(status.contains(warned), "{status}");
    let said = run_with(&shop, &SHOP, &confirm).await;
    assert_eq!(
        said.fine(),
        "Confirmed by ayse: the player fields of this product are right as \"shop\"."
    );
    let again = run_with(&shop, &SHOP, &confirm).await;
    assert_eq!(
        again.fine(),
        "It was confirmed before as \"shop\"; that stays."
    );
    let event = shop.event(order, "confirmed").await;
    assert_eq!(
        event,
        json!({"who": "ayse", "why": "the customer has it", "fields": "shop"})
    );
    let status = flat(&run_with(&shop, &SHOP, "status").await.out);
    assert!(!status.contains(warned), "{status}");
    assert_eq!(shown(&shop, &[], order).await["confirmed"], true);

    // Another rule is another question.
    let mut rig = Rig::new(&shop);
    let other = shop.place(reseller.package("2")).await;
    rig.buy().await;
    let status = flat(&run_with(&shop, &[], "status").await.out);
    assert!(status.contains(warned), "{status}");
    let status = flat(&run_with(&shop, &SHOP, "status").await.out);
    assert!(!status.contains(warned), "{status}");
    assert_eq!(
        shop.purchases(other).await[0].text("player_fields"),
        "sheet"
    );
}

#[sqlx::test(migrations = false)]
async fn an_order_that_the_shop_sent_confirms_nothing(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let order = shop.place(reseller.package("2")).await;
    let said = run_with(
        &shop,
        &[],
        &format!("order confirm {order} --reason the_customer_has_it"),
    )
    .await;
    assert_eq!(
        said.refused(),
        "error: orderwatch did not send this order, so it says nothing about the player fields"
    );
    assert_eq!(
        shop.count("SELECT count(*) FROM orderwatch.player_fields")
            .await,
        0
    );
}

#[sqlx::test(migrations = false)]
async fn shadow_mode_shows_both_fields_and_a_name_for_orders_without_a_number(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    numberless(&shop).await;
    let order = shop.place(reseller.package("2")).await;
    shop.set(
        order,
        r#""userIdentifier" = 'both-0', "extraField" = '+905551112233', "orderNo" = NULL"#,
    )
    .await;
    let mut rig = Rig::with(&shop, &[("dispatch.mode", "shadow")]);
    rig.buy().await;
    let sheet = run_with(&shop, &[], "shadow").await.out;
    assert!(
        sheet.contains("oyuncu_bilgi=both-0 musteri_tel=+905551112233"),
        "{sheet}"
    );
    let short = &order.to_string()[..8];
    assert!(sheet.contains(&format!("{short}  ")), "{sheet}");
    assert!(!sheet.contains("gone"), "{sheet}");
    let as_shop = run_with(&shop, &SHOP, "shadow").await.out;
    assert!(
        as_shop.contains("musteri_tel=both-0 oyuncu_bilgi=+905551112233"),
        "{as_shop}"
    );
    // The same in the list of tracked orders.
    let mut rig = Rig::new(&shop);
    rig.buy().await;
    let list = run_with(&shop, &[], "order list").await.out;
    assert!(list.lines().any(|line| line.starts_with(short)), "{list}");
    assert!(!list.contains("gone"), "{list}");
    shop.sql("DELETE FROM product_orders").await;
    let list = run_with(&shop, &[], "order list").await.out;
    assert!(list.lines().any(|line| line.starts_with("gone")), "{list}");
}
