//! Is it alive, and can it work? Both are answered to anybody, and say no more than that.
//!
//! `/livez` fails when a worker is stalled, which a restart may fix. `/readyz` fails while the
//! database is away or cannot be written to, which a restart would not fix.

use std::time::Duration;

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Serialize;

use super::AppState;
use crate::{
    store::{MigrateError, Store},
    telemetry::chain,
};

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug, Serialize)]
struct Health {
    /// `ok` or `failing`.
    status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failing: Vec<&'static str>,
}

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/livez", get(live))
        .route("/readyz", get(ready))
}

async fn live(State(state): State<AppState>) -> Response {
    let stuck = state.world().map(|world| world.pulses.stuck());
    // A daemon that waits for its database, or finishes what is in flight, is alive.
    answer(stuck.unwrap_or_default())
}

async fn ready(State(state): State<AppState>) -> Response {
    answer(failing(&state).await.err().into_iter().collect())
}

async fn failing(state: &AppState) -> Result<(), &'static str> {
    let world = state.world().map_err(|_| "start")?;

    // Too slow to work with is as good as away.
    let migrations = tokio::time::timeout(PATIENCE, missing_migrations(&world.store)).await;
    match migrations {
        Ok(Ok(0)) => Ok(()),
        Ok(Ok(_)) => Err("migrations"),
        Ok(Err(error)) => {
            tracing::debug!(error = chain(&error), "not ready");
            Err("database")
        }
        Err(_) => Err("database"),
    }
}

/// Of a database that can be written to: a standby would answer all questions, and take no order.
async fn missing_migrations(store: &Store) -> Result<usize, MigrateError> {
    store.must_be_writable().await?;
    store.missing_migrations().await
}

fn answer(failing: Vec<&'static str>) -> Response {
    let (code, status) = if failing.is_empty() {
        (StatusCode::OK, "ok")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "failing")
    };
    (code, Json(Health { status, failing })).into_response()
}
