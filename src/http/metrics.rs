//! `/metrics`: what this process has counted, and how the whole stands, for Prometheus.
//!
//! What must stay true: a scrape ends within seconds whatever the database does, any number of
//! scrapers cost the database one look in a few seconds, and while it is away the figures of this
//! process are told all the same.

mod figures;
mod process;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
    routing::get,
};
use prometheus_client::registry::Registry;
use tokio::{sync::Mutex, time::timeout};

use self::figures::Whole;
use super::{
    AppState, World,
    problem::{Code, Problem},
};
use crate::{
    attention::assess,
    meter::{Exposition, Gauges},
    store::{PoolUse, StoreError},
};

/// How long a look at the database serves.
const FRESH: Duration = Duration::from_secs(5);
/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// The last look at the database, for everybody who asks.
#[derive(Debug, Default)]
pub(super) struct LastLook(Mutex<Option<Look>>);

#[derive(Clone, Debug)]
struct Look {
    at: Instant,
    /// `None` when the database did not tell.
    whole: Option<Arc<Whole>>,
}

impl LastLook {
    /// The last look, or a new one. Who comes while somebody looks gets what that one sees.
    async fn look(&self, world: &World) -> Look {
        let mut last = self.0.lock().await;
        if let Some(look) = last.as_ref().filter(|look| look.at.elapsed() < FRESH) {
            return look.clone();
        }
        let whole = match timeout(PATIENCE, whole(world)).await {
            Ok(Ok(whole)) => Some(Arc::new(whole)),
            Ok(Err(error)) => {
                let error = &error as &dyn std::error::Error;
                tracing::debug!(error, "the database tells no figures for the metrics");
                None
            }
            Err(_) => {
                tracing::debug!("the database is too slow for the metrics");
                None
            }
        };
        let look = Look {
            at: Instant::now(),
            whole,
        };
        *last = Some(look.clone());
        look
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
    process::register(&mut registry, state.clock().now(), state.meter().age());
    let ours = registry.sub_registry_with_prefix("orderwatch");
    figures::register_build(ours);
    let mut up = false;
    // While the daemon starts and stops there is no world to look at.
    if let Ok(world) = state.world() {
        let look = state.last_look().look(&world).await;
        up = look.whole.is_some();
        if let Some(whole) = look.whole {
            figures::register(ours, &whole);
        }
        register_pool(ours, world.store.pool_use());
    }
    ours.register(
        "database_up",
        "Whether the database told the figures of the whole (1), or they are missing here (0)",
        Gauges::one(f64::from(u8::from(up))),
    );
    match state.meter().text(&registry, form) {
        Ok(text) => Ok(([(header::CONTENT_TYPE, form.content_type())], text).into_response()),
        Err(_) => Err(Problem::new(
            Code::Internal,
            "the metrics cannot be written",
        )),
    }
}

fn register_pool(registry: &mut Registry, pool: PoolUse) {
    let by = |state, number: u32| (vec![("state", state)], f64::from(number));
    registry.register(
        "database_connections",
        "Connections to the database that are open, by what they do",
        Gauges(vec![
            by("idle", pool.idle),
            by("used", pool.open.saturating_sub(pool.idle)),
        ]),
    );
    registry.register(
        "database_connections_max",
        "Connections to the database that may be open",
        Gauges::one(f64::from(pool.most)),
    );
}
