//! The price list: read once for many orders, and what happens while it cannot be read.

use sandbox::{
    gates::Moment,
    panel::Endpoint,
    trouble::{Fault, Trouble},
};
use sqlx::PgPool;

use crate::support::{Rig, Shop};

#[sqlx::test(migrations = false)]
async fn one_fetch_of_the_price_list_serves_many_orders(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    shop.place_many(reseller.package("2"), 15).await;
    shop.place_many(reseller.package("3"), 15).await;
    let mut rig = Rig::new(&shop);
    assert_eq!(rig.buy().await, 30);
    shop.place_many(reseller.package("4"), 5).await;
    assert_eq!(rig.buy().await, 5);
    let ledger = reseller.panel.ledger();
    assert_eq!(ledger.count(Endpoint::Catalogue), 1);
    assert_eq!(ledger.sale_count(), 35);
}

#[sqlx::test(migrations = false)]
async fn a_list_that_cannot_be_read_is_asked_for_once_and_its_orders_wait_untouched(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let orders = shop.place_many(reseller.package("2"), 12).await;
    let fault = Fault::Instead(Trouble::Page(503));
    reseller.panel.faults().stand(Endpoint::Catalogue, fault);
    let mut before = Vec::new();
    for order in &orders {
        before.push(shop.version(*order).await);
    }
    let mut rig = Rig::new(&shop);
    for _ in 0..6 {
        assert_eq!(rig.dispatch().await.started, 0);
    }
    let ledger = reseller.panel.ledger();
    assert_eq!(ledger.count(Endpoint::Catalogue), 1);
    assert_eq!(ledger.count(Endpoint::Purchase), 0);
    for (order, before) in orders.iter().zip(before) {
        assert_eq!(shop.version(*order).await, before);
        assert!(shop.find_tracked(*order).await.is_none());
    }
    // A daemon that reads the list sends them.
    reseller.panel.faults().lift(Endpoint::Catalogue);
    assert_eq!(Rig::new(&shop).buy().await, 12);
}

#[sqlx::test(migrations = false)]
async fn without_a_list_a_mapping_that_names_both_numbers_serves_and_no_other(pool: PgPool) {
    let cases = [
        (r#"{"oyun": "1", "kupur": "325"}"#, true),
        (r#"{"oyun": 1, "kupur": 325, "more": null}"#, true),
        ("null", false),
        (r#"{"oyun": "1"}"#, false),
        (r#"{"oyun": "1", "kupur": ""}"#, false),
        (r#"["1", "325"]"#, false),
    ];
    let (shop, reseller) = Shop::open(pool).await;
    let refusal = Trouble::says(r#"{"success":false,"result":null,"error":"bakımda"}"#);
    reseller
        .panel
        .faults()
        .stand(Endpoint::Catalogue, Fault::Instead(refusal));
    let mut orders = Vec::new();
    for (meta, serves) in cases {
        let package = shop.package(reseller.id, "2").await;
        let sql = "UPDATE package_mappings SET meta = '$m' WHERE our_package_id = '$p'";
        let sql = sql.replace("$m", meta).replace("$p", &package.to_string());
        shop.sql(&sql).await;
        orders.push((shop.place(package).await, meta, serves));
    }
    assert_eq!(Rig::new(&shop).buy().await, 2);
    for (order, meta, serves) in orders {
        let sold = reseller.panel.ledger().sale(&reseller.reference(order));
        assert_eq!(sold.is_some(), serves, "{meta}");
        assert!(sold.is_none_or(|sale| sale.product == "2"), "{meta}");
        let tracked = shop.find_tracked(order).await;
        assert_eq!(tracked.is_some(), serves, "{meta}");
    }
}

#[sqlx::test(migrations = false)]
async fn the_list_goes_before_what_a_mapping_says(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let order = shop.place(reseller.package("2")).await;
    shop.sql(r#"UPDATE package_mappings SET meta = '{"oyun": "7", "kupur": "86"}'"#)
        .await;
    Rig::new(&shop).buy().await;
    let sale = reseller.panel.ledger().sale(&reseller.reference(order));
    assert_eq!(sale.map(|sale| sale.product).as_deref(), Some("2"));
}

#[sqlx::test(migrations = false)]
async fn a_list_that_does_not_come_holds_up_its_own_panel_alone(pool: PgPool) {
    let (shop, slow) = Shop::open(pool).await;
    let quick = shop.reseller(|_| {}).await;
    let gate = slow.panel.hold(Endpoint::Catalogue, Moment::BeforeAnswer);
    let waits = shop.place(slow.package("2")).await;
    let order = shop.place(quick.package("2")).await;
    let mut rig = Rig::new(&shop);
    rig.begin_dispatch().await;
    gate.arrived(1).await;
    quick
        .panel
        .wait_for(|ledger| ledger.count(Endpoint::Catalogue) == 1 && ledger.in_flight() == 0)
        .await;
    // The answer may still be on its way through this process; a turn takes no list for granted.
    while rig.begin_dispatch().await.started == 0 {
        tokio::task::yield_now().await;
    }
    quick
        .panel
        .wait_for(|ledger| ledger.sold(&quick.reference(order)))
        .await;
    assert!(shop.find_tracked(waits).await.is_none());
    gate.open();
    rig.finish().await;
    rig.buy().await;
    assert!(slow.panel.ledger().sold(&slow.reference(waits)));
}

#[sqlx::test(migrations = false)]
async fn an_entry_without_a_number_is_held_by_its_name_until_the_mapping_says_it(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let list =
        r#"{"success":true,"result":[{"id":"2","kupur":"325"},{"id":"3","oyun_bilgi_id":"9"}]}"#;
    let fault = Fault::Instead(Trouble::says(list));
    reseller.panel.faults().stand(Endpoint::Catalogue, fault);
    let mut rig = Rig::new(&shop);
    for (entry, reason) in [
        ("2", "listed_without_oyun"),
        ("3", "listed_without_kupur"),
        ("4", "not_in_catalogue"),
    ] {
        let order = shop.place(reseller.package(entry)).await;
        assert_eq!(rig.buy().await, 0, "{entry}");
        assert_eq!(shop.held(order).await, reason, "{entry}");
    }
    // The shop would have bought the id as a number: nothing is guessed here, a person says it.
    shop.sql(&format!(
        r#"UPDATE package_mappings SET meta = '{{"oyun": "1", "kupur": "325"}}'
           WHERE our_package_id = '{}'"#,
        reseller.package("2")
    ))
    .await;
    let order = shop.place(reseller.package("2")).await;
    assert_eq!(rig.buy().await, 1);
    assert_eq!(reseller.panel.ledger().sales()[0].product, "2");
    assert_eq!(shop.purchases(order).await.len(), 1);
}
