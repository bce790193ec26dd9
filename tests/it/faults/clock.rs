//! Clocks that jump by an hour, or that disagree: late at worst, never twice.
//!
//! | fault | proved by |
//! |---|---|
//! | this machine's wall clock jumps | no test: `clippy.toml` forbids to read it, but for the start of `clock`, which carries the database's time on by the monotonic one |
//! | the database's clock jumps forward or back | here; under the running program: `a_program_that_runs_follows_…` |
//! | replicas whose clocks disagree (a failover between two readings) | here |
//! | days on which the clocks are changed | times are UTC and intervals; no order knows of a local time |
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use orderwatch::{clock::ManualClock, order::Stage};
use sandbox::{
    gates::{CallBarrier, Moment},
    panel::Endpoint,
    trouble::{Fault, Trouble},
};
use sqlx::{AssertSqlSafe, Executor, PgPool};
use uuid::Uuid;

use crate::{
    process::{
        Process,
        audit::audit,
        within,
        world::{PIN, World},
    },
    support::{ACCOUNT, Rig, Shop},
};

const HOUR: Duration = Duration::from_hours(1);

const JUMPED: &str = "the database's clock has jumped";

/// A clock of the database that can be set, and hides the server's own from whoever looks here first.
const SETTABLE: &str = "
    CREATE SCHEMA settable;
    CREATE TABLE settable.clock (ahead interval NOT NULL);
    INSERT INTO settable.clock VALUES ('0');
    CREATE FUNCTION settable.clock_timestamp() RETURNS timestamptz LANGUAGE sql SECURITY DEFINER
        AS 'SELECT pg_catalog.clock_timestamp() + ahead FROM settable.clock';
    GRANT USAGE ON SCHEMA settable TO PUBLIC";

/// Every rig from here on lives an hour earlier.
fn an_hour_back(shop: &mut Shop) {
    let earlier = shop.now() - TimeDelta::hours(1);
    shop.clock = Arc::new(ManualClock::new(earlier));
}

#[sqlx::test(migrations = false)]
async fn an_hour_forward_in_the_middle_of_a_purchase_leads_to_a_question_and_no_second_one(
    pool: PgPool,
) {
    let (shop, reseller) = Shop::open_at(pool, |plan| plan.refuses_duplicates = false).await;
    let (mut buyer, mut other) = (Rig::new(&shop), Rig::new(&shop));
    let order = shop.place(reseller.package("2")).await;
    buyer.dispatch().await;
    let gate = reseller
        .panel
        .hold(Endpoint::Purchase, Moment::BeforeAnswer);
    buyer.begin_dispatch().await;
    gate.arrived(1).await;
    shop.advance(HOUR);
    for _ in 0..3 {
        other.dispatch().await;
        other.sweep().await;
        other.poll().await;
    }
    gate.open();
    buyer.finish().await;
    buyer.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    assert_eq!(
        shop.events(order).await,
        ["claimed", "lease_expired", "completed", "late_answer"]
    );
    let row = shop.shop_row(order).await;
    let pin = reseller.panel.pin_of(ACCOUNT.0, &reseller.reference(order));
    assert_eq!(row.text("pinCode"), pin);
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 1);
}

#[sqlx::test(migrations = false)]
async fn an_hour_back_delays_what_is_due_and_nothing_else(pool: PgPool) {
    let (mut shop, reseller) = Shop::open_at(pool, |plan| plan.refuses_duplicates = false).await;
    let mut before = Rig::new(&shop);
    let accepted = shop.place(reseller.package("2")).await;
    before.buy().await;
    let unsure = shop.place(reseller.package("2")).await;
    let lost = Fault::After(Trouble::Close);
    reseller.panel.faults().next(Endpoint::Purchase, lost);
    before.buy().await;
    // It dies with one more in its hands.
    let dead = shop.place(reseller.package("2")).await;
    let gate = reseller
        .panel
        .hold(Endpoint::Purchase, Moment::BeforeAnswer);
    before.begin_dispatch().await;
    gate.arrived(1).await;
    drop((before, gate));
    let placed = shop.place(reseller.package("2")).await;

    an_hour_back(&mut shop);
    let mut rig = Rig::new(&shop);
    // A new order does not wait; what was due waits for the hour, whoever looks.
    assert_eq!(rig.buy().await, 1);
    assert_eq!(rig.poll().await.started, 0);
    rig.sweep().await;
    assert_eq!(shop.stage(placed).await, Stage::Submitted);
    shop.advance(Duration::from_mins(58));
    rig.sweep().await;
    rig.poll().await;
    assert_eq!(shop.stage(placed).await, Stage::Completed);
    for (order, stage) in [
        (accepted, Stage::Submitted),
        (unsure, Stage::Unconfirmed),
        (dead, Stage::Dispatching),
    ] {
        assert_eq!(shop.stage(order).await, stage);
    }
    rig.run_out().await;
    for order in [accepted, unsure, dead] {
        assert_eq!(shop.stage(order).await, Stage::Completed);
    }
    let ledger = reseller.panel.ledger();
    assert_eq!(ledger.count(Endpoint::Purchase), 4);
    assert!(ledger.players_sold_twice().is_empty());
}

#[sqlx::test(migrations = false)]
async fn an_hour_back_holds_up_no_request_of_a_paced_panel(pool: PgPool) {
    let (mut shop, reseller) = Shop::open(pool).await;
    let paced = [("znet.requests_per_second", "1000")];
    let mut before = Rig::with(&shop, &paced);
    shop.place(reseller.package("2")).await;
    assert_eq!(before.buy().await, 1);
    an_hour_back(&mut shop);
    let order = shop.place(reseller.package("2")).await;
    let mut rig = Rig::with(&shop, &paced);
    assert_eq!(rig.buy().await, 1);
    assert_eq!(shop.stage(order).await, Stage::Submitted);
}

#[sqlx::test(migrations = false)]
async fn an_order_that_ends_before_it_began_took_no_time(pool: PgPool) {
    let (mut shop, reseller) = Shop::open(pool).await;
    let mut before = Rig::new(&shop);
    let order = shop.place(reseller.package("2")).await;
    let lost = Fault::After(Trouble::Close);
    reseller.panel.faults().next(Endpoint::Purchase, lost);
    before.buy().await;
    assert_eq!(shop.stage(order).await, Stage::Unconfirmed);
    // The question comes while the clock still is behind: somebody made the order due by hand.
    an_hour_back(&mut shop);
    let due = format!(
        "UPDATE orderwatch.orders SET due_at = '{}' WHERE order_id = '{order}'",
        shop.now()
    );
    shop.sql(&due).await;
    let mut rig = Rig::new(&shop);
    rig.poll().await;
    let row = shop.shop_row(order).await;
    assert_eq!(row.text("externalStatus"), "done");
    assert_eq!(*row.get("durationMs"), 0);
}

#[sqlx::test(migrations = false)]
async fn replicas_whose_clocks_disagree_buy_each_order_once(pool: PgPool) {
    let (mut shop, reseller) = Shop::open_at(pool, |plan| plan.refuses_duplicates = false).await;
    let unlimited = [("znet.max_in_flight", "5")];
    let mut ahead = Rig::with(&shop, &unlimited);
    let orders = shop.place_many(reseller.package("2"), 40).await;
    an_hour_back(&mut shop);
    let mut behind = Rig::with(&shop, &unlimited);
    let mut bought = 0;
    while bought < orders.len() {
        let (one, two) = futures::join!(ahead.dispatch(), behind.dispatch());
        bought += one.started + two.started;
        // What the one behind has sent is long due for the one ahead.
        ahead.poll().await;
    }
    ahead.advance(HOUR);
    ahead.run_out().await;
    behind.run_out().await;
    for order in orders {
        assert_eq!(shop.stage(order).await, Stage::Completed);
        assert_eq!(shop.purchases(order).await.len(), 1);
    }
    let ledger = reseller.panel.ledger();
    assert_eq!(ledger.count(Endpoint::Purchase), 40);
    assert_eq!(ledger.sale_count(), 40);
}

/// Sets it while the panel has sold to a new order and not answered, and waits until that is noticed.
async fn jump_in_a_purchase(world: &World, process: &Process, ahead: &str) -> (Uuid, CallBarrier) {
    let gate = world.panel.hold(Endpoint::Purchase, Moment::BeforeAnswer);
    let before = process.count_lines(JUMPED);
    let order = world.shop.order(PIN, &format!("{ahead} ahead")).await;
    within("the purchase", gate.arrived(1)).await;
    let set = format!("UPDATE settable.clock SET ahead = '{ahead}'");
    let set = AssertSqlSafe(set);
    world.database.pool.execute(set).await.unwrap();
    process.wait_for_lines(JUMPED, before + 1).await;
    (order, gate)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_runs_follows_a_jump_and_buys_once() {
    let world = World::new().await;
    world.database.pool.execute(SETTABLE).await.unwrap();
    world
        .database
        .set("search_path = settable, public, pg_catalog")
        .await;
    // The shop's own time stays, and what it sold is not to be too old. A purchase outlasts the next reading of the clock.
    let settings = world
        .settings()
        .text("dispatch.max_order_age", "3h")
        .text("poll.give_up_after", "3h")
        .text("znet.request_timeout", "2m")
        .text("dispatch.lease", "3m")
        .text("poll.lease", "3m");
    let process = world.start(&settings).await;

    // Forward, its claim runs out at once and the panel is asked; the answer comes after that.
    let (order, gate) = jump_in_a_purchase(&world, &process, "1 hour").await;
    world.shop.completed(order).await;
    gate.open();
    let later = world.shop.order(PIN, "after the first").await;
    world.shop.completed(later).await;

    // Back, what is new waits for nothing.
    let (order, gate) = jump_in_a_purchase(&world, &process, "0 hours").await;
    gate.open();
    world.shop.completed(order).await;
    let later = world.shop.order(PIN, "after the second").await;
    world.shop.completed(later).await;

    process.stop().await;
    let rows = world.shop.rows().await;
    assert_eq!(audit(&world.panel, &rows).completed, 4);
}
