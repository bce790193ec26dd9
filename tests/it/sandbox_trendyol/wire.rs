//! Requests as a seller's client sends them.

use sandbox::trendyol::TrendyolStore;
use serde_json::Value;
use tokio::net::TcpStream;

pub(super) use crate::sandbox_panel::wire::Seen;
use crate::sandbox_panel::wire::exchange;

/// `anahtar:gizli-anahtar`.
pub(super) const PASS: &str = "Authorization: Basic YW5haHRhcjpnaXpsaS1hbmFodGFy\r\n";
pub(super) const AGENT: &str = "User-Agent: 107703 - SelfIntegration\r\n";
pub(super) const JSON: &str = "Content-Type: application/json\r\n";

/// The path of an endpoint of the store's own seller.
pub(super) fn path(area: &str, rest: &str) -> String {
    format!("/integration/{area}/sellers/107703/{rest}")
}

pub(super) fn push_path() -> String {
    path("inventory", "products/price-and-inventory")
}

/// One request on a connection of its own, with exactly these header lines.
pub(super) async fn send(
    store: &TrendyolStore,
    method: &str,
    target: &str,
    headers: &str,
    body: &str,
) -> Seen {
    let url = store.base_url();
    let address = url.strip_prefix("http://").unwrap();
    let stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let head = format!("{method} {target} HTTP/1.1\r\nHost: store\r\nConnection: close\r\n");
    let bytes = format!("{head}Content-Length: {length}\r\n{headers}\r\n{body}");
    exchange(stream, &bytes).await
}

/// The same with everything that a client must send.
pub(super) async fn call(store: &TrendyolStore, method: &str, target: &str, body: &str) -> Seen {
    let headers = format!("{PASS}{AGENT}{JSON}");
    send(store, method, target, &headers, body).await
}

pub(super) async fn get(store: &TrendyolStore, target: &str) -> Seen {
    call(store, "GET", target, "").await
}

/// What a well answered question says.
pub(super) async fn read(store: &TrendyolStore, target: &str) -> Value {
    let seen = get(store, target).await;
    assert_eq!(seen.status(), 200, "{target}: {}", seen.text());
    json(&seen)
}

pub(super) fn json(seen: &Seen) -> Value {
    serde_json::from_str(seen.text()).unwrap()
}

/// Packages or claims below `/integration/order`.
pub(super) async fn order_api(store: &TrendyolStore, rest: &str) -> Value {
    read(store, &path("order", rest)).await
}

/// The HTTP status of a question below `/integration/order`.
pub(super) async fn order_status(store: &TrendyolStore, rest: &str) -> u16 {
    get(store, &path("order", rest)).await.status()
}

/// A stock report.
pub(super) fn report(items: &[(&str, i64)]) -> String {
    let item = |(barcode, quantity): &(&str, i64)| {
        format!(r#"{{"barcode":"{barcode}","quantity":{quantity}}}"#)
    };
    let items: Vec<String> = items.iter().map(item).collect();
    format!(r#"{{"items":[{}]}}"#, items.join(","))
}

pub(super) async fn push(store: &TrendyolStore, items: &[(&str, i64)]) -> Seen {
    call(store, "POST", &push_path(), &report(items)).await
}

/// Reports stock that is accepted; returns the id.
pub(super) async fn accepted(store: &TrendyolStore, items: &[(&str, i64)]) -> String {
    let seen = push(store, items).await;
    assert_eq!(seen.status(), 200, "{}", seen.text());
    json(&seen)["batchRequestId"].as_str().unwrap().to_owned()
}

/// What became of a report.
pub(super) async fn result(store: &TrendyolStore, id: &str) -> Value {
    read(store, &result_path(id)).await
}

pub(super) fn result_path(id: &str) -> String {
    path("product", &format!("products/batch-requests/{id}"))
}

/// The items of a result: barcode, state, reason.
pub(super) fn outcomes(result: &Value) -> Vec<(String, String, String)> {
    let items = result["items"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    items
        .map(|item| {
            let barcode = text(&item["requestItem"]["barcode"]);
            (
                barcode,
                text(&item["status"]),
                text(&item["failureReasons"][0]),
            )
        })
        .collect()
}

/// The numbers of one field of each entry of a page.
pub(super) fn numbers(page: &Value, field: &str) -> Vec<i64> {
    let content = page["content"].as_array().unwrap().iter();
    content
        .map(|entry| entry[field].as_i64().unwrap())
        .collect()
}

/// The ids of the packages of a page.
pub(super) fn ids(page: &Value) -> Vec<i64> {
    numbers(page, "shipmentPackageId")
}
