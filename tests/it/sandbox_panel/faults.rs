//! Each fault as it arrives at a client, and what the panel knows about it.

use std::{io::ErrorKind, time::Duration};

use sandbox::{
    faults::FaultPlan,
    http::{Framing, Greeting},
    panel::{Endpoint, Ledger, Panel, Said, unreliable},
    trouble::{Fault, Pace, Trouble},
};

use super::{
    ask, buy, buying, start,
    wire::{self, Seen, connect},
};

/// Buys twice under one fault: once it happens instead of the sale, once after it. The ledger
/// must know which is which, whatever the client sees. Returns what the client saw.
async fn both(trouble: Trouble) -> [Seen; 2] {
    let panel = start(|_| {}).await;
    let instead = Fault::Instead(trouble.clone());
    let after = Fault::After(trouble);
    assert!(!instead.works() && after.works());
    panel.faults().next(Endpoint::Purchase, instead);
    panel.faults().next(Endpoint::Purchase, after);
    let seen = [buy(&panel, "1").await, buy(&panel, "2").await];
    assert!(!panel.ledger().sold("1") && panel.ledger().sold("2"));
    let records = panel.ledger().requests();
    assert_eq!((records[0].sold(), records[1].sold()), (false, true));
    assert_eq!(records[1].said, Some(Said::Accepted));
    assert_eq!(buy(&panel, "3").await.text(), "OK|35.00|999930.00");
    seen
}

#[tokio::test]
async fn a_reset_is_a_reset() {
    for seen in both(Trouble::Reset).await {
        assert_eq!(seen.error, Some(ErrorKind::ConnectionReset));
        assert!(seen.raw.is_empty());
    }
}

#[tokio::test]
async fn a_close_is_no_reset() {
    for seen in both(Trouble::Close).await {
        assert_eq!((seen.error, seen.raw.len()), (None, 0));
    }
}

#[tokio::test]
async fn a_cut_body_is_shorter_than_announced() {
    let [instead, after] = both(Trouble::Cut(4)).await;
    assert_eq!((instead.status(), instead.body()), (503, &b"<!DO"[..]));
    assert_eq!((after.status(), after.body()), (200, &b"OK|3"[..]));
    assert_eq!(after.announced(), "OK|35.00|999965.00".len());
    for seen in both(Trouble::Cut(usize::MAX)).await {
        assert_eq!(seen.body().len() + 1, seen.announced());
    }
}

#[tokio::test]
async fn a_cut_body_in_chunks_has_no_end() {
    let panel = start(|plan| plan.style.framing = Framing::Chunked).await;
    let cut = Fault::After(Trouble::Cut(4));
    panel.faults().next(Endpoint::Purchase, cut);
    assert_eq!(buy(&panel, "1").await.body(), b"12\r\nOK|3");
}

#[tokio::test]
async fn pages_have_their_status() {
    for status in [200, 403, 500, 502, 503] {
        for seen in both(Trouble::Page(status)).await {
            assert_eq!(seen.status(), status);
            assert!(seen.text().contains("<html>"));
        }
    }
}

#[tokio::test]
async fn empty_is_a_good_answer_without_a_body() {
    for seen in both(Trouble::Empty).await {
        assert_eq!((seen.status(), seen.text()), (200, ""));
    }
}

#[tokio::test]
async fn a_redirect_leads_to_the_same_purchase() {
    let [first, second] = both(Trouble::Redirect).await;
    for (seen, reference) in [(first, "1"), (second, "2")] {
        assert_eq!(seen.status(), 302);
        assert_eq!(seen.header("Location"), Some(buying(reference)));
    }
}

#[tokio::test]
async fn a_huge_body_is_sent_whole() {
    for seen in both(Trouble::Huge).await {
        assert_eq!(seen.body().len(), seen.announced());
        assert!(seen.body().len() > 256 << 10);
    }
}

#[tokio::test]
async fn garbage_is_neither_text_nor_gzip_nor_http() {
    for seen in both(Trouble::Garbage).await {
        assert!(std::str::from_utf8(seen.body()).is_err());
    }
    for seen in both(Trouble::BrokenGzip).await {
        assert_eq!(seen.header("Content-Encoding").unwrap(), "gzip");
        assert!(!seen.body().starts_with(b"\x1f\x8b"));
    }
    for seen in both(Trouble::NotHttp).await {
        assert!(!seen.raw.is_empty() && !seen.raw.starts_with(b"HTTP/"));
    }
}

#[tokio::test]
async fn a_gzip_bomb_is_small_on_the_wire() {
    for seen in both(Trouble::GzipBomb).await {
        assert!(seen.body().starts_with(b"\x1f\x8b"));
        assert!(seen.body().len() < 256 << 10, "{} bytes", seen.body().len());
    }
}

#[tokio::test]
async fn says_eight_whether_it_sold_or_not() {
    for seen in both(Trouble::says("8|Bağlantı hatası")).await {
        assert_eq!(seen.text(), "8|Bağlantı hatası");
    }
}

#[tokio::test]
async fn slowness_sells_and_answers_all_the_same() {
    let pause = Duration::from_millis(1);
    for pace in [Pace::Before(pause), Pace::After(pause), Pace::Drip(pause)] {
        let panel = start(|_| {}).await;
        let slow = Fault::Slow(pace);
        assert!(slow.works());
        panel.faults().next(Endpoint::Purchase, slow);
        assert_eq!(buy(&panel, "1").await.text(), "OK|35.00|999965.00");
        assert!(panel.ledger().sold("1"));
    }
}

/// Whether the panel has decided to let this purchase hang.
fn hangs(ledger: &Ledger, reference: &str) -> bool {
    let requests = ledger.requests_about(Endpoint::Purchase, reference);
    requests.iter().any(|request| {
        let fault = request.fault.as_ref();
        fault.is_some_and(|f| {
            *f == Fault::Instead(Trouble::Hang)
                || (*f == Fault::After(Trouble::Hang) && request.sold())
        })
    })
}

/// A client that gives up on a purchase that hangs.
async fn give_up(panel: &Panel, fault: Fault, reference: &str) {
    panel.faults().next(Endpoint::Purchase, fault);
    let mut stream = connect(panel).await.unwrap();
    wire::send(&mut stream, &buying(reference)).await;
    let about = |l: &Ledger| l.requests_about(Endpoint::Purchase, reference).len() == 1;
    panel.wait_for(about).await;
    assert_eq!(panel.ledger().in_flight(), 1);
    assert_eq!(
        stream.try_read(&mut [0; 8]).unwrap_err().kind(),
        ErrorKind::WouldBlock
    );
    drop(stream);
    panel.wait_for(|ledger| ledger.in_flight() == 0).await;
}

#[tokio::test]
async fn a_hang_lasts_until_the_client_goes() {
    let panel = start(|_| {}).await;
    give_up(&panel, Fault::Instead(Trouble::Hang), "1").await;
    give_up(&panel, Fault::After(Trouble::Hang), "2").await;
    assert!(!panel.ledger().sold("1") && panel.ledger().sold("2"));
}

#[tokio::test]
async fn a_lost_answer_to_a_question_still_counts_as_asked() {
    let panel = start(|_| {}).await;
    buy(&panel, "1").await;
    for fault in [Fault::Instead(Trouble::Reset), Fault::After(Trouble::Reset)] {
        panel.faults().next(Endpoint::Status, fault);
        ask(&panel, "1").await;
    }
    assert_eq!(panel.ledger().sale("1").unwrap().asked, 1);
}

#[tokio::test]
async fn a_connection_can_end_before_it_is_read() {
    let panel = start(|_| {}).await;
    for greeting in [Greeting::Close, Greeting::Reset] {
        panel.faults().next_connection(greeting);
        let seen = buy(&panel, "1").await;
        assert!(seen.raw.is_empty());
        if greeting == Greeting::Reset {
            assert!(seen.error.is_some(), "{seen:?}");
        }
    }
    assert_eq!(panel.ledger().count(Endpoint::Purchase), 0);
    panel.faults().set_plan(FaultPlan {
        closed_unread: 1.0,
        ..FaultPlan::default()
    });
    assert!(buy(&panel, "1").await.raw.is_empty());
    assert_eq!(panel.connections(), 3);
    assert_eq!(panel.ledger().count(Endpoint::Purchase), 0);
}

#[tokio::test]
async fn a_panel_that_does_not_listen_refuses_and_comes_back_to_its_port() {
    let panel = start(|_| {}).await;
    let mut open = connect(&panel).await.unwrap();
    for _ in 0..3 {
        panel.pause_listening().await.unwrap();
        panel.pause_listening().await.unwrap();
        let refused = connect(&panel).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        panel.resume_listening().await.unwrap();
        panel.resume_listening().await.unwrap();
        assert_eq!(ask(&panel, "1").await.text(), "3|İşlem bulunamadı");
    }
    wire::send(&mut open, &buying("5")).await;
    panel.wait_for(|ledger| ledger.sold("5")).await;
    panel.stop().await.unwrap();
    assert!(connect(&panel).await.is_err());
}

#[tokio::test]
async fn an_unreliable_panel_sells_in_some_of_its_faults_only() {
    let panel = start(|plan| plan.faults = unreliable(0.9)).await;
    for n in 0..200_u32 {
        let reference = n.to_string();
        tokio::select! {
            _ = buy(&panel, &reference) => {}
            () = panel.wait_for(|ledger| hangs(ledger, &reference)) => {}
        }
    }
    let requests = panel.ledger().requests();
    let faults = requests.iter().filter(|r| r.fault.is_some()).count();
    assert!((150..200).contains(&faults), "{faults} faults");
    let sales = panel.ledger().sale_count();
    assert!((80..150).contains(&sales), "{sales} sales");
    for request in requests {
        let works = request.fault.as_ref().is_none_or(Fault::works);
        assert_eq!(
            panel.ledger().sold(&request.reference),
            works,
            "{request:?}"
        );
    }
}
