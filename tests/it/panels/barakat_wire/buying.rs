//! One purchase is one request on one connection.

use std::time::Duration;

use orderwatch::{
    order::{NotSent, PurchaseOutcome},
    provider::{AnswerClass, HttpSettings, Provider},
};
use secrecy::ExposeSecret;
use tokio::net::TcpListener;

use super::{
    BOUGHT, LONG, barakat, barakat_at, pairs,
    panel::{Panel, Then, gzip, http, ok},
    purchase, request,
};

use AnswerClass::{Cut, Empty, Html, Text};
use PurchaseOutcome::{SentBefore, Unsure};

const FINE: &str = r#"{"status":"OK","data":{"order_id":"67890","status":"wait","price":"45.50"}}"#;
const PIN: &str = "AB12-CD34-EF56-GH78";

fn accepted_and(ready: bool) -> PurchaseOutcome {
    PurchaseOutcome::Accepted {
        cost: Some("45.5".parse().unwrap()),
        balance: None,
        ready,
    }
}

/// Rejected at once: it costs nothing.
fn paid_back() -> PurchaseOutcome {
    PurchaseOutcome::Accepted {
        cost: None,
        balance: None,
        ready: true,
    }
}

fn accepted() -> PurchaseOutcome {
    accepted_and(false)
}

fn refused(text: &str) -> PurchaseOutcome {
    PurchaseOutcome::Refused(text.to_owned())
}

fn error(message: &str) -> String {
    format!(r#"{{"status":"ERROR","message":"{message}"}}"#)
}

/// An order that the panel has taken, in this state.
fn sold(status: &str) -> Vec<u8> {
    ok(FINE.replace("wait", status))
}

/// Buys once and looks at everything that came to the panel.
async fn buys_once(
    case: &str,
    answer: Vec<u8>,
    then: Then,
    outcome: PurchaseOutcome,
    class: AnswerClass,
) {
    let panel = Panel::answering(answer, then).await;
    let address = panel.address;
    let reply = barakat(address).purchase(&purchase()).await;
    assert_eq!(
        panel.connections().await,
        [request(address, BOUGHT)],
        "{case}"
    );
    assert_eq!(reply.outcome, outcome, "{case}: {reply:?}");
    assert!(reply.pin.is_none(), "{case}: {reply:?}");
    assert_eq!(reply.evidence.class, class, "{case}: {reply:?}");
}

#[tokio::test]
async fn an_answer_is_understood_however_it_is_sent() {
    let packed = http(
        "200 OK",
        "content-encoding: gzip\r\n",
        gzip(FINE.as_bytes()),
    );
    let (begin, end) = FINE.split_at(20);
    let chunked = format!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{begin}\r\n{:x}\r\n{end}\r\n0\r\n\r\n",
        begin.len(),
        end.len()
    );
    let until_close = format!("HTTP/1.0 200 OK\r\n\r\n{FINE}");
    let hints = [b"HTTP/1.1 103 Early Hints\r\n\r\n".to_vec(), ok(FINE)].concat();
    for (case, answer, then, outcome, class) in [
        ("connection kept", ok(FINE), Then::Stay, accepted(), Text),
        ("connection closed", ok(FINE), Then::Close, accepted(), Text),
        ("half-closed", ok(FINE), Then::HalfClose, accepted(), Text),
        (
            "no length",
            until_close.into(),
            Then::Close,
            accepted(),
            Text,
        ),
        ("in chunks", chunked.into(), Then::Stay, accepted(), Text),
        ("packed", packed, Then::Stay, accepted(), Text),
        ("early hints", hints, Then::Stay, accepted(), Text),
        (
            "marks before it",
            ok(format!("\u{feff}\r\n\n{FINE}\n")),
            Then::Stay,
            accepted(),
            Text,
        ),
    ] {
        buys_once(case, answer, then, outcome, class).await;
    }
}

#[tokio::test]
async fn an_answer_is_understood_and_asked_for_once() {
    for (case, answer, then, outcome, class) in [
        (
            "done at once",
            sold("success"),
            Then::Stay,
            accepted_and(true),
            Text,
        ),
        (
            "rejected at once",
            sold("reject"),
            Then::Stay,
            paid_back(),
            Text,
        ),
        (
            "refused",
            ok(error("Insufficient balance")),
            Then::Stay,
            refused("Insufficient balance"),
            Text,
        ),
        (
            "refused in Turkish",
            ok(error("Geçersiz oyuncu")),
            Then::Close,
            refused("Geçersiz oyuncu"),
            Text,
        ),
        (
            "refused with a status of its own",
            http("401 Unauthorized", "", error("Invalid token")),
            Then::Stay,
            refused("Invalid token"),
            Text,
        ),
        (
            "sent before",
            ok(error("order_uuid already exists")),
            Then::Stay,
            SentBefore,
            Text,
        ),
        (
            "trouble behind",
            ok(error("Internal server error, try again")),
            Then::Stay,
            Unsure,
            Text,
        ),
        (
            "an order beside a refusal",
            ok(r#"{"status":"ERROR","message":"Insufficient balance","data":{"order_id":"7"}}"#),
            Then::Stay,
            Unsure,
            Text,
        ),
        (
            "nothing named",
            ok(r#"{"status":"OK"}"#),
            Then::Stay,
            Unsure,
            Text,
        ),
        ("no JSON", ok("OK|10.12|980.88"), Then::Stay, Unsure, Text),
        (
            "two answers",
            ok([FINE, FINE].concat()),
            Then::Stay,
            Unsure,
            Text,
        ),
        ("empty", ok(""), Then::Stay, Unsure, Empty),
        (
            "page",
            ok(format!("<html>{FINE}</html>")),
            Then::Stay,
            Unsure,
            Html,
        ),
    ] {
        buys_once(case, answer, then, outcome, class).await;
    }
}

#[tokio::test]
async fn a_code_that_comes_with_it_comes_back_whole_and_is_shown_masked() {
    let answer = FINE
        .replace("wait", "success")
        .replace(r#""price""#, &format!(r#""pin":"{PIN}","price""#));
    let panel = Panel::answering(ok(answer), Then::Stay).await;
    let reply = barakat(panel.address).purchase(&purchase()).await;
    assert_eq!(reply.outcome, accepted_and(true));
    assert_eq!(reply.pin.as_ref().unwrap().expose_secret(), PIN);
    assert!(reply.evidence.body.contains(r#""pin":"****""#), "{reply:?}");
    assert!(!format!("{reply:?}").contains("AB12"), "{reply:?}");
}

#[tokio::test]
async fn another_status_than_200_is_never_an_answer() {
    let refusal = error("Insufficient balance");
    let location = |to: &str| http("302 Found", &format!("location: {to}\r\n"), &refusal);
    let retry = "retry-after: 0\r\n";
    for (case, answer) in [
        ("to itself", location("/client/api/newOrder/501/params")),
        ("to nowhere", location("http://1.2.3.256/")),
        (
            "without address",
            http("301 Moved Permanently", "", &refusal),
        ),
        (
            "see other",
            http("303 See Other", "location: /\r\n", &refusal),
        ),
        (
            "temporary",
            http("307 Temporary Redirect", "location: ?again\r\n", FINE),
        ),
        (
            "permanent",
            http("308 Permanent Redirect", "location: /\r\n", FINE),
        ),
        ("created", http("201 Created", "", FINE)),
        ("accepted", http("202 Accepted", "", FINE)),
        ("sold in a bad request", http("400 Bad Request", "", FINE)),
        (
            "request time-out",
            http("408 Request Timeout", "connection: close\r\n", &refusal),
        ),
        ("conflict", http("409 Conflict", "", &refusal)),
        ("too early", http("425 Too Early", retry, &refusal)),
        ("too many", http("429 Too Many Requests", retry, &refusal)),
        ("server error", http("500 Internal Server Error", "", FINE)),
        (
            "refusal in a server error",
            http("500 Internal Server Error", "", &refusal),
        ),
        ("bad gateway", http("502 Bad Gateway", "", &refusal)),
        (
            "unavailable",
            http("503 Service Unavailable", retry, &refusal),
        ),
    ] {
        for then in [Then::Stay, Then::Close] {
            buys_once(case, answer.clone(), then, Unsure, Text).await;
        }
    }
}

#[tokio::test]
async fn a_broken_answer_is_unsure_and_never_asked_for_again() {
    let whole = ok(FINE);
    let cut_chunks = format!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{FINE}\r\n",
        FINE.len()
    );
    let long = ok(format!("{FINE}{}", " ".repeat(256 * 1024)));
    let packed = |body: &[u8]| http("200 OK", "content-encoding: gzip\r\n", body);
    let bomb = packed(&gzip(
        &[FINE.as_bytes(), vec![b' '; 64 << 20].as_slice()].concat(),
    ));
    let gz = gzip(FINE.as_bytes());
    let none = AnswerClass::None;
    for (case, answer, then, class) in [
        ("reset", vec![], Then::Reset, none),
        ("closed", vec![], Then::Close, none),
        ("half-closed", vec![], Then::HalfClose, none),
        (
            "half a status line",
            b"HTTP/1.1 2".to_vec(),
            Then::Close,
            none,
        ),
        (
            "half a head, reset",
            whole[..20].to_vec(),
            Then::Reset,
            none,
        ),
        ("not HTTP", FINE.into(), Then::Close, none),
        ("cut", whole[..whole.len() - 1].to_vec(), Then::Close, Cut),
        (
            "cut, half-closed",
            whole[..whole.len() - 1].to_vec(),
            Then::HalfClose,
            Cut,
        ),
        ("cut in chunks", cut_chunks.into(), Then::Close, Cut),
        ("too long", long, Then::Stay, Cut),
        ("bomb", bomb, Then::Stay, Cut),
        (
            "packed and cut",
            packed(&gz[..gz.len() - 9]),
            Then::Stay,
            Cut,
        ),
    ] {
        buys_once(case, answer, then, Unsure, class).await;
    }
}

#[tokio::test]
async fn a_panel_that_hangs_gets_one_request() {
    let impatient = HttpSettings {
        request_timeout: Duration::from_secs(1),
        ..LONG
    };
    let whole = ok(FINE);
    let begun = whole[..whole.len() - 1].to_vec();
    for (answer, class) in [(vec![], AnswerClass::None), (begun, Cut)] {
        let panel = Panel::answering(answer, Then::Stay).await;
        let address = panel.address;
        let barakat = barakat_at(&format!("http://{address}/"), impatient);
        let reply = barakat.purchase(&purchase()).await;
        assert_eq!(panel.connections().await, [request(address, BOUGHT)]);
        assert_eq!(reply.outcome, Unsure, "{reply:?}");
        assert_eq!(reply.evidence.class, class);
        assert_eq!(
            reply.evidence.trouble,
            "no whole answer within the time-out"
        );
    }
}

#[tokio::test]
async fn each_purchase_has_a_connection_of_its_own() {
    for then in [Then::Stay, Then::Close, Then::HalfClose] {
        let panel = Panel::answering(ok(FINE), then).await;
        let address = panel.address;
        let barakat = barakat(address);
        for _ in 0..3 {
            assert_eq!(barakat.purchase(&purchase()).await.outcome, accepted());
        }
        let one = request(address, BOUGHT);
        assert_eq!(panel.connections().await, [one.as_str(); 3]);
    }
}

#[tokio::test]
async fn what_was_surely_not_sent_is_told_apart() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    for (base, trouble) in [
        (
            format!("http://{closed}"),
            "the server refused the connection",
        ),
        (
            "https://nonexistent.invalid".to_owned(),
            "the server's name could not be resolved",
        ),
    ] {
        let reply = barakat_at(&base, LONG).purchase(&purchase()).await;
        assert_eq!(
            reply.outcome,
            PurchaseOutcome::NotSent(NotSent::Connect),
            "{base}"
        );
        assert_eq!(reply.evidence.trouble, trouble, "{base}");
        assert_eq!(reply.evidence.class, AnswerClass::None);
    }
}

#[tokio::test]
async fn without_encryption_nothing_is_sent() {
    let plain = http("400 Bad Request", "", "plain HTTP request expected");
    for (answer, then) in [
        (plain, Then::Stay),
        (vec![], Then::Close),
        (vec![], Then::Reset),
    ] {
        let panel = Panel::answering(answer, then).await;
        let barakat = barakat_at(&format!("https://{}", panel.address), LONG);
        let reply = barakat.purchase(&purchase()).await;
        assert_eq!(
            reply.outcome,
            PurchaseOutcome::NotSent(NotSent::Tls),
            "{reply:?}"
        );
        let wire = panel.connections().await;
        assert_eq!(wire.len(), 1);
        assert!(!wire[0].contains("GET") && !wire[0].contains("canary"));
    }
}

#[tokio::test]
async fn goods_that_would_lead_to_another_endpoint_are_not_sent() {
    let panel = Panel::answering(ok(FINE), Then::Stay).await;
    let barakat = barakat(panel.address);
    for product in [
        pairs([("oyun", "9"), ("kupur", "325")]),
        pairs([("product", ""), ("qty", "1")]),
        pairs([("product", ".."), ("qty", "1")]),
    ] {
        let mut bought = purchase();
        bought.goods.product = product;
        let reply = barakat.purchase(&bought).await;
        assert_eq!(
            reply.outcome,
            PurchaseOutcome::NotSent(NotSent::Connect),
            "{reply:?}"
        );
        assert_eq!(reply.evidence.trouble, "the panel has no such request");
    }
    assert_eq!(panel.connections().await, [] as [&str; 0]);
}
