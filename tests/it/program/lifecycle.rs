//! How the daemon starts and stops, and what it tells systemd.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use sandbox::{
    gates::{CallBarrier, Moment},
    panel::Endpoint,
};
use tokio::net::UnixDatagram;
use uuid::Uuid;

use crate::process::{
    Process, Program, Signal,
    audit::audit,
    proxy::Proxy,
    settings::Settings,
    shop::Row,
    until, within,
    world::{PIN, World},
};

const STOPPING: &str = "stopping; finishing what is in flight";
const DRAINING: &str = "draining: no new work accepted";

/// The panel has sold, and holds its answer.
async fn selling(world: &World) -> (Process, CallBarrier, Uuid) {
    buying(world, &world.settings(), Moment::BeforeAnswer).await
}

/// The panel has the purchase, and holds it at this moment.
async fn buying(
    world: &World,
    settings: &Settings,
    moment: Moment,
) -> (Process, CallBarrier, Uuid) {
    let gate = world.panel.hold(Endpoint::Purchase, moment);
    let process = world.start(settings).await;
    let order = world.shop.order(PIN, "player-1").await;
    within("the purchase", gate.arrived(1)).await;
    (process, gate, order)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_finishes_what_is_in_flight_and_begins_nothing() {
    for signal in [Signal::TERM, Signal::INT] {
        let world = World::new().await;
        let (mut process, gate, order) = selling(&world).await;
        process.signal(signal);
        process.wait_for_line(DRAINING).await;
        let later = world.shop.order(PIN, "player-2").await;
        assert!(process.is_running(), "it waits for the call");
        gate.open();
        let ended = process.ended().await;
        assert_eq!(ended.code(), 0, "{ended:?}");
        assert!(ended.stderr.contains("everything in flight is finished"));
        assert_eq!(world.shop.events(order).await, ["claimed", "accepted"]);
        assert_eq!(world.shop.row(order).await.external_status, "sent");
        assert_eq!(world.shop.row(later).await.stage, None);
        assert_eq!(world.panel.ledger().count(Endpoint::Purchase), 1);

        let process = world.start(&world.settings()).await;
        let rows = world.shop.settled().await;
        process.stop().await;
        assert_eq!(audit(&world.panel, &rows).completed, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_stops_hard_and_the_order_is_settled_after_the_next_start() {
    let world = World::new().await;
    let (mut process, gate, order) = selling(&world).await;
    process.signal(Signal::TERM);
    process.wait_for_line(STOPPING).await;
    process.signal(Signal::TERM);
    let ended = process.ended().await;
    assert_eq!(ended.code(), 1, "{ended:?}");
    assert!(ended.stderr.contains("stopped hard"), "{}", ended.stderr);
    assert_eq!(world.shop.events(order).await, ["claimed"]);
    gate.open();

    let process = world.start(&world.settings()).await;
    let row = world.shop.wait_for(order, Row::is_settled).await;
    process.stop().await;
    assert_eq!(audit(&world.panel, &[row]).completed, 1);
}

/// Starts again; the panel is asked about the order, and has sold it once.
async fn bought_once_after_the_next_start(world: &World, order: Uuid, gate: CallBarrier) {
    gate.open();
    let process = world.start(&world.settings()).await;
    let row = world.shop.wait_for(order, Row::is_settled).await;
    process.stop().await;

    assert_eq!(world.panel.ledger().count(Endpoint::Purchase), 1);
    assert_eq!(audit(&world.panel, &[row]).completed, 1);
}

async fn end_leases(world: &World) {
    let end = "UPDATE orderwatch.orders SET due_at = now() WHERE lease_token IS NOT NULL";
    let ended = sqlx::query(end).execute(&world.database.pool).await;
    assert_eq!(ended.unwrap().rows_affected(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_hangs_while_it_stops_is_recorded_as_unsure_and_asked_about_after_the_next_start()
 {
    for moment in [Moment::BeforeWork, Moment::BeforeAnswer] {
        let world = World::new().await;
        let (mut process, gate, order) = buying(&world, &world.settings(), moment).await;
        process.signal(Signal::TERM);

        // The request's own limit comes before that of the stop.
        let ended = process.ended().await;
        assert_eq!(ended.code(), 0, "{ended:?}");
        assert_eq!(world.shop.events(order).await, ["claimed", "unsure"]);
        bought_once_after_the_next_start(&world, order, gate).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_hangs_for_longer_than_a_stop_may_take_is_left_and_asked_about_after_the_next_start()
 {
    let world = World::new().await;
    let patient = world
        .settings()
        .text("znet.request_timeout", "10m")
        .text("dispatch.lease", "20m")
        .text("poll.lease", "20m");
    let (mut process, gate, order) = buying(&world, &patient, Moment::BeforeAnswer).await;
    process.signal(Signal::TERM);

    let ended = process.ended().await;
    assert_eq!(ended.code(), 1, "{ended:?}");
    assert!(ended.stderr.contains("stopped hard"), "{}", ended.stderr);
    assert_eq!(world.shop.events(order).await, ["claimed"]);

    // Nobody touches it before its lease ends, which would take twenty minutes.
    end_leases(&world).await;
    bought_once_after_the_next_start(&world, order, gate).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_not_migrated_is_not_touched_and_the_remedy_is_said() {
    let world = World::new().await;
    world
        .command(&["migrate", "revert", "--force"])
        .await
        .good();
    for args in [&["run"][..], &["once", "sweep"], &["order", "show", "1"]] {
        let ended = world.command(args).await;
        assert_eq!(ended.code(), 1, "{args:?}: {ended:?}");
        let error = ended.stderr.lines().last().unwrap();
        assert!(
            error.contains("migrations are missing") && error.contains("run `orderwatch migrate`"),
            "{args:?}: {error}"
        );
    }
    let schema: Option<String> = sqlx::query_scalar("SELECT to_regnamespace('orderwatch')::text")
        .fetch_one(&world.database.pool)
        .await
        .unwrap();
    assert_eq!(schema, None);
}

/// What systemd hears.
struct Systemd {
    socket: UnixDatagram,
    path: std::path::PathBuf,
}

impl Systemd {
    fn in_folder(folder: &std::path::Path) -> Self {
        let path = folder.join("notify");
        Self {
            socket: UnixDatagram::bind(&path).unwrap(),
            path,
        }
    }

    /// The next message with this line in it; the others are passed over.
    async fn hears(&self, line: &str) -> String {
        let mut buffer = vec![0; 4096];
        within(line, async {
            loop {
                let count = self.socket.recv(&mut buffer).await.unwrap();
                let message = String::from_utf8_lossy(&buffer[..count]);
                if message.lines().any(|said| said == line) {
                    return message.into_owned();
                }
            }
        })
        .await
    }

    /// Whether a message of this kind is waiting to be read.
    fn has_heard(&self, line: &str) -> bool {
        let mut buffer = vec![0; 4096];
        while let Ok(count) = self.socket.try_recv(&mut buffer) {
            let message = String::from_utf8_lossy(&buffer[..count]);
            if message.lines().any(|said| said == line) {
                return true;
            }
        }
        false
    }
}

/// The daemon as systemd starts it: the watchdog names the process.
fn service(world: &World, settings: &Settings, systemd: &Systemd) -> Program {
    let file = settings.write(world.folder());
    Program::shell(r#"WATCHDOG_PID=$$ exec "$0" run"#)
        .env("ORDERWATCH_CONFIG", file)
        .env("NOTIFY_SOCKET", systemd.path.as_os_str())
        .env("WATCHDOG_USEC", "300000")
}

#[tokio::test(flavor = "multi_thread")]
async fn systemd_hears_ready_then_the_watchdog_then_stopping() {
    let world = World::new().await;
    let systemd = Systemd::in_folder(world.folder());
    let process = service(&world, &world.settings(), &systemd).spawn();
    systemd.hears("READY=1").await;
    for _ in 0..3 {
        systemd.hears("WATCHDOG=1").await;
    }
    let order = world.shop.order(PIN, "player-1").await;
    world.shop.completed(order).await;
    process.signal(Signal::TERM);
    systemd.hears("STOPPING=1").await;
    let mut process = process;
    assert_eq!(process.ended().await.code(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn systemd_hears_of_a_reload_that_begins_and_of_its_end_and_the_watchdog_goes_on() {
    let world = World::new().await;
    let systemd = Systemd::in_folder(world.folder());
    let process = service(&world, &world.settings(), &systemd).spawn();
    systemd.hears("READY=1").await;

    let pid = process.id();
    process.signal(Signal::HUP);
    let begun = systemd.hears("RELOADING=1").await;
    assert!(begun.contains("MONOTONIC_USEC="), "{begun}");
    systemd.hears("READY=1").await;
    for _ in 0..3 {
        systemd.hears("WATCHDOG=1").await;
    }
    assert_eq!(process.id(), pid);

    // A refused one ends, too.
    world
        .settings()
        .with("poll.lease", "7")
        .write(world.folder());
    process.signal(Signal::HUP);
    systemd.hears("RELOADING=1").await;
    let refused = systemd.hears("READY=1").await;
    assert!(refused.contains("refused"), "{refused}");
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn systemd_hears_that_the_database_is_waited_for_and_ready_only_after_it() {
    let world = World::new().await;
    let systemd = Systemd::in_folder(world.folder());
    let mut proxy = Proxy::before(world.database.options()).await;
    let settings = world.settings().text("database.url", &proxy.url());
    let process = service(&world, &settings, &systemd).spawn();
    systemd.hears("STATUS=waiting for the database").await;
    assert!(!systemd.has_heard("READY=1"));
    proxy.open().await;
    systemd.hears("READY=1").await;
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_of_the_sweep_is_written_down_and_each_tick_happens_once() {
    let world = World::new().await;
    let settings = world.settings().text("sweep.interval", "300ms");
    let processes = [world.start(&settings).await, world.start(&settings).await];
    until("four passes", || async {
        let done: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM orderwatch.job_runs WHERE job = 'sweep' AND outcome = 'done'",
        )
        .fetch_one(&world.database.pool)
        .await
        .unwrap();
        (done >= 4).then_some(())
    })
    .await;
    let mut passes = 0;
    for process in processes {
        passes += process.stop().await.stderr.matches("job finished").count();
    }
    let done: i64 =
        sqlx::query_scalar("SELECT count(*) FROM orderwatch.job_runs WHERE outcome = 'done'")
            .fetch_one(&world.database.pool)
            .await
            .unwrap();
    assert_eq!(passes, usize::try_from(done).unwrap());
}

/// The clock was set back by an hour: its times come again.
#[tokio::test(flavor = "multi_thread")]
async fn passes_that_were_written_down_ahead_are_taken_again() {
    let world = World::new().await;
    let ahead = "INSERT INTO orderwatch.job_runs (job, tick, started_at, finished_at, outcome)
                 SELECT 'sweep', at, at, at, 'done'
                 FROM generate_series(now() + interval '2 minutes', now() + interval '1 hour', interval '1 minute') at";
    sqlx::query(ahead)
        .execute(&world.database.pool)
        .await
        .unwrap();
    let process = world.start(&world.settings()).await;
    until("the times to be free", || async {
        let ahead =
            "SELECT count(*) FROM orderwatch.job_runs WHERE tick > now() + interval '1 minute'";
        let ahead = sqlx::query_scalar(ahead).fetch_one(&world.database.pool);
        let ahead: i64 = ahead.await.unwrap();
        (ahead == 0).then_some(())
    })
    .await;
    process.stop().await;
}
