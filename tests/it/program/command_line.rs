//! The commands that end by themselves: what they print and how they end.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use orderwatch::store::Store;
use serde_json::Value;
use sqlx::Row as _;
use uuid::Uuid;

use crate::process::{
    Program, within,
    world::{KOD, PIN, World},
};

async fn scalar(world: &World, sql: &'static str) -> i64 {
    let row = sqlx::query(sql).fetch_one(&world.database.pool).await;
    row.unwrap().get(0)
}

/// An order that was bought and completed, and the daemon gone again.
async fn bought(world: &World) -> Uuid {
    let process = world.start(&world.settings()).await;
    let order = world.shop.order(PIN, "player-1").await;
    world.shop.completed(order).await;
    process.stop().await;
    order
}

#[tokio::test(flavor = "multi_thread")]
async fn migrate_goes_there_and_back_and_does_not_forget_open_orders() {
    let world = World::new().await;
    world.command(&["migrate", "revert"]).await.good();
    let again = world.command(&["migrate", "revert"]).await.good();
    assert_eq!(again, "Reverted 0 migrations.\n");
    let text = world.command(&["migrate"]).await.good();
    assert!(text.starts_with("Applied "), "{text}");
    let text = world.command(&["migrate"]).await.good();
    assert_eq!(text, "The database is up to date.\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revert_refuses_while_orders_are_open_unless_it_is_forced() {
    let world = World::new().await;
    bought(&world).await;
    let open = world.shop.order(PIN, " ").await;
    let process = world.start(&world.settings()).await;
    world
        .shop
        .wait_for(open, |row| row.stage.as_deref() == Some("held"))
        .await;
    process.stop().await;
    let refused = world.command(&["migrate", "revert"]).await;
    assert_eq!((refused.code(), &*refused.stdout), (1, ""));
    let error = refused.stderr.lines().last().unwrap();
    assert!(
        error.starts_with("error: 1 orders are not settled yet"),
        "{error}"
    );
    assert!(error.contains("--force"), "{error}");
    assert_eq!(world.shop.rows().await.len(), 2);
    world
        .command(&["migrate", "revert", "--force"])
        .await
        .good();
    assert_eq!(
        scalar(
            &world,
            "SELECT count(*) FROM pg_namespace WHERE nspname = 'orderwatch'"
        )
        .await,
        0
    );
}

/// Two orders that the shop itself has sent: one can be asked about, the other cannot.
async fn sent_by_the_shop(world: &World) -> [Uuid; 2] {
    let mut ids = [Uuid::nil(); 2];
    for (id, reference) in ids.iter_mut().zip(["1700000000000123", "no-number"]) {
        *id = world.shop.order(PIN, reference).await;
        sqlx::query(
            r#"UPDATE product_orders SET "externalStatus" = 'sent', "providerId" = $2::text,
                   "externalOrderId" = id::text, provider_referans = $3,
                   "sentAt" = now() - interval '10 minutes'
               WHERE id = $1"#,
        )
        .bind(*id)
        .bind(world.shop.integration.to_string())
        .bind(reference)
        .execute(&world.database.pool)
        .await
        .unwrap();
    }
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn once_sweep_prints_what_it_did_and_leaves_it_to_another_process() {
    let world = World::new().await;
    let [asked, held] = sent_by_the_shop(&world).await;
    let store = Store::from_pool(world.database.pool.clone());
    let leader = store.lead("sweep").await.unwrap().unwrap();
    let ended = world.command(&["once", "sweep"]).await;
    assert_eq!(ended.code(), 1, "{ended:?}");
    assert_eq!(
        ended.stdout,
        "Another process is running this job right now.\n"
    );
    leader.resign().await;

    let text = world.command(&["once", "sweep"]).await.good();
    let figures: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&figures["adopted"], &figures["held"]),
        (&1.into(), &1.into())
    );
    assert_eq!(
        world.shop.row(asked).await.stage.as_deref(),
        Some("submitted")
    );
    assert_eq!(
        world.shop.row(held).await.held_reason.as_deref(),
        Some("no_reference")
    );
    let text = world.command(&["once", "sweep"]).await.good();
    let figures: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(figures["adopted"], 0, "a second sweep finds nothing");
    assert_eq!(
        scalar(
            &world,
            "SELECT count(*) FROM orderwatch.job_runs WHERE outcome = 'done'"
        )
        .await,
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn order_show_finds_an_order_by_all_its_names() {
    let world = World::new().await;
    let order = bought(&world).await;
    let row = world.shop.row(order).await;
    let reference = row.referans.unwrap();
    let pin = world.panel.pin_of(KOD, &reference);
    let number: i32 = sqlx::query_scalar(r#"SELECT "orderNo" FROM product_orders WHERE id = $1"#)
        .bind(order)
        .fetch_one(&world.database.pool)
        .await
        .unwrap();
    for name in [order.to_string(), number.to_string(), reference.clone()] {
        let text = world.command(&["order", "show", &name]).await.good();
        for words in [
            &order.to_string(),
            &reference,
            "completed",
            "approved",
            "claimed",
            "accepted",
            "35.00 TRY",
        ] {
            assert!(text.contains(words), "{name}: no {words} in\n{text}");
        }
        assert!(!text.contains(&pin), "{text}");

        let json = world
            .command(&["order", "show", &name, "--json"])
            .await
            .good();
        assert!(!json.contains(&pin), "{json}");
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json[0]["order"], order.to_string());
        assert_eq!(json[0]["tracked"]["reference"], Value::from(&*reference));
        assert_eq!(json[0]["shop"]["number"], number.to_string());
        assert_eq!(json[0]["events"][0]["kind"], "claimed");
        assert_eq!(json[0]["pin"], Value::Null);
    }
    assert!(
        !world
            .shop
            .events(order)
            .await
            .contains(&"pin_shown".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_is_shown_when_it_is_asked_for_and_that_is_written_down() {
    let world = World::new().await;
    let order = bought(&world).await;
    let pin = world.shop.row(order).await.pin_code.unwrap();
    let name = order.to_string();
    let ended = world.command(&["order", "show", &name, "--pin"]).await;
    assert!(!ended.stderr.contains(&pin), "{}", ended.stderr);
    let text = ended.good();
    assert!(text.contains(&pin), "{text}");
    assert!(text.contains("pin_shown"), "{text}");
    let json = world
        .command(&["order", "show", &name, "--json", "--pin"])
        .await
        .good();
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[0]["pin"], Value::from(&*pin));
    let events = world.shop.events(order).await;
    let shown = events.iter().filter(|kind| *kind == "pin_shown");
    assert_eq!(shown.count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_nobody_has_is_an_error() {
    let world = World::new().await;
    let nobody = Uuid::new_v4().to_string();
    for name in [
        "",
        "0",
        "-1",
        "abc",
        "99999999999999999999999",
        "4000000000",
        &nobody,
        "1'; --",
    ] {
        let ended = world
            .command(&["order", "show", "--json", "--", name])
            .await;
        assert_eq!(
            (ended.code(), &*ended.stdout),
            (1, ""),
            "{name:?}: {ended:?}"
        );
        let error = ended.stderr.lines().last().unwrap();
        assert!(
            error.contains("no order has the id, number or reference"),
            "{error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_goes_away_is_no_error() {
    let world = World::new().await;
    let order = bought(&world).await.to_string();
    for args in [
        &["config", "check"][..],
        &["config", "check", "--json"],
        &["order", "show", &order],
        &["order", "show", &order, "--json"],
        &["migrate"],
        &["once", "sweep"],
        &["--help"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let program = world.program(&world.settings(), args).stdout(writer);
        let ended = within("its end", program.run()).await;
        assert_eq!(ended.code(), 0, "{args:?}: {ended:?}");
        assert!(!ended.stderr.contains("panicked"), "{args:?}: {ended:?}");
    }
}

/// A log that nobody reads must not hold up an order.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_nobody_reads_or_that_is_closed_holds_up_nothing() {
    let world = World::new().await;
    let settings = world.settings().text("log.level", "trace");
    let (unread, full) = std::io::pipe().unwrap();
    let (closed, broken) = std::io::pipe().unwrap();
    drop(closed);
    for (name, stderr) in [("full", full), ("broken", broken)] {
        let process = world.program(&settings, &["run"]).stderr(stderr).spawn();
        world.shop.orders(PIN, name, 100).await;
        let rows = world.shop.settled().await;
        assert!(
            rows.iter().all(crate::process::shop::Row::is_completed),
            "{rows:?}"
        );
        let ended = process.stop().await;
        assert_eq!(ended.code(), 0);
    }
    drop(unread);
}

#[tokio::test]
async fn a_database_url_that_is_none_is_said_without_showing_it() {
    for url in [
        "nonsense-Kanarya77",
        "http://x:Kanarya77@localhost/",
        "postgres://u:Kanarya77@[::1/x",
    ] {
        for args in [&["run"][..], &["migrate"], &["config", "check"], &["demo"]] {
            let ended = Program::new(args.iter().copied())
                .env("DATABASE_URL", url)
                .current_dir(&std::env::temp_dir())
                .run()
                .await;
            let all = ended.stdout.clone() + &ended.stderr;
            assert!(!all.contains("Kanarya77"), "{all}");
            assert_ne!(ended.code(), 0, "{args:?} {url}: {all}");
            assert!(all.contains("database.url"), "{args:?} {url}: {all}");
        }
    }
}
