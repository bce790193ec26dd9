//! What a database server does in a bad year, under the real program: nothing is bought without a
//! committed claim, and no answer of the panel is lost.
//!
//! | fault | proved by |
//! |---|---|
//! | down at the start, cut again and again | `program::database`: `a_database_that_is_down_at_the_start_is_waited_for`, `a_database_that_goes_away_again_and_again_costs_nothing` |
//! | stopped and started again, by a crash too | `faults::restarts`, by `scripts/check-restarts` |
//! | away while an answer comes | `program::database`: `an_answer_of_the_panel_waits_until_the_database_is_back` |
//! | commit answer lost: of a claim, a result, a PIN | `program::database`: `a_claim_…`, `a_result_…`, `a_pin_whose_commit_was_not_confirmed_…`; with a kill: `program::crash_points` |
//! | failover, also one that lost the last commits | `scripts/check-failover`; `faults::lost_rows`, `faults::lost_fallback`; `orders::reference`: `after_a_backup_was_restored_…`; `brakes::ask_first` |
//! | row locked by somebody else, row refused | `orders::staff`; `program::crash`: `a_row_that_the_shop_holds_…` |
//! | one row that takes too long, or cannot be read | `faults::ill_row` |
//! | sessions ended in the middle, also while it starts | here |
//! | serialization failures | here |
//! | read-only after a failover | here |
//! | no connection to be had, tables locked | here |
//! | its disk is full | here, `faults::full_disk` |
//! | its queue of notices is full | `faults::full_queue`, by `scripts/check-full-queue` |
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::time::Duration;

use sandbox::{
    gates::{CallBarrier, Moment},
    panel::{Endpoint, Readiness},
};
use sqlx::{AssertSqlSafe, Executor, PgPool};
use uuid::Uuid;

use crate::process::{
    Process,
    audit::audit,
    figures,
    settings::Settings,
    within,
    world::{CANCELLED, PIN, TOP_UP, World},
};

const KEPT: &str = "results cannot be written now";
const NO_WORK: &str = "cannot look for work";
/// In the server's words.
const LOCKED: &str = "canceling statement due to lock timeout";
const CONFLICT: &str = "could not serialize access";
/// In the driver's.
const NO_CONNECTION: &str = "pool timed out while waiting for an open connection";

/// The panel has sold and holds its answer. The claim does not run out meanwhile.
async fn selling(world: &World, settings: Settings) -> (Process, CallBarrier, Uuid) {
    let gate = world.panel.hold(Endpoint::Purchase, Moment::BeforeAnswer);
    let settings = settings.text("dispatch.lease", "10m");
    let process = world.start(&settings).await;
    let order = world.shop.order(PIN, "player-1").await;
    within("the purchase", gate.arrived(1)).await;
    (process, gate, order)
}

async fn run(pool: &PgPool, sql: &str) {
    let sql = AssertSqlSafe(sql.to_owned());
    pool.execute(sql).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_end_in_the_middle_of_everything_cost_nothing() {
    let world = World::with(|plan| plan.readiness = Readiness::after_waits(1)).await;
    let spawn = || world.program(&world.settings(), &["run"]).spawn();
    let mut processes = [spawn(), spawn()];
    let mut placed = 0;
    let mut ended = 0;
    while placed < 150 {
        world
            .shop
            .orders(PIN, &format!("player-{placed}"), 10)
            .await;
        placed += 10;
        // From the first moment on, so that it also happens while they start.
        for _ in 0..4 {
            ended += world.database.end_sessions().await;
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }
    // On a busy machine fewer sessions come about in the same time.
    while ended <= 20 {
        ended += world.database.end_sessions().await;
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let rows = world.shop.settled().await;
    for process in &mut processes {
        assert!(process.is_running(), "{}", process.written());
    }
    for process in processes {
        process.stop().await;
    }
    let tally = audit(&world.panel, &rows);
    assert_eq!(tally.completed + tally.held, 150, "{tally:?}");
    // To hold everything would cost nothing either.
    assert!(tally.completed > 75, "{tally:?}");
    figures(&format!(
        "{ended} sessions of two processes ended: 150 orders, {} completed, {} held, 0 bought twice, 0 lost",
        tally.completed, tally.held
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_that_make_each_others_transactions_fail_buy_each_order_once() {
    let world = World::with(|plan| plan.readiness = Readiness::after_waits(1)).await;
    world
        .database
        .set("default_transaction_isolation = 'serializable'")
        .await;
    let settings = world.settings().with("dispatch.daily_limit", "\"100000\"");
    let processes = [world.start(&settings).await, world.start(&settings).await];
    for (place, entry) in [PIN, TOP_UP, CANCELLED].iter().enumerate() {
        world
            .shop
            .orders(entry, &format!("player-{place}"), 40)
            .await;
    }
    let rows = world.shop.settled().await;
    let mut conflicts = 0;
    for process in processes {
        conflicts += process.count_lines(CONFLICT);
        process.stop().await;
    }
    assert!(conflicts > 0, "none made another fail");
    let tally = audit(&world.panel, &rows);
    assert_eq!(tally.completed + tally.cancelled, 120, "{tally:?}");
    let spent = "SELECT count(*) FROM orderwatch.purchases WHERE cost IS NOT NULL";
    let spent: i64 = sqlx::query_scalar(spent)
        .fetch_one(&world.database.pool)
        .await
        .unwrap();
    assert_eq!(spent, 120, "every charge is on record");
    figures(&format!(
        "{conflicts} serialization failures between two processes: 120 orders, {} completed, {} cancelled, \
         0 bought twice, 0 lost",
        tally.completed, tally.cancelled
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_nothing_can_be_written_nothing_is_bought_and_the_answer_is_kept() {
    let world = World::new().await;
    let (process, gate, order) = selling(&world, world.settings()).await;
    world
        .database
        .set("default_transaction_read_only = on")
        .await;
    world.database.end_sessions().await;
    gate.open();
    process.wait_for_line(KEPT).await;
    let mut writing = world
        .database
        .pool
        .begin_with("BEGIN READ WRITE")
        .await
        .unwrap();
    let later: Uuid = sqlx::query_scalar(
        r#"INSERT INTO product_orders ("tenantId", "packageId", "userIdentifier", price)
           SELECT "tenantId", "packageId", 'player-2', price FROM product_orders WHERE id = $1
           RETURNING id"#,
    )
    .bind(order)
    .fetch_one(&mut *writing)
    .await
    .unwrap();
    writing.commit().await.unwrap();
    process.wait_for_line(NO_WORK).await;
    process.wait_for_lines(KEPT, 3).await;
    assert_eq!(world.shop.events(order).await, ["claimed"]);
    assert_eq!(world.shop.row(later).await.stage, None);
    assert_eq!(world.panel.ledger().count(Endpoint::Purchase), 1);
    world
        .database
        .set("default_transaction_read_only = off")
        .await;
    world.database.end_sessions().await;
    process.wait_for_line("results are written again").await;
    world.shop.completed(order).await;
    world.shop.completed(later).await;
    process.stop().await;
    let events = world.shop.events(order).await;
    assert_eq!(events, ["claimed", "accepted", "completed"]);
    let rows = world.shop.rows().await;
    assert_eq!(audit(&world.panel, &rows).completed, 2);
}

/// Locks what is claimed and written until the program has said that this kept it from it.
async fn locked(acquire_timeout: &str, cause: &str) {
    let world = World::new().await;
    let settings = world
        .settings()
        .with("database.max_connections", "4")
        .text("database.acquire_timeout", acquire_timeout);
    let (process, gate, order) = selling(&world, settings).await;
    let mut holder = world.database.pool.begin().await.unwrap();
    let lock = "LOCK TABLE orderwatch.orders, orderwatch.brakes IN ACCESS EXCLUSIVE MODE";
    holder.execute(lock).await.unwrap();

    world.shop.orders(PIN, "player-2", 10).await;
    gate.open();
    process.wait_for_line(KEPT).await;
    process.wait_for_line(NO_WORK).await;
    process.wait_for_line(cause).await;
    assert_eq!(world.panel.ledger().count(Endpoint::Purchase), 1);

    holder.rollback().await.unwrap();
    let rows = world.shop.settled().await;
    process.stop().await;
    assert_eq!(audit(&world.panel, &rows).completed, 11);
    let events = world.shop.events(order).await;
    assert_eq!(events, ["claimed", "accepted", "completed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_are_locked_delay_and_lose_nothing() {
    // Longer than the lock's own time limit, which therefore comes first.
    locked("60s", LOCKED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_connection_to_be_had_delays_and_loses_nothing() {
    // Much shorter than that: all connections wait for the lock, and nobody waits so long for one of them.
    locked("200ms", NO_CONNECTION).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_keeps_answers_waiting_and_stops_buying() {
    let world = World::new().await;
    let (process, gate, order) = selling(&world, world.settings()).await;
    run(
        &world.database.pool,
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN RAISE EXCEPTION 'could not extend file: No space left on device'
               USING ERRCODE = 'disk_full'; END $$;
         CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON orderwatch.orders
             FOR EACH STATEMENT EXECUTE FUNCTION full_disk()",
    )
    .await;
    let later = world.shop.order(PIN, "player-2").await;
    gate.open();
    process.wait_for_lines(KEPT, 2).await;
    process.wait_for_line(NO_WORK).await;
    assert!(process.written().contains("No space left on device"));
    assert_eq!(world.panel.ledger().count(Endpoint::Purchase), 1);
    assert_eq!(world.shop.row(later).await.stage, None);
    run(
        &world.database.pool,
        "DROP TRIGGER full_disk ON orderwatch.orders",
    )
    .await;
    let rows = world.shop.settled().await;
    process.stop().await;
    assert_eq!(audit(&world.panel, &rows).completed, 2);
    let events = world.shop.events(order).await;
    assert_eq!(events, ["claimed", "accepted", "completed"]);
}
