//! `orderwatch status` and `top`: what they print of a shop whose rows say that something is wrong.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use rust_decimal::Decimal;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor};

use crate::process::{
    until, within,
    world::{PIN, World},
};

async fn sql(world: &World, sql: &str) {
    world
        .database
        .pool
        .execute(AssertSqlSafe(sql.to_owned()))
        .await
        .unwrap();
}

async fn status(world: &World) -> Value {
    let text = world.command(&["status", "--json"]).await.good();
    serde_json::from_str(&text).unwrap()
}

fn kinds(status: &Value) -> Vec<&str> {
    let warnings = status["warnings"].as_array().unwrap();
    warnings
        .iter()
        .map(|warning| warning["kind"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_runs_is_seen_and_one_that_ended_is_missed() {
    let world = World::new().await;
    assert_eq!(kinds(&status(&world).await), ["no_daemon"]);
    let checked = world.command(&["status", "--check"]).await;
    assert_eq!(checked.code(), 1, "{checked:?}");
    assert!(
        checked.stdout.contains("No daemon is running"),
        "{checked:?}"
    );
    assert!(checked.stdout.contains("Start it:"), "{checked:?}");

    let process = world.start(&world.settings()).await;
    let order = world.shop.order(PIN, "player-1").await;
    world.shop.completed(order).await;
    // Whether it reached the right account only a person can tell.
    assert_eq!(kinds(&status(&world).await), ["player_fields"]);
    let order = order.to_string();
    let confirm = ["order", "confirm", &*order, "--reason", "it arrived"];
    world.command(&confirm).await.good();
    let seen = status(&world).await;
    assert_eq!(kinds(&seen), [] as [&str; 0], "{seen:#}");
    assert_eq!(seen["daemons"][0]["alive"], true);
    assert_eq!(seen["daemons"][0]["buying"], "live");
    assert_eq!(seen["orders"]["ended_today"]["completed"], 1);
    assert_eq!(seen["orders"]["bought_24h"]["orders"], 1);
    let money = seen["orders"]["bought_24h"]["money"].as_str().unwrap();
    assert_eq!(money.parse::<Decimal>().unwrap(), Decimal::from(35));
    assert_eq!(seen["panels"][0]["name"], "panel");
    let text = world.command(&["status", "--check"]).await.good();
    for words in [
        "running for",
        "buying, watching",
        "1 completed, 0 failed, 0 timed out; 1 bought for 35.00 TRY",
        "All is well",
        "sweep",
    ] {
        assert!(text.contains(words), "no {words:?} in\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "no colours in a pipe: {text:?}");
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    assert!(text.lines().count() <= 24, "{text}");
    process.stop().await;
    let seen = status(&world).await;
    assert_eq!(kinds(&seen), ["no_daemon"]);
    assert!(seen["daemons"][0]["stopped_at"].is_string(), "{seen:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_was_killed_is_missed_after_a_while() {
    let world = World::new().await;
    let process = world.start(&world.settings()).await;
    until("its first sign of life", || async {
        let seen = status(&world).await;
        (seen["daemons"][0]["alive"] == true).then_some(())
    })
    .await;
    process.kill().await;
    assert_eq!(status(&world).await["daemons"][0]["alive"], true);
    sql(
        &world,
        "UPDATE orderwatch.daemons SET seen_at = seen_at - interval '2 minutes'",
    )
    .await;
    let seen = status(&world).await;
    assert_eq!(kinds(&seen), ["no_daemon"]);
    let text = world.command(&["status"]).await.good();
    assert!(text.contains("gone, last seen 2m"), "{text}");
}

/// Rows as they stand after a bad night.
const BAD_NIGHT: &str = r#"
    INSERT INTO orderwatch.daemons (id, version, started_at, seen_at, buying, watching)
    VALUES (gen_random_uuid(), '1', now() - interval '1 day', now() + interval '1 hour', 'live', true);
    INSERT INTO orderwatch.orders (order_id, tenant_id, integration_id, reference, stage, due_at, tracked_at, dispatched_at)
    SELECT gen_random_uuid(), i."tenantId", i.id, n::text, 'submitted', now() - interval '5 minutes', now(), now()
    FROM integrations i, generate_series(1, 4) n;
    INSERT INTO orderwatch.orders (order_id, tenant_id, integration_id, reference, stage, due_at, tracked_at, dispatched_at)
    SELECT gen_random_uuid(), i."tenantId", i.id, n::text, 'unconfirmed', now() + interval '5 minutes', now(), now()
    FROM integrations i, generate_series(5, 6) n;
    INSERT INTO orderwatch.orders (order_id, tenant_id, stage, held_reason, tracked_at)
    SELECT gen_random_uuid(), i."tenantId", 'held', 'no_mapping', now() - interval '3 hours'
    FROM integrations i, generate_series(1, 3);
    INSERT INTO orderwatch.panels (integration_id, balance, balance_at)
    SELECT id, 12.5, now() FROM integrations;
    INSERT INTO orderwatch.purchases (reference, integration_id, order_id, claimed_at, outcome, cost)
    SELECT n::text, i.id, gen_random_uuid(), now(), 'completed', 45
    FROM integrations i, generate_series(1, 2) n;
    INSERT INTO orderwatch.job_runs (job, tick, started_at, finished_at, outcome, report)
    VALUES ('sweep', now(), now() - interval '1 minute', now(), 'failed', '{"error": "the database was away"}')"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_went_wrong_is_said_with_numbers_and_remedies() {
    let world = World::new().await;
    sql(&world, BAD_NIGHT).await;
    let settings = world
        .settings()
        .text("dispatch.daily_limit", "100")
        .text("balance.warn_below", "500")
        .text("sweep.interval", "5m");
    let ended = world
        .program(&settings, &["status", "--json", "--check"])
        .run()
        .await;
    assert_eq!(ended.code(), 1, "{ended:?}");
    let seen: Value = serde_json::from_str(&ended.stdout).unwrap();
    let mut found = kinds(&seen);
    found.retain(|kind| *kind != "job_overdue");
    assert_eq!(
        found,
        [
            "late",
            "unconfirmed",
            "held",
            "balance_low",
            "spending_near",
            "job_failing"
        ],
        "{seen:#}"
    );
    assert_eq!(seen["orders"]["submitted"], 4);
    assert_eq!(seen["orders"]["unconfirmed"], 2);
    assert_eq!(seen["orders"]["late"], 4);
    assert_eq!(seen["orders"]["held"][0]["reason"], "no_mapping");
    assert_eq!(seen["panels"][0]["limit"], "100");
    assert_eq!(seen["panels"][0]["orders"]["due"], 4);
    let text = world.program(&settings, &["status"]).run().await.good();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "CRITICAL Orders overdue (due for more than a minute, or past their time limit): 4.",
        "WARNING Orders that may have been bought, being checked with the panel: 2.",
        "Orders that need review: 3 (package not mapped: 3).",
        "The balance at panel is 12.50 TRY, below 500.00 TRY.",
        "90.00 TRY of 100.00 TRY spent at panel in 24 hours.",
        "Last run of sweep failed: the database was away.",
        "`orderwatch order list --held`",
    ] {
        assert!(text.contains(words), "no {words:?} in\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_trendyol_may_have_blocked_is_said_once_with_what_to_try() {
    let world = World::new().await;
    sql(
        &world,
        r"INSERT INTO orderwatch.job_runs (job, tick, started_at, finished_at, outcome, report)
           SELECT job, now(), now() - interval '1 minute', now(), 'failed', json_build_object('error',
                  'this address may be blocked: try the same key from another network '
                  '(status 556: orders has answered with it alone for 7 minutes)')
           FROM (VALUES ('pull-orders'), ('push-stock')) jobs (job)",
    )
    .await;
    let settings = world
        .settings()
        .with("trendyol.enabled", "true")
        .with("trendyol.seller_id", "107703")
        .text("trendyol.api_key", "key")
        .text("trendyol.api_secret", "secret");
    let text = world.program(&settings, &["status"]).run().await.good();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = "CRITICAL Trendyol may have blocked this server's IP address; the last run of pull-orders failed: this address";
    assert_eq!(text.matches(words).count(), 1, "{text}");
    assert!(
        text.contains("Try the same key from another network"),
        "{text}"
    );
    for job in ["Last run of pull-orders", "Stock could not be sent"] {
        assert!(!text.contains(job), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn top_says_that_it_needs_a_terminal() {
    let world = World::new().await;
    let ended = world.command(&["top"]).await;
    assert_eq!((ended.code(), &*ended.stdout), (1, ""), "{ended:?}");
    assert!(
        ended.stderr.contains("`orderwatch status` prints"),
        "{ended:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_not_there_is_an_error_and_not_a_picture() {
    let world = World::new().await;
    let settings = world
        .settings()
        .text("database.url", "postgres://u:Kanarya77@127.0.0.1:1/nothing");
    for args in [&["status"][..], &["status", "--json"]] {
        let ended = within("its end", world.program(&settings, args).run()).await;
        assert_eq!((ended.code(), &*ended.stdout), (1, ""), "{ended:?}");
        assert!(
            ended.stderr.contains("the database does not answer")
                && ended.stderr.contains("Connection refused"),
            "{ended:?}"
        );
        assert!(!ended.stderr.contains("Kanarya77"), "{ended:?}");
    }
}
