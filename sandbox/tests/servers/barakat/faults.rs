//! Faults, gates and the port, where they meet this panel. How each trouble looks on the wire is
//! proved at the other panel, with the same code.

use std::io::ErrorKind;

use sandbox::{
    barakat::{Endpoint, Ledger, unreliable},
    gates::Moment,
    trouble::{Fault, Trouble},
};
use tokio::io::AsyncReadExt;

use super::{
    ask, buy, buying, start,
    wire::{self, Seen, connect, get},
};

/// Buys twice under one fault: once it happens instead of the sale, once after it. The ledger
/// must know which is which, whatever the client sees. Returns what the client saw.
async fn both(trouble: Trouble) -> [Seen; 2] {
    let panel = start(|_| {}).await;
    let faults = panel.faults();
    faults.next(Endpoint::Purchase, Fault::Instead(trouble.clone()));
    faults.next(Endpoint::Purchase, Fault::After(trouble));
    let seen = [
        get(&panel, &buying("1")).await,
        get(&panel, &buying("2")).await,
    ];

    let ledger = panel.ledger();
    assert!(!ledger.sold("1") && ledger.sold("2"));
    let records = ledger.requests();
    assert_eq!((records[0].sold(), records[1].sold()), (false, true));
    assert_eq!(ledger.purchases_without_sale().len(), 1);
    assert_eq!(buy(&panel, "3").await["status"], "OK");

    seen
}

#[tokio::test]
async fn an_answer_that_is_lost_may_be_of_a_sale() {
    for seen in both(Trouble::Reset).await {
        assert_eq!(seen.error, Some(ErrorKind::ConnectionReset));
        assert!(seen.raw.is_empty());
    }
    for seen in both(Trouble::Page(502)).await {
        assert_eq!(seen.status(), 502);
    }
}

#[tokio::test]
async fn a_cut_answer_is_shorter_than_announced() {
    let [_, after] = both(Trouble::Cut(14)).await;
    assert_eq!(after.body(), br#"{"status":"OK""#);
    assert!(after.announced() > after.body().len());
}

#[tokio::test]
async fn says_anything_as_json_whether_it_sold_or_not() {
    let text = r#"{"status":"ERROR","message":"timeout"}"#;
    for seen in both(Trouble::says(text)).await {
        assert_eq!((seen.status(), seen.text()), (200, text));
        let kind = seen.header("Content-Type").unwrap();
        assert_eq!(kind, "application/json; charset=utf-8");
    }
}

#[tokio::test]
async fn the_sale_is_in_the_ledger_before_its_answer_leaves() {
    let panel = start(|_| {}).await;
    let gate = panel.hold(Endpoint::Purchase, Moment::BeforeAnswer);
    let mut client = connect(&panel).await.unwrap();
    wire::send(&mut client, &buying("1")).await;
    gate.arrived(1).await;
    assert!(panel.ledger().sold("1"));
    assert_eq!(panel.ledger().in_flight(), 1);

    let nothing = client.try_read(&mut [0; 8]).unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
    gate.open();
    assert!(client.read(&mut [0; 8]).await.unwrap() > 0);
    panel.wait_for(|ledger| ledger.in_flight() == 0).await;
    assert_eq!(panel.ledger().max_in_flight(), 1);
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
    assert_eq!(buy(&panel, "2").await["status"], "OK");
    assert!(!panel.ledger().sold("1"), "the panel died before it sold");
}

#[tokio::test]
async fn a_lost_answer_to_a_question_still_counts_as_asked() {
    let panel = start(|_| {}).await;
    buy(&panel, "1").await;
    for fault in [Fault::Instead(Trouble::Reset), Fault::After(Trouble::Reset)] {
        panel.faults().next(Endpoint::Status, fault);
        get(&panel, &super::asking("1")).await;
    }
    assert_eq!(panel.ledger().sale("1").unwrap().asked, 1);
}

#[tokio::test]
async fn a_panel_that_does_not_listen_refuses_and_comes_back_to_its_port() {
    let panel = start(|_| {}).await;
    let mut open = connect(&panel).await.unwrap();
    panel.pause_listening().await.unwrap();
    let refused = connect(&panel).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    panel.resume_listening().await.unwrap();
    assert_eq!(ask(&panel, "1").await["status"], "OK");

    wire::send(&mut open, &buying("5")).await;
    panel.wait_for(|ledger| ledger.sold("5")).await;
    assert_eq!(panel.connections(), 2);
    panel.stop().await.unwrap();
    assert!(connect(&panel).await.is_err());
}

/// Whether the panel has decided to let this purchase hang.
fn hangs(ledger: &Ledger, uuid: &str) -> bool {
    let requests = ledger.requests_about(Endpoint::Purchase, uuid);
    requests.iter().any(|request| match &request.fault {
        Some(Fault::Instead(Trouble::Hang)) => true,
        Some(Fault::After(Trouble::Hang)) => request.sold(),
        _ => false,
    })
}

#[tokio::test]
async fn an_unreliable_panel_sells_in_some_of_its_faults_only() {
    let panel = start(|plan| plan.faults = unreliable(0.9)).await;
    for n in 0..200_u32 {
        let (uuid, target) = (n.to_string(), buying(&n.to_string()));
        tokio::select! {
            _ = get(&panel, &target) => {}
            () = panel.wait_for(|ledger| hangs(ledger, &uuid)) => {}
        }
    }

    let requests = panel.ledger().requests();
    let faults = requests.iter().filter(|r| r.fault.is_some()).count();
    assert!((150..200).contains(&faults), "{faults} faults");
    let sales = panel.ledger().sale_count();
    assert!((80..150).contains(&sales), "{sales} sales");

    for request in requests {
        let works = request.fault.as_ref().is_none_or(Fault::works);
        let sold = panel.ledger().sold(&request.references[0]);
        assert_eq!(sold, works, "{request:?}");
    }
}
