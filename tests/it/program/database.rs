//! A database that is not there, goes away, or loses an answer right after its commit.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use orderwatch::order::{IntegrationId, OrderId, Reference};
use sandbox::{
    gates::Moment,
    panel::{Endpoint, Readiness},
};
use uuid::Uuid;

use crate::process::{
    audit::audit,
    figures,
    proxy::Proxy,
    settings::Settings,
    within,
    world::{PIN, World},
};

const WAITING: &str = "waiting for the database";

fn through(world: &World, proxy: &Proxy) -> Settings {
    world.settings().text("database.url", &proxy.url())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_down_at_the_start_is_waited_for() {
    let world = World::new().await;
    let mut proxy = Proxy::before(world.database.options()).await;
    let order = world.shop.order(PIN, "player-1").await;
    let mut process = world.program(&through(&world, &proxy), &["run"]).spawn();
    process.wait_for_line(WAITING).await;
    assert!(process.is_running());
    assert_eq!(world.panel.connections(), 0);
    proxy.open().await;
    world.shop.completed(order).await;
    let ended = process.stop().await;
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_waits_for_its_database_stops_when_it_is_asked_to() {
    let world = World::new().await;
    let proxy = Proxy::before(world.database.options()).await;
    let process = world.program(&through(&world, &proxy), &["run"]).spawn();
    process.wait_for_line(WAITING).await;
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_commands_say_at_once_that_the_database_does_not_answer() {
    let world = World::new().await;
    let proxy = Proxy::before(world.database.options()).await;
    for args in [
        &["migrate"][..],
        &["migrate", "revert"],
        &["once", "sweep"],
        &["order", "show", "1"],
    ] {
        let settings = through(&world, &proxy).text("database.acquire_timeout", "1s");
        let ended = world.program(&settings, args).run().await;
        assert_eq!(ended.code(), 1, "{args:?}: {ended:?}");
        assert_eq!(ended.stdout, "", "{args:?}");
        let error = ended.stderr.lines().last().unwrap();
        assert!(
            error.starts_with("error: the database does not answer"),
            "{args:?}: {error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_again_and_again_costs_nothing() {
    let world = World::with(|plan| plan.readiness = Readiness::after_waits(2)).await;
    let mut proxy = Proxy::before(world.database.options()).await;
    proxy.open().await;
    let process = world.start(&through(&world, &proxy)).await;
    for round in 1..=4 {
        world.shop.orders(PIN, &format!("player-{round}"), 15).await;
        let bought = world
            .panel
            .wait_for(|ledger| ledger.sale_count() > 15 * (round - 1));
        within("a purchase", bought).await;
        proxy.cut().await;
        process.wait_for_lines("cannot look for work", round).await;
        proxy.open().await;
        process
            .wait_for_lines("the database answers again", round)
            .await;
    }
    let rows = world.shop.settled().await;
    process.stop().await;
    let tally = audit(&world.panel, &rows);
    assert_eq!(tally.completed + tally.held, 60, "{tally:?}");
    assert!(tally.completed > 30, "{tally:?}");
    figures(&format!(
        "connections cut 4 times: 60 orders, {} completed, {} held, 0 bought twice, 0 lost",
        tally.completed, tally.held
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_the_panel_waits_until_the_database_is_back() {
    let world = World::new().await;
    let mut proxy = Proxy::before(world.database.options()).await;
    proxy.open().await;
    let gate = world.panel.hold(Endpoint::Purchase, Moment::BeforeAnswer);
    // The claim must not run out meanwhile, or the panel would be asked.
    let settings = through(&world, &proxy).text("dispatch.lease", "10m");
    let process = world.start(&settings).await;
    let order = world.shop.order(PIN, "player-1").await;
    within("the purchase", gate.arrived(1)).await;
    proxy.cut().await;
    gate.open();
    process.wait_for_line("results cannot be written now").await;
    proxy.open().await;
    let row = world.shop.completed(order).await;
    process.stop().await;
    assert_eq!(audit(&world.panel, &[row]).completed, 1);
    let events = world.shop.events(order).await;
    assert_eq!(events[..2], ["claimed", "accepted"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_whose_commit_was_not_confirmed_is_written_once() {
    let world = World::new().await;
    let mut proxy = Proxy::before(world.database.options()).await;
    proxy.open().await;
    let gate = world.panel.hold(Endpoint::Purchase, Moment::BeforeAnswer);
    let process = world.start(&through(&world, &proxy)).await;
    let order = world.shop.order(PIN, "player-1").await;
    within("the purchase", gate.arrived(1)).await;
    // The stage that is written for an accepted order; nothing else sends this word as a value.
    proxy.lose_answer_to(b"submitted");
    gate.open();
    proxy.lost(1).await;
    let row = world.shop.completed(order).await;
    process.stop().await;
    assert_eq!(audit(&world.panel, &[row]).completed, 1);
    let events = world.shop.events(order).await;
    let accepted = events.iter().filter(|kind| *kind == "accepted");
    assert_eq!(accepted.count(), 1, "{events:?}");
    assert!(!events.contains(&"late_answer".to_owned()), "{events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_whose_commit_was_not_confirmed_is_kept_and_written_once() {
    let world = World::new().await;
    let mut proxy = Proxy::before(world.database.options()).await;
    proxy.open().await;
    let process = world.start(&through(&world, &proxy)).await;
    let order = Uuid::new_v4();
    let reference = reference(&world, order);
    let pin = world.panel.pin_of(crate::process::world::KOD, &reference);
    proxy.lose_answer_to(pin.as_bytes());
    place(&world, order).await;
    proxy.lost(1).await;
    let row = world.shop.completed(order).await;
    // The record is tried again before anything later is written.
    let later = world.shop.order(PIN, "player-2").await;
    let other = world.shop.completed(later).await;
    process.stop().await;
    assert_eq!(audit(&world.panel, &[row, other]).completed, 2);
    let events = world.shop.events(order).await;
    let completed = events.iter().filter(|kind| *kind == "completed");
    assert_eq!(completed.count(), 1, "{events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_whose_commit_was_not_confirmed_sends_nothing() {
    let world = World::new().await;
    let mut proxy = Proxy::before(world.database.options()).await;
    proxy.open().await;
    let process = world.start(&through(&world, &proxy)).await;
    let order = Uuid::new_v4();
    let reference = reference(&world, order);
    proxy.lose_answer_to(reference.as_bytes());
    place(&world, order).await;
    proxy.lost(1).await;
    // Nobody knows whether it was sent, so the panel is asked, and a person decides.
    let row = world
        .shop
        .wait_for(order, |row| row.stage.as_deref() == Some("held"))
        .await;
    process.stop().await;
    assert_eq!(row.held_reason.as_deref(), Some("unconfirmed"));
    assert_eq!(row.referans, Some(reference));
    assert_eq!(world.panel.ledger().count(Endpoint::Purchase), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_fall_silent_are_given_up_and_replaced() {
    let world = World::new().await;
    let mut proxy = Proxy::before(world.database.options()).await;
    proxy.open().await;
    let gate = world.panel.hold(Endpoint::Purchase, Moment::BeforeAnswer);
    let settings = through(&world, &proxy).text("dispatch.lease", "10m");
    let process = world.start(&settings).await;
    let order = world.shop.order(PIN, "player-1").await;
    within("the purchase", gate.arrived(1)).await;
    proxy.silence();
    gate.open();
    // Its answer is written over a new connection, and the next order is bought.
    let later = world.shop.order(PIN, "player-2").await;
    let rows = [
        world.shop.completed(order).await,
        world.shop.completed(later).await,
    ];
    assert_eq!(audit(&world.panel, &rows).completed, 2);
    let events = world.shop.events(order).await;
    assert_eq!(events[..2], ["claimed", "accepted"]);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_the_database_that_never_comes_is_not_waited_for_without_end() {
    let world = World::new().await;
    let mut proxy = Proxy::before(world.database.options()).await;
    proxy.open().await;
    let process = world.start(&through(&world, &proxy)).await;
    // The record of an accepted order; nothing else sends this word as a value.
    proxy.fall_silent_after(b"submitted");
    let order = world.shop.order(PIN, "player-1").await;
    proxy.lost(1).await;
    let row = world.shop.completed(order).await;
    // The recorder goes on.
    let later = world.shop.order(PIN, "player-2").await;
    let rows = [row, world.shop.completed(later).await];
    process.stop().await;
    assert_eq!(audit(&world.panel, &rows).completed, 2);
    let events = world.shop.events(order).await;
    let accepted = events.iter().filter(|kind| *kind == "accepted");
    assert_eq!(accepted.count(), 1, "{events:?}");
}

fn reference(world: &World, order: Uuid) -> String {
    let integration = IntegrationId(world.shop.integration);
    Reference::derive(OrderId(order), integration, 0).to_string()
}

/// An order whose id, and so its reference, is known before it is placed.
async fn place(world: &World, order: Uuid) {
    sqlx::query(
        r#"INSERT INTO product_orders (id, "tenantId", "packageId", "userIdentifier", price)
           SELECT $1, $2, id, 'player-1', 49.99 FROM product_packages
           WHERE "tenantId" = $2 AND name = $3"#,
    )
    .bind(order)
    .bind(world.shop.tenant)
    .bind(PIN)
    .execute(&world.database.pool)
    .await
    .unwrap();
}
