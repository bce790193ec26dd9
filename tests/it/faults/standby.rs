//! A daemon in front of a standby: it says so, buys nothing, and goes on once the standby takes over.
//!
//! The standby is a copy of the server of all tests, which is stopped then, so that has to be one of its own:
//! `scripts/check-standby`.

use sandbox::panel::Endpoint;
use sqlx::PgPool;

use super::server::Server;
use crate::{
    http::Site,
    process::{
        audit::audit,
        figures,
        roles::{DAEMON, url_as},
        world::{PIN, World},
    },
};

const ORDERS: usize = 20;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "stops the server of all tests: scripts/check-standby"]
async fn a_daemon_in_front_of_a_standby_buys_once_it_has_taken_over() {
    let world = World::new().await;
    world.shop.orders(PIN, "player", ORDERS).await;
    let primary = Server::of(&world.database.pool).await;
    let standby = primary.standby().await;

    let there = standby.lead(world.database.options());
    let url = url_as(&there, DAEMON);
    let settings = world.settings().text("database.url", &url);
    let process = world.program(&settings, &["run"]).spawn();
    let site = Site::of(&process).await;
    process.wait_for_line("the database is read-only").await;
    assert_eq!(site.get("/readyz").await.status, 503);
    let doctor = world.program(&settings, &["doctor"]).run().await;
    assert!(doctor.stdout.contains("it is a standby"), "{doctor:?}");
    assert_eq!(world.panel.ledger().count(Endpoint::Purchase), 0);

    // As a failover: the old primary is gone before there is a new one.
    primary.stop("immediate").await;
    standby.promote().await;
    process.wait_for_line("orderwatch is running").await;
    let pool = PgPool::connect_with(there).await.unwrap();
    let rows = world.shop.at(pool).settled().await;
    process.stop().await;
    let tally = audit(&world.panel, &rows);
    assert_eq!(tally.completed, ORDERS, "{tally:?}");
    // The test's database is dropped there.
    primary.start().await;
    figures(&format!(
        "daemon in front of a standby that took over: {ORDERS} orders, {} completed, 0 bought twice, 0 lost",
        tally.completed
    ));
}
