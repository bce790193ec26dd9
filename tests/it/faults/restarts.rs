//! A server that is stopped and started again under load: the real one, softly and by a crash in turns.
//!
//! It ends the sessions of every other test as well, so it has a server to itself: `scripts/check-restarts`.
//! `ORDERWATCH_TEST_RESTARTS` sets how often.

use std::time::Duration;

use sandbox::{
    panel::{Endpoint, Readiness, unreliable},
    seed::Seed,
};

use super::server::Server;
use crate::process::{
    audit::audit,
    figures,
    world::{PIN, World},
};

const RESTARTS: &str = "ORDERWATCH_TEST_RESTARTS";
/// How often CI has it restarted.
const SHORT: usize = 3;
/// Orders placed each time, and daemons that share them.
const BATCH: usize = 15;
const REPLICAS: usize = 2;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "stops the server of all tests: scripts/check-restarts"]
async fn a_server_that_is_restarted_under_load_costs_nothing() {
    let restarts: usize = std::env::var(RESTARTS).unwrap().parse().unwrap();
    let command = format!("scripts/check-restarts {restarts}");
    let seed = Seed::of_command(&command, restarts > SHORT);
    let world = World::with(|plan| {
        plan.seed = seed.number();
        plan.readiness = Readiness::after_waits(1);
        plan.faults = unreliable(0.1);
        let chances = &mut plan.faults.chances;
        chances.retain(|chance| chance.endpoint != Endpoint::Catalogue);
    })
    .await;
    let server = Server::of(&world.database.pool).await;
    let settings = world.settings().text("znet.request_timeout", "1s");
    let mut processes = Vec::new();
    for _ in 0..REPLICAS {
        processes.push(world.start(&settings).await);
    }

    let mut dice = seed.rng();
    for restart in 0..restarts {
        let name = format!("player-{restart}");
        world.shop.orders(PIN, &name, BATCH).await;
        let bought = world.panel.ledger().count(Endpoint::Purchase) + dice.u64(1..10);
        let busy = world
            .panel
            .wait_for(|ledger| ledger.count(Endpoint::Purchase) >= bought);
        // What is left may be waiting for its lease: then it is stopped meanwhile.
        drop(tokio::time::timeout(Duration::from_secs(2), busy).await);
        server.stop(["immediate", "fast"][restart % 2]).await;
        tokio::time::sleep(Duration::from_millis(dice.u64(0..800))).await;
        server.start().await;
    }

    let rows = world.shop.settled().await;
    for mut process in processes {
        assert!(process.is_running(), "{}", process.written());
        let log = process.stop().await.stderr;
        assert!(!log.contains("panicked"), "{log}");
        // Each listens all the time; whether one also looks for work in just that moment is chance.
        let noticed = log.contains("the database failed while waiting for notices");
        assert!(noticed, "it noticed nothing:\n{log}");
    }
    let tally = audit(&world.panel, &rows);
    let placed = restarts * BATCH;
    assert_eq!(tally.completed + tally.held, placed, "{tally:?}");
    assert!(tally.completed > placed / 2, "{tally:?}");
    figures(&format!(
        "Postgres restarted {restarts} times (every other one a crash), {REPLICAS} processes: {placed} orders, \
         {} completed, {} held, 0 bought twice, 0 lost",
        tally.completed, tally.held
    ));
}
