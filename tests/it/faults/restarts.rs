//! A server that is stopped and started again under load: the real one, softly and by a crash in turns.
//!
//! It ends the sessions of every other test as well, so it has a server to itself: `scripts/check-restarts`.
//! `ORDERWATCH_TEST_RESTARTS` sets how often.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::{os::unix::fs::MetadataExt as _, path::PathBuf, process::Stdio, time::Duration};

use fastrand::Rng;
use sandbox::panel::{Endpoint, Readiness, unreliable};
use sqlx::PgPool;
use tokio::process::Command;

use crate::process::{
    audit::audit,
    figures,
    world::{PIN, World},
};

const RESTARTS: &str = "ORDERWATCH_TEST_RESTARTS";
/// Orders placed each time, and daemons that share them.
const BATCH: usize = 15;
const REPLICAS: usize = 2;

/// The server's own folder and account.
struct Server {
    data: PathBuf,
    user: u32,
    group: u32,
}

impl Server {
    async fn of(pool: &PgPool) -> Self {
        let ask = async |setting: &str| {
            let value = sqlx::query_scalar("SELECT current_setting($1)").bind(setting);
            let value: String = value.fetch_one(pool).await.unwrap();
            value
        };
        let durable = ask("synchronous_commit").await;
        assert_eq!(durable, "on", "a crash would lose what was committed");
        let data = PathBuf::from(ask("data_directory").await);
        let owner = std::fs::metadata(&data).unwrap();
        Self {
            data,
            user: owner.uid(),
            group: owner.gid(),
        }
    }

    async fn stop(&self, mode: &str) {
        self.control(&["stop", "-m", mode]).await;
    }

    async fn start(&self) {
        let log = self.data.join("server.log");
        self.control(&["start", "-l", log.to_str().unwrap()]).await;
    }

    async fn control(&self, args: &[&str]) {
        let mut command = Command::new("pg_ctl");
        let command = command
            .args(args)
            .args(["-w", "-t", "60", "-D"])
            .arg(&self.data)
            .current_dir("/")
            .uid(self.user)
            .gid(self.group)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let ended = command.status().await.unwrap();
        assert!(ended.success(), "pg_ctl {args:?}: {ended}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "stops the server of all tests: scripts/check-restarts"]
async fn a_server_that_is_restarted_under_load_costs_nothing() {
    let restarts: usize = std::env::var(RESTARTS).unwrap().parse().unwrap();
    let world = World::with(|plan| {
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

    let mut dice = Rng::with_seed(20_261_127);
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
