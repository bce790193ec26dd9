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
use tokio::{sync::Mutex, time::Instant};

use super::{AppState, World};
use crate::{
    store::{MigrateError, Store},
    telemetry::chain,
};

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long its answer serves: anybody may ask, and must not be able to load the database.
const FRESH: Duration = Duration::from_secs(1);

/// What is missing, if anything is.
type Ready = Result<(), &'static str>;

/// The last answer of the database, for all who ask.
#[derive(Debug, Default)]
pub(super) struct Readiness(Mutex<Option<(Instant, Ready)>>);

impl Readiness {
    async fn get(&self, ask: impl Future<Output = Ready>) -> Ready {
        // Held while asking: whoever comes meanwhile shares the one answer.
        let mut last = self.0.lock().await;
        if let Some((at, ready)) = *last
            && at.elapsed() < FRESH
        {
            return ready;
        }

        let ready = ask.await;
        *last = Some((Instant::now(), ready));
        ready
    }
}

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

async fn failing(state: &AppState) -> Ready {
    let world = state.world().map_err(|_| "start")?;
    state.readiness().get(database(&world)).await
}

/// Whether the database answers, and has what this version needs.
async fn database(world: &World) -> Ready {
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn many_who_ask_at_once_are_one_question_and_no_answer_is_kept_for_long() {
        let readiness = Readiness::default();
        let questions = AtomicUsize::new(0);
        let ask = |ready: Ready| {
            let questions = &questions;
            readiness.get(async move {
                questions.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(100)).await;
                ready
            })
        };

        let answers = futures::future::join_all((0..50).map(|_| ask(Ok(())))).await;
        assert!(answers.into_iter().all(|ready| ready.is_ok()));
        assert_eq!(questions.load(Ordering::Relaxed), 1);

        // Also a failure is known to all who ask for as long, and no longer.
        tokio::time::advance(FRESH).await;
        assert_eq!(ask(Err("database")).await, Err("database"));
        assert_eq!(ask(Ok(())).await, Err("database"));
        tokio::time::advance(FRESH).await;
        assert_eq!(ask(Ok(())).await, Ok(()));
    }
}
