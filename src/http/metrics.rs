//! `/metrics`: what this process has counted, and the state of the whole, for Prometheus.
//!
//! What must stay true: a scrape ends within seconds whatever the database does, any number of
//! scrapers cost the database one read in a few seconds, and while it is away the figures of this
//! process are there all the same.

mod figures;
mod process;

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
    routing::get,
};
use prometheus_client::{
    metrics::{
        family::Family,
        gauge::{ConstGauge, Gauge},
    },
    registry::Registry,
};
use tokio::{sync::Mutex, time::timeout};

use super::{
    AppState, World,
    problem::{Code, Problem},
};
use crate::{
    attention::{Warning, assess},
    metrics::{Exposition, METRICS, label::Labels},
    overview::Situation,
    store::{PoolUse, StoreError},
    telemetry::chain,
};

type Gauges<const N: usize> = Family<Labels<N>, Gauge<f64, AtomicU64>>;

/// How long a read of the database serves.
const FRESH: Duration = Duration::from_secs(5);
/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// The last read of the database, for everybody who asks.
#[derive(Debug, Default)]
pub(super) struct LastRead(Mutex<Option<Read>>);

#[derive(Clone, Debug)]
struct Read {
    at: Instant,
    /// `None` when the database did not answer.
    whole: Option<Arc<Whole>>,
}

/// The state of the whole, and what needs attention.
#[derive(Debug)]
struct Whole {
    situation: Situation,
    warnings: Vec<Warning>,
}

impl LastRead {
    /// The last one while it is fresh, or a new one.
    async fn get(&self, world: &World) -> Option<Arc<Whole>> {
        // Held while reading: whoever comes meanwhile shares the one read.
        let mut last = self.0.lock().await;
        if let Some(read) = last.as_ref().filter(|read| read.at.elapsed() < FRESH) {
            return read.whole.clone();
        }

        let whole = match timeout(PATIENCE, whole(world)).await {
            Ok(Ok(whole)) => Some(Arc::new(whole)),
            Ok(Err(error)) => {
                let error = chain(&error);
                tracing::debug!(error, "no figures for the metrics from the database");
                None
            }
            Err(_) => {
                tracing::debug!("the database is too slow for the metrics");
                None
            }
        };

        // A failure is kept, too: a database in trouble is not asked by every scraper.
        *last = Some(Read {
            at: Instant::now(),
            whole: whole.clone(),
        });
        whole
    }
}

async fn whole(world: &World) -> Result<Whole, StoreError> {
    let now = world.clock.now();
    let situation = world.situation().await?;
    let warnings = assess(&situation, &world.limits, now);
    Ok(Whole {
        situation,
        warnings,
    })
}

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/metrics", get(metrics))
}

async fn metrics(State(state): State<AppState>, headers: HeaderMap) -> Result<Response, Problem> {
    let accept = headers.get(header::ACCEPT);
    let form = Exposition::accepted(accept.and_then(|value| value.to_str().ok()));

    let mut registry = Registry::default();
    process::register(&mut registry, state.clock().now(), METRICS.age());
    let ours = registry.sub_registry_with_prefix("orderwatch");
    figures::register_build(ours);

    // While the daemon starts and stops there is no world to read.
    let mut is_up = false;
    if let Ok(world) = state.world() {
        let whole = state.last_read().get(&world).await;
        is_up = whole.is_some();
        if let Some(whole) = whole {
            figures::register(ours, &whole);
        }
        // Known without the database, and of most use when it is slow.
        register_pool(ours, world.store.pool_use());
    }

    // An alert needs a series that says so: it cannot be built on figures that are absent.
    gauge(
        ours,
        "database_up",
        "Whether the database gave the figures of the whole (1), or they are missing here (0)",
        f64::from(u8::from(is_up)),
    );

    match METRICS.text(&registry, form) {
        Ok(text) => Ok(([(header::CONTENT_TYPE, form.content_type())], text).into_response()),
        Err(_) => Err(Problem::new(
            Code::Internal,
            "the metrics cannot be written",
        )),
    }
}

fn register_pool(registry: &mut Registry, pool: PoolUse) {
    gauges(
        registry,
        "database_connections",
        "Connections to the database that are open, by what they do",
        [
            ([("state", "idle")], f64::from(pool.idle)),
            (
                [("state", "used")],
                f64::from(pool.open.saturating_sub(pool.idle)),
            ),
        ],
    );

    gauge(
        registry,
        "database_connections_max",
        "Connections to the database that may be open",
        f64::from(pool.most),
    );
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: f64) {
    registry.register(name, help, ConstGauge::new(value));
}

/// A gauge for each of these sets of labels.
fn gauges<const N: usize>(
    registry: &mut Registry,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = (Labels<N>, f64)>,
) {
    registry.register(name, help, family(values));
}

fn family<const N: usize>(values: impl IntoIterator<Item = (Labels<N>, f64)>) -> Gauges<N> {
    let family = Gauges::default();
    for (labels, value) in values {
        family.get_or_create(&labels).set(value);
    }
    family
}
