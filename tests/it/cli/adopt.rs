//! `orderwatch adopt`: what it says will happen is what a live daemon then does, and saying it changes nothing.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::collections::BTreeMap;

use sandbox::panel::Endpoint;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Executor};
use uuid::Uuid;

use crate::process::{
    Ended,
    roles::READER,
    settings::Settings,
    until,
    world::{KOD, PIN, SIFRE, TOP_UP, World},
};

/// A reference as the shop's own sender makes them.
const SENT: &str = "1795641799498220";

async fn sql(world: &World, sql: &str) {
    let pool = &world.database.pool;
    let done = pool.execute(AssertSqlSafe(sql.to_owned())).await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

async fn adopt_with(world: &World, settings: &Settings, more: &[&str]) -> (Ended, Value) {
    let args: Vec<&str> = ["adopt", "--json", "--list"]
        .into_iter()
        .chain(more.iter().copied())
        .collect();
    let ended = world.program(settings, &args).run().await;
    for secret in [KOD, SIFRE] {
        assert!(!ended.stdout.contains(secret), "{secret}: {ended:?}");
        assert!(!ended.stderr.contains(secret), "{secret}: {ended:?}");
    }
    let found = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"));
    (ended, found)
}

async fn adopt(world: &World) -> (Ended, Value) {
    adopt_with(world, &world.settings(), &[]).await
}

/// The findings of one check of a side, as `outcome: sentence`.
fn said(side: &Value, check: &str) -> Vec<String> {
    let findings = side["findings"].as_array().unwrap().iter();
    let findings = findings.filter(|finding| finding["check"] == check);
    let text = |finding: &Value| format!("{}: {}", finding["outcome"], finding["sentence"]);
    findings
        .map(|finding| text(finding).replace('"', ""))
        .collect()
}

/// The state and the evidence of the step that begins like this.
fn step<'v>(steps: &'v Value, begins: &str) -> (&'v str, &'v str) {
    let mut all = steps.as_array().unwrap().iter();
    let step = all.find(|step| step["what"].as_str().unwrap().starts_with(begins));
    let step = step.unwrap_or_else(|| panic!("no step {begins}: {steps:#}"));
    let text = |key| step[key].as_str().unwrap_or_default();
    (text("state"), text("evidence"))
}

/// What is in the applications' tables and in ours, with the transactions that wrote it.
async fn written(world: &World) -> Vec<String> {
    let mut all = Vec::new();
    let tables = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
                  WHERE schemaname IN ('public', 'orderwatch') ORDER BY 1";
    let pool = &world.database.pool;
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(pool).await.unwrap();
    for table in tables {
        let rows =
            format!("SELECT '{table} ' || xmin::text || ' ' || t::text FROM {table} t ORDER BY 1");
        let rows = sqlx::query_scalar(AssertSqlSafe(rows));
        let rows: Vec<String> = rows.fetch_all(pool).await.unwrap();
        all.extend(rows);
    }
    all
}

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

/// What was foreseen of each order.
fn foreseen(found: &Value) -> BTreeMap<Uuid, (String, String)> {
    let list = found["shop"]["orders"]["orders"].as_array().unwrap().iter();
    let text = |order: &Value, key: &str| order[key].as_str().unwrap().to_owned();
    list.map(|order| {
        let id = text(order, "order").parse().unwrap();
        (id, (text(order, "fate"), text(order, "why")))
    })
    .collect()
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
async fn a_database_that_is_not_migrated_is_told_about_from_the_shops_tables_alone() {
    let world = World::new().await;
    let order = world.shop.order(PIN, "player").await;
    sql(&world, "DROP SCHEMA orderwatch CASCADE").await;
    sql(
        &world,
        "ALTER TABLE product_orders DROP COLUMN provider_referans",
    )
    .await;
    sql(
        &world,
        &format!("UPDATE product_orders SET status = 'PENDING' WHERE id = '{order}'"),
    )
    .await;

    // Of the application itself: the daemon's role comes with the migrations.
    let settings = world
        .settings()
        .text("database.url", &world.database.owners_url());
    let (ended, found) = adopt_with(&world, &settings, &["--ask-panels"]).await;
    let shop = &found["shop"];
    assert_eq!(ended.code(), 1, "{found:#}");
    assert_eq!(shop["orders"], Value::Null, "{shop:#}");
    let kind = &shop["kinds"][0];
    assert_eq!(
        (&kind["status"], &kind["orders"]),
        (&json!("PENDING"), &json!(1)),
        "{kind:#}"
    );
    assert_eq!(
        (&kind["route"], &kind["provider"]),
        (&json!("external"), &json!("znet"))
    );
    assert_eq!(
        said(shop, "columns"),
        ["ok: The tables take what is written into them."]
    );
    let migrate = said(shop, "migrate").concat();
    assert!(
        migrate.contains("product_orders.provider_referans"),
        "{migrate}"
    );
    assert!(migrate.contains("orderwatch_new_order"), "{migrate}");
    assert_eq!(
        step(&shop["switch_off"], "Run `orderwatch migrate`").0,
        "open"
    );
    assert_eq!(step(&shop["way_back"], "Nothing").0, "done");
    assert_eq!(world.panel.ledger().requests().len(), 0);

    sql(
        &world,
        r#"ALTER TABLE product_orders DROP COLUMN "pinCode""#,
    )
    .await;
    sql(
        &world,
        "ALTER TABLE product_orders ALTER COLUMN quantity TYPE bigint",
    )
    .await;
    // Older shops cannot disable a panel.
    sql(&world, "ALTER TABLE integrations DROP COLUMN enabled").await;
    let (_, found) = adopt_with(&world, &settings, &[]).await;
    assert_eq!(said(&found["shop"], "shop"), [""; 0], "{found:#}");
    let missing = said(&found["shop"], "columns").concat();
    assert!(
        missing.contains("fail: public.product_orders has no column \\pinCode\\"),
        "{missing}"
    );
    let types = said(&found["shop"], "column types").concat();
    assert!(
        types.contains("is bigint, and integer is expected"),
        "{types}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_not_see_customers_gets_the_counts_and_hears_why_it_gets_no_more() {
    let world = World::new().await;
    world.shop.order(PIN, "player").await;
    let settings = world
        .settings()
        .text("database.url", &world.database.url_as(READER));
    let (ended, found) = adopt_with(&world, &settings, &[]).await;
    let shop = &found["shop"];
    assert_eq!(ended.code(), 1, "{found:#}");
    assert_eq!(shop["kinds"][0]["orders"], 1, "{found:#}");
    assert_eq!(shop["orders"], Value::Null, "{found:#}");
    let orders = said(shop, "orders").concat();
    assert!(orders.contains("permission denied"), "{orders}");

    let steps = &shop["switch_off"];
    assert_eq!(
        step(steps, "Choose the player fields").0,
        "unseen",
        "{shop:#}"
    );
    // What it may read is told all the same.
    let wait = step(&shop["way_back"], "Wait until nothing");
    assert_eq!(wait, ("done", "Nothing is under way."), "{shop:#}");
    let by_hand = step(&shop["way_back"], "Send by hand");
    assert_eq!(by_hand.0, "open", "{shop:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_read_is_never_said_to_be_done() {
    let world = World::new().await;
    world.shop.order(PIN, "player").await;
    for table in ["orders", "brakes", "notices"] {
        let revoke = format!("REVOKE ALL ON orderwatch.{table} FROM orderwatch_daemon");
        sql(&world, &revoke).await;
    }

    let (ended, found) = adopt(&world).await;
    assert_eq!(ended.code(), 1, "{found:#}");
    let shop = &found["shop"];
    assert_eq!(shop["under_way"], Value::Null, "{shop:#}");
    for begins in [
        "`orderwatch pause",
        "Wait until nothing",
        "Resolve what is held",
        "Wait until the shop has heard",
        "Send by hand",
    ] {
        let step = step(&shop["way_back"], begins);
        assert_eq!(step.0, "unseen", "{shop:#}");
        assert!(step.1.contains("could not be read"), "{shop:#}");
    }
    let patch = step(&shop["switch_off"], "Patch the shop");
    assert_eq!(patch.0, "unseen", "{shop:#}");

    // Migrations that are missing hide it as well.
    sql(
        &world,
        "DELETE FROM orderwatch.migrations WHERE version = (SELECT max(version) FROM orderwatch.migrations)",
    )
    .await;
    let (_, found) = adopt(&world).await;
    let back = &found["shop"]["way_back"];
    assert_eq!(
        step(back, "Run `orderwatch migrate`").0,
        "unseen",
        "{back:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn as_long_as_the_shop_may_still_send_a_live_mode_is_the_wrong_one() {
    let world = World::new().await;
    let order = world.shop.order(PIN, "player").await;
    let (ended, found) = adopt(&world).await;
    let steps = &found["shop"]["switch_off"];
    assert_eq!(step(steps, "Patch the shop").0, "unseen", "{steps:#}");
    let mode = r#"Set dispatch.mode = "shadow""#;
    assert_eq!(step(steps, mode).0, "open", "{steps:#}");
    assert_eq!(ended.code(), 1, "{found:#}");
    let text = world.command(&["adopt"]).await.stdout;
    assert!(text.contains(&format!("[OPEN] {mode}")), "{text}");

    let sent = format!(
        r#"UPDATE product_orders SET status = 'PENDING', "externalStatus" = 'sent', "sentAt" = now(),
               provider_referans = '{SENT}' WHERE id = '{order}'"#
    );
    sql(&world, &sent).await;
    let (_, found) = adopt(&world).await;
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
    assert_eq!(step(back, "Send by hand").0, "done", "{back:#}");

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
    let (state, evidence) = step(back, "Send by hand");
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

#[tokio::test(flavor = "multi_thread")]
async fn a_warehouse_is_planned_and_whoever_sends_its_stock_is_named() {
    let world = World::new().await;
    for statement in [
        "INSERT INTO central_stock (barcode, qty) VALUES ('8690000000017', 5), ('8690000000024', 1), ('8690000000031', 0)",
        "CREATE TABLE public.platform_configs (platform varchar, is_active boolean, extra_config json)",
        "CREATE TABLE public.sync_sessions (platform varchar, created_at timestamp)",
        "INSERT INTO platform_configs VALUES ('global', true)",
        "INSERT INTO sync_sessions VALUES ('trendyol', now() AT TIME ZONE 'UTC')",
        "ALTER TABLE orders_created ADD COLUMN shelf_note varchar NOT NULL",
    ] {
        sql(&world, statement).await;
    }
    world.grant().await;

    let (_, found) = adopt(&world).await;
    let warehouse = &found["warehouse"];
    let stock = &warehouse["stock"];
    assert_eq!(
        [
            &stock["same"],
            &stock["fewer"],
            &stock["zero"],
            &stock["more"]
        ],
        [&json!(1), &json!(1), &json!(1), &json!(0)],
        "{warehouse:#}"
    );
    let columns = said(warehouse, "columns").concat();
    assert!(
        columns.contains("orders_created demands a value for \\shelf_note\\"),
        "{columns}"
    );
    let (state, evidence) = step(
        &warehouse["switch_off"],
        "Switch the application's stock job off",
    );
    assert_eq!(state, "open", "{evidence}");
    assert!(
        evidence.contains("says that it is on. It last sent stock"),
        "{evidence}"
    );

    sql(&world, "UPDATE platform_configs SET is_active = false").await;
    let (_, found) = adopt(&world).await;
    let steps = &found["warehouse"]["switch_off"];
    assert_eq!(
        step(steps, "Switch the application's stock job off").0,
        "done",
        "{steps:#}"
    );
}
