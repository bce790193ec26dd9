//! A disk that fills up under load: the real one of a real server, with room left in the log of the transactions and
//! without any.
//!
//! It needs a small disk and a server to itself: `scripts/check-full-disk`, which tells where it is in
//! `ORDERWATCH_TEST_DISK`. `ORDERWATCH_TEST_FILLS` sets how often it is filled.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::{
    fs::File,
    io::{ErrorKind, Write as _},
    path::PathBuf,
    time::Duration,
};

use sandbox::{
    panel::{Endpoint, Readiness},
    seed::Seed,
};
use sqlx::{PgPool, error::DatabaseError};

use super::server::Server;
use crate::process::{
    audit::audit,
    figures, until,
    world::{PIN, World},
};

const DISK: &str = "ORDERWATCH_TEST_DISK";
const FILLS: &str = "ORDERWATCH_TEST_FILLS";
/// How often `scripts/check-full-disk` fills it when nothing is said.
const SHORT: usize = 2;
/// Orders placed each time, and daemons that share them.
const BATCH: usize = 40;
const REPLICAS: usize = 2;

/// What takes the room, as somebody's backup would.
struct Ballast(PathBuf);

impl Ballast {
    fn fill(&self) {
        let mut file = File::create(&self.0).unwrap();
        for block in [vec![0; 1 << 20], vec![0; 1 << 12]] {
            let full = loop {
                if let Err(error) = file.write_all(&block) {
                    break error;
                }
            };
            assert_eq!(full.kind(), ErrorKind::StorageFull);
        }
    }

    fn remove(&self) {
        std::fs::remove_file(&self.0).unwrap();
    }
}

/// Whether a table can still grow.
async fn has_room(pool: &PgPool) -> bool {
    let grow =
        "CREATE TABLE public.growing AS SELECT repeat('x', 1000) FROM generate_series(1, 1000)";
    match sqlx::query(grow).execute(pool).await {
        Ok(_) => {
            let gone = sqlx::query("DROP TABLE public.growing");
            gone.execute(pool).await.unwrap();
            true
        }
        Err(error) => {
            let code = error.as_database_error().and_then(DatabaseError::code);
            assert_eq!(code.as_deref(), Some("53100"), "{error}");
            false
        }
    }
}

/// Writes transactions down until there is no room for one more: the server stops itself.
async fn use_up_the_log(pool: &PgPool) {
    for _ in 0..100 {
        let next = sqlx::query(
            "SELECT pg_logical_emit_message(false, 'orderwatch', 'x'), pg_switch_wal()",
        );
        if next.execute(pool).await.is_err() {
            return;
        }
    }
    panic!("the log of the transactions has room without end");
}

/// The server works again; one that has given up is started.
async fn recovered(server: &Server, pool: &PgPool) {
    until("the server to work again", || async {
        if !server.runs().await {
            server.start().await;
        }
        has_room(pool).await.then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a small disk and stops the server of all tests: scripts/check-full-disk"]
async fn a_disk_that_fills_up_under_load_costs_nothing() {
    let ballast = Ballast(PathBuf::from(std::env::var(DISK).unwrap()).join("ballast"));
    let fills: usize = std::env::var(FILLS).unwrap().parse().unwrap();
    let command = format!("scripts/check-full-disk {fills}");
    let seed = Seed::of_command(&command, fills > SHORT);
    let world = World::with(|plan| {
        plan.seed = seed.number();
        plan.readiness = Readiness::after_waits(1);
        plan.faults.latency = Duration::ZERO..=Duration::from_millis(100);
    })
    .await;
    let server = Server::of(&world.database.pool).await;
    let settings = world.settings();
    let mut processes = Vec::new();
    for _ in 0..REPLICAS {
        processes.push(world.start(&settings).await);
    }

    let (pool, mut dice) = (&world.database.pool, seed.rng());
    let mut stopped = 0;
    for fill in 0..fills {
        world
            .shop
            .orders(PIN, &format!("player-{fill}"), BATCH)
            .await;
        let bought = world.panel.ledger().count(Endpoint::Purchase) + dice.u64(1..15);
        let busy = world
            .panel
            .wait_for(|ledger| ledger.count(Endpoint::Purchase) >= bought);
        drop(tokio::time::timeout(Duration::from_secs(5), busy).await);

        ballast.fill();
        assert!(
            !has_room(pool).await,
            "the disk of the server is another one"
        );
        if fill % 2 == 1 {
            use_up_the_log(pool).await;
        }
        tokio::time::sleep(Duration::from_millis(dice.u64(1000..4000))).await;
        stopped += usize::from(!server.runs().await);
        ballast.remove();
        recovered(&server, pool).await;
    }

    let rows = world.shop.settled().await;
    for mut process in processes {
        assert!(process.is_running(), "{}", process.written());
        let log = process.stop().await.stderr;
        assert!(!log.contains("panicked"), "{log}");
        assert!(
            log.contains("No space left on device"),
            "it noticed nothing:\n{log}"
        );
    }
    let tally = audit(&world.panel, &rows);
    let placed = fills * BATCH;
    assert_eq!(tally.completed + tally.held, placed, "{tally:?}");
    assert!(tally.completed > placed / 2, "{tally:?}");
    figures(&format!(
        "disk filled {fills} times (every other one with no room for the log; the server gave up {stopped} times), \
         {REPLICAS} processes: {placed} orders, {} completed, {} held, 0 bought twice, 0 lost",
        tally.completed, tally.held
    ));
}
