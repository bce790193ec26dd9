//! A second panel for what the first certainly refuses: once, under a name of its own, and never
//! when the first may have sold.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::time::Duration;

use orderwatch::order::{OrderId, Stage};
use rust_decimal::Decimal;
use sandbox::{
    panel::{Account, Ending, Endpoint, Product},
    trouble::{Fault, Trouble},
};
use serde_json::Value;
use sqlx::PgPool;

use crate::{
    people::run,
    support::{ACCOUNT, Reseller, Rig, Shop},
};

fn refusal() -> Fault {
    Fault::Instead(Trouble::says("3|Yetersiz bakiye"))
}

/// Two panels; the package that the first sells as entry 2 is entry 52 of the second.
async fn two_panels(pool: PgPool) -> (Shop, Reseller, Reseller) {
    let (shop, first) = Shop::open_at(pool, |plan| plan.refuses_duplicates = false).await;
    let second = shop
        .reseller(|plan| {
            plan.seed = 8;
            plan.refuses_duplicates = false;
            plan.accounts = vec![Account::new(ACCOUNT.0, ACCOUNT.1, Decimal::from(500))];
            plan.products = vec![
                Product::new("52", "PUBG 325", "11", "326", Decimal::new(3_650, 2)),
                Product::new("53", "Steam", "12", "50", Decimal::new(5_000, 2))
                    .ending(Ending::Cancelled),
            ];
        })
        .await;
    shop.fall_back(first.package("2"), second.id, "52").await;
    (shop, first, second)
}

/// An order that the first panel refuses.
async fn refused_order(shop: &Shop, first: &Reseller, rig: &mut Rig) -> OrderId {
    let order = shop.place(first.package("2")).await;
    first.panel.faults().next(Endpoint::Purchase, refusal());
    rig.dispatch().await;
    while shop.find_tracked(order).await.is_none() {
        rig.dispatch().await;
    }
    order
}

fn bought_at(reseller: &Reseller) -> u64 {
    reseller.panel.ledger().count(Endpoint::Purchase)
}

#[sqlx::test(migrations = false)]
async fn a_refused_order_is_bought_once_at_the_second_panel_under_its_own_name(pool: PgPool) {
    let (shop, first, second) = two_panels(pool).await;
    let mut rig = Rig::new(&shop);
    let order = refused_order(&shop, &first, &mut rig).await;
    let row = shop.shop_row(order).await;
    let said = "Refused by the panel; trying the fallback panel: Yetersiz bakiye";
    assert_eq!(row.text("lastMessage"), said);
    assert_eq!(row.text("providerMessage"), "Yetersiz bakiye");
    assert_eq!(row.text("externalStatus"), "queued");
    assert_eq!(row.text("status"), "pending");
    let tracked = shop.tracked(order).await;
    assert_eq!(tracked.watched.stage, Stage::Queued);
    assert_eq!(tracked.integration, Some(second.id));
    rig.run_out().await;

    let sale = second.panel.ledger().sales().remove(0);
    assert_eq!(sale.product, "52", "what is mapped there");
    assert_eq!(sale.reference, second.reference(order));
    assert_ne!(sale.reference, first.reference(order));
    let row = shop.shop_row(order).await;
    assert_eq!(row.text("providerId"), second.id.to_string());
    assert_eq!(row.text("provider_referans"), sale.reference);
    assert_eq!(row.text("externalStatus"), "done");
    assert_eq!(row.text("costAmount"), "36.50");
    let pin = second.panel.pin_of(ACCOUNT.0, &sale.reference);
    assert_eq!(row.text("pinCode"), pin);
    assert_eq!(
        shop.events(order).await,
        ["claimed", "fell_back", "claimed", "accepted", "completed"]
    );
    assert_eq!((bought_at(&first), bought_at(&second)), (1, 1));
    assert_eq!(first.panel.ledger().sale_count(), 0);
    assert_both_on_record(&shop, order, [&first, &second]).await;
}

/// The ledger has both purchases; only the second cost something.
async fn assert_both_on_record(shop: &Shop, order: OrderId, panels: [&Reseller; 2]) {
    let purchases = shop.purchases(order).await;
    let facts: Vec<_> = purchases
        .iter()
        .map(|row| {
            let cost = row.get("cost").clone();
            (row.text("reference"), row.text("outcome"), cost)
        })
        .collect();
    let references = panels.map(|panel| panel.reference(order));
    let mut want = [
        (references[0].as_str(), "fell_back", Value::Null),
        (references[1].as_str(), "completed", "36.5".into()),
    ];
    for fact in &facts {
        assert!(want.contains(fact), "{fact:?}");
    }
    want.sort_by_key(|fact| fact.1);
    assert_eq!(facts.len(), 2);
}

/// What the panel says, and whether the second one is tried.
const REFUSALS: [(&str, bool); 7] = [
    ("3|Bakiye yetersiz", true),
    ("3|BAKİYENİZ YETERSİZ", true),
    ("3|Ürün stokta bulunmamaktadır", true),
    ("3|Sistem bakımda", true),
    ("3|Oyuncu bulunamadı", false),
    ("3|Geçersiz referans", false),
    ("3|", false),
];

#[sqlx::test(migrations = false)]
async fn only_want_of_money_or_of_the_product_is_taken_to_the_second_panel(pool: PgPool) {
    let (shop, first, second) = two_panels(pool).await;
    let mut rig = Rig::new(&shop);
    let mut tried = 0;
    for (answer, elsewhere) in REFUSALS {
        let order = shop.place(first.package("2")).await;
        let fault = Fault::Instead(Trouble::says(answer));
        first.panel.faults().next(Endpoint::Purchase, fault);
        rig.buy().await;
        rig.run_out().await;
        tried += u64::from(elsewhere);
        assert_eq!(bought_at(&second), tried, "{answer}");
        let stage = if elsewhere {
            Stage::Completed
        } else {
            Stage::Failed
        };
        assert_eq!(shop.stage(order).await, stage, "{answer}");
        if !elsewhere {
            assert_eq!(shop.event(order, "refused").await["refusal"], "other");
            let said = run(&shop, &format!("order explain {order}")).await;
            assert!(
                said.out
                    .contains("the refusal is not about balance or product"),
                "{answer}: {said:?}"
            );
        }
    }
}

#[sqlx::test(migrations = false)]
async fn a_fallback_of_another_kind_is_named_and_nothing_is_sent_there(pool: PgPool) {
    let (shop, first, second) = two_panels(pool).await;
    shop.sql(&format!(
        "UPDATE integrations SET provider = 'internal', name = 'yedek' WHERE id = '{}'",
        second.id
    ))
    .await;
    let mut rig = Rig::new(&shop);
    let order = refused_order(&shop, &first, &mut rig).await;
    assert_eq!(shop.stage(order).await, Stage::Failed);
    assert_eq!(second.panel.connections(), 0);
    let said = run(&shop, &format!("order explain {order}")).await;
    assert!(
        said.out
            .contains("The fallback yedek is a kind of panel that orderwatch does not support"),
        "{said:?}"
    );
}

#[sqlx::test(migrations = false)]
async fn refused_there_too_it_has_failed(pool: PgPool) {
    let (shop, first, second) = two_panels(pool).await;
    let mut rig = Rig::new(&shop);
    let order = refused_order(&shop, &first, &mut rig).await;
    // The second panel's own fallback leads back: an order falls back once.
    shop.fall_back(second.package("52"), first.id, "2").await;
    let fault = Fault::Instead(Trouble::says("3|Oyuncu bulunamadı"));
    second.panel.faults().next(Endpoint::Purchase, fault);
    rig.run_out().await;
    rig.buy().await;
    assert_eq!(shop.stage(order).await, Stage::Failed);
    let row = shop.shop_row(order).await;
    assert_eq!(row.text("externalStatus"), "failed");
    assert_eq!(row.text("status"), "pending", "staff decide");
    let said = "Refused by the panel: Oyuncu bulunamadı";
    assert_eq!(row.text("lastMessage"), said);
    assert_eq!(
        shop.events(order).await,
        ["claimed", "fell_back", "claimed", "refused"]
    );
    assert_eq!((bought_at(&first), bought_at(&second)), (1, 1));
}

#[sqlx::test(migrations = false)]
async fn whatever_leaves_it_open_whether_the_first_sold_never_leads_there(pool: PgPool) {
    let (shop, first, second) = two_panels(pool).await;
    let mut rig = Rig::with(
        &shop,
        &[
            ("znet.request_timeout", "400ms"),
            ("znet.breaker_failures", "0"),
        ],
    );
    let open = [
        Trouble::Close,
        Trouble::Hang,
        Trouble::Cut(3),
        Trouble::Page(500),
        Trouble::Empty,
        Trouble::says("8|Bağlantı hatası, işlemi kontrol ediniz"),
        Trouble::says("4|Bu referans daha önce gönderilmiş (100001)"),
        Trouble::says("3"),
    ];
    let mut orders = Vec::new();
    for trouble in open {
        let order = shop.place(first.package("2")).await;
        let fault = Fault::Instead(trouble.clone());
        first.panel.faults().next(Endpoint::Purchase, fault);
        while rig.buy().await == 0 {
            shop.advance(Duration::from_secs(30));
            rig.probe().await;
        }
        orders.push((order, trouble));
    }
    rig.run_out().await;
    for (order, trouble) in &orders {
        assert_eq!(shop.held(*order).await, "unconfirmed", "{trouble:?}");
    }
    // Nor does a panel that cannot be reached: its order waits for it.
    let order = shop.place(first.package("2")).await;
    first.panel.pause_listening().await.unwrap();
    for _ in 0..5 {
        rig.buy().await;
        shop.advance(Duration::from_mins(10));
    }
    assert_eq!(shop.stage(order).await, Stage::Queued);
    assert_eq!(shop.tracked(order).await.integration, Some(first.id));
    assert_eq!(bought_at(&second), 0);
    assert_eq!(second.panel.connections(), 0);
}

#[sqlx::test(migrations = false)]
async fn no_sure_answer_there_is_asked_about_there(pool: PgPool) {
    let (shop, first, second) = two_panels(pool).await;
    let mut rig = Rig::new(&shop);
    let order = refused_order(&shop, &first, &mut rig).await;
    let lost = Fault::After(Trouble::Close);
    second.panel.faults().next(Endpoint::Purchase, lost);
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    let name = second.reference(order);
    let row = shop.shop_row(order).await;
    let pin = second.panel.pin_of(ACCOUNT.0, &name);
    assert_eq!(row.text("pinCode"), pin);
    let asked = |panel: &Reseller| panel.panel.ledger().count(Endpoint::Status);
    assert_eq!((asked(&first), asked(&second)), (0, 1));
    assert_eq!((bought_at(&first), bought_at(&second)), (1, 1));
}

#[sqlx::test(migrations = false)]
async fn a_second_panel_that_cannot_be_used_is_none(pool: PgPool) {
    let (shop, first, second) = two_panels(pool).await;
    let package = first.package("2");
    let route = |to: &str| {
        format!(
            r#"UPDATE package_routing SET "fallbackProviderId" = '{to}'
               WHERE package_id = '{package}'"#
        )
    };
    let (id, tenant) = (second.id, shop.tenant.0);
    let here = format!("WHERE id = '{id}'");
    let mapped = format!("our_package_id = '{package}' AND provider_api_id = '{id}'");
    let set = |columns: &str| format!("UPDATE integrations SET {columns} {here}");
    let other = "'00000000-0000-4000-8000-000000000001'";
    let cases = [
        ("disabled", set("enabled = false"), set("enabled = true")),
        (
            "another shop's",
            set(&format!(r#""tenantId" = {other}"#)),
            set(&format!(r#""tenantId" = '{tenant}'"#)),
        ),
        (
            "without a password",
            set("sifre = NULL"),
            set("sifre = 'gizli'"),
        ),
        (
            "without an address",
            set(r#""baseUrl" = ' '"#),
            set("kod = kod"),
        ),
        (
            "without a mapping",
            format!("UPDATE package_mappings SET provider_api_id = 'x' WHERE {mapped}"),
            format!(
                "UPDATE package_mappings SET provider_api_id = '{id}'
                 WHERE our_package_id = '{package}' AND provider_api_id = 'x'"
            ),
        ),
        (
            "the same panel",
            route(&first.id.to_string()),
            route(&id.to_string()),
        ),
        ("no id", route("none"), route(&id.to_string())),
        ("empty", route(""), route(&id.to_string())),
        (
            "paused",
            format!("INSERT INTO orderwatch.brakes VALUES ('{id}', 'ayşe', 'why', now())"),
            "DELETE FROM orderwatch.brakes".to_owned(),
        ),
        (
            "left alone",
            format!(
                "INSERT INTO orderwatch.panels (integration_id, open_until, opened_at, open_reason)
                 VALUES ('{id}', '9999-01-01Z', now(), 'blocked')"
            ),
            "DELETE FROM orderwatch.panels".to_owned(),
        ),
    ];
    let address = shop_address(&shop, &second).await;
    for (what, make, undo) in cases {
        shop.sql(&make).await;
        let mut rig = Rig::new(&shop);
        let order = refused_order(&shop, &first, &mut rig).await;
        assert_eq!(shop.stage(order).await, Stage::Failed, "{what}");
        assert_eq!(shop.events(order).await, ["claimed", "refused"], "{what}");
        shop.sql(&undo).await;
        shop.sql(&set(&format!(r#""baseUrl" = '{address}'"#))).await;
    }
    assert_eq!(bought_at(&second), 0);
    // And with all of that undone it is one.
    let mut rig = Rig::new(&shop);
    let order = refused_order(&shop, &first, &mut rig).await;
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
}

async fn shop_address(shop: &Shop, reseller: &Reseller) -> String {
    let sql = r#"SELECT "baseUrl" FROM integrations WHERE id = $1"#;
    let address = sqlx::query_scalar(sql).bind(reseller.id.0);
    address.fetch_one(&shop.pool).await.unwrap()
}

#[sqlx::test(migrations = false)]
async fn a_daemon_that_dies_between_the_two_purchases_is_followed_by_one_that_makes_the_second(
    pool: PgPool,
) {
    let (shop, first, second) = two_panels(pool).await;
    let mut before = Rig::new(&shop);
    let order = refused_order(&shop, &first, &mut before).await;
    drop(before);
    let (mut one, mut two) = (Rig::new(&shop), Rig::new(&shop));
    for _ in 0..3 {
        futures::join!(one.dispatch(), two.dispatch());
    }
    one.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    assert_eq!((bought_at(&first), bought_at(&second)), (1, 1));
}

#[sqlx::test(migrations = false)]
async fn a_refusal_that_nobody_wrote_down_is_asked_about_first(pool: PgPool) {
    let (shop, first, second) = two_panels(pool).await;
    let mut rig = Rig::new(&shop);
    // It dies with the refusal in its hands: what it has not written is dropped with it.
    let mut dead = Rig::new(&shop);
    let order = shop.place(first.package("2")).await;
    first.panel.faults().next(Endpoint::Purchase, refusal());
    dead.dispatch().await;
    while dead.begin_dispatch().await.started == 0 {}
    first
        .panel
        .wait_for(|ledger| ledger.count(Endpoint::Purchase) == 1 && ledger.in_flight() == 0)
        .await;
    drop(dead);
    shop.advance(Duration::from_mins(2));
    rig.run_out().await;
    assert_eq!(shop.held(order).await, "unconfirmed");
    assert_eq!((bought_at(&first), bought_at(&second)), (1, 0));
}

#[sqlx::test(migrations = false)]
async fn what_staff_decide_between_the_two_purchases_stands(pool: PgPool) {
    let (shop, first, second) = two_panels(pool).await;
    let mut rig = Rig::new(&shop);
    let by_hand = [
        "status = 'approved'",
        r#""providerId" = '00000000-0000-4000-8000-000000000007'"#,
        r#""externalOrderId" = '17'"#,
    ];
    for columns in by_hand {
        let order = refused_order(&shop, &first, &mut rig).await;
        shop.set(order, columns).await;
        rig.run_out().await;
        assert_eq!(shop.stage(order).await, Stage::Withdrawn, "{columns}");
        assert_eq!(
            shop.event(order, "withdrawn").await["why"],
            "decided_by_hand",
            "{columns}"
        );
    }
    assert_eq!(bought_at(&second), 0);
}

#[sqlx::test(migrations = false)]
async fn a_cancellation_is_no_refusal(pool: PgPool) {
    let (shop, first, second) = two_panels(pool).await;
    shop.fall_back(first.package("4"), second.id, "52").await;
    let order = shop.place(first.package("4")).await;
    let mut rig = Rig::new(&shop);
    rig.buy().await;
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Failed);
    assert_eq!(shop.shop_row(order).await.text("externalStatus"), "failed");
    assert_eq!(bought_at(&second), 0);
}
