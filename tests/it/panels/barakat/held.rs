//! Orders that cannot be sent as they are: each is held with its reason, and the panel hears nothing.

use std::time::Duration;

use orderwatch::order::Stage;
use rust_decimal::Decimal;
use sandbox::barakat::{Endpoint, Product};
use sqlx::PgPool;

use super::says;
use crate::support::{Rig, Shop};

/// What differs, and why the order is held then.
const HELD: [(&str, &str, &str, &str); 7] = [
    (
        "506",
        "a parameter that nothing fills",
        "quantity = 1",
        "param_not_mapped",
    ),
    (
        "502",
        "an empty field",
        r#""extraField" = ' '"#,
        "param_empty",
    ),
    (
        "501",
        "no player",
        r#""userIdentifier" = NULL"#,
        "param_empty",
    ),
    (
        "501",
        "two of what is sold one by one",
        "quantity = 2",
        "quantity_not_sold",
    ),
    (
        "504",
        "six of at most five",
        "quantity = 6",
        "quantity_not_sold",
    ),
    ("504", "none", "quantity = 0", "quantity_not_sold"),
    (
        "501",
        "sent by somebody",
        "provider_referans = '67890'",
        "foreign_reference",
    ),
];

#[sqlx::test(migrations = false)]
async fn an_order_that_lacks_something_is_held_and_not_sent(pool: PgPool) {
    let zone = Product::new("506", "Zone 100", &["uid", "zone"], Decimal::from(5));
    let (shop, reseller) = Shop::open_barakat(pool, |plan| plan.products.push(zone)).await;
    let mut rig = Rig::new(&shop);
    for (entry, what, columns, reason) in HELD {
        let order = shop.place(reseller.package(entry)).await;
        shop.set(order, columns).await;
        assert_eq!(rig.buy().await, 0, "{what}");
        assert_eq!(shop.held(order).await, reason, "{what}");
        let row = shop.shop_row(order).await;
        assert!(row.text("lastMessage").starts_with("Held: "), "{what}");
        assert_eq!(row.text("externalStatus"), "not_sent", "{what}");
    }

    let unlisted = shop.package(reseller.id, "999").await;
    let order = shop.place(unlisted).await;
    rig.buy().await;
    assert_eq!(shop.held(order).await, "not_in_catalogue");

    let package = reseller.package("505");
    let order = shop.place(package).await;
    let unmap = format!("DELETE FROM package_mappings WHERE our_package_id = '{package}'");
    assert_eq!(shop.sql(&unmap).await, 1);
    rig.buy().await;
    assert_eq!(shop.held(order).await, "no_mapping");
    assert_eq!(reseller.count(Endpoint::Status), 0);
    assert_eq!(reseller.count(Endpoint::Purchase), 0);
}

#[sqlx::test(migrations = false)]
async fn an_account_without_a_token_holds_its_orders(pool: PgPool) {
    let (shop, reseller) = Shop::open_barakat(pool, |_| {}).await;
    for token in ["NULL", "' '", "'with blank'"] {
        shop.sql(&format!(r#"UPDATE integrations SET "apiToken" = {token}"#))
            .await;
        let mut rig = Rig::new(&shop);
        let order = shop.place(reseller.package("501")).await;
        rig.buy().await;
        assert_eq!(shop.held(order).await, "integration_incomplete", "{token}");
    }
    assert_eq!(reseller.panel.connections(), 0);
}

#[sqlx::test(migrations = false)]
async fn an_entry_that_is_not_understood_is_not_sold_and_the_others_are(pool: PgPool) {
    let (shop, reseller) = Shop::open_barakat(pool, |_| {}).await;
    let list = says(
        r#"[{"id":"501","price":"35.00","params":"uid"},
            {"id":"504","price":"7.50","params":["uid"],"qty_values":"many"},
            {"id":"505","price":"20.00","params":[]},
            {"id":"503","price":"1.00","params":[]},
            {"id":"503","price":"1.00","params":["uid"]}]"#,
    );
    reseller.panel.faults().next(Endpoint::Catalogue, list);
    let mut rig = Rig::new(&shop);
    for (entry, reason) in [
        ("501", "listed_unreadable"),
        ("504", "listed_unreadable"),
        // One id for two products stands for none.
        ("503", "not_in_catalogue"),
    ] {
        let order = shop.place(reseller.package(entry)).await;
        rig.buy().await;
        assert_eq!(shop.held(order).await, reason, "{entry}");
    }
    let order = shop.place(reseller.package("505")).await;
    assert_eq!(rig.buy().await, 1);
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    assert_eq!(reseller.count(Endpoint::Purchase), 1);
}

#[sqlx::test(migrations = false)]
async fn without_a_price_list_orders_wait_and_are_not_held(pool: PgPool) {
    let (shop, reseller) = Shop::open_barakat(pool, |_| {}).await;
    let wrong = says(r#"{"status":"ERROR","message":"Maintenance"}"#);
    reseller.panel.faults().next(Endpoint::Catalogue, wrong);
    // Numbers in the mapping are of another kind of panel.
    shop.sql(r#"UPDATE package_mappings SET meta = '{"oyun": "1", "kupur": "325"}'"#)
        .await;
    let order = shop.place(reseller.package("501")).await;
    let mut rig = Rig::new(&shop);
    for _ in 0..3 {
        rig.buy().await;
        shop.advance(Duration::from_mins(1));
    }
    assert!(shop.find_tracked(order).await.is_none());
    assert_eq!(reseller.count(Endpoint::Catalogue), 1);
    // A daemon that can read it buys.
    let mut rig = Rig::new(&shop);
    assert_eq!(rig.buy().await, 1);
}
