//! Progress that the seller reports.

use sandbox::trendyol::{Status, TrendyolStore};

use super::{
    FIRST, SECOND, start,
    wire::{self, Seen, call, order_api, path},
};

async fn report(store: &TrendyolStore, id: i64, body: &str) -> Seen {
    let target = path("order", &format!("shipment-packages/{id}"));
    call(store, "PUT", &target, body).await
}

/// The lines of a package as a report names them.
fn lines(store: &TrendyolStore, id: i64) -> String {
    let lines = store.package(id).unwrap().lines;
    let line =
        |l: &sandbox::trendyol::Line| format!(r#"{{"lineId":{},"quantity":{}}}"#, l.id, l.quantity);
    lines.iter().map(line).collect::<Vec<_>>().join(",")
}

fn body(lines: &str, params: &str, status: &str) -> String {
    format!(r#"{{"lines":[{lines}],"params":{{{params}}},"status":"{status}"}}"#)
}

#[tokio::test]
async fn a_package_is_picked_then_invoiced_and_nothing_else() {
    let store = start(|_| {}).await;
    let id = store
        .sell_parcels(&[&[(FIRST, 2), (SECOND, 1)]])
        .unwrap()
        .packages[0];
    let all = lines(&store, id);
    let number = r#""invoiceNumber":"EME2018000025208""#;
    for (body, want, then) in [
        (body(&all, number, "Invoiced"), 409, Status::Created),
        (body("", "", "Picking"), 400, Status::Created),
        (
            body(all.split_once("},").unwrap().1, "", "Picking"),
            400,
            Status::Created,
        ),
        (
            body(&all.replace(":2}", ":1}"), "", "Picking"),
            400,
            Status::Created,
        ),
        (body(&all, "", "Shipped"), 400, Status::Created),
        ("{}".into(), 400, Status::Created),
        (body(&all, "", "Picking"), 200, Status::Picking),
        (body(&all, "", "Picking"), 409, Status::Picking),
        (body(&all, "", "Invoiced"), 400, Status::Picking),
        (body(&all, number, "Invoiced"), 200, Status::Invoiced),
        (body(&all, "", "Picking"), 409, Status::Invoiced),
    ] {
        let seen = report(&store, id, &body).await;
        assert_eq!(seen.status(), want, "{body}: {}", seen.text());
        assert_eq!(store.package(id).unwrap().status, then, "{body}");
    }
    let shown = order_api(&store, "v2/orders?status=Invoiced").await;
    assert_eq!(shown["content"][0]["invoiceNumber"], "EME2018000025208");
    let histories = shown["content"][0]["packageHistories"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(histories, 3);
}

#[tokio::test]
async fn an_unknown_package_is_no_404() {
    let store = start(|_| {}).await;
    let seen = report(
        &store,
        12,
        &body(r#"{"lineId":1,"quantity":1}"#, "", "Picking"),
    )
    .await;
    assert_eq!(seen.status(), 401);
    assert_eq!(
        wire::json(&seen)["exception"],
        "TrendyolAuthorizationException"
    );
}

#[tokio::test]
async fn a_cancelled_package_cannot_be_picked() {
    let store = start(|_| {}).await;
    let id = store.sell(FIRST, 1).unwrap().packages[0];
    store.cancel(id).unwrap();
    let body = body(&lines(&store, id), "", "Picking");
    let seen = report(&store, id, &body).await;
    assert_eq!(
        (seen.status(), wire::json(&seen)["error"].as_str()),
        (409, Some("conflict"))
    );
}
