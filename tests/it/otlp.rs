//! Traces as a collector receives them from the running program: what it does is in there, what must
//! stay secret is not.
//!
//! The program is a process of its own here: which spans are listened to is decided once for a whole
//! process, and other tests of this one listen to none.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use orderwatch::telemetry::{Collector, SPANS, Secrets, traces::Traces};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tracing_subscriber::layer::SubscriberExt as _;

use super::process::{
    settings::Settings,
    until,
    world::{KOD, PIN, SIFRE, World},
};

const TOKEN: &str = "Bearer kanarya-otlp-42";
const CANARY: &str = "kanarya-kayitli-77";

/// What came in: the bodies, and the tokens that were shown.
#[derive(Clone, Default)]
struct Received(Arc<Mutex<(Vec<u8>, Vec<String>)>>);

impl Received {
    /// A collector that takes everything, and where it is.
    async fn listen() -> (Self, SocketAddr) {
        let received = Self::default();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = Router::new().route("/v1/traces", post(take));
        let routes = routes.with_state(received.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        (received, address)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap().0).into_owned()
    }

    /// Waits until all of these came in.
    async fn wait_for(&self, wanted: &[&str]) {
        for wanted in wanted {
            until(wanted, || async {
                self.text().contains(wanted).then_some(())
            })
            .await;
        }
    }

    /// None of these came in, and nothing came without the token.
    fn assert_without(&self, secrets: &[&str]) {
        let text = self.text();
        for secret in secrets {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
        let shown = self.0.lock().unwrap().1.clone();
        assert!(!shown.is_empty() && shown.iter().all(|token| token == TOKEN));
    }
}

async fn take(State(received): State<Received>, headers: HeaderMap, body: Bytes) {
    let mut received = received.0.lock().unwrap();
    received.0.extend_from_slice(&body);
    let shown = headers.get("authorization");
    let shown = shown.map(|token| token.to_str().unwrap().to_owned());
    received.1.extend(shown);
}

fn tracing_to(world: &World, address: SocketAddr) -> Settings {
    world
        .settings()
        .text("otlp.endpoint", &format!("http://{address}"))
        .text("otlp.header", &format!("Authorization: {TOKEN}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn otlp_a_collector_hears_of_orders_calls_and_passes_and_of_no_secret() {
    let (received, address) = Received::listen().await;
    let world = World::new().await;
    let process = world.start(&tracing_to(&world, address)).await;
    let order = world.shop.order(PIN, "player-traced").await;
    let rows = world.shop.settled().await;
    let pin = rows[0].pin_code.clone().unwrap();
    received
        .wait_for(&[
            "order.dispatch",
            "order.check",
            "panel.call",
            "results.record",
            "job.pass",
            "accepted",
            "completed",
            "purchase",
            "status",
            "catalogue",
            "done",
            &order.to_string(),
            &world.shop.integration.to_string(),
        ])
        .await;
    process.stop().await;
    let panel = world.panel.base_url();
    received.assert_without(&[KOD, SIFRE, &pin, &panel, TOKEN, "kanarya"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn otlp_the_variables_of_the_library_change_nothing() {
    let (received, address) = Received::listen().await;
    let world = World::new().await;
    let mut program = world.program(&tracing_to(&world, address), &["run"]);
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:1"),
        (
            "OTEL_EXPORTER_OTLP_HEADERS",
            "authorization=stray,x-stray=stray",
        ),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "authorization=stray"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "1"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "1"),
        ("OTEL_BSP_SCHEDULE_DELAY", "86400000"),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "0"),
        ("OTEL_TRACES_SAMPLER", "always_off"),
        ("OTEL_SDK_DISABLED", "true"),
        ("OTEL_SERVICE_NAME", "stray-name"),
        ("OTEL_RESOURCE_ATTRIBUTES", "stray-key=stray-value"),
    ] {
        program = program.env(name, value);
    }
    let process = program.spawn();
    process.wait_for_line("orderwatch is running").await;
    let order = world.shop.order(PIN, "player-traced").await;
    received
        .wait_for(&["order.dispatch", &order.to_string()])
        .await;
    process.stop().await;
    received.assert_without(&["stray"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn otlp_spans_that_find_the_queue_full_are_counted() {
    const SPANS_OF_MANY: u64 = 6000;
    let (received, address) = Received::listen().await;
    let traces = Traces::begin(&collector(address), Secrets::default()).unwrap();
    let subscriber = tracing_subscriber::registry().with(traces.layer());
    // Meanwhile the collector takes nothing.
    let shut = received.0.lock().unwrap();
    tracing::subscriber::with_default(subscriber, || {
        for _ in 0..SPANS_OF_MANY {
            tracing::info_span!(target: SPANS, "one-of-many").in_scope(|| {});
        }
    });
    drop(shut);
    until("each span to come or to be counted", || async {
        let came = received.text().matches("one-of-many").count();
        let told = u64::try_from(came).unwrap() + traces.lost();
        (told == SPANS_OF_MANY).then_some(())
    })
    .await;
    assert!(traces.lost() > 0, "there was room for all");
    tokio::task::spawn_blocking(|| traces.end()).await.unwrap();
}

fn collector(address: SocketAddr) -> Collector {
    Collector {
        endpoint: format!("http://{address}/v1/traces").parse().unwrap(),
        header: Some(orderwatch::telemetry::Header {
            name: "authorization".parse().unwrap(),
            value: TOKEN.into(),
        }),
        sample_ratio: 1.0,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn otlp_a_collector_that_is_away_costs_no_order() {
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let world = World::new().await;
    let process = world.start(&tracing_to(&world, address)).await;
    world.shop.order(PIN, "player-untraced").await;
    let rows = world.shop.settled().await;
    assert!(rows[0].pin_code.is_some(), "{rows:?}");
    process.wait_for_line("traces cannot be exported").await;
    let ended = process.stop().await;
    assert!(!ended.stderr.contains(TOKEN), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn otlp_a_secret_in_a_span_is_masked_wherever_it_stands() {
    let (received, address) = Received::listen().await;
    let secrets = Secrets::default();
    secrets.register(&[SecretString::from(CANARY)]);
    let traces = Traces::begin(&collector(address), secrets).unwrap();
    let subscriber = tracing_subscriber::registry().with(traces.layer());
    tracing::subscriber::with_default(subscriber, || {
        // What none of our spans does.
        let url = "https://panel.example/servis/pin_ekle.php?kod=kanarya-kod&sifre=kanarya-sifre";
        let leak =
            tracing::info_span!(target: SPANS, "leak", url, sifre = "kanarya-alan", note = CANARY);
        leak.in_scope(|| tracing::info!("kanarya-olay"));
    });
    received.wait_for(&["leak"]).await;
    received.assert_without(&["kanarya", TOKEN]);
    tokio::task::spawn_blocking(|| traces.end()).await.unwrap();
}
