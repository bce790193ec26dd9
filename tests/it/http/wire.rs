//! What a client may send, and how long it may take.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::Site;
use crate::process::{within, world::World};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_or_not_http_is_refused_and_the_next_is_answered() {
    let world = World::new().await;
    let process = world.start(&world.settings()).await;
    let site = Site::of(&process).await;
    let long = json!({ "by": "x".repeat(70_000), "reason": "r" });
    assert_eq!(
        site.post("/api/v1/brakes/pause", &long).await.problem(413),
        "too-large"
    );
    let head = ("X-Long", &*"x".repeat(400_000));
    let answer = site.send("GET /api/v1/brakes", &[head], "").await;
    assert_eq!(answer.status, 431, "{answer:?}");
    let many: Vec<(String, String)> = (0..100)
        .map(|n| (format!("X-{n}"), n.to_string()))
        .collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(n, v)| (&**n, &**v)).collect();
    let answer = site.send("GET /api/v1/brakes", &many, "").await;
    assert_eq!(answer.status, 431, "{answer:?}");
    let answer = site.raw(b"\x16\x03\x01\x02\x00\x01\x00").await;
    assert!(matches!(answer.status, 0 | 400), "{answer:?}");
    let path = format!("/api/v1/orders?cursor={}", "A".repeat(5000));
    assert_eq!(site.get(&path).await.problem(400), "bad-request");
    assert_eq!(site.get("/livez").await.status, 200);
    let ended = process.stop().await;
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_never_finishes_its_head_is_let_go() {
    let world = World::new().await;
    let process = world.start(&world.settings()).await;
    let site = Site::of(&process).await;
    let mut slow = TcpStream::connect(&site.address).await.unwrap();
    slow.write_all(b"GET /livez HTTP/1.1\r\nHost: loc")
        .await
        .unwrap();
    let mut answer = Vec::new();
    within("the end of the connection", slow.read_to_end(&mut answer))
        .await
        .unwrap();
    assert_eq!(site.get("/livez").await.status, 200);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_never_reads_its_answers_is_let_go() {
    let world = World::new().await;
    let process = world.start(&world.settings()).await;
    let site = Site::of(&process).await;
    let mut deaf = TcpStream::connect(&site.address).await.unwrap();
    let request = format!(
        "GET /api/openapi.json HTTP/1.1\r\nHost: {}\r\n\r\n",
        site.address
    );
    // It asks on, until neither side takes any more, and the server ends it.
    let asking = async { while deaf.write_all(request.as_bytes()).await.is_ok() {} };
    within("the end of the connection", asking).await;
    assert_eq!(site.get("/livez").await.status, 200);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_events_outlasts_the_silence_between_them() {
    let world = World::new().await;
    let process = world.start(&world.settings()).await;
    let site = Site::of(&process).await;
    let mut stream = TcpStream::connect(&site.address).await.unwrap();
    let request = format!("GET /live HTTP/1.1\r\nHost: {}\r\n\r\n", site.address);
    stream.write_all(request.as_bytes()).await.unwrap();

    // A sign of life comes every 15 seconds at the latest.
    let end = Instant::now() + Duration::from_secs(25);
    while Instant::now() < end {
        let mut some = [0; 1024];
        let taken = within("an event", stream.read(&mut some)).await;
        assert_ne!(taken.unwrap(), 0, "the stream was ended");
    }
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_connection_does_not_hold_up_the_stop() {
    let world = World::new().await;
    let process = world.start(&world.settings()).await;
    let site = Site::of(&process).await;
    let mut idle = TcpStream::connect(&site.address).await.unwrap();
    let request = format!("GET /livez HTTP/1.1\r\nHost: {}\r\n\r\n", site.address);
    idle.write_all(request.as_bytes()).await.unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    let mut half = TcpStream::connect(&site.address).await.unwrap();
    half.write_all(b"POST /api/v1/brakes/pause HTTP/1.1\r\n")
        .await
        .unwrap();
    process.stop().await;
}
