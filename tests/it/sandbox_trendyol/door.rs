//! Who may come in, and how the store says no.

use sandbox::trendyol::Errors;
use serde_json::json;

use super::{
    start,
    wire::{self, AGENT, JSON, PASS, call, get, path, push_path, send},
};

fn orders() -> String {
    path("order", "v2/orders")
}

#[tokio::test]
async fn a_request_without_a_name_meets_the_page_of_the_edge() {
    let store = start(|_| {}).await;
    let seen = send(&store, "GET", &orders(), PASS, "").await;
    assert_eq!(seen.status(), 403);
    assert!(seen.text().contains("<html>"));
}

#[tokio::test]
async fn the_exact_name_is_asked_for_where_the_plan_says_so() {
    let store = start(|plan| plan.quirks.exact_user_agent = true).await;
    for (agent, want) in [
        ("107703 - SelfIntegration", 200),
        ("107703 - orderwatch", 200),
        ("reqwest/0.13", 403),
        ("107703 - ", 403),
        ("107703 - self integration", 403),
        ("107704 - SelfIntegration", 403),
    ] {
        let headers = format!("{PASS}User-Agent: {agent}\r\n");
        let seen = send(&store, "GET", &orders(), &headers, "").await;
        assert_eq!(seen.status(), want, "{agent}");
    }
}

#[tokio::test]
async fn wrong_keys_and_another_seller_are_told_apart() {
    let store = start(|_| {}).await;
    let bare = json!({"status": 401, "exception": "ClientApiAuthenticationException"});
    for headers in [
        AGENT,
        &format!("{AGENT}Authorization: Basic Zm9vOmJhcg==\r\n"),
    ] {
        let seen = send(&store, "GET", &orders(), headers, "").await;
        assert_eq!((seen.status(), wire::json(&seen)), (401, bare.clone()));
    }
    let seen = get(&store, "/integration/order/sellers/1/v2/orders").await;
    assert_eq!(seen.status(), 401);
    let said = wire::json(&seen);
    assert_eq!(said["exception"], "TrendyolAuthorizationException");
    assert_eq!(said["errors"][0]["key"], "authentication.error");
}

#[tokio::test]
async fn a_store_front_must_be_known_where_it_is_named() {
    let store = start(|_| {}).await;
    for (front, want) in [("TR", 200), ("1", 200), ("XX", 400)] {
        let headers = format!("{PASS}{AGENT}storeFrontCode: {front}\r\n");
        let target = path("product", "products/approved/inventory-and-price");
        let seen = send(&store, "GET", &target, &headers, "").await;
        assert_eq!(seen.status(), want, "{front}");
        if want == 400 {
            let error = &wire::json(&seen)["errors"][0];
            assert_eq!(error["key"], "invalid.storefrontcode");
            assert_eq!(error["errorCode"], "400");
        }
    }
}

#[tokio::test]
async fn paths_methods_and_types_that_are_not_served() {
    let store = start(|_| {}).await;
    let product_push = path("product", "products/price-and-inventory");
    for (method, target, want) in [
        ("GET", "/sapigw/suppliers/107703/orders".to_owned(), 404),
        ("POST", product_push, 404),
        ("GET", push_path(), 405),
        ("GET", path("order", "orders"), 426),
    ] {
        let seen = call(&store, method, &target, "").await;
        assert_eq!(seen.status(), want, "{method} {target}");
    }
    assert_eq!(store.ledger().strays(), 3);
    let headers = format!("{PASS}{AGENT}");
    let body = wire::report(&[(super::FIRST, 1)]);
    let seen = send(&store, "POST", &push_path(), &headers, &body).await;
    assert_eq!(seen.status(), 415);
    let headers = format!("{headers}{JSON}");
    let seen = send(&store, "POST", &push_path(), &headers, &body).await;
    assert_eq!(seen.status(), 200);
}

#[tokio::test]
async fn errors_come_in_the_planned_shape() {
    for (errors, want) in [
        (Errors::Documented, r#"{"error":"bad.request""#),
        (Errors::Classic, r#"{"timestamp":17"#),
        (Errors::Html, "<!DOCTYPE html>"),
        (Errors::Empty, ""),
    ] {
        let store = start(|plan| plan.quirks.errors = errors).await;
        let seen = get(&store, &path("order", "v2/orders?size=0")).await;
        assert_eq!(seen.status(), 400);
        let text = seen.text();
        assert!(text.starts_with(want), "{errors:?}: {text}");
        assert_eq!(text.is_empty(), errors == Errors::Empty);
    }
}
