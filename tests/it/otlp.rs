//! Traces as a collector receives them: what the daemon does is in there, what must stay secret is not.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use orderwatch::{
    order::Stage,
    store::Tick,
    telemetry::{Collector, Header, SPANS, Secrets, traces::Traces},
    worker::periodic::{JobError, Pass, run_tick},
};
use secrecy::SecretString;
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::net::TcpListener;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::support::{ACCOUNT, Rig, Shop};

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
}

async fn take(State(received): State<Received>, headers: HeaderMap, body: Bytes) {
    let mut received = received.0.lock().unwrap();
    received.0.extend_from_slice(&body);
    let shown = headers.get("authorization");
    let shown = shown.map(|token| token.to_str().unwrap().to_owned());
    received.1.extend(shown);
}

/// The way to a collector there.
fn traces(address: SocketAddr) -> Traces {
    let secrets = Secrets::default();
    secrets.register(&[SecretString::from(CANARY)]);
    let collector = Collector {
        endpoint: format!("http://{address}/v1/traces").parse().unwrap(),
        header: Some(Header {
            name: "authorization".parse().unwrap(),
            value: TOKEN.into(),
        }),
        sample_ratio: 1.0,
    };
    Traces::begin(&collector, secrets).unwrap()
}

/// Sends what is waiting. This runtime drives the connection, so another thread waits.
async fn end(traces: Traces) {
    tokio::task::spawn_blocking(|| traces.end()).await.unwrap();
}

/// A pass that does nothing.
struct Idle;

#[async_trait]
impl Pass for Idle {
    fn name(&self) -> &'static str {
        "balance"
    }

    async fn pass(&self) -> Result<Value, JobError> {
        Ok(json!({}))
    }
}

#[sqlx::test(migrations = false)]
async fn otlp_a_collector_hears_of_orders_calls_and_passes_and_of_no_secret(pool: PgPool) {
    let (received, address) = Received::listen().await;
    let traces = traces(address);
    let subscriber = tracing_subscriber::registry().with(traces.layer());
    let listening = tracing::subscriber::set_default(subscriber);
    let (shop, reseller) = Shop::open(pool).await;
    let order = shop.place(reseller.package("2")).await;
    let mut rig = Rig::new(&shop);
    rig.buy().await;
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    let pin = shop.pin(order).await.unwrap();
    let tick = Tick {
        job: Idle.name(),
        at: shop.now(),
    };
    let idle: Arc<dyn Pass> = Arc::new(Idle);
    run_tick(&shop.store, &*shop.clock, &idle, tick)
        .await
        .unwrap();
    // What none of our spans does.
    let url = "https://panel.example/servis/pin_ekle.php?kod=kanarya-kod&sifre=kanarya-sifre";
    let leak =
        tracing::info_span!(target: SPANS, "leak", url, sifre = "kanarya-alan", note = CANARY);
    leak.in_scope(|| tracing::info!("kanarya-olay"));
    drop(leak);
    drop(listening);
    end(traces).await;

    let text = received.text();
    for wanted in [
        "order.dispatch",
        "order.check",
        "panel.call",
        "results.record",
        "job.pass",
        "leak",
        "accepted",
        "completed",
        "purchase",
        "status",
        "catalogue",
        "done",
        &order.to_string(),
        &reseller.id.to_string(),
    ] {
        assert!(text.contains(wanted), "{wanted} is missing in {text}");
    }
    let panel = reseller.panel.base_url();
    for secret in [ACCOUNT.0, ACCOUNT.1, &pin, &panel, TOKEN, "kanarya"] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
    let shown = received.0.lock().unwrap().1.clone();
    assert!(!shown.is_empty() && shown.iter().all(|token| token == TOKEN));
}

#[sqlx::test(migrations = false)]
async fn otlp_a_collector_that_is_away_costs_no_order(pool: PgPool) {
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let traces = traces(address);
    let subscriber = tracing_subscriber::registry().with(traces.layer());
    let listening = tracing::subscriber::set_default(subscriber);
    let (shop, reseller) = Shop::open(pool).await;
    let order = shop.place(reseller.package("2")).await;
    let mut rig = Rig::new(&shop);
    rig.buy().await;
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    drop(listening);
    end(traces).await;
}
