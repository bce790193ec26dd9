//! Connections, gates, limits and the ledger: what tests of the daemon steer and read.

use rust_decimal::Decimal;
use sandbox::{
    gates::Moment,
    panel::{Endpoint, Recording, StatusMode},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{
    ask, buy, buying, start,
    wire::{self, connect, exchange, request},
};

#[tokio::test]
async fn a_request_may_arrive_in_pieces_and_nonsense_is_refused() {
    let panel = start(|_| {}).await;
    let mut stream = connect(&panel).await.unwrap();
    let whole = request(&buying("1"), "Connection: close\r\n");
    for piece in whole.as_bytes().chunks(7) {
        stream.write_all(piece).await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut raw = String::new();
    stream.read_to_string(&mut raw).await.unwrap();
    assert!(raw.ends_with("OK|35.00|999965.00"), "{raw}");
    let nonsense = exchange(connect(&panel).await.unwrap(), "\x01\x02\r\n\r\n").await;
    assert_eq!(nonsense.status(), 400);
}

#[tokio::test]
async fn dropped_connections_end_whatever_they_wait_for() {
    let panel = start(|_| {}).await;
    let gate = panel.hold(Endpoint::Purchase, Moment::BeforeWork);
    let mut client = connect(&panel).await.unwrap();
    wire::send(&mut client, &buying("1")).await;
    gate.arrived(1).await;
    panel.drop_connections();
    let mut raw = Vec::new();
    let ended = client.read_to_end(&mut raw).await;
    assert!(raw.is_empty(), "{ended:?}");
    gate.open();
    assert_eq!(buy(&panel, "2").await.status(), 200);
    assert!(!panel.ledger().sold("1"), "the panel died before it sold");
}

#[tokio::test]
async fn a_sloppy_panel_proves_who_sends_twice() {
    let panel = start(|plan| plan.refuses_duplicates = false).await;
    for reference in ["1", "2", "1"] {
        buy(&panel, reference).await;
    }
    let ledger = panel.ledger();
    assert_eq!(ledger.references_sold_twice(), ["1"]);
    assert_eq!(ledger.references_sent_twice(), ["1"]);
    assert_eq!(ledger.players_sold_twice(), ["player-1"]);
    assert_eq!(ledger.requests_about(Endpoint::Purchase, "1").len(), 2);
    assert_eq!(ledger.charged("bayi"), Decimal::new(10_500, 2));
}

#[tokio::test]
async fn the_instant_panel_answers_for_any_reference_and_keeps_nothing() {
    for (status, want) in [
        (StatusMode::AlwaysWaiting, "OK|1| |"),
        (StatusMode::AlwaysDone, "OK|2|"),
    ] {
        let panel = start(|plan| {
            plan.status = status;
            plan.recording = Recording::Counters;
        })
        .await;
        assert!(ask(&panel, "123").await.text().starts_with(want));
        buy(&panel, "5").await;
        assert_eq!(panel.ledger().count(Endpoint::Status), 1);
        assert!(panel.ledger().requests().is_empty());
        assert!(panel.ledger().sold("5"), "sales are always kept");
    }
}

#[tokio::test]
async fn the_same_seed_gives_the_same_pins() {
    let pins = |seed| async move {
        let panel = start(|plan| plan.seed = seed).await;
        buy(&panel, "1").await;
        ask(&panel, "1").await.text().to_owned()
    };
    assert_eq!(pins(1).await, pins(1).await);
    assert_ne!(pins(1).await, pins(2).await);
}

#[tokio::test]
async fn nothing_secret_is_printed() {
    let panel = start(|_| {}).await;
    buy(&panel, "1").await;
    ask(&panel, "1").await;
    let ledger = panel.ledger();
    let sale = ledger.sale("1").unwrap();
    let pin = sale.pin.clone().unwrap();
    let printed = format!("{panel:?} {ledger:?} {sale:?} {:?}", ledger.requests());
    for secret in ["bayi", "gizli", &pin, &panel.base_url()] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
}
