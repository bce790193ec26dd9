//! Connections, gates, limits and the ledger: what tests of the daemon steer and read.

use rust_decimal::Decimal;
use sandbox::{
    gates::Moment,
    panel::{Ending, Endpoint, Readiness, Recording, StatusMode},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{
    ask, asking, buy, buying, start,
    wire::{self, connect, exchange, request},
};

#[tokio::test]
async fn one_connection_carries_many_requests_even_sent_together() {
    let panel = start(|_| {}).await;
    let together = request(&asking("1"), "") + &request(&asking("2"), "Connection: close\r\n");
    let seen = exchange(connect(&panel).await.unwrap(), &together).await;
    let raw = String::from_utf8(seen.raw).unwrap();
    assert_eq!(raw.matches("HTTP/1.1 200 OK").count(), 2, "{raw}");
    assert_eq!(raw.matches("Connection: close").count(), 1, "{raw}");
    let connections: Vec<u64> = panel
        .ledger()
        .requests()
        .iter()
        .map(|r| r.connection)
        .collect();
    assert_eq!(connections, [1, 1]);
    ask(&panel, "3").await;
    assert_eq!(panel.ledger().requests()[2].connection, 2);
}

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
async fn a_gate_before_the_work_holds_back_the_sale() {
    let panel = start(|_| {}).await;
    let gate = panel.hold(Endpoint::Purchase, Moment::BeforeWork);
    let mut client = connect(&panel).await.unwrap();
    wire::send(&mut client, &buying("1")).await;
    gate.arrived(1).await;
    assert!(!panel.ledger().sold("1"));
    // The client dies; the panel goes on and sells.
    drop(client);
    panel.wait_for(|ledger| ledger.in_flight() == 0).await;
    assert!(!panel.ledger().sold("1"));
    gate.open();
    panel.wait_for(|ledger| ledger.sold("1")).await;
}

#[tokio::test]
async fn a_gate_before_the_answer_holds_back_the_answer_only() {
    let panel = start(|_| {}).await;
    let gate = panel.hold(Endpoint::Purchase, Moment::BeforeAnswer);
    let mut client = connect(&panel).await.unwrap();
    wire::send(&mut client, &buying("1")).await;
    gate.arrived(1).await;
    assert!(panel.ledger().sold("1"));
    assert!(client.try_read(&mut [0; 8]).is_err(), "nothing came yet");
    gate.let_one_through();
    let mut start = [0; 15];
    client.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 200 OK");
}

#[tokio::test]
async fn counts_what_is_in_flight_and_the_most_there_ever_was() {
    let panel = start(|_| {}).await;
    let gate = panel.hold(Endpoint::Status, Moment::BeforeAnswer);
    let mut clients = Vec::new();
    for _ in 0..5 {
        let mut client = connect(&panel).await.unwrap();
        wire::send(&mut client, &asking("1")).await;
        clients.push(client);
    }
    gate.arrived(5).await;
    assert_eq!(panel.ledger().in_flight(), 5);
    clients.pop();
    panel.wait_for(|ledger| ledger.in_flight() == 4).await;
    gate.open();
    panel.wait_for(|ledger| ledger.in_flight() == 0).await;
    ask(&panel, "1").await;
    assert_eq!(panel.ledger().max_in_flight(), 5);
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
async fn a_purchase_can_be_settled_and_an_account_filled_by_hand() {
    let panel = start(|plan| plan.readiness = Readiness::NEVER).await;
    assert!(panel.set_balance("bayi", Decimal::from(35)));
    assert_eq!(buy(&panel, "1").await.text(), "OK|35.00|0.00");
    assert_eq!(
        ask(&panel, "1").await.text(),
        "OK|1| |İşlem sırada bekliyor"
    );
    assert!(panel.settle("bayi", "1", Ending::Cancelled));
    assert!(ask(&panel, "1").await.text().starts_with("OK|3|"));
    assert_eq!(panel.ledger().balance("bayi"), Some(Decimal::from(35)));
    assert!(!panel.settle("bayi", "1", Ending::Pin));
    assert!(!panel.set_balance("nobody", Decimal::ONE));
}

#[tokio::test(start_paused = true)]
async fn a_purchase_is_ready_when_its_time_has_come() {
    let minute = std::time::Duration::from_mins(1);
    let panel = start(|plan| plan.readiness = Readiness::after(minute)).await;
    buy(&panel, "1").await;
    assert!(ask(&panel, "1").await.text().starts_with("OK|1|"));
    tokio::time::advance(minute).await;
    assert!(ask(&panel, "1").await.text().starts_with("OK|2|"));
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
