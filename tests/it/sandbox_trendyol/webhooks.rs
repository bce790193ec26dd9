//! Webhooks: registered as the documents say, called until they answer or are given up.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use sandbox::trendyol::{Limits, Status, TrendyolStore};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{
    FIRST, SECOND, start,
    wire::{AGENT, JSON, call, json as read, send},
};

const HOOKS: &str = "/integration/webhook/sellers/107703/webhooks";

/// What a receiver got, and what it answers.
#[derive(Clone)]
struct Receiver {
    url: String,
    got: Arc<Mutex<Vec<(HeaderMap, Value)>>>,
    answers: Arc<Mutex<StatusCode>>,
}

impl Receiver {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            url: format!("http://{}/hook", listener.local_addr().unwrap()),
            got: Arc::default(),
            answers: Arc::new(Mutex::new(StatusCode::OK)),
        };
        let routes = Router::new().route("/hook", post(take));
        let routes = routes.with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        receiver
    }

    fn answer(&self, status: StatusCode) {
        *self.answers.lock().unwrap() = status;
    }

    fn got(&self) -> Vec<(HeaderMap, Value)> {
        self.got.lock().unwrap().clone()
    }
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let body = serde_json::from_slice(&body).unwrap();
    receiver.got.lock().unwrap().push((headers, body));
    *receiver.answers.lock().unwrap()
}

async fn register(store: &TrendyolStore, body: &Value) -> String {
    let seen = call(store, "POST", HOOKS, &body.to_string()).await;
    assert_eq!(seen.status(), 200, "{}", seen.text());
    read(&seen)["id"].as_str().unwrap().to_owned()
}

fn basic(url: &str) -> Value {
    json!({"url": url, "authenticationType": "BASIC_AUTHENTICATION", "username": "u",
        "password": "p", "subscribedStatuses": []})
}

async fn listed(store: &TrendyolStore) -> Value {
    read(&call(store, "GET", HOOKS, "").await)
}

#[tokio::test]
async fn webhooks_are_registered_listed_changed_and_removed() {
    let store = start(|plan| plan.limits = Limits::none()).await;
    let id = register(&store, &basic("https://shop.example/hook")).await;
    let hook = &listed(&store).await[0];
    for (field, want) in [
        ("id", json!(id)),
        ("status", json!("ACTIVE")),
        ("url", json!("https://shop.example/hook")),
        ("authenticationType", json!("BASIC_AUTHENTICATION")),
        ("username", json!("u")),
        ("password", Value::Null),
    ] {
        assert_eq!(hook[field], want, "{field}");
    }
    let one = format!("{HOOKS}/{id}");
    let key = json!({"url": "https://shop.example/2", "authenticationType": "API_KEY",
        "apiKey": "k", "subscribedStatuses": ["CREATED"]});
    for (method, path, body, field, want) in [
        (
            "PUT",
            format!("{one}/deactivate"),
            String::new(),
            "status",
            "PASSIVE",
        ),
        (
            "PUT",
            format!("{one}/activate"),
            String::new(),
            "status",
            "ACTIVE",
        ),
        (
            "PUT",
            one.clone(),
            key.to_string(),
            "authenticationType",
            "API_KEY",
        ),
    ] {
        assert_eq!(
            call(&store, method, &path, &body).await.status(),
            200,
            "{path}"
        );
        assert_eq!(listed(&store).await[0][field], want);
    }
    assert_eq!(call(&store, "DELETE", &one, "").await.status(), 200);
    assert_eq!(listed(&store).await, json!([]));
    assert_eq!(call(&store, "DELETE", &one, "").await.status(), 404);
    let refused = send(&store, "GET", HOOKS, &format!("{AGENT}{JSON}"), "").await;
    assert_eq!(refused.status(), 401);
}

#[tokio::test]
async fn a_registration_that_makes_no_sense_is_refused() {
    let store = start(|plan| plan.limits = Limits::none()).await;
    let without = |field: &str| {
        let mut body = basic("https://shop.example/hook");
        body.as_object_mut().unwrap().remove(field);
        body
    };
    for body in [
        basic("https://localhost/hook"),
        basic("https://my-trendyol.example/hook"),
        basic("shop.example"),
        without("password"),
        without("authenticationType"),
        json!({"url": "https://a.example", "authenticationType": "API_KEY"}),
        json!({"url": "https://a.example", "authenticationType": "API_KEY", "apiKey": "k",
            "subscribedStatuses": ["Created"]}),
    ] {
        let seen = call(&store, "POST", HOOKS, &body.to_string()).await;
        assert_eq!(seen.status(), 400, "{body}");
    }
    for n in 0..15 {
        register(&store, &basic(&format!("https://shop.example/{n}"))).await;
    }
    let more = basic("https://shop.example/15").to_string();
    assert_eq!(call(&store, "POST", HOOKS, &more).await.status(), 400);
}

#[tokio::test]
async fn a_change_is_told_with_its_package_and_the_registered_login() {
    let store = start(|plan| {
        plan.hook_delay = Duration::from_secs(5)..=Duration::from_secs(5);
    })
    .await;
    let (plain, keyed) = (Receiver::start().await, Receiver::start().await);
    register(&store, &basic(&plain.url)).await;
    let key = json!({"url": keyed.url, "authenticationType": "API_KEY", "apiKey": "k",
        "subscribedStatuses": ["CANCELLED"]});
    register(&store, &key).await;
    let order = store.sell(FIRST, 2).unwrap();
    assert_eq!(store.deliver_hooks().await, 0, "not yet");
    store.advance(Duration::from_secs(5));
    assert_eq!(store.deliver_hooks().await, 1);
    let (headers, page) = plain.got().remove(0);
    assert_eq!(headers["authorization"], "Basic dTpw");
    assert_eq!(
        (&page["totalElements"], &page["size"]),
        (&json!(1), &json!(1))
    );
    let package = &page["content"][0];
    assert_eq!(package["orderNumber"], order.number);
    assert_eq!(package["lines"][0]["barcode"], FIRST);
    assert!(keyed.got().is_empty());
    store.cancel(order.packages[0]).unwrap();
    store.advance(Duration::from_secs(5));
    assert_eq!(store.deliver_hooks().await, 2);
    let (headers, page) = keyed.got().remove(0);
    assert_eq!(headers["x-api-key"], "k");
    assert_eq!(page["content"][0]["status"], "Cancelled");
    let tries = store.ledger().hook_deliveries();
    assert!(
        tries
            .iter()
            .all(|t| t.answered == Some(200) && t.attempt == 1)
    );
}

#[tokio::test]
async fn what_fails_is_told_again_every_five_minutes_and_given_up_after_13_times() {
    let store = start(|_| {}).await;
    let receiver = Receiver::start().await;
    register(&store, &basic(&receiver.url)).await;
    receiver.answer(StatusCode::SERVICE_UNAVAILABLE);
    store.sell(FIRST, 1).unwrap();
    assert_eq!(store.deliver_hooks().await, 1);
    store.advance(Duration::from_secs(299));
    assert_eq!(store.deliver_hooks().await, 0);
    store.advance(Duration::from_secs(1));
    receiver.answer(StatusCode::NO_CONTENT);
    assert_eq!(store.deliver_hooks().await, 1);
    store.advance(Duration::from_mins(5));
    assert_eq!(store.deliver_hooks().await, 0, "it was taken");
    receiver.answer(StatusCode::UNAUTHORIZED);
    store.sell(SECOND, 1).unwrap();
    for _ in 0..13 {
        assert_eq!(listed(&store).await[0]["status"], "ACTIVE");
        assert_eq!(store.deliver_hooks().await, 1);
        store.advance(Duration::from_mins(5));
    }
    assert_eq!(store.deliver_hooks().await, 0);
    assert_eq!(listed(&store).await[0]["status"], "PASSIVE");
    store.sell(FIRST, 1).unwrap();
    assert_eq!(store.deliver_hooks().await, 0, "a passive one is not told");
}

#[tokio::test]
async fn with_a_clock_that_runs_webhooks_are_called_by_themselves() {
    let store = start(|plan| {
        plan.clock = sandbox::clock::running();
        plan.hooks_run = true;
    })
    .await;
    let receiver = Receiver::start().await;
    register(&store, &basic(&receiver.url)).await;
    let order = store.sell(FIRST, 1).unwrap();
    store
        .ledger()
        .wait_for(|ledger| !ledger.hook_deliveries().is_empty())
        .await;
    let delivery = store.ledger().hook_deliveries().remove(0);
    assert_eq!(
        (delivery.order_number, delivery.status, delivery.answered),
        (order.number, Status::Created, Some(200))
    );
    assert_eq!(receiver.got().len(), 1);
}
