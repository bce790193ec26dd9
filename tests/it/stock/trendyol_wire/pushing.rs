//! What changes something is one request on a connection of its own, whatever the answer.

use std::time::Duration;

use orderwatch::{
    marketplace::{
        BatchId, MarketError, Marketplace, PushNotSent, PushOutcome, StockItem, trendyol::Trendyol,
    },
    stock::Barcode,
};
use tokio::net::TcpListener;

use super::{LONG, request, settings, trendyol, trendyol_with};
use crate::panels::znet_wire::panel::{Panel, Then, http, ok};

const BATCH: &str = "fa75dfd5-6ce6-4730-a09e-97563500000-1529854840";
const PUSH: &str = "POST /integration/inventory/sellers/2738/products/price-and-inventory";
const BODY: &str =
    r#"{"items":[{"barcode":"8683772071724","quantity":7},{"barcode":"TSH-Ş","quantity":0}]}"#;

fn items() -> Vec<StockItem> {
    [("8683772071724", 7), ("TSH-Ş", 0)]
        .map(|(barcode, quantity)| StockItem {
            barcode: Barcode::parse(barcode).unwrap(),
            quantity,
        })
        .to_vec()
}

async fn push(trendyol: &Trendyol, items: &[StockItem]) -> PushOutcome {
    let permit = trendyol.push_permit().await.unwrap();
    trendyol.push(permit, items).await
}

fn taken() -> Vec<u8> {
    ok(format!(r#"{{"batchRequestId":"{BATCH}"}}"#))
}

#[tokio::test]
async fn a_push_is_one_request_on_its_own_connection() {
    let panel = Panel::answering(taken(), Then::Stay).await;
    let address = panel.address;
    let trendyol = trendyol(address);
    for _ in 0..2 {
        let outcome = push(&trendyol, &items()).await;
        let batch = BatchId(BATCH.into());
        assert_eq!(outcome, PushOutcome::Accepted { batch });
    }
    let one = request(address, PUSH, BODY);
    assert_eq!(panel.connections().await, [one.as_str(); 2]);
}

#[tokio::test]
async fn picking_is_told_with_its_lines() {
    let panel = Panel::answering(ok(""), Then::Stay).await;
    let address = panel.address;
    let lines = [(4_765_111_111, 1), (2, 3)];
    let told = trendyol(address).set_picking(3_330_111_111, &lines).await;
    assert_eq!(told, Ok(()));
    let line = "PUT /integration/order/sellers/2738/shipment-packages/3330111111";
    let body = r#"{"lines":[{"lineId":4765111111,"quantity":1},{"lineId":2,"quantity":3}],"params":{},"status":"Picking"}"#;
    assert_eq!(panel.connections().await, [request(address, line, body)]);
}

#[tokio::test]
async fn an_unknown_package_is_a_401() {
    let answer = http(
        "401 Unauthorized",
        "",
        r#"{"exception":"ClientApiAuthenticationException"}"#,
    );
    let panel = Panel::answering(answer, Then::Close).await;
    let told = trendyol(panel.address).set_picking(1, &[(1, 1)]).await;
    assert!(matches!(told, Err(MarketError::Auth { .. })), "{told:?}");
}

#[tokio::test]
async fn whatever_the_answer_a_push_is_sent_once() {
    let whole = taken();
    let cut = whole[..whole.len() - 3].to_vec();
    let refused = r#"{"errors":[{"key":"x","message":"15 dakika boyunca aynı isteği tekrarlı olarak atamazsınız!","errorCode":"400"}]}"#;
    let invalid = r#"{"errors":[{"key":"invalid.barcode","message":"Barkod formatı geçersiz"}]}"#;
    for (answer, then, is) in [
        (cut.clone(), Then::Close, "Unknown"),
        (cut, Then::Reset, "Unknown"),
        (vec![], Then::Close, "Unknown"),
        (vec![], Then::Reset, "Unknown"),
        (vec![], Then::HalfClose, "Unknown"),
        (ok("{}"), Then::Stay, "Unknown"),
        (ok("<html>"), Then::Stay, "Unknown"),
        (http("500 Oops", "", ""), Then::Stay, "Unknown"),
        (http("503 Down", "", ""), Then::Close, "Unknown"),
        (
            http("408 Request Timeout", "connection: close\r\n", ""),
            Then::Close,
            "Unknown",
        ),
        (
            http("400 Bad Request", "", refused),
            Then::Stay,
            "DuplicateWindow",
        ),
        (http("400 Bad Request", "", invalid), Then::Stay, "Rejected"),
        (http("401 Unauthorized", "", ""), Then::Stay, "Auth"),
        (http("403 Forbidden", "", "<html>"), Then::Stay, "Forbidden"),
        (http("404 Not Found", "", ""), Then::Stay, "Gone"),
        (http("307 Moved", "location: /\r\n", ""), Then::Stay, "Gone"),
        (
            http("429 Slow Down", "retry-after: 7\r\n", ""),
            Then::Stay,
            "RateLimited { retry_after: 7s",
        ),
    ] {
        let panel = Panel::answering(answer, then).await;
        let address = panel.address;
        let outcome = push(&trendyol(address), &items()).await;
        let shown = format!("{outcome:?}");
        assert!(shown.starts_with(is), "{is}: {shown}");
        assert_eq!(
            panel.connections().await,
            [request(address, PUSH, BODY)],
            "{is}"
        );
    }
}

#[tokio::test]
async fn silence_is_an_unknown_outcome() {
    let panel = Panel::answering(vec![], Then::Stay).await;
    let settings = settings(&format!("http://{}", panel.address));
    let trendyol = trendyol_with(&settings, Duration::from_millis(300));
    let outcome = push(&trendyol, &items()).await;
    let sent = panel.connections().await;
    assert_eq!(sent.concat().matches("POST ").count(), 1, "{sent:?}");
    assert!(
        matches!(outcome, PushOutcome::Unknown { .. }),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn what_was_surely_not_sent_is_told_apart() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    for base in [
        format!("http://{closed}"),
        "http://nonexistent.invalid".to_owned(),
    ] {
        let outcome = push(&trendyol_with(&settings(&base), LONG), &items()).await;
        let PushOutcome::NotSent(PushNotSent::Connection(why)) = outcome else {
            panic!("{outcome:?}");
        };
        assert!(
            !why.contains("127.0.0.1") && !why.contains("invalid"),
            "{why}"
        );
    }
    let none = push(&trendyol(closed), &[]).await;
    assert_eq!(none, PushOutcome::NotSent(PushNotSent::Empty));
}
