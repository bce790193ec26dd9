//! The four endpoints, and the ways in which panels write differently.

use sandbox::{
    barakat::{CodeKey, Endpoint, Product, Said, SoldWord, Style, WaitingWord},
    http::Framing,
};
use serde_json::json;

use super::{
    TOKEN, ask, asking, buy, buying, start,
    wire::{call, get, json},
};

#[tokio::test]
async fn shows_balance_and_price_list() {
    let panel = start(|_| {}).await;
    let profile = get(&panel, "/client/api/profile").await;
    assert_eq!(
        profile.text(),
        r#"{"balance":"1000000.00","email":"shop@example.com"}"#
    );
    let kind = profile.header("Content-Type").unwrap();
    assert_eq!(kind, "application/json; charset=utf-8");

    let list = json(&get(&panel, "/client/api/products").await);
    assert_eq!(list.as_array().unwrap().len(), 5);
    assert_eq!(
        list[1],
        json!({
            "id": "502", "name": "Legends 86 Diamonds", "price": "10.12",
            "category_name": "Legends", "available": true, "params": ["uid", "server"],
            "product_type": "package", "qty_values": null,
        })
    );
    assert_eq!(list[3]["qty_values"], json!({"min": 1, "max": 5}));
    assert_eq!(list[4]["params"], json!([]));
}

#[tokio::test]
async fn a_token_that_nobody_has_is_an_error_at_every_endpoint() {
    for (unauthorized, status) in [(false, 200), (true, 401)] {
        let panel = start(|plan| plan.style.unauthorized = unauthorized).await;
        for target in [
            "/client/api/profile",
            "/client/api/products",
            &buying("u-1"),
            &asking("u-1"),
        ] {
            for token in ["", "another-token"] {
                let seen = call(&panel, "GET", target, token).await;
                assert_eq!(seen.status(), status, "{target}");
                assert_eq!(
                    seen.text(),
                    r#"{"status":"ERROR","message":"Invalid token"}"#
                );
            }
        }

        let requests = panel.ledger().requests();
        assert!(requests.iter().all(|r| r.said == Some(Said::NoAccount)));
        assert!(requests.iter().all(|r| r.account.is_empty()));
        assert_eq!(panel.ledger().sale_count(), 0);
    }
}

#[tokio::test]
async fn a_token_in_the_address_is_none() {
    let panel = start(|_| {}).await;
    let target = format!("/client/api/profile?api-token={TOKEN}");
    let seen = call(&panel, "GET", &target, "").await;
    assert!(seen.text().contains("Invalid token"), "{}", seen.text());
}

#[tokio::test]
async fn refuses_what_makes_no_sense_and_sells_nothing() {
    let closed = Product::new("506", "Closed", &[], 1.into()).unavailable();
    let panel = start(|plan| plan.products.push(closed)).await;
    for (target, want) in [
        ("999/params?qty=1&order_uuid=u", "Product not found"),
        ("506/params?qty=1&order_uuid=u", "Product unavailable"),
        (
            "502/params?qty=1&uid=5&order_uuid=u",
            "missing param: server",
        ),
        ("501/params?qty=2&uid=5&order_uuid=u", "Invalid quantity"),
        ("504/params?qty=6&uid=5&order_uuid=u", "Invalid quantity"),
    ] {
        let seen = get(&panel, &format!("/client/api/newOrder/{target}")).await;
        assert_eq!(json(&seen), json!({"status": "ERROR", "message": want}));
    }

    assert!(panel.set_balance(TOKEN, 34.into()));
    let poor = buy(&panel, "u").await;
    assert_eq!(poor["message"], "Insufficient balance");
    assert_eq!(panel.ledger().sale_count(), 0);
    assert_eq!(panel.ledger().purchases_without_sale().len(), 6);
    assert!(!panel.set_balance("another-token", 1.into()));
}

#[tokio::test]
async fn a_question_in_another_shape_is_refused() {
    let panel = start(|_| {}).await;
    buy(&panel, "u-1").await;
    for query in ["", "?orders=67890", "?uuid=1"] {
        let seen = get(&panel, &format!("/client/api/check{query}")).await;
        assert_eq!(json(&seen)["message"], "Invalid orders", "{query}");
    }
    assert_eq!(panel.ledger().sale("u-1").unwrap().asked, 0);
}

#[tokio::test]
async fn a_wrong_address_shows_a_page_and_counts_as_a_stray() {
    let panel = start(|plan| plan.path_prefix = "/shop".into()).await;
    assert!(panel.base_url().ends_with("/shop"));
    let stray = get(&panel, "/client/api/profile").await;
    assert_eq!(stray.status(), 404);
    assert!(stray.text().starts_with("<!DOCTYPE html>"));

    let target = format!("/shop{}", buying("u-1"));
    let posted = call(&panel, "POST", &target, TOKEN).await;
    assert_eq!(posted.status(), 405);
    assert_eq!(panel.ledger().strays(), 2);
    assert_eq!(panel.ledger().count(Endpoint::Purchase), 0);

    assert_eq!(json(&get(&panel, &target).await)["status"], "OK");
    assert_eq!(panel.ledger().count(Endpoint::Purchase), 1);
}

#[tokio::test]
async fn an_instant_panel_delivers_with_the_purchase() {
    let panel = start(|plan| plan.style.sold = SoldWord::Instant).await;
    let sold = buy(&panel, "u-1").await;
    assert_eq!(sold["data"]["status"], "success");
    assert_eq!(sold["data"]["pin"], panel.pin_of(TOKEN, "u-1"));
    let record = &panel.ledger().requests()[0];
    assert!(record.sold() && record.said == Some(Said::Delivered));
}

#[tokio::test]
async fn a_panel_can_say_accepted_and_give_the_code_under_another_key() {
    let style = Style {
        sold: SoldWord::Accept,
        waiting: WaitingWord::Accepted,
        code_key: CodeKey::Voucher,
        names_uuid: true,
        unknown_is_error: true,
        framing: Framing::Chunked,
        ..Style::default()
    };
    let panel = start(|plan| {
        plan.style = style;
        plan.readiness.waits = 1;
    })
    .await;

    let chunked = get(&panel, &buying("u-1")).await;
    assert_eq!(chunked.header("Transfer-Encoding").unwrap(), "chunked");
    assert!(chunked.text().contains(r#""status":"accept""#));
    for want in [r#""status":"accepted""#, r#""voucher":"#] {
        let seen = get(&panel, &asking("u-1")).await;
        assert!(seen.text().contains(want), "{}", seen.text());
        assert!(seen.text().contains(r#""order_uuid":"u-1""#));
    }
    let unknown = get(&panel, &asking("u-2")).await;
    assert!(unknown.text().contains("Order not found"));
}

#[tokio::test]
async fn a_rejection_at_once_is_paid_back_at_once() {
    let panel = start(|plan| {
        let product = plan.products.remove(0);
        plan.products.insert(0, product.rejected());
    })
    .await;
    let sold = buy(&panel, "u-1").await;
    assert_eq!(
        (&sold["status"], &sold["data"]["status"]),
        (&json!("OK"), &json!("reject"))
    );
    assert_eq!(ask(&panel, "u-1").await["data"][0]["status"], "reject");
    assert_eq!(panel.ledger().balance(TOKEN), Some(1_000_000.into()));
    assert_eq!(panel.ledger().charged(TOKEN), 35.into());
}
