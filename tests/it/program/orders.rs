//! The way of an order through the real program: a row appears, the code is bought once.

use rust_decimal::Decimal;
use sandbox::{
    gates::Moment,
    panel::{Endpoint, Readiness, unreliable},
};

use crate::process::{
    audit::{Tally, audit},
    within,
    world::{CANCELLED, KOD, PIN, TOP_UP, World},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_appears_is_bought_once_and_gets_its_pin() {
    let world = World::with(|plan| plan.readiness = Readiness::after_waits(2)).await;
    let process = world.start(&world.settings()).await;
    let order = world.shop.order(PIN, "player-1").await;
    let row = world.shop.completed(order).await;

    let reference = row.referans.clone().unwrap();
    assert_eq!(row.pin_code, Some(world.panel.pin_of(KOD, &reference)));
    assert_eq!((row.cost, &*row.currency), (Decimal::new(3500, 2), "TRY"));
    assert_eq!(row.message.as_deref(), Some("Completed."));
    let ledger = world.panel.ledger();
    let bought = ledger.requests_about(Endpoint::Purchase, &reference);
    assert_eq!(bought.len(), 1);
    let events = world.shop.events(order).await;
    let loud: Vec<&str> = events.iter().map(String::as_str).collect();
    assert_eq!(
        loud,
        ["claimed", "accepted", "processing", "checked", "completed"]
    );
    process.stop().await;
    assert_eq!(audit(&world.panel, &[row]).completed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_ending_is_written_back_and_what_cannot_be_sent_says_why() {
    let world = World::new().await;
    let process = world.start(&world.settings()).await;
    let top_up = world.shop.order(TOP_UP, "player-1").await;
    let cancelled = world.shop.order(CANCELLED, "player-2").await;
    let nobody = world.shop.order(PIN, "  ").await;

    let row = world.shop.completed(top_up).await;
    assert_eq!((row.pin_code, &*row.status), (None, "approved"));
    let ended = |stage: &'static str| {
        move |row: &crate::process::shop::Row| row.stage.as_deref() == Some(stage)
    };
    let row = world.shop.wait_for(cancelled, ended("failed")).await;
    assert_eq!(
        (&*row.status, &*row.external_status),
        ("rejected", "failed")
    );
    let row = world.shop.wait_for(nobody, ended("held")).await;
    assert_eq!(
        (&*row.status, &*row.external_status),
        ("pending", "not_sent")
    );
    assert_eq!(
        row.message.as_deref(),
        Some("Held: the player id is missing.")
    );
    assert_eq!(world.panel.ledger().count(Endpoint::Purchase), 2);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_two_hundred_orders_and_buy_each_once() {
    let world = World::with(|plan| {
        plan.readiness = Readiness::after_waits(1);
        plan.faults = unreliable(0.2);
        plan.faults
            .chances
            .retain(|chance| chance.endpoint != Endpoint::Catalogue);
    })
    .await;
    // Both have to be buying before anything is answered: neither may take more than this.
    let settings = world
        .settings()
        .with("dispatch.max_in_flight", "4")
        .text("znet.request_timeout", "2s");
    let gate = world.panel.hold(Endpoint::Purchase, Moment::BeforeWork);
    let processes = [world.start(&settings).await, world.start(&settings).await];
    world.shop.orders(PIN, "player", 200).await;
    within("both to be buying", gate.arrived(8)).await;
    gate.open();

    let rows = world.shop.settled().await;
    for process in processes {
        let log = process.stop().await.stderr;
        let done = |text: &str| log.lines().filter(|line| line.contains(text)).count();
        let bought = done("the panel accepted the order") + done("no sure answer to the purchase");
        assert!(bought >= 4, "a process has only bought {bought}:\n{log}");
    }
    let Tally {
        completed,
        cancelled,
        held,
    } = audit(&world.panel, &rows);
    assert_eq!((completed + held, cancelled), (200, 0));
    assert!(completed > 150, "{completed} completed, {held} held");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pending_before_the_start_is_bought_and_what_is_old_is_left_alone() {
    let world = World::new().await;
    let waiting = world.shop.order(PIN, "player-1").await;
    let old = world.shop.order(PIN, "player-2").await;
    sqlx::query(
        r#"UPDATE product_orders SET "createdAt" = now() - interval '2 hours' WHERE id = $1"#,
    )
    .bind(old)
    .execute(&world.database.pool)
    .await
    .unwrap();
    let process = world.start(&world.settings()).await;
    world.shop.completed(waiting).await;
    // Another look at the table: an order that comes later is found, the old one is not.
    let later = world.shop.order(PIN, "player-3").await;
    world.shop.completed(later).await;
    let row = world.shop.row(old).await;
    assert_eq!((row.stage, &*row.external_status), (None, "not_sent"));
    process.stop().await;
    assert_eq!(world.panel.ledger().sale_count(), 2);
}
