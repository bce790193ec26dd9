//! What has to be switched off, in which order, and the way back.

use serde_json::json;

use super::{SENT, adopt, adopt_with, foreseen, said, sql, step};
use crate::process::{
    until,
    world::{PIN, TOP_UP, World},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_steps_follow_from_what_the_shop_does() {
    let world = World::new().await;
    let settings = world.settings().text("dispatch.mode", "shadow");
    let (_, found) = adopt_with(&world, &settings, &[]).await;
    let steps = &found["shop"]["switch_off"];
    assert_eq!(step(steps, "Patch the shop").0, "unseen", "{steps:#}");
    assert_eq!(step(steps, "Set dispatch.mode").0, "open", "{steps:#}");

    // One that came a moment ago, or that the shop could not have sent, shows nothing.
    let order = world.shop.order(PIN, "player").await;
    world.shop.order(PIN, "second player").await;
    let tenant = world.shop.tenant;
    let unmapped = format!(
        r#"WITH package AS (
               INSERT INTO product_packages ("tenantId", name) VALUES ('{tenant}', 'unmapped') RETURNING id)
           INSERT INTO package_routing ("tenantId", package_id, mode, "providerType", "primaryProviderId")
           SELECT '{tenant}', id, 'auto', 'external', (SELECT id::text FROM integrations LIMIT 1) FROM package"#
    );
    sql(&world, &unmapped).await;
    world.shop.order("unmapped", "player").await;
    let aged = r#"UPDATE product_orders SET "createdAt" = now() - interval '10 minutes'"#;
    let (ended, found) = adopt_with(&world, &settings, &[]).await;
    let steps = &found["shop"]["switch_off"];
    assert_eq!(step(steps, "Patch the shop").0, "unseen", "{steps:#}");
    assert_eq!(ended.code(), 1, "what cannot be seen is not done");
    sql(&world, &format!("{aged} WHERE id <> '{order}'")).await;
    let (_, found) = adopt_with(&world, &settings, &[]).await;
    let steps = &found["shop"]["switch_off"];
    assert_eq!(step(steps, "Patch the shop").0, "unseen", "{steps:#}");
    // Nor do any number of them: a sender whose panel cannot be reached leaves them so, too.
    sql(&world, aged).await;
    let (_, found) = adopt_with(&world, &settings, &[]).await;
    let (state, evidence) = step(&found["shop"]["switch_off"], "Patch the shop");
    assert_eq!(state, "unseen", "{evidence}");
    assert!(evidence.contains("left 2 orders"), "{evidence}");
    world.shop.order(PIN, "third player").await;
    sql(&world, aged).await;
    sql(&world, "UPDATE integrations SET enabled = false").await;
    let (_, found) = adopt_with(&world, &settings, &[]).await;
    let steps = &found["shop"]["switch_off"];
    assert_eq!(step(steps, "Patch the shop").0, "unseen", "{steps:#}");
    sql(&world, "UPDATE integrations SET enabled = true").await;
    let (_, found) = adopt_with(&world, &settings, &[]).await;
    let (state, evidence) = step(&found["shop"]["switch_off"], "Patch the shop");
    assert_eq!(state, "unseen", "{evidence}");
    assert!(evidence.contains("left 3 orders"), "{evidence}");

    // Its own code clears "providerId" of every order.
    let sent = format!(
        r#"UPDATE product_orders SET status = 'PENDING', "externalStatus" = 'sent', "sentAt" = now(),
               "lastSyncAt" = now(), "providerId" = NULL, provider_referans = '{SENT}' WHERE id = '{order}'"#
    );
    sql(&world, &sent).await;
    let chained = world.shop.order(TOP_UP, "player").await;
    let chain = format!(
        r#"UPDATE product_orders SET "externalOrderId" = 'stub-{order}' WHERE id = '{chained}'"#
    );
    sql(&world, &chain).await;
    let (ended, found) = adopt_with(&world, &settings, &[]).await;
    let steps = &found["shop"]["switch_off"];
    let (state, evidence) = step(steps, "Patch the shop");
    assert_eq!(state, "open", "{steps:#}");
    assert!(
        evidence.contains("sent 1 order within the last hour"),
        "{evidence}"
    );
    assert_eq!(
        step(steps, "Set dispatch.buy_chained").0,
        "open",
        "{steps:#}"
    );
    assert_eq!(step(steps, "Stop the shop's poller").0, "open", "{steps:#}");
    assert_eq!(
        (ended.code(), &found["in_the_way"]),
        (1, &json!(3)),
        "{found:#}"
    );

    let text = world.program(&settings, &["adopt"]).run().await;
    for words in [
        "THE SHOP",
        "[OPEN] Patch the shop",
        "adopted",
        "3 things stand in the way.",
    ] {
        assert!(text.stdout.contains(words), "{words}: {}", text.stdout);
    }
    assert!(!text.stdout.contains('\u{1b}'), "{text:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn as_long_as_the_shop_may_still_send_a_live_mode_is_the_wrong_one() {
    let world = World::new().await;
    let order = world.shop.order(PIN, "player").await;
    let (ended, found) = adopt(&world).await;
    let steps = &found["shop"]["switch_off"];
    assert_eq!(step(steps, "Patch the shop").0, "unseen", "{steps:#}");
    let by_hand = "Make sure by hand that the shop is patched";
    assert_eq!(step(steps, by_hand).0, "unseen", "{steps:#}");
    assert_eq!(ended.code(), 1, "{found:#}");
    let text = world.command(&["adopt"]).await.stdout;
    assert!(text.contains(&format!("[????] {by_hand}")), "{text}");

    let sent = format!(
        r#"UPDATE product_orders SET status = 'PENDING', "externalStatus" = 'sent', "sentAt" = now(),
               provider_referans = '{SENT}' WHERE id = '{order}'"#
    );
    sql(&world, &sent).await;
    let (_, found) = adopt(&world).await;
    let mode = r#"Set dispatch.mode = "shadow""#;
    let steps = &found["shop"]["switch_off"];
    assert_eq!(step(steps, mode).0, "open", "{steps:#}");
    let other = said(&found["shop"], "second dispatcher").concat();
    assert!(
        other.contains("fail: The shop's own sender is on beside a live orderwatch"),
        "{other}"
    );

    // What a daemon buys, and the shop leaves to it, shows that it is off.
    sql(&world, "DELETE FROM product_orders").await;
    let mut bought = Vec::new();
    for player in ["first", "second", "third"] {
        bought.push(world.shop.order(PIN, player).await);
    }
    let process = world.start(&world.settings()).await;
    for order in bought {
        until("it is bought", || async {
            world.shop.row(order).await.is_completed().then_some(())
        })
        .await;
    }
    process.stop().await;
    let (_, found) = adopt(&world).await;
    let steps = &found["shop"]["switch_off"];
    let (state, evidence) = step(steps, "Patch the shop");
    assert_eq!(state, "done", "{steps:#}");
    assert!(
        evidence.contains("orderwatch has sent 3 orders"),
        "{evidence}"
    );
    assert_eq!(
        step(steps, r#"Set dispatch.mode = "live""#).0,
        "done",
        "{steps:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_back_counts_what_was_placed_while_buying_was_paused() {
    let world = World::new().await;
    let paused = world
        .command(&["pause", "--reason", "back to the shop"])
        .await;
    assert_eq!(paused.code(), 0, "{paused:?}");
    let (_, found) = adopt(&world).await;
    let back = &found["shop"]["way_back"];
    assert_eq!(
        step(back, "Send in the shop, by hand").0,
        "done",
        "{back:#}"
    );

    let late = world.shop.order(PIN, "late").await;
    let fresh = world.shop.order(PIN, "player").await;
    let old = r#"UPDATE product_orders SET "createdAt" = now() - interval '2 hours'"#;
    sql(
        &world,
        "UPDATE orderwatch.installed SET at = now() - interval '1 day'",
    )
    .await;
    sql(&world, &format!("{old} WHERE id = '{late}'")).await;
    let settings = world.settings().text("poll.give_up_after", "6h");
    let swept = world.program(&settings, &["once", "sweep"]).run().await;
    assert_eq!(swept.code(), 0, "{swept:?}");

    let (_, found) = adopt(&world).await;
    let back = &found["shop"]["way_back"];
    assert_eq!(step(back, "`orderwatch pause").0, "done", "{back:#}");
    let (state, evidence) = step(back, "Send in the shop, by hand");
    assert_eq!(state, "open", "{back:#}");
    assert!(
        evidence.contains("2 orders not sent by anybody, 1 of them held as waited_too_long"),
        "{evidence}"
    );
    // Resolving it would not send it.
    assert_eq!(step(back, "Resolve what is held").0, "done", "{back:#}");
    let foreseen = foreseen(&found);
    assert_eq!(foreseen[&fresh], ("waits".into(), "paused".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_sweep_nobody_adopts_what_the_shop_has_sent() {
    let world = World::new().await;
    let order = world.shop.order(PIN, "player").await;
    let panel = world.shop.integration;
    let sent = format!(
        r#"UPDATE product_orders SET status = 'PENDING', "externalStatus" = 'sent', "sentAt" = now() - interval '10 minutes',
               "providerId" = '{panel}', provider_referans = '{SENT}' WHERE id = '{order}'"#
    );
    sql(&world, &sent).await;
    let settings = world.settings().with("sweep.enabled", "false");
    let (ended, found) = adopt_with(&world, &settings, &[]).await;
    assert_eq!(ended.code(), 1, "{found:#}");
    let foreseen = foreseen(&found);
    assert_eq!(foreseen[&order], ("waits".into(), "sweep_off".into()));
    let steps = &found["shop"]["switch_off"];
    assert_eq!(
        step(steps, "Set sweep.enabled = true").0,
        "open",
        "{steps:#}"
    );
}
