//! What becomes of each order, and what it costs.

use std::collections::BTreeMap;

use sandbox::panel::Endpoint;
use uuid::Uuid;

use super::{SENT, adopt, adopt_with, foreseen, said, sql, written};
use crate::process::{
    until,
    world::{PIN, TOP_UP, World},
};

/// Orders of every kind, and by which word each is to be foreseen: what becomes of it, and why.
async fn of_every_kind(world: &World) -> BTreeMap<Uuid, (&'static str, &'static str)> {
    let (shop, mut wanted) = (&world.shop, BTreeMap::new());
    let panel = shop.integration;
    let sent = |minutes: u32, referans: &str| {
        format!(
            r#"status = 'PENDING', "externalStatus" = 'sent',
               "sentAt" = now() - interval '{minutes} minutes', "providerId" = '{panel}', provider_referans = {referans}"#
        )
    };
    let client = Uuid::new_v4();
    for (columns, fate, why) in [
        ("quantity = 1".to_owned(), "bought", "ready"),
        ("status = 'PENDING'".to_owned(), "bought", "ready"),
        (
            format!(
                r#""providerId" = '{panel}', "externalOrderId" = '{client}', provider_referans = '{client}'"#
            ),
            "bought",
            "ready",
        ),
        (
            format!(r#""externalOrderId" = 'stub-{client}'"#),
            "left_to_shop",
            "forwarded_to_tenant",
        ),
        (sent(10, &format!("'{SENT}'")), "adopted", "sent_by_shop"),
        (sent(5, &format!("'{SENT}'")), "held", "reference_shared"),
        (sent(5, "NULL"), "held", "no_reference"),
        ("quantity = 2".to_owned(), "held", "quantity_not_one"),
        (
            r#""userIdentifier" = ' '"#.to_owned(),
            "held",
            "no_player_id",
        ),
        (
            format!("provider_referans = '{SENT}'"),
            "held",
            "foreign_reference",
        ),
        (
            r#""createdAt" = now() - interval '3 days'"#.to_owned(),
            "too_old",
            "too_old",
        ),
    ] {
        let order = shop.order(PIN, &format!("player {}", wanted.len())).await;
        sql(
            world,
            &format!("UPDATE product_orders SET {columns} WHERE id = '{order}'"),
        )
        .await;
        wanted.insert(order, (fate, why));
    }

    for (route, fate, why) in [
        (
            "'auto', 'external', gen_random_uuid()::text",
            "held",
            "contradictory_routing",
        ),
        (
            "'auto', 'internal_codes', NULL",
            "left_to_shop",
            "other_provider_type",
        ),
        ("'manual', 'manual', NULL", "left_to_shop", "manual_routing"),
    ] {
        let name = format!("package {}", wanted.len());
        let tenant = shop.tenant;
        let package = format!(
            r#"WITH package AS (
                   INSERT INTO product_packages ("tenantId", name) VALUES ('{tenant}', '{name}') RETURNING id)
               INSERT INTO package_routing ("tenantId", package_id, mode, "providerType", "primaryProviderId")
               SELECT '{tenant}', id, {route} FROM package"#
        );
        sql(world, &package).await;
        wanted.insert(shop.order(&name, "player").await, (fate, why));
    }
    wanted
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_foreseen_is_what_a_live_daemon_does() {
    let world = World::new().await;
    let wanted = of_every_kind(&world).await;
    let before = written(&world).await;
    // Where the server refuses every write, it works all the same.
    world
        .database
        .set("default_transaction_read_only = on")
        .await;
    let (_, found) = adopt_with(&world, &world.settings(), &["--ask-panels"]).await;
    world
        .database
        .set("default_transaction_read_only = off")
        .await;

    let foreseen = foreseen(&found);
    for (order, (fate, why)) in &wanted {
        let said = &foreseen[order];
        assert_eq!((&*said.0, &*said.1), (*fate, *why), "{order}: {found:#}");
    }
    assert_eq!(foreseen.len(), wanted.len());
    let sums = &found["shop"]["orders"]["panels"];
    let at_panel = sums
        .as_array()
        .unwrap()
        .iter()
        .find(|sum| sum["panel"] == "panel");
    let at_panel = at_panel.unwrap();
    assert_eq!(at_panel["would_buy"], 3, "{sums:#}");
    assert_eq!(at_panel["expected"], "105.00", "{sums:#}");
    assert_eq!(at_panel["price_unknown"], 0, "{sums:#}");
    assert_eq!(written(&world).await, before, "nothing was written");
    let ledger = world.panel.ledger();
    assert_eq!(ledger.count(Endpoint::Purchase), 0, "nothing was bought");

    let process = world.start(&world.settings()).await;
    for (order, (fate, why)) in &wanted {
        let what = format!("{order}, which is {fate} ({why})");
        until(&what, || async {
            let row = world.shop.row(*order).await;
            let events = world.shop.events(*order).await;
            let done = match *fate {
                "bought" => row.is_completed() && events[0] == "claimed",
                "adopted" => events.first().is_some_and(|event| event == "adopted"),
                "held" => row.held_reason.as_deref() == Some(*why),
                // The ones before have shown that it dispatches and sweeps.
                _ => true,
            };
            done.then_some(())
        })
        .await;
    }
    for (order, (fate, _)) in wanted {
        if ["left_to_shop", "too_old"].contains(&fate) {
            let row = world.shop.row(order).await;
            assert_eq!((row.stage, row.referans), (None, None), "{order}: {fate}");
        }
    }
    assert_eq!(world.panel.ledger().count(Endpoint::Purchase), 3);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_panel_is_asked_unless_it_is_wanted_and_the_prices_are_unknown_then() {
    let world = World::new().await;
    world.shop.order(TOP_UP, "player").await;
    let (_, found) = adopt(&world).await;
    let panels = &found["shop"]["orders"]["panels"];
    assert_eq!(panels[0]["price_unknown"], 1, "{panels:#}");
    let order = &found["shop"]["orders"]["orders"][0];
    assert_eq!(order["fate"], "bought", "{order:#}");
    assert!(
        order["sentence"]
            .as_str()
            .unwrap()
            .contains("if the panel's price list"),
        "{order:#}"
    );
    assert_eq!(world.panel.ledger().requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_queued_before_is_held_for_its_loss_as_the_dispatcher_holds_it() {
    let world = World::new().await;
    let mut orders = Vec::new();
    for (player, may_resend) in [("first", true), ("second", false)] {
        let order = world.shop.order(PIN, player).await;
        let (tenant, panel) = (world.shop.tenant, world.shop.integration);
        for statement in [
            format!(
                r#"UPDATE product_orders SET "sellPriceAmount" = 1, "sellPriceCurrency" = 'TRY' WHERE id = '{order}'"#
            ),
            format!(
                "INSERT INTO orderwatch.orders (order_id, tenant_id, integration_id, reference, stage, due_at, tracked_at, may_resend)
                 VALUES ('{order}', '{tenant}', '{panel}', '{SENT}', 'queued', now(), now(), {may_resend})"
            ),
        ] {
            sql(&world, &statement.replace(SENT, &format!("{SENT}{}", orders.len()))).await;
        }
        orders.push(order);
    }

    let settings = world.settings().text("dispatch.max_loss", "0");
    let (_, found) = adopt_with(&world, &settings, &["--ask-panels"]).await;
    let foreseen = foreseen(&found);
    let said = |order: Uuid| (&*foreseen[&order].0, &*foreseen[&order].1);
    assert_eq!(said(orders[0]), ("held", "sold_at_a_loss"), "{found:#}");
    assert_eq!(said(orders[1]), ("bought", "ready"), "{found:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_spent_lately_counts_against_the_daily_limit() {
    let world = World::new().await;
    let earlier = world.shop.order(PIN, "earlier").await;
    let process = world.start(&world.settings()).await;
    until("it is bought", || async {
        world.shop.row(earlier).await.is_completed().then_some(())
    })
    .await;
    process.stop().await;

    world.shop.order(PIN, "player").await;
    let settings = world.settings().text("dispatch.daily_limit", "50");
    let (_, found) = adopt_with(&world, &settings, &["--ask-panels"]).await;
    let limit = said(&found["shop"], "daily limit").concat();
    assert!(
        limit.contains("costs 35.00 TRY, 35.00 TRY were spent there in the last 24 hours"),
        "{limit}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_when_there_are_more_orders_than_it_examined() {
    let world = World::new().await;
    let routes = r#"UPDATE package_routing SET "primaryProviderId" = gen_random_uuid()::text"#;
    sql(&world, routes).await;
    let orders = |number: u32| {
        format!(
            r#"INSERT INTO product_orders ("tenantId", "packageId")
               SELECT r."tenantId", r.package_id
               FROM (SELECT * FROM package_routing LIMIT 1) r, generate_series(1, {number})"#
        )
    };

    for (number, more) in [(10, false), (4990, true)] {
        sql(&world, &orders(number)).await;
        let (_, found) = adopt(&world).await;
        let orders = &found["shop"]["orders"];
        assert_eq!(orders["more"], more, "{}", orders["sums"]);
    }
}
