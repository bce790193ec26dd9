//! `SIGHUP`: a faulty file changes nothing; with a good one the daemon drains and executes itself anew,
//! with the same pid, and nothing is lost or bought twice.

use sandbox::{gates::Moment, panel::Endpoint};

use crate::{
    http::Site,
    process::{
        Process, Signal,
        audit::audit,
        settings::Settings,
        shop::Row,
        until, within,
        world::{PIN, World},
    },
};

const RUNNING: &str = "orderwatch is running";
const DRAINING: &str = "draining: no new work accepted";
const REFUSED: &str = "the new settings are refused; the old ones stay";

/// Reloads with these settings, and waits for their start.
async fn reload(world: &World, process: &Process, settings: &Settings) {
    let starts = process.count_lines(RUNNING);
    settings.write(world.folder());
    process.signal(Signal::HUP);
    process.wait_for_lines(RUNNING, starts + 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_faulty_file_is_named_and_the_old_settings_stay() {
    let world = World::new().await;
    let settings = world.settings();
    let process = world.start(&settings).await;
    let faulty = [
        settings
            .clone()
            .text("poll.first_check_after", "soon")
            .toml(),
        settings.clone().with("dispatch.speed", "3").toml(),
        "this is [no TOML".to_owned(),
        // Sound, and of no use with this database.
        settings
            .clone()
            .text("database.url", "postgres://nobody@127.0.0.1:1/nothing")
            .toml(),
    ];
    let file = world.folder().join("orderwatch.toml");
    for (count, text) in faulty.into_iter().enumerate() {
        std::fs::write(&file, text).unwrap();
        process.signal(Signal::HUP);
        process.wait_for_lines(REFUSED, count + 1).await;
    }
    std::fs::remove_file(&file).unwrap();
    process.signal(Signal::HUP);
    process.wait_for_lines(REFUSED, 5).await;

    for named in ["poll.first_check_after", "dispatch.speed"] {
        assert!(process.written().contains(named), "{named}");
    }
    assert_eq!(process.count_lines(RUNNING), 1);
    let site = Site::of(&process).await;
    until("the page to say so", || async {
        let page = site.get("/").await;
        page.body
            .contains("The last reload was refused")
            .then_some(())
    })
    .await;
    let order = world.shop.order(PIN, "player-1").await;
    let row = world.shop.completed(order).await;
    process.stop().await;
    assert_eq!(audit(&world.panel, &[row]).completed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_file_is_in_force_when_what_is_in_flight_is_finished() {
    let world = World::new().await;
    let settings = world.settings();
    let process = world.start(&settings).await;
    let pid = process.id();
    let gate = world.panel.hold(Endpoint::Purchase, Moment::BeforeAnswer);
    let in_flight = world.shop.order(PIN, "player-1").await;
    within("the purchase", gate.arrived(1)).await;

    let shadow = settings
        .clone()
        .text("dispatch.mode", "shadow")
        .text("log.level", "debug")
        .with("database.max_connections", "9");
    shadow.write(world.folder());
    process.signal(Signal::HUP);
    process.wait_for_line(DRAINING).await;
    let noted = world.shop.order(PIN, "player-2").await;
    assert_eq!(process.count_lines(RUNNING), 1, "it waits for the call");
    let log = process.written();
    for changed in ["dispatch.mode", "log.level", "database.max_connections"] {
        assert!(log.contains(changed), "{changed} in {log}");
    }
    gate.open();
    process.wait_for_lines(RUNNING, 2).await;
    assert_eq!(process.id(), pid);
    let first = world.shop.completed(in_flight).await;
    let events = world.shop.events(in_flight).await;
    assert_eq!(events, ["claimed", "accepted", "completed"]);

    // What comes now is only written down.
    let sql = "SELECT count(*) FROM orderwatch.shadow WHERE order_id = $1";
    until("the order to be written down", || async {
        let count = sqlx::query_scalar::<_, i64>(sql).bind(noted);
        let count = count.fetch_one(&world.database.pool).await.unwrap();
        (count == 1).then_some(())
    })
    .await;
    assert_eq!(world.shop.row(noted).await.stage, None);
    assert_eq!(world.panel.ledger().count(Endpoint::Purchase), 1);

    reload(&world, &process, &settings).await;
    let second = world.shop.completed(noted).await;
    process.stop().await;
    assert_eq!(audit(&world.panel, &[first, second]).completed, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_that_come_during_many_reloads_are_bought_once() {
    let world = World::new().await;
    let settings = world.settings();
    let process = world.start(&settings).await;
    for round in 0..4 {
        world.shop.orders(PIN, &format!("player-{round}"), 10).await;
        reload(&world, &process, &settings).await;
    }
    let rows = world.shop.settled().await;
    process.stop().await;
    assert_eq!(audit(&world.panel, &rows).completed, 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_comes_back_at_the_same_address() {
    let world = World::new().await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let settings = world.settings().text("http.listen", &address);
    let process = world.start(&settings).await;
    for _ in 0..3 {
        let site = Site::of(&process).await;
        assert_eq!(site.address, address);
        assert_eq!(site.get("/readyz").await.status, 200);
        reload(&world, &process, &settings).await;
    }
    process.stop().await;
}

/// A drain that waits longer than it has patience for is a hard stop, which loses nothing either.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_does_not_return_does_not_hold_up_the_new_settings_for_ever() {
    let world = World::new().await;
    let settings = world
        .settings()
        .text("znet.request_timeout", "60s")
        .text("dispatch.lease", "62s")
        .text("poll.lease", "62s")
        .text("sweep.min_age", "62s");
    let process = world.start(&settings).await;
    let gate = world.panel.hold(Endpoint::Purchase, Moment::BeforeAnswer);
    let order = world.shop.order(PIN, "player-1").await;
    within("the purchase", gate.arrived(1)).await;

    process.signal(Signal::HUP);
    process.wait_for_lines(RUNNING, 2).await;
    assert!(process.written().contains("stopped hard with 1 calls"));
    assert_eq!(world.shop.events(order).await, ["claimed"]);
    gate.open();
    let row = world.shop.wait_for(order, Row::is_settled).await;
    process.stop().await;
    assert_eq!(audit(&world.panel, &[row]).completed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_during_a_reload_is_a_stop() {
    let world = World::new().await;
    let mut process = world.start(&world.settings()).await;
    let gate = world.panel.hold(Endpoint::Purchase, Moment::BeforeAnswer);
    world.shop.order(PIN, "player-1").await;
    within("the purchase", gate.arrived(1)).await;

    process.signal(Signal::HUP);
    process.wait_for_line(DRAINING).await;
    process.signal(Signal::TERM);
    process.wait_for_line("asked to stop").await;
    gate.open();
    let ended = process.ended().await;
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert_eq!(ended.stderr.matches(RUNNING).count(), 1);
}
