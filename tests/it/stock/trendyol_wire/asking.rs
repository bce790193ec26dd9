//! Questions: what they look like, and what their answers become.

use orderwatch::{
    marketplace::{BatchId, Cursor, MarketError, Marketplace, Next, PackageQuery},
    stock::{Barcode, rule::Answer},
};

use super::{LONG, request, settings, trendyol, trendyol_with, window};
use crate::panels::znet_wire::panel::{Panel, Then, gzip, http, ok};

const ORDER: &str = "/integration/order/sellers/2738";
const PRODUCT: &str = "/integration/product/sellers/2738/products";

#[tokio::test]
async fn a_stream_is_read_page_by_page_with_the_same_window() {
    for (cursor, escaped) in [
        ("609c a79b&1", "609c+a79b%261"),
        // As live ones are: base64, in which a bare + would be a blank.
        ("eyJzIjpb+/8==", "eyJzIjpb%2B%2F8%3D%3D"),
    ] {
        let page = format!(r#"{{"hasMore":true,"nextCursor":"{cursor}","size":50,"content":[]}}"#);
        let panel = Panel::answering(ok(&page), Then::Stay).await;
        let address = panel.address;
        let trendyol = trendyol(address);
        let first = trendyol.package_stream(window(), None).await.unwrap();
        let cursor = Cursor(cursor.into());
        assert_eq!(first.next, Next::More(cursor.clone()));
        let second = trendyol.package_stream(window(), Some(&cursor)).await;
        assert_eq!(second.unwrap().next, Next::Lost, "the same cursor again");
        drop(trendyol);
        let line = format!(
            "GET {ORDER}/orders/stream?lastModifiedStartDate=1779540605218\
             &lastModifiedEndDate=1779704857541&size=200"
        );
        let wire = panel.connections().await;
        let want = [
            request(address, &line, ""),
            request(address, &format!("{line}&nextCursor={escaped}"), ""),
        ];
        assert_eq!(wire, want, "each has a connection of its own");
    }
}

#[tokio::test]
async fn packages_are_looked_up_by_order_and_by_window() {
    let page = r#"{"page":0,"size":200,"totalPages":1,"totalElements":1,"content":[
        {"shipmentPackageId":1,"orderNumber":"10654411111","status":"Created","lines":[]}]}"#;
    for (query, number, asked) in [
        (
            PackageQuery::Order("10654411111".into()),
            0,
            "orderNumber=10654411111&page=0&size=200",
        ),
        (
            PackageQuery::Changed(window()),
            49,
            "startDate=1779540605218&endDate=1779704857541\
             &orderByField=PackageLastModifiedDate&orderByDirection=DESC&page=49&size=200",
        ),
    ] {
        let panel = Panel::answering(ok(page), Then::Close).await;
        let address = panel.address;
        let got = trendyol(address).packages(&query, number).await.unwrap();
        assert_eq!(got.records[0].order_number, "10654411111");
        assert!(got.last);
        let line = format!("GET {ORDER}/v2/orders?{asked}");
        assert_eq!(panel.connections().await, [request(address, &line, "")]);
    }
}

#[tokio::test]
async fn a_page_that_is_never_served_is_not_asked_for() {
    let panel = Panel::answering(ok("{}"), Then::Close).await;
    let trendyol = trendyol(panel.address);
    let error = trendyol
        .packages(&PackageQuery::Changed(window()), 50)
        .await
        .unwrap_err();
    assert_eq!(error, MarketError::OutOfReach { page: 50 });
    let none = trendyol.read_back(&[]).await.unwrap_err();
    assert!(matches!(none, MarketError::Arguments(_)));
    let none = trendyol.set_picking(1, &[]).await.unwrap_err();
    assert!(matches!(none, MarketError::Arguments(_)));
    assert_eq!(panel.connections().await, [""; 0]);
}

#[tokio::test]
async fn batches_read_backs_and_returns_are_asked_for() {
    let empty = ok(r#"{"totalElements":0,"content":[],"items":[]}"#);
    let panel = Panel::answering(empty, Then::Stay).await;
    let address = panel.address;
    let trendyol = trendyol(address);
    let batch = BatchId("fa75dfd5-6ce6-1529854840".into());
    let result = trendyol.batch_result(&batch).await.unwrap();
    assert_eq!(result.items, []);
    let barcodes = ["8683772071724", "TSH-Ş"].map(|text| Barcode::parse(text).unwrap());
    let read = trendyol.read_back(&barcodes).await.unwrap();
    let is_listed = |answer: &Answer| *answer != Answer::NotListed;
    assert!(!read.answers.values().any(is_listed));
    assert!(trendyol.claims(window(), 2).await.unwrap().last);
    drop(trendyol);
    let want = [
        format!("GET {PRODUCT}/batch-requests/fa75dfd5-6ce6-1529854840"),
        format!(
            "GET {PRODUCT}/approved/inventory-and-price\
             ?barcodes=8683772071724%2CTSH-%C5%9E&page=0&size=100"
        ),
        format!("GET {ORDER}/claims?startDate=1779540605218&endDate=1779704857541&page=2&size=200"),
    ];
    let want = want.map(|line| request(address, &line, ""));
    assert_eq!(panel.connections().await, want);
}

#[tokio::test]
async fn the_store_front_is_sent_where_it_is_set() {
    let panel = Panel::answering(ok(r#"{"content":[]}"#), Then::Close).await;
    let mut settings = settings(&format!("http://{}/alt", panel.address));
    settings.store_front_code = Some("DE".into());
    let trendyol = trendyol_with(&settings, LONG);
    trendyol.claims(window(), 0).await.unwrap();
    let wire = panel.connections().await.concat();
    assert!(wire.contains("\r\nstorefrontcode: DE\r\n"), "{wire}");
    assert!(wire.starts_with("GET /alt/integration/order/"), "{wire}");
}

#[tokio::test]
async fn a_large_packed_page_is_read() {
    let lines = r#"[{"lineId":1,"barcode":"a","quantity":1}]"#;
    let filler = "x".repeat(10_000);
    let package = |id: u32| {
        format!(
            r#"{{"shipmentPackageId":{id},"orderNumber":"{id}","lines":{lines},"new":"{filler}"}}"#
        )
    };
    let packages: Vec<String> = (0..200).map(package).collect();
    let page = format!(r#"{{"hasMore":false,"content":[{}]}}"#, packages.join(","));
    let packed = gzip(page.as_bytes());
    let answer = http("200 OK", "content-encoding: gzip\r\n", packed);
    let panel = Panel::answering(answer, Then::Stay).await;
    let trendyol = trendyol(panel.address);
    let page = trendyol.package_stream(window(), None).await.unwrap();
    assert_eq!(page.packages.len(), 200);
    assert_eq!(page.next, Next::End);
}

#[tokio::test]
async fn no_returns_may_be_a_404_but_a_wrong_path_is_not() {
    let json = http(
        "404 Not Found",
        "",
        r#"{"errors":[{"key":"claim.not.found"}]}"#,
    );
    let html = http("404 Not Found", "", "<html><title>Not Found</title>");
    let batch = BatchId("x".into());
    let panel = Panel::answering(json, Then::Close).await;
    let market = trendyol(panel.address);
    assert!(market.claims(window(), 0).await.unwrap().records.is_empty());
    let second = market.claims(window(), 1).await.unwrap_err();
    assert!(matches!(second, MarketError::Gone { status: 404, .. }));
    let result = market.batch_result(&batch).await.unwrap();
    assert_eq!(result.items, []);
    let orders = market.package_stream(window(), None).await.unwrap_err();
    assert!(matches!(orders, MarketError::Gone { status: 404, .. }));

    for gateway in [
        html,
        http(
            "404 Not Found",
            "",
            r#"{"timestamp":"x","status":404,"error":"Not Found","path":"/integration/order/sellers/1/claims"}"#,
        ),
        http(
            "404 Not Found",
            "",
            r#"{"path":"/sellers/1/claims","exception":"TrendyolNotFoundException"}"#,
        ),
    ] {
        let panel = Panel::answering(gateway, Then::Close).await;
        let market = trendyol(panel.address);
        for error in [
            market.claims(window(), 0).await.err(),
            market.batch_result(&batch).await.err(),
        ] {
            let gone = matches!(error, Some(MarketError::Gone { status: 404, .. }));
            assert!(gone, "{error:?}");
        }
    }
    // Nothing that speaks of returns: it may be anything.
    let panel = Panel::answering(http("404 Not Found", "", ""), Then::Close).await;
    let error = trendyol(panel.address).claims(window(), 0).await.err();
    let gone = matches!(error, Some(MarketError::Gone { status: 404, .. }));
    assert!(gone, "{error:?}");
}

#[tokio::test]
async fn what_came_instead_of_a_page_is_told_apart_and_shows_no_secret() {
    let whole = ok(r#"{"hasMore":false,"content":[{"customerFirstName":"canary"}]}"#);
    let cut = whole[..whole.len() - 5].to_vec();
    let echo = "canary-key canary-secret Y2FuYXJ5LWtleTpjYW5hcnktc2VjcmV0";
    for (answer, is) in [
        (cut, "Unreachable"),
        (vec![], "Unreachable"),
        (http("500 Oops", "", echo), "Transient"),
        (http("556 Down", "", ""), "Transient"),
        (http("401 Unauthorized", "", echo), "Auth"),
        (http("403 Forbidden", "", echo), "Forbidden"),
        (http("302 Found", "location: /\r\n", ""), "Gone"),
        (http("426 Upgrade Required", "", echo), "Gone"),
        (http("400 Bad Request", "", echo), "Rejected"),
        (ok(""), "Unreadable"),
        (ok("<html>"), "Unreadable"),
        (
            ok(r#"{"content":[{"customerFirstName":"canary"}"#),
            "Unreadable",
        ),
    ] {
        let panel = Panel::answering(answer, Then::Close).await;
        let market = trendyol(panel.address);
        let error = market.package_stream(window(), None).await.unwrap_err();
        let shown = format!("{error:?} {error} {market:?}");
        assert!(shown.starts_with(is), "{is}: {shown}");
        assert!(!shown.contains("canary"), "{shown}");
        assert!(!shown.contains("Y2Fu"), "{shown}");
    }
}
