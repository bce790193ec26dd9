//! What stops or slows buying: it holds for every daemon, nothing fails by it, and nothing is bought
//! twice by it.

use std::time::Duration;

use orderwatch::order::{OrderId, Stage};
use sandbox::{
    panel::Endpoint,
    trouble::{Fault, Trouble},
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::support::{ACCOUNT, Reseller, Rig, Shop};

const ASK_FIRST: &[(&str, &str)] = &[("dispatch.ask_first", "true")];

/// A panel that sells again under a reference that it knows.
async fn sloppy_shop(pool: PgPool) -> (Shop, Reseller) {
    Shop::open_at(pool, |plan| plan.refuses_duplicates = false).await
}

/// Everything that was written since the order was placed is gone.
async fn forget(shop: &Shop, order: OrderId) {
    shop.sql("TRUNCATE orderwatch.orders, orderwatch.purchases, orderwatch.events")
        .await;
    let columns = r#"status = 'pending', "providerId" = NULL, "externalOrderId" = NULL,
        provider_referans = NULL, "externalStatus" = 'not_sent', "sentAt" = NULL"#;
    shop.set(order, columns).await;
}

#[sqlx::test(migrations = false)]
async fn asking_first_finds_what_a_lost_database_had_bought(pool: PgPool) {
    let (shop, reseller) = sloppy_shop(pool).await;
    let order = shop.place(reseller.package("2")).await;
    Rig::new(&shop).buy().await;
    forget(&shop, order).await;
    let fresh = shop.place(reseller.package("2")).await;
    let mut rig = Rig::with(&shop, ASK_FIRST);
    rig.buy().await;
    let row = shop.shop_row(order).await;
    assert_eq!(row.text("externalStatus"), "done");
    let pin = reseller.panel.pin_of(ACCOUNT.0, &reseller.reference(order));
    assert_eq!(row.text("pinCode"), pin);
    assert_eq!(shop.stage(fresh).await, Stage::Submitted);
    let ledger = reseller.panel.ledger();
    assert_eq!(ledger.count(Endpoint::Purchase), 2);
    assert!(ledger.players_sold_twice().is_empty());
}

#[sqlx::test(migrations = false)]
async fn asking_first_in_vain_buys_nothing_until_the_panel_answers(pool: PgPool) {
    let (shop, reseller) = sloppy_shop(pool).await;
    let order = shop.place(reseller.package("2")).await;
    Rig::new(&shop).buy().await;
    forget(&shop, order).await;
    let mut rig = Rig::with(&shop, ASK_FIRST);
    let silence = [
        Trouble::Page(503),
        Trouble::Close,
        Trouble::says("OK|9| |?"),
    ];
    let faults = silence.map(|trouble| Some(Fault::Instead(trouble)));
    reseller.panel.faults().script(Endpoint::Status, faults);
    rig.buy().await;
    for _ in 0..2 {
        assert_eq!(shop.stage(order).await, Stage::Queued);
        rig.step().await;
    }
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 1);
}

/// Routes a package of the first panel to the second one too, where it is the same entry.
async fn fall_back_to(shop: &Shop, package: Uuid, second: &Reseller) {
    let (tenant, panel) = (shop.tenant, second.id);
    shop.sql(&format!(
        r#"UPDATE package_routing SET "fallbackProviderId" = '{panel}' WHERE package_id = '{package}';
           INSERT INTO package_mappings
               ("tenantId", our_package_id, provider_api_id, provider_package_id)
           VALUES ('{tenant}', '{package}', '{panel}', '2')"#
    ))
    .await;
}

#[sqlx::test(migrations = false)]
async fn only_a_certain_refusal_goes_to_the_fallback_panel_and_only_once(pool: PgPool) {
    let (shop, first) = sloppy_shop(pool).await;
    let second = shop.reseller(|plan| plan.refuses_duplicates = false).await;
    fall_back_to(&shop, first.package("2"), &second).await;
    let says = |text: &'static str| Fault::Instead(Trouble::says(text));
    let cases = [
        (says("3|Stok yok"), true),
        (Fault::Instead(Trouble::Close), false),
        (Fault::After(Trouble::Close), false),
        (says("8|Bağlantı hatası"), false),
        (says("4|Daha önce gönderilmiş"), false),
    ];
    let mut rig = Rig::new(&shop);
    let mut orders = Vec::new();
    for (fault, falls) in cases {
        let order = shop.place(first.package("2")).await;
        first.panel.faults().next(Endpoint::Purchase, fault.clone());
        rig.buy().await;
        rig.run_out().await;
        orders.push((order, fault, falls));
    }
    for (order, fault, falls) in &orders {
        let there = second.panel.ledger().sold(&second.reference(*order));
        assert_eq!(there, *falls, "{fault:?}");
        let requests = first.panel.ledger();
        let requests = requests.requests_about(Endpoint::Purchase, &first.reference(*order));
        assert_eq!(requests.len(), 1, "{fault:?}");
    }
    let (order, ..) = orders[0];
    let row = shop.shop_row(order).await;
    assert_eq!(row.text("externalStatus"), "done");
    assert_eq!(row.text("providerId"), second.id.to_string());
    assert_eq!(row.text("provider_referans"), second.reference(order));
    assert_eq!(shop.purchases(order).await.len(), 2, "both names are kept");

    // Refused there too: that is the end.
    let order = shop.place(first.package("2")).await;
    for panel in [&first.panel, &second.panel] {
        panel.faults().next(Endpoint::Purchase, says("3|Stok yok"));
    }
    rig.buy().await;
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Failed);
    assert_eq!(second.panel.ledger().count(Endpoint::Purchase), 2);
}

#[sqlx::test(migrations = false)]
async fn the_spending_limit_holds_for_all_daemons_together(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let limit = [("dispatch.daily_limit", "100")];
    let (mut one, mut two) = (Rig::with(&shop, &limit), Rig::with(&shop, &limit));
    let orders = shop.place_many(reseller.package("2"), 10).await;
    for _ in 0..6 {
        futures::join!(one.dispatch(), two.dispatch());
    }
    let ledger = reseller.panel.ledger();
    assert_eq!(
        ledger.sale_count(),
        2,
        "2 · 35 TRY, a third would be too much"
    );
    let mut held = 0;
    for order in orders {
        if shop.held(order).await == "daily_limit" {
            held += 1;
            let row = shop.shop_row(order).await;
            assert_eq!(row.text("externalStatus"), "not_sent");
        }
    }
    assert_eq!(held, 8);
    // A day later there is money again.
    shop.advance(Duration::from_hours(24));
    let order = shop.place(reseller.package("2")).await;
    one.dispatch().await;
    assert_eq!(shop.stage(order).await, Stage::Submitted);
}

#[sqlx::test(migrations = false)]
async fn shadow_mode_writes_down_what_it_would_buy_and_touches_nothing(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let good = shop.place(reseller.package("2")).await;
    let bad = shop.place(reseller.package("2")).await;
    shop.set(bad, "quantity = 2").await;
    let before = [shop.version(good).await, shop.version(bad).await];
    let mut rig = Rig::with(&shop, &[("dispatch.mode", "shadow")]);
    for _ in 0..3 {
        rig.dispatch().await;
        rig.poll().await;
        rig.sweep().await;
    }
    assert_eq!([shop.version(good).await, shop.version(bad).await], before);
    for order in [good, bad] {
        assert!(shop.find_tracked(order).await.is_none());
        assert!(shop.events(order).await.is_empty());
    }
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 0);
    let noted = "SELECT order_id, COALESCE(reference, held_reason) FROM orderwatch.shadow
                 ORDER BY reference NULLS LAST";
    let noted: Vec<(Uuid, String)> = sqlx::query_as(noted)
        .fetch_all(&shop.pool)
        .await
        .unwrap_or_default();
    let want = [
        (good.0, reseller.reference(good)),
        (bad.0, "quantity_not_one".to_owned()),
    ];
    assert_eq!(noted, want);
}

#[sqlx::test(migrations = false)]
async fn while_buying_is_paused_what_was_bought_is_watched(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let other = shop.reseller(|_| {}).await;
    let bought = shop.place(reseller.package("2")).await;
    let mut rig = Rig::new(&shop);
    rig.buy().await;
    for scope in [Uuid::nil(), reseller.id.0] {
        shop.sql(&format!(
            "INSERT INTO orderwatch.brakes (scope, who, why, at) VALUES ('{scope}', 'ayşe', 'x', now())"
        ))
        .await;
        let waits = shop.place(reseller.package("2")).await;
        let elsewhere = shop.place(other.package("2")).await;
        rig.buy().await;
        assert!(shop.find_tracked(waits).await.is_none());
        let paused_everywhere = scope == Uuid::nil();
        let sent = shop.find_tracked(elsewhere).await.is_some();
        assert_eq!(sent, !paused_everywhere);
        rig.run_out().await;
        assert_eq!(shop.stage(bought).await, Stage::Completed);
        shop.sql("DELETE FROM orderwatch.brakes").await;
        rig.buy().await;
        assert_eq!(shop.stage(waits).await, Stage::Submitted);
    }
}

#[sqlx::test(migrations = false)]
async fn a_panel_that_blocks_us_is_left_alone_by_all_daemons_and_nothing_fails(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let (mut one, mut two) = (Rig::new(&shop), Rig::new(&shop));
    let watched = shop.place(reseller.package("2")).await;
    one.buy().await;
    two.buy().await;
    shop.advance(Duration::from_mins(1));
    let blocked = Fault::Instead(Trouble::Page(200));
    for endpoint in [Endpoint::Status, Endpoint::Balance] {
        reseller.panel.faults().stand(endpoint, blocked.clone());
    }
    one.poll().await;
    let waits = shop.place(reseller.package("2")).await;
    shop.advance(Duration::from_mins(10));
    for rig in [&mut one, &mut two] {
        assert_eq!(rig.dispatch().await.started, 0);
        assert_eq!(rig.poll().await.started, 0);
    }
    // One of them finds out whether it works again: not yet, and then it does.
    for probes in 1..=3 {
        one.probe().await;
        two.probe().await;
        assert_eq!(reseller.panel.ledger().count(Endpoint::Balance), probes);
        assert_eq!(two.dispatch().await.started, 0);
        shop.advance(Duration::from_secs(30));
    }
    for endpoint in [Endpoint::Status, Endpoint::Balance] {
        reseller.panel.faults().lift(endpoint);
    }
    two.probe().await;
    two.buy().await;
    two.run_out().await;
    for order in [watched, waits] {
        assert_eq!(shop.stage(order).await, Stage::Completed);
    }
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 2);
}
