//! `kill -9` at the worst moments: what may have been bought is asked about, never bought again.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::time::Duration;

use orderwatch::order::{IntegrationId, OrderId, Reference};
use sandbox::{
    faults::FaultPlan,
    gates::Moment,
    panel::{Endpoint, Readiness, unreliable},
    seed::Seed,
    trouble::{Fault, Trouble},
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::process::{
    Process,
    audit::audit,
    figures,
    proxy::Proxy,
    shop::Row,
    within,
    world::{CANCELLED, PIN, World},
};

/// How many times the program is killed under load; the soak sets more.
const KILLS: &str = "ORDERWATCH_TEST_KILLS";

fn reference(world: &World, order: Uuid) -> String {
    let integration = IntegrationId(world.shop.integration);
    Reference::derive(OrderId(order), integration, 0).to_string()
}

fn purchases(world: &World, order: Uuid) -> usize {
    let ledger = world.panel.ledger();
    let reference = reference(world, order);
    ledger.requests_about(Endpoint::Purchase, &reference).len()
}

/// Starts it anew; the order is settled by asking.
async fn settled_after_restart(world: &World, order: Uuid) -> Row {
    let process = world.start(&world.settings()).await;
    let row = world.shop.wait_for(order, Row::is_settled).await;
    process.stop().await;
    assert_eq!(purchases(world, order), 1, "it was bought or tried again");
    row
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_the_panel_sold_and_before_it_answered() {
    let world = World::new().await;
    let gate = world.panel.hold(Endpoint::Purchase, Moment::BeforeAnswer);
    let process = world.start(&world.settings()).await;
    let order = world.shop.order(PIN, "player-1").await;
    within("the purchase", gate.arrived(1)).await;
    process.kill().await;
    gate.open();
    let row = settled_after_restart(&world, order).await;
    assert_eq!(audit(&world.panel, &[row]).completed, 1);
    let events = world.shop.events(order).await;
    assert_eq!(events[..2], ["claimed", "lease_expired"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_the_panel_did_anything() {
    let world = World::new().await;
    let gate = world.panel.hold(Endpoint::Purchase, Moment::BeforeWork);
    let process = world.start(&world.settings()).await;
    let order = world.shop.order(PIN, "player-1").await;
    within("the purchase", gate.arrived(1)).await;
    process.kill().await;
    // The panel still holds the request, so it does not know the order when it is asked.
    let row = settled_after_restart(&world, order).await;
    assert_eq!(world.panel.ledger().sale_count(), 0);
    assert_eq!(audit(&world.panel, std::slice::from_ref(&row)).held, 1);
    assert!(row.message.unwrap().contains("may have been bought"));
    // Its work may still be done long afterwards: that is why it is not simply sent again.
    gate.open();
    world
        .panel
        .wait_for(|ledger| ledger.sale_count() == 1)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_surely_never_arrived_is_sent_again_once_where_that_is_wanted() {
    let world = World::new().await;
    let settings = world.settings().text("dispatch.unconfirmed", "resend");
    let lost = Fault::Instead(Trouble::Hang);
    world.panel.faults().next(Endpoint::Purchase, lost);
    let process = world.start(&settings).await;
    let order = world.shop.order(PIN, "player-1").await;
    world
        .panel
        .wait_for(|ledger| ledger.count(Endpoint::Purchase) == 1)
        .await;
    process.kill().await;
    let process = world.start(&settings).await;
    world.shop.completed(order).await;
    process.stop().await;
    assert_eq!(purchases(&world, order), 2, "the same reference both times");
    assert_eq!(world.panel.ledger().count(Endpoint::Purchase), 2);
    assert_eq!(world.panel.ledger().sale_count(), 1);
}

/// A shop that has an order's row locked.
async fn lock(pool: &PgPool, order: Uuid) -> sqlx::Transaction<'static, sqlx::Postgres> {
    let mut transaction = pool.begin().await.unwrap();
    sqlx::query("SELECT FROM product_orders WHERE id = $1 FOR UPDATE")
        .bind(order)
        .execute(&mut *transaction)
        .await
        .unwrap();
    transaction
}

/// Runs until the purchase of an order is under way and its claim is written.
async fn buying(world: &World, entry: &str) -> (Process, sandbox::gates::CallBarrier, Uuid) {
    let gate = world.panel.hold(Endpoint::Purchase, Moment::BeforeWork);
    let process = world.start(&world.settings()).await;
    let order = world.shop.order(entry, "player-1").await;
    within("the purchase", gate.arrived(1)).await;
    (process, gate, order)
}

/// The panel has answered, and nothing is under way any more.
async fn answered(world: &World) {
    let done =
        |ledger: &sandbox::panel::Ledger| ledger.sale_count() == 1 && ledger.in_flight() == 0;
    within("the panel's answer", world.panel.wait_for(done)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_the_shop_held_the_row_that_the_answer_belongs_to() {
    for entry in [PIN, CANCELLED] {
        let world = World::new().await;
        let (process, gate, order) = buying(&world, entry).await;
        let held = lock(&world.database.pool, order).await;
        gate.open();
        answered(&world).await;
        assert_eq!(world.shop.events(order).await, ["claimed"]);
        process.kill().await;
        held.commit().await.unwrap();
        let row = settled_after_restart(&world, order).await;
        let tally = audit(&world.panel, &[row]);
        assert_eq!(tally.completed + tally.cancelled, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_the_shop_holds_gets_its_answer_later_without_a_restart() {
    let world = World::new().await;
    let (process, gate, order) = buying(&world, PIN).await;
    let held = lock(&world.database.pool, order).await;
    gate.open();
    answered(&world).await;
    // The others are served meanwhile.
    let other = world.shop.order(PIN, "player-2").await;
    world.shop.completed(other).await;
    assert_eq!(world.shop.events(order).await, ["claimed"]);
    held.commit().await.unwrap();
    let row = world.shop.completed(order).await;
    process.stop().await;
    let rows = [row, world.shop.row(other).await];
    assert_eq!(audit(&world.panel, &rows).completed, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_the_answer_could_not_be_written_because_the_database_was_away() {
    let world = World::new().await;
    let mut proxy = Proxy::before(world.database.options()).await;
    proxy.open().await;
    let gate = world.panel.hold(Endpoint::Purchase, Moment::BeforeWork);
    let process = world
        .start(&world.settings().text("database.url", &proxy.url()))
        .await;
    let order = world.shop.order(PIN, "player-1").await;
    within("the purchase", gate.arrived(1)).await;
    proxy.cut().await;
    gate.open();
    answered(&world).await;
    process.wait_for_line("results cannot be written now").await;
    process.kill().await;
    let row = settled_after_restart(&world, order).await;
    assert_eq!(audit(&world.panel, &[row]).completed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_under_load_nothing_is_bought_twice_or_lost() {
    kill_again("killed_again_and_again_under_load", 1, 15).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_beside_another_nothing_is_bought_twice_or_lost() {
    kill_again("killed_again_and_again_beside_another", 2, 6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_beside_two_others_nothing_is_bought_twice_or_lost() {
    kill_again("killed_again_and_again_beside_two_others", 3, 6).await;
}

/// One of so many processes is killed each time, whichever, and started again with the next orders.
async fn kill_again(test: &str, replicas: usize, kills: usize) {
    let kills = std::env::var(KILLS).map_or(kills, |kills| kills.parse().unwrap());
    let seed = Seed::of_test(test, KILLS);
    let mut dice = seed.rng();
    let world = World::with(|plan| {
        plan.seed = seed.number();
        plan.readiness = Readiness::after_waits(1);
        plan.faults = trouble();
    })
    .await;
    let settings = world.settings().text("znet.request_timeout", "1s");
    let spawn = || world.program(&settings, &["run"]).spawn();
    let mut processes: Vec<Process> = (1..replicas).map(|_| spawn()).collect();
    let mut placed = 0;
    for round in 0..kills {
        processes.push(spawn());
        world.shop.orders(PIN, &format!("player-{round}"), 10).await;
        placed += 10;
        let before = requests(&world);
        let more = dice.u64(1..16);
        let busy = world.panel.wait_for(|_| requests(&world) >= before + more);
        // What is left may be waiting for its lease to end: then it is killed while it waits.
        drop(tokio::time::timeout(Duration::from_secs(4), busy).await);
        tokio::time::sleep(Duration::from_micros(dice.u64(0..20_000))).await;
        let mut killed = processes.swap_remove(dice.usize(0..processes.len()));
        assert!(killed.is_running(), "{}", killed.written());
        killed.kill().await;
    }

    processes.push(world.start(&settings).await);
    let rows = world.shop.settled().await;
    for process in processes {
        process.stop().await;
    }
    let tally = audit(&world.panel, &rows);
    assert_eq!(tally.completed + tally.held, placed);
    assert!(tally.completed > placed / 2, "{tally:?}");
    figures(&format!(
        "kill -9, {replicas} at a time: {kills} kills, {placed} orders, {} completed, {} held, \
         0 bought twice, 0 lost",
        tally.completed, tally.held
    ));
}

/// Every fifth answer goes wrong, but not those about prices: they would only make it wait.
fn trouble() -> FaultPlan<Endpoint> {
    let mut plan = unreliable(0.2);
    plan.chances
        .retain(|chance| chance.endpoint != Endpoint::Catalogue);
    plan
}

fn requests(world: &World) -> u64 {
    let ledger = world.panel.ledger();
    ledger.count(Endpoint::Purchase) + ledger.count(Endpoint::Status)
}
