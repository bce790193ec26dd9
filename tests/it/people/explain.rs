//! `order explain` on real rows: the facts that the pure tests make up are found where they stand.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use orderwatch::{breaker::Reason, order::OrderId};
use sqlx::PgPool;

use crate::{
    people::{run, run_with},
    support::{Reseller, Rig, Shop},
};

/// What is said of an order: its reason by name, and the sentence.
async fn explain(shop: &Shop, settings: &[(&str, &str)], order: OrderId) -> (String, String) {
    let line = format!("order explain {order} --json");
    let said = run_with(shop, settings, &line).await.json();
    let text = |field: &str| said[0][field].as_str().unwrap().to_owned();
    (text("why"), text("sentence"))
}

/// An order that the command line's clock finds just placed.
async fn place(shop: &Shop, reseller: &Reseller) -> OrderId {
    let order = shop.place(reseller.package("2")).await;
    shop.set(order, r#""createdAt" = now()"#).await;
    order
}

#[sqlx::test(migrations = false)]
async fn an_order_that_nobody_tracks_is_explained_by_the_rows_around_it(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let other = shop.integration("internal", "http://localhost:1/").await;
    let panel = reseller.id;
    let order = place(&shop, &reseller).await;
    let route = |to: &str| format!(r#"UPDATE package_routing SET "primaryProviderId" = '{to}'"#);
    let (here, there) = (route(&panel.to_string()), route(&other.to_string()));
    let brake = |scope: &str| {
        format!("INSERT INTO orderwatch.brakes VALUES ('{scope}', 'ayşe', 'prices', now())")
    };
    let all = "00000000-0000-0000-0000-000000000000";
    let now = r#"UPDATE product_orders SET "createdAt" = now()"#;
    for (change, why, undo) in [
        ("SELECT 1", "ready", "SELECT 1"),
        (
            "UPDATE product_orders SET status = 'approved'",
            "decided_by_staff",
            "UPDATE product_orders SET status = 'pending'",
        ),
        (
            r#"UPDATE product_orders SET "createdAt" = now() - interval '2 hours'"#,
            "too_old",
            now,
        ),
        (
            "UPDATE package_routing SET mode = 'manual'",
            "manual_routing",
            "UPDATE package_routing SET mode = 'auto'",
        ),
        (
            r#"UPDATE package_routing SET "providerType" = 'internal_codes'"#,
            "other_provider_type",
            r#"UPDATE package_routing SET "providerType" = 'external'"#,
        ),
        (
            "UPDATE product_orders SET status = 'PENDING'",
            "ready",
            "UPDATE product_orders SET status = 'pending'",
        ),
        (
            r#"UPDATE product_orders SET "externalOrderId" = 'stub-' || gen_random_uuid()"#,
            "forwarded_to_tenant",
            r#"UPDATE product_orders SET "externalOrderId" = NULL"#,
        ),
        (
            // As the shop writes a forwarded order, where it has the column.
            r#"ALTER TABLE product_orders ADD mode varchar(50) DEFAULT 'INTERNAL';
               UPDATE product_orders SET status = 'sent', "externalStatus" = 'sent', "sentAt" = now()"#,
            "forwarded_to_tenant",
            r#"ALTER TABLE product_orders DROP mode;
               UPDATE product_orders SET status = 'pending', "externalStatus" = 'not_sent', "sentAt" = NULL"#,
        ),
        (
            r#"UPDATE product_orders SET "externalStatus" = 'unknown', "sentAt" = now()"#,
            "left_to_shop",
            r#"UPDATE product_orders SET "externalStatus" = 'not_sent', "sentAt" = NULL"#,
        ),
        (&route("nowhere"), "route_to_nowhere", &here),
        (&there, "other_kind_of_provider", &here),
        (
            r#"UPDATE integrations SET "tenantId" = gen_random_uuid()"#,
            "panel_of_another_tenant",
            &format!(r#"UPDATE integrations SET "tenantId" = '{}'"#, shop.tenant),
        ),
        (
            "UPDATE integrations SET enabled = false",
            "panel_disabled",
            "UPDATE integrations SET enabled = true",
        ),
        (&brake(all), "paused", "DELETE FROM orderwatch.brakes"),
        (
            &brake(&panel.to_string()),
            "paused",
            "DELETE FROM orderwatch.brakes",
        ),
        (
            r#"UPDATE product_orders SET "providerId" = 'x'"#,
            "left_to_shop",
            r#"UPDATE product_orders SET "providerId" = NULL"#,
        ),
        (
            "UPDATE product_orders SET \"packageId\" = NULL",
            "no_route",
            now,
        ),
    ] {
        shop.sql(change).await;
        assert_eq!(explain(&shop, &[], order).await.0, why, "{change}");
        shop.sql(undo).await;
    }
    let missing = run(&shop, "order explain 99999999").await;
    assert!(missing.refused().contains("no order has the id"));
}

#[sqlx::test(migrations = false)]
async fn brakes_breaker_and_settings_are_seen(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    // Older databases have no such column.
    shop.sql("ALTER TABLE integrations DROP COLUMN enabled")
        .await;
    let order = place(&shop, &reseller).await;
    for (key, value, why) in [
        ("DISPATCH__ENABLED", "false", "buying_off"),
        ("DISPATCH__MODE", "shadow", "shadow_mode"),
        ("DISPATCH__MODE", "live", "ready"),
    ] {
        assert_eq!(explain(&shop, &[(key, value)], order).await.0, why);
    }
    let (now, _) = shop.store.now().await.unwrap();
    let until = now + chrono::TimeDelta::minutes(10);
    let opened = shop
        .store
        .open_breaker(reseller.id, Reason::Blocked, now, until);
    assert!(opened.await.unwrap());
    let (why, sentence) = explain(&shop, &[], order).await;
    assert_eq!(why, "breaker_open");
    assert!(sentence.contains("wrong account or address"), "{sentence}");
    let next = run(&shop, &format!("order explain {order} --json"))
        .await
        .json();
    let next = next[0]["next_check"].as_str().unwrap().to_owned();
    assert_eq!(
        next.parse::<chrono::DateTime<chrono::Utc>>().unwrap(),
        until
    );
}

#[sqlx::test(migrations = false)]
async fn tracked_orders_are_explained_where_they_stand(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let order = place(&shop, &reseller).await;
    shop.set(order, r#""createdAt" = '2030-03-17T17:46:40Z'"#)
        .await;
    rig.buy().await;
    let (why, sentence) = explain(&shop, &[], order).await;
    assert_eq!(why, "accepted");
    assert!(sentence.contains("; next check 2030-03-17 "), "{sentence}");
    let number = shop.shop_row(order).await.get("orderNo").to_string();
    for name in [number, reseller.reference(order)] {
        let said = run(&shop, &format!("order explain {name}")).await;
        assert_eq!(said.fine(), sentence, "by {name}");
    }
    rig.run_out().await;
    assert_eq!(explain(&shop, &[], order).await.0, "completed");

    let cancelled = shop.place(reseller.package("4")).await;
    rig.buy().await;
    rig.run_out().await;
    assert_eq!(explain(&shop, &[], cancelled).await.0, "cancelled");

    let held = shop.place(reseller.package("2")).await;
    shop.set(held, r#""userIdentifier" = ' '"#).await;
    rig.dispatch().await;
    let said = run(&shop, &format!("order explain {held}")).await;
    let want = "The player id is missing; needs review.\n\
                What to do: Enter the player id in the order, then retry it.";
    assert_eq!(said.fine(), want);

    shop.sql("DELETE FROM product_orders").await;
    let (why, _) = explain(&shop, &[], order).await;
    assert_eq!(why, "completed", "also when the shop's row is gone");
}
