//! `SIGHUP`: a faulty file changes nothing, a good one is in force at once, and what is in flight
//! meanwhile is finished under the settings that it began with.

use sandbox::{gates::Moment, panel::Endpoint};

use crate::process::{
    Signal,
    audit::audit,
    until, within,
    world::{PIN, World},
};

const IN_FORCE: &str = "the new settings are in force";
const FAULTY: &str = "the new configuration is faulty; the old one stays";

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
    ];
    let file = world.folder().join("orderwatch.toml");
    for (count, text) in faulty.into_iter().enumerate() {
        std::fs::write(&file, text).unwrap();
        process.signal(Signal::HUP);
        process.wait_for_lines(FAULTY, count + 1).await;
    }
    std::fs::remove_file(&file).unwrap();
    process.signal(Signal::HUP);
    process.wait_for_lines(FAULTY, 4).await;
    for named in ["poll.first_check_after", "dispatch.speed"] {
        assert!(process.written().contains(named), "{named}");
    }
    assert_eq!(process.count_lines(IN_FORCE), 0);
    let order = world.shop.order(PIN, "player-1").await;
    let row = world.shop.completed(order).await;
    process.stop().await;
    assert_eq!(audit(&world.panel, &[row]).completed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_file_is_in_force_at_once_and_what_is_in_flight_is_finished() {
    let world = World::new().await;
    let settings = world.settings();
    let process = world.start(&settings).await;
    let gate = world.panel.hold(Endpoint::Purchase, Moment::BeforeAnswer);
    let in_flight = world.shop.order(PIN, "player-1").await;
    within("the purchase", gate.arrived(1)).await;

    settings
        .clone()
        .text("dispatch.mode", "shadow")
        .with("database.max_connections", "9")
        .write(world.folder());
    process.signal(Signal::HUP);
    process.wait_for_line(IN_FORCE).await;
    let log = process.written();
    assert!(log.contains("after a restart only"), "{log}");
    assert!(log.contains("database.max_connections"), "{log}");
    assert!(log.contains("dispatch.mode"), "{log}");
    gate.open();
    let first = world.shop.completed(in_flight).await;
    let events = world.shop.events(in_flight).await;
    assert_eq!(events, ["claimed", "accepted", "completed"]);

    // What comes now is only written down.
    let noted = world.shop.order(PIN, "player-2").await;
    let sql = "SELECT count(*) FROM orderwatch.shadow WHERE order_id = $1";
    until("the order to be written down", || async {
        let count = sqlx::query_scalar::<_, i64>(sql).bind(noted);
        let count = count.fetch_one(&world.database.pool).await.unwrap();
        (count == 1).then_some(())
    })
    .await;
    assert_eq!(world.shop.row(noted).await.stage, None);
    assert_eq!(world.panel.ledger().count(Endpoint::Purchase), 1);

    settings.write(world.folder());
    process.signal(Signal::HUP);
    process.wait_for_lines(IN_FORCE, 2).await;
    let second = world.shop.completed(noted).await;
    process.stop().await;
    assert_eq!(audit(&world.panel, &[first, second]).completed, 2);
}
