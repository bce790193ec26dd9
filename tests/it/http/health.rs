//! Health checks, and starts that fail.

use serde_json::json;
use tokio::net::TcpListener;

use super::{Site, TOKEN};
use crate::process::{
    Signal,
    proxy::Proxy,
    until,
    world::{PIN, World},
};

#[tokio::test(flavor = "multi_thread")]
async fn readiness_follows_the_database_and_life_does_not() {
    let world = World::new().await;
    let mut proxy = Proxy::before(world.database.options()).await;
    let settings = world.settings().text("database.url", &proxy.url());
    let process = world.program(&settings, &["run"]).spawn();
    let site = Site::of(&process).await;
    assert_eq!(site.get("/livez").await.status, 200);
    let waiting = site.get("/readyz").await;
    assert_eq!(
        (waiting.status, waiting.json()["failing"].clone()),
        (503, json!(["start"]))
    );
    assert_eq!(
        site.get("/api/v1/overview").await.problem(503),
        "unavailable"
    );
    proxy.open().await;
    process.wait_for_line("orderwatch is running").await;
    assert_eq!(site.get("/readyz").await.good(), json!({ "status": "ok" }));
    proxy.cut().await;
    let away = until("readiness to fail", || async {
        let answer = site.get("/readyz").await;
        (answer.status == 503).then_some(answer)
    })
    .await;
    assert_eq!(away.json()["failing"], json!(["database"]));
    assert_eq!(site.get("/livez").await.status, 200);
    let list = site.get("/api/v1/orders").await;
    assert_eq!(list.problem(503), "unavailable");
    assert!(list.head.contains("retry-after:"), "{list:?}");
    proxy.open().await;
    let ready = async |wanted: u16| {
        until("readiness", || async {
            (site.get("/readyz").await.status == wanted).then_some(())
        })
        .await;
    };
    ready(200).await;

    // Questions would be answered still.
    let database = &world.database;
    database.set("default_transaction_read_only = on").await;
    database.end_sessions().await;
    ready(503).await;
    database.set("default_transaction_read_only = off").await;
    database.end_sessions().await;
    ready(200).await;
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_taken_ends_the_start_and_nothing_is_bought() {
    let world = World::new().await;
    world.shop.order(PIN, "player-1").await;
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let settings = world.settings().text("http.listen", &address);
    let ended = world.program(&settings, &["run"]).run().await;
    assert_eq!(ended.code(), 1, "{ended:?}");
    for words in [&*address, "http.listen", "another process has this port"] {
        assert!(ended.stderr.contains(words), "{ended:?}");
    }
    assert_eq!(world.panel.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_for_everybody_without_a_token_is_a_fault_of_the_configuration() {
    let world = World::new().await;
    let settings = world.settings().text("http.listen", "0.0.0.0:8787");
    let ended = world.program(&settings, &["run"]).run().await;
    assert_eq!(ended.code(), 2, "{ended:?}");
    assert!(
        ended.stderr.contains("http.listen does not fit"),
        "{ended:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_changes_the_token_and_the_address() {
    let world = World::new().await;
    let process = world.start(&world.settings()).await;
    let old = Site::of(&process).await;
    assert_eq!(old.get("/api/v1/brakes").await.status, 200);
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap().to_string();
    let settings = world
        .settings()
        .text("http.token", TOKEN)
        .text("http.listen", &address);
    // Taken at first: everything stays as it was.
    settings.write(world.folder());
    process.signal(Signal::HUP);
    process.wait_for_line("the new settings are refused").await;
    assert_eq!(old.get("/api/v1/brakes").await.status, 200);
    drop(free);
    process.signal(Signal::HUP);
    process.wait_for_lines("orderwatch is running", 2).await;
    let new = Site::of(&process).await;
    assert_eq!(new.address, address);
    assert_eq!(new.get("/api/v1/brakes").await.problem(401), "unauthorized");
    assert_eq!(new.with_token().get("/api/v1/brakes").await.status, 200);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_health_check_of_containers_asks_the_daemon() {
    let world = World::new().await;
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let settings = world.settings().text("http.listen", &address);
    let ended = world.program(&settings, &["healthcheck"]).run().await;
    assert_eq!(ended.code(), 1, "{ended:?}");
    assert!(ended.stderr.contains("nobody answers"), "{ended:?}");
    let process = world.start(&settings).await;
    let ended = world.program(&settings, &["healthcheck"]).run().await;
    assert_eq!(ended.good(), "It is well.\n");
    process.stop().await;
}
